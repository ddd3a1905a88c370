"""How well probabilities separate buyers from others, when a visitor may have several rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from datafast_nb.conversion import Z_95
from datafast_nb.forecast.scientific import scipy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Whole = NDArray[np.int64]

_LEAST: Final = 1e-6  # a probability never counts as impossible, nor as certain


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class Parts(NamedTuple):
    """The Brier score, which is `miscalibration` - `discrimination` + `uncertainty`."""

    brier: float
    miscalibration: float
    discrimination: float
    uncertainty: float


def by_visitor(values: Numbers, visitors: Whole) -> Numbers:
    """Add up the values of each visitor."""
    import numpy as np

    return np.bincount(visitors, weights=values).astype(np.float64)


def spread(values: Numbers, visitors: Whole) -> float:
    """Return the standard error of a sum of values of mean 0, where only different visitors are independent.

    Source: Liang and Zeger, *Biometrika* 73 (1986).
    """
    return math.sqrt(float((by_visitor(values, visitors) ** 2).sum()))


def auc(probabilities: Numbers, converted: Flags, visitors: Whole) -> Interval | None:
    """Return the area under the ROC curve: how often a buyer had a higher probability than one who did not buy.

    Ties count half. The variance is DeLong's (*Biometrics* 44, 1988) for clustered rows (Obuchowski, *Biometrics* 53,
    1997): that of the sum of each visitor's contributions. None if all bought, or nobody.
    """
    import numpy as np

    hits, size = int(converted.sum()), len(converted)
    misses = size - hits
    if not hits or not misses:
        return None
    rank = scipy("stats").rankdata
    overall = rank(probabilities)
    own = np.empty(size)
    own[converted], own[~converted] = rank(probabilities[converted]), rank(probabilities[~converted])
    above = (overall - own) / np.where(converted, misses, hits)
    placed = np.where(converted, above, 1.0 - above)
    value = float(placed[converted].mean())
    error = spread((placed - value) / np.where(converted, hits, misses), visitors)
    return Interval(value, max(0.0, value - Z_95 * error), min(1.0, value + Z_95 * error))


def log_losses(probabilities: Numbers, converted: Flags) -> Numbers:
    """Return the logarithmic score of each row: minus the logarithm of the probability of what happened."""
    import numpy as np

    known = np.clip(probabilities, _LEAST, 1.0 - _LEAST)
    result: Numbers = -np.log(np.where(converted, known, 1.0 - known))
    return result


def observed_over_expected(probabilities: Numbers, converted: Flags, visitors: Whole) -> Interval | None:
    """Return how many bought over how many should have, with an interval on the logarithmic scale.

    If nobody did, the upper end is that of a Poisson count of 0.
    """
    expected, observed = float(probabilities.sum()), float(converted.sum())
    if not expected:
        return None
    if not observed:
        return Interval(0.0, 0.0, -math.log(0.025) / expected)
    error = spread(converted - probabilities, visitors) / observed
    ratio = observed / expected
    return Interval(ratio, ratio * math.exp(-Z_95 * error), ratio * math.exp(Z_95 * error))


def brier_parts(probabilities: Numbers, converted: Flags) -> Parts:
    """Split the Brier score by the isotonic regression of what happened on the probabilities.

    Murphy's decomposition (*Journal of Applied Meteorology* 12, 1973) without bins: Dimitriadis, Gneiting and Jordan,
    *PNAS* 118 (2021), "CORP". `miscalibration` is 0 for probabilities that come true.
    """
    came = converted.astype(float)
    fitted = isotonic(probabilities, came)
    mean = came.mean()
    brier, best, constant = (float(((it - came) ** 2).mean()) for it in (probabilities, fitted, mean))
    return Parts(brier, brier - best, constant - best, constant)


def isotonic(scores: Numbers, came: Numbers, sizes: Numbers | None = None) -> Numbers:
    """Return, for each row, the nondecreasing function of its score that is nearest to what happened.

    By the algorithm of pooled adjacent violators; rows of equal scores are one. As SciPy's. A row counts as many times
    as `sizes` says, by default once.
    """
    import numpy as np

    _, place = np.unique(scores, return_inverse=True)
    each = np.ones(len(came)) if sizes is None else sizes
    size = np.bincount(place, weights=each)
    means = np.bincount(place, weights=came * each) / size
    fitted = scipy("optimize").isotonic_regression(means, weights=size).x
    result: Numbers = fitted[place]
    return result
