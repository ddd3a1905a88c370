"""The outcome of each visit with a prediction: the rows that a calibration adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal, NamedTuple

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.events import (
    NAMED,
    ONE_SALE,
    PAYMENT_EVENTS,
    candidates,
    matched_payments,
    opened_events,
    with_sales_of,
)
from datafast_nb.conversion.funnel import Goal, Payment
from datafast_nb.conversion.revenue import checked_rates
from datafast_nb.currencies import coded
from datafast_nb.forecast.record import Record
from datafast_nb.history.changes import happened
from datafast_nb.history.coverage import coverage
from datafast_nb.history.moments import MOMENT
from datafast_nb.history.sessions import began
from datafast_nb.schema import RANGES

Conversion = Literal["customer"] | Goal | Payment
"""What counts as a conversion: becoming a customer by a payment, a goal, or a payment."""

USD: Final = "USD"
COUNTED: Final = "counted"
CONVERTED_BEFORE: Final = "converted_before"
RECOGNIZED: Final = "recognized"

_PREDICTION: Final = (
    "score",
    "confidence",
    "is_baseline",
    "dimension_matches",
    "conversion_rate",
    "average_value",
    "expected_value",
)
_PREDICTED: Final = pl.when(pl.col("conversion_rate").is_between(*RANGES["conversion_rate"])).then("conversion_rate")
_VISIT: Final = ("visitor_id", "session_start_time", "first_seen", "is_customer", "became_customer")


class Money(NamedTuple):
    """The payments of a span, and the sales among payments and events."""

    paid: pl.DataFrame
    """One row for each payment: its visitor, if any, its time, as `at`, its `amount` in its `currency` (null if it is
    out of range), and its `value` in USD, if known."""
    sold: pl.DataFrame
    """One row for each sale of a visitor: `visitor_id` and `at`."""
    unmatched: int
    """The number of sales that could not be matched to a visitor."""


# Visits


def visits(
    history: Record,
    start: datetime | None,
    end: datetime | None,
    horizon: timedelta,
    age: timedelta | None,
    columns: Sequence[str] = (),
) -> pl.DataFrame:
    """Return the visits first seen in a span, each with the prediction to test and the reason why it counts or not.

    The columns are some of those of ``History.sessions`` and the given ones, with those of the prediction as of when it
    was shown, and also `predicted`; `since`, when the visit began; `shown_at`, when the prediction was shown; `until`,
    the end of its horizon; and `kept`, which is ``counted`` for visits whose prediction can be tested.
    """
    watched = coverage(history, start, end).rename({"until": "watched_until"})
    prediction = [name for name in _PREDICTION if name in {"expected_value", *columns}]
    asked = dict.fromkeys((*_VISIT, *columns, *prediction, "conversion_rate", *(() if age is None else ("left_at",))))
    seen = (
        history.collect(history.sessions(start, end).select(*asked))
        .with_columns(since=began(), predicted=_PREDICTED)
        .sort("first_seen")
        .join_asof(watched, left_on="first_seen", right_on="from")
        .with_row_index("visit")
    )
    states = history.visitors(start, end).select(
        "visitor_id", "seen_at", "is_customer", *prediction, predicted=_PREDICTED
    )
    states = states.with_columns(pl.col("is_customer").fill_null(value=False))
    ask = _first_predicted if age is None else partial(_predicted_at, age=age)
    predictions = ask(seen, states, prediction)
    counted_from = pl.col("since") + (age or timedelta(0))
    seen = seen.drop(_PREDICTION, "predicted", strict=False).join(
        predictions, on="visit", how="left", maintain_order="left"
    )
    return seen.with_columns(kept=_kept(counted_from, horizon, age), until=counted_from + horizon)


def _first_predicted(seen: pl.DataFrame, states: pl.LazyFrame, prediction: Sequence[str]) -> pl.DataFrame:
    """Return the first prediction of each visit while its visitor was not a customer, and when it was shown.

    Of most visits, it is that of the first state. The states of all others' visitors are looked through.
    """
    known = seen.drop_nulls("visitor_id").with_columns(is_customer=pl.col("is_customer").fill_null(value=False))
    alone = pl.struct("visitor_id", "first_seen").is_unique()
    at_once = alone & pl.col("predicted").is_not_null() & ~pl.col("is_customer")
    later = known.filter(~at_once)
    whose = later.lazy().select("visitor_id").unique()
    begun = known.lazy().select("visit", "visitor_id", "first_seen").join(whose, on="visitor_id", how="semi")
    predicted = states.filter(pl.col("predicted").is_not_null(), ~pl.col("is_customer")).drop("is_customer")
    found = (
        predicted.join(whose, on="visitor_id", how="semi")
        .sort("seen_at")
        .join_asof(
            begun.sort("visit"), left_on="seen_at", right_on="first_seen", by="visitor_id", check_sortedness=False
        )
        .filter(pl.col("visit").is_not_null())
        .unique("visit", keep="first", maintain_order=True)
        .join(later.lazy().select("visit"), on="visit", how="semi")
        .select("visit", "predicted", *prediction, shown_at="seen_at")
        .collect()
    )
    return pl.concat([known.filter(at_once).select("visit", "predicted", *prediction, shown_at="first_seen"), found])


def _predicted_at(seen: pl.DataFrame, states: pl.LazyFrame, prediction: Sequence[str], age: timedelta) -> pl.DataFrame:
    """Return the prediction that was shown for each visit at an age, for visitors who were still there."""
    moment = pl.col("since") + age
    there = pl.col("first_seen").le(moment) & (pl.col("left_at").is_null() | pl.col("left_at").gt(moment))
    begun = seen.lazy().filter(there).select("visit", "visitor_id", "first_seen", shown_at=moment)
    return (
        begun.drop_nulls("visitor_id")
        .sort("shown_at")
        .join_asof(
            states.sort("seen_at"), left_on="shown_at", right_on="seen_at", by="visitor_id", check_sortedness=False
        )
        .filter(pl.col("seen_at") >= pl.col("first_seen"))
        .select("visit", "predicted", "shown_at", *prediction, was_customer="is_customer")
        .collect()
    )


def _kept(counted_from: pl.Expr, horizon: timedelta, age: timedelta | None) -> pl.Expr:
    """Return why a visit counts or not, regardless of its outcome."""
    since, first_seen = pl.col("since"), pl.col("first_seen")
    late = (since < pl.col("from")) | (pl.col("session_start_time").is_null() & (first_seen == pl.col("from")))
    unfinished = counted_from + horizon > pl.col("watched_until")
    reasons = [("customers", pl.col("is_customer").fill_null(value=False))]
    if age is not None:
        reasons += [
            ("seen_late", late | (first_seen > counted_from)),
            ("left_early", pl.col("left_at") <= counted_from),
            ("customers", pl.col("was_customer")),
        ]
    reasons += [("unscored", pl.col("predicted").is_null()), ("seen_late", late), ("unfinished", unfinished)]
    kept: pl.Expr = pl.lit(COUNTED)
    for name, holds in reversed(reasons):
        kept = pl.when(holds).then(pl.lit(name)).otherwise(kept)
    return kept


# Conversions


def money(
    history: Record, rates: Mapping[str, float], start: datetime | None, end: datetime | None, *, renewals: bool
) -> Money:
    """Return the payments, each with its matched visitor, if any, and the sales; ``funnel`` matches the same way."""
    found = history.payments(start, end)
    if not renewals:
        found = found.filter(~pl.col("renewal").fill_null(value=False))
    # Numbered, as an id may be missing. Collected, as a number must refer to the same payment wherever it is used.
    found = found.with_columns(
        at=happened(), amount=pl.when(pl.col("amount").is_between(*RANGES["amount"])).then("amount")
    )
    paid = coded(found.collect()).with_columns(value=_in_usd(rates)).with_row_index("payment")
    numbered = nw.from_native(
        paid.lazy().with_columns(payment_id=pl.col("payment").cast(pl.String), timestamp=pl.col("at"))
    )
    every = history.visitors(start, end).select("visitor_id", "session_start_time", "seen_at", *NAMED)
    payers: pl.LazyFrame = nw.to_native(candidates(numbered, nw.from_native(every)))
    states = history.collect(every.join(payers, on="visitor_id", how="semi"))
    matched: pl.DataFrame = nw.to_native(matched_payments(numbered, nw.from_native(states.lazy()))).collect()
    charges = history.collect(
        history.events(start, end).filter(pl.col("type").is_in(PAYMENT_EVENTS)).with_columns(timestamp=happened())
    )
    charged = opened_events(charges.lazy(), "a sale")[0]
    sales = with_sales_of(charged, nw.from_native(matched.lazy()))
    sold: pl.LazyFrame = nw.to_native(
        sales.filter(nw.col("_sale") if renewals else nw.col("_sale") & ~nw.col("_renewal"))
    )
    of_whom = matched.select("visitor_id", payment=pl.col("_event").str.strip_prefix("payment ").cast(pl.UInt32))
    at = pl.col("_time").cast(pl.Int64).cast(pl.Datetime("ms", "UTC")).cast(MOMENT)
    sold_to = sold.select("visitor_id", at=at).collect()
    recorded = paid.filter(pl.col("amount") > 0).height
    paid = paid.join(of_whom, on="payment", how="left").select("visitor_id", "at", "amount", "currency", "value")
    return Money(paid, sold_to, max(0, recorded - sold_to.height))


def at_their_sales(paid: pl.DataFrame, sold: pl.DataFrame) -> pl.DataFrame:
    """Set the time of each payment to that of the nearest sale, if there is one within ten minutes.

    A sale and its payment are a moment apart, maybe on both sides of the edge of an hour or a span: there, they must
    not count as two.
    """
    sales = sold.select(pl.col("at").cast(MOMENT)).drop_nulls().sort("at").with_columns(_sale="at")
    timed = paid.with_columns(pl.col("at").cast(MOMENT)).drop_nulls("at").sort("at")
    found = timed.join_asof(sales, on="at", strategy="nearest", tolerance=ONE_SALE)
    return found.with_columns(at=pl.coalesce("_sale", "at")).drop("_sale")


def conversions(
    history: Record, converted: Conversion, sold: pl.DataFrame, start: datetime | None, end: datetime | None
) -> pl.DataFrame:
    """Return when each visitor first converted: `visitor_id` and `converted_at`."""
    if isinstance(converted, Goal):
        reached = history.events(start, end).filter(pl.col("type") == converted.name)
        when = reached.select("visitor_id", at=happened())
    elif isinstance(converted, Payment):
        when = sold.lazy()
    else:
        customers = history.visitors(start, end).filter("is_customer").select("visitor_id").unique()
        when = sold.lazy().join(customers, on="visitor_id", how="semi")
    return when.drop_nulls().group_by("visitor_id").agg(converted_at=pl.col("at").min()).collect()


def _in_usd(rates: Mapping[str, float]) -> pl.Expr:
    """Return an amount in USD, or null if its currency code has no rate."""
    known = checked_rates(rates, USD)
    return pl.col("amount") * pl.col("currency").replace_strict(known, default=None, return_dtype=pl.Float64)


def with_outcomes(
    seen: pl.DataFrame, first: pl.DataFrame, paid: pl.DataFrame, *, by_payment_alone: bool
) -> pl.DataFrame:
    """Add to each visit whether its visitor `converted` within the horizon, and the `value` paid within it.

    A conversion belongs to one visit, the latest that began before it. Anything before the prediction was shown is not
    an outcome of it: a visitor who converted that early is ``converted_before`` instead of ``counted``. A visitor who
    became a customer without a known payment is ``recognized`` if the conversions are `by_payment_alone`, as they may
    have been a customer all along.
    """
    begun = seen.select("visit", "visitor_id", "since").drop_nulls("visitor_id").sort("since")
    credited = _of_visit(first.rename({"converted_at": "at"}), begun).select("visit", credited_at="at")
    with_conversions = seen.join(first, on="visitor_id", how="left", maintain_order="left").join(
        credited, on="visit", how="left", maintain_order="left"
    )
    counted = pl.col("kept") == COUNTED
    before = (pl.col("converted_at") <= pl.col("shown_at")).fill_null(value=False)
    unpaid = pl.col("became_customer") & pl.col("converted_at").is_null() & by_payment_alone
    return (
        with_conversions.with_columns(
            converted=pl.col("credited_at").is_between("shown_at", "until", closed="right").fill_null(value=False),
            kept=pl.when(counted & before)
            .then(pl.lit(CONVERTED_BEFORE))
            .when(counted & unpaid)
            .then(pl.lit(RECOGNIZED))
            .otherwise("kept"),
        )
        .join(_net(paid, seen, begun), on="visit", how="left", maintain_order="left")
        .with_columns(pl.col("value").fill_null(0.0))
        .drop("visit", "converted_at", "credited_at")
    )


def _of_visit(occurrences: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """Add the `visit` that each row belongs to: the latest by its visitor that began before; leave out rows without."""
    return (
        occurrences.drop_nulls("visitor_id")
        .sort("at")
        .join_asof(begun, left_on="at", right_on="since", by="visitor_id", check_sortedness=False)
        .filter(pl.col("visit").is_not_null())
    )


def _net(paid: pl.DataFrame, seen: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """Return the net `value` of each visit; a refund belongs to the visit of its payer's latest sale, however late."""
    within = pl.col("at").is_between("shown_at", "until", closed="right")
    return (
        _of_visit(with_refunds_at_sales(paid.drop_nulls("visitor_id")), begun)
        .join(seen.select("visit", "shown_at", "until"), on="visit")
        .filter(within)
        .group_by("visit")
        .agg(pl.col("value").sum())
    )


