"""The second simulator gives what a history gives, and what is true of it is what it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from tests.forecast.simulated import RATE, START, Simulated, World, simulate

SMALL = World(days=3, arrivals=40, seed=5, gaps=((20, 21.5),), currencies={"USD": 2, "EUR": 1}, unmatched=0.2)
FRAMES = ("visitors", "events", "payments", "sessions", "polls")


@pytest.fixture(scope="module")
def small() -> Simulated:
    return simulate(SMALL)


@pytest.fixture(scope="module")
def history(small: Simulated, tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    with dfn.History(tmp_path_factory.mktemp("simulated")) as kept:
        kept.extend(small.rows)
    return kept


@pytest.mark.parametrize("name", FRAMES)
def test_its_frames_are_those_of_a_history(name: str, small: Simulated, history: dfn.History) -> None:
    ours, theirs = getattr(small, name)().collect(), getattr(history, name)().collect()
    assert_frame_equal(ours, theirs, check_row_order=False)
    since = START + timedelta(days=1)
    span = getattr(small, name)(since, since + timedelta(hours=9)).collect()
    assert_frame_equal(span, getattr(history, name)(since, since + timedelta(hours=9)).collect(), check_row_order=False)
    assert_frame_equal(small.gaps(), history.gaps())
    assert small.gaps().height == 1


def test_appending_its_snapshots_gives_the_same_rows(small: Simulated, tmp_path: Path) -> None:
    with dfn.History(tmp_path) as kept:
        moments = small.polls(START + timedelta(hours=19), START + timedelta(hours=23)).collect()["seen_at"]
        for moment in moments.gather_every(3):
            kept.append(small.at(moment))
    for name in ("visitors", "events", "payments", "sessions", "polls"):
        assert getattr(kept, name)().collect_schema() == getattr(small, name)().collect_schema()
    assert kept.gaps().height == 1


def test_a_snapshot_is_that_of_a_history(small: Simulated, history: dfn.History) -> None:
    when = START + timedelta(days=1, hours=15)
    ours, theirs = small.at(when), history.at(when)
    assert ours.visitors.height > 10
    shown = small.events().filter(pl.col("timestamp").is_between(when - timedelta(minutes=10), when, closed="right"))
    assert ours.events.height == shown.collect().height > ours.visitors.height
    assert_frame_equal(ours.visitors, theirs.visitors, check_row_order=False)
    assert_frame_equal(ours.events, theirs.events, check_row_order=False)
    assert ours.count == theirs.count == ours.visitors.height


def test_who_bought_of_those_in_a_snapshot_became_customers(small: Simulated) -> None:
    moments = [START + timedelta(days=1, minutes=it) for it in range(0, 1_440, 5)]
    bought = (
        pl.concat(small.bought(when, timedelta(hours=6)) for when in moments).unique().filter(pl.col("end") < small.end)
    )
    assert bought.height > 3
    paid = small.events().filter(pl.col("type") == "payment").collect()
    seen = bought.filter(~pl.col("strange")).join(paid, on="visitor_id")
    assert (seen["timestamp"] == seen["end"].cast(seen["timestamp"].dtype)).any()
    customers = small.visitors().filter("is_customer").collect()["visitor_id"]
    assert bought["visitor_id"].is_in(customers.implode()).all()


def test_each_knob_turns_what_it_says() -> None:
    world = World(days=20, arrivals=50, seed=1)
    plain = simulate(world).visits
    assert plain.filter("first").select(pl.col("buys").mean()).item() == pytest.approx(RATE, rel=0.15)
    assert plain.select((pl.col("predicted") / pl.col("chance")).mean()).item() == pytest.approx(1)
    twice = simulate(replace(world, bias=2.0)).visits
    assert twice.select((pl.col("predicted") / pl.col("chance")).median()).item() == pytest.approx(2)
    blind = simulate(replace(world, informed=False)).visits
    assert abs(blind.select(pl.corr("predicted", "chance", method="spearman")).item()) < 0.05
    changed = simulate(replace(world, change=(2.0, 0.5))).visits
    later = pl.col("start") >= START + timedelta(days=10)
    halves = changed.group_by(later=later).agg(pl.len(), pl.col("chance").mean()).sort("later")
    assert halves["len"][1] / halves["len"][0] == pytest.approx(2, rel=0.25)
    assert halves["chance"][1] / halves["chance"][0] == pytest.approx(0.5, rel=0.1)
    flat = replace(world, shape=(1.0,) * 168, returning=0.0)
    for overdispersion in (0.0, 0.5):
        hours = simulate(replace(flat, overdispersion=overdispersion)).visits
        counts = hours.group_by(pl.col("start").dt.truncate("1h")).len()["len"]
        mean, variance = float(counts.mean()), float(counts.var())  # type: ignore[arg-type]
        assert (variance - mean) / mean**2 == pytest.approx(overdispersion, abs=0.12)
    assert simulate(replace(world, predictions=False)).visitors().collect()["score"].null_count() > 0
