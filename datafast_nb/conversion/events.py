"""What visitors did, as frames with one row per visitor and event; payments are matched to visitors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import narwhals.stable.v2 as nw

from datafast_nb.conversion.dimensions import page
from datafast_nb.conversion.frames import flag, number, opened, require, text
from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
PAGEVIEW: Final = "pageview"
PAYMENT_EVENTS: Final = ("payment", "payment_received")
ONE_SALE: Final = timedelta(minutes=10)
"""How far apart the event and the payment of one sale may be."""
_SAME_AMOUNT: Final = 0.005
_NEVER: Final = 1e18  # milliseconds
SEEN: Final = ("session_start_time", "first_seen", "seen_at")
"""Columns that tell when a visitor was there; a frame of visitors may lack some."""
NAMED: Final = ("customer_email", "customer_name", "display_name", "is_random_name")
"""Columns by which payments are matched to visitors."""


def opened_events(data: Any, purpose: str) -> tuple[nw.LazyFrame[Any], Callable[[nw.LazyFrame[Any]], Any]]:  # noqa: ANN401
    """Return the events as a lazy frame, and a function that turns a result back into the data's own kind.

    The columns are `visitor_id`, `_type`, `_page`, `_time` (ms), `_event` and `_amount`, which is null if the data have
    no column ``amount``.
    """
    frame, restore = opened(data.events if isinstance(data, Snapshot) else data, by_polars=True)
    require(frame, ("event_id", "type", "visitor_id", "timestamp", "path"), purpose)
    # With the type and the path, since an id may be missing, or the same for two events.
    names = [nw.col(name).cast(nw.String).fill_null("") for name in ("event_id", "type", "path")]
    has_amounts = "amount" in frame.collect_schema().names()
    happened = frame.select(
        "visitor_id",
        _type=nw.col("type"),
        _page=page("path"),
        _time=milliseconds(frame, "timestamp"),
        _event=nw.concat_str(names, separator=" "),
        _amount=number("amount") if has_amounts else nw.lit(None, dtype=nw.Float64),
    )
    return happened.filter(~nw.col("visitor_id").is_null() & ~nw.col("_time").is_null()), restore


def milliseconds(frame: nw.LazyFrame[Any], column: str) -> nw.Expr:
    """Return a time in milliseconds since 1970, as a float that holds a whole number."""
    if frame.implementation.is_spark_like():  # without durations in Narwhals, but with casts to seconds
        return (nw.col(column).cast(nw.Float64) * 1000.0).round()
    zone = getattr(frame.collect_schema()[column], "time_zone", None)
    epoch = nw.lit(EPOCH if zone else EPOCH.replace(tzinfo=None))
    return (nw.col(column) - epoch).dt.total_milliseconds().cast(nw.Float64)


# Payments


def matched_payments(payments: nw.LazyFrame[Any], visitors: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the payments of visitors, each once: `visitor_id`, `_time` (ms), `_event`, `_amount` and `_renewal`.

    Trials and refunds are included. A payment names no visitor, so it is matched by its email address; if several
    visitors share the address, to the one seen last before the payment. If no visitor has the address, the payment is
    matched by its name, provided that only one visitor has that name and the address of either the visitor or the
    payment is not known. Names that the service made up never match. Case and surrounding blanks make no difference.
    """
    require(payments, ("payment_id", "timestamp", "email", "name", "display_name", "renewal", "amount"), "a payment")
    require(visitors, ("visitor_id", "customer_email", "customer_name", "display_name"), "a payment")
    paid = _paid(payments)
    states = _states(visitors)
    addresses = states.select("visitor_id", "_email").filter(~nw.col("_email").is_null()).unique()
    names = (
        states.filter(~nw.col("_name").is_null())
        .group_by("_name")
        .agg(visitor_id=nw.col("visitor_id").min(), _last=nw.col("visitor_id").max())
        .filter(nw.col("visitor_id") == nw.col("_last"))
        .select("visitor_id", "_name")
        .join(addresses.group_by("visitor_id").agg(_known=nw.col("_email").max()), on="visitor_id", how="left")
    )
    by_name = (
        paid.join(addresses, on="_email", how="anti")
        .join(names, on="_name", how="inner")
        .filter(nw.col("_email").is_null() | nw.col("_known").is_null())
    )
    columns = ("visitor_id", "_time", "_event", "_amount", "_renewal")
    by_address = _seen_latest(paid.join(addresses, on="_email", how="inner"), states)
    return nw.concat([by_address.select(*columns), by_name.select(*columns)])


