"""What the charts of a history draw: the hours of the week, visitors and money over time, and calibrations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.forecast import Calibration
from datafast_nb.forecast.calibration import EDGES, compared
from tests.chart_sites import HOSTILE, LIMIT, drawn, said, strings, svg
from tests.history.moments import START, after, snapshot

MONDAY = datetime(2026, 2, 2, tzinfo=UTC)
HOUR = 3_600
ALL: dict[str, Callable[[dfn.History], Any]] = {
    "rhythm": dfn.charts.rhythm,
    "rhythm of payments": lambda history: dfn.charts.rhythm(history, "payments"),
    "rhythm of value": lambda history: dfn.charts.rhythm(history, "expected_value"),
    "trend": dfn.charts.trend,
    "calibration": dfn.charts.calibration,
    "calibration by city": lambda history: dfn.charts.calibration(history, by="city"),
}
every_chart = pytest.mark.parametrize("draw", ALL.values(), ids=ALL)


def visitor(name: str, began: float, **more: object) -> dict[str, object]:
    raw = {"raw": {"conversionRate": 0.1, "expectedValue": 5.0}, "score": 50, "confidence": 0.5}
    begun = after(began).isoformat()
    return {"visitorId": name, "sessionStartTime": begun, "conversionLikelihood": raw, "location": {}} | more


def payment(name: str, seconds: float, amount: object, currency: object, **more: object) -> dict[str, object]:
    return {"_id": name, "timestamp": after(seconds).isoformat(), "amount": amount, "currency": currency} | more


def recorded(folder: Path, *snapshots: dfn.Snapshot) -> dfn.History:
    with dfn.History(folder) as history:
        for snap in snapshots:
            history.append(snap)
    return history


def with_a_gap(folder: Path, payments: Iterable[dict[str, object]] = ()) -> dfn.History:
    """Record from 15:00 to 19:00 with a visitor every ten minutes, and a gap from 16:00 to 17:30."""
    times = [*range(0, HOUR + 1, 300), *range(9_000, 4 * HOUR + 1, 300)]
    moments = []
    for seconds in times:
        here = [visitor(str(began), began) for began in range(0, seconds + 1, 600) if seconds - began < 600]
        paid = [it for it in payments if 0 <= seconds - (_time(it) - START).total_seconds() < 600]
        moments.append(snapshot(seconds, here, payments=paid))
    return recorded(folder, *moments)


def _time(record: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(record["timestamp"]))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    folder = tmp_path_factory.mktemp("history")
    return dfn.demo.simulate(folder, 15, 300, seed=1, end=MONDAY + timedelta(days=15), every=300, progress=False)


class TestAll:
    @every_chart
    def test_it_draws_the_demo_site_in_both_themes(self, draw: Callable[..., Any], demo: dfn.History) -> None:
        for theme in ("light", "dark"):
            with dfn.charts.use_theme(theme):  # type: ignore[arg-type]
                chart = draw(demo)
                assert "<svg" in svg(chart)
        assert len(chart.to_json()) < LIMIT

    @every_chart
    def test_a_history_that_is_not_there_is_told(self, draw: Callable[..., Any], tmp_path: Path) -> None:
        with pytest.raises(dfn.NotRecordedError, match="There is no history"):
            draw(dfn.History(tmp_path / "nothing"))

    @every_chart
    @pytest.mark.parametrize(
        "snapshots",
        [
            [snapshot(0)],
            [snapshot(0, [visitor("a", 0)])],
            [snapshot(0), snapshot(300)],
            [snapshot(0, [visitor("a", 0)]), snapshot(300, [visitor("a", 0)])],
            [snapshot(0, [{}, {}], [{}, {}], [{}, {}]), snapshot(300, [{}, {}], [{}, {}], [{}, {}])],
            [snapshot(0), snapshot(300, [visitor("a", 100, conversionLikelihood=None)])],
        ],
        ids=["one empty poll", "one poll", "nobody", "one visitor", "all null", "no predictions"],
    )
    def test_it_draws_a_history_of_next_to_nothing(
        self, draw: Callable[..., Any], snapshots: list[dfn.Snapshot], tmp_path: Path
    ) -> None:
        assert "<svg" in svg(draw(recorded(tmp_path, *snapshots)))

    @every_chart
    @pytest.mark.parametrize("text", [HOSTILE, "\u202e\x00\n[a].b\\'\"" + "👩‍💻" * 5_000], ids=["html", "long"])
    def test_text_from_the_site_is_never_code(self, draw: Callable[..., Any], text: str, tmp_path: Path) -> None:
        here = [visitor(text, 0, location={"city": text}), visitor("b", 0, location={"city": text[:-1]})]
        paid = [payment(text, 0, 5, text), payment("b", 60, 5, text[:-1])]
        moments = [snapshot(seconds, here if seconds < 600 else [], payments=paid) for seconds in range(0, 7_200, 300)]
        chart = draw(recorded(tmp_path, *moments))
        assert "<img" not in svg(chart)
        assert len(chart.to_json()) < LIMIT
        code = {"expr", "filter", "test", "calculate", "labelExpr", "href", "url", "signal"}
        for key, words in strings(chart.to_dict()):
            assert key not in code or "img" not in words
            assert key not in {"href", "url"}

    @every_chart
    def test_it_can_be_concatenated_further(self, draw: Callable[..., Any], demo: dfn.History) -> None:
        other = dfn.charts.timeline(dfn.Snapshot())
        assert "<svg" in svg(draw(demo) & other)

    @every_chart
    def test_what_is_no_history_is_refused(self, draw: Callable[..., Any]) -> None:
        with pytest.raises(TypeError, match=r"History"):
            draw(dfn.Snapshot())  # type: ignore[arg-type]


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


class TestCalibration:
    def found(self, *groups: tuple[str | None, float, int, int], by: str | None = "city") -> Calibration:
        """Give a calibration of groups: their name, a prediction, how many have it, and how many converted."""
        rows = pl.concat(
            pl.select(
                city=pl.lit(name, pl.String),
                predicted=pl.lit(rate),
                converted=pl.int_range(count) < hits,
                expected_value=pl.lit(1.0),
                value=pl.lit(0.0),
            )
            for name, rate, count, hits in groups
        )
        names = [] if by is None else [by]
        visits = rows.height
        coverage = {"visits": visits + 10, "counted": visits, "customers": 4, "unscored": 2, "seen_late": 1}
        coverage |= {"left_early": 0, "unfinished": 0, "converted_before": 3, "recognized": 1}
        coverage |= {"payments": 9, "matched": 8, "unmatched": 1, "unpriced": 0}
        return Calibration(*compared(rows, names, EDGES), pl.DataFrame([coverage]))

    def test_a_point_is_a_bin_of_the_calibration(self, demo: dfn.History) -> None:
        found = dfn.calibration(demo)
        rows = drawn(dfn.charts.calibration(found), "observed_rate_low")
        names = ["predicted_rate", "observed_rate", "observed_rate_low", "observed_rate_high", "predictions"]
        assert [[row[name] for name in names] for row in rows] == [list(it) for it in found.bins.select(names).rows()]
        assert said(dfn.charts.calibration(demo)) == said(dfn.charts.calibration(found))

    def test_the_words_tell_what_came_true_how_good_that_is_and_what_could_be_matched(self) -> None:
        words = said(dfn.charts.calibration(self.found(("a", 0.05, 1_000, 20), by=None)))
        assert words.startswith(
            "Of 1,000 predicted visitors 2.00% converted; 5.00% were expected to 20 converted, 50.0"
        )
        assert "(observed over expected 0.40, 95 % interval 0.26 to 0.61): they do not agree: the predictions" in words
        assert "an error of 20% would be found" in words
        assert (
            "2 more sales or new customers can't be traced to a visit: if all were of these, 2.20% converted" in words
        )
        assert "Brier score 0.020500 = reliability 0.000900" in words
        assert (
            "Left out of 1,010 visits: 4 customers, 2 without a prediction, 1 seen late, 3 converted before the"
            in words
        )
        assert "Matched to a visitor: 8 of 9 payments." in words

    def test_bins_within_noise_are_told_from_those_beyond(self) -> None:
        chart = dfn.charts.calibration(self.found(("a", 0.05, 1_000, 50), ("a", 0.15, 1_000, 50), by=None))
        assert [row["noise"] for row in drawn(chart, "noise")] == ["within noise", "beyond noise"]

    def test_the_diagonal_is_one_because_both_axes_are_alike(self) -> None:
        spec = dfn.charts.calibration(self.found(("a", 0.05, 1_000, 50), by=None)).to_dict()
        for layer in spec["vconcat"][0]["layer"]:
            scales = [layer["encoding"][axis]["scale"] for axis in ("x", "y")]
            assert scales[0] == scales[1]

    def test_each_of_the_largest_groups_has_a_diagram(self) -> None:
        found = self.found(*((f"city {size}", 0.05, 100 + size, 5) for size in range(9)), (None, 0.1, 200, 20))
        chart = dfn.charts.calibration(found, top=4)
        titles = [panel["vconcat"][0]["title"] for panel in chart.to_dict()["concat"]]
        assert [title["text"] for title in titles] == ["(not known)", "city 8", "city 7", "city 6"]
        assert titles[0]["subtitle"] == "10.0 % predicted, 10.0 % of 200 converted: can't tell"
        assert "Drawn: the 4 largest of 10 groups by city." in said(chart)
        assert said(chart).startswith("Of 1,136 predicted visitors")

    def test_groups_that_look_the_same_when_cut_short_stay_apart(self) -> None:
        chart = dfn.charts.calibration(self.found(*(("x" * 100 + end, 0.1, 50, 5) for end in "ab")))
        titles = [panel["vconcat"][0]["title"]["text"] for panel in chart.to_dict()["concat"]]
        assert titles[1] == f"(2) {titles[0]}"

    def test_few_visits_are_faint_and_their_intervals_do_not_stretch_the_axes(self) -> None:
        chart = dfn.charts.calibration(self.found(("a", 0.01, 3_000, 30), ("a", 0.03, 2, 0), by=None))
        assert "Faint: fewer than 30 visitors." in said(chart)
        assert chart.to_dict()["vconcat"][0]["layer"][0]["encoding"]["x"]["scale"]["domain"][1] < 0.04

    def test_no_group_is_too_many(self) -> None:
        chart = dfn.charts.calibration(self.found(*((f"city {it}", 0.01 * (it % 9), 30, 1) for it in range(2_000))))
        assert len(json.dumps(chart.to_dict())) < LIMIT

    def test_a_history_without_predictions_is_told_from_one_that_is_too_short(self, tmp_path: Path) -> None:
        def alike(name: str, **more: object) -> str:
            here = [visitor("a", 60, **more)]
            moments = (snapshot(it, here if 60 <= it < 900 else []) for it in range(0, 9_000, 300))
            return svg(dfn.charts.calibration(recorded(tmp_path / name, *moments)))

        short = recorded(tmp_path / "short", snapshot(0), snapshot(300, [visitor("a", 60)]))
        assert "There are no predictions" in alike("unscored", conversionLikelihood=None)
        assert "Everybody was a customer already" in alike("customers", isCustomer=True)
        assert "to the end of the horizon" in svg(dfn.charts.calibration(short))
        assert "Nobody came in this time" in svg(dfn.charts.calibration(recorded(tmp_path / "empty", snapshot(0))))

    def test_what_it_can_not_draw_is_refused(self) -> None:
        found = self.found(("a", 0.1, 50, 5))
        with pytest.raises(TypeError, match=r"pass by='city' to dfn\.calibration"):
            dfn.charts.calibration(found, by="city")
        with pytest.raises(TypeError, match="A snapshot has predictions"):
            dfn.charts.calibration(dfn.Snapshot())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="top is 0"):
            dfn.charts.calibration(found, top=0)
