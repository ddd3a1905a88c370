"""Replaces the usual sales to visitors who are on the site by those that a model predicts for the visitors there now.

Of the sales of an hour, some are to visitors who were on the site when it began, and the rest to those who came later.
A model knows who is there now. So it predicts the first part, and the usual traffic the second.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from datafast_nb.forecast.record import Record
from datafast_nb.forecast.traffic_level import Predictive
from datafast_nb.history.moments import MOMENT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def share_from_here(history: Record, first: pl.DataFrame, sales: float, length: timedelta, end: datetime) -> float:
    """Return the share of a span's sales that come from prospects who were on the site when it began.

    The mean over all spans of this length: a purchase counts for each span in which it falls, if the buyer was on the
    site at its beginning. That is how long they were there in the `length` before they bought.

    Parameters
    ----------
    history
        The record.
    first
        The first purchase of each buyer: `visitor_id` and `converted_at`.
    sales
        The number of all sales, also of those who were customers already.
    length
        How long a span is.
    end
        The end of the record: visitors who did not leave were there until then.
    """
    if not sales:
        return 0.0
    visits = history.sessions(None, end + timedelta.resolution).filter(~pl.col("is_customer").fill_null(value=False))
    at = pl.col("converted_at")
    since = pl.max_horizontal("first_seen", at - pl.lit(length))
    until = pl.min_horizontal(pl.col("left_at").fill_null(pl.lit(end, MOMENT)), at)
    there = ((until - since).dt.total_microseconds() / (length / timedelta.resolution)).clip(0.0, 1.0)
    found = visits.select("visitor_id", "first_seen", "left_at").join(first.lazy(), on="visitor_id").select(there.sum())
    return min(1.0, float(history.collect(found).item() or 0.0) / sales)


def with_those_here(usual: Predictive, share: float, chances: Numbers) -> Predictive:
    """Return the distribution of sales: those to visitors who are here now, plus those to visitors who come later.

    Both parts are independent, and their sum is as a negative binomial distribution of the same mean and variance.

    Parameters
    ----------
    usual
        The usual number of sales.
    share
        The share of it that usually comes from visitors who are there when the span begins; it is removed.
    chances
        The probabilities of 0, 1, … sales to those who are here now.
    """
    import numpy as np

    number, later = np.arange(len(chances)), 1.0 - share
    mean = float(chances @ number)
    variance = float(chances @ (number - mean) ** 2)
    thinned = later**2 * (usual.variance - usual.mean) + later * usual.mean
    return Predictive(usual.weight, later * usual.mean + mean, thinned + variance, usual.freedom)
