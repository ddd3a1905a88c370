"""What the output of a map, an explorer and a chart's widget holds for readers that show no widgets."""

from __future__ import annotations

import io
import re
import struct
import threading
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Final

import nbformat
import pytest
from ipywidgets import Widget
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ClearMetadataPreprocessor
from PIL import Image

import datafast_nb as dfn
from datafast_nb.charts import picture, renderer
from datafast_nb.errors import ConnectionFailedError
from datafast_nb.pictures import formats
from datafast_nb.pictures.formats import LARGEST
from tests.charts.sites import crowd
from tests.livemap.maps import made
from tests.livemap.sources import Scripted, people

VIEW: Final = "application/vnd.jupyter.widget-view+json"


def converted(*bundles: tuple[dict[str, Any], dict[str, Any]]) -> str:
    """Return nbconvert's page of a notebook with these outputs, without the widgets' state and the cells' metadata."""
    outputs = []
    for bundle, metadata in bundles:
        content = {kind: b64encode(data).decode() if isinstance(data, bytes) else data for kind, data in bundle.items()}
        outputs.append(nbformat.v4.new_output("display_data", data=content, metadata=metadata))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
    exporter = HTMLExporter(template_name="basic")
    exporter.register_preprocessor(ClearMetadataPreprocessor(), enabled=True)
    return str(exporter.from_notebook_node(notebook)[0])


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
    assert len(content["image/png"]) <= LARGEST
    width, height = struct.unpack_from(">II", content["image/png"], 16)
    size = metadata["image/png"]
    assert size["alt"].startswith(f"{PICTURED[name]}. ")
    assert size["alt"].endswith(".")
    assert (width, height) == pytest.approx((1.5 * size["width"], 1.5 * size["height"]), abs=2)
    assert size["width"] > 400


def test_an_explorer_s_words_name_its_first_groups_for_a_terminal(widgets: dict[str, Any]) -> None:
    content, _ = widgets["explorer"]._repr_mimebundle_()
    rates = widgets["explorer"].table["predicted_rate"]
    lines = content["text/plain"].splitlines()
    assert [line for line in lines if line.startswith("  ")] == [f"  (not known): {rate:.2%}" for rate in rates]
    assert lines[-1].startswith("It is drawn where a kernel runs")


def test_a_picture_that_would_be_too_large_has_fewer_colors_then_fewer_pixels_then_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chart = dfn.charts.scores(crowd(30))
    best, _ = picture.png(chart.to_dict(), {})
    monkeypatch.setattr(formats, "LARGEST", len(best) - 1)
    fewer_colors, _ = picture.png(chart.to_dict(), {})
    monkeypatch.setattr(formats, "LARGEST", len(fewer_colors) - 1)
    fewer_pixels, _ = picture.png(chart.to_dict(), {})
    widths = [struct.unpack_from(">I", found, 16)[0] for found in (best, fewer_colors, fewer_pixels)]
    assert widths[0] == widths[1] > widths[2]
    assert len(best) > len(fewer_colors) > len(fewer_pixels)
    monkeypatch.setattr(formats, "LARGEST", 100)
    with pytest.warns(dfn.errors.DrawingWarning, match="too large to be kept in a notebook"):
        content, metadata = renderer.still(chart.to_dict(), {})
    assert set(content) == {"text/plain"}
    assert metadata == {}


def test_a_picture_has_the_colors_of_the_theme(widgets: dict[str, Any]) -> None:
    light, dark = (widgets[name]._repr_mimebundle_()[0]["image/png"] for name in ("chart", "chart in a theme"))
    assert light != dark


def test_a_page_of_nbconvert_shows_the_pictures_where_the_file_has_no_widgets(widgets: dict[str, Any]) -> None:
    page = converted(*(widgets[name]._repr_mimebundle_() for name in PICTURED))
    assert page.count("data:image/png;base64,") == len(PICTURED)
    for name, title in PICTURED.items():
        assert page.count(f'alt="{title}. ') == [*PICTURED.values()].count(title), name
    assert "object at 0x" not in page


def test_a_map_s_output_holds_a_small_picture_of_its_first_answer_and_says_its_figures() -> None:
    live = made(people(300), time_zone="Europe/Berlin")
    content, metadata = live._repr_mimebundle_()
    assert content["text/plain"].startswith("Live map: 300 visitors at 13:00:00 Europe/Berlin\n")
    size = metadata["image/png"]
    assert struct.unpack_from(">II", content["image/png"], 16) == (
        1.5 * size["width"],
        pytest.approx(1.5 * size["height"], abs=1),
    )
    assert 20_000 < len(content["image/png"]) <= LARGEST
    assert "\nVisitors now: 300 · Customers: " in content["text/plain"]
    page = converted((content, metadata))
    assert 'alt="Live map. Visitors now: 300 · ' in page
    live.close()


def test_a_map_of_several_sites_is_called_by_their_names() -> None:
    live = dfn.LiveMap({"shop": Scripted([people(3)]), "blog": Scripted([people(2)])}, every=3600)
    assert live._repr_mimebundle_()[0]["text/plain"].startswith("Live map of shop and blog")
    live.close()


def test_the_picture_of_a_map_holds_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("datafast_nb.pictures.formats.png", lambda svg, _: drawn.append(svg) or png())
    jane = {"customer_name": "Jane Quartz", "customer_email": "jane@example.org", "utm_campaign": "for-Jane-Quartz"}
    live = made(people(3, **jane), color_by="channel")
    live.filter(utm_campaign="for-Jane-Quartz", text="jane")
    content, metadata = live._repr_mimebundle_()
    assert "Names are left out." in drawn[0]
    assert "3 of 3 visitors" in drawn[0]
    assert not re.search("jane|quartz", f"{drawn} {metadata} {content['text/plain']}", re.IGNORECASE)
    live.close()


def test_a_map_without_an_answer_is_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datafast_nb.livemap.live_map._PATIENCE", 0.01)
    answer = threading.Event()
    source = Late(answer)
    late, failed = dfn.LiveMap(source), made(ConnectionFailedError("No route."))
    for live in (late, failed):
        page = converted(live._repr_mimebundle_())
        assert "Live map\n" in page
        assert "run the cell" in page
        assert "<img" not in page
    answer.set()
    late.close()
    failed.close()


class Late:
    """A source that answers when it may."""

    def __init__(self, answer: threading.Event) -> None:
        self._answer = answer

    def snapshot(self) -> dfn.Snapshot:
        self._answer.wait(60)
        return people(1)


def png() -> bytes:
    """Return the smallest picture."""
    picture = io.BytesIO()
    Image.new("RGB", (1, 1)).save(picture, "png")
    return picture.getvalue()
