"""The visitors who first came while a record was being made, and how long each was watched.

Only for them it is known when they were first seen, and that they had not bought before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from datafast_nb.conversion import with_dimensions
from datafast_nb.forecast.dimensions import columns_of, derived
from datafast_nb.forecast.outcomes import CONVERTED_BEFORE, COUNTED, RECOGNIZED
from datafast_nb.forecast.record import Record
from datafast_nb.history.coverage import coverage
from datafast_nb.history.moments import MOMENT
from datafast_nb.history.sessions import began

TRUNCATED: Final = "truncated"
SEEN_LATE: Final = "seen_late"
CUSTOMERS: Final = "customers"

LEFT_OUT: Final = {
    TRUNCATED: "first came before the record began",
    SEEN_LATE: "first came in a gap",
    CUSTOMERS: "customers already",
    CONVERTED_BEFORE: "bought before they were seen",
    RECOGNIZED: "became customers without a known payment",
}
"""Why a visitor is not counted, in words."""

_COLUMNS: Final = ("visitor_id", "visit_count", "is_customer", "session_start_time", "first_seen", "became_customer")


def newcomers(history: Record, names: Sequence[str], start: datetime | None, end: datetime | None) -> pl.DataFrame:
    """Return one row for each visitor with an id, as of their first visit in the span.

    The columns are `visitor_id`; the dimensions; `since`, when the visit began; `first_seen`; `until`, the last moment
    until which it is known what the visitor did: the end of the record, or the beginning of the next gap;
    `ends_at_gap`; `became_customer`, whether they were shown as a customer later; and `kept`, ``counted`` or the reason
    why not.
    """
    watched = coverage(history, start, end)
    columns = list(dict.fromkeys([*_COLUMNS, *columns_of(names)]))
    visits = history.collect(history.sessions(start, end).select(columns).filter(pl.col("visitor_id").is_not_null()))
    became = (pl.col("is_customer").fill_null(value=False) | pl.col("became_customer")).any().over("visitor_id")
    first = (
        visits.with_columns(since=began(), became_customer=became)
        .sort("first_seen", "since", "visitor_id")
        .unique("visitor_id", keep="first", maintain_order=True)
        .join_asof(watched, left_on="first_seen", right_on="from", coalesce=False)
    )
    record_began = pl.lit(watched["from"].min(), MOMENT)
    ended = pl.lit(watched["until"].max(), MOMENT)
    known = with_dimensions(first, *derived(names)).with_columns(
        kept=_kept(record_began), ends_at_gap=pl.col("until") < ended
    )
    keys = dict.fromkeys(["visitor_id", *names])
    return known.select(*keys, "since", "first_seen", "until", "ends_at_gap", "became_customer", "kept")


def _kept(record_began: pl.Expr) -> pl.Expr:
    """Return whether a visitor counts, or why not; the first reason that holds."""
    since, watched_from = pl.col("since"), pl.col("from")
    unknown = pl.col("session_start_time").is_null() & (pl.col("first_seen") == watched_from)
    late = ((since < watched_from) | unknown).fill_null(value=True)
    earlier = (pl.col("visit_count") > 1).fill_null(value=False)
    at_first = (watched_from == record_began).fill_null(value=True)
    return (
        pl.when(earlier | (late & (at_first | (since < record_began))))
        .then(pl.lit(TRUNCATED))
        .when(late)
        .then(pl.lit(SEEN_LATE))
        .when(pl.col("is_customer").fill_null(value=False))
        .then(pl.lit(CUSTOMERS))
        .otherwise(pl.lit(COUNTED))
    )


def with_conversions(visitors: pl.DataFrame, first: pl.DataFrame, *, by_payment: bool) -> pl.DataFrame:
    """Add when each visitor first converted, as `converted_at`; leave out of the count whom that makes uncertain.

    If conversions are payments, a visitor who became a customer without a known one may have been a customer all along.
    One who was a customer when first seen, by a payment since the beginning of that visit, was a prospect before.
    """
    found = visitors.join(first, on="visitor_id", how="left", maintain_order="left")
    at, counted = pl.col("converted_at"), pl.col("kept") == COUNTED
    at_once = (pl.col("kept") == CUSTOMERS) & at.is_between("since", "first_seen").fill_null(value=False) & by_payment
    before = (at < pl.col("since")).fill_null(value=False)
    unpaid = pl.col("became_customer") & at.is_null() & by_payment
    return found.with_columns(
        kept=pl.when(at_once)
        .then(pl.lit(COUNTED))
        .when(counted & before)
        .then(pl.lit(CONVERTED_BEFORE))
        .when(counted & unpaid)
        .then(pl.lit(RECOGNIZED))
        .otherwise("kept")
    )


def reasons(visitors: pl.DataFrame) -> dict[str, int]:
    """Return how many visitors there are, how many count, and how many do not for each reason."""
    kept = visitors["kept"]
    return {"visitors": visitors.height} | {name: int((kept == name).sum()) for name in (COUNTED, *LEFT_OUT)}
