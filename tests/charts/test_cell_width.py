"""Charts that are as wide as their cell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

import datafast_nb as dfn
from datafast_nb.charts.renderer import VEGA, VEGALITE, render
from datafast_nb.errors import DrawingWarning
from datafast_nb.pictures import formats
from tests.charts.sites import BASELINE, CHARTS, HOSTILE, NOON, crowd, strings

SHOWN = ["scores", "two dimensions", "world", "compare", "dashboard"]


def shown(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart as JupyterLab gets it, for a cell of any width."""
    vega: dict[str, Any] = render(chart.to_dict())[0][VEGA]
    return vega


def in_cell(vega: dict[str, Any], width: int) -> str:
    """Draw a chart in a cell of a width, where only a browser knows that of its place."""
    text = json.dumps(vega).replace("containerSize()[0]", str(width))
    drawn: str = vl_convert.vega_to_svg(json.loads(text))
    return drawn


def size(picture: str) -> tuple[float, float]:
    """Return the width and the height of a picture."""
    found = re.search(r'<svg[^>]* width="([\d.]+)"[^>]* height="([\d.]+)"', picture)
    assert found
    return float(found[1]), float(found[2])


@pytest.mark.parametrize("name", SHOWN)
def test_a_chart_is_as_wide_as_its_cell_and_in_a_narrow_one_as_wide_as_it_must(name: str) -> None:
    vega = shown(CHARTS[name](crowd(300)))
    assert [size(in_cell(vega, width))[0] for width in (1_500, 1_000, 640)] == [1_500, 1_000, 640]
    assert 340 <= size(in_cell(vega, 200))[0] < 640


@pytest.mark.parametrize("name", SHOWN)
def test_where_the_place_has_no_width_a_chart_has_that_of_its_picture(name: str) -> None:
    bundle, metadata = render(CHARTS[name](crowd(300)).to_dict())
    assert size(vl_convert.vega_to_svg(bundle[VEGA]))[0] == metadata["image/png"]["width"]


def test_a_dashboard_has_two_columns_where_both_fit_and_otherwise_one() -> None:
    vega = shown(dfn.charts.dashboard(crowd(300)))
    narrow, wide, wider = (size(in_cell(vega, width))[1] for width in (700, 1_000, 1_600))
    assert narrow > 1.3 * wide
    assert wide <= 1.2 * wider


def test_in_a_narrow_cell_long_names_leave_the_bars_their_room() -> None:
    long = crowd(300).visitors.with_columns(utm_source=pl.format("with a longer name {}", "utm_source"))
    vega = shown(dfn.charts.breakdown(dfn.Snapshot(long, baseline=BASELINE), "channel"))
    assert size(in_cell(vega, 380))[0] == 380
    widths = [float(width) for width in re.findall(r'd="M0,0h([\d.]+)v', in_cell(vega, 380))]
    assert max(widths) > 150
    assert ">with a longer name campaign 3</t" in in_cell(vega, 1_000)


def test_in_a_narrow_cell_a_dashboard_cuts_long_names_instead_of_its_titles() -> None:
    site = dfn.Snapshot.from_json(dfn.demo.Site(seed=0, visitors=400).body(NOON), fetched_at=NOON)
    narrow = in_cell(shown(dfn.charts.dashboard(site)), 376)
    assert size(narrow)[0] == 376
    titles = re.findall(r'font-size="15px" font-weight="600"[^>]*>(.*?)</text>', narrow)
    assert len(titles) == 5
    assert not any("…" in title for title in titles)


def test_cells_with_figures_never_run_into_each_other() -> None:
    site = dfn.demo.Site(seed=0, visitors=400).snapshot()
    chart = dfn.charts.transitions(site)
    columns = len(chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"])
    assert size(in_cell(shown(chart), 200))[0] > 24 * columns


def test_a_chart_without_a_picture_is_as_wide_as_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = dfn.charts.scores(crowd(30))
    monkeypatch.setattr(formats, "LARGEST", 10)  # bytes
    with pytest.warns(DrawingWarning, match="too large to be kept") as told:
        bundle, _ = render(chart.to_dict())
    assert len(told) == 1
    assert "image/png" not in bundle
    assert size(in_cell(bundle[VEGA], 700))[0] == 700


def test_a_map_keeps_its_shape() -> None:
    vega = shown(dfn.charts.world(crowd(300)))
    assert size(in_cell(vega, 1_400))[1] > 1.5 * size(in_cell(vega, 640))[1]


def test_the_lines_above_a_chart_are_shorter_in_a_narrow_cell() -> None:
    title = "A title that is longer than a narrow cell is wide, and needs two lines there"
    vega = shown(dfn.charts.scores(crowd(300), title=title))
    assert f">{title}</t" in in_cell(vega, 1_000)
    assert f">{title}</t" not in in_cell(vega, 480)
    assert "needs two lines there</t" in in_cell(vega, 480)


def test_a_long_title_makes_no_chart_wider() -> None:
    chart = dfn.charts.scores(crowd(30))
    long = chart.properties(title="A title of many words " * 12)
    assert size(in_cell(shown(long), 200))[0] == size(in_cell(shown(chart), 200))[0]


def test_labels_lean_only_where_the_columns_are_narrow() -> None:
    vega = shown(dfn.charts.value(crowd(300)))
    assert ["rotate(-40" in in_cell(vega, width) or "rotate(320" in in_cell(vega, width) for width in (500, 1_500)] == [
        True,
        False,
    ]


def test_a_width_that_a_person_has_given_stays() -> None:
    chart = dfn.charts.scores(crowd(30))
    own, other = chart.properties(width=300), dfn.charts.timeline(crowd(30))
    assert render(own.to_dict())[0][VEGALITE]["width"] == 300
    assert VEGA not in render((own | other).to_dict())[0]
    assert VEGA in render((chart | other).to_dict())[0]


@pytest.mark.parametrize(
    "changed",
    [
        lambda chart: dfn.charts.world(crowd(30)) | chart,
        lambda chart: chart & dfn.charts.world(crowd(30)),
        lambda chart: chart.properties(padding={"left": 10, "right": 30}),
        lambda chart: chart.add_params(alt.param(name="bar_width", expr="width / 10")),
        lambda chart: chart.properties(title=alt.Title("A title " * 9, fontSize=alt.expr("10 + 5"))),
    ],
    ids=["beside a map", "above a map", "padding", "parameter", "size of the title"],
)
def test_a_chart_that_a_person_has_changed_is_as_wide_as_its_cell(changed: Callable[[Any], Any]) -> None:
    assert size(in_cell(shown(changed(dfn.charts.scores(crowd(30)))), 1_300))[0] == 1_300


def test_no_text_from_the_site_is_a_part_of_an_expression() -> None:
    title = f"{HOSTILE} {'and more words ' * 8}"
    for key, text in strings(shown(dfn.charts.scores(crowd(30), title=title))):
        assert key not in {"signal", "update", "init"} or "img" not in text


@pytest.mark.parametrize("name", ["place", "title_0"])
def test_a_chart_with_a_parameter_of_such_a_name_keeps_its_width(name: str) -> None:
    assert VEGALITE in render(CHARTS["scores"](crowd(30)).add_params(alt.param(name=name, value=1)).to_dict())[0]


def test_a_dashboard_in_a_concatenation_keeps_its_width() -> None:
    """Vega cuts it off: it does not find the scale of its brush while it resizes."""
    scores, dashboard = CHARTS["scores"](crowd(30)), dfn.charts.dashboard(crowd(30))
    assert VEGALITE in render((scores & dashboard).to_dict())[0]
    assert VEGA in render((scores & scores).to_dict())[0]
