"""Decodes the whole body at once, or field by field where it does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, AnyStr, Final, NamedTuple

import msgspec
import polars as pl
from msgspec import Raw, Struct

from datafast_nb.errors import InvalidResponseError
from datafast_nb.schema import EVENT_COLUMNS, PAYMENT_COLUMNS, VISITOR_COLUMNS, Column
from datafast_nb.wire.columns import Columns, SalvagedColumns, decoder, is_object, list_of, unread
from datafast_nb.wire.fault import one_line, read_fault
from datafast_nb.wire.frames import frame
from datafast_nb.wire.problems import Deadline, Place, Problems
from datafast_nb.wire.records import NULL, Data, Event, Payment, Response, Visitor
from datafast_nb.wire.text import holds_more_than, utf8_of, without_deep_values, without_lone_surrogates

MOST_RECORDS: Final = 500_000
"""How many visitors, events or payments one response may hold."""

_SPARSE: Final = 40  # the fewest bytes of a record that is not nearly empty


class Tables(NamedTuple):
    """A decoded response."""

    visitors: pl.DataFrame
    events: pl.DataFrame
    payments: pl.DataFrame
    problems: pl.DataFrame
    problem_count: int
    active: int
    has_predictions: bool
    conversion_rate: float | None
    average_value: float | None


def decode(body: bytes | str, *, strict: bool = False, deadline: float | None = None) -> Tables:
    """Decode the body of a realtime map into frames with the full schema.

    Parameters
    ----------
    body
        The JSON text, or its UTF-8 bytes.
    strict
        Raise on the first value that no column can hold, instead of noting it in ``problems``.
    deadline
        Seconds allowed for reading a body that does not fit as a whole; None for no limit.

    Returns
    -------
    Tables
        The three frames, the problems, and the site's figures.

    Raises
    ------
    InvalidResponseError
        The body is not JSON or not a realtime map, holds more than ``MOST_RECORDS`` records of a kind, or could not
        be read in time; with `strict`, also any value of the wrong type.
    """
    utf8, ends = utf8_of(body), Deadline(deadline)
    while True:
        try:
            return _tables(utf8, ends, strict=strict)
        except RecursionError:
            mended = without_deep_values(utf8.decode(), ends).encode()
            error = InvalidResponseError("The response is nested too deeply to be a realtime map. Check base_url.")
        except msgspec.DecodeError as fault:
            text = utf8.decode()
            mended = without_lone_surrogates(text).encode()
            error = InvalidResponseError(
                f"The response is not JSON ({fault}); it begins with {text[:60].strip()!r}. A response that broke off, "
                "or a gateway's error page, looks like this: try again, and check base_url."
            )
        if mended == utf8:
            raise error
        utf8 = mended


class _Body(NamedTuple):
    """The columns of a response."""

    site: Columns
    visitors: Columns
    events: Columns
    payments: Columns


_SITE_COLUMNS: Final = (
    Column("count", pl.Int64(), "count"),
    Column("has_predictions", pl.Boolean(), "hasConversionPredictions"),
    Column("conversion_rate", pl.Float64(), "conversionMetrics.baselineConversionRate"),
    Column("average_value", pl.Float64(), "conversionMetrics.baselineAverageValue"),
)


def _tables(utf8: bytes, deadline: Deadline, *, strict: bool) -> Tables:
    problems = Problems()
    body = _whole(utf8) or _salvaged(utf8.decode(), problems, deadline)
    visitors = frame(body.visitors, VISITOR_COLUMNS, problems)
    events = frame(body.events, EVENT_COLUMNS, problems)
    payments = frame(body.payments, PAYMENT_COLUMNS, problems)
    count, predicted, conversion_rate, average_value = frame(body.site, _SITE_COLUMNS, problems).row(0)
    found = problems.frame()
    if strict and problems.total:
        path, expected, value = found.row(0)
        raise InvalidResponseError(
            f"The response holds {one_line(value)} at {path}, where {expected} is expected. "
            "Leave out strict=True to read the rest.",
            path,
        )
    return Tables(
        visitors,
        events,
        payments,
        found,
        problems.total,
        visitors.height if count is None else count,
        bool(visitors["score"].count()) if predicted is None else predicted,
        conversion_rate,
        average_value,
    )


def _whole(utf8: bytes) -> _Body | None:
    """Decode a body at once; return None if it does not fit, or may be a flood of empty records."""
    if _crowded(utf8, b"{", _SPARSE):
        return None
    try:
        response: Response = decoder(Response).decode(utf8)
        _refuse_error(response.status, utf8)
        data = response.data[0] if isinstance(response.data, tuple) else response.data
        if data is None:
            raise _no_data()
        lists = (data.visitors or (), data.recentEvents or (), data.recentPayments or ())
        return _Body(
            Columns([data], "$.data", None),
            *(
                Columns.fitting(_bounded(records, path), path, range(len(records)))
                for records, path in zip(lists, _PATHS, strict=True)
            ),
        )
    except msgspec.ValidationError:
        return None


_PATHS: Final = ("$.data.visitors", "$.data.recentEvents", "$.data.recentPayments")


def _salvaged(text: str, problems: Problems, deadline: Deadline) -> _Body:
    """Decode a body that does not fit as a whole."""
    try:
        response: Any = decoder(_Unread).decode(text)
    except msgspec.ValidationError:
        response = _without_data(text)
    status = SalvagedColumns([response], Response, "$", None, problems, deadline)
    _refuse_error(status.values(Column("status", pl.String(), "status"))[0], text.encode())
    data = response.data[0] if isinstance(response.data, tuple) else response.data
    if data is None:
        raise _no_data()

    lists = []
    for raw, kind, path in zip((data.visitors, data.recentEvents, data.recentPayments), _KINDS, _PATHS, strict=True):
        lists.append(_columns(raw, kind, path, problems, deadline))
    return _Body(SalvagedColumns([data], Data, "$.data", None, problems, deadline), *lists)


class _Unread(Struct, gc=False):
    """A response of which nothing is decoded but where its data is."""

    status: Raw = NULL
    data: unread(Data) | tuple[unread(Data)] | None = None  # type: ignore[valid-type]


def _without_data(text: str) -> _Unread:
    """Return a response without its data, which is no object."""
    try:
        return _Unread(decoder(unread(Response)).decode(text).status)
    except msgspec.ValidationError:
        raise InvalidResponseError(
            "The response is JSON, but not a realtime map: there is no object at its top. Check base_url."
        ) from None


_KINDS: Final[tuple[type[Struct], ...]] = (Visitor, Event, Payment)


def _columns(raw: Raw, kind: type[Struct], path: str, problems: Problems, deadline: Deadline) -> Columns:
    """Decode the records of a list, at once if they fit."""
    deadline.check()
    text = str(raw, "utf-8")
    _refuse_flood(text, "{", _SPARSE, path, deadline)
    try:
        records = _bounded(decoder(list[kind] | None).decode(text) or (), path)  # type: ignore[valid-type]
        return Columns.fitting(records, path, range(len(records)))
    except msgspec.ValidationError:
        unread_records, rows = _unread_records(text, kind, path, problems, deadline)
        return SalvagedColumns(unread_records, kind, path, rows, problems, deadline)


def _unread_records(
    text: str, kind: type[Struct], path: str, problems: Problems, deadline: Deadline
) -> tuple[Sequence[Any], Sequence[int]]:
    """Return the undecoded objects of a list, and their indices in it."""
    if not text.startswith("["):
        problems.note(Place(path, None), "a list", pl.Series([text != "null"]), pl.Series([text]))
        return (), ()
    try:
        records = _bounded(decoder(list[unread(kind)]).decode(text), path)  # type: ignore[misc]
    except msgspec.ValidationError:
        _refuse_flood(text, ",", _SPARSE // 4, path, deadline)
        items = _bounded(decoder(list[Raw]).decode(text), path)
    else:
        return records, range(len(records))
    fits = pl.Series([is_object(item) for item in items], dtype=pl.Boolean)
    problems.note(Place(path, range(len(items))), "an object", ~fits, items)
    rows = fits.arg_true().to_list()
    return list_of(unread(kind), [items[row] for row in rows]), rows


def _refuse_flood(text: str, character: str, sparse: int, path: str, deadline: Deadline) -> None:
    """Refuse a list of too many records before any is built; count only where a character of each is frequent."""
    if _crowded(text, character, sparse) and holds_more_than(MOST_RECORDS, text, deadline):
        raise _too_many(path)


def _crowded(text: AnyStr, character: AnyStr, sparse: int) -> bool:
    """Return whether a cheap sample shows a character so often that the records may be many and small."""
    return text[::_STRIDE].count(character) * _STRIDE > max(MOST_RECORDS // 2, len(text) // sparse)


_STRIDE: Final = 61  # a prime above the distance between two characters of a crowd, so that no repetition escapes it


def _bounded(records: Sequence[Any], path: str) -> Sequence[Any]:
    """Return the records of a list, or refuse them if there are too many."""
    if len(records) > MOST_RECORDS:
        raise _too_many(path)
    return records


def _too_many(path: str) -> InvalidResponseError:
    return InvalidResponseError(
        f"The response holds more than {MOST_RECORDS:,} records at {path}, which is more than a realtime map can show. "
        "Check base_url; if the website is that busy, ask DataFast for a smaller window.",
        path,
    )


def _no_data() -> InvalidResponseError:
    return InvalidResponseError(
        "The response is JSON, but not a realtime map: it has no data object. Check base_url.", "$.data"
    )


def _refuse_error(status: str | None, utf8: bytes) -> None:
    """Raise the error that the service reports, if any."""
    if (status or "").strip().lower() == "error":
        fault = read_fault(utf8)
        reason = one_line(fault.message) if fault and fault.message else "no reason given"
        raise InvalidResponseError(f"The service answered with an error: {reason}", "$.status")
