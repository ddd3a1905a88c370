"""How often the interval of a forecast's revenue holds what is paid, if that of its sales is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from datafast_nb.forecast.takings import Amounts, takings
from datafast_nb.forecast.traffic_level import Predictive, drawn

Numbers = np.ndarray[Any, np.dtype[np.float64]]

SALES = (0.5, 5.0, 50.0, 500.0)
RECORDED = (20, 100, 1_000)
SPREAD = 0.3  # of the number of sales around its mean, beyond chance


def revenue_table(
    moments: int = 600, expected: Sequence[float] = SALES, records: Sequence[int] = RECORDED, seed: int = 0
) -> pl.DataFrame:
    """Return the share of moments at which the interval holds what is paid, by expected sales and recorded payments.

    At each moment other payments were recorded. One sale in twenty is refunded.
    """
    draw, rows = np.random.default_rng(seed), []
    for mean in expected:
        sales = Predictive(np.ones(1), np.array([mean]), np.array([mean + (SPREAD * mean) ** 2]))
        for recorded in records:
            found = []
            for number in drawn(sales, moments, draw):
                paid, refunded = _payments(recorded, draw)
                _, low, high = takings(sales, Amounts(paid, refunded, 1.0, "amount", "USD"))
                came = sum(float(amounts.sum()) for amounts in _payments(int(number), draw))
                found.append((low <= came <= high, came < low, came > high))
            held, below, above = np.mean(found, axis=0)
            rows.append({"sales": mean, "recorded": recorded, "held": held, "below": below, "above": above})
    return pl.DataFrame(rows)


def _payments(sales: int, draw: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Draw the amounts of sales, and of those that are refunded."""
    paid = draw.lognormal(3.5, 0.8, sales)
    return paid, -paid[draw.random(sales) < 0.05]
