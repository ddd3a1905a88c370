"""What charts of a history say about the time that was recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from datafast_nb.checks import in_utc
from datafast_nb.text import number

TOO_LITTLE: Final = "Too little was recorded in this time"
RECORD_MORE: Final = (
    "history.record(client) fills a history; history.info() shows its span, history.gaps() what it missed."
)

WHOLE: Final = 0.99
"""The share of an hour that makes it count as recorded as a whole."""


def within(rows: pl.LazyFrame, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Keep the rows whose time, `at`, is at or after `start` and before `end`."""
    for edge, name, holds in ((start, "start", pl.Expr.ge), (end, "end", pl.Expr.lt)):
        rows = rows if edge is None else rows.filter(holds(pl.col("at"), in_utc(edge, name)))
    return rows


def left_out(count: int, noun: str) -> str:
    """Return a note on how many are in no recorded stretch; empty if none are."""
    return f"Left out: {number(count, noun)} from times that were not recorded." if count else ""
