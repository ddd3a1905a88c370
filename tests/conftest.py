"""Fixtures that the whole test suite shares: a Spark, a browser, and a JupyterLab for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.lab import Lab, Notebook


# The tests, their notebooks among them, ask the demo site, never the reader's own.
for _name in [name for name in os.environ if name.startswith("DATAFAST_") and not name.startswith("DATAFAST_NB_")]:
    del os.environ[_name]


# The same examples in each run, however slow the machine.
settings.register_profile("datafast_nb", deadline=None, derandomize=True)
settings.load_profile("datafast_nb")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Give a Spark session on this machine."""
    from tests.spark import local

    with local() as session:
        yield session


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[[], Browser]]:
    """Give what starts a headless Chromium; where there is none, get one."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import FLAGS, find_or_get

    with sync_playwright() as playwright:
        path = find_or_get(playwright)
        yield lambda: playwright.chromium.launch(executable_path=path, args=FLAGS)


@pytest.fixture(scope="session")
def browser(launch: Callable[[], Browser]) -> Iterator[Browser]:
    """Give a headless Chromium."""
    chromium = launch()
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Give a running JupyterLab with settings and folders of its own."""
    from tests.browser.lab import serve

    with serve(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def notebook(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Give a new notebook in a new browser window; fails if the page asks anyone but this machine for anything."""
    from tests.browser.lab import Notebook

    with Notebook.window(lab, browser) as window:
        yield window
    assert window.foreign == [], "the page asked the network for something"
