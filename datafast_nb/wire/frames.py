"""Turns the values of records into a frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import polars as pl
from msgspec import Raw

from datafast_nb import countries
from datafast_nb.schema import TIMESTAMP, Column
from datafast_nb.wire.columns import Columns, distinct, texts_of
from datafast_nb.wire.problems import Problems
from datafast_nb.wire.text import TOO_DEEP
from datafast_nb.wire.times import times

_LIMITS: Final = {"latitude": 90.0, "longitude": 180.0}


def frame(records: Columns, columns: Sequence[Column], problems: Problems) -> pl.DataFrame:
    """Turn records into a frame, column by column; values that a column cannot hold become null and problems."""
    return pl.DataFrame([_series(records, column, problems) for column in columns])


def _series(records: Columns, column: Column, problems: Problems) -> pl.Series:
    """Return the values of a column in its dtype."""
    values = records.values(column)
    if column.source.endswith("dimensionMatches"):
        return _lists(values, column, records, problems)
    if column.source == "extraData":
        texts = pl.Series(column.name, texts_of(values), dtype=pl.String)
        values = texts.set(texts == "null", None)
    given = _given(values, column)
    held, expected = given, ""
    if column.dtype == TIMESTAMP:
        held, expected = times(given), "an RFC 3339 time"
    elif column.dtype == pl.Float64:
        limit = _LIMITS.get(column.name, math.inf)
        held = _within(given, limit)
        expected = "a finite number" if math.isinf(limit) else f"a number from -{limit:g} to {limit:g}"
    elif column.source == "extraData":
        held, expected = given.set(given.str.contains(TOO_DEEP, literal=True), None), "a less deeply nested value"
    if held.null_count() > given.null_count():
        unheld = held.is_null() & given.is_not_null()
        problems.note(records.place(column.source), expected, unheld, given)
    return countries.known(held) if column.name == "country_code" else held


def _given(values: Sequence[Any] | pl.Series, column: Column) -> pl.Series:
    """Return the values of a column as a series: times as text, everything else in the column's dtype."""
    if isinstance(values, pl.Series):
        return values.alias(column.name)
    dtype = pl.String() if column.dtype == TIMESTAMP else column.dtype
    if values and values[0] is None and values.count(None) == len(values):
        return pl.Series(column.name, [None], dtype=dtype).new_from_index(0, len(values))
    try:
        return pl.Series(column.name, values, dtype=dtype)
    except (TypeError, OverflowError):  # numbers among the ids or times
        return pl.Series(column.name, [None if value is None else str(value) for value in values], dtype=dtype)


def _within(numbers: pl.Series, limit: float) -> pl.Series:
    """Keep the finite numbers within ± `limit`; the others become null."""
    low: Any = numbers.min()
    high: Any = numbers.max()
    if low is None or (math.isfinite(numbers.sum()) and -limit <= low and high <= limit):
        return numbers
    return numbers.set(~(numbers.is_finite() & (numbers.abs() <= limit)), None)


def _lists(values: Sequence[Raw] | pl.Series, column: Column, records: Columns, problems: Problems) -> pl.Series:
    """Return a column of lists, decoding each distinct text once."""
    texts, numbers = distinct(values)
    lists: list[list[str] | None] = []
    unheld: list[int] = []
    for number, text in enumerate(texts):
        try:
            lists.append(msgspec.json.decode(text, type=list[str] | None))
        except msgspec.DecodeError:
            lists.append(None)
            unheld.append(number)
    if unheld:
        wrong = numbers.is_in(unheld)
        problems.note(records.place(column.source), "a list of texts", wrong, [texts[number] for number in numbers])
    return pl.Series(column.name, lists, dtype=column.dtype)[numbers]
