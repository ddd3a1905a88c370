"""How many will buy has the exact distribution, and its interval holds as often as it says."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from datafast_nb.forecast.expectation import Expected, in_groups, interval, poisson_binomial, revenue_interval


@pytest.mark.parametrize("size", [1, 2, 17, 300])
def test_the_distribution_is_an_exact_convolution(size: int) -> None:
    rates = np.random.default_rng(size).beta(1, 12, size)
    exact = np.ones(1)
    for rate in rates:
        exact = np.convolve(exact, [1 - rate, rate])
    found = poisson_binomial(rates[None, :])
    length = min(len(found), len(exact))
    assert found[:length] == pytest.approx(exact[:length], abs=1e-12)
    assert exact[length:].sum() < 1e-12
    assert found[:length] == pytest.approx(stats.poisson_binom.pmf(np.arange(length), rates), abs=1e-9)


def test_certain_and_impossible_purchases_count_exactly() -> None:
    assert poisson_binomial(np.array([[1.0, 1.0, 0.0]]))[:4] == pytest.approx([0, 0, 1, 0], abs=1e-12)
    assert poisson_binomial(np.zeros((1, 0)))[:2] == pytest.approx([1, 0], abs=1e-12)


def test_several_draws_are_averaged_and_groups_change_next_to_nothing() -> None:
    draw = np.random.default_rng(0)
    rates = draw.beta(1, 40, 5_000) * np.array([[0.5], [1.0], [1.5]])
    whole, grouped = poisson_binomial(rates), poisson_binomial(*in_groups(rates))
    assert whole.sum() == pytest.approx(1)
    alone = [poisson_binomial(each[None, :]) for each in rates]
    length = min(map(len, (whole, grouped, *alone)))
    assert whole[:length] == pytest.approx(np.mean([it[:length] for it in alone], axis=0), abs=1e-12)
    assert whole[:length].sum() == pytest.approx(1, abs=1e-6)
    assert grouped[:length] == pytest.approx(whole[:length], abs=1e-4)


def test_the_interval_holds_as_often_as_it_says_over_many_sites() -> None:
    means = np.linspace(0.02, 30, 400)
    held = []
    for mean in means:
        counts = np.arange(200)
        chances = stats.poisson.pmf(counts, mean)
        low, high = interval(chances)
        held.append(chances[low : high + 1].sum())
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)
    assert min(held) > 0.88


def test_revenue_is_a_sum_of_as_many_amounts() -> None:
    chances = stats.poisson.pmf(np.arange(100), 20.0)
    low, high = revenue_interval(chances, np.array([10.0] * 50), seed=1)
    assert (low, high) == pytest.approx((120, 290), abs=20)
    assert revenue_interval(np.array([1.0]), np.array([10.0]), seed=1) == (0, 0)
    spread = revenue_interval(chances, np.array([1.0] * 49 + [451.0]), seed=1)
    assert spread[1] - spread[0] > high - low


def test_it_prints_as_a_sentence() -> None:
    found = Expected(3.12, 1, 6, 140.0, 20.0, 341.5, "EUR", 1_204, timedelta(days=1))
    assert (
        str(found)
        == "3.1 sales (1 to 6) and €140.00 (€20.00 to €341.50) expected within 1 d from 1,204 prospects here now"
    )
    rare = Expected(0.07, 0, 0, 3.5, 0.0, 0.0, "EUR", 20, timedelta(days=1))
    assert str(rare) == (
        "0.07 sales (on average, mostly none) and €3.50 (on average, mostly none) expected within 1 d from "
        "20 prospects here now"
    )
    without = Expected(0.0, 0, 0, None, None, None, None, 1, timedelta(hours=1))
    assert str(without) == "0.0 sales (0 to 0) expected within 1 h from 1 prospect here now"
