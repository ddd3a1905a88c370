"""What the chart of the hours of the week draws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from tests.charts.recordings import HOUR, recorded, visitor, with_a_gap
from tests.charts.sites import drawn, said, svg
from tests.history.moments import snapshot


class TestRhythm:
    def cells(self, chart: Any) -> dict[tuple[str, str], dict[str, Any]]:
        return {(row["day"], row["clock"]): row for row in drawn(chart, "mean")}

    def test_a_cell_is_the_mean_of_the_hours_that_were_recorded(self, demo: dfn.History) -> None:
        cells = self.cells(dfn.charts.rhythm(demo))
        assert len(cells) == 168
        began = demo.sessions().select("session_start_time").collect()["session_start_time"]
        nine = began.filter((began.dt.weekday() == 2) & (began.dt.hour() == 9))
        cell = cells["Tuesday", "09"]
        assert (cell["count"], cell["hours"]) == (len(nine), 2)
        assert cell["mean"] == pytest.approx(len(nine) / 2)
        assert cells["Monday", "09"]["hours"] == 3

    def test_hours_in_a_gap_are_crossed_out_and_no_zeros(self, tmp_path: Path) -> None:
        chart = dfn.charts.rhythm(with_a_gap(tmp_path))
        cells = self.cells(chart)
        assert {clock: row["hours"] for (_, clock), row in cells.items()} == {"15": 1, "17": 0.5, "18": 1}
        assert {row["mean"] for row in cells.values()} == {6}
        assert "×: not recorded (165 of 168 hours)." in said(chart)
        assert "Faint: less than an hour recorded." in said(chart)
        assert svg(chart).count(">×<") == 165

    def test_hours_in_which_nothing_happened_are_zeros(self, tmp_path: Path) -> None:
        chart = dfn.charts.rhythm(with_a_gap(tmp_path), "payments")
        assert {row["mean"] for row in self.cells(chart).values()} == {0}

    def test_what_began_in_a_gap_is_left_out_and_counted(self, tmp_path: Path) -> None:
        history = recorded(tmp_path, snapshot(0), snapshot(HOUR, [visitor("a", 1_800)]), snapshot(HOUR + 300))
        assert "Left out: 1 visit from times that were not recorded." in said(dfn.charts.rhythm(history))

    def test_customers_are_expected_to_bring_nothing(self, tmp_path: Path) -> None:
        here = [visitor("a", 60), visitor("b", 60, isCustomer=True), visitor("c", 120)]
        history = recorded(tmp_path, snapshot(0), snapshot(120, here), snapshot(HOUR / 2, here))
        for data in (history, history.sessions()):
            chart = dfn.charts.rhythm(data, "expected_value")
            assert {row["count"] for row in self.cells(chart).values()} == {2}
            assert "predictions are not about customers" in said(chart)
        with pytest.raises(ValueError, match="no column 'is_customer'"):
            dfn.charts.rhythm(history.sessions().drop("is_customer"), "expected_value")

    @pytest.mark.parametrize(
        ("zone", "cell"),
        [
            ("UTC", ("Friday", "15")),
            ("Asia/Kolkata", ("Friday", "20")),
            ("Pacific/Kiritimati", ("Saturday", "05")),
            ("America/New_York", ("Friday", "10")),
        ],
    )
    def test_hours_and_weekdays_are_those_of_the_time_zone(
        self, zone: str, cell: tuple[str, str], tmp_path: Path
    ) -> None:
        history = recorded(tmp_path, snapshot(0), snapshot(300, [visitor("a", 120)]))
        cells = self.cells(dfn.charts.rhythm(history, time_zone=zone))
        assert {place: row["count"] for place, row in cells.items()} == {cell: 1}

    def test_the_hour_that_comes_twice_in_autumn_is_recorded_twice(self, tmp_path: Path) -> None:
        night = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin; at 01:00 UTC clocks go from 3:00 to 2:00
        polls = (dfn.Snapshot(fetched_at=night + timedelta(minutes=minutes)) for minutes in range(0, 301, 10))
        history = recorded(tmp_path, *polls)
        cells = self.cells(dfn.charts.rhythm(history, time_zone="Europe/Berlin"))
        hours = {clock: row["hours"] for (_, clock), row in cells.items() if row["hours"] > 0}
        assert hours == {"00": 1, "01": 1, "02": 2, "03": 1}

    def test_some_rows_of_a_history_with_its_gaps_are_drawn_alike(self, tmp_path: Path) -> None:
        history = with_a_gap(tmp_path)
        whole = self.cells(dfn.charts.rhythm(history))
        rows = history.sessions().filter(pl.col("visitor_id") != "600")
        some = self.cells(dfn.charts.rhythm(rows, gaps=history.gaps()))
        assert some["Friday", "15"]["count"] == whole["Friday", "15"]["count"] - 1
        assert set(some) == set(whole)

    def test_a_visit_with_many_states_is_one_visit(self, demo: dfn.History) -> None:
        states = dfn.charts.rhythm(demo.visitors(), gaps=demo.gaps())
        assert demo.visitors().collect().height > demo.sessions().collect().height
        assert sum(row["count"] for row in drawn(states, "mean")) <= demo.sessions().collect().height

    def test_what_can_not_be_meant_is_refused_with_what_is_possible(self, demo: dfn.History) -> None:
        with pytest.raises(ValueError, match="Did you mean 'visits'"):
            dfn.charts.rhythm(demo, "visit")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="'Europe/Berlin' or 'UTC'"):
            dfn.charts.rhythm(demo, time_zone="Berlin")
        with pytest.raises(ValueError, match="no column 'timestamp'"):
            dfn.charts.rhythm(demo.sessions(), "events")
        with pytest.raises(ValueError, match="no time zone"):
            dfn.charts.rhythm(demo.sessions(), start=datetime(2026, 2, 1))
