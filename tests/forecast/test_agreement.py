"""The distribution and the tests of a calibration equal those of SciPy and statsmodels, and keep their promises."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from datafast_nb.forecast.agreement import Agreement, agreement, distribution, with_agreement


@pytest.mark.parametrize("size", [1, 2, 3, 17, 400])
def test_the_distribution_is_scipy_s(size: int) -> None:
    rates = np.random.default_rng(size).beta(1, 20, size)
    rates[0] = 1.0
    most = min(size, 60)
    found = distribution(rates, most)
    expected = stats.poisson_binom.pmf(np.arange(most + 1), rates)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("conversions", [0, 1, 3, 9, 20])
def test_equal_predictions_have_the_interval_of_clopper_and_pearson(conversions: int) -> None:
    found = agreement(np.full(100, 0.05), conversions)
    low, high = stats.binomtest(conversions, 100).proportion_ci(method="exact")
    assert found[1:3] == pytest.approx((low / 0.05, high / 0.05), rel=1e-6)
    below, above = stats.binom.cdf(conversions, 100, 0.05), stats.binom.sf(conversions - 1, 100, 0.05)
    assert found.p_value == pytest.approx(min(1.0, 2 * min(below, above)))


def test_many_equal_predictions_have_wilson_s_interval() -> None:
    found = agreement(np.full(10_000, 0.02), 230)
    wilson = stats.binomtest(230, 10_000).proportion_ci(method="wilson")
    assert found[1:3] == pytest.approx((wilson.low / 0.02, wilson.high / 0.02))
    assert found.observed_over_expected == pytest.approx(1.15)


@pytest.mark.parametrize("rate", [0.01, 0.3])
def test_power_is_how_often_an_error_is_found(rate: float) -> None:
    size = 400
    rejected = [number for number in range(size + 1) if agreement(np.full(size, rate), number).p_value <= 0.05]
    powers = [stats.binom.pmf(rejected, size, rate * ratio).sum() for ratio in (0.8, 1.2)]
    assert agreement(np.full(size, rate), 3).power == pytest.approx(min(powers), abs=0.03)


def test_an_interval_without_1_is_a_difference_and_one_with_it_is_none() -> None:
    draw = np.random.default_rng(0)
    for _ in range(200):
        rates = np.minimum(draw.lognormal(-3, 1, int(draw.integers(1, 2_000))), 1.0)
        found = agreement(rates, int((draw.uniform(size=len(rates)) < rates * draw.choice([0.5, 1, 1.5])).sum()))
        assert found.observed_over_expected_low is not None
        assert found.observed_over_expected_high is not None
        within = found.observed_over_expected_low <= 1 <= found.observed_over_expected_high
        assert within == (found.p_value > 0.05) or abs(found.p_value - 0.05) < 1e-6


@pytest.mark.parametrize(("rates", "conversions"), [([0.0], 0), ([0.0, 0.0], 1), ([1.0], 1), ([1.0] * 90, 90)])
def test_certainties_are_compared_too(rates: list[float], conversions: int) -> None:
    found = agreement(np.array(rates), conversions)
    assert all(it is None or math.isfinite(it) for it in found)
    assert found.p_value == pytest.approx(float(conversions == sum(rates)))


def test_rows_beyond_noise_are_those_of_benjamini_and_hochberg() -> None:
    draw = np.random.default_rng(1)
    rates = pl.DataFrame({"group": draw.integers(0, 30, 6_000), "predicted": draw.beta(2, 60, 6_000)})
    came = pl.Series(draw.uniform(size=6_000)) < rates["predicted"] * (1 + 3 * (rates["group"] < 3).cast(pl.Int8))
    table = rates.with_columns(came=came).group_by("group").agg(conversions=pl.col("came").sum())
    found = with_agreement(table, rates, ["group"])
    adjusted = stats.false_discovery_control(found["p_value"])
    assert found["within_noise"].to_list() == (adjusted > 0.05).tolist()
    assert 0 < (~found["within_noise"]).sum() < 8
    assert set(Agreement._fields) <= set(found.columns)


def test_groups_without_a_name_are_groups() -> None:
    rates = pl.DataFrame({"group": [None, "a"] * 50, "predicted": [0.1] * 100})
    table = pl.DataFrame({"group": ["a", None], "conversions": [5, 40]})
    assert with_agreement(table, rates, ["group"])["within_noise"].to_list() == [True, False]
