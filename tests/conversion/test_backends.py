"""Every function that takes a frame gives the same table for Polars, DuckDB and PySpark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.conversion import with_dimensions
from tests.conversion.tables import BAD_NUMBERS
from tests.spark import collected

MOMENT = datetime(2026, 2, 6, 15, tzinfo=UTC)
BASELINE = dfn.Baseline(0.025, 100.0)
STEPS = ["/", "/pricing", dfn.goal("signup")]
SALE = ["/pricing", "/checkout/*", dfn.payment()]

Make = Callable[[pl.DataFrame], Any]


def tainted(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Put a meaningless number into every tenth row of some columns."""
    row = pl.int_range(pl.len())
    numbers = pl.lit(pl.Series(BAD_NUMBERS)).gather(row // 10 % len(BAD_NUMBERS))
    return frame.with_columns(
        pl.when((row + place) % 10 == 0).then(numbers).otherwise(pl.col(name)).alias(name)
        for place, name in enumerate(columns)
    )


MEASURES = ("score", "confidence", "conversion_rate", "expected_value")


class Frames(NamedTuple):
    visitors: Any
    events: Any
    payments: Any
    later: Any


@cache
def given() -> Frames:
    """Return Polars frames of the demo site, with the visitors of another."""
    here, later = (dfn.demo.Site(seed=seed, visitors=400, clock=lambda: MOMENT).snapshot() for seed in (4, 5))
    visitors, other = (tainted(snap.visitors, *MEASURES) for snap in (here, later))
    return Frames(visitors, here.events, tainted(here.payments, "amount"), other)


# Each takes frames of one kind and gives a table of that kind.
CALLS: dict[str, Callable[[Frames], Any]] = {
    "breakdown": lambda it: dfn.breakdown(it.visitors, ["device", "channel"], baseline=BASELINE),
    "breakdown of pages without a baseline": lambda it: dfn.breakdown(it.visitors, ["page", "visit_kind"]),
    "breakdown of bands": lambda it: dfn.breakdown(it.visitors, ["score_band", "confidence_band"], min_visitors=5),
    "breakdown of overlapping groups": lambda it: dfn.breakdown(it.visitors, "dimension_matches", baseline=BASELINE),
    "breakdown with others": lambda it: dfn.breakdown(
        it.visitors,
        ["country_code", "is_customer"],
        top=5,
        min_visitors=10,
        order_by="visitors",
        include_customers=True,
    ),
    "breakdown with others and logit intervals": lambda it: dfn.breakdown(
        it.visitors, "country_code", top=7, ci="logit", baseline=BASELINE
    ),
    "summary": lambda it: dfn.summary(it.visitors, baseline=BASELINE),
    "drivers": lambda it: dfn.drivers(it.visitors, baseline=BASELINE),
    "drivers without a baseline": lambda it: dfn.drivers(it.visitors, min_visitors=10),
    "compare": lambda it: dfn.compare(it.visitors, it.later, by="country_code"),
    "opportunities": lambda it: dfn.opportunities(it.visitors, baseline=BASELINE),
    "opportunities, the first": lambda it: dfn.opportunities(it.visitors, top=3),
    "funnel": lambda it: dfn.funnel(it.events, STEPS),
    "funnel by groups": lambda it: dfn.funnel(it.events, STEPS, by=["device", "visit_kind"], visitors=it.visitors),
    "funnel with payments": lambda it: dfn.funnel(it.events, SALE, visitors=it.visitors, payments=it.payments),
    "funnel of visits": lambda it: dfn.funnel(
        it.events, STEPS[:2], by="channel", unit="visit", within="2m", visitors=it.visitors
    ),
    "journeys of visits": lambda it: dfn.journeys(it.events, top=None, length=2, visitors=it.visitors),
    "journeys": lambda it: dfn.journeys(it.events, top=None, length=3),
    "revenue": lambda it: dfn.revenue(it.payments),
    "revenue in one currency": lambda it: dfn.revenue(it.payments, rates={"EUR": 1.1, "GBP": 1.25}),
    "with_dimensions": lambda it: with_dimensions(it.visitors, "channel", "page", "score_band"),
}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def same(call: str, make: Make, collect: Callable[[Any], pl.DataFrame]) -> None:
    """Call the function with frames of another kind, and compare the result with that for Polars frames."""
    frames = given()
    expected = CALLS[call](frames)
    assert expected.height
    found = collect(CALLS[call](Frames(*map(make, frames))))
    if call == "with_dimensions":  # the one that does not sort
        keys = ["visitor_id"]
        found, expected = (it.select(*keys, "channel", "page", "score_band").sort(keys) for it in (found, expected))
    if call.startswith("opportunities") and not isinstance(make(frames.visitors), pl.LazyFrame):
        # An engine of its own has no factors, so that the reason says what matched instead of what moves the rate.
        assert found["reason"].str.len_chars().min() > 0  # type: ignore[operator]
        found, expected = found.drop("reason"), expected.drop("reason")
    assert_frame_equal(found, expected, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize("call", CALLS)
def test_a_polars_lazy_frame_gives_the_same_table(call: str) -> None:
    same(call, pl.DataFrame.lazy, pl.LazyFrame.collect)


@pytest.mark.parametrize("call", CALLS)
def test_a_duckdb_relation_gives_the_same_table(call: str, database: duckdb.DuckDBPyConnection) -> None:
    same(call, lambda frame: database.from_arrow(frame.to_arrow()), duckdb.DuckDBPyRelation.pl)


# The others use nothing else; it takes Spark seconds to plan one.
NOT_ON_SPARK = {
    *("breakdown of bands", "breakdown with others", "drivers without a baseline", "opportunities, the first"),
    *("funnel", "journeys", "revenue"),
}


@pytest.mark.parametrize("call", [call for call in CALLS if call not in NOT_ON_SPARK])
def test_a_pyspark_frame_gives_the_same_table(call: str, spark: Any) -> None:
    same(call, lambda frame: spark.createDataFrame(frame.to_arrow()), collected)
