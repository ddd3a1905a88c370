"""The same notebook in Notebook 7 and in Voilà, without a network."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Notebook, notebook_file
from tests.browser.test_livemap import PAINTED, SECONDS

pytestmark = pytest.mark.browser

CELLS = (
    "import datafast_nb as dfn\nsite = dfn.demo.Site(seed=0, visitors=300)\nsnap = site.snapshot()",
    "dfn.charts.scores(snap)",
    "dfn.charts.world(snap)",
    "live = dfn.LiveMap(site, interval=2)\nlive",
)


def file_in(notebook: Notebook, name: str, cells: tuple[str, ...] = CELLS) -> str:
    """Store cells as a notebook that the server knows, and give its name."""
    (notebook.lab.folder / name).write_text(json.dumps(notebook_file(cells)))
    return name


def shows_charts_and_map(page: Page) -> None:
    """Wait until all of it is drawn."""
    expect(page.locator("svg.marks")).to_have_count(2, timeout=60 * SECONDS)
    expect(page.locator("svg.marks").first).to_contain_text("are to buy")
    expect(page.locator(".df-live")).to_be_visible(timeout=30 * SECONDS)
    page.wait_for_function(f"({PAINTED})() > 1000", timeout=30 * SECONDS)


def test_notebook_7_shows_charts_and_map(notebook: Notebook) -> None:
    name = file_in(notebook, "in-notebook-7.ipynb")
    page = notebook.page
    page.goto(f"{notebook.lab.url}/notebooks/{name}?token={notebook.lab.token}")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")).to_be_visible(timeout=60 * SECONDS)
    prompt = page.locator(".jp-InputPrompt").first
    for _ in range(20):  # a click before the kernel is ready runs nothing
        page.get_by_role("menuitem", name="Run").click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_timeout(3 * SECONDS)
        if any(mark.isdigit() or mark == "*" for mark in prompt.inner_text()):
            break
    shows_charts_and_map(page)


def test_voila_shows_charts_and_map(notebook: Notebook) -> None:
    page, address = notebook.page, f"{notebook.lab.url}/voila/render/{{}}?token={notebook.lab.token}"
    page.goto(address.format(file_in(notebook, "bare.ipynb", ("1 + 1",))), timeout=90 * SECONDS)
    expect(page.get_by_text("2", exact=True)).to_be_visible(timeout=60 * SECONDS)
    its_own = set(notebook.foreign)  # Voilà's page asks a CDN for its icons and for MathJax, whatever it shows
    page.goto(address.format(file_in(notebook, "in-voila.ipynb")), timeout=90 * SECONDS)
    shows_charts_and_map(page)
    assert set(notebook.foreign) - its_own == set()
    notebook.foreign.clear()
