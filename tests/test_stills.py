"""What the output of a map, an explorer and a chart's widget holds for readers that show no widgets."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Final

import nbformat
import pytest
from ipywidgets import Widget
from nbconvert import HTMLExporter

import datafast_nb as dfn
from datafast_nb.errors import ConnectionFailedError
from tests.charts.sites import crowd
from tests.livemap.maps import displayed, made
from tests.livemap.sources import people

VIEW: Final = "application/vnd.jupyter.widget-view+json"


def converted(*bundles: tuple[dict[str, Any], dict[str, Any]]) -> str:
    """Return nbconvert's page of a notebook with these outputs, and without the widgets' state."""
    outputs = []
    for bundle, metadata in bundles:
        content = {kind: b64encode(data).decode() if isinstance(data, bytes) else data for kind, data in bundle.items()}
        outputs.append(nbformat.v4.new_output("display_data", data=content, metadata=metadata))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
    return str(HTMLExporter(template_name="basic").from_notebook_node(notebook)[0])


@pytest.fixture
def widgets() -> Iterator[dict[str, Any]]:
    """Return one of each kind, of the same visitors."""
    snap = crowd(30)
    made = {
        "explorer": dfn.Explorer(snap, by="device"),
        "chart": dfn.charts.ChartView(dfn.charts.scores(snap)),
        "chart in a theme": dfn.charts.ChartView(dfn.charts.scores(snap), theme="dark"),
        "chart as wide as its place": dfn.charts.ChartView(dfn.charts.scores(snap).properties(width="container")),
    }
    yield made
    Widget.close_all()


PICTURED: Final = {
    "explorer": "Predicted rate of 27 prospects by device",
    "chart": "How likely 27 prospects are to buy",
    "chart in a theme": "How likely 27 prospects are to buy",
    "chart as wide as its place": "How likely 27 prospects are to buy",
}


@pytest.mark.parametrize("name", PICTURED)
def test_a_widget_s_output_holds_its_picture_and_its_title(widgets: dict[str, Any], name: str) -> None:
    content, metadata = widgets[name]._repr_mimebundle_()
    assert content[VIEW]["model_id"] == widgets[name].model_id
    assert content["text/plain"].startswith(PICTURED[name])
    width, height = struct.unpack_from(">II", content["image/png"], 16)
    size = metadata["image/png"]
    assert (width, height) == pytest.approx((1.5 * size["width"], 1.5 * size["height"]), abs=2)
    assert size["width"] > 400


def test_a_picture_has_the_colors_of_the_theme(widgets: dict[str, Any]) -> None:
    light, dark = (widgets[name]._repr_mimebundle_()[0]["image/png"] for name in ("chart", "chart in a theme"))
    assert light != dark


def test_a_page_of_nbconvert_shows_the_pictures_where_the_file_has_no_widgets(widgets: dict[str, Any]) -> None:
    page = converted(*(widgets[name]._repr_mimebundle_() for name in PICTURED))
    assert page.count("data:image/png;base64,") == len(PICTURED)
    assert "object at 0x" not in page


def test_a_page_of_nbconvert_says_what_a_map_is_and_of_when() -> None:
    silent = made(ConnectionFailedError("No route."))
    assert "Live map of Scripted\n" in converted(silent._repr_mimebundle_())
    live = displayed(made(people(3), time_zone="Europe/Berlin"))
    page = converted(live._repr_mimebundle_())
    assert "Live map of Scripted: 3 visitors at 13:00:00 Europe/Berlin\n" in page
    assert "run the cell" in page
    silent.close()
    live.close()
