"""The table of who comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.forecast import Cohorts
from tests.charts.sites import drawn, said, svg
from tests.forecast.simulated import START, Simulated, World, simulate


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return simulate(World(days=23.5, arrivals=12, returning=0.4, every=300, gaps=((200, 215),), seed=4))


@pytest.fixture(scope="module")
def cohorts(simulated: Simulated) -> Cohorts:
    return dfn.cohorts(simulated)


def test_each_cell_is_the_rate_of_a_cohort_and_a_week(cohorts: Cohorts) -> None:
    rows = drawn(dfn.charts.cohorts(cohorts), "return_rate")
    kept = cohorts.rates.filter(pl.col("status") != "not over")
    assert [row["return_rate"] for row in rows] == kept["return_rate"].to_list()
    assert [row["week"] for row in rows] == kept["week"].to_list()
    first = rows[0]["label"]
    assert first == f"{START.date()} (n = {kept['visitors'][0]:,})"


def test_a_week_with_a_gap_is_crossed_out_and_the_cross_explained(cohorts: Cohorts) -> None:
    chart = dfn.charts.cohorts(cohorts)
    rows = drawn(chart, "return_rate")
    gaps = [row for row in rows if row["return_rate"] is None]
    assert [(row["text"], row["week"]) for row in gaps] == [("×", 1)]
    assert "×: less than 99 % of the week was recorded." in said(chart)
    whole = replace(cohorts, rates=cohorts.rates.filter(pl.col("status") != "gaps"))
    assert "×" not in said(dfn.charts.cohorts(whole))


def test_a_week_in_which_the_record_began_is_marked_and_the_mark_explained(simulated: Simulated) -> None:
    found = dfn.cohorts(simulated, start=START + timedelta(days=2))
    chart = dfn.charts.cohorts(found)
    labels = [row["label"] for row in drawn(chart, "return_rate") if row["week"] == 1]
    assert labels[0] == f"{START.date()} † (n = {found.rates['visitors'][0]:,})"
    assert "†: only part of that week was recorded; who came in the rest of it is not in the row." in said(chart)


def test_weeks_that_are_not_over_are_left_out(cohorts: Cohorts) -> None:
    labels = {row["label"][:10] for row in drawn(dfn.charts.cohorts(cohorts), "return_rate")}
    assert str((START + timedelta(weeks=2)).date()) not in labels
    open_ended = replace(cohorts, rates=cohorts.rates.filter(status="not over"))
    assert "No week after the first has been watched to its" in svg(dfn.charts.cohorts(open_ended))


def test_the_numbers_can_be_read_on_their_cells_in_both_themes(cohorts: Cohorts) -> None:
    inks = set()
    for theme in ("light", "dark"):
        with dfn.charts.use_theme(theme):  # type: ignore[arg-type]
            chart = dfn.charts.cohorts(cohorts)
            (color,) = (it["encoding"]["color"] for it in chart.to_dict()["layer"] if it["mark"]["type"] == "text")
            inks.add((color["condition"][0]["value"], color["value"]))
            assert f"{100 * max(cohorts.rates['return_rate'].drop_nulls()):.1f} %" in svg(chart)
    assert len(inks) == 2
    assert {len(pair) for pair in inks} == {2}


def test_the_title_counts_and_the_notes_name_what_is_left_out(cohorts: Cohorts) -> None:
    words = said(dfn.charts.cohorts(cohorts))
    counted = cohorts.coverage["counted"].item()
    assert words.startswith(f"How many of {counted:,} new visitors came back")
    assert "Weeks begin on Monday, UTC." in words
    assert f"Left out: {cohorts.coverage['truncated'].item():,} visitors" in words


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(TypeError, match=r"the result of dfn\.cohorts\(history\), or a History, not Snapshot"):
        dfn.charts.cohorts(dfn.Snapshot())  # type: ignore[arg-type]
