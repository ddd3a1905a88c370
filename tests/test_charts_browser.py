"""The charts in JupyterLab, as a person in a browser sees them."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from playwright.sync_api import expect

import datafast_nb as dfn
from datafast_nb.charts.renderer import render
from tests.browser.lab import Notebook

pytestmark = pytest.mark.browser

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


def test_a_notebook_from_somebody_else_shows_the_chart_s_picture(notebook: Notebook) -> None:
    bundle, metadata = render(dfn.charts.scores(dfn.demo.Site(seed=0, visitors=300).snapshot()).to_dict())
    bundle["image/png"] = b64encode(bundle["image/png"]).decode()
    output = {"output_type": "display_data", "data": bundle, "metadata": metadata}
    cell = {"cell_type": "code", "id": "a", "source": "", "metadata": {}, "execution_count": 1, "outputs": [output]}
    foreign = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (notebook.lab.folder / "foreign.ipynb").write_text(json.dumps(foreign))
    notebook.page.goto(f"{notebook.lab.url}/doc/tree/foreign.ipynb?token={notebook.lab.token}")
    picture = notebook.page.locator(".jp-OutputArea-output img")
    expect(picture).to_be_visible()
    shown = picture.bounding_box()
    assert shown is not None
    assert shown["width"] == metadata["image/png"]["width"]
