"""When a history was recorded, and how much of each stretch of time: what its charts need to tell nothing from none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from datafast_nb.charts import wording
from datafast_nb.history import History

TOO_LITTLE: Final = "Too little was recorded in this time"
RECORD_MORE: Final = (
    "history.record(client) fills a history; history.info() tells its span, history.gaps() what it missed."
)

MOMENT: Final = pl.Datetime("us", "UTC")
"""A moment as histories have it."""


def stretches(history: History, start: datetime | None, end: datetime | None) -> pl.DataFrame:
    """Give the stretches of time without a gap, in order: `from` and `until`; none where nothing was recorded."""
    polls = history.polls(start, end).select(first=pl.col("seen_at").min(), last=pl.col("seen_at").max()).collect()
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


def seconds(edges: pl.Series, recorded: pl.DataFrame) -> pl.Series:
    """Give how many seconds were recorded between each moment and the next."""
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
    """Keep the rows whose time, `at`, is in a stretch; one at its very end is in it."""
    timed = rows.with_columns(pl.col("at").cast(MOMENT)).filter(pl.col("at").is_not_null()).sort("at")
    found = timed.join_asof(recorded.lazy(), left_on="at", right_on="from", coalesce=False)
    return found.filter(pl.col("at") <= pl.col("until")).drop("from", "until")


def within(rows: pl.LazyFrame, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Keep the rows whose time, `at`, is from one moment until before another."""
    for edge, name, holds in ((start, "start", pl.Expr.ge), (end, "end", pl.Expr.lt)):
        if edge is not None and edge.tzinfo is None:
            raise ValueError(
                f"{name} has no time zone; give one, such as {name}.astimezone() for that of this computer."
            )
        rows = rows if edge is None else rows.filter(holds(pl.col("at"), edge.astimezone(UTC)))
    return rows


def checked_zone(name: str) -> str:
    """Give a time zone's name, or refuse what is none."""
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError, TypeError, ValueError) as error:  # what ZoneInfo raises for what is no time zone
        raise ValueError(f"{name!r:.60} is no time zone; give one such as 'Europe/Berlin' or 'UTC'.") from error


def left_out(count: int, noun: str) -> str:
    """Say how many are in no stretch."""
    return f"Left out: {wording.number(count, noun)} from times that were not recorded." if count else ""
