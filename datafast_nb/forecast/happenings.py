"""When visits began, when events happened and sales were made, and of which groups of visitors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import polars as pl

from datafast_nb.conversion import with_dimensions
from datafast_nb.conversion.events import PAYMENT_EVENTS
from datafast_nb.forecast.dimensions import columns_of, derived
from datafast_nb.forecast.outcomes import at_their_sales, money
from datafast_nb.forecast.record import Record
from datafast_nb.history.changes import happened, time_of
from datafast_nb.history.moments import MOMENT
from datafast_nb.history.sessions import began
from datafast_nb.snapshot import Snapshot


class Happenings(NamedTuple):
    """Frames with a row for each visit, event, sale of a visitor, and payment above 0, with its time, `at`.

    Those of visitors have `visitor_id`, and visits the dimensions too. A payment has the time of its sale.
    """

    visits: pl.DataFrame
    events: pl.DataFrame
    sold: pl.DataFrame
    paid: pl.DataFrame


def of_history(history: Record, since: datetime | None, end: datetime, names: Sequence[str]) -> Happenings:
    """Return what happened from one moment on and before another."""
    came = history.sessions(since, end).select("visitor_id", *columns_of(names), at=began())
    events = history.events(since, end).select("visitor_id", at=happened().cast(MOMENT))
    found = money(history, {}, since, end, renewals=False)
    return Happenings(
        with_dimensions(history.collect(came), *derived(names)).select("visitor_id", "at", *names),
        history.collect(events),
        found.sold.select("visitor_id", pl.col("at").cast(MOMENT)),
        at_their_sales(found.paid.filter(pl.col("amount") > 0), found.sold).select("at", "amount"),
    )


def of_snapshot(snapshot: Snapshot, names: Sequence[str]) -> Happenings:
    """Return what a snapshot shows."""
    now = pl.lit(time_of(snapshot), MOMENT)
    visitors = with_dimensions(snapshot.visitors, *derived(names))
    sale = pl.col("type").is_in(PAYMENT_EVENTS) & (pl.col("amount").is_null() | (pl.col("amount") > 0))
    at = pl.coalesce(pl.col("timestamp").cast(MOMENT), now)
    paid = snapshot.payments.filter(pl.col("amount") > 0, ~pl.col("renewal").fill_null(value=False))
    sold = snapshot.events.filter(sale).select("visitor_id", at=at)
    return Happenings(
        visitors.select("visitor_id", *names, at=pl.col("session_start_time").cast(MOMENT)).select(
            "visitor_id", "at", *names
        ),
        snapshot.events.select("visitor_id", at=at),
        sold,
        at_their_sales(paid.select("amount", at=at), sold).select("at", "amount"),
    )


def between(it: Happenings, start: datetime | None, end: datetime | None) -> Happenings:
    """Return what happened from one moment on and before another."""
    time = pl.col("at")
    after = pl.lit(value=True) if start is None else time >= start
    before = pl.lit(value=True) if end is None else time < end
    return Happenings(*(frame.filter(after & before) for frame in it))


def joined(one: Happenings, other: Happenings) -> Happenings:
    """Return what happened in both."""
    return Happenings(*(pl.concat(pair) for pair in zip(one, other, strict=True)))


def with_groups(rows: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Add to the rows of visitors the dimensions of their visit, the latest that began before; leave out the others."""
    begun = visits.drop_nulls(["visitor_id", "at"]).sort("at").with_columns(_began="at")
    of_visit = rows.drop_nulls(["visitor_id", "at"]).sort("at")
    found = of_visit.join_asof(begun, on="at", by="visitor_id", check_sortedness=False)
    return found.filter(pl.col("_began").is_not_null()).drop("_began")