def candidates(payments: nw.LazyFrame[Any], visitors: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the `visitor_id` of each visitor who has the address or the name of a payment.

    Of all visitors, they are few, and the payments of `matched_payments` are the same if it gets only their states.
    """
    # The rows without any name, most of them, are left out before their names are brought into one form.
    columns = visitors.collect_schema().names()
    made_up = flag("is_random_name") if "is_random_name" in columns else nw.lit(value=False)
    own_name = ~nw.col("display_name").is_null() & ~made_up
    named = ~nw.col("customer_email").is_null() | ~nw.col("customer_name").is_null() | own_name
    paid, states = _paid(payments), _states(visitors.filter(named))
    found = [states.join(paid.select(key), on=key, how="semi").select("visitor_id") for key in ("_email", "_name")]
    return nw.concat(found).unique()


def _paid(payments: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the payments, each once; one without an id is identified by its content."""
    paid = payments.select(
        _time=milliseconds(payments, "timestamp"),
        _id=text("payment_id"),
        _email=text("email").str.to_lowercase(),
        _name=nw.coalesce(text("name"), text("display_name")).str.to_lowercase(),
        _amount=number("amount"),
        _renewal=flag("renewal"),
    ).filter(~nw.col("_time").is_null())
    content = [nw.col(name).cast(nw.String).fill_null("") for name in ("_time", "_amount", "_email", "_name")]
    key = nw.concat_str([nw.lit("payment "), nw.coalesce("_id", nw.concat_str(content, separator=" "))])
    paid = paid.with_columns(_event=key)
    order = ("_time", "_amount", "_email", "_name")
    return paid.filter(nw.col("_event").is_first_distinct().over("_event", order_by=order)).drop("_id")


def _states(visitors: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the visitors: `visitor_id`, `_email`, `_name`, and the times of `SEEN` (ms) that the frame has."""
    schema = visitors.collect_schema()
    columns = [name for name in schema.names() if name not in SEEN or isinstance(schema[name], nw.Datetime)]
    made_up = flag("is_random_name") if "is_random_name" in columns else nw.lit(value=False)
    own_name = nw.when(~made_up).then(text("display_name"))
    return visitors.filter(~nw.col("visitor_id").is_null()).select(
        "visitor_id",
        _email=text("customer_email").str.to_lowercase(),
        _name=nw.coalesce(text("customer_name"), own_name).str.to_lowercase(),
        **{f"_{name}": milliseconds(visitors, name) for name in SEEN if name in columns},
    )


def _seen_latest(candidates: nw.LazyFrame[Any], states: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Keep for each payment the visitor seen last before it, or any one if none was seen before it."""
    times = [name for name in states.collect_schema().names() if name.removeprefix("_") in SEEN]
    ago = [nw.col("_paid_at") - nw.col(name) for name in times]
    past = [nw.when(it >= 0.0).then(it).otherwise(nw.lit(_NEVER)) for it in ago]
    paid = candidates.select("visitor_id", "_event", _paid_at=nw.col("_time"))
    nearest = (
        paid.join(states.select("visitor_id", *times), on="visitor_id", how="inner")
        .with_columns(_ago=nw.min_horizontal(nw.lit(_NEVER), *past))
        .group_by("_event", "visitor_id")
        .agg(nw.col("_ago").min())
    )
    chosen = nearest.filter(nw.col("_event").is_first_distinct().over("_event", order_by=("_ago", "visitor_id")))
    return candidates.join(chosen.select("_event", "visitor_id"), on=["_event", "visitor_id"], how="inner")


def with_sales(
    events: nw.LazyFrame[Any],
    payments: nw.LazyFrame[Any] | None = None,
    visitors: nw.LazyFrame[Any] | None = None,
) -> nw.LazyFrame[Any]:
    """Add to the frame of `opened_events` whether each event is a `_sale` or a `_renewal`, and sales without an event.

    A sale is a payment above 0: an event of type ``payment`` or ``payment_received`` (one without an amount counts
    too), or one of the payments that can be matched to a visitor. An event and a payment are the same sale if they
    belong to one visitor, are within ten minutes of each other, and have the same amount or one of them has none: the
    event then stands for both. A sale without an event is a row without `_type` and `_page`.
    """
    if payments is None or visitors is None:
        return _with_sales(_with_charges(events).with_columns(_renewal=nw.lit(value=False)))
    return with_sales_of(events, matched_payments(payments, visitors))


def with_sales_of(events: nw.LazyFrame[Any], paid: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add sales to a frame of events as `with_sales` does, given the payments of `matched_payments`."""
    found = _with_charges(events)
    pairs = _pairs(found.filter(nw.col("_charge")), paid)
    more = pairs.select(
        "visitor_id", "_event", "_time", _payment_amount=nw.col("_paid_amount"), _renewal=nw.col("_paid_renewal")
    )
    known = found.join(more, on=["visitor_id", "_event", "_time"], how="left").with_columns(
        _amount=nw.coalesce("_amount", "_payment_amount"), _renewal=nw.col("_renewal").fill_null(value=False)
    )
    alone = paid.join(pairs.select(_event=nw.col("_payment")), on="_event", how="anti")
    nothing = {name: nw.lit(None, dtype=nw.String) for name in ("_type", "_page")}
    alone = alone.filter(nw.col("_amount") > 0).with_columns(**nothing, _charge=nw.lit(value=True))
    columns = ("visitor_id", "_type", "_page", "_time", "_event", "_amount", "_charge", "_renewal")
    return _with_sales(nw.concat([known.select(*columns), alone.select(*columns)]))


def _with_charges(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add which events are payments."""
    return events.with_columns(_charge=nw.col("_type").is_in(PAYMENT_EVENTS).fill_null(value=False))


def _with_sales(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add which events are sales."""
    above = (nw.col("_amount") > 0).fill_null(value=True)
    return events.with_columns(_sale=nw.col("_charge") & above).drop("_charge")


def _pairs(charges: nw.LazyFrame[Any], paid: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the events and the payments that are one sale: a visitor's first event with the first payment, and so on.

    Only those that are near each other are numbered, so each is in one pair at most.
    """
    records = paid.select(
        "visitor_id",
        _payment=nw.col("_event"),
        _paid_at=nw.col("_time"),
        _paid_amount=nw.col("_amount"),
        _paid_renewal=nw.col("_renewal"),
    )
    longest = ONE_SALE.total_seconds() * 1_000  # milliseconds
    same = (nw.col("_amount") - nw.col("_paid_amount")).abs() < _SAME_AMOUNT
    near = (
        charges.select("visitor_id", "_event", "_time", "_amount")
        .join(records, on="visitor_id", how="inner")
        .filter((nw.col("_time") - nw.col("_paid_at")).abs() <= longest, same.fill_null(value=True))
    )
    event, payment = ["visitor_id", "_event", "_time"], ["visitor_id", "_payment", "_paid_at"]
    events = near.select(*event).unique().with_columns(_nth=_nth("_event", "_time"))
    records = near.select(*payment, "_paid_amount", "_paid_renewal").unique()
    return events.join(records.with_columns(_nth=_nth("_payment", "_paid_at")), on=["visitor_id", "_nth"], how="inner")


def _nth(name: str, time: str) -> nw.Expr:
    """Return the number of each of a visitor's events or payments, in order of time, from 1."""
    return nw.col(name).cum_count().over("visitor_id", order_by=(time, name))
