"""How much of each time span was recorded, so that charts of a history can tell no visitors from no recording."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from datafast_nb.checks import in_utc
from datafast_nb.history.moments import MOMENT
from datafast_nb.text import number

TOO_LITTLE: Final = "Too little was recorded in this time"
RECORD_MORE: Final = (
    "history.record(client) fills a history; history.info() shows its span, history.gaps() what it missed."
)


def seconds(edges: pl.Series, recorded: pl.DataFrame) -> pl.Series:
    """Return the number of seconds recorded between each moment and the next."""
    length = (pl.col("until") - pl.col("from")).dt.total_microseconds() / 1e6
    before = recorded.with_columns(before=length.cum_sum() - length)
    within = (pl.min_horizontal("edge", "until") - pl.col("from")).dt.total_microseconds() / 1e6
    so_far = (
        pl.DataFrame({"edge": edges.cast(MOMENT)})
        .join_asof(before, left_on="edge", right_on="from", coalesce=False)
        .select(so_far=(pl.col("before") + within).fill_null(0.0))
    )
    return so_far["so_far"].diff().slice(1)


def only(rows: pl.LazyFrame, recorded: pl.DataFrame) -> pl.LazyFrame:
    """Keep the rows whose time, `at`, is in a recorded stretch, including its end."""
    timed = rows.with_columns(pl.col("at").cast(MOMENT)).filter(pl.col("at").is_not_null()).sort("at")
    found = timed.join_asof(recorded.lazy(), left_on="at", right_on="from", coalesce=False)
    return found.filter(pl.col("at") <= pl.col("until")).drop("from", "until")


def within(rows: pl.LazyFrame, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Keep the rows whose time, `at`, is at or after `start` and before `end`."""
    for edge, name, holds in ((start, "start", pl.Expr.ge), (end, "end", pl.Expr.lt)):
        rows = rows if edge is None else rows.filter(holds(pl.col("at"), in_utc(edge, name)))
    return rows


def left_out(count: int, noun: str) -> str:
    """Return a note on how many are in no recorded stretch; empty if none are."""
    return f"Left out: {number(count, noun)} from times that were not recorded." if count else ""
