"""What became of each visit that was predicted: the rows that a calibration adds up. Polars, lazily up to the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.events import matched_payments
from datafast_nb.conversion.funnel import Goal, Payment
from datafast_nb.conversion.revenue import checked_rates
from datafast_nb.history.changes import happened
from datafast_nb.history.stretches import stretches
from datafast_nb.history.tables import MOMENT
from datafast_nb.schema import RANGES

if TYPE_CHECKING:
    from datafast_nb.history.history import History

Conversion = Literal["customer"] | Goal | Payment
"""What counts: `is_customer` turning true, a goal, or a payment that can be matched to a visitor."""

USD: Final = "USD"
COUNTED: Final = "counted"
CONVERTED_BEFORE: Final = "converted_before"


def visits(history: History, start: datetime | None, end: datetime | None, horizon: timedelta) -> pl.LazyFrame:
    """Give the visits first seen in a span, each with its prediction and why it counts, or does not.

    Beside the columns of ``History.sessions``: `predicted`; `since`, when it began; and `kept`, which is ``counted``
    for those that a prediction can be measured by.
    """
    watched = stretches(history, start, end)
    seen = (
        history.sessions(start, end)
        .with_columns(
            predicted=pl.when(pl.col("conversion_rate").is_between(*RANGES["conversion_rate"])).then("conversion_rate"),
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
        .when(pl.col("predicted").is_null())
        .then(pl.lit("unscored"))
        .when(late | (pl.col("session_start_time").is_null() & (pl.col("first_seen") == pl.col("from"))))
        .then(pl.lit("seen_late"))
        .when(unfinished)
        .then(pl.lit("unfinished"))
        .otherwise(pl.lit(COUNTED))
    )
    return seen.with_columns(kept=kept)


def conversions(
    history: History, converted: Conversion, paid: pl.LazyFrame, start: datetime | None, end: datetime | None
) -> pl.LazyFrame:
    """Give who converted when: `visitor_id` and `at`."""
    if isinstance(converted, Payment):
        return paid.select("visitor_id", "at")
    if isinstance(converted, Goal):
        reached = history.events(start, end).filter(pl.col("type") == converted.name)
        return reached.select("visitor_id", at=happened())
    return history.visitors(start, end).filter("is_customer").select("visitor_id", at="seen_at")


def payments(
    history: History, rates: Mapping[str, float], start: datetime | None, end: datetime | None, *, renewals: bool
) -> pl.DataFrame:
    """Give the payments, each with the visitor it could be matched to, if any, and its `value` in USD, if it has one.

    ``datafast_nb.funnel`` matches in the same way. Of several visitors with one e-mail address, the payment is that of
    the one whose last state before it is the latest.
    """
    found = history.payments(start, end)
    if not renewals:
        found = found.filter(~pl.col("renewal").fill_null(value=False))
    # Numbered, as an id may be missing; collected, as a number must mean the same payment wherever it is used.
    paid = found.with_columns(at=happened(), value=_in_usd(rates)).with_row_index("payment").collect()
    states = history.visitors(start, end)
    payers = _payers(paid.lazy(), states).collect()
    return paid.join(payers, on="payment", how="left").select("payment_id", "visitor_id", "at", "value")


def _payers(paid: pl.LazyFrame, states: pl.LazyFrame) -> pl.LazyFrame:
    """Give the visitor of each payment that has one: `payment` and `visitor_id`."""
    numbered = paid.with_columns(payment_id=pl.col("payment").cast(pl.String), timestamp="at")
    matched: pl.LazyFrame = nw.to_native(matched_payments(nw.from_native(numbered), nw.from_native(states)))
    return matched.select("visitor_id", payment=pl.col("_event").str.strip_prefix("payment ").cast(pl.UInt32))


def _in_usd(rates: Mapping[str, float]) -> pl.Expr:
    """Give an amount in USD, where its currency has a rate."""
    code = pl.col("currency").str.strip_chars().str.to_uppercase()
    known = checked_rates(rates, USD)
    return pl.col("amount") * code.replace_strict(known, default=None, return_dtype=pl.Float64)


def with_outcomes(seen: pl.LazyFrame, converted: pl.LazyFrame, paid: pl.LazyFrame, horizon: timedelta) -> pl.LazyFrame:
    """Add to each visit whether its visitor `converted` within the horizon, and the `value` paid within it.

    What happened until the visit was first seen is no outcome: the prediction knew it. Who converted so early is no
    longer ``counted``, but ``converted_before``. A payment's value is that of one visit, the latest begun before it.
    """
    numbered = seen.with_row_index("_visit").sort("since")
    ends = pl.col("since") + horizon
    first = numbered.join_asof(
        converted.drop_nulls().sort("at"),
        left_on="since",
        right_on="at",
        by="visitor_id",
        strategy="forward",
        coalesce=False,
        check_sortedness=False,
    )
    before = (pl.col("at") <= pl.col("first_seen")).fill_null(value=False)
    spent = (
        paid.drop_nulls("visitor_id")
        .sort("at")
        .join_asof(
            numbered.select("_visit", "visitor_id", "since", "first_seen"),
            left_on="at",
            right_on="since",
            by="visitor_id",
            check_sortedness=False,
        )
        .filter(pl.col("at") > pl.col("first_seen"), pl.col("at") <= ends)
        .group_by("_visit")
        .agg(pl.col("value").sum())
    )
    return (
        first.with_columns(
            converted=(pl.col("at") <= ends).fill_null(value=False),
            kept=pl.when((pl.col("kept") == COUNTED) & before).then(pl.lit(CONVERTED_BEFORE)).otherwise("kept"),
        )
        .join(spent, on="_visit", how="left")
        .with_columns(pl.col("value").fill_null(0.0))
        .drop("_visit", "at")
    )
