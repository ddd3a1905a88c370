"""What the chart of a funnel draws."""

from __future__ import annotations

import polars as pl
import pytest

import datafast_nb as dfn
from tests.charts.sites import STEPS, crowd, drawn, said, svg


class TestFunnel:
    def test_a_bar_is_a_step_of_the_analysis(self) -> None:
        snap = crowd(200)
        rows = drawn(dfn.charts.funnel(snap, STEPS), "between")
        assert [row["visitors"] for row in rows] == dfn.funnel(snap, STEPS)["visitors"].to_list()
        assert [row["step"] for row in rows] == ["1. event 1", "2. event 0", "3. payment"]

    def test_the_title_says_how_many_arrived_and_the_subtitle_how_many_were_seen(self) -> None:
        assert said(dfn.charts.funnel(crowd(200), STEPS[:2])) == (
            "40 of 80 visitors went all the way from event 1 to event 0 Seen in this time: 200 visitors. "
            "Light: still on the way. Lines: 95 % intervals."
        )

    def test_between_two_steps_it_says_who_went_on_and_how_fast(self) -> None:
        rows = drawn(dfn.charts.funnel(crowd(200), STEPS[:2]), "between")
        assert rows[1]["between"] == "50.0 % went on, 40 on the way; median time 1 s"

    def test_who_left_is_told_from_who_is_on_the_way(self) -> None:
        snap = crowd(200)
        few = dfn.Snapshot(snap.visitors.head(100), snap.events, snap.payments, fetched_at=snap.fetched_at)
        row = drawn(dfn.charts.funnel(few, STEPS[:2]), "between")[1]
        assert row["between"] == "50.0 % went on, 20 on the way, 20 did not; median time 1 s"
        assert (row["visitors"], row["possible"]) == (40, 60)
        assert row["visitors_low"] < 40 < row["visitors_high"]

    def test_visits_are_counted_where_they_are_asked_for(self) -> None:
        chart = dfn.charts.funnel(crowd(200), STEPS[:2], unit="visit", within="1h")
        assert chart.title.text == "40 of 80 visits went all the way from event 1 to event 0"

    def test_each_of_the_largest_groups_has_a_funnel(self) -> None:
        snap = crowd(300, channels=20)
        chart = dfn.charts.funnel(snap, STEPS, by="country_code")
        table = dfn.funnel(snap, STEPS, by="country_code").with_columns(pl.col("country_code").fill_null("(not known)"))
        assert {(row["series"], row["visitors"]) for row in drawn(chart, "series")} == set(
            table.select("country_code", "visitors").rows()
        )

    def test_a_first_step_that_nobody_took_is_named(self) -> None:
        assert "None of 30 visitors took the first step," in svg(dfn.charts.funnel(crowd(30), ["/nowhere", "/"]))

    def test_events_may_come_without_a_snapshot(self) -> None:
        snap = crowd(200)
        chart = dfn.charts.funnel(snap.events.lazy(), STEPS, by="city", visitors=snap.visitors, payments=snap.payments)
        assert said(chart) == said(dfn.charts.funnel(snap, STEPS, by="city"))

    def test_several_dimensions_are_refused(self) -> None:
        with pytest.raises(TypeError, match="by takes one dimension"):
            dfn.charts.funnel(crowd(3), STEPS, by=["os", "device"])  # type: ignore[arg-type]
