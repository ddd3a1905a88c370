"""Return rates are those of the visits that truly were, and a week that was not watched to its end has none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

import datafast_nb as dfn
from datafast_nb.forecast.cohorts import returned
from tests.forecast.simulated import START, Simulated, World, simulate
from tests.forecast.stays import HOUR, Stay, history

WORLD = {"days": 23.5, "arrivals": 12.0, "returning": 0.4, "every": 300.0}


@pytest.fixture(scope="module")
def record() -> Simulated:
    return simulate(World(**WORLD, seed=4))  # type: ignore[arg-type]


def true_returns(record: Simulated, zone: str) -> dict[tuple[date, int], tuple[int, int]]:
    """Count from the visits themselves who first came in a week, and who of them came so many weeks later."""
    visits = record.visits.with_columns(
        week=pl.col("start").dt.convert_time_zone(zone).dt.date().dt.truncate("1w"),
        first=pl.col("start").min().over("visitor_id"),
    ).filter(pl.col("first") >= START)
    visits = visits.with_columns(first_week=pl.col("week").min().over("visitor_id"))
    found: dict[tuple[date, int], tuple[int, int]] = {}
    for first, rows in visits.group_by("first_week"):
        size = rows["visitor_id"].n_unique()
        for week, later in rows.group_by("week"):
            weeks = (week[0] - first[0]).days // 7  # type: ignore[operator]
            found[first[0], weeks] = (size, later["visitor_id"].n_unique())  # type: ignore[index]
    return found


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_the_rates_are_those_of_the_true_visits(record: Simulated, zone: str) -> None:
    found, truth = dfn.cohorts(record, time_zone=zone), true_returns(record, zone)
    watched = found.rates.filter(status="watched")
    assert watched.height >= 3
    assert watched["returned"].sum() > 100
    for row in watched.iter_rows(named=True):
        size, back = truth.get((row["first_week"], row["week"]), (row["visitors"], 0))
        assert (row["visitors"], row["returned"]) == (size, back)
        low, high = proportion_confint(back, size, method="wilson")
        interval = (row["return_rate"], row["return_rate_low"], row["return_rate_high"])
        assert interval == pytest.approx((back / size, low, high), abs=1e-9)
    assert found.time_zone == zone


def test_a_week_that_is_not_over_has_no_rate(record: Simulated) -> None:
    rates = dfn.cohorts(record).rates
    last = rates.filter(first_week=START.date() + timedelta(weeks=1) * 2)
    assert last.select("week", "status", "return_rate", "return_rate_low").rows() == [(1, "not over", None, None)]
    assert last["returned"].item() > 0
    assert rates.filter(status="not over").height == 3
    assert (rates.filter(status="not over")["watched"] < 0.5).all()
    assert rates.select("first_week", "week").rows() == [
        (START.date() + timedelta(weeks=first), week) for first in range(3) for week in range(1, 4 - first)
    ]


def test_the_newest_week_is_a_cohort_without_a_rate(record: Simulated) -> None:
    found = dfn.cohorts(record)
    assert found.cohorts["first_week"].to_list() == [START.date() + timedelta(weeks=it) for it in range(4)]
    assert found.cohorts["watched"].to_list() == pytest.approx([1, 1, 1, 2.5 / 7], abs=0.001)
    assert found.coverage["counted"].item() == found.cohorts["visitors"].sum()
    assert "new visitors in 4 weeks (UTC), 1 of them recorded only in part. Of " in str(found)
    assert "came back in the week after" in str(found)


def test_a_week_in_which_the_record_began_is_told_as_a_part_of_one(record: Simulated) -> None:
    found = dfn.cohorts(record, start=START + timedelta(days=3.5))
    assert found.cohorts["watched"].to_list() == pytest.approx([0.5, 1.0, 1.0, 2.5 / 7], abs=1e-3)
    first = found.rates.filter(first_week=START.date())
    assert first["first_week_watched"].to_list() == pytest.approx([0.5] * 3, abs=1e-3)
    assert " in 4 weeks (UTC), 2 of them recorded only in part. Of " in repr(found)


def test_a_week_with_a_gap_has_no_rate_and_says_so() -> None:
    """Of the second week two days are missing: fewer were seen to come back than did."""
    gaps = simulate(World(**WORLD, gaps=((9 * 24, 11 * 24),), seed=4))  # type: ignore[arg-type]
    rates = dfn.cohorts(gaps).rates
    one = rates.row(0, named=True)
    assert (one["status"], one["return_rate"]) == ("gaps", None)
    assert one["watched"] == pytest.approx(5 / 7, abs=0.001)
    assert rates.filter(pl.col("status") == "watched").height == 2


def test_a_short_gap_does_not_matter() -> None:
    gaps = simulate(World(**WORLD, gaps=((9 * 24, 9 * 24 + 1),), seed=4))  # type: ignore[arg-type]
    assert dfn.cohorts(gaps).rates.row(0, named=True)["status"] == "watched"


def test_weeks_begin_on_monday_in_the_time_zone_also_when_clocks_change() -> None:
    """On Sunday 2026-03-29 Berlin's clocks go forward, so the week after begins an hour earlier in UTC."""
    monday = datetime(2026, 3, 29, 22, tzinfo=UTC)
    visits = pl.DataFrame({"visitor_id": ["a", "a", "b"], "since": [monday - timedelta(seconds=1), monday, monday]})
    edges = [monday - timedelta(hours=7 * 24 - 1), monday, monday + timedelta(weeks=1)]
    found = returned(visits, edges).sort("first", "later")
    assert found.rows() == [(0, 0, 1), (0, 1, 1), (1, 0, 1)]


def test_whoever_came_before_the_record_is_left_out_and_counted(tmp_path: Path) -> None:
    stays = [Stay("early", -600, HOUR), Stay("returning", 900, HOUR, {"visitCount": 2}), Stay("new", 900, HOUR)]
    found = dfn.cohorts(history(tmp_path, stays, until=HOUR))
    assert found.coverage.row(0, named=True) == {"visitors": 3, "counted": 1, "truncated": 2}
    assert found.rates.is_empty()
    assert "No week after the first has been watched to its end yet" in str(found)
    assert "Left out of 3 visitors: 2 who first came before the record began." in str(found)


def test_a_customer_at_first_sight_can_come_back_too(tmp_path: Path) -> None:
    found = dfn.cohorts(history(tmp_path, [Stay("a", 900, HOUR, {"isCustomer": True})], until=HOUR))
    assert found.coverage["counted"].item() == 1


def test_bad_input_is_told(tmp_path: Path) -> None:
    with pytest.raises(dfn.TooLittleRecordedError, match=r"None of 0 visitors .* history\.record"):
        dfn.cohorts(history(tmp_path / "empty", [], until=HOUR))
    with pytest.raises(ValueError, match="not a time zone"):
        dfn.cohorts(history(tmp_path / "a", [Stay("a", 900, HOUR)], until=HOUR), time_zone="Mars")
