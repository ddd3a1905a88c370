"""What a response holds that no column can, and how long reading it may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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


class Problem(NamedTuple):
    """A value of the response that no column can hold."""

    path: str
    expected: str
    value: str


class Problems:
    """The wrong values of a response: the first of each field, and the number of all."""

    def __init__(self) -> None:
        self.total = 0
        self._kept: list[Problem] = []

    def note(
        self, place: Callable[[int], str], expected: str, wrong: pl.Series, values: pl.Series | Sequence[object]
    ) -> None:
        """Note the wrong values of a field.

        Parameters
        ----------
        place
            Where the value of a row stands, as a JSON path.
        expected
            What belongs there, in words.
        wrong
            Whether the value of a row is wrong, as flags.
        values
            What stands in each row.
        """
        rows = wrong.arg_true()
        self.total += len(rows)
        first = rows.head(MOST_PROBLEMS)
        given = values.gather(first).to_list() if isinstance(values, pl.Series) else [values[row] for row in first]
        self._kept += [
            Problem(place(row), expected, _excerpt(value)) for row, value in zip(first.to_list(), given, strict=True)
        ]

    def first(self) -> Problem | None:
        """Return the problem that was noted first."""
        return next(iter(self._kept), None)

    def frame(self) -> pl.DataFrame:
        """Return the problems that were kept, a row each."""
        return pl.DataFrame(self._kept, schema=PROBLEMS, orient="row")


def _excerpt(value: object) -> str:
    """Return the start of a value, enough to find it by."""
    text = (
        bytes(memoryview(value)[:_EXCERPT]).decode(errors="ignore") if isinstance(value, (bytes, Raw)) else str(value)
    )
    return text[:_EXCERPT]
