"""The wire format: the endpoint's response for an activity, as bytes of JSON."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import polars as pl

from datafast_nb.demo.activity import Activity
from datafast_nb.demo.predictions import averages
from datafast_nb.schema import EVENT_COLUMNS, PAYMENT_COLUMNS, TIMESTAMP, VISITOR_COLUMNS, Column

_TIME = "%Y-%m-%dT%H:%M:%S%.3fZ"
_PARAMETERS = ("ref", "source", "via", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


def _text(moment: str) -> pl.Expr:
    """Return a column of milliseconds since 1970 as ISO 8601 text."""
    return pl.col(moment).cast(pl.Datetime("ms")).dt.to_string(_TIME)


def _likelihood() -> pl.Expr:
    """Return the prediction, null for visitors without one."""
    raw = pl.struct(
        conversionRate=pl.col("predicted_rate").round(4),
        averageValue=pl.col("average_value").round(2),
        expectedValue=(pl.col("predicted_rate") * pl.col("average_value")).round(2),
    )
    prediction = pl.struct(
        "score",
        "confidence",
        isBaseline=(pl.col("matches").list.len() == 0) & ~pl.col("is_customer"),
        dimensionMatches="matches",
        raw=raw,
    )
    return pl.when("is_scored").then(prediction)


def _visitors(*, predictions: bool) -> dict[str, pl.Expr]:
    """Return the fields of a visitor."""
    profile = pl.struct(
        displayName="display_name",
        userId=pl.when("has_profile").then(pl.col("user_id")),
        hasProfile="has_profile",
        isRandomName=~pl.col("has_profile"),
    )
    fields = {
        "visitorId": pl.col("visitor_id"),
        "location": pl.struct("region", city="city_name", countryCode="known_country"),
        "system": pl.struct(
            browser=pl.struct(name="browser"), os=pl.struct(name="os"), device=pl.struct(type="device")
        ),
        "currentUrl": pl.col("page"),
        "referrer": pl.col("referrer"),
        "sessionStartTime": _text("start"),
        "visitCount": pl.col("visit_count"),
        "params": pl.struct(_PARAMETERS),
        "latitude": pl.col("latitude"),
        "longitude": pl.col("longitude"),
        "isCustomer": pl.col("is_customer"),
        "customerName": pl.col("customer_name"),
        "customerEmail": pl.col("customer_email"),
        "profileData": profile,
    }
    if predictions:
        fields["conversionLikelihood"] = _likelihood()
    return fields


def _events() -> dict[str, pl.Expr]:
    """Return the fields of an event, except `extraData`."""
    return {
        "_id": pl.col("event_id"),
        "type": pl.col("type"),
        "visitorId": pl.col("visitor_id"),
        "timestamp": _text("at"),
        "path": pl.col("page"),
        "countryCode": pl.col("known_country"),
        "referrer": pl.col("referrer"),
        "customerName": pl.col("customer_name"),
        "amount": pl.col("amount"),
        "displayName": pl.col("display_name"),
    }


def _payments() -> dict[str, pl.Expr]:
    """Return the fields of a payment."""
    return {
        "_id": pl.col("payment_id"),
        "type": pl.lit("payment_received"),
        "timestamp": _text("at"),
        "name": pl.col("name"),
        "email": pl.col("email"),
        "amount": pl.col("amount"),
        "currency": pl.col("currency"),
        "renewal": pl.col("renewal"),
        "displayName": pl.col("shown_name"),
        "isNew": pl.col("is_new"),
        "visible": pl.col("visible"),
    }


def _encode(records: pl.DataFrame, fields: dict[str, pl.Expr]) -> pl.Series:
    """Return one JSON object for each record."""
    return records.select(
        record=pl.struct(it.alias(name) for name, it in fields.items()).struct.json_encode()
    ).to_series()


def _joined(records: pl.Series) -> bytes:
    """Return the records with commas between them."""
    joined: bytes = records.str.join(",").cast(pl.Binary).item()
    return joined


def metrics() -> dict[str, float]:
    """Return the site's own averages, by their names in the response."""
    learned = averages()
    return {
        "baselineConversionRate": round(learned.conversion_rate, 4),
        "baselineAverageValue": round(learned.average_value, 2),
    }


def encode(activity: Activity, *, count: int, predictions: bool = True) -> bytes:
    """Return the body of a successful response.

    Without `predictions`, everything that depends on a conversion model is absent, as for a site that has none yet.
    """
    # The `extra` of an event is already JSON, so it is inserted unchanged.
    records = pl.DataFrame({"event": _encode(activity.events, _events()), "extra": activity.events["extra"]})
    opened = pl.col("event").str.strip_suffix("}")
    events = records.select(pl.concat_str(opened, pl.lit(',"extraData":'), "extra", pl.lit("}"))).to_series()
    pieces = (
        b'{"status":"success","data":{"count":%d,"visitors":[' % count,
        _joined(_encode(activity.visitors, _visitors(predictions=predictions))),
        b'],"conversionMetrics":%s' % msgspec.json.encode(metrics()) if predictions else b"]",
        b',"hasConversionPredictions":%s,"recentEvents":[' % msgspec.json.encode(predictions),
        _joined(events),
        b'],"recentPayments":[',
        _joined(_encode(activity.payments, _payments())),
        b"]}}",
    )
    return b"".join(pieces)


def decoded(activity: Activity) -> Activity:
    """Return the three frames that decoding the body would produce, row for row, without going through its text."""
    visitors, events, payments = activity
    extra = {"extraData": pl.col("extra")}
    return Activity(
        _as_frame(visitors, _visitors(predictions=True), VISITOR_COLUMNS),
        _as_frame(events, _events() | extra, EVENT_COLUMNS),
        _as_frame(payments, _payments(), PAYMENT_COLUMNS),
    )


def _as_frame(records: pl.DataFrame, fields: dict[str, pl.Expr], columns: Sequence[Column]) -> pl.DataFrame:
    """Return records with a frame's columns, each taken from its place in the response."""
    response = records.lazy().select(**fields)
    schema = response.collect_schema()
    return response.select(_column(it, schema) for it in columns).collect()


def _column(column: Column, schema: pl.Schema) -> pl.Expr:
    """Return a column of a record of the response."""
    first, *path = column.source.split(".")
    value, dtype = pl.col(first), schema[first]
    while isinstance(dtype, pl.Struct):  # a browser, a system or a device has only this field
        parts = pl.Schema(dtype.to_schema())
        name = path.pop(0) if path else next(iter(parts))
        value, dtype = value.struct.field(name), parts[name]
    if column.dtype == TIMESTAMP:
        value = value.str.to_datetime(time_unit="ms", time_zone="UTC", format=_TIME)
    return value.cast(column.dtype).alias(column.name)
