"""The hours to come as a fan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import datafast_nb as dfn
from tests.charts.sites import drawn, said, svg, told
from tests.forecast.simulated import START, Simulated, World, simulate

NOW = START + timedelta(days=8, hours=13, minutes=20)


def test_it_draws_the_steps_of_the_forecast_and_says_the_whole_with_its_zone(recorded: dfn.History) -> None:
    found = dfn.forecast(recorded, "1d", now=NOW, time_zone="Asia/Kolkata")
    chart = dfn.charts.forecast(found)
    rows = drawn(chart, "mean")
    steps = found.steps.filter(measure="visitors")
    assert [row["mean"] for row in rows] == steps["mean"].to_list()
    assert [row["high"] for row in rows] == steps["high"].to_list()
    assert rows[0]["when"] == "2026-01-13 18:50 to 2026-01-13 19:50"
    assert said(chart).startswith("Next 24 hours: ")
    assert chart.title.text.endswith(", Asia/Kolkata")
    assert "<svg" in svg(chart)


def test_what_came_is_there_if_it_is_known(recorded: dfn.History, simulated: Simulated) -> None:
    rows = drawn(dfn.charts.forecast(recorded, "1d", now=NOW), "count")
    assert sum(not row["came"] for row in rows) == 24 - 3  # three hours lie in part in the gap
    after = [row for row in rows if row["came"]]
    assert len(after) == 24
    visits = simulated.visits
    first = visits.filter(visits["start"].is_between(NOW, NOW + timedelta(hours=1), closed="left"))
    assert after[0]["count"] == first["visitor_id"].n_unique()
    assert "Came: " in said(dfn.charts.forecast(recorded, "1d", now=NOW))
    assert "Came: " not in said(dfn.charts.forecast(recorded, "1d"))


def test_the_legend_names_what_was_counted_only_where_there_is_some(recorded: dfn.History) -> None:
    assert ">counted<" in svg(dfn.charts.forecast(recorded, "1d", now=NOW))
    assert ">counted<" not in svg(dfn.charts.forecast(dfn.forecast(recorded, "1d", now=NOW)))


def test_a_note_on_revenue_is_on_the_chart_of_revenue_alone(recorded: dfn.History) -> None:
    found = replace(dfn.forecast(recorded, "1d", now=NOW), notes=("revenue is of one currency",))
    assert "Revenue is of one currency" in said(dfn.charts.forecast(found, measure="revenue"))
    assert "of one currency" not in said(dfn.charts.forecast(found))


@pytest.mark.parametrize("measure", ["sales", "revenue"])
def test_sales_and_revenue_that_came_are_those_recorded(
    measure: str, recorded: dfn.History, simulated: Simulated
) -> None:
    rows = drawn(dfn.charts.forecast(recorded, "1d", now=NOW, measure=measure), "count")  # type: ignore[arg-type]
    end = NOW + timedelta(days=1)
    sold = simulated.visits.filter("buys").filter(
        simulated.visits.filter("buys")["end"].is_between(NOW, end, closed="left")
    )
    came = sum(row["count"] for row in rows if row["came"])
    assert came == pytest.approx(sold.height if measure == "sales" else sold["amount"].sum())


def test_what_can_not_be_told_is_said(tmp_path: Path) -> None:
    with dfn.History(tmp_path) as two:
        two.extend(simulate(World(days=2, arrivals=40, currencies={"USD": 1, "EUR": 1})).rows)
    assert "rates=" in str(dfn.charts.forecast(two, "1h", measure="revenue").to_dict())
    assert "Keep recording" in told(dfn.charts.forecast(two, "7d"))
    assert "mean" in str(dfn.charts.forecast(two, "1h", measure="revenue", rates={"EUR": 1.1}).to_dict())


def test_nonsense_is_refused(recorded: dfn.History) -> None:
    with pytest.raises(ValueError, match="visitors, sales, revenue"):
        dfn.charts.forecast(recorded, measure="events")  # type: ignore[arg-type]
