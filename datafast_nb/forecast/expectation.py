"""How many of those here now will buy, and what they will pay, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from datafast_nb.text import MOSTLY_NONE, duration, money, number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Whole = NDArray[np.int64]

_GROUPS: Final = 64  # of prospects with about the same probability
_OUTSIDE: Final = 0.05
_DEVIATIONS: Final = 12.0
_NEGLIGIBLE: Final = 40.0  # minus the logarithm
_FLAT: Final = 1e12  # the largest variance that is reckoned with
_SALES: Final = 4_000  # simulated totals of money
_MOST_AMOUNTS: Final = 500_000  # payments drawn; beyond, their sum is normal


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected from those who are on a site at a moment.

    Attributes
    ----------
    conversions, conversions_low, conversions_high : float, int, int
        How many of them will buy within the horizon: the mean, and a 95 % interval.
    revenue, revenue_low, revenue_high : float or None
        What they will pay with that purchase, in `currency`; None if no payment was recorded, or in several currencies
        without rates.
    currency : str or None
        The currency of the revenue.
    prospects : int
        How many visitors there are who are not customers.
    horizon : timedelta
        Until when.
    """

    conversions: float
    conversions_low: int
    conversions_high: int
    revenue: float | None
    revenue_low: float | None
    revenue_high: float | None
    currency: str | None
    prospects: int
    horizon: timedelta

    def __str__(self) -> str:
        within = duration(self.horizon.total_seconds())
        rare = self.conversions_high == 0 < self.conversions
        interval = MOSTLY_NONE if rare else f"{self.conversions_low:,} to {self.conversions_high:,}"
        sales = f"{self.conversions:{'.1g' if rare else ',.1f'}} sales ({interval})"
        paid = ""
        if self.revenue is not None:
            mean, low, high = (money(it, self.currency) for it in (self.revenue, self.revenue_low, self.revenue_high))
            paid = f" and {mean} ({MOSTLY_NONE if rare else f'{low} to {high}'})"
        return f"{sales}{paid} expected within {within} from {number(self.prospects, 'prospect')} here now"


def poisson_binomial(rates: Numbers, sizes: Numbers | None = None) -> Numbers:
    """Return the mean of several Poisson-binomial distributions, as the probabilities of 0, 1, … purchases.

    The inverse Fourier transform of the characteristic function: Hong, *Computational Statistics & Data Analysis* 59
    (2013). Outcomes farther than twelve standard deviations from the mean are left out, and so is the function where it
    is below exp(-40): its modulus at the angle t is at most exp(-2 variance sin²(t / 2)).

    Parameters
    ----------
    rates
        Probabilities of shape (distributions, prospects), or (distributions, groups).
    sizes
        How many prospects are in each group; by default 1.

    Examples
    --------
    >>> import numpy as np
    >>> poisson_binomial(np.array([[0.5, 0.5]])).round(6).tolist()[:3]
    [0.25, 0.5, 0.25]
    """
    import numpy as np

    sizes = np.ones(rates.shape[1]) if sizes is None else sizes
    means = rates @ sizes
    farthest = float((means + _DEVIATIONS * np.sqrt(means + 1.0)).max(initial=0.0)) + 10.0
    length = 2 ** math.ceil(math.log2(min(farthest, float(sizes.sum())) + 2.0))
    angle = 2.0 * np.pi * np.arange(length // 2 + 1) / length
    variance = float((rates * (1.0 - rates) @ sizes).min(initial=math.inf))
    counts = 2.0 * min(variance, _FLAT) * np.sin(angle / 2.0) ** 2 < _NEGLIGIBLE
    sine, far = np.sin(angle[counts])[:, None], 2.0 * np.sin(angle[counts] / 2.0)[:, None] ** 2
    total = np.zeros(len(angle), dtype=complex)
    for each in rates:  # a draw of the parameters; there are some dozens
        with np.errstate(divide="ignore"):  # at a half turn, an even chance has the modulus 0
            modulus = 0.5 * np.log1p(-2.0 * each * (1.0 - each) * far)
        turn = np.arctan2(-each * sine, 1.0 - each * far)
        total[counts] += np.exp(modulus @ sizes + 1j * (turn @ sizes))
    chances: Numbers = np.clip(np.fft.irfft(total / max(len(rates), 1), length), 0.0, None)
    return chances


def in_groups(rates: Numbers) -> tuple[Numbers, Numbers]:
    """Return the mean probabilities of groups of prospects with about the same ones, and the sizes of the groups."""
    import numpy as np

    if rates.shape[1] <= _GROUPS:
        return rates, np.ones(rates.shape[1])
    order = np.argsort(rates.mean(axis=0))
    edges = np.linspace(0, rates.shape[1], _GROUPS + 1).astype(int)
    sizes = np.diff(edges)
    return np.add.reduceat(rates[:, order], edges[:-1], axis=1) / sizes, sizes.astype(float)


def interval(chances: Numbers, outside: float = _OUTSIDE) -> tuple[int, int]:
    """Return the 95 % interval of a count, as whole numbers.

    Half the probability of a count counts as beyond it ("mid-P", Lancaster, *JASA* 56, 1961), so that the interval
    holds 95 % on average, rather than more. If no count is below the interval, all that is `outside` is above.
    """
    import numpy as np

    below = np.cumsum(chances) - chances / 2.0
    low = int(np.searchsorted(below, outside / 2.0))
    beneath = min(float(chances[:low].sum()), outside / 2.0)
    high = int(np.searchsorted(below, 1.0 - (outside - beneath), side="right")) - 1
    return low, max(low, high)


def revenue_interval(chances: Numbers, amounts: Numbers, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of what will be paid, by simulation: each purchase pays an amount that was recorded."""
    import numpy as np

    draw = np.random.default_rng(seed)
    counts = draw.choice(len(chances), _SALES, p=chances / chances.sum())
    known = draw.choice(amounts, (_SALES // 40, len(amounts)))  # the amounts, as they might have been recorded
    if counts.sum() > _MOST_AMOUNTS:
        means, spreads = known.mean(axis=1).repeat(40), known.std(axis=1).repeat(40)
        totals = counts * means + np.sqrt(counts) * spreads * draw.normal(size=_SALES)
    else:
        which = np.repeat(np.arange(_SALES) // 40, counts)
        paid = known[which, draw.integers(0, len(amounts), len(which))]
        totals = np.bincount(np.repeat(np.arange(_SALES), counts), weights=paid, minlength=_SALES)
    low = float(np.quantile(totals, _OUTSIDE / 2.0))
    high = np.quantile(totals, 1.0 - _OUTSIDE + float((totals < low).mean()))
    return low, float(high)
