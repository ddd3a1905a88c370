"""The response of the realtime map: bytes in, frames out.

The whole body is decoded at once into typed structs. Only where that fails is it decoded again record by record and
field by field, so that one bad value costs no more than that value.
"""

# The structs mirror the wire, so their attributes carry the wire's names and ``Column.source`` addresses them.
# ruff: noqa: N815

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin

import msgspec
import polars as pl
from msgspec import Raw, Struct

from datafast_nb.errors import InvalidResponseError
from datafast_nb.schema import EVENT_COLUMNS, PAYMENT_COLUMNS, PROBLEMS, TIMESTAMP, VISITOR_COLUMNS, Column

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Location(Struct, gc=False):
    """Where a visitor is, by city."""

    city: str | None = None
    region: str | None = None
    countryCode: str | None = None


class Named(Struct, gc=False):
    """A browser or an operating system."""

    name: str | None = None

    def label(self) -> str | None:
        """Give the text that stands for the whole object."""
        return self.name


class Typed(Struct, gc=False):
    """A kind of device."""

    type: str | None = None

    def label(self) -> str | None:
        """Give the text that stands for the whole object."""
        return self.type


class System(Struct, gc=False):
    """What a visitor browses with; each part is an object or plain text, by the page of the documentation."""

    browser: Named | str | None = None
    os: Named | str | None = None
    device: Typed | str | None = None


class Params(Struct, gc=False):
    """The campaign parameters of the URL a visitor came in by."""

    ref: str | None = None
    source: str | None = None
    via: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_term: str | None = None


class Profile(Struct, gc=False):
    """What the website itself knows of a visitor."""

    displayName: str | None = None
    userId: str | None = None
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
    dimensionMatches: Raw = Raw()  # few lists differ: each distinct one is decoded once
    raw: RawLikelihood | None = None


class Visitor(Struct, gc=False):
    """One active visitor."""

    visitorId: str | None = None
    location: Location | None = None
    system: System | None = None
    currentUrl: str | None = None
    referrer: str | None = None
    sessionStartTime: str | None = None
    visitCount: Int64 | None = None
    params: Params | None = None
    latitude: float | None = None
    longitude: float | None = None
    isCustomer: bool | None = None
    customerName: str | None = None
    customerEmail: str | None = None
    profileData: Profile | None = None
    conversionLikelihood: Likelihood | None = None


class Event(Struct, gc=False):
    """One recent event: a page view, or a goal by its name."""

    id: str | None = msgspec.field(name="_id", default=None)
    type: str | None = None
    visitorId: str | None = None
    timestamp: str | None = None
    path: str | None = None
    countryCode: str | None = None
    extraData: Raw = Raw()  # a union would keep msgspec from leaving the text as it came
    referrer: str | None = None
    customerName: str | None = None
    amount: float | None = None
    displayName: str | None = None


class Payment(Struct, gc=False):
    """One recent payment."""

    id: str | None = msgspec.field(name="_id", default=None)
    type: str | None = None
    timestamp: str | None = None
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
    """Everything the realtime map tells."""

    count: Int64 | None = None
    visitors: list[Visitor] | None = None
    conversionMetrics: Metrics | None = None
    hasConversionPredictions: bool | None = None
    recentEvents: list[Event] | None = None
    recentPayments: list[Payment] | None = None


class Response(Struct, gc=False):
    """The body of an answer."""

    status: str | None = None
    data: Data | None = None


class Fault(NamedTuple):
    """What the service says went wrong: the HTTP status that it names, and its words.

    Others write of errors in JSON too; `documented` says whether the body has the shape that the service documents.
    """

    code: int | None = None
    message: str | None = None
    documented: bool = False


class FaultResponse(Struct, gc=False):
    """The body of an answer that reports an error."""

    status: str | None = None
    error: Any = None
    message: Any = None


class Problem(NamedTuple):
    """A value of the response that no column can hold."""

    path: str
    expected: str
    value: str


class Tables(NamedTuple):
    """A decoded response."""

    visitors: pl.DataFrame
    events: pl.DataFrame
    payments: pl.DataFrame
    problems: pl.DataFrame
    active: int
    has_predictions: bool
    conversion_rate: float | None
    average_value: float | None


