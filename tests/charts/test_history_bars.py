"""What the chart of visitors and money over time draws."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from tests.charts.recordings import MONDAY, payment, recorded, visitor, with_a_gap
from tests.charts.sites import LIMIT, drawn, said, svg
from tests.history.moments import START, snapshot


class TestTrend:
    def test_bars_hold_who_came_what_was_expected_and_what_was_paid(self, demo: dfn.History) -> None:
        rates = dict.fromkeys(demo.payments().collect()["currency"].unique(), 1.0)
        rows = drawn(dfn.charts.trend(demo, every="1d", rates=rates), "visitors")
        came = demo.sessions().select("is_customer", "expected_value").collect()
        prospects = came.filter(~pl.col("is_customer"))
        paid = demo.payments().filter(~pl.col("renewal")).collect()
        assert len(rows) == 15
        assert sum(row["visits"] for row in rows) <= came.height
        assert sum(row["visits"] for row in rows) >= came.height - 10  # who came on the day before
        assert sum(row["expected"] or 0 for row in rows) == pytest.approx(prospects["expected_value"].sum(), rel=0.01)
        assert prospects["expected_value"].sum() < came["expected_value"].sum()
        assert sum(row["paid0"] or 0 for row in rows) == pytest.approx(paid["amount"].sum())

    def test_what_was_expected_of_all_is_not_set_beside_a_part_of_what_was_paid(self, tmp_path: Path) -> None:
        history = with_a_gap(tmp_path, [payment("1", 60, 10, "USD"), payment("2", 120, 5, "EUR")])
        for rates, drawn_beside in (({}, False), ({"GBP": 1.2}, False), ({"eur": 1.1}, True)):
            chart = dfn.charts.trend(history, every="1h", rates=rates)
            assert (drawn(chart, "visitors")[0].get("expected") == 30) is drawn_beside
            assert (" expected" in chart.title.text) is drawn_beside
            assert ("Give the rates of all." in said(chart)) is not drawn_beside

    def test_a_payment_in_no_currency_has_no_rate_either(self, tmp_path: Path) -> None:
        history = with_a_gap(tmp_path, [payment("1", 60, 10, None)])
        assert "Give the rates of all." in said(dfn.charts.trend(history, every="1h", rates={"EUR": 1.1}))

    def test_a_bar_in_a_gap_is_no_zero_and_one_partly_in_it_is_known_to_be(self, tmp_path: Path) -> None:
        chart = dfn.charts.trend(with_a_gap(tmp_path), every="30m")
        rows = drawn(chart, "visitors")
        assert [row["recorded"] for row in rows] == [1, 1, 0, 0, 0, 1, 1, 1]
        assert [row["visitors"] for row in rows] == [3, 3, 1, None, None, 3, 3, 4]
        (gap,) = drawn(chart, "hours")
        assert (gap["when"], gap["hours"]) == ("2026-02-06 16:00 to 2026-02-06 17:30", 1.5)
        assert "Gray: 1 gap in what was recorded, 1.5 hours." in said(chart)
        assert "Faint: not all of that time was recorded." in said(chart)

    def test_two_currencies_are_never_added(self, tmp_path: Path) -> None:
        paid = [
            payment("1", 60, 10, "USD"),
            payment("2", 120, 5, " usd"),
            payment("3", 120, 7, "EUR"),
            payment("4", 180, 9, None),
            payment("5", 180, 100, "USD", renewal=True),
            *(payment(f"more {it}", 240, 1, f"C{it}") for it in range(5)),
            *(payment(f"again {it}", 250, 1, "EUR") for it in range(2)),
        ]
        chart = dfn.charts.trend(with_a_gap(tmp_path, paid), every="1h")
        first = drawn(chart, "visitors")[0]
        assert (first["paid0"], first["payments0"]) == (15, 2)
        assert [first[f"paid{place}"] for place in (1, 2, 3)] == [9, 9, 1]
        titles = [panel["title"]["text"] for panel in chart.to_dict()["vconcat"]]
        assert titles[2:] == ["EUR payments", "(not known) payments", "C0 payments"]
        assert "$15.00 paid in USD" in said(chart)
        assert "Drawn: the 3 most common of 7 other currencies." in said(chart)

    def test_what_has_a_rate_is_converted_and_renewals_are_added_where_asked_for(self, tmp_path: Path) -> None:
        paid = [payment("1", 60, 10, "USD", renewal=True), payment("2", 120, 7, "eur"), payment("3", 120, 7, "GBP")]
        chart = dfn.charts.trend(with_a_gap(tmp_path, paid), every="1h", rates={"EUR": 2}, renewals=True)
        assert (drawn(chart, "visitors")[0]["paid0"], drawn(chart, "visitors")[0]["paid1"]) == (24, 7)
        assert "$24.00 paid in USD" in said(chart)

    def test_days_begin_at_midnight_of_the_time_zone(self, demo: dfn.History) -> None:
        rows = drawn(dfn.charts.trend(demo, every="1d", time_zone="America/New_York"), "visitors")
        assert rows[1]["when"] == "2026-02-02 00:00 to 2026-02-03 00:00"
        assert rows[1]["start"] == (MONDAY + timedelta(hours=5)).timestamp() * 1000

    @pytest.mark.parametrize(
        ("zone", "begin", "every", "told"),
        [
            ("Europe/Berlin", datetime(2025, 10, 25, 23, tzinfo=UTC), "1h", "02:00 CEST to 2025-10-26 02:00 CET"),
            ("Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC), "1h", "01:00 CET to 2026-03-29 03:00 CEST"),
            ("America/St_Johns", datetime(2025, 11, 2, 2, 30, tzinfo=UTC), "1h", "01:00 NDT to 2025-11-02 01:00 NST"),
            ("Australia/Lord_Howe", datetime(2026, 4, 4, 13, tzinfo=UTC), "30m", "01:30 +11 to 2026-04-05 01:30 +1030"),
        ],
    )
    def test_an_hour_is_an_hour_wide_also_when_the_clocks_change(
        self, tmp_path: Path, zone: str, begin: datetime, every: str, told: str
    ) -> None:
        moments = [
            dfn.Snapshot.from_json(
                json.dumps({"data": {"visitors": [{"visitorId": str(step), "sessionStartTime": at.isoformat()}]}}),
                fetched_at=at,
            )
            for step in range(61)
            if (at := begin + timedelta(minutes=5 * step))
        ]
        chart = dfn.charts.trend(recorded(tmp_path, *moments), every=every, time_zone=zone)
        rows = drawn(chart, "visitors")
        minutes = {"1h": 60, "30m": 30}[every]
        assert {row["end"] - row["start"] for row in rows} == {60_000 * minutes}
        assert [row["visits"] for row in rows[:-1]] == [minutes // 5] * (len(rows) - 1)
        assert any(told in row["when"] for row in rows)
        assert [row["start"] for row in rows] == sorted(row["start"] for row in rows)
        labels = re.findall(r">(\d\d:\d\d[^<]*)</text>", svg(chart))
        assert len(set(labels)) == len(labels) >= 4

    def test_a_day_may_have_25_hours(self, tmp_path: Path) -> None:
        noon = datetime(2026, 10, 24, 10, tzinfo=UTC)
        later = (noon + timedelta(days=2) - START).total_seconds()
        moments = [dfn.Snapshot(fetched_at=noon + timedelta(minutes=minutes)) for minutes in (0, 5)]
        history = recorded(tmp_path, *moments, snapshot(later), snapshot(later + 60, [visitor("a", later)]))
        rows = drawn(dfn.charts.trend(history, every="1d", time_zone="Europe/Berlin"), "visitors")
        days = [f"2026-10-{day} 00:00" for day in (24, 25, 26, 27)]
        assert [row["when"] for row in rows] == [f"{begin} to {end}" for begin, end in pairwise(days)]
        assert [row["visitors"] for row in rows] == [0, None, 1]

    def test_the_most_bars_that_there_may_be_are_small_enough(self, demo: dfn.History) -> None:
        chart = dfn.charts.trend(demo, every="1h")
        assert len(drawn(chart, "visitors")) == 360
        assert len(chart.to_json()) < LIMIT

    def test_more_bars_are_refused_with_a_length_that_fits(self, demo: dfn.History) -> None:
        with pytest.raises(ValueError, match=r"makes 1,440 bars, .* Give every='1h'"):
            dfn.charts.trend(demo, every="15m")

    @pytest.mark.parametrize("every", ["fortnight", "0d", "-1h", "1d; drop", 0, timedelta(0), b"1d"])
    def test_what_is_no_length_of_time_is_refused(self, every: Any, demo: dfn.History) -> None:
        with pytest.raises(ValueError, match="'15m', '6h', '1d'"):
            dfn.charts.trend(demo, every=every)

    @pytest.mark.parametrize(("every", "words"), [("1d", "by day"), ("3h", "every 3 hours")])
    def test_the_title_says_how_many_came_and_how_long_a_bar_is(
        self, every: str, words: str, demo: dfn.History
    ) -> None:
        title = dfn.charts.trend(demo, every=every).title.text
        since = demo.sessions().filter(pl.col("session_start_time") >= MONDAY)
        visitors = since.select(pl.col("visitor_id").n_unique()).collect().item()
        assert title.startswith(f"{visitors:,} visitors and $")
        assert title.endswith(f" paid in USD, {words}")

    def test_a_timedelta_is_as_good_as_words(self, demo: dfn.History) -> None:
        one, other = (dfn.charts.trend(demo, every=every) for every in ("6h", timedelta(hours=6)))
        assert drawn(one, "visitors") == drawn(other, "visitors")

    def test_a_bad_rate_is_refused(self, demo: dfn.History) -> None:
        with pytest.raises(ValueError, match="positive number"):
            dfn.charts.trend(demo, rates={"EUR": 0})

    def test_nothing_is_drawn_where_nothing_was_recorded(self, demo: dfn.History) -> None:
        chart = dfn.charts.trend(demo, start=MONDAY + timedelta(days=20))
        assert "Too little was recorded in this time" in svg(chart)
