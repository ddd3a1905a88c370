"""The stretches of time that were recorded without a gap, and the gaps between them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import polars as pl

from datafast_nb.history.moments import MOMENT


class Polled(Protocol):
    """A record that knows when it was recorded, such as ``History``."""

    def polls(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return one row for each snapshot."""

    def gaps(self) -> pl.DataFrame:
        """Return the spans in which something may be missing."""

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Collect a frame of this record."""


def coverage(history: Polled, start: datetime | None, end: datetime | None) -> pl.DataFrame:
    """Return the stretches of time without a gap, in order: `from` and `until`; none if nothing was recorded."""
    times = history.polls(start, end).select(first=pl.col("seen_at").min(), last=pl.col("seen_at").max())
    polls = history.collect(times)
    return covered(polls["first"].item(), polls["last"].item(), history.gaps())


def covered(first: datetime | None, last: datetime | None, gaps: pl.DataFrame | None) -> pl.DataFrame:
    """Return the stretches between two moments that are not in a gap."""
    span = pl.DataFrame({"from": [first], "until": [last]}, schema={"from": MOMENT, "until": MOMENT}).drop_nulls()
    if gaps is None or span.is_empty():
        return span
    inside = gaps.select(pl.col("since", "until").cast(MOMENT)).filter(pl.col("until") > first, pl.col("since") < last)
    begins = pl.concat([span["from"], inside["until"].rename("from")]).sort()
    ends = pl.concat([inside["since"].rename("until"), span["until"]]).sort()
    return pl.DataFrame([begins, ends]).filter(pl.col("from") < pl.col("until"))


def uncovered(first: datetime, last: datetime, stretches: pl.DataFrame) -> pl.DataFrame:
    """Return the disjoint spans between two moments outside all stretches, in order: `since` and `until`."""
    edges = pl.Series([first, last], dtype=MOMENT)
    since = pl.concat([edges[:1], stretches["until"]]).rename("since")
    until = pl.concat([stretches["from"], edges[1:]]).rename("until")
    return pl.DataFrame([since, until]).filter(pl.col("since") < pl.col("until"))


def watched_seconds(edges: pl.Series, stretches: pl.DataFrame) -> pl.Series:
    """Return the number of seconds recorded between each moment and the next."""
    length = (pl.col("until") - pl.col("from")).dt.total_microseconds() / 1e6
    before = stretches.with_columns(before=length.cum_sum() - length)
    within = (pl.min_horizontal("edge", "until") - pl.col("from")).dt.total_microseconds() / 1e6
    so_far = (
        pl.DataFrame({"edge": edges.cast(MOMENT)})
        .join_asof(before, left_on="edge", right_on="from", coalesce=False)
        .select(so_far=(pl.col("before") + within).fill_null(0.0))
    )
    return so_far["so_far"].diff().slice(1)


def only_watched(rows: pl.LazyFrame, stretches: pl.DataFrame) -> pl.LazyFrame:
    """Keep the rows whose time, `at`, is in a recorded stretch, including its end."""
    timed = rows.with_columns(pl.col("at").cast(MOMENT)).filter(pl.col("at").is_not_null()).sort("at")
    found = timed.join_asof(stretches.lazy(), left_on="at", right_on="from", coalesce=False)
    return found.filter(pl.col("at") <= pl.col("until")).drop("from", "until")
