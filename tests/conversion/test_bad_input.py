"""Bad data that analysts meet: each gives a defined table, or an error that says what to do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import polars.selectors as cs
import pytest

import datafast_nb as dfn
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from tests.conversion.tables import BAD_NUMBERS, likelihood, payments, visitors

FUNCTIONS: dict[str, Callable[[dfn.Snapshot], pl.DataFrame]] = {
    "breakdown": lambda snap: dfn.breakdown(snap, ["channel", "device"]),
    "breakdown, the first": lambda snap: dfn.breakdown(snap, "country_code", top=2, ci="logit"),
    "breakdown of matches": lambda snap: dfn.breakdown(snap, "dimension_matches", include_customers=True),
    "summary": dfn.summary,
    "drivers": lambda snap: dfn.drivers(snap, min_visitors=0),
    "compare": lambda snap: dfn.compare(snap, snap, by="device"),
    "opportunities": dfn.opportunities,
    "funnel": lambda snap: dfn.funnel(snap, ["/", dfn.goal("signup"), dfn.payment()], by="device"),
    "journeys": dfn.journeys,
    "revenue": lambda snap: dfn.revenue(snap, rates={"EUR": 1.1}),
}
SITE = dfn.demo.Site(seed=2).snapshot()
ALL = {"device": "mobile", "country_code": "DE", "dimension_matches": ["device"]}


def nulls(schema: pl.Schema, rows: int = 3) -> pl.DataFrame:
    return pl.DataFrame({name: [None] * rows for name in schema}, schema=schema)


CASES: dict[str, dfn.Snapshot] = {
    "nobody": dfn.Snapshot(),
    "no predictions": dfn.demo.Site(seed=2, predictions=False).snapshot(),
    "no baseline": dfn.Snapshot(SITE.visitors, SITE.events, SITE.payments),
    "a baseline of zero": dfn.Snapshot(SITE.visitors, baseline=dfn.Baseline(0.0, 0.0)),
    "a baseline of NaN": dfn.Snapshot(SITE.visitors, baseline=dfn.Baseline(math.nan, math.nan)),
    "one visitor": dfn.Snapshot(visitors({**ALL, **likelihood(50, 0.5, 0.02, 1)})),
    "all customers": dfn.Snapshot(visitors(*[{**ALL, "is_customer": True, **likelihood(100, 1, 1, 9)}] * 3)),
    "every value null": dfn.Snapshot(nulls(VISITORS), nulls(EVENTS), nulls(PAYMENTS)),
    "a name of 10,000 characters": dfn.Snapshot(
        visitors({**ALL, "device": "x" * 10_000, "current_url": "/" + "y" * 10_000, **likelihood(50, 0.5, 0.02, 1)})
    ),
    "numbers that are none": dfn.Snapshot(
        visitors(*({**ALL, **dict.fromkeys(likelihood(0, 0, 0, 0), number)} for number in BAD_NUMBERS)),
        payments=payments(*({"amount": number, "currency": "EUR"} for number in BAD_NUMBERS)),
        baseline=dfn.Baseline(0.02, 100.0),
    ),
    "a baseline of next to nothing": dfn.Snapshot(SITE.visitors, baseline=dfn.Baseline(5e-324, 1.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_table_is_given_whose_numbers_are_numbers(function: str, name: str) -> None:
    table = FUNCTIONS[function](CASES[name])
    usual = FUNCTIONS[function](SITE)
    assert table.schema == usual.schema
    numbers = table.select(cs.float().is_finite().fill_null(value=True).all())
    assert all(numbers.row(0)) if numbers.width else True


def test_likelihoods_that_are_no_numbers_count_as_missing_everywhere() -> None:
    good, bad = likelihood(50, 0.6, 0.02, 4), dict.fromkeys(likelihood(0, 0, 0, 0), math.nan)
    snap = dfn.Snapshot(
        visitors(*({**ALL, "visitor_id": name, **each} for name, each in zip("abc", (good, bad, good), strict=True)))
    )
    assert dfn.drivers(snap).select("visitors", "scored", "predicted_rate").rows() == [(3, 2, 0.02)]
    assert dfn.opportunities(snap).height == 2
    assert dfn.compare(snap, snap, by="device").select("scored_before", "change").rows() == [(2, 0.0)]


def test_numbers_out_of_their_range_count_as_missing() -> None:
    good = likelihood(50, 0.6, 0.02, 4)
    frame = visitors(
        good,
        {**good, "conversion_rate": 1.7},
        {**good, "conversion_rate": -0.1, "confidence": 1.01},
        {**good, "expected_value": 1e13},
        {**good, "score": 150.0},
    )
    figures = ("visitors", "scored", "confident", "confidence", "predicted_rate", "expected_value")
    assert dfn.breakdown(frame, "device").select(figures).rows() == [(5, 4, 3, 0.6, 0.02, 12.0)]
    assert dfn.breakdown(frame, "score_band")["score_band"].to_list() == ["40–60", None]
    assert dfn.revenue(payments({"amount": 5.0}, {"amount": 1e13}))["amount"].to_list() == [5.0]


def test_mixed_currencies_stay_apart_and_so_do_those_without_a_rate() -> None:
    paid = payments(*({"amount": 10.0, "currency": code} for code in ("EUR", "eur ", "USD", "XYZ", None)))
    assert dfn.revenue(paid).select("currency", "amount").rows() == [
        ("EUR", 20.0),
        ("USD", 10.0),
        ("XYZ", 10.0),
        (None, 10.0),
    ]
    assert dfn.revenue(paid, rates={"eur": 1.5}).select("currency", "payments", "amount", "median").rows() == [
        ("USD", 3, 40.0, 15.0),
        ("XYZ", 1, 10.0, 10.0),
        (None, 1, 10.0, 10.0),
    ]
    assert dfn.revenue(paid, rates={"USD": 0.5}, currency="EUR")["amount"].to_list() == [25.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("rates", "error", "message"),
    [
        ({"EUR": 0}, ValueError, "rate of 'EUR' is 0; give a positive number"),
        ({"EUR": math.nan}, ValueError, "give a positive number"),
        ({"EUR": math.inf}, ValueError, "give a positive number"),
        ({"EUR": 10**400}, ValueError, "positive number up to 1,000,000,000,000"),
        ({"EUR": "1.1"}, TypeError, "rate of 'EUR' is '1.1': it must be a number"),
        ({"USD": 1.2}, ValueError, "is the reporting currency"),
        ({3: 1.2}, TypeError, "by their code"),
        (1.08, TypeError, "what a unit of each currency is worth"),
    ],
)
def test_what_is_no_rate_is_refused(rates: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        dfn.revenue(payments(), rates=rates)


def test_an_unknown_dimension_of_10_000_characters_is_cut_off_in_the_message() -> None:
    with pytest.raises(ValueError, match="There is no dimension") as caught:
        dfn.breakdown(SITE, "x" * 10_000)
    assert len(str(caught.value)) < 1_500


@pytest.mark.parametrize("function", ["funnel", "drivers", "opportunities", "journeys"])
def test_a_frame_that_lacks_a_column_is_refused_by_the_column_s_name(function: str) -> None:
    call: Any = getattr(dfn, function)
    options = {"steps": ["/"]} if function == "funnel" else {}
    with pytest.raises(ValueError, match=r"has no column '\w+'.*which .* needs"):
        call(pl.DataFrame({"a": [1]}), **options)
