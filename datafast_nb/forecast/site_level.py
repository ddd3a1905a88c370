"""The site's level: how many buy for each that the formula expects, as it moves with the days.

What the formula expects is right on average over the record, but sites drift and change. So the level is a gamma
variable that follows the days: each day's purchases update it, and in between it forgets a share of what it knew. How
much it forgets is learned from how well each day would have been predicted. It is the Poisson model of Harvey and
Fernandes (*Journal of Business & Economic Statistics* 7, 1989), with the shares averaged by their likelihood.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

from datafast_nb.forecast.scientific import scipy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_KEPT: Final = (1.0, 0.99, 0.97, 0.94, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)  # share of what is known that is kept
_STEADY: Final = 0.3  # how likely a site is beforehand to be one whose level never moves
_LONGEST: Final = timedelta(days=1)
_SHORTEST: Final = timedelta(hours=1)
_PARTS: Final = 14
_FARTHEST: Final = 30  # parts over which it forgets
_LEAST: Final = 0.2


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The level at the end of a record: a mixture of gamma distributions.

    Attributes
    ----------
    until
        The last moment learned from.
    every
        Seconds after which a share of what is known is forgotten.
    kept
        That share's complement, one for each part of the mixture.
    weights
        How likely each is.
    shapes, rates
        Of the gamma distributions.
    """

    until: datetime
    every: float
    kept: tuple[float, ...]
    weights: tuple[float, ...]
    shapes: tuple[float, ...]
    rates: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean level."""
        return sum(w * a / b for w, a, b in zip(self.weights, self.shapes, self.rates, strict=True))


def learned(rows: pl.DataFrame, dispersion: float, prior: float) -> Level:
    """Return the level after rows with `moment`, `converted` and `expected`.

    Parameters
    ----------
    rows
        Prospect-moments, in order of time.
    dispersion
        How many rows count as one: a visitor is there at several moments.
    prior
        How many expected purchases the belief that the formula is right is worth.
    """
    import numpy as np

    times = rows["moment"]
    first, last = times[0], times[-1]
    every = min(_LONGEST, max(_SHORTEST, (last - first) / _PARTS))
    number = (pl.col("moment") - first).dt.total_microseconds() // round(every.total_seconds() * 1e6)
    days = rows.group_by(part=number).agg(pl.col("converted").sum(), pl.col("expected").sum()).sort("part")
    kept = np.array(_KEPT)
    shape, rate, likelihood = np.full(len(kept), prior), np.full(len(kept), prior), np.zeros(len(kept))
    passed = pl.col("part").cast(pl.Int64).diff().fill_null(1).clip(upper_bound=_FARTHEST)  # more than 1 after a gap
    for came, expected, parts in days.select(pl.col("converted", "expected") / dispersion, passed).rows():
        shape, rate = _forgotten(shape, rate, kept**parts)
        likelihood += _log_likelihood(came, expected, shape, rate)
        shape, rate = shape + came, rate + expected
    beforehand = np.where(kept == 1.0, _STEADY, (1.0 - _STEADY) / (len(kept) - 1))
    weights = beforehand * np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    return Level(
        until=last,
        every=every.total_seconds(),
        kept=_KEPT,
        weights=tuple(weights.tolist()),
        shapes=tuple(shape.tolist()),
        rates=tuple(rate.tolist()),
    )


def draws(level: Level, when: datetime, size: int, seed: int) -> Numbers:
    """Draw levels at a moment, in ascending order: the later it is, the more they differ."""
    import numpy as np

    ahead = min(max(1.0, (when - level.until).total_seconds() / level.every), _FARTHEST)
    draw = np.random.default_rng(seed)
    kept = np.array(level.kept) ** ahead
    shape, rate = _forgotten(np.array(level.shapes), np.array(level.rates), kept)
    many = 64 * size
    part = draw.choice(len(kept), many, p=np.array(level.weights))
    drawn = np.sort(draw.gamma(shape[part]) / rate[part])
    middle: Numbers = drawn.reshape(size, 64).mean(axis=1)
    return middle


def _forgotten(shape: Numbers, rate: Numbers, kept: Numbers) -> tuple[Numbers, Numbers]:
    """Forget a share of what is known; the mean stays, and the level is never quite unknown."""
    import numpy as np

    share = np.maximum(kept, np.minimum(1.0, _LEAST / shape))
    return shape * share, rate * share


def _log_likelihood(came: float, expected: float, shape: Numbers, rate: Numbers) -> Numbers:
    """Return the logarithm of the negative binomial probability of a count."""
    import numpy as np

    gammaln = scipy("special").gammaln
    result: Numbers = (
        gammaln(shape + came)
        - gammaln(shape)
        - gammaln(came + 1.0)
        + shape * np.log(rate / (rate + expected))
        + came * np.log(max(expected, 1e-300) / (rate + expected))
    )
    return result
