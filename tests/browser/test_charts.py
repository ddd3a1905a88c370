"""The charts in JupyterLab, as a person in a browser sees them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import datafast_nb as dfn
from datafast_nb.charts.renderer import render
from tests.browser.lab import Lab, Notebook
from tests.charts.sites import CHARTS, crowd

pytestmark = pytest.mark.browser

SAVED = ["scores", "two dimensions", "world by lift", "heatmap", "value", "drivers", "funnels", "compare", "timeline"]

SITE = """
import datafast_nb as dfn
import polars as pl
snap = dfn.demo.Site(seed=0, visitors=300).snapshot()
""".strip()
HOSTILE = """
dirty = snap.visitors.with_columns(utm_source=pl.lit("<img src=x onerror='window.hacked = true'>"))
dfn.charts.breakdown(dirty, "channel", "visitors")
""".strip()


DARK = 'with dfn.charts.use_theme("dark"):\n    display(dfn.charts.scores(snap))'
CELLS = {
    "scores": "dfn.charts.scores(snap)",
    "timeline": "dfn.charts.timeline(snap)",
    "world": "dfn.charts.world(snap)",
    "hostile": HOSTILE,
    "dark": DARK,
    "narrow": "dfn.charts.scores(snap).properties(width=300)",
}


@pytest.fixture(scope="module")
def window(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Return a notebook whose charts these tests share, in a window that shows all of them."""
    with Notebook.window(lab, browser, height=3_200) as notebook:
        notebook.open(SITE, *CELLS.values())
        for cell in range(1 + len(CELLS)):
            notebook.run(cell)
        yield notebook


@pytest.fixture
def drawn(window: Notebook) -> dict[str, Locator]:
    """Return the charts of the shared notebook, with the pointer on none of them."""
    window.page.mouse.move(0, 0)
    return {name: window.output(cell).locator("svg.marks") for cell, name in enumerate(CELLS, start=1)}


@pytest.mark.parametrize(
    ("name", "title"), [("scores", "are to buy"), ("timeline", "payments within"), ("world", "visitors on the map")]
)
def test_charts_are_drawn_without_a_network(window: Notebook, drawn: dict[str, Locator], name: str, title: str) -> None:
    expect(drawn[name]).to_be_visible()
    expect(drawn[name]).to_contain_text(title)
    assert window.foreign == []


def test_text_from_the_site_shows_as_text_in_labels_and_tooltips(window: Notebook, drawn: dict[str, Locator]) -> None:
    expect(drawn["hostile"]).to_contain_text("<img src=x")
    drawn["hostile"].locator(".mark-rect path").first.hover()
    tooltip = window.page.locator(".vg-tooltip.visible")
    expect(tooltip).to_contain_text("<img src=x")
    assert tooltip.locator("img").count() == 0
    assert window.page.evaluate("window.hacked") is None


def test_a_notebook_from_somebody_else_shows_its_charts_without_a_kernel(notebook: Notebook) -> None:
    bundle, metadata = render(dfn.charts.scores(dfn.demo.Site(seed=0, visitors=300).snapshot()).to_dict())
    bundle["image/png"] = b64encode(bundle["image/png"]).decode()
    output = {"output_type": "display_data", "data": bundle, "metadata": metadata}
    cell = {"cell_type": "code", "id": "a", "source": "", "metadata": {}, "execution_count": 1, "outputs": [output]}
    foreign = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (notebook.lab.folder / "foreign.ipynb").write_text(json.dumps(foreign))
    notebook.page.goto(f"{notebook.lab.url}/doc/tree/foreign.ipynb?token={notebook.lab.token}")
    drawn = notebook.page.locator(".jp-OutputArea-output svg.marks")
    expect(drawn).to_contain_text("are to buy", timeout=30_000)  # as JupyterLab has a notebook to open first
    assert notebook.foreign == []


def test_a_notebook_that_is_opened_again_shows_its_charts_also_after_a_restart(notebook: Notebook) -> None:
    notebook.open(SITE, "dfn.charts.scores(snap)").run(0).run(1)
    expect(notebook.output(1).locator("svg.marks")).to_be_visible()
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save').then(() => null)")
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => null)"
    )
    expect(notebook.output(1).locator("svg.marks")).to_be_visible()
    notebook.page.reload()
    drawn = notebook.page.locator(".jp-OutputArea-output svg.marks")
    expect(drawn).to_contain_text("are to buy", timeout=30_000)  # as JupyterLab has a notebook to open first


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page that fails the test if it asks for anything, or if Vega warns of anything."""
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1400, "height": 1300})
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else complaints.append(request.url))
    yield page
    page.close()
    assert complaints == []


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_page_draws_by_itself_without_a_warning(name: str, page: Page, tmp_path: Path) -> None:
    page.goto(dfn.charts.save(CHARTS[name](crowd(300)), tmp_path / "chart.html").as_uri())
    expect(page.locator("svg.marks")).to_be_visible()


def brush(page: Page, since: int, until: int) -> tuple[float, float]:
    """Drag over a span of a dashboard's timeline, in its pixels; return the middle of the span."""
    area = page.locator("svg.marks .background").nth(1).bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + since, area["y"] + 150)
    page.mouse.down()
    page.mouse.move(area["x"] + until, area["y"] + 150, steps=5)
    page.mouse.up()
    return area["x"] + (since + until) / 2, area["y"] + 150


