"""What holds for each chart: it draws whatever the data, and says what it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import altair as alt
import pytest

import datafast_nb as dfn
from tests.charts.sites import (
    CHARTS,
    HOSTILE,
    LIMIT,
    SITES,
    STEPS,
    Draw,
    crowd,
    every_chart,
    hostile,
    said,
    strings,
    svg,
    wordy,
)


@cache
def of_site(draw: Draw, name: str) -> Any:
    """Draw a site once for all tests."""
    return draw(SITES[name])


@cache
def picture_of_site(draw: Draw, name: str) -> str:
    """Draw a site's picture once for all tests."""
    return svg(of_site(draw, name))


@every_chart
@pytest.mark.parametrize("name", SITES)
def test_every_chart_draws_every_site(draw: Draw, name: str) -> None:
    assert "<svg" in picture_of_site(draw, name)


@every_chart
def test_every_chart_draws_the_demo_site(draw: Draw) -> None:
    chart = draw(dfn.demo.Site(seed=0, visitors=200).snapshot())
    assert "<svg" in svg(chart)
    assert len(json.dumps(chart.to_dict())) < LIMIT


@every_chart
@pytest.mark.parametrize("channels", [5, 20_000])
def test_a_specification_stays_small_with_20_000_visitors(draw: Draw, channels: int) -> None:
    snap = crowd(20_000, channels=channels)  # a row of a specification has more than the ten bytes that this leaves
    assert len(draw(snap).to_json()) < LIMIT  # indented, so the larger of the two ways to write it


@every_chart
@pytest.mark.parametrize("channels", [7, 60])
def test_a_specification_stays_small_with_long_names_in_any_script(draw: Draw, channels: int) -> None:
    assert len(draw(wordy(crowd(2_000, channels=channels))).to_json()) < LIMIT


def test_a_funnel_s_specification_stays_small_with_long_names_in_any_script() -> None:
    steps = [dfn.goal(f"{name:😀>60}") for name in ("event 2", "event 3")]
    chart = dfn.charts.funnel(wordy(crowd(10_000)), steps, by="city")
    assert "of 4,000 visitors" in said(chart)
    assert len(chart.to_json()) < LIMIT


@every_chart
def test_an_empty_snapshot_draws_a_chart_that_says_so(draw: Draw) -> None:
    picture = svg(draw(dfn.Snapshot()))
    assert "Nobody is here right now" in picture or "Nothing has happened recently" in picture


@pytest.mark.parametrize(
    "name", ["scores", "one dimension", "two dimensions", "world by lift", "heatmap", "value", "drivers", "compare"]
)
def test_a_site_without_predictions_draws_a_chart_that_says_so(name: str) -> None:
    assert "There are no predictions" in picture_of_site(CHARTS[name], "nobody predicted")


@pytest.mark.parametrize("name", ["scores", "one dimension", "world by lift", "heatmap", "value", "drivers"])
def test_a_site_of_customers_alone_is_told_apart_from_one_without_predictions(name: str) -> None:
    assert "Everybody here is a customer already" in picture_of_site(CHARTS[name], "customers only")


@pytest.mark.parametrize("name", ["world by lift", "heatmap"])
def test_a_lift_without_an_average_draws_a_chart_that_says_what_to_give(name: str) -> None:
    snap = crowd(30)
    picture = svg(CHARTS[name](dfn.Snapshot(snap.visitors)))
    assert "The site's average is not known" in picture.replace("&#39;", "'").replace("&apos;", "'")
    assert "baseline=dfn.Baseline" in picture


@every_chart
def test_text_from_the_site_is_never_code(draw: Draw) -> None:
    chart = draw(hostile(HOSTILE))
    assert "<img" not in svg(chart)
    code = {"expr", "filter", "test", "calculate", "labelExpr", "href", "url", "signal"}
    for key, text in strings(chart.to_dict()):
        assert key not in code or "img" not in text
        assert key not in {"href", "url"}


@pytest.mark.parametrize("name", [name for name in CHARTS if name != "dashboard"])
def test_a_chart_can_be_layered_further(name: str) -> None:
    rule = alt.Chart(alt.InlineData(values=[{"at": 1}])).mark_rule().encode(y="at:Q")
    assert "<svg" in svg(of_site(CHARTS[name], "a few") + rule)


@every_chart
def test_a_chart_can_be_concatenated_further(draw: Draw) -> None:
    other = dfn.charts.timeline(dfn.Snapshot())
    assert "<svg" in svg((of_site(draw, "a few") | other) & other)


@pytest.mark.parametrize("name", [name for name in CHARTS if name != "transitions"])
def test_the_title_says_over_how_many(name: str) -> None:
    assert re.search(r"\d+ (prospects?|visitors?|predictions?)\b", said(of_site(CHARTS[name], "a few")))


@pytest.mark.parametrize(
    "draw", [*map(CHARTS.get, ("scores", "one dimension", "world", "heatmap", "value", "drivers"))]
)
def test_a_chart_of_visitors_takes_a_lazy_frame(draw: Callable[[object], Any]) -> None:
    assert "<svg" in svg(draw(crowd(200).visitors.lazy()))


@pytest.mark.parametrize(
    "name", ["scores", "one dimension", "world", "heatmap", "value", "drivers", "funnel", "compare"]
)
def test_what_holds_no_visitors_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="Expected a Snapshot or a Polars frame"):
        CHARTS[name]("yesterday")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["one dimension", "heatmap", "funnels", "compare", "dashboard"])
def test_a_misspelt_dimension_is_answered_with_the_nearest(name: str) -> None:
    draw = {
        "one dimension": lambda snap: dfn.charts.breakdown(snap, "chanel"),
        "heatmap": lambda snap: dfn.charts.heatmap(snap, ["chanel", "device"]),
        "funnels": lambda snap: dfn.charts.funnel(snap, STEPS, by="chanel"),
        "compare": lambda snap: dfn.charts.compare(snap, snap, "chanel"),
        "dashboard": lambda snap: dfn.charts.dashboard(snap, by=["chanel"]),
    }[name]
    with pytest.raises(ValueError, match="Did you mean 'channel'"):
        draw(crowd(30))


def test_a_misspelt_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean 'predicted_rate'"):
        dfn.charts.breakdown(dfn.Snapshot(), "device", measure="perdicted_rate")
