"""The same map, explorer and charts in JupyterLab, Notebook 7, Voilà and marimo, without a network."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lab import ROOT, Lab, Notebook, notebook_file
from tests.browser.map_page import RECORDER, SECONDS
from tests.livemap.maps import until

pytestmark = pytest.mark.browser

PATIENT: Final = 60 * SECONDS
OPENING: Final = 180 * SECONDS  # until a page, its server and its kernel are there
SETUP: Final = """
import datafast_nb as dfn
site = dfn.demo.Site(seed=0, visitors=300)
live = dfn.LiveMap(site, every=2, height=420)
explorer = dfn.Explorer(live, by="country_code", measure="visitors")
""".strip()
SHOWN: Final = ("live", "explorer", "dfn.charts.scores(dfn.demo.Site(seed=0).snapshot())")
VIEW: Final = 'dfn.charts.ChartView(dfn.charts.breakdown(dfn.demo.Site(seed=0).snapshot(), "device"), theme="auto")'
CELLS: Final = (SETUP, *SHOWN, VIEW)
DARK: Final = re.compile(r"\bdf-dark\b")
DASHBOARD: Final = Path(ROOT, "notebooks", "dashboard.ipynb")

# What is chosen on the map is a value that other cells read, and run again with.
REACTIVE: Final = (
    "import marimo as mo\nchosen, choose = mo.state(live.selection)\nlive.on_selection(choose)",
    'mo.md("Chosen: " + ", ".join(sorted(chosen()["country_code"].unique().drop_nulls())))',
)


@dataclass
class Place:
    """A notebook that is open somewhere, and how its page becomes "Dark" or "Light"."""

    name: str
    page: Page
    turn: Callable[[str], object]
    errors: list[str] = field(default_factory=list)

    @property
    def map(self) -> Locator:
        return self.page.locator(".datafast-map")

    @property
    def explorer(self) -> Locator:
        return self.page.locator(".datafast-explorer")


@pytest.fixture(scope="module", params=["JupyterLab", "Notebook 7", "Voilà", "marimo"])
def place(
    request: pytest.FixtureRequest, lab: Lab, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Open the cells somewhere, and run them."""
    with ExitStack() as stack:
        if request.param == "marimo":
            yield stack.enter_context(in_marimo(browser, tmp_path_factory.mktemp("marimo")))
            return
        notebook = stack.enter_context(Notebook.window(lab, browser, width=1280, height=1200))
        notebook.page.add_init_script(RECORDER)
        OPEN[request.param](notebook)
        yield Place(request.param, notebook.page, themer(notebook), notebook.errors)


def file_in(notebook: Notebook, name: str, cells: tuple[str, ...]) -> str:
    """Store cells as a notebook that the server knows, and give its name."""
    (notebook.lab.folder / name).write_text(json.dumps(notebook_file(cells)))
    return name


@contextmanager
def beside_its_own(notebook: Notebook) -> Iterator[None]:
    """Forget, at the end, the requests and the errors that the page had before, without a widget."""
    requests, errors = set(notebook.foreign), set(notebook.errors)
    yield
    notebook.foreign[:] = set(notebook.foreign) - requests
    notebook.errors[:] = set(notebook.errors) - errors


def open_in_jupyterlab(notebook: Notebook) -> None:
    """Run the cells in JupyterLab."""
    notebook.open(*CELLS)
    for index in range(len(CELLS)):
        notebook.run(index)


def open_in_notebook_7(notebook: Notebook) -> None:
    """Run the cells in Notebook 7, whose page tells errors of its own."""

    def visit(name: str) -> None:
        notebook.page.goto(f"{notebook.lab.url}/notebooks/{name}?token={notebook.lab.token}")
        idle = notebook.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")
        expect(idle).to_be_visible(timeout=PATIENT)

    visit(file_in(notebook, "bare-in-notebook-7.ipynb", ("1 + 1",)))
    with beside_its_own(notebook):
        visit(file_in(notebook, "in-notebook-7.ipynb", CELLS))
        prompt = notebook.page.locator(".jp-InputPrompt").first
        accept = notebook.page.locator(".jp-Dialog .jp-mod-accept")  # of the dialog that asks which kernel to start
        notebook.page.add_locator_handler(accept, Locator.click)
        for _ in range(20):  # a click before the kernel is ready runs nothing
            notebook.page.get_by_role("menuitem", name="Run").click()
            notebook.page.get_by_text("Run All Cells", exact=True).click()
            with suppress(AssertionError):
                expect(prompt).to_have_text(re.compile(r"[\d*]"), timeout=3 * SECONDS)
                break
        expect(notebook.page.locator(".df-canvas")).to_be_attached(timeout=OPENING)


def open_in_voila(notebook: Notebook, content: str = json.dumps(notebook_file(CELLS))) -> None:
    """Open a notebook in Voilà, whose page asks a CDN for its icons and for MathJax, whatever it shows."""
    page, address = notebook.page, f"{notebook.lab.url}/voila/render/{{}}?token={notebook.lab.token}"
    page.goto(address.format(file_in(notebook, "bare.ipynb", ("1 + 1",))), timeout=OPENING)
    expect(page.get_by_text("2", exact=True)).to_be_visible(timeout=PATIENT)
    with beside_its_own(notebook):
        (notebook.lab.folder / "in-voila.ipynb").write_text(content)
        page.goto(address.format("in-voila.ipynb"), timeout=OPENING)
        expect(page.locator(".df-canvas")).to_be_attached(timeout=OPENING)


