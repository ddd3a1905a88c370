"""Predicted rates of known distributions, and frames of visitors who have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

Rates = np.ndarray[Any, np.dtype[np.float64]]


class Shape(NamedTuple):
    """A distribution of rates: how to draw, and its mean."""

    draw: Callable[[np.random.Generator, int], Rates]
    mean: float


SHAPES: Final = {
    "nearly even": Shape(lambda it, size: it.gamma(16, 0.025 / 16, size), 0.025),
    "somewhat skewed": Shape(lambda it, size: it.gamma(6, 0.025 / 6, size), 0.025),
    "skewed (exponential)": Shape(lambda it, size: it.exponential(0.025, size), 0.025),
    "one rare high rate": Shape(
        lambda it, size: np.where(it.uniform(size=size) < 0.03, 0.5, it.gamma(6, 0.01 / 6, size)),
        0.03 * 0.5 + 0.97 * 0.01,
    ),
}


def frame(rates: Rates, groups: Rates) -> pl.DataFrame:
    """Return visitors with these rates, in these groups of ``device``."""
    return pl.DataFrame({"device": groups, "conversion_rate": np.minimum(rates, 1.0)}).with_columns(
        pl.col("device").cast(pl.String),
        is_customer=pl.lit(value=False),
        score=pl.lit(50.0),
        confidence=pl.lit(0.6),
        expected_value=pl.lit(1.0),
    )
