"""Columns and groups that strangers and users called as the charts call their own."""

from __future__ import annotations

import polars as pl
import pytest

import datafast_nb as dfn
from tests.charts.sites import crowd, drawn, svg


class TestNames:
    """Columns and groups that strangers and users called as the charts call their own."""

    @pytest.mark.parametrize(
        "name", ["group", "series", "label", "place", "row", "column", "size", "low", "n", "cause"]
    )
    def test_a_column_may_be_called_as_one_of_a_chart(self, name: str) -> None:
        data = crowd(60).visitors.with_columns(pl.col("utm_source").alias(name))
        average = dfn.Baseline(0.02, None)
        charts = [
            dfn.charts.breakdown(data, name, "lift", top=3, baseline=average),
            dfn.charts.breakdown(data, ["city", name], baseline=average),
            dfn.charts.breakdown(data, [name, "city"], baseline=average),
            dfn.charts.heatmap(data, ["city", name], baseline=average),
            dfn.charts.heatmap(data, [name, "city"], baseline=average),
            dfn.charts.compare(data, data, name),
        ]
        for chart in charts:
            assert ">campaign 1<" in svg(chart)

    @pytest.mark.parametrize("name", ["series", "place", "first", "count", "between"])
    def test_a_funnel_s_group_may_be_called_as_one_of_its_columns(self, name: str) -> None:
        snap = crowd(60)
        people = snap.visitors.with_columns(pl.col("utm_source").alias(name))
        steps = [dfn.goal("event 2"), dfn.goal("event 3")]
        assert ">campaign 1<" in svg(dfn.charts.funnel(snap.events, steps, by=name, visitors=people))

    def test_no_two_groups_have_one_label(self) -> None:
        names = [
            None,
            "(not known)",
            "(2) (not known)",
            "(2) (not known)\u202e",
            "2 other groups",
            "1 other group",
            "x",
            "y",
        ]
        sizes = range(len(names) + 1, 1, -1)
        devices = pl.Series("device", names).gather([place for place, size in enumerate(sizes) for _ in range(size)])
        people = crowd(sum(sizes)).visitors.with_columns(device=devices)
        rows = drawn(dfn.charts.breakdown(people, "device", "visitors", top=6), "group")
        assert [row["visitors"] for row in rows] == [9, 8, 7, 6, 5, 4, 5]
        labels = [row["group"] for row in rows]
        assert len(set(labels)) == len(labels)
        assert labels[-1] == "2 other groups"

    @pytest.mark.parametrize("top", ["3", 2.5, None, True])
    def test_a_number_of_groups_that_is_none_is_refused(self, top: object) -> None:
        snap = crowd(30)
        for draw in (
            lambda: dfn.charts.breakdown(snap, "channel", top=top),
            lambda: dfn.charts.breakdown(snap, "channel", min_visitors=top),
            lambda: dfn.charts.heatmap(snap, ["channel", "city"], top=top),
            lambda: dfn.charts.drivers(snap, top=top),
            lambda: dfn.charts.compare(snap, snap, "channel", top=top),
        ):
            with pytest.raises(TypeError, match="takes a whole number"):
                draw()
