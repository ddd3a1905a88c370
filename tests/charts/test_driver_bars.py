"""What the chart of drivers draws."""

from __future__ import annotations

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import VISITORS
from tests.charts.sites import crowd, drawn, said, svg


class TestDrivers:
    def test_a_bar_is_a_row_of_the_analysis_in_its_order(self) -> None:
        snap = crowd(300)
        rows = drawn(dfn.charts.drivers(snap, top=3), "group")
        table = dfn.drivers(snap).head(3)
        assert [row["lift_shrunk"] for row in rows] == pytest.approx(table["lift_shrunk"].to_list())
        assert [row["size"] for row in rows] == [f"n = {scored}" for scored in table["scored"]]
        assert "The groups overlap." in said(dfn.charts.drivers(snap, top=3))

    def test_without_an_average_the_mean_of_all_takes_its_place_and_the_subtitle_says_so(self) -> None:
        assert "1 is the mean of all prospects." in said(dfn.charts.drivers(crowd(300).visitors))
        assert "1 is the site's average." in said(dfn.charts.drivers(crowd(300)))

    def test_intervals_stay_within_the_chart(self) -> None:
        for row in drawn(dfn.charts.drivers(dfn.demo.Site(seed=0, visitors=60).snapshot()), "group"):
            assert all(0.125 <= row[name] <= 8 for name in ("bar", "measured", "low", "high") if row[name] is not None)

    def test_an_interval_that_goes_on_beyond_the_chart_ends_in_an_arrow(self) -> None:
        few = dfn.Snapshot(crowd(60).visitors.with_columns(conversion_rate=pl.int_range(pl.len()) % 10 * 0.001))
        chart = dfn.charts.drivers(few, top=50)
        shapes = {layer["mark"].get("shape") for layer in chart.to_dict()["layer"] if isinstance(layer["mark"], dict)}
        lowest = min(row["low"] for row in drawn(chart, "group"))
        assert {row["goes_lower"] for row in drawn(chart, "group")} == {True, False}
        assert "triangle-left" in shapes
        assert all(row["low"] == lowest for row in drawn(chart, "group") if row["goes_lower"])

    def test_where_no_dimension_matched_it_says_so(self) -> None:
        visitors = crowd(30).visitors.with_columns(dimension_matches=pl.lit(None)).cast(dict(VISITORS))
        assert "No dimension has matched 2 prospects" in svg(dfn.charts.drivers(visitors))