def test_a_brush_over_the_timeline_leaves_those_who_were_there_then(page: Page, tmp_path: Path) -> None:
    snap = dfn.demo.Site(seed=0, visitors=300).snapshot()
    page.goto(dfn.charts.save(dfn.charts.dashboard(snap, by=["device"]), tmp_path / "dashboard.html").as_uri())
    sizes = page.locator("svg.marks text", has_text=re.compile(r"^n = [\d,]+$"))
    everybody = int(sizes.first.text_content().removeprefix("n = "))  # type: ignore[union-attr]
    middle = brush(page, 200, 300)
    expect(sizes.first).not_to_have_text(f"n = {everybody}")
    assert int(sizes.first.text_content().removeprefix("n = ")) < everybody  # type: ignore[union-attr]
    page.mouse.dblclick(*middle)
    expect(sizes.first).to_have_text(f"n = {everybody}")


def test_a_brush_that_leaves_too_few_to_tell_has_vega_warn_of_nothing(page: Page, tmp_path: Path) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    snap = dfn.Snapshot.from_json(dfn.demo.Site(seed=0, visitors=8).body(now), fetched_at=now)
    page.goto(dfn.charts.save(dfn.charts.dashboard(snap, by=["device"]), tmp_path / "dashboard.html").as_uri())
    brush(page, 20, 300)
    sizes = page.locator("svg.marks text", has_text=re.compile(r"^n = [1-4]$"))
    expect(sizes.first).to_be_visible()  # the page's complaints are read at the end


def test_a_chart_follows_jupyterlab_s_theme_when_it_changes_and_a_chosen_one_stays(
    window: Notebook, drawn: dict[str, Locator]
) -> None:
    ink = "chart => getComputedStyle(chart.querySelector('.role-title-text text')).fill"
    follows, chosen = drawn["scores"], drawn["dark"]
    expect(follows).to_be_visible()
    expect(chosen).to_be_visible()
    in_light, own = follows.evaluate(ink), chosen.evaluate(ink)
    try:
        window.theme("JupyterLab Dark")
        page = window.page.evaluate("getComputedStyle(document.body).color")
        assert follows.evaluate(ink) == page != in_light
        assert chosen.evaluate(ink) == own
        background = follows.locator(".background").first
        assert background.evaluate("it => getComputedStyle(it).fill") in ("none", "rgba(0, 0, 0, 0)", "transparent")
    finally:
        window.theme("JupyterLab Light")


def test_a_chart_follows_the_width_of_its_cell(window: Notebook, drawn: dict[str, Locator]) -> None:
    follows, own, cell = drawn["scores"], drawn["narrow"], window.output(1)
    expect(follows).to_be_visible()
    expect(own).to_be_visible()
    fixed, output = own.get_attribute("width"), cell.locator(".jp-OutputArea-output")
    for width in (900, 640, 360):
        cell.evaluate("(cell, width) => { cell.style.maxWidth = `${width}px`; }", width)  # as where a sidebar opens
        place = cell.locator(".chart-wrapper").evaluate("it => it.clientWidth")
        assert place < width
        expect(follows).to_have_attribute("width", str(max(340, place)))
        assert output.evaluate("it => it.scrollWidth > it.clientWidth") is (width == 360)
    assert own.get_attribute("width") == fixed
    cell.evaluate("cell => { cell.style.maxWidth = ''; }")


def test_a_chart_widget_follows_the_width_of_its_place(notebook: Notebook) -> None:
    notebook.open(SITE, "dfn.charts.ChartView(dfn.charts.dashboard(snap), theme='auto')").run(0).run(1)
    cell, drawn = notebook.output(1), notebook.output(1).locator("svg.marks")
    expect(drawn).to_be_visible(timeout=30_000)
    for width in (900, 640):
        cell.evaluate("(cell, width) => { cell.style.maxWidth = `${width}px`; }", width)
        place = cell.locator(".chart-wrapper").evaluate("it => it.clientWidth")
        assert place < width
        expect(drawn).to_have_attribute("width", str(max(340, place)))


def test_chart_widgets_side_by_side_share_the_width_of_their_row(notebook: Notebook) -> None:
    beside = (
        "ipywidgets.HBox([dfn.charts.ChartView(chart(snap)) for chart in (dfn.charts.scores, dfn.charts.timeline)])"
    )
    notebook.open(f"import ipywidgets\n{SITE}", beside).run(0).run(1)
    cell = notebook.output(1)
    expect(cell.locator("svg.marks")).to_have_count(2, timeout=30_000)
    for width in (1100, 800):
        cell.evaluate("(cell, width) => { cell.style.maxWidth = `${width}px`; }", width)
        row = cell.locator(".widget-hbox").evaluate("it => it.clientWidth")
        for drawn in cell.locator("svg.marks").all():
            place = drawn.locator("xpath=ancestor::*[contains(@class, 'chart-wrapper')]").evaluate(
                "it => it.clientWidth"
            )
            assert 0.4 * row < place < 0.51 * row
            expect(drawn).to_have_attribute("width", str(max(340, place)))


def test_tooltips_use_the_font_of_the_charts(window: Notebook, drawn: dict[str, Locator]) -> None:
    chart = drawn["scores"]
    chart.locator(".mark-rect path").first.hover()
    tooltip = window.page.locator(".vg-tooltip.visible")
    font = "it => getComputedStyle(it).fontFamily.replaceAll('\"', \"'\")"
    assert tooltip.evaluate(font) == chart.locator(".mark-text text").first.get_attribute("font-family")
