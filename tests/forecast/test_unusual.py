"""Whether a span was out of the ordinary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import datafast_nb as dfn
from datafast_nb.forecast.traffic_level import Predictive
from datafast_nb.forecast.unusual import p_value
from tests.forecast.simulated import START, Simulated, World, simulate
from tests.statistics.unusual_spans import unusual_table

NOW = START + timedelta(days=15, hours=13)
TEN = timedelta(minutes=10)


@pytest.fixture(scope="module")
def record() -> Simulated:
    return simulate(World(days=16, arrivals=60, seed=3))


def with_more(record: Simulated, copies: int, since: datetime = NOW, **columns: Any) -> Simulated:
    """Return the same record, where everyone of the hour from a moment on came several times, as somebody else."""
    hour = pl.col("session_start_time").is_between(since, since + timedelta(hours=1), closed="left")
    people = record.rows.visitors.filter(hour)
    others = [people.with_columns(pl.col("visitor_id") + f"-{copy}", **columns) for copy in range(copies)]
    events = record.rows.events.filter(pl.col("visitor_id").is_in(people["visitor_id"].unique().implode()))
    theirs = [
        events.with_columns(pl.col("visitor_id") + f"-{copy}", pl.col("event_id") + f"-{copy}")
        for copy in range(copies)
    ]
    rows = record.rows._replace(
        visitors=pl.concat([record.rows.visitors, *others]).sort("seen_at"),
        events=pl.concat([record.rows.events, *theirs]).sort("seen_at"),
    )
    return Simulated(record.world, rows, record.visits)


def test_a_quiet_span_is_usual_and_says_so(record: Simulated) -> None:
    found = dfn.unusual(record, (NOW, NOW + TEN), time_zone="Europe/Berlin")
    assert found.usual
    assert found.verdict == "usual"
    assert not found.table["unusual"].any()
    assert str(found).startswith("2026-01-20 14:00 to 14:10 Europe/Berlin: usual. ")
    assert " are usual, " in repr(found)
    assert set(found.table["dimension"].unique()) == {None, "channel", "country_code", "device"}
    assert (found.table["low"] <= found.table["high"]).all()


def test_the_counts_are_those_of_the_span(record: Simulated) -> None:
    found = dfn.unusual(record, (NOW, NOW + TEN), by="country_code").table
    within = pl.col("start").is_between(NOW, NOW + TEN, closed="left")
    whole = dict(found.filter(pl.col("dimension").is_null()).select("measure", "count").iter_rows())
    events = record.events(NOW, NOW + TEN).collect()
    assert whole["visitors"] == record.visits.filter(within).height
    assert whole["events"] == events.height
    assert whole["sales"] == events.filter(pl.col("type") == "payment").height
    groups = found.filter(pl.col("dimension").is_not_null(), measure="visitors")
    assert groups["count"].sum() == whole["visitors"]
    assert found.filter(pl.col("dimension").is_not_null(), measure="events")["count"].sum() == whole["events"]


def test_a_snapshot_is_compared_as_the_span_before_it(record: Simulated) -> None:
    when = NOW + TEN
    of_snapshot = dfn.unusual(record, record.at(when), by=None)
    of_span = dfn.unusual(record, (when - TEN, when + timedelta(microseconds=1)), by=None)
    assert of_snapshot.start == of_span.start
    assert of_snapshot.table["mean"].to_list() == pytest.approx(of_span.table["mean"].to_list(), rel=1e-6)
    for one, other in zip(of_snapshot.table["count"], of_span.table["count"], strict=True):
        assert one == pytest.approx(other, abs=2)  # the last minute is in the next snapshot


def test_an_hour_of_twice_as_many_is_found(record: Simulated) -> None:
    found = dfn.unusual(with_more(record, 1), (NOW, NOW + timedelta(hours=1)))
    assert not found.usual
    assert found.verdict == "more than usual"
    whole = found.table.filter(pl.col("dimension").is_null(), measure="visitors").row(0, named=True)
    assert whole["unusual"]
    assert whole["count"] > whole["high"]
    assert "more than usual. " in str(found)
    assert "Unusual: " in str(found)


def test_a_group_that_is_new_is_found_though_the_site_is_as_usual(record: Simulated) -> None:
    hour = pl.col("session_start_time").is_between(NOW, NOW + timedelta(hours=1), closed="left")
    some = hour & (pl.col("visitor_id").str.tail(1) == "7")
    marked = record.rows.visitors.with_columns(referrer=pl.when(some).then(pl.lit("https://news.example.com")))
    found = dfn.unusual(
        Simulated(record.world, record.rows._replace(visitors=marked), record.visits), (NOW, NOW + timedelta(hours=1))
    )
    assert found.verdict == "more than usual"
    beyond = found.table.filter("unusual")
    assert set(beyond["group"]) == {"news.example.com"}
    assert "channel news.example.com: " in str(found)


def test_silence_is_found(record: Simulated) -> None:
    hour = pl.col("seen_at").is_between(NOW, NOW + timedelta(hours=2))
    rows = record.rows._replace(visitors=record.rows.visitors.filter(~hour), events=record.rows.events.filter(~hour))
    found = dfn.unusual(Simulated(record.world, rows, record.visits), (NOW, NOW + timedelta(hours=1)))
    assert found.verdict == "fewer than usual"


def test_by_default_it_is_the_last_ten_minutes(record: Simulated) -> None:
    found = dfn.unusual(record, by=None)
    assert found.end - found.start == TEN + timedelta(microseconds=1)
    assert found.end > record.end
    assert found.table.height == 3


def test_the_trend_is_the_hours_before_with_what_was_usual(record: Simulated) -> None:
    found = dfn.unusual(record, (NOW, NOW + TEN), by=None)
    trend = found.trend("visitors", hours=24)
    assert trend.height == 24
    assert trend["end"].max() == NOW
    came = record.visits.filter(pl.col("start").is_between(NOW - timedelta(hours=1), NOW, closed="left")).height
    assert trend["count"][-1] == came
    inside = trend.select(pl.col("count").is_between("low", "high").mean()).item()
    assert inside > 0.75


def test_text_of_strangers_is_short_and_plain_in_the_sentence(record: Simulated) -> None:
    bad = "<img src=x>\u202e\n" * 50
    found = dfn.unusual(with_more(record, 2, utm_source=pl.lit(bad)), (NOW, NOW + timedelta(hours=1)))
    assert "\u202e" not in str(found)
    assert "\n" not in str(found)
    assert len(str(found)) < 1_000


@pytest.mark.parametrize("days", [0.5, 6.0])
def test_too_little_before_it_is_told(days: float) -> None:
    with pytest.raises(dfn.TooLittleRecordedError, match=r"at least 7 d of recorded time .* Keep recording"):
        dfn.unusual(simulate(World(days=days, arrivals=20)))


def test_a_span_that_was_not_recorded_is_told(record: Simulated) -> None:
    gap = simulate(World(days=9, arrivals=20, gaps=((200, 203),)))
    inside = START + timedelta(hours=201)
    with pytest.raises(dfn.TooLittleRecordedError, match="Only 0% of the time"):
        dfn.unusual(gap, (inside, inside + TEN))
    with pytest.raises(dfn.TooLittleRecordedError, match="Only 0%"):
        dfn.unusual(record, (record.end + TEN, record.end + 2 * TEN))


def test_nonsense_is_refused(record: Simulated) -> None:
    with pytest.raises(ValueError, match="not after it begins"):
        dfn.unusual(record, (NOW, NOW))
    with pytest.raises(ValueError, match="start has no time zone"):
        dfn.unusual(record, (datetime(2026, 1, 20), NOW))
    with pytest.raises(TypeError, match="Snapshot or two datetimes"):
        dfn.unusual(record, NOW)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no dimension 'planet'"):
        dfn.unusual(record, (NOW, NOW + TEN), by="planet")


def test_the_p_value_has_the_tails_of_student_s_t_as_far_as_the_variance_is_learned() -> None:
    usual = stats.nbinom(50.0**2 / 70.0, 50.0 / 120.0)
    it = Predictive(np.array([1.0]), np.array([50.0]), np.array([120.0]))
    for count, tail in ((20, usual.cdf(20)), (95, usual.sf(94))):
        one_side = stats.t.sf(stats.norm.isf(tail), 25 / (70 / 120) ** 2)
        assert one_side < p_value(it, count) <= 2 * one_side * (1 + 1e-9)
        assert one_side > tail
    assert p_value(it, 50) > 0.9
    assert 0 < p_value(it, 600) < p_value(it, 500) < 1e-9  # however far it is, farther is less likely


@pytest.mark.parametrize("mean", [0.3, 3.0, 7.0, 50.0])
def test_without_spread_the_p_value_is_that_of_blaker(mean: float) -> None:
    """It is the probability of all counts whose own tail is as unlikely, on either side."""
    it, usual, counts = Predictive(np.ones(1), np.array([mean]), np.array([mean])), stats.poisson(mean), np.arange(400)
    tails = np.minimum(usual.cdf(counts), usual.sf(counts - 1))
    for count in (0, 1, int(mean), int(1.5 * mean) + 1, int(2 * mean) + 3):
        exact = usual.pmf(counts)[tails <= tails[count] * (1 + 1e-9)].sum()
        assert p_value(it, count) == pytest.approx(exact, rel=1e-3)
        assert p_value(it, count) <= 2 * tails[count] * 1.001


def test_quiet_spans_are_seldom_called_unusual_and_doubled_hours_are_found() -> None:
    differ = unusual_table(2, ["hours differ"], [400.0])
    assert differ["quiet"].item() <= 0.002  # of 1,920 spans of two records; over many it is below 0.001
    assert differ["quiet events"].item() <= 0.002
    found = unusual_table(2, ["independent"], [30.0, 60.0])["doubled hour found"]
    assert found.min() >= 0.75  # type: ignore[operator] # 0.74 at 30 an hour with twice the smaller tail


def test_an_hour_that_the_clocks_skip_is_not_in_the_trend() -> None:
    record = simulate(World(days=84.5, arrivals=2, every=600, seed=3, gaps=((0, 24 * 70),)))
    span = (datetime(2026, 3, 30, 6, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC))
    hours = dfn.unusual(record, span, by=None, time_zone="Europe/Berlin").trend("visitors", 48)
    assert (hours["end"] - hours["start"]).unique().to_list() == [timedelta(hours=1)]
    assert hours["start"].is_unique().all()


def test_the_hour_that_comes_twice_is_compared_with_what_two_hours_bring() -> None:
    record = simulate(World(days=90.5, arrivals=12, every=600, seed=3, gaps=((0, 24 * 76),)))
    back = datetime(2026, 4, 4, 15, tzinfo=UTC)  # from here on, it is between 2 and 3 o'clock in Sydney for two hours
    span = (back + timedelta(hours=9), back + timedelta(hours=10))
    hours = dfn.unusual(record, span, by=None, time_zone="Australia/Sydney").trend("visitors", 24)
    two = pl.col("end") - pl.col("start") == timedelta(hours=2)
    twice, others = hours.filter(two).row(0, named=True), hours.filter(~two)
    assert hours.select(two.sum()).item() == 1
    assert others.height == 23
    assert twice["start"] == back
    assert twice["watched"] == 1.0
    came = pl.col("start").is_between(back, back + timedelta(hours=2), closed="left")
    assert twice["count"] == record.visits.filter(came).height > 0
    around = others.filter((pl.col("start") - back).abs() <= timedelta(hours=2))["mean"].mean()
    assert twice["mean"] == pytest.approx(2 * around, rel=0.25)


def test_what_is_older_than_eight_weeks_is_not_read(record: Simulated) -> None:
    asked: list[datetime | None] = []

    class Watched(Simulated):
        def visitors(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
            asked.append(start)
            return super().visitors(start, end)

        def sessions(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
            asked.append(start)
            return super().sessions(start, end)

        def events(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
            asked.append(start)
            return super().events(start, end)

    it = Watched(record.world, record.rows, record.visits)
    assert dfn.unusual(it, (NOW, NOW + TEN)).usual
    assert set(asked) == {NOW - timedelta(weeks=8)}
    long_ago = simulate(World(days=100.0, arrivals=5, every=3_600, gaps=((24.0 * 20, 24.0 * 95),)))
    with pytest.raises(dfn.TooLittleRecordedError, match="in eight weeks; before"):
        dfn.unusual(long_ago)


def test_a_snapshot_of_several_sites_is_refused(record: Simulated) -> None:
    snap = record.at(record.end)
    with pytest.raises(ValueError, match="several websites"):
        dfn.unusual(record, dfn.Snapshot.of_sites({"one": snap, "two": snap}))
