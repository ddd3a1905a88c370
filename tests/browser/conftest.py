"""What the browser tests of the live map share: one notebook, and a map in it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import Lab, Notebook
from tests.browser.map_page import CELLS, RECORDER, SETUP, MapPage


@pytest.fixture(scope="session")
def window(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Give a notebook that tests share; fails if the page asks anyone but this machine for anything."""
    with Notebook.window(lab, browser, width=1280) as notebook:
        notebook.page.add_init_script(RECORDER)
        notebook.open(*CELLS).python(SETUP)
        yield notebook
    assert notebook.foreign == [], "the page asked the network for something"


@pytest.fixture
def live(window: Notebook, tmp_path: Path) -> Iterator[MapPage]:
    """Give the place where a test shows its map, as a person finds it."""
    window.page.mouse.move(0, 0)
    yield (shown := MapPage(window, tmp_path))
    shown.clear()
