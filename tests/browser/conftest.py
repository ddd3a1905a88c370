"""What the browser tests share: a Chromium and a JupyterLab, which end with the last of them; a notebook per module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.chromium import FLAGS, required
from tests.browser.lab import Lab, Notebook, serve
from tests.browser.map_page import CELLS, PATIENT, RECORDER, SETUP, MapPage

expect.set_options(timeout=PATIENT)


@pytest.fixture(scope="package")
def launch() -> Iterator[Callable[[], Browser]]:
    """Return what starts a headless Chromium."""
    with sync_playwright() as playwright:
        path = required(playwright)
        yield lambda: playwright.chromium.launch(executable_path=path, args=FLAGS)


@pytest.fixture(scope="package")
def browser(launch: Callable[[], Browser]) -> Iterator[Browser]:
    """Return a headless Chromium."""
    chromium = launch()
    yield chromium
    chromium.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a running JupyterLab with settings and folders of its own."""
    with serve(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def notebook(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Open a notebook in a new browser window."""
    with Notebook.window(lab, browser) as window:
        yield window


@pytest.fixture(scope="module")
def window(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Open the notebook of a module.

    A page and a kernel keep what every map before left in their caches, so none serves more than one module.
    """
    with Notebook.window(lab, browser, width=1280) as notebook:
        notebook.page.add_init_script(RECORDER)
        notebook.open(*CELLS).python(SETUP)
        yield notebook


@pytest.fixture
def live(window: Notebook, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MapPage]:
    """Return the place where a test shows its map, as a person finds it; fail if the page's console tells an error."""
    window.page.mouse.move(0, 0)
    yield (shown := MapPage(window, tmp_path))
    shown.clear()
    errors = [*window.errors]
    window.errors.clear()
    if request.node.get_closest_marker("complains") is None:
        assert errors == [], "the page's console tells an error"
