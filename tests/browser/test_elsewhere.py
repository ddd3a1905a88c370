"""The same notebooks in Notebook 7 and in Voilà, without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import ROOT, Notebook, notebook_file
from tests.browser.map_page import RECORDER, SECONDS

pytestmark = pytest.mark.browser

CELLS = (
    "import datafast_nb as dfn\nsite = dfn.demo.Site(seed=0, visitors=300)\nsnap = site.snapshot()",
    "dfn.charts.scores(snap)",
    "dfn.charts.world(snap)",
    "live = dfn.LiveMap(site, every=2)\nlive",
)
DASHBOARD = Path(ROOT, "notebooks", "dashboard.ipynb")


def file_in(notebook: Notebook, name: str, cells: tuple[str, ...] = CELLS) -> str:
    """Store cells as a notebook that the server knows, and give its name."""
    (notebook.lab.folder / name).write_text(json.dumps(notebook_file(cells)))
    return name


def shows_the_map(page: Page) -> None:
    """Wait until map and panel are there, and live."""
    expect(page.locator(".df-status")).to_have_attribute("data-state", "live", timeout=60 * SECONDS)
    page.wait_for_function("window.drawn.frames.at(-1)?.discs.length > 20", timeout=30 * SECONDS, polling=200)
    expect(page.get_by_role("listbox", name="Visitors").get_by_role("option").first).to_be_visible()
    expect(page.locator(".df-panel")).to_have_css("position", "relative")


def works(page: Page) -> None:
    """Open a visitor's card, and filter."""
    page.get_by_role("listbox", name="Visitors").get_by_role("option").first.click()
    expect(page.locator(".df-card")).to_contain_text("Likelihood to buy")
    page.get_by_role("button", name="Back to the lists").click()
    page.get_by_role("button", name="Filters").click()
    page.locator(".df-conditions").get_by_role("combobox", name="Device").select_option("mobile")
    expect(page.get_by_role("button", name="Remove filter Device: mobile")).to_be_visible()


@contextmanager
def beside_its_own(notebook: Notebook) -> Iterator[None]:
    """Forget, at the end, the requests and the errors that the page had before, without a widget."""
    requests, errors = set(notebook.foreign), set(notebook.errors)
    yield
    notebook.foreign[:] = set(notebook.foreign) - requests
    notebook.errors[:] = set(notebook.errors) - errors


def open_in_notebook_7(notebook: Notebook, name: str) -> None:
    """Open a file, and wait until its kernel is there."""
    notebook.page.goto(f"{notebook.lab.url}/notebooks/{name}?token={notebook.lab.token}")
    idle = notebook.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")
    expect(idle).to_be_visible(timeout=60 * SECONDS)


def test_notebook_7_shows_charts_and_map(notebook: Notebook) -> None:
    page = notebook.page
    page.add_init_script(RECORDER)
    open_in_notebook_7(notebook, file_in(notebook, "bare-in-notebook-7.ipynb", ("1 + 1",)))
    with beside_its_own(notebook):
        open_in_notebook_7(notebook, file_in(notebook, "in-notebook-7.ipynb"))
        run_all(page)
        expect(page.locator("svg.marks")).to_have_count(2, timeout=60 * SECONDS)
        expect(page.locator("svg.marks").first).to_contain_text("are to buy")
        shows_the_map(page)
        works(page)


def run_all(page: Page) -> None:
    """Run all cells in Notebook 7."""
    prompt = page.locator(".jp-InputPrompt").first
    for _ in range(20):  # a click before the kernel is ready runs nothing
        page.get_by_role("menuitem", name="Run").click()
        page.get_by_text("Run All Cells", exact=True).click()
        with suppress(AssertionError):
            expect(prompt).to_have_text(re.compile(r"[\d*]"), timeout=3 * SECONDS)
            break


def test_the_dashboard_works_in_voila_and_its_charts_follow_the_map(notebook: Notebook) -> None:
    page, address = notebook.page, f"{notebook.lab.url}/voila/render/{{}}?token={notebook.lab.token}"
    page.add_init_script(RECORDER)
    page.goto(address.format(file_in(notebook, "bare.ipynb", ("1 + 1",))), timeout=90 * SECONDS)
    expect(page.get_by_text("2", exact=True)).to_be_visible(timeout=60 * SECONDS)
    (notebook.lab.folder / "dashboard.ipynb").write_text(DASHBOARD.read_text())
    # Voilà's page asks a CDN for its icons and for MathJax, and its extensions fail, whatever it shows.
    with beside_its_own(notebook):
        page.goto(address.format("dashboard.ipynb"), timeout=90 * SECONDS)
        shows_the_map(page)
        expect(page.locator("svg.marks")).to_have_count(2, timeout=60 * SECONDS)
        drawn = page.locator("svg.marks").first.text_content() or ""
        works(page)
        expect(page.locator("svg.marks").first).not_to_have_text(drawn, timeout=30 * SECONDS)
