"""The last hours with what was usual, and the span that is looked at."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import datafast_nb as dfn
from tests.charts.sites import drawn, said, svg, told
from tests.forecast.simulated import START, Simulated
from tests.forecast.test_unusual import with_more

NOW = START + timedelta(days=8, hours=13, minutes=20)


def test_the_span_is_drawn_after_the_hours_before_it(recorded: dfn.History) -> None:
    found = dfn.unusual(recorded, (NOW, NOW + timedelta(minutes=10)), by=None)
    chart = dfn.charts.unusual(found, hours=24)
    rows = drawn(chart, "count")
    whole = found.table.row(0, named=True)
    assert rows[-1]["count"] == pytest.approx(6 * whole["count"])
    assert rows[-1]["kind"] == "usual"
    assert len(rows) == 1 + 24 - 2  # two hours lie in the gap
    assert said(chart).startswith(f"Usual: {whole['count']} visitors came (")
    assert chart.title.text.endswith(", UTC")


def test_an_unusual_span_has_another_color_and_its_groups_are_named(simulated: Simulated, tmp_path: Path) -> None:
    hour = (NOW.replace(minute=0), NOW.replace(minute=0) + timedelta(hours=1))
    more = with_more(simulated, 3, since=hour[0])
    with dfn.History(tmp_path) as kept:
        kept.extend(more.rows)
    chart = dfn.charts.unusual(kept, hour, time_zone="Europe/Berlin")
    assert drawn(chart, "count")[-1]["kind"] == "unusual"
    assert said(chart).startswith("More than usual: ")
    assert "Unusual: " in said(chart)


def test_too_little_and_nonsense_are_told(recorded: dfn.History) -> None:
    early = START + timedelta(days=2)
    assert "Keep recording" in told(dfn.charts.unusual(recorded, (early, early + timedelta(hours=1))))
    with pytest.raises(ValueError, match="visitors, events, sales"):
        dfn.charts.unusual(recorded, measure="revenue")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="give 1 or more"):
        dfn.charts.unusual(recorded, hours=0)


def test_the_span_is_a_point_that_can_be_seen_however_short_it_is(recorded: dfn.History) -> None:
    found = dfn.unusual(recorded, (NOW, NOW + timedelta(minutes=10)), by=None)
    for theme in ("light", "dark"):
        with dfn.charts.use_theme(theme):  # type: ignore[arg-type]
            chart = dfn.charts.unusual(found)
            (point,) = (layer for layer in chart.layer if layer.mark.type == "point")
            (row,) = point.data.values
            assert row["count"] == pytest.approx(6 * found.table["count"][0])
            assert "Point: that time, scaled to an hour." in said(chart)
            assert "<svg" in svg(chart)
