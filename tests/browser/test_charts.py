"""The charts in JupyterLab, as a person in a browser sees them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import datafast_nb as dfn
from datafast_nb.charts.renderer import render
from tests.browser.lab import Notebook
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


def test_charts_are_drawn_without_a_network(notebook: Notebook) -> None:
    cells = ("dfn.charts.scores(snap)", "dfn.charts.timeline(snap)", "dfn.charts.world(snap)")
    notebook.open(SITE, *cells).run(0)
    for cell, title in enumerate(("are to buy", "payments within", "visitors on the map"), start=1):
        drawn = notebook.run(cell).output(cell).locator("svg.marks")
        expect(drawn).to_be_visible()
        expect(drawn).to_contain_text(title)
    assert notebook.foreign == []


def test_text_from_the_site_shows_as_text_in_labels_and_tooltips(notebook: Notebook) -> None:
    notebook.open(SITE, HOSTILE).run(0).run(1)
    chart = notebook.output(1).locator("svg.marks")
    expect(chart).to_contain_text("<img src=x")
    chart.locator(".mark-rect path").first.hover()
    tooltip = notebook.page.locator(".vg-tooltip.visible")
    expect(tooltip).to_contain_text("<img src=x")
    assert tooltip.locator("img").count() == 0
    assert notebook.page.evaluate("window.hacked") is None


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


def test_a_brush_over_the_timeline_leaves_those_who_were_there_then(page: Page, tmp_path: Path) -> None:
    snap = dfn.demo.Site(seed=0, visitors=300).snapshot()
    page.goto(dfn.charts.save(dfn.charts.dashboard(snap, by=["device"]), tmp_path / "dashboard.html").as_uri())
    sizes = page.locator("svg.marks text", has_text=re.compile(r"^n = [\d,]+$"))
    everybody = int(sizes.first.text_content().removeprefix("n = "))  # type: ignore[union-attr]
    area = page.locator("svg.marks .background").nth(1).bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 200, area["y"] + 150)
    page.mouse.down()
    page.mouse.move(area["x"] + 300, area["y"] + 150, steps=5)
    page.mouse.up()
    expect(sizes.first).not_to_have_text(f"n = {everybody}")
    assert int(sizes.first.text_content().removeprefix("n = ")) < everybody  # type: ignore[union-attr]
    page.mouse.dblclick(area["x"] + 250, area["y"] + 150)
    expect(sizes.first).to_have_text(f"n = {everybody}")


def test_a_chart_follows_jupyterlab_s_theme_when_it_changes_and_a_chosen_one_stays(notebook: Notebook) -> None:
    dark = 'with dfn.charts.use_theme("dark"):\n    display(dfn.charts.scores(snap))'
    notebook.open(SITE, "dfn.charts.scores(snap)", dark).run(0).run(1).run(2)
    ink = "chart => getComputedStyle(chart.querySelector('.role-title-text text')).fill"
    follows, chosen = (notebook.output(cell).locator("svg.marks") for cell in (1, 2))
    expect(follows).to_be_visible()
    expect(chosen).to_be_visible()
    in_light, own = follows.evaluate(ink), chosen.evaluate(ink)
    try:
        notebook.theme("JupyterLab Dark")
        page = notebook.page.evaluate("getComputedStyle(document.body).color")
        assert follows.evaluate(ink) == page != in_light
        assert chosen.evaluate(ink) == own
        background = follows.locator(".background").first
        assert background.evaluate("it => getComputedStyle(it).fill") in ("none", "rgba(0, 0, 0, 0)", "transparent")
    finally:
        notebook.theme("JupyterLab Light")


def test_a_chart_follows_the_width_of_its_cell(notebook: Notebook) -> None:
    notebook.open(SITE, "dfn.charts.scores(snap)", "dfn.charts.scores(snap).properties(width=300)")
    notebook.run(0).run(1).run(2)
    cell = notebook.output(1)
    drawn, own = (notebook.output(index).locator("svg.marks") for index in (1, 2))
    expect(drawn).to_be_visible()
    expect(own).to_be_visible()
    fixed, output = own.get_attribute("width"), cell.locator(".jp-OutputArea-output")
    for width in (900, 640, 400):
        cell.evaluate("(cell, width) => { cell.style.maxWidth = `${width}px`; }", width)  # as where a sidebar opens
        place = cell.locator(".chart-wrapper").evaluate("it => it.clientWidth")
        assert place < width
        expect(drawn).to_have_attribute("width", str(max(480, place)))
        assert output.evaluate("it => it.scrollWidth > it.clientWidth") is (width == 400)
    assert own.get_attribute("width") == fixed


def test_tooltips_use_the_font_of_the_charts(notebook: Notebook) -> None:
    notebook.open(SITE, "dfn.charts.scores(snap)").run(0).run(1)
    chart = notebook.output(1).locator("svg.marks")
    chart.locator(".mark-rect path").first.hover()
    tooltip = notebook.page.locator(".vg-tooltip.visible")
    font = "it => getComputedStyle(it).fontFamily.replaceAll('\"', \"'\")"
    assert tooltip.evaluate(font) == chart.locator(".mark-text text").first.get_attribute("font-family")
