"""What the chart of scores draws."""

from __future__ import annotations

import polars as pl

import datafast_nb as dfn
from datafast_nb.schema import VISITORS
from tests.charts.sites import crowd, drawn, frame, said


class TestScores:
    def test_the_bars_are_the_prospects_with_a_prediction_and_the_subtitle_counts_the_others(self) -> None:
        snap = crowd(200)
        chart = dfn.charts.scores(snap)
        total = dfn.summary(snap).row(0, named=True)
        assert sum(row["scored"] for row in drawn(chart, "scored")) == total["scored"] == 180
        assert said(chart).startswith("How likely 180 prospects are to buy")
        assert "Left out: 20 customers." in said(chart)

    def test_the_highest_score_falls_in_the_last_bar(self) -> None:
        snap = dfn.Snapshot(frame(1, VISITORS, score=pl.lit(100.0), confidence=pl.lit(0.5)))
        (row,) = drawn(dfn.charts.scores(snap), "scored")
        assert (row["score_from"], row["score_to"], row["band"]) == (95, 100, "0.5–0.75")

    def test_it_takes_a_lazy_frame(self) -> None:
        assert "180 prospects" in said(dfn.charts.scores(crowd(200).visitors.lazy()))
