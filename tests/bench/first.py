"""How long a person waits for what the first cell of a fresh kernel shows, beside an empty map of ipyleaflet."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import polars as pl
from playwright.sync_api import sync_playwright

from tests.browser.chromium import FLAGS, required
from tests.browser.lab import Notebook, serve
from tests.browser.map_page import RECORDER

_SITE: Final = "import datafast_nb as dfn\nsite = dfn.demo.Site(seed=0, visitors=500)\n"
_SVG: Final = "document.querySelector('.jp-OutputArea-output svg.marks') !== null"


class First(NamedTuple):
    """A cell, and a test in the page whether what it shows is on the screen."""

    cell: str
    shown: str


CELLS: Final = {
    "a live map of 500 visitors, to its circles": First(
        f"{_SITE}dfn.LiveMap(site)", "(window.drawn?.frames.at(-1)?.discs.length ?? 0) > 0"
    ),
    "an empty map of ipyleaflet": First(
        "import ipyleaflet\nipyleaflet.Map(layers=[])", "document.querySelector('.leaflet-container') !== null"
    ),
    "a chart of 500 visitors": First(f"{_SITE}dfn.charts.breakdown(site.snapshot(), 'channel')", _SVG),
}


def first_table(rounds: int = 3) -> pl.DataFrame:
    """Return one row per cell: the seconds from its start in a fresh kernel to what it shows, the best of some."""
    with ExitStack() as stack:
        lab = stack.enter_context(serve(Path(stack.enter_context(TemporaryDirectory()))))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=required(playwright), args=FLAGS)
        stack.callback(browser.close)
        best = dict.fromkeys(CELLS, float("inf"))
        for _ in range(rounds):
            for name, first in CELLS.items():
                with Notebook.window(lab, browser) as notebook:
                    best[name] = min(best[name], _seconds(notebook, first))
    return pl.DataFrame([{"the first cell": name, "seconds": round(it, 2)} for name, it in best.items()])


def _seconds(notebook: Notebook, first: First) -> float:
    """Return how long a cell takes until what it shows is there."""
    notebook.page.add_init_script(RECORDER)
    notebook.open(first.cell).python("1")  # the kernel answers
    begun = time.perf_counter()
    notebook.run(0, wait=False)
    notebook.page.wait_for_function(first.shown, polling=20)
    return time.perf_counter() - begun