def with_refunds_at_sales(paid: pl.DataFrame) -> pl.DataFrame:
    """Give each refund the time of its payer's latest sale before it, if there is one."""
    paid = paid.sort("at")
    sales = paid.filter(pl.col("amount") > 0).select("visitor_id", "at", sold_at="at")
    traced = paid.join_asof(sales, on="at", by="visitor_id", check_sortedness=False)
    refunded = pl.when(pl.col("amount") < 0).then("sold_at")
    return traced.with_columns(at=pl.coalesce(refunded, "at")).drop("sold_at")


def by_visitor(outcomes: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Combine the visits of each visitor in each group: their joint prediction, and their outcome.

    If visits convert with the probabilities p, at least one does with the probability 1 − ∏ (1 − p). As visitors who do
    not convert have more visits, the bin of a visitor is that of their first prediction.
    """
    keys = list(dict.fromkeys([*names, "visitor_id"]))
    together = 1.0 - (1.0 - pl.col("predicted")).product()
    return outcomes.group_by(keys, maintain_order=True).agg(
        first_predicted=pl.col("predicted").first(),
        predicted=pl.when(pl.len() > 1).then(together).otherwise(pl.col("predicted").first()),
        converted=pl.col("converted").any(),
        expected_value=pl.col("expected_value").sum(),
        value=pl.col("value").sum(),
    )
