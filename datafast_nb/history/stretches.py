"""The stretches of time that were recorded without a gap."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from datafast_nb.history.tables import MOMENT

if TYPE_CHECKING:
    from datafast_nb.history.history import History


def stretches(history: History, start: datetime | None, end: datetime | None) -> pl.DataFrame:
    """Give the stretches of time without a gap, in order: `from` and `until`; none where nothing was recorded."""
    times = history.polls(start, end).select(first=pl.col("seen_at").min(), last=pl.col("seen_at").max())
    polls = history.collect(times)
    return between(polls["first"].item(), polls["last"].item(), history.gaps())


def between(first: datetime | None, last: datetime | None, gaps: pl.DataFrame | None) -> pl.DataFrame:
    """Give the stretches from one moment to another that are in no gap."""
    span = pl.DataFrame({"from": [first], "until": [last]}, schema={"from": MOMENT, "until": MOMENT}).drop_nulls()
    if gaps is None or span.is_empty():
        return span
    inside = gaps.select(pl.col("since", "until").cast(MOMENT)).filter(pl.col("until") > first, pl.col("since") < last)
    begins = pl.concat([span["from"], inside["until"].rename("from")]).sort()
    ends = pl.concat([inside["since"].rename("until"), span["until"]]).sort()
    return pl.DataFrame([begins, ends]).filter(pl.col("from") < pl.col("until"))