OPEN: Final = {"JupyterLab": open_in_jupyterlab, "Notebook 7": open_in_notebook_7, "Voilà": open_in_voila}


def themer(notebook: Notebook) -> Callable[[str], object]:
    """Return what makes a page "Dark" or "Light": JupyterLab's command; elsewhere, what that command writes."""
    mark = "(theme) => { document.body.dataset.jpThemeLight = String(theme === 'Light') }"
    if "/doc/tree/" in notebook.page.url:
        return lambda theme: notebook.theme(f"JupyterLab {theme}")  # type: ignore[arg-type]
    return lambda theme: notebook.page.evaluate(mark, theme)


@contextmanager
def in_marimo(browser: Browser, folder: Path) -> Iterator[Place]:
    """Run the cells as an app of marimo, with two that follow what is chosen on the map."""
    cells = [f"    {cell.replace(chr(10), chr(10) + '    ')}" for cell in (*CELLS, *REACTIVE)]
    source = "\n\n\n".join(f"@app.cell\ndef _():\n{cell}\n    return" for cell in cells)
    (folder / "app.py").write_text(f"import marimo\n\napp = marimo.App()\n\n\n{source}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "--quiet", "--yes", "run", "app.py", "--headless", "--no-token"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
    server = subprocess.Popen([*command, "--port", str(port)], cwd=folder, env=environment)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/health"))
        page = browser.new_page(viewport={"width": 1280, "height": 1200}, color_scheme="light")
        theme = "(theme) => { document.body.dataset.theme = theme.toLowerCase() }"
        place = Place("marimo", page, lambda name: page.evaluate(theme, name))
        page.on("pageerror", lambda error: place.errors.append(str(error)))
        page.add_init_script(RECORDER)
        page.goto(f"http://127.0.0.1:{port}")
        expect(page.locator(".df-canvas")).to_be_attached(timeout=OPENING)
        yield place
        page.close()
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


def test_a_map_is_live_and_a_filter_narrows_it_and_the_explorer(place: Place) -> None:
    expect(place.map.locator(".df-status")).to_have_attribute("data-state", "live", timeout=PATIENT)
    place.page.wait_for_function("window.drawn.frames.at(-1)?.discs.length > 20", timeout=PATIENT, polling=200)
    assert place.map.locator(".leaflet-container").evaluate("(map) => map.clientHeight") == 420
    expect(place.map.locator("img.df-flag").first).to_be_visible(timeout=PATIENT)
    place.map.get_by_role("button", name="Filters").click()
    place.map.locator(".df-conditions").get_by_role("combobox", name="Country").select_option("DE", timeout=PATIENT)
    for part in (place.map, place.explorer):
        expect(part.get_by_role("button", name="Remove filter Country: Germany")).to_be_visible(timeout=PATIENT)
    place.map.get_by_role("listbox", name="Visitors").get_by_role("option").first.click()
    expect(place.map.locator(".df-card")).to_contain_text("Likelihood to buy", timeout=PATIENT)
    expect(place.map.locator(".df-panel")).to_contain_text(", Germany")
    if place.name == "marimo":
        expect(place.page.get_by_text("Chosen: DE", exact=True)).to_be_visible(timeout=PATIENT)


def test_the_explorer_answers_another_question_and_a_click_on_its_chart(place: Place) -> None:
    chart = place.explorer.locator(".df-chart svg.marks")
    place.explorer.get_by_role("combobox", name="Break down by").select_option("device")
    expect(place.explorer.get_by_role("heading")).to_contain_text("by device", timeout=PATIENT)
    expect(chart).to_contain_text("mobile", timeout=PATIENT)
    bar = chart.locator('.mark-rect path[aria-label*="group: mobile;"]').first
    bar.click()
    chip = place.map.get_by_role("button", name="Remove filter Device: mobile")
    expect(chip).to_be_visible(timeout=PATIENT)
    chip.click()
    expect(chip).to_be_hidden(timeout=PATIENT)


def test_a_chart_and_its_view_are_drawn_by_the_page(place: Place) -> None:
    plain = place.page.locator(".vega-embed:not(.datafast-chart *, .df-chart *) :is(canvas, svg.marks)")
    expect(plain.first).to_be_visible(timeout=PATIENT)
    view = place.page.locator(".datafast-chart:not(.df-chart) svg.marks")
    expect(view).to_contain_text("mobile", timeout=PATIENT)


def test_map_and_explorer_have_the_theme_of_the_page(place: Place) -> None:
    for part in (place.map, place.explorer):
        expect(part).not_to_have_class(DARK, timeout=PATIENT)
    place.turn("Dark")
    for part in (place.map, place.explorer):
        expect(part).to_have_class(DARK, timeout=PATIENT)
    place.turn("Light")
    for part in (place.map, place.explorer):
        expect(part).not_to_have_class(DARK, timeout=PATIENT)
    assert place.errors == [], "the page's console tells an error"


def test_the_dashboard_works_in_voila_and_its_charts_follow_the_map(notebook: Notebook) -> None:
    page = notebook.page
    open_in_voila(notebook, DASHBOARD.read_text())
    with beside_its_own(notebook):
        expect(page.locator("svg.marks")).to_have_count(2, timeout=PATIENT)
        expect(page.locator(".df-status").first).to_have_attribute("data-state", "live", timeout=PATIENT)
        drawn = page.locator("svg.marks").first.text_content() or ""
        page.get_by_role("button", name="Filters").first.click()
        page.locator(".df-conditions").get_by_role("combobox", name="Device").first.select_option("mobile")
        expect(page.locator("svg.marks").first).not_to_have_text(drawn, timeout=PATIENT)
