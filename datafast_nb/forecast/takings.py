"""The revenue of a number of sales: from their distribution, and from the amounts that were paid before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from datafast_nb.forecast import traffic_level
from datafast_nb.forecast.outcomes import USD, Money
from datafast_nb.schema import RANGES
from datafast_nb.text import listed, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from datafast_nb.forecast.traffic_level import Predictive

    Numbers = NDArray[np.float64]

_DRAWS: Final = 4_000
_FEWEST_DRAWS: Final = 500
_MOST: Final = 2_000_000  # amounts that are drawn
_RESAMPLED: Final = 200  # amounts of which the mean is drawn again
_SEED: Final = 0
_MOST_LISTED: Final = 40  # currencies in a message


@dataclass(frozen=True, eq=False)
class Amounts:
    """The amounts that were paid, in one currency.

    `paid`, those above 0, and `refunded`, those below; `share`, how many of the sales have an amount; `column`, that of
    the payments that holds them; `currency`, None if the payments name none.
    """

    paid: Numbers
    refunded: Numbers
    share: float
    column: str
    currency: str | None

    @cached_property
    def errors(self) -> Numbers:
        """How far the mean amount may be off, relative to it: draws by the bootstrap, with a fixed seed."""
        import numpy as np

        few = min(len(self.paid), _RESAMPLED)
        drawn = np.random.default_rng(_SEED + 1).choice(self.paid, (_DRAWS, few)).mean(axis=1)
        off: Numbers = (drawn / self.paid.mean() - 1.0) * np.sqrt(few / len(self.paid))
        return off


def amounts(found: Money, sales: float, rates: Mapping[str, float] | None) -> tuple[Amounts | None, str]:
    """Return the amounts, or None and why they are not known: no payments, or currencies that can't be added up."""
    valid = found.paid.filter(pl.col("amount").is_between(*RANGES["amount"]))
    currency: str | None
    codes = valid["currency"].unique().sort(nulls_last=True).to_list()
    if rates is not None:
        unknown = valid.filter(pl.col("value").is_null())["currency"].unique().to_list()
        if unknown:
            return None, f"there is no rate for {_listed(unknown)}: give one, such as rates={{'EUR': 1.08}}"
        column, currency = "value", USD
    elif len(codes) > 1:
        return None, f"payments are in {_listed(codes)}: say what they are worth, such as rates={{'EUR': 1.08}}"
    else:
        column, currency = "amount", (codes[0] if codes else None)
    of_sales = valid.filter(pl.col(column) > 0)[column].to_numpy()
    if not len(of_sales):
        return None, "no payment was recorded"
    refunded = valid.filter(pl.col(column) < 0)[column].to_numpy()
    return Amounts(of_sales, refunded, min(1.0, len(of_sales) / max(sales, 1.0)), column, currency), ""


def _listed(codes: list[str | None]) -> str:
    """Return currencies as text; the first ones, if there are more than a website may have."""
    names = [plain(code or "no currency", 12) for code in codes[:_MOST_LISTED]]
    more = [f"{len(codes) - _MOST_LISTED} more"] if len(codes) > len(names) else []
    return listed([*names, *more])


def takings(sales: Predictive, of: Amounts) -> tuple[float, float, float]:
    """Return the revenue of a number of sales: its mean, and the ends of its 95 % interval.

    Sales are drawn from their distribution and amounts from those that were paid, with a fixed seed. How far the mean
    amount may be off is drawn too, by the bootstrap: Efron and Tibshirani (1993), *An Introduction to the Bootstrap*.
    """
    import numpy as np

    draw = np.random.default_rng(_SEED)
    mean_number = traffic_level.mean_of(sales)
    size = int(np.clip(_MOST / max(mean_number, 1.0), _FEWEST_DRAWS, _DRAWS))
    number = draw.binomial(traffic_level.drawn(sales, size, draw), of.share)
    total = _sums(number, of.paid, draw)
    per_sale = len(of.refunded) / len(of.paid)
    if len(of.refunded):
        total += _sums(draw.poisson(per_sale * number), of.refunded, draw)
    total *= 1.0 + of.errors[:size]
    mean_amount = of.paid.mean() + (per_sale * of.refunded.mean() if len(of.refunded) else 0.0)
    beyond = traffic_level.outside(sales)
    low = float(np.quantile(total, beyond / 2.0))
    # Where nothing may come, no total is below the interval, and all that is outside is above.
    high = float(np.quantile(total, 1.0 - beyond + float((total < low).mean())))
    return mean_number * of.share * float(mean_amount), low, high


def _sums(number: NDArray[np.int64], pool: Numbers, draw: np.random.Generator) -> Numbers:
    """Draw this many amounts each, and add them up."""
    import numpy as np

    sums: Numbers
    if number.mean() > _MOST / len(number):  # so many that their sum is normal
        sums = draw.normal(number * pool.mean(), np.sqrt(number) * pool.std())
        return sums
    which = np.repeat(np.arange(len(number)), number)
    sums = np.bincount(which, draw.choice(pool, len(which)), len(number)).astype(np.float64)
    return sums