def decode(body: bytes | str, *, strict: bool = False) -> Tables:
    """Decode the body of a realtime map into frames with the full schema.

    Parameters
    ----------
    body
        The JSON text, or its UTF-8 bytes.
    strict
        Raise on the first value that no column can hold, instead of noting it in ``problems``.

    Returns
    -------
    Tables
        The three frames, the problems, and the site's figures.

    Raises
    ------
    InvalidResponseError
        The body is not JSON or not a realtime map; with `strict`, also any value of the wrong type.
    """
    problems: list[Problem] = []
    data = _data(_text(body), problems)
    visitors = _frame(data.visitors, VISITOR_COLUMNS, "$.data.visitors", problems)
    events = _frame(data.recentEvents, EVENT_COLUMNS, "$.data.recentEvents", problems)
    payments = _frame(data.recentPayments, PAYMENT_COLUMNS, "$.data.recentPayments", problems)
    conversion_rate, average_value = _baseline(data.conversionMetrics or Metrics(), problems)
    if strict and problems:
        path, expected, value = problems[0]
        raise InvalidResponseError(
            f"The response holds {one_line(value)} at {path}, where {expected} belongs. "
            "Leave strict=True out to read the rest of it.",
            path,
        )
    predicted = data.hasConversionPredictions
    return Tables(
        visitors,
        events,
        payments,
        pl.DataFrame(problems, schema=PROBLEMS, orient="row"),
        visitors.height if data.count is None else data.count,
        bool(visitors["score"].count()) if predicted is None else predicted,
        conversion_rate,
        average_value,
    )


_LONGEST_FAULT: Final = 2**20
"""Bytes of a body that may be an error; a longer one is no error that a person has written."""

_FAULT_CODES: Final = {
    "BAD_REQUEST": 400,
    "INVALID_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "UNAUTHENTICATED": 401,
    "INVALID_API_KEY": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "TOO_MANY_REQUESTS": 429,
    "RATE_LIMITED": 429,
    "RATE_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
    "INTERNAL_SERVER_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}
"""The HTTP status that a word in the place of an error's code stands for."""


def read_fault(body: bytes) -> Fault | None:
    """Return what an error body says, or None where the body is no documented error.

    The code may be a number, digits or a word such as ``UNAUTHORIZED``; the message text, or lists and objects of text.
    """
    if len(body) > _LONGEST_FAULT:
        return None
    try:
        text = _without_lone_surrogates(body.decode("utf-8-sig", errors="replace"))
        response = msgspec.json.decode(text, type=FaultResponse)
        failed = (response.status or "").strip().lower() == "error"
        if not failed and response.error is None:
            return None
        fault = _fault(response.error, response.message)
    except (msgspec.DecodeError, RecursionError):
        return None
    named = isinstance(response.error, dict) and bool(response.error.keys() & {"code", "message"})
    return fault._replace(documented=failed and named)


def _fault(error: Any, message: Any) -> Fault:  # noqa: ANN401 - any JSON
    """Return the code and the words of an error, whatever its shape."""
    errors = error if isinstance(error, list) else [error]
    codes = [each["code"] for each in errors if isinstance(each, dict) and each.get("code") is not None]
    words = _words_of([each.get("message") if isinstance(each, dict) else each for each in errors])
    words = words or _words_of(message) or _words_of([code for code in codes if isinstance(code, str)])
    return Fault(next(filter(None, map(_fault_code, codes)), None), words or None)


def _fault_code(code: Any) -> int | None:  # noqa: ANN401
    """Return the HTTP status that an error's code stands for: a number, digits or a word."""
    word = re.sub(r"[\s-]+", "_", str(code).strip()).upper().removesuffix(".0")
    number = int(word) if re.fullmatch(r"[0-9]{3}", word) else _FAULT_CODES.get(word)
    return number if number is not None and _HTTP_STATUS[0] <= number <= _HTTP_STATUS[1] else None


_HTTP_STATUS: Final = (400, 599)


def _words_of(value: Any) -> str:  # noqa: ANN401
    """Return the text in a value; the parts of a list or an object one after the other."""
    if isinstance(value, dict):
        parts = [f"{name}: {words}" for name, part in value.items() if (words := _words_of(part))]
        return "; ".join(parts)
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words_of, value)))
    return "" if value is None else str(value)


def one_line(text: str) -> str:
    """Give foreign text as a part of a message: short, on one line, without control characters."""
    printable = "".join(character if character.isprintable() else " " for character in text[:1000])
    return " ".join(printable.split())[:300]


def _text(body: bytes | str) -> str:
    if isinstance(body, str):
        return body
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidResponseError(
            f"The response is not valid UTF-8 (byte {error.start}). Something between here and the service "
            "changed it: check base_url and any proxy."
        ) from None


# Half of a surrogate pair: what JavaScript leaves of an emoji that it cut in two. msgspec refuses it.
_LONE_SURROGATE: Final = re.compile(r"(?<!\\)((?:\\\\)*)(?:(\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u[dD][89a-fA-F]..)")


