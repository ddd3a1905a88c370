"""What a number of sales brings."""

from __future__ import annotations

import numpy as np
import pytest

from datafast_nb.forecast.takings import Amounts, takings
from datafast_nb.forecast.traffic_level import Predictive
from tests.statistics.revenue import revenue_table


def sales(mean: float) -> Predictive:
    return Predictive(np.ones(1), np.array([mean]), np.array([mean]))


def test_the_interval_holds_what_is_paid() -> None:
    table = revenue_table(200, (0.5, 50.0), (100,))
    assert table["held"].min() >= 0.90  # type: ignore[operator] # of 200; below that once in 500 times, if 95 % is true
    assert table["held"].max() < 1.0  # type: ignore[operator]


def test_where_nothing_may_come_all_that_is_outside_is_above() -> None:
    mean, low, high = takings(sales(1.0), Amounts(np.full(1_000, 10.0), np.zeros(0), 1.0, "amount", "USD"))
    assert (mean, low) == (pytest.approx(10.0), 0.0)
    assert high == pytest.approx(30.0, abs=0.01)  # 4 sales or more come in 2 % of cases, 3 or more in 8 %


def test_refunds_and_sales_without_an_amount_are_counted() -> None:
    of = Amounts(np.full(100, 10.0), np.full(20, -10.0), 0.5, "amount", "USD")
    mean, low, high = takings(sales(400.0), of)
    assert mean == pytest.approx(400 * 0.5 * (10 - 0.2 * 10))
    assert low < mean < high
