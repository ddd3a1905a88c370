"""Intervals that stay valid however often you look.

A usual 95 % interval holds at one moment that was chosen in advance. If you look every day and stop at the first
difference, you are wrong far more often. Here, a mixture of alternatives is compared with each value in question: if
the value is the true one, the ratio of their likelihoods is a nonnegative martingale of mean 1, which ever exceeds 1/α
with a probability of at most α (Ville, *Étude critique de la notion de collectif*, 1939). The values at which it does
not are a confidence sequence: Robbins, *Annals of Mathematical Statistics* 41 (1970); Howard, Ramdas, McAuliffe and
Sekhon, *Annals of Statistics* 49 (2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from datafast_nb.forecast.scientific import scipy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Counts = NDArray[np.int64]

ALPHA: Final = 0.05
"""How often, at most, an interval ever misses the true value."""

_STEPS: Final = 50
_FARTHEST: Final = 12.0  # log odds ratio; beyond it, an end counts as unbounded
_REACH, _APART = 4.0, 0.1  # of the alternatives, in log odds ratios
_SPREAD: Final = math.log(2.0)  # two of three alternatives are from half to twice the odds


def rate_interval(successes: Counts, trials: Counts, alpha: float = ALPHA) -> tuple[Numbers, Numbers]:
    """Return a confidence sequence of rates: ends that hold at all times together with a probability of 1 − α.

    The alternatives are mixed by Jeffreys' prior, a beta distribution of ½ and ½; with it, the mixture has a closed
    form (Robbins 1970; the beta-binomial mixture of Howard et al. 2021). The interval of no trials is 0 to 1.
    """
    import numpy as np

    special = scipy("special")
    hits, misses = successes.astype(float), (trials - successes).astype(float)
    mixture = special.betaln(hits + 0.5, misses + 0.5) - special.betaln(0.5, 0.5)

    def excluded(rate: Numbers) -> NDArray[np.bool_]:
        known = special.xlogy(hits, rate) + special.xlog1py(misses, -rate)
        return np.asarray(mixture - known >= -math.log(alpha))

    middle = hits / np.maximum(trials, 1)
    middle = np.where(trials > 0, middle, 0.5)
    return _end(excluded, middle, np.zeros_like(middle)), _end(excluded, middle, np.ones_like(middle))


def _end(excluded: Callable[[Numbers], NDArray[np.bool_]], inside: Numbers, outside: Numbers) -> Numbers:
    """Return where the included values end between one that is and another, by bisection; the latter if it is too."""
    import numpy as np

    if not (out := excluded(outside)).any():
        return outside
    inner, outer = np.where(out, inside, outside), outside
    for _ in range(_STEPS):
        middle = (inner + outer) / 2.0
        beyond = excluded(middle)
        inner, outer = np.where(beyond, inner, middle), np.where(beyond, middle, outer)
    return outer


class Strata:
    """The outcomes of a group and of the others, one row for each span of time in which both came.

    Given how many of a span converted in all, the number of the group's is Fisher's noncentral hypergeometric, which
    depends on the odds ratio alone, and not on the rate of that span: what changes for everybody from hour to hour, or
    midway, makes no difference (Fisher, *Journal of the Royal Statistical Society* 98, 1935; Cox, *Journal of the Royal
    Statistical Society B* 20, 1958).

    Parameters
    ----------
    conversions, visitors
        Those of the group in each span.
    all_conversions, all_visitors
        Those of everybody.
    """

    def __init__(self, conversions: Counts, visitors: Counts, all_conversions: Counts, all_visitors: Counts) -> None:
        import numpy as np

        logs = scipy("special").gammaln
        self.conversions = conversions.astype(float)
        most = int(np.minimum(visitors, all_conversions).max(initial=0))
        self._numbers = np.arange(most + 1, dtype=float)

        def ways(of: Counts, chosen: Numbers) -> Numbers:
            """Return the logarithm of the number of ways to choose; minus infinity if there are none."""
            whole = of.astype(float)[:, None]
            possible = (chosen >= 0) & (chosen <= whole)
            some = np.where(possible, chosen, 0.0)
            count = logs(whole + 1.0) - logs(some + 1.0) - logs(whole - some + 1.0)
            return np.where(possible, count, -np.inf)

        theirs = all_conversions.astype(float)[:, None] - self._numbers
        ours = np.broadcast_to(self._numbers, theirs.shape)
        self._ways = ways(visitors, ours) + ways(all_visitors - visitors, theirs)

    def log_likelihood(self, log_odds: Numbers | float) -> tuple[Numbers, Numbers]:
        """Return the log likelihood of each row at a log odds ratio, except for a constant, and its derivative."""
        import numpy as np

        tilt = np.broadcast_to(np.asarray(log_odds, dtype=float), self.conversions.shape)
        heights = self._ways + tilt[:, None] * self._numbers
        top = heights.max(axis=1)
        weights = np.exp(heights - top[:, None])
        total = weights.sum(axis=1)
        mean = (weights @ self._numbers) / total
        return np.asarray(self.conversions * tilt - np.log(total) - top), np.asarray(self.conversions - mean)


class OddsRatios(NamedTuple):
    """The odds ratio of each group against the others, with a confidence sequence; 0 and infinity if unbounded."""

    ratio: Numbers
    low: Numbers
    high: Numbers


def alternatives() -> tuple[Numbers, Numbers]:
    """Return the log odds ratios that are mixed, and the logarithms of their weights: a normal distribution."""
    import numpy as np

    grid = np.arange(-round(_REACH / _APART), round(_REACH / _APART) + 1) * _APART
    weights = np.exp(-0.5 * (grid / _SPREAD) ** 2)
    return np.asarray(grid, dtype=float), np.asarray(np.log(weights / weights.sum()))


def odds_ratios(strata: Strata, group: Counts, alphas: Numbers) -> OddsRatios:
    """Return the odds ratio of each group against the others.

    Parameters
    ----------
    strata
        The rows of all groups.
    group
        The number of each row's group, from 0 on.
    alphas
        How often, at most, the interval of each group ever misses the true odds ratio.
    """
    import numpy as np

    count = len(alphas)

    def of_groups(log_odds: Numbers) -> tuple[Numbers, Numbers]:
        rows = strata.log_likelihood(log_odds[group])
        likelihood, slope = (np.bincount(group, weights=each, minlength=count).astype(float) for each in rows)
        return likelihood, slope

    grid, weights = alternatives()
    likelihoods = np.column_stack([of_groups(np.full(count, value))[0] for value in grid])
    mixture = scipy("special").logsumexp(likelihoods + weights, axis=1)
    limits = -np.log(alphas)

    def excluded(log_odds: Numbers) -> NDArray[np.bool_]:
        return np.asarray(mixture - of_groups(log_odds)[0] >= limits)

    low, high = np.full(count, -_FARTHEST), np.full(count, _FARTHEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        rising = of_groups(middle)[1] > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    best = (low + high) / 2.0
    bottom, top = (_end(excluded, best, np.full(count, sign * _FARTHEST)) for sign in (-1.0, 1.0))
    return OddsRatios(*(_odds(it) for it in (best, bottom, top)))


def _odds(log_odds: Numbers) -> Numbers:
    """Return the odds, 0 or infinity where they are beyond the reach of the search."""
    import numpy as np

    near = _FARTHEST - 1e-6
    return np.where(log_odds <= -near, 0.0, np.where(log_odds >= near, np.inf, np.exp(log_odds)))