def _without_lone_surrogates(text: str) -> str:
    """Replace the halves of surrogate pairs that stand alone in JSON text by U+FFFD."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _LONE_SURROGATE.sub(lambda match: match[1] + (match[2] or r"\ufffd"), text)


def _data(text: str, problems: list[Problem]) -> Data:
    """Decode the whole body at once; where that fails, save what can be saved."""
    try:
        response: Response = _decoder(Response).decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        text = _without_lone_surrogates(text)
        response = _salvage_response(text.encode(errors="replace"), problems)
    if (response.status or "").strip().lower() == "error":
        fault = read_fault(text.encode(errors="replace"))
        said = one_line(fault.message) if fault and fault.message else "no reason given"
        raise InvalidResponseError(f"The service answered with an error: {said}", "$.status")
    if response.data is None:
        raise InvalidResponseError(
            "The response is JSON, but not a realtime map: it has no data object. Check base_url.", "$.data"
        )
    return response.data


def _salvage_response(body: bytes, problems: list[Problem]) -> Response:
    """Decode a body that does not fit as a whole."""
    try:
        response: Response | None = _salvage(Raw(body.strip()), Response, "$", problems)
    except RecursionError:
        raise InvalidResponseError("The response is nested too deeply to be a realtime map. Check base_url.") from None
    except msgspec.DecodeError as error:
        start = body[:60].decode(errors="replace").strip()
        raise InvalidResponseError(
            f"The response is not JSON ({error}); it begins with {start!r}. An answer that broke off or a "
            "gateway's error page looks like this: try again, and check base_url."
        ) from None
    if response is None:
        raise InvalidResponseError("The response is JSON, but not a realtime map: it is no object. Check base_url.")
    return response


def _salvage(raw: Raw, kind: Any, path: str, problems: list[Problem]) -> Any:  # noqa: ANN401 - any type of the structs
    """Decode a value; where it does not fit its type, decode its parts one by one and note those that do not."""
    try:
        return _decoder(kind).decode(raw)
    except msgspec.ValidationError:
        first = bytes(memoryview(raw)[:1])
    members = (kind, *get_args(kind))
    struct = next((member for member in members if isinstance(member, type) and issubclass(member, Struct)), None)
    if struct and first == b"{":
        parts = _decoder(dict[str, Raw]).decode(raw)
        return struct(
            **{
                field.name: _salvage(parts[field.encode_name], field.type, f"{path}.{field.encode_name}", problems)
                for field in msgspec.structs.fields(struct)
                if field.encode_name in parts
            }
        )
    record = next((get_args(member)[0] for member in members if get_origin(member) is list), str)
    if record is not str and first == b"[":
        items = _decoder(list[Raw]).decode(raw)
        return [_salvage(item, record, f"{path}[{index}]", problems) for index, item in enumerate(items)]
    problems.append(
        Problem(path, _expected(members), _excerpt(bytes(memoryview(raw)[:_EXCERPT]).decode(errors="ignore")))
    )
    return None


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401
    """Give the decoder of a type; it reads numbers that are written as text."""
    return msgspec.json.Decoder(kind, strict=False)


_EXCERPT: Final = 200


def _excerpt(value: object) -> str:
    """Give the start of a value, enough to find it by."""
    return str(value)[:_EXCERPT]


_WORDS: Final[dict[Any, str]] = {
    str: "text",
    float: "a number",
    bool: "true or false",
    Int64: "a whole number of 64 bits",
    list[str]: "a list of texts",
}


def _expected(members: tuple[Any, ...]) -> str:
    """Say in words what a type takes."""
    words = [_WORDS[member] for member in members if member in _WORDS]
    return words[0] if words else "a list" if any(get_origin(member) is list for member in members) else "an object"


# What stands in for an object of the response that is absent or null.
_ABSENT: Final[dict[str, Struct]] = {
    "location": Location(),
    "system": System(),
    "params": Params(),
    "profileData": Profile(),
    "conversionLikelihood": Likelihood(),
    "conversionLikelihood.raw": RawLikelihood(),
}


def _frame(
    decoded: Sequence[Struct | None] | None, columns: Sequence[Column], path: str, problems: list[Problem]
) -> pl.DataFrame:
    """Turn records into a frame, column by column."""
    records = [record for record in decoded or () if record]
    rows = [row for row, record in enumerate(decoded or ()) if record]
    objects: dict[str, list[Any]] = {"": records}
    for source, absent in _ABSENT.items():
        parent, _, name = source.rpartition(".")
        if any(column.source.startswith(f"{source}.") for column in columns):
            objects[source] = [part or absent for part in map(attrgetter(name), objects[parent])]
    series = []
    for column in columns:
        parent, _, name = column.source.rpartition(".")
        values = list(map(attrgetter(name.removeprefix("_")), objects[parent]))
        series.append(_series(values, column, rows, path, problems))
    return pl.DataFrame(series)


def _series(values: Sequence[Any], column: Column, rows: list[int], path: str, problems: list[Problem]) -> pl.Series:
    """Turn the values of a column into its dtype; what it cannot hold becomes null and a problem."""
    if column.source == "extraData":
        values = [None if text in ("", "null") else text for text in (str(raw, "utf-8") for raw in values)]
    elif column.source.startswith("system."):
        values = [value if value is None or value.__class__ is str else value.label() for value in values]
    elif column.source.endswith("dimensionMatches"):
        return _lists(values, column, rows, path, problems)
    given = pl.Series(column.name, values, dtype=pl.String if column.dtype == TIMESTAMP else column.dtype)
    held, expected = given, ""
    if column.dtype == TIMESTAMP:
        held, expected = _timestamps(given), "an RFC 3339 time"
    elif column.dtype == pl.Float64:
        limit = _LIMITS.get(column.name, math.inf)
        held, expected = _within(given, limit), f"a number from -{limit:g} to {limit:g}"
    if held.null_count() > given.null_count():
        unheld = (held.is_null() & given.is_not_null()).arg_true()
        problems += [Problem(f"{path}[{rows[row]}].{column.source}", expected, _excerpt(given[row])) for row in unheld]
    return held


def _within(numbers: pl.Series, limit: float) -> pl.Series:
    """Keep the finite numbers within ± a limit; the others become null."""
    low: Any = numbers.min()
    high: Any = numbers.max()
    if low is None or (math.isfinite(numbers.sum()) and -limit <= low and high <= limit):
        return numbers
    return numbers.set(~(numbers.is_finite() & (numbers.abs() <= limit)), None)


def _baseline(metrics: Metrics, problems: list[Problem]) -> list[float | None]:
    """Give the site's averages; what is no finite number becomes None and a problem."""
    names = ("baselineConversionRate", "baselineAverageValue")
    given = [getattr(metrics, name) for name in names]
    problems += [
        Problem(f"$.data.conversionMetrics.{name}", "a finite number", str(value))
        for name, value in zip(names, given, strict=True)
        if value is not None and not math.isfinite(value)
    ]
    return [value if value is not None and math.isfinite(value) else None for value in given]


