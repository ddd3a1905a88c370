"""The response as typed structs, with the field names of the wire format."""

# The attributes have the names of the wire format, and ``Column.source`` addresses them.
# ruff: noqa: N815

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Raw, Struct

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Identifier = str | int
"""An id; a number becomes text in the frames."""
Moment = str | int | float
"""A time as text, or as seconds or milliseconds since 1970."""

NULL: Final = Raw(b"null")


class Location(Struct, gc=False):
    """Where a visitor is, to the city."""

    city: str | None = None
    region: str | None = None
    countryCode: str | None = None


class Named(Struct, gc=False):
    """A browser or an operating system."""

    name: str | None = None

    def label(self) -> str | None:
        """Return the text that represents the whole object."""
        return self.name


class Typed(Struct, gc=False):
    """A kind of device."""

    type: str | None = None

    def label(self) -> str | None:
        """Return the text that represents the whole object."""
        return self.type


class System(Struct, gc=False):
    """What a visitor browses with; each part is an object or plain text, depending on the page of the documentation."""

    browser: Named | str | None = None
    os: Named | str | None = None
    device: Typed | str | None = None


class Params(Struct, gc=False):
    """The campaign parameters of the URL that a visitor arrived at."""

    ref: str | None = None
    source: str | None = None
    via: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_term: str | None = None


class Profile(Struct, gc=False):
    """What the website itself knows about a visitor."""

    displayName: str | None = None
    userId: Identifier | None = None
    hasProfile: bool | None = None
    isRandomName: bool | None = None


class RawLikelihood(Struct, gc=False):
    """The figures behind a score."""

    conversionRate: float | None = None
    averageValue: float | None = None
    expectedValue: float | None = None


class Likelihood(Struct, gc=False):
    """How likely a visitor is to convert."""

    score: float | None = None
    confidence: float | None = None
    isBaseline: bool | None = None
    dimensionMatches: Raw = NULL  # few lists are distinct, and each is decoded once
    raw: RawLikelihood | None = None


class Visitor(Struct, gc=False):
    """One active visitor; the objects of `FEW_DISTINCT` are left undecoded."""

    visitorId: Identifier | None = None
    location: Raw = NULL
    system: Raw = NULL
    currentUrl: str | None = None
    referrer: str | None = None
    sessionStartTime: Moment | None = None
    visitCount: Int64 | None = None
    params: Raw = NULL
    latitude: float | None = None
    longitude: float | None = None
    isCustomer: bool | None = None
    customerName: str | None = None
    customerEmail: str | None = None
    profileData: Profile | None = None
    conversionLikelihood: Likelihood | None = None


class Event(Struct, gc=False):
    """One recent event: a page view, or a named goal."""

    id: Identifier | None = msgspec.field(name="_id", default=None)
    type: str | None = None
    visitorId: Identifier | None = None
    timestamp: Moment | None = None
    path: str | None = None
    countryCode: str | None = None
    extraData: Raw = NULL  # a union would keep msgspec from leaving the text unchanged
    referrer: str | None = None
    customerName: str | None = None
    amount: float | None = None
    displayName: str | None = None


class Payment(Struct, gc=False):
    """One recent payment."""

    id: Identifier | None = msgspec.field(name="_id", default=None)
    type: str | None = None
    timestamp: Moment | None = None
    name: str | None = None
    email: str | None = None
    amount: float | None = None
    currency: str | None = None
    renewal: bool | None = None
    displayName: str | None = None
    isNew: bool | None = None
    visible: bool | None = None


class Metrics(Struct, gc=False):
    """The site's own averages, against which likelihoods are measured."""

    baselineConversionRate: float | None = None
    baselineAverageValue: float | None = None


class Data(Struct, gc=False):
    """Everything that the realtime map reports."""

    count: Int64 | None = None
    visitors: list[Visitor] | None = None
    conversionMetrics: Metrics | None = None
    hasConversionPredictions: bool | None = None
    recentEvents: list[Event] | None = None
    recentPayments: list[Payment] | None = None


class Response(Struct, gc=False):
    """The body of a response."""

    status: str | None = None
    data: Data | tuple[Data] | None = None


FEW_DISTINCT: Final[dict[str, type[Struct]]] = {"location": Location, "system": System, "params": Params}
"""The objects of a visitor that are the same for many visitors, and their types: each distinct one is decoded once."""

# Replaces an object of the response that is absent or null.
ABSENT: Final[dict[str, Struct]] = {
    "conversionMetrics": Metrics(),
    "location": Location(),
    "system": System(),
    "params": Params(),
    "profileData": Profile(),
    "conversionLikelihood": Likelihood(),
    "conversionLikelihood.raw": RawLikelihood(),
}
