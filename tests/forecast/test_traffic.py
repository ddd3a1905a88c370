"""What the next hour, day or week will bring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from tests.forecast.simulated import START, Simulated, World, simulate

NOW = START + timedelta(days=18, hours=13, minutes=20)
ENDS = ("mean", "low", "high")


@pytest.fixture(scope="module")
def record() -> Simulated:
    return simulate(World(days=20, arrivals=25, seed=3))


def row(found: dfn.forecast.Forecast, measure: str, period: str) -> dict[str, Any]:  # type: ignore[name-defined]
    return found.table.row(by_predicate=(pl.col("measure") == measure) & (pl.col("period") == period), named=True)


def test_it_is_a_row_for_each_measure_and_period_and_a_sentence(record: Simulated) -> None:
    found = dfn.forecast(record, "1d", now=NOW, time_zone="Europe/Berlin")
    periods = ["next 1d", "so far today", "rest of today", "today"]
    assert found.table.select("period", "measure").rows() == [
        (period, measure) for period in periods for measure in ("visitors", "sales", "revenue")
    ]
    assert found.table.select((pl.col("low") <= pl.col("mean")) & (pl.col("mean") <= pl.col("high"))).to_series().all()
    assert found.steps.height == 3 * 24
    assert found.steps["start"].min() == NOW
    assert (found.horizon, found.now, found.time_zone) == ("1d", NOW, "Europe/Berlin")
    assert str(found).startswith("Next 24 hours: ")
    assert "learned from 18 d 13 h of watched time" in repr(found)
    assert "of revenue ($" in repr(found)


@pytest.mark.parametrize(
    ("measure", "ends", "words"),
    [
        ("sales", (0.034, 0.0, 0.0), "0.03 sales (on average, mostly none)"),
        ("revenue", (1.7, 0.0, 0.0), "$1.70 of revenue (on average, mostly none)"),
        ("sales", (0.3, 0.0, 1.0), "0.3 sales (0 to 1)"),
        ("visitors", (0.0, 0.0, 0.0), "0.0 visitors (0 to 0)"),
    ],
)
def test_no_mean_is_told_beside_an_interval_that_does_not_hold_it(
    measure: str, ends: tuple[float, ...], words: str
) -> None:
    row = dict(zip(ENDS, ends, strict=True)) | {"measure": measure, "currency": "USD"}
    assert dfn.forecast.Forecast.row_in_words(row) == words  # type: ignore[attr-defined]


def test_what_came_is_within_it(record: Simulated) -> None:
    visits = record.visits.filter(pl.col("start").is_between(NOW, NOW + timedelta(days=1)))
    sold = record.visits.filter("buys", pl.col("end").is_between(NOW, NOW + timedelta(days=1)))
    found = dfn.forecast(record, "1d", now=NOW)
    for measure, came in {
        "visitors": visits["visitor_id"].n_unique(),
        "sales": sold.height,
        "revenue": sold["amount"].sum(),
    }.items():
        it = row(found, measure, "next 1d")
        assert it["low"] <= came <= it["high"]
        assert it["high"] < 3 * it["mean"]


def test_nothing_recorded_later_is_used(record: Simulated) -> None:
    class Past(Simulated):
        """The same record, as it was then."""

        def __init__(self) -> None:
            self._whole = record
            self._polls = record.polls(None, NOW + timedelta(microseconds=1)).collect()

        def _before(self, name: str, end: datetime | None) -> pl.LazyFrame:
            last = NOW + timedelta(microseconds=1)
            frame: pl.LazyFrame = getattr(self._whole, name)(None, min(end or last, last))
            return frame

        def visitors(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
            return self._before("visitors", end)

        def events(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
            return self._before("events", end)

        def payments(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
            return self._before("payments", end)

        def sessions(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
            return self._before("sessions", end)

    then, later = dfn.forecast(Past(), "1h"), dfn.forecast(record, "1h", now=NOW)
    assert then.now == later.now
    assert then.table.equals(later.table)


def test_today_is_what_was_seen_and_the_rest(record: Simulated) -> None:
    found = dfn.forecast(record, "1h", now=NOW, time_zone="America/New_York")
    midnight = NOW.replace(hour=5, minute=0)
    seen = record.visits.filter(pl.col("start").is_between(midnight, NOW))["visitor_id"].n_unique()
    so_far = row(found, "visitors", "so far today")
    assert so_far["mean"] == pytest.approx(seen, abs=2)  # who came in the last minute may not have been seen yet
    assert so_far["low"] == so_far["high"] == so_far["mean"]
    for end in ENDS:
        parts = [row(found, "visitors", period)[end] for period in ("so far today", "rest of today")]
        assert row(found, "visitors", "today")[end] == pytest.approx(sum(parts))


def test_a_visitor_counts_once_in_a_week(record: Simulated) -> None:
    week = dfn.forecast(record, "7d", now=NOW)
    hours = week.steps.filter(measure="visitors")["mean"].sum()
    assert 0.8 < row(week, "visitors", "next 7d")["mean"] / hours < 0.95


def test_a_gap_is_not_quiet_time() -> None:
    whole = simulate(World(days=16, arrivals=25, seed=4))
    half = simulate(World(days=16, arrivals=25, seed=4, gaps=tuple((24 * day + 1, 24 * day + 15) for day in range(15))))
    means = [row(dfn.forecast(it, "1d"), "visitors", "next 1d")["mean"] for it in (whole, half)]
    assert means[1] == pytest.approx(means[0], rel=0.15)
    assert dfn.forecast(half, "1d").watched < timedelta(days=8)


def test_the_same_forecast_twice_is_the_same(record: Simulated) -> None:
    one, other = (dfn.forecast(record, "1h", now=NOW) for _ in range(2))
    assert one.table.equals(other.table)


def test_several_currencies_are_never_added_up() -> None:
    two = simulate(World(days=4, arrivals=60, seed=5, currencies={"USD": 2, "EUR": 1}))
    found = dfn.forecast(two, "1d")
    assert row(found, "revenue", "next 1d")["mean"] is None
    assert row(found, "sales", "next 1d")["mean"] > 0
    assert "EUR and USD" in str(found)
    assert "rates=" in str(found)
    priced = dfn.forecast(two, "1d", rates={"EUR": 1.1})
    assert row(priced, "revenue", "next 1d")["currency"] == "USD"
    assert not priced.notes
    assert "no rate for EUR" in str(dfn.forecast(two, "1d", rates={"GBP": 1.3}))


def test_one_other_currency_is_told_in_its_own() -> None:
    found = dfn.forecast(simulate(World(days=4, arrivals=60, seed=5, currencies={"EUR": 1})), "1d")
    assert row(found, "revenue", "next 1d")["currency"] == "EUR"
    assert "€" in str(found)


def test_without_a_sale_there_may_still_be_one() -> None:
    world = World(days=4, arrivals=30, seed=6, change=(1.0, 0.0))
    none = simulate(world)
    none = Simulated(
        world,
        none.rows._replace(
            payments=none.rows.payments.clear(), events=none.rows.events.filter(pl.col("type") == "pageview")
        ),
        none.visits,
    )
    found = dfn.forecast(none, "1d")
    sales = row(found, "sales", "next 1d")
    assert 0 < sales["mean"] < 0.3
    assert (sales["low"], sales["high"]) in {(0, 0), (0, 1)}  # by how likely one is
    assert row(found, "revenue", "next 1d")["mean"] is None
    assert "no payment was recorded" in str(found)


@pytest.mark.parametrize(("days", "horizon"), [(1 / 24, "1h"), (2.0, "1d"), (10.0, "7d")])
def test_too_little_is_told_with_what_to_record(days: float, horizon: Any) -> None:
    with pytest.raises(dfn.TooLittleRecordedError, match=r"needs at least .* of recorded time .* Keep recording"):
        dfn.forecast(simulate(World(days=days, arrivals=30)), horizon)


def test_nothing_before_that_moment_is_too_little(record: Simulated) -> None:
    with pytest.raises(dfn.TooLittleRecordedError, match="there is nothing"):
        dfn.forecast(record, "1h", now=START - timedelta(days=1))


def test_nonsense_is_refused(record: Simulated) -> None:
    with pytest.raises(ValueError, match="1h, 1d, 7d"):
        dfn.forecast(record, "2d")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time zone"):
        dfn.forecast(record, time_zone="Berlin")
    with pytest.raises(ValueError, match="now has no time zone"):
        dfn.forecast(record, now=datetime(2026, 1, 20))
    with pytest.raises(ValueError, match="positive"):
        dfn.forecast(record, now=NOW, rates={"EUR": 0})


def test_a_history_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(dfn.NotRecordedError, match="no history"):
        dfn.forecast(dfn.History(tmp_path / "nothing"))


def test_names_and_addresses_are_not_needed(record: Simulated) -> None:
    blank = {name: pl.lit(None, pl.String) for name in ("customer_name", "customer_email", "display_name")}
    rows = record.rows._replace(
        visitors=record.rows.visitors.with_columns(**blank),
        payments=record.rows.payments.with_columns(name=blank["customer_name"], email=blank["customer_email"]),
    )
    blanked = Simulated(record.world, rows, record.visits)
    one, other = (dfn.forecast(it, "1h", now=NOW) for it in (record, blanked))
    assert one.table.equals(other.table)


def test_an_amount_that_makes_no_sense_is_not_added_up(record: Simulated) -> None:
    nonsense = pl.when(pl.int_range(pl.len()) % 3 == 0).then(float("inf"))
    nonsense = nonsense.when(pl.int_range(pl.len()) % 3 == 1).then(float("nan")).otherwise("amount")
    rows = record.rows._replace(payments=record.rows.payments.with_columns(amount=nonsense))
    found = dfn.forecast(Simulated(record.world, rows, record.visits), "1h", now=NOW)
    revenue = found.table.filter(measure="revenue")
    assert revenue.select(pl.col(*ENDS).is_finite().all()).row(0) == (True, True, True)
    assert 0 < row(found, "revenue", "so far today")["mean"] < 1e6


@pytest.mark.parametrize("hour", [4, 5, 12])
def test_a_day_may_begin_at_one_o_clock(hour: int) -> None:
    began = datetime(2026, 3, 8, 5, tzinfo=UTC)  # in Havana, where clocks went from midnight to one
    record = simulate(World(days=62.6, arrivals=2, every=600, seed=3, gaps=((0, 24 * 56),)))
    now = began.replace(hour=hour)
    found = dfn.forecast(record, "1d", now=now, time_zone="America/Havana")
    today = row(found, "visitors", "so far today")["mean"]
    came = record.visits.filter(pl.col("start") >= began, pl.col("start") < now)["visitor_id"].n_unique()
    assert today == came if now >= began else today > 0


@pytest.mark.parametrize("apart", [-2, 2])
def test_a_sale_and_its_payment_on_both_sides_of_an_hour_are_one(record: Simulated, apart: int) -> None:
    """Each purchase is moved to the edge of its hour, and its payment to the other side of it."""
    edge = pl.col("timestamp").dt.truncate("1h") + timedelta(hours=1, seconds=-1 if apart > 0 else 1)
    bought, views = pl.col("type") == "payment", record.rows.events
    rows = record.rows._replace(
        events=views.with_columns(timestamp=pl.when(bought).then(edge).otherwise("timestamp")),
        payments=record.rows.payments.with_columns(timestamp=edge + timedelta(seconds=apart)),
    )
    moved = Simulated(record.world, rows, record.visits)
    now = NOW + timedelta(minutes=20)  # midway between the edges
    means = [row(dfn.forecast(it, "1d", now=now), "sales", "next 1d")["mean"] for it in (record, moved)]
    assert means[1] == pytest.approx(means[0], rel=0.1)
