"""What visitors did, as frames of one row per visitor and happening; payments are matched to visitors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import narwhals.stable.v2 as nw

from datafast_nb.conversion.dimensions import page
from datafast_nb.conversion.frames import flag, opened, require, text
from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
PAGEVIEW: Final = "pageview"


def opened_events(data: Any, purpose: str) -> tuple[nw.LazyFrame[Any], Callable[[nw.LazyFrame[Any]], Any]]:  # noqa: ANN401
    """Give the events as a lazy frame of `visitor_id`, `_type`, `_page`, `_time` (ms), `_event`; and the way back."""
    frame, restore = opened(data.events if isinstance(data, Snapshot) else data, by_polars=True)
    require(frame, ("event_id", "type", "visitor_id", "timestamp", "path"), purpose)
    # With the type and the path: an id may be missing, or the same for two events.
    names = [nw.col(name).cast(nw.String).fill_null("") for name in ("event_id", "type", "path")]
    happened = frame.select(
        "visitor_id",
        _type=nw.col("type"),
        _page=page("path"),
        _time=_milliseconds(frame),
        _event=nw.concat_str(names, separator=" "),
    )
    return happened.filter(~nw.col("visitor_id").is_null() & ~nw.col("_time").is_null()), restore


def _milliseconds(frame: nw.LazyFrame[Any]) -> nw.Expr:
    """Give the timestamp in milliseconds since 1970, as a whole number among the floats."""
    if frame.implementation.is_spark_like():  # which has no durations in Narwhals, but casts to seconds
        return (nw.col("timestamp").cast(nw.Float64) * 1000.0).round()
    zone = getattr(frame.collect_schema()["timestamp"], "time_zone", None)
    epoch = nw.lit(_EPOCH if zone else _EPOCH.replace(tzinfo=None))
    return (nw.col("timestamp") - epoch).dt.total_milliseconds().cast(nw.Float64)


def matched_payments(payments: nw.LazyFrame[Any], visitors: nw.LazyFrame[Any], *, renewals: bool) -> nw.LazyFrame[Any]:
    """Give the payments of visitors: `visitor_id`, `_time` (ms) and `_event`.

    A payment names no visitor. It is matched by its e-mail address, and where no visitor has that, by its name, if
    that is the name of one visitor alone. Case and blanks around make no difference.
    """
    require(payments, ("payment_id", "timestamp", "email", "name", "display_name", "renewal"), "a payment step")
    require(visitors, ("visitor_id", "customer_email", "customer_name", "display_name"), "a payment step")
    paid = payments.select(
        _time=_milliseconds(payments),
        _event=nw.concat_str([nw.lit("payment "), nw.col("payment_id").cast(nw.String).fill_null("")]),
        _email=text("email").str.to_lowercase(),
        _name=nw.coalesce(text("name"), text("display_name")).str.to_lowercase(),
        _renewal=flag("renewal"),
    )
    if not renewals:
        paid = paid.filter(~nw.col("_renewal"))
    people = visitors.filter(~nw.col("visitor_id").is_null()).select(
        "visitor_id",
        _email=text("customer_email").str.to_lowercase(),
        _name=nw.coalesce(text("customer_name"), text("display_name")).str.to_lowercase(),
    )
    addresses = people.select("visitor_id", "_email").filter(~nw.col("_email").is_null()).unique()
    names = (
        people.filter(~nw.col("_name").is_null())
        .group_by("_name")
        .agg(visitor_id=nw.col("visitor_id").min(), _last=nw.col("visitor_id").max())
        .filter(nw.col("visitor_id") == nw.col("_last"))
    )
    by_address = paid.join(addresses, on="_email", how="inner")
    by_name = paid.join(addresses, on="_email", how="anti").join(names, on="_name", how="inner")
    columns = ("visitor_id", "_time", "_event")
    return nw.concat([by_address.select(*columns), by_name.select(*columns)]).filter(~nw.col("_time").is_null())
