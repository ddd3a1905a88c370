"""What became of each visit that was predicted: the rows that a calibration adds up. Polars, lazily up to the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.events import matched_payments
from datafast_nb.conversion.funnel import Goal, Payment
from datafast_nb.history.tables import MOMENT

if TYPE_CHECKING:
    from datafast_nb.history.history import History

Conversion = Literal["customer"] | Goal | Payment
"""What counts: `is_customer` turning true, a goal, or a payment that can be matched to a visitor."""

USD: Final = "USD"
_COUNTED: Final = "counted"


def visits(history: History, start: datetime | None, end: datetime | None, horizon: timedelta) -> pl.LazyFrame:
    """Give the visits first seen in a span, each with its prediction and why it counts, or does not.

    Beside the columns of ``History.sessions``: `predicted`; `since`, when it began; and `kept`, which is ``counted``
    for those that a prediction can be measured by.
    """
    watched = _watched(history, start, end)
    seen = (
        history.sessions(start, end)
        .with_columns(
            predicted=pl.col("conversion_rate"),
            since=pl.coalesce(pl.col("session_start_time").cast(MOMENT), "first_seen"),
        )
        .sort("first_seen")
        .join_asof(watched.lazy(), left_on="first_seen", right_on="from")
    )
    late = pl.col("since") < pl.col("from")
    unfinished = pl.col("since") + horizon > pl.col("until")
    kept = (
        pl.when(pl.col("is_customer").fill_null(value=False))
        .then(pl.lit("customers"))
        .when(pl.col("predicted").is_null() | ~pl.col("predicted").is_finite())
        .then(pl.lit("unscored"))
        .when(late | (pl.col("session_start_time").is_null() & (pl.col("first_seen") == pl.col("from"))))
        .then(pl.lit("seen_late"))
        .when(unfinished)
        .then(pl.lit("unfinished"))
        .otherwise(pl.lit(_COUNTED))
    )
    return seen.with_columns(kept=kept)


def _watched(history: History, start: datetime | None, end: datetime | None) -> pl.DataFrame:
    """Give the stretches of time without a gap: `from` and `until`."""
    span = history.polls(start, end).select(first=pl.col("seen_at").min(), last=pl.col("seen_at").max()).collect()
    gaps = history.gaps()
    if span["first"].item() is None:
        return pl.DataFrame(schema={"from": MOMENT, "until": MOMENT})
    inside = gaps.filter(pl.col("until") > span["first"].item(), pl.col("until") <= span["last"].item())
    return pl.DataFrame(
        {
            "from": pl.concat([span["first"].alias("until"), inside["until"]]),
            "until": pl.concat([inside["since"], span["last"].alias("since")]),
        }
    )


def conversions(
    history: History, converted: Conversion, paid: pl.LazyFrame, start: datetime | None, end: datetime | None
) -> pl.LazyFrame:
    """Give who converted when: `visitor_id` and `at`."""
    if isinstance(converted, Payment):
        return paid.select("visitor_id", "at")
    if isinstance(converted, Goal):
        reached = history.events(start, end).filter(pl.col("type") == converted.name)
        return reached.select("visitor_id", at=pl.coalesce(pl.col("timestamp").cast(MOMENT), "seen_at"))
    return history.visitors(start, end).filter("is_customer").select("visitor_id", at="seen_at")


def payments(
    history: History, rates: Mapping[str, float], start: datetime | None, end: datetime | None, *, renewals: bool
) -> pl.LazyFrame:
    """Give the payments, each with the visitor it could be matched to, if any, and its `value` in USD, if it has one.

    ``datafast_nb.funnel`` matches in the same way.
    """
    all_payments = history.payments(start, end)
    if not renewals:
        all_payments = all_payments.filter(~pl.col("renewal").fill_null(value=False))
    people = history.visitors(start, end).select("visitor_id", "customer_email", "customer_name", "display_name")
    matched = nw.to_native(
        matched_payments(nw.from_native(all_payments), nw.from_native(people.unique()), renewals=renewals)
    )
    code = pl.col("currency").str.strip_chars().str.to_uppercase()
    rate = code.replace_strict({USD: 1.0, **rates}, default=None, return_dtype=pl.Float64)
    key = pl.format("payment {}", pl.col("payment_id").fill_null(""))
    return (
        all_payments.with_columns(_event=key, at=pl.coalesce(pl.col("timestamp").cast(MOMENT), "seen_at"))
        .join(matched.select("visitor_id", "_event").unique("_event", keep="any"), on="_event", how="left")
        .with_columns(value=pl.col("amount") * rate)
        .select("payment_id", "visitor_id", "at", "value")
    )


def with_outcomes(
    counted: pl.LazyFrame, converted: pl.LazyFrame, paid: pl.LazyFrame, horizon: timedelta
) -> pl.LazyFrame:
    """Add to each visit whether its visitor `converted` within the horizon, and the `value` paid within it."""
    first = (
        counted.with_row_index("_visit")
        .sort("since")
        .join_asof(
            converted.drop_nulls().sort("at"),
            left_on="since",
            right_on="at",
            by="visitor_id",
            strategy="forward",
            tolerance=horizon,
            coalesce=False,
            check_sortedness=False,
        )
        .with_columns(converted=pl.col("at").is_not_null())
    )
    spent = (
        first.select("_visit", "visitor_id", "since")
        .join(paid.drop_nulls(["visitor_id"]).select("visitor_id", "value", paid_at="at"), on="visitor_id")
        .filter(pl.col("paid_at").is_between(pl.col("since"), pl.col("since") + horizon))
        .group_by("_visit")
        .agg(pl.col("value").sum())
    )
    return first.join(spent, on="_visit", how="left").with_columns(pl.col("value").fill_null(0.0)).drop("_visit", "at")
