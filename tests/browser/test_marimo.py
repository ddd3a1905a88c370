"""The live map and the charts in marimo, which has no views of ipyleaflet and draws charts itself."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.lab import ROOT
from tests.livemap.maps import until

pytestmark = pytest.mark.browser

PLACES: Final = re.compile(r"Map of visitors: \d+ in \d+ places")
DARK: Final = re.compile(r"\bdf-dark\b")
PATIENT: Final = 60_000  # milliseconds
APP: Final = """
import marimo

app = marimo.App()


@app.cell
def _():
    import datafast_nb as dfn
    import marimo as mo

    live = dfn.LiveMap(dfn.demo.Site(seed=0, visitors=200), height=420)
    chosen, choose = mo.state(None)
    live.on_selection(choose)
    return chosen, dfn, live, mo


@app.cell
def _(live):
    live
    return


@app.cell
def _(chosen, mo):
    mo.md("nobody yet" if chosen() is None else "chosen: " + ", ".join(chosen()["country_code"].unique()))
    return


@app.cell
def _(dfn):
    dfn.charts.scores(dfn.demo.Site(seed=0).snapshot())
    return
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a running app."""
    folder = tmp_path_factory.mktemp("marimo")
    (folder / "app.py").write_text(APP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "--quiet", "--yes", "run", "app.py", "--headless", "--no-token"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
    server = subprocess.Popen([*command, "--port", str(port)], cwd=folder, env=environment)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/health"))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def answers(address: str) -> bool:
    """Return whether a server answers."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture
def page(address: str, browser: Browser) -> Iterator[Page]:
    """Return the app on a page; fail if an error is raised there."""
    page = browser.new_page(viewport={"width": 1280, "height": 1200}, color_scheme="light")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    expect(page.locator(".df-canvas")).to_be_attached(timeout=PATIENT)
    yield page
    page.close()
    assert errors == []


def test_a_map_is_live_and_what_is_chosen_there_reaches_other_cells(page: Page) -> None:
    expect(page.locator(".df-status")).to_contain_text("Live", timeout=PATIENT)
    expect(page.locator(".df-canvas")).to_have_attribute("aria-label", PLACES, timeout=PATIENT)
    assert page.locator(".leaflet-container").evaluate("(map) => map.clientHeight") == 420
    expect(page.locator("img.df-flag").first).to_be_visible(timeout=PATIENT)
    page.get_by_role("button", name="Filters").click()
    page.locator(".df-conditions").get_by_label("Country").select_option("DE", timeout=PATIENT)
    expect(page.get_by_text("chosen: DE", exact=True)).to_be_visible(timeout=PATIENT)
    page.get_by_role("listbox", name="Visitors").get_by_role("option").first.click()
    expect(page.locator(".df-panel")).to_contain_text(", Germany", timeout=PATIENT)


def test_a_plain_chart_is_drawn_by_the_page_and_no_picture(page: Page) -> None:
    chart = page.locator(".vega-embed").first
    expect(chart).to_be_visible(timeout=PATIENT)
    expect(chart.locator("canvas, svg.marks").first).to_be_visible(timeout=PATIENT)


def test_the_map_has_the_theme_of_the_page(page: Page) -> None:
    root = page.locator(".datafast-map")
    expect(root).not_to_have_class(DARK)
    page.evaluate("document.body.dataset.theme = 'dark'")
    expect(root).to_have_class(DARK, timeout=PATIENT)
