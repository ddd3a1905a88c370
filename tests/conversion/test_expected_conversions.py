"""How many will convert if the predictions hold: the bounds beside SciPy's exact Poisson-binomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import poisson_binom

import datafast_nb as dfn
from tests.conversion.tables import likelihood, visitors

Rates = np.ndarray[Any, np.dtype[np.float64]]
SHAPES = {
    "low and even": lambda draw, size: draw.uniform(0, 0.02, size),
    "skewed": lambda draw, size: np.minimum(draw.exponential(0.03, size), 1),
    "one rare high rate": lambda draw, size: np.where(draw.uniform(size=size) < 0.03, 0.5, 0.01),
    "anything": lambda draw, size: draw.uniform(0, 1, size),
    "nearly sure, this way or that": lambda draw, size: draw.beta(0.2, 0.2, size),
    "nearly all convert": lambda draw, size: 1 - draw.uniform(0, 0.05, size),
    "all alike": lambda draw, size: np.full(size, draw.uniform() ** 3),
}
SIZES = (1, 2, 5, 10, 30, 100, 400)


def groups(each: dict[str, Rates]) -> pl.DataFrame:
    rows = pl.concat([pl.DataFrame({"device": name, "conversion_rate": rates}) for name, rates in each.items()])
    return rows.with_columns(score=50.0, confidence=0.6, expected_value=1.0, is_customer=pl.lit(value=False))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_bounds_hold_95_of_100_and_are_the_exact_ones_or_the_next_outside(shape: str) -> None:
    draw = np.random.default_rng(20)
    each = {f"{size} {turn}": SHAPES[shape](draw, size) for size in SIZES for turn in range(20)}
    low, high = "expected_conversions_low", "expected_conversions_high"
    table = dfn.breakdown(groups(each), "device").select("device", "expected_conversions", low, high)
    exact = 0
    for name, expected, found_low, found_high in table.rows():
        known = poisson_binom(each[name])
        at_most = known.cdf(np.arange(len(each[name]) + 1))
        assert expected == pytest.approx(known.mean())
        assert at_most[found_high] - (at_most[found_low - 1] if found_low else 0) >= 0.95 - 1e-9, each[name]
        bounds = tuple(np.searchsorted(at_most, [0.025 - 1e-12, 0.975 - 1e-12]))
        assert found_low in (bounds[0], bounds[0] - 1), each[name]
        assert found_high in (bounds[1], bounds[1] + 1), each[name]
        exact += (found_low, found_high) == bounds
    assert exact >= 0.7 * table.height


def test_nobody_is_expected_where_nobody_is_scored_and_everybody_where_all_are_sure() -> None:
    nobody = dfn.breakdown(visitors({}, {}), "device").row(0, named=True)
    assert [nobody[f"expected_conversions{end}"] for end in ("", "_low", "_high")] == [0.0, 0, 0]
    sure = dfn.breakdown(visitors(*[likelihood(50, 0.5, 1.0, 1)] * 3, likelihood(50, 0.5, 0.0, 1)), "device")
    assert [sure[f"expected_conversions{end}"].item() for end in ("", "_low", "_high")] == [3.0, 3, 3]


def test_a_share_realized_is_within_the_bounds_as_often_as_they_say() -> None:
    draw = np.random.default_rng(3)
    rates = np.minimum(draw.exponential(0.025, 250), 1)
    row = dfn.breakdown(groups({"a": rates}), "device").row(0, named=True)
    came = (draw.uniform(size=(4_000, 250)) < rates).sum(axis=1)
    held = (row["expected_conversions_low"] <= came) & (came <= row["expected_conversions_high"])
    assert held.mean() >= 0.94
    # The interval of the mean prediction is not about that.
    share = came / 250
    assert ((row["predicted_rate_low"] <= share) & (share <= row["predicted_rate_high"])).mean() < 0.6


def test_the_rest_has_the_bounds_of_its_visitors_as_one_group() -> None:
    draw = np.random.default_rng(4)
    each = {name: draw.uniform(0, 0.2, 40) for name in "abcd"}
    data = groups(each)
    rest = dfn.breakdown(data, "device", top=1).filter("is_other").row(0, named=True)
    first = dfn.breakdown(data, "device")["device"][0]
    by_hand = dfn.breakdown(data.filter(pl.col("device") != first).with_columns(device=pl.lit("x")), "device")
    for name in ("expected_conversions", "expected_conversions_low", "expected_conversions_high"):
        assert rest[name] == pytest.approx(by_hand[name].item())
