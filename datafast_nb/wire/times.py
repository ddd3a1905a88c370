"""Reads times: RFC 3339 and similar forms, and seconds or milliseconds since 1970."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from datafast_nb.schema import TIMESTAMP

_YEARS: Final = (-62_135_596_800_000, 253_402_300_799_999)
"""Milliseconds since 1970 of the first and the last moment that a Python datetime can hold: years 1 to 9999."""

_EPOCHS: Final = (946_684_800, 4_102_444_800)
"""Seconds since 1970 of the years 2000 and 2100: a number is a time of a visit only between them."""

_NUMBER: Final = r"^[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]+)?$"

_OWN_FORM: Final = "%Y-%m-%dT%H:%M:%S.%3fZ"
"""The form of the service, which Polars reads in a fourth of the time of any RFC 3339 time."""

# The forms of other programs, and those of RFC 3339 with a "t", a "z" or a blank.
_FORMS: Final = (
    (r"^(\d{4}-\d{2}-\d{2})[Tt\s_]\s*(\d)", "${1}T${2}"),
    (r"(T\d{2}:\d{2})([^:]|$)", "${1}:00${2}"),
    (r"(T\d{2}:\d{2}:\d{2}),", "${1}."),
    (r"\s*(?:[Zz]|UTC|GMT)$", "Z"),
)


def times(text: pl.Series) -> pl.Series:
    """Read times; a time without an offset is UTC, and text that is not a time becomes null."""
    read = text.str.to_datetime(_OWN_FORM, time_unit="ms", strict=False).cast(TIMESTAMP)  # a naive time becomes UTC
    if read.null_count() > text.null_count():
        numbers = _since_1970(text.str.strip_chars())
        if numbers.null_count() == text.null_count() or not text.str.contains("-", literal=True).any():
            return numbers
        read = _of_any_form(text)
        read = read.zip_with(read.is_not_null(), numbers)
    milliseconds = read.to_physical()
    earliest: Any = milliseconds.min()
    latest: Any = milliseconds.max()
    if earliest is None or (earliest >= _YEARS[0] and latest <= _YEARS[1]):
        return read
    return milliseconds.set(~milliseconds.is_between(*_YEARS), None).cast(TIMESTAMP)


def _of_any_form(text: pl.Series) -> pl.Series:
    """Read times of all forms that begin with a date."""
    read = _aware(text)
    if read.null_count() > text.null_count():
        tidy = text.str.strip_chars()
        for form, standard in _FORMS:
            tidy = tidy.str.replace(form, standard)
        naive = tidy.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ms", strict=False).cast(TIMESTAMP)
        for other in (_aware(tidy), naive):
            read = read.zip_with(read.is_not_null(), other)
    return read


def _aware(text: pl.Series) -> pl.Series:
    """Read RFC 3339 times, with or without fractions of a second."""
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="ms", strict=False)


def _since_1970(text: pl.Series) -> pl.Series:
    """Read numbers of seconds or milliseconds; the range tells one from the other."""
    number = text.set(~text.str.contains(_NUMBER), None).cast(pl.Float64, strict=False)
    first, last = _EPOCHS
    seconds = number.is_between(first, last, closed="left")
    milliseconds = number.is_between(first * 1_000, last * 1_000, closed="left")
    number = (number.zip_with(~seconds, number * 1_000)).set(~(seconds | milliseconds), None)
    return number.round().cast(pl.Int64).cast(TIMESTAMP)