def _lists(values: Sequence[Raw], column: Column, rows: list[int], path: str, problems: list[Problem]) -> pl.Series:
    """Build a column of lists: each distinct text is decoded once."""
    texts = [bytes(value) for value in values]
    lists: dict[bytes, list[str] | None] = {}
    unheld: set[bytes] = set()
    for text in dict.fromkeys(texts):
        try:
            lists[text] = msgspec.json.decode(text or b"null", type=list[str] | None)
        except msgspec.DecodeError:
            lists[text] = None
            unheld.add(text)
    if unheld:
        problems += [
            Problem(f"{path}[{row}].{column.source}", _WORDS[list[str]], _excerpt(text.decode()))
            for row, text in zip(rows, texts, strict=True)
            if text in unheld
        ]
    codes = {text: code for code, text in enumerate(lists)}
    return pl.Series(column.name, list(lists.values()), dtype=column.dtype).gather([codes[text] for text in texts])


_LIMITS: Final = {"latitude": 90.0, "longitude": 180.0}


_YEARS: Final = (-62_135_596_800_000, 253_402_300_799_999)
"""Milliseconds since 1970 of the first and the last moment that a Python datetime can hold: years 1 to 9999."""


def _timestamps(text: pl.Series) -> pl.Series:
    """Read RFC 3339 times, with or without fractions of a second; one without an offset is UTC."""
    times = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="ms", strict=False)
    if times.null_count() > text.null_count():
        naive = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ms", strict=False)
        times = times.zip_with(times.is_not_null(), naive.dt.replace_time_zone("UTC"))
    milliseconds = times.to_physical()
    earliest: Any = milliseconds.min()
    latest: Any = milliseconds.max()
    if earliest is None or (earliest >= _YEARS[0] and latest <= _YEARS[1]):
        return times
    return times.set((milliseconds < _YEARS[0]) | (milliseconds > _YEARS[1]), None)
