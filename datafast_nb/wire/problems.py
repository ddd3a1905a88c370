"""The values of a response that fit no column, and the time allowed for reading it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl
from msgspec import Raw

from datafast_nb.errors import InvalidResponseError
from datafast_nb.schema import PROBLEMS

MOST_PROBLEMS: Final = 1_000
"""The most wrong values of one field that become rows of ``Snapshot.problems``; all are counted."""

_EXCERPT: Final = 200


class Deadline:
    """The time by which a response must be read.

    Parameters
    ----------
    seconds
        Seconds from now; None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._ends = None if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        """Raise ``InvalidResponseError`` once the time is up."""
        if self._ends is not None and time.monotonic() > self._ends:
            raise InvalidResponseError(
                f"The response could not be read within the remaining {self._seconds:.3g} s, as many of its values "
                "have the wrong type. Raise deadline; Snapshot.from_json(body).problems shows what is wrong."
            )


class Place(NamedTuple):
    """The place of a field's values in the response.

    Attributes
    ----------
    before, after
        The JSON path to the record and the path within it, such as ``$.data.visitors`` and ``.location.city``.
    rows
        The index of each record in its list; None for a single record outside any list.
    """

    before: str
    rows: Sequence[int] | None
    after: str = ""


class Problems:
    """The wrong values of a response: the first ones of each field, and the number of all."""

    def __init__(self) -> None:
        self.total = 0
        self._fields: list[tuple[str, str, str, int]] = []
        self._rows: list[pl.Series] = []
        self._values: list[pl.Series] = []

    def note(self, place: Place, expected: str, wrong: pl.Series, values: pl.Series | Sequence[Raw | bytes]) -> None:
        """Note the wrong values of a field.

        Parameters
        ----------
        place
            The place of the values.
        expected
            What is expected there, in words.
        wrong
            Whether the value of each row is wrong.
        values
            The value of each row.
        """
        if not wrong.any():
            return
        found = wrong.arg_true()
        self.total += len(found)
        first = found.head(MOST_PROBLEMS)
        self._fields.append((place.before, place.after, expected, len(first)))
        self._rows.append(_rows(place.rows, first))
        if isinstance(values, pl.Series):
            self._values.append(values[first].cast(pl.String))
        else:
            self._values.append(pl.Series([_start(values[row]) for row in first], dtype=pl.String))

    def frame(self) -> pl.DataFrame:
        """Return one row for each kept problem, with the start of its value, which is enough to find it."""
        if not self.total:
            return PROBLEMS.to_frame()
        fields = pl.DataFrame(self._fields, schema=["before", "after", "expected", "kept"], orient="row")
        each = fields.select(pl.exclude("kept").repeat_by("kept").explode())
        index = pl.format("[{}]", pl.lit(pl.concat(self._rows)))
        return each.select(
            path=pl.concat_str("before", index.fill_null(""), "after"),
            expected="expected",
            value=pl.lit(pl.concat(self._values)).str.head(_EXCERPT),
        )


def _rows(rows: Sequence[int] | None, found: pl.Series) -> pl.Series:
    """Return the indices in the list of the records that were found."""
    if rows is None:
        return pl.Series([None] * len(found), dtype=pl.Int64)
    if isinstance(rows, range):  # the whole list
        return found.cast(pl.Int64)
    return pl.Series(rows, dtype=pl.Int64)[found]


def _start(value: Raw | bytes) -> str:
    """Return the start of a JSON value as text."""
    return bytes(memoryview(value)[: 4 * _EXCERPT]).decode(errors="ignore")
