"""Tests whether more or less came true than predicted, beyond chance, and which error the test would find.

If the predictions hold, the number of conversions is a sum of independent events of these probabilities: it has a
Poisson-binomial distribution. Where few conversions are expected, the distribution is computed exactly; the interval of
observed over expected comes from the family in which the odds of all predictions are multiplied by one number, which is
that of Cox (*Biometrika* 45, 1958) with a slope of 1. Otherwise the distribution is approximated by the normal one, and
the interval comes from inverting the test, as Wilson's does for equal probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from datafast_nb.conversion import Z_95

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

ERROR: Final = 0.2
"""The error of the predictions that `power` refers to: this share more, or fewer, convert than was predicted."""

ENOUGH_POWER: Final = 0.8
"""The usual power of a study. Below it, finding no error means little."""

_TAIL: Final = 0.025
_FALSE_DISCOVERIES: Final = 0.05
_FEW: Final = 30.0  # variance below which the distribution is computed exactly
_MOST: Final = 1_000  # outcomes that are computed
_FARTHEST: Final = 60.0  # log-odds
_STEPS: Final = 60
_NOTHING: Final = 1e-12


class Agreement(NamedTuple):
    """How a number of conversions compares with what was predicted."""

    observed_over_expected: float | None
    observed_over_expected_low: float | None
    observed_over_expected_high: float | None
    p_value: float
    power: float


def with_agreement(table: pl.DataFrame, rates: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Add the columns of an `Agreement` to each row, and `within_noise`, which takes all rows into account.

    `rates` has the `keys` and `predicted`, with one row for each prediction. At most 5 % of tables of fair predictions
    have a row beyond noise.
    """
    listed = rates.group_by(keys or pl.lit(0).alias("_all")).agg("predicted")
    if keys:
        joined = table.join(listed, on=list(keys), how="left", nulls_equal=True, maintain_order="left")
    else:
        joined = table.hstack(listed.select("predicted")) if table.height else table.with_columns(predicted=None)
    found = [
        agreement(predicted.to_numpy(), conversions)
        for predicted, conversions in zip(joined["predicted"], table["conversions"], strict=True)
    ]
    schema = dict.fromkeys(Agreement._fields, pl.Float64)
    compared = table.hstack(pl.DataFrame(found, schema=schema, orient="row"))
    return compared.with_columns(within_noise=~discovered(pl.col("p_value"), _FALSE_DISCOVERIES))


def discovered(p_value: pl.Expr, rate: float) -> pl.Expr:
    """Return which p-values of a table are beyond chance; of those found, this share is found by chance at most.

    Benjamini and Hochberg (*Journal of the Royal Statistical Society B* 57, 1995).
    """
    bound = rate * p_value.rank("ordinal") / p_value.len()
    last = pl.when(p_value <= bound).then(p_value).max()
    return (p_value <= last).fill_null(value=False)


def agreement(rates: Numbers, conversions: int) -> Agreement:
    """Compare a number of conversions with the predicted probabilities."""
    mean, variance = float(rates.sum()), float((rates * (1.0 - rates)).sum())
    most = min(len(rates), math.ceil(max(conversions, 1.5 * mean) + 8.0 * math.sqrt(max(conversions, mean) + 1.0) + 30))
    make = _exact if variance < _FEW and most <= _MOST else _normal
    return make(rates, conversions, most)


# Many expected conversions


def _normal(rates: Numbers, conversions: int, _: int) -> Agreement:
    """Compare by the normal approximation."""
    mean, squares = float(rates.sum()), float((rates**2).sum())
    spread = math.sqrt(max(mean - squares, _NOTHING))
    far = Z_95 * spread
    a, b, c = mean**2 + Z_95**2 * squares, 2.0 * conversions * mean + Z_95**2 * mean, float(conversions) ** 2
    root = math.sqrt(max(b * b - 4.0 * a * c, 0.0))
    low, high = ((b + sign * root) / (2.0 * a) for sign in (-1, 1))

    def found(ratio: float) -> float:
        """Return the power of the test at this ratio."""
        middle = ratio * mean
        width = math.sqrt(max(middle - ratio**2 * squares, _NOTHING))
        return _above((mean + far - middle) / width) + _above((middle - mean + far) / width)

    p_value = 2.0 * _above(abs(conversions - mean) / spread)
    return Agreement(conversions / mean, low, high, p_value, min(found(1.0 + ERROR), found(1.0 - ERROR)))


def _above(z: float) -> float:
    """Return the probability that a standard normal variable exceeds a number."""
    return math.erfc(z / math.sqrt(2.0)) / 2.0


# Few expected conversions


def _exact(rates: Numbers, conversions: int, most: int) -> Agreement:
    """Compare by the Poisson-binomial distribution."""
    import numpy as np

    chances = distribution(rates, most)
    numbers, mean = np.arange(len(chances)), float(rates.sum())
    with np.errstate(divide="ignore"):
        logs = np.log(chances)

    def tilted(log_odds: float) -> Numbers:
        """Return the distribution with the odds of all predictions multiplied."""
        heights = logs + log_odds * numbers
        weights: Numbers = np.exp(heights - heights.max())
        weights /= weights.sum()
        return weights

    def at_least(it: Numbers) -> float:
        return float(it[conversions:].sum())

    def at_most(it: Numbers) -> float:
        return float(it[: conversions + 1].sum())

    def expected(it: Numbers) -> float:
        return float(it @ numbers)

    if mean < _NOTHING:
        return Agreement(None, None, None, 0.0 if conversions else 1.0, 0.0)
    low = 0.0 if conversions == 0 else expected(tilted(_solved(lambda it: at_least(tilted(it)) - _TAIL)))
    high = (
        float(len(rates))
        if conversions == len(rates)
        else expected(tilted(_solved(lambda it: _TAIL - at_most(tilted(it)))))
    )
    rejected = (np.cumsum(chances) <= _TAIL) | (np.cumsum(chances[::-1])[::-1] <= _TAIL)

    def found(ratio: float) -> float:
        """Return the power of the test at this ratio; 0 if there can't be that many conversions."""
        if ratio * mean >= len(rates):
            return 0.0
        return float(tilted(_solved(lambda it: expected(tilted(it)) - ratio * mean))[rejected].sum())

    p_value = min(1.0, 2.0 * min(at_least(chances), at_most(chances)))
    power = min(found(1.0 + ERROR), found(1.0 - ERROR))
    return Agreement(conversions / mean, low / mean, high / mean, p_value, power)


def _solved(rising: Callable[[float], float]) -> float:
    """Return the zero of an increasing function of the log-odds."""
    low, high = -_FARTHEST, _FARTHEST
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2.0


def distribution(rates: Numbers, most: int) -> Numbers:
    """Return the exact probabilities of 0, 1, … `most` conversions, given the predicted probabilities.

    The distributions of two halves are convolved, recursively. Nothing is subtracted, so small probabilities are as
    accurate as large ones.
    """
    import numpy as np

    folded = np.column_stack([1.0 - rates, rates])
    while len(folded) > 1:
        if len(folded) % 2:
            nobody = np.zeros((1, folded.shape[1]))
            nobody[0, 0] = 1.0
            folded = np.vstack([folded, nobody])
        one, other = folded[0::2], folded[1::2]
        folded = np.zeros((len(one), min(2 * one.shape[1] - 1, most + 1)))
        for number in range(one.shape[1]):
            end = min(folded.shape[1], number + other.shape[1])
            folded[:, number:end] += one[:, number : number + 1] * other[:, : end - number]
    return folded[0, : most + 1]
