"""The chain of steps of each visitor that gets furthest: in order, and within a time from its first step.

The rows are moments: `_time` (ms), and for each step how many of the moment's events fit it. So the events of one
moment may come in any order, which is what a clock of milliseconds leaves open, and yet none of them is two steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import narwhals.stable.v2 as nw

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEVER: Final = 1e18  # milliseconds


def fits(step: int) -> str:
    """Name the column of how many events fit a step; steps are counted from 0."""
    return f"_fits_{step}"


def at(step: int) -> str:
    """Name the column of when a step was taken."""
    return f"_at_{step}"


def with_furthest(
    moments: nw.LazyFrame[Any], keys: Sequence[str], parts: Sequence[Sequence[int]], within: float | None
) -> nw.LazyFrame[Any]:
    """Add at the moment where the chain of each key begins the time `at` which it takes each step, and its `_length`.

    Parameters
    ----------
    moments : LazyFrame
        The `keys`, `_time` and the column `fits` of each step.
    keys : sequence of str
        Whose chain it is: of a visitor, or of one of their visits.
    parts : sequence of sequence of int
        For each step the steps whose events all fit it too; itself is one.
    within : float or None
        Milliseconds from the first step in which the others count.

    Notes
    -----
    A chain may begin at every first step, and each of its steps is the earliest after the one before: no other way from
    there gets further. Of several that get as far, the first counts. The earlier a step is taken, the earlier can all
    those after it: so what is the earliest at any later moment is the earliest at the next one, and one look backward
    for each pair of steps finds all chains. ClickHouse documents the same search as ``windowFunnel``, except that there
    one event may be several steps.
    """
    steps = range(len(parts))
    moments = moments.with_columns(
        _enough(first, last, parts).alias(_filled(first, last)) for first in steps for last in steps[first:]
    )
    for first in reversed(steps):
        later = steps[first:]
        moments = moments.with_columns(_when(first, step).alias(_taken(first, step)) for step in later)
        if first:
            moments = moments.with_columns(
                nw.col(_taken(first, step))
                .cum_min(reverse=True)
                .over(*keys, order_by="_time")
                .alias(_next(first, step))
                for step in later
            )
            moments = moments.with_columns(
                nw.col(_next(first, step)).shift(-1).over(*keys, order_by="_time").fill_null(_NEVER) for step in later
            )
    end = nw.lit(_NEVER) if within is None else nw.col("_time") + within
    times = {at(step): nw.col(_taken(0, step)) for step in steps}
    moments = moments.with_columns(
        nw.when((time < _NEVER) & (time <= end)).then(time).alias(name) for name, time in times.items()
    )
    length = nw.sum_horizontal(*((~nw.col(name).is_null()).cast(nw.Int64) for name in times))
    moments = moments.with_columns(_length=length).with_columns(_most=nw.col("_length").max().over(*keys))
    best = nw.when((nw.col("_length") == nw.col("_most")) & (nw.col("_length") > 0))
    moments = moments.with_columns(_begins=best.then(nw.col("_time")).min().over(*keys))
    chosen = nw.when(nw.col("_time") == nw.col("_begins"))
    return moments.with_columns(*(chosen.then(nw.col(name)).alias(name) for name in (*times, "_length")))


def _filled(first: int, last: int) -> str:
    """Name the column of whether a moment has events enough for the steps from the first to the last."""
    return f"_filled_{first}_{last}"


def _taken(first: int, step: int) -> str:
    """Name the column of when a step is taken by a chain whose `first` is taken at the row's moment."""
    return f"_taken_{first}_{step}"


def _next(first: int, step: int) -> str:
    """Name the column of when a step is taken by a chain whose `first` is taken at the next moment that has it."""
    return f"_next_{first}_{step}"


def _enough(first: int, last: int, parts: Sequence[Sequence[int]]) -> nw.Expr:
    """Say whether the events of a moment are enough for the steps from the first to the last, each one of its own.

    By Hall's theorem, as of two steps either none of the events fits both, or all that fit the one fit the other too:
    enough fit each step, if they are as many as the steps that only they fit.
    """
    steps = range(first, last + 1)
    needed = {step: sum(part in steps for part in parts[step]) for step in steps}
    return nw.all_horizontal(*(nw.col(fits(step)) >= count for step, count in needed.items()), ignore_nulls=False)


def _when(first: int, step: int) -> nw.Expr:
    """Give when a step is taken: at the row's moment, if it has the steps up to it; else at a later one."""
    time = nw.lit(_NEVER)
    for last in range(first, step):
        time = nw.when(nw.col(_filled(first, last))).then(nw.col(_next(last + 1, step))).otherwise(time)
    return nw.when(nw.col(_filled(first, step))).then(nw.col("_time")).otherwise(time)
