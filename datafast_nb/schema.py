"""The columns of the three frames: name, dtype, unit, and place in the response."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMESTAMP: Final = pl.Datetime("ms", "UTC")

WINDOW: Final = timedelta(minutes=10)
"""How far back the endpoint shows visitors, events and payments."""


class Column(NamedTuple):
    """One column of a frame.

    Attributes
    ----------
    name : str
        The column's name in the frame.
    dtype : polars.DataType
        Its Polars data type.
    source : str
        Its place in a record of the response, as a dotted path.
    unit : str
        The unit or range of its values; empty for text, flags and ids.
    """

    name: str
    dtype: pl.DataType
    source: str
    unit: str = ""


_TEXT: Final = pl.String()
_FLAG: Final = pl.Boolean()
_NUMBER: Final = pl.Float64()

_COUNTRY: Final = "ISO 3166-1 alpha-2; null where the service knows none (XX, T1, EU and similar codes)"

VISITOR_COLUMNS: Final = (
    Column("visitor_id", _TEXT, "visitorId"),
    Column("city", _TEXT, "location.city"),
    Column("region", _TEXT, "location.region", "ISO 3166-2"),
    Column("country_code", _TEXT, "location.countryCode", _COUNTRY),
    Column("browser", _TEXT, "system.browser"),
    Column("os", _TEXT, "system.os"),
    Column("device", _TEXT, "system.device"),
    Column("current_url", _TEXT, "currentUrl"),
    Column("referrer", _TEXT, "referrer"),
    Column("session_start_time", TIMESTAMP, "sessionStartTime", "UTC"),
    Column("visit_count", pl.Int64(), "visitCount", "visits"),
    Column("ref", _TEXT, "params.ref"),
    Column("source", _TEXT, "params.source"),
    Column("via", _TEXT, "params.via"),
    Column("utm_source", _TEXT, "params.utm_source"),
    Column("utm_medium", _TEXT, "params.utm_medium"),
    Column("utm_campaign", _TEXT, "params.utm_campaign"),
    Column("utm_content", _TEXT, "params.utm_content"),
    Column("utm_term", _TEXT, "params.utm_term"),
    Column("latitude", _NUMBER, "latitude", "degrees, -90 to 90"),
    Column("longitude", _NUMBER, "longitude", "degrees, -180 to 180"),
    Column("is_customer", _FLAG, "isCustomer"),
    Column("customer_name", _TEXT, "customerName"),
    Column("customer_email", _TEXT, "customerEmail"),
    Column("display_name", _TEXT, "profileData.displayName"),
    Column("user_id", _TEXT, "profileData.userId"),
    Column("has_profile", _FLAG, "profileData.hasProfile"),
    Column("is_random_name", _FLAG, "profileData.isRandomName"),
    Column("score", _NUMBER, "conversionLikelihood.score", "0 to 100; 50 is the site's average"),
    Column("confidence", _NUMBER, "conversionLikelihood.confidence", "0 to 1"),
    Column("is_baseline", _FLAG, "conversionLikelihood.isBaseline"),
    Column("dimension_matches", pl.List(pl.String()), "conversionLikelihood.dimensionMatches"),
    Column("conversion_rate", _NUMBER, "conversionLikelihood.raw.conversionRate", "probability, 0 to 1"),
    Column("average_value", _NUMBER, "conversionLikelihood.raw.averageValue", "USD"),
    Column("expected_value", _NUMBER, "conversionLikelihood.raw.expectedValue", "USD"),
)

EVENT_COLUMNS: Final = (
    Column("event_id", _TEXT, "_id"),
    Column("type", _TEXT, "type"),
    Column("visitor_id", _TEXT, "visitorId"),
    Column("timestamp", TIMESTAMP, "timestamp", "UTC"),
    Column("path", _TEXT, "path"),
    Column("country_code", _TEXT, "countryCode", _COUNTRY),
    Column("extra_data", _TEXT, "extraData", "JSON text, unchanged"),
    Column("referrer", _TEXT, "referrer"),
    Column("customer_name", _TEXT, "customerName"),
    Column("amount", _NUMBER, "amount", "currency not given"),
    Column("display_name", _TEXT, "displayName"),
)

PAYMENT_COLUMNS: Final = (
    Column("payment_id", _TEXT, "_id"),
    Column("type", _TEXT, "type"),
    Column("timestamp", TIMESTAMP, "timestamp", "UTC"),
    Column("name", _TEXT, "name"),
    Column("email", _TEXT, "email"),
    Column("amount", _NUMBER, "amount", "the payment's currency"),
    Column("currency", _TEXT, "currency", "ISO 4217"),
    Column("renewal", _FLAG, "renewal"),
    Column("display_name", _TEXT, "displayName"),
    Column("is_new", _FLAG, "isNew"),
    Column("visible", _FLAG, "visible"),
)

_MONEY: Final = (-1e12, 1e12)

RANGES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "score": (0.0, 100.0),
        "confidence": (0.0, 1.0),
        "conversion_rate": (0.0, 1.0),
        "expected_value": _MONEY,
        "amount": _MONEY,
    }
)
"""The smallest and the largest number that makes sense in a column. The frames hold what the service sent; analyses,
charts and the map treat a number outside as missing, so that every sum is finite."""

VISITORS: Final = pl.Schema({column.name: column.dtype for column in VISITOR_COLUMNS})
"""Schema of ``Snapshot.visitors``: one row per active visitor."""

EVENTS: Final = pl.Schema({column.name: column.dtype for column in EVENT_COLUMNS})
"""Schema of ``Snapshot.events``: one row per recent event."""

PAYMENTS: Final = pl.Schema({column.name: column.dtype for column in PAYMENT_COLUMNS})
"""Schema of ``Snapshot.payments``: one row per recent payment."""

PROBLEMS: Final = pl.Schema({"path": pl.String(), "expected": pl.String(), "value": pl.String()})
"""Schema of ``Snapshot.problems``: one row per value of the response that no column can hold, up to 1,000 rows per
field."""
