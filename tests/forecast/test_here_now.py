"""What those who are on the site now will buy, as part of a forecast."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.forecast.here_now import share_from_here, with_those_here
from datafast_nb.forecast.model import Model
from datafast_nb.forecast.traffic_level import Predictive
from tests.forecast.simulated import START, Simulated, World, simulate

HOUR = timedelta(hours=1)
NOW = START + timedelta(days=6, hours=15)


@pytest.fixture(scope="module")
def record() -> Simulated:
    return simulate(World(days=7, arrivals=60, every=300, seed=5))


@pytest.fixture(scope="module")
def model(record: Simulated) -> Model:
    return dfn.learn(record, "1h", end=START + timedelta(days=6))


class Visits:
    """A record of visits alone."""

    def __init__(self, *rows: tuple[str, int, int | None, bool]) -> None:
        minutes = pl.duration(minutes=pl.col("first_seen")), pl.duration(minutes=pl.col("left_at"))
        names = {"visitor_id": pl.String, "first_seen": pl.Int64, "left_at": pl.Int64, "is_customer": pl.Boolean}
        self.rows = pl.LazyFrame(rows, schema=names, orient="row").with_columns(
            first_seen=pl.lit(START) + minutes[0], left_at=pl.lit(START) + minutes[1]
        )

    def sessions(self, start: object, end: object) -> pl.LazyFrame:
        return self.rows

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        return frame.collect()


def bought(*rows: tuple[str, int]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"visitor_id": pl.String, "at": pl.Int64}, orient="row")
    return frame.select("visitor_id", converted_at=pl.lit(START) + pl.duration(minutes="at"))


def share(visits: Visits, first: pl.DataFrame, sales: float) -> float:
    return share_from_here(visits, first, sales, HOUR, START + timedelta(hours=5))  # type: ignore[arg-type]


def test_a_purchase_counts_by_how_long_its_buyer_was_there_before() -> None:
    visits = Visits(
        ("short", 100, 120, False), ("long", 0, None, False), ("back", 60, 70, False), ("back", 90, 99, False)
    )
    first = bought(("short", 115), ("long", 200), ("back", 95))
    assert share(visits, first, 3) == pytest.approx((15 / 60 + 1 + (10 + 5) / 60) / 3)
    assert share(visits, first, 6) == pytest.approx((15 / 60 + 1 + (10 + 5) / 60) / 6)  # three to customers


def test_who_was_gone_long_before_or_a_customer_already_does_not_count() -> None:
    visits = Visits(("gone", 0, 20, False), ("customer", 0, 100, True))
    assert share(visits, bought(("gone", 90), ("customer", 90)), 2) == 0.0
    assert share(visits, bought(), 0) == 0.0


def test_both_parts_are_added_up() -> None:
    usual = Predictive(np.array([0.5, 0.5]), np.array([10.0, 20.0]), np.array([15.0, 60.0]))
    found = with_those_here(usual, 0.4, np.array([0.25, 0.5, 0.25]))
    draw = np.random.default_rng(0)
    for place, (size, chance) in enumerate(((20.0, 2 / 3), (10.0, 1 / 3))):  # negative binomial of these moments
        later = draw.binomial(draw.negative_binomial(size, chance, 400_000), 0.6)
        both = later + draw.binomial(2, 0.5, 400_000)
        assert found.mean[place] == pytest.approx(both.mean(), rel=0.01)
        assert found.variance[place] == pytest.approx(both.var(), rel=0.02)


def test_a_model_takes_part_of_the_forecast(record: Simulated, model: Model) -> None:
    usual, found = (dfn.forecast(record, "1h", now=NOW, model=it) for it in (None, model))
    here = model.expected(record.at(NOW)).conversions
    means = [it.table.filter(period="next 1h", measure="sales")["mean"].item() for it in (usual, found)]
    assert here < means[1]
    assert means[1] != means[0]
    sold = found.steps.filter(measure="sales")
    assert sold["mean"].item() == means[1]
    other = pl.col("period") != "next 1h"
    assert found.table.filter(other).equals(usual.table.filter(other))
    assert found.table.filter(measure="visitors").equals(usual.table.filter(measure="visitors"))
    revenue = [it.table.filter(period="next 1h", measure="revenue")["mean"].item() for it in (usual, found)]
    assert revenue[1] / revenue[0] == pytest.approx(means[1] / means[0])


def test_more_people_on_the_site_make_more_sales(record: Simulated, model: Model) -> None:
    calm = model.chances(record.at(START + timedelta(days=6, hours=3)))
    busy = model.chances(record.at(NOW))
    assert calm.sum() == pytest.approx(1)
    assert busy @ np.arange(len(busy)) == pytest.approx(model.expected(record.at(NOW)).conversions)
    assert busy @ np.arange(len(busy)) > calm @ np.arange(len(calm))


def test_the_model_must_have_the_horizon_of_the_forecast(record: Simulated, model: Model) -> None:
    with pytest.raises(ValueError, match=r"within 1 h, .*next 24 hours.*learn\(history, horizon='1d'\)"):
        dfn.forecast(record, "1d", model=model)


def test_a_model_of_another_site_is_refused(record: Simulated, model: Model) -> None:
    elsewhere = pl.col("current_url").str.replace("example.com", "elsewhere.example")
    rows = record.rows._replace(visitors=record.rows.visitors.with_columns(elsewhere))
    with pytest.raises(dfn.ModelError, match=r"another website.*dfn\.learn\(history\)"):
        dfn.forecast(Simulated(record.world, rows, record.visits), "1h", now=NOW, model=model)
