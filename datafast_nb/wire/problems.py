"""What a response holds that no column can, and how long reading it may take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl
from msgspec import Raw

from datafast_nb.errors import InvalidResponseError
from datafast_nb.schema import PROBLEMS

MOST_PROBLEMS: Final = 1_000
"""How many wrong values of one field become rows of ``Snapshot.problems``; all are counted."""

_EXCERPT: Final = 200


class Deadline:
    """Until when a response has to be read.

    Parameters
    ----------
    seconds
        How long from now; None for as long as it takes.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._ends = None if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        """Raise ``InvalidResponseError`` once the time is up."""
        if self._ends is not None and time.monotonic() > self._ends:
            raise InvalidResponseError(
                f"The response could not be read within the {self._seconds:.3g} s that were left, as many of its "
                "values have the wrong type. Raise deadline; Snapshot.from_json(body).problems tells what is wrong."
            )


class Place(NamedTuple):
    """Where the values of a field stand in the response.

    Attributes
    ----------
    before, after
        The JSON path up to the record and from it, such as ``$.data.visitors`` and ``.location.city``.
    rows
        The place of each record in its list; None for a single record that stands in no list.
    """

    before: str
    rows: Sequence[int] | None
    after: str = ""


class Problems:
    """The wrong values of a response: the first of each field, and the number of all."""

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
            Where the values stand.
        expected
            What belongs there, in words.
        wrong
            Whether the value of a row is wrong, as flags.
        values
            What stands in each row.
        """
        if not wrong.any():
            return
        found = wrong.arg_true()
        self.total += len(found)
        first = found.head(MOST_PROBLEMS)
        self._fields.append((place.before, place.after, expected, len(first)))
        self._rows.append(_rows(place.rows, first))
        if isinstance(values, pl.Series):
            self._values.append(values.gather(first).cast(pl.String))
        else:
            self._values.append(pl.Series([_start(values[row]) for row in first], dtype=pl.String))

    def frame(self) -> pl.DataFrame:
        """Return the problems that were kept, a row each; of a value the start, which is enough to find it by."""
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
    """Return the places in the list of the records that were found."""
    if rows is None:
        return pl.Series([None] * len(found), dtype=pl.Int64)
    if isinstance(rows, range):  # all of the list
        return found.cast(pl.Int64)
    return pl.Series(rows, dtype=pl.Int64).gather(found)


def _start(value: Raw | bytes) -> str:
    """Return the start of a JSON value as text."""
    return bytes(memoryview(value)[: 4 * _EXCERPT]).decode(errors="ignore")
