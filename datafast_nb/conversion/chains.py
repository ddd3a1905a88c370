"""The chain of steps that gets furthest, for each visitor: in order, and within a time limit from its first step.

Each row is a moment: `_time` (ms), and for each step how many of the moment's events fit it. So events of the same
millisecond may come in any order, but none of them counts as two steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import narwhals.stable.v2 as nw

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEVER: Final = 1e18  # milliseconds


def fits(step: int) -> str:
    """Return the name of the column that counts the events that fit a step; steps count from 0."""
    return f"_fits_{step}"


def at(step: int) -> str:
    """Return the name of the column that tells when a step was taken."""
    return f"_at_{step}"


def with_furthest(
    moments: nw.LazyFrame[Any], keys: Sequence[str], parts: Sequence[Sequence[int]], within: float | None
) -> nw.LazyFrame[Any]:
    """Add the times `at` which each key's chain takes its steps, and its `_length`, to the moment where it begins.

    Parameters
    ----------
    moments : LazyFrame
        The `keys`, `_time` and the column `fits` of each step.
    keys : sequence of str
        Whose chain it is: that of a visitor, or of one of their visits.
    parts : sequence of sequence of int
        For each step, the steps whose events all fit it too, itself included.
    within : float or None
        Milliseconds after the first step within which the others count.

    Notes
    -----
    A chain may begin at any first step, and each of its steps is the earliest after the one before: no other choice
    gets further from there. Of several chains that get equally far, the first counts. Taking a step earlier never
    delays the steps after it, so the earliest time at any later moment is the earliest at the next one, and one
    backward pass for each pair of steps finds all chains. ClickHouse documents the same search as ``windowFunnel``,
    except that there one event may count as several steps.
    """
    steps = range(len(parts))
    moments = moments.with_columns(
        _enough(first, last, parts).alias(_filled(first, last)) for first in steps for last in steps[first:]
    )
    for first in reversed(steps):
        later = steps[first:]
        moments = moments.with_columns(_when(first, step).alias(_step_time(first, step)) for step in later)
        if first:
            moments = moments.with_columns(
                nw.col(_step_time(first, step))
                .cum_min(reverse=True)
                .over(*keys, order_by="_time")
                .alias(_next(first, step))
                for step in later
            )
            moments = moments.with_columns(
                nw.col(_next(first, step)).shift(-1).over(*keys, order_by="_time").fill_null(_NEVER) for step in later
            )
    end = nw.lit(_NEVER) if within is None else nw.col("_time") + within
    times = {at(step): nw.col(_step_time(0, step)) for step in steps}
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
    """Return the name of the column that tells whether a moment has enough events for a range of steps."""
    return f"_filled_{first}_{last}"


def _step_time(first: int, step: int) -> str:
    """Return the name of the column for when a chain whose `first` is at the row's moment takes a step."""
    return f"_taken_{first}_{step}"


def _next(first: int, step: int) -> str:
    """Return the name of the column for when a chain whose `first` is at the next moment that has it takes a step."""
    return f"_next_{first}_{step}"


def _enough(first: int, last: int, parts: Sequence[Sequence[int]]) -> nw.Expr:
    """Return whether a moment has enough events for the steps from the first to the last, a different one for each.

    By Hall's theorem: of any two steps, either no event fits both, or all events that fit one fit the other too. So
    there are enough events if at least as many fit each step as there are steps that only those events fit.
    """
    steps = range(first, last + 1)
    needed = {step: sum(part in steps for part in parts[step]) for step in steps}
    return nw.all_horizontal(*(nw.col(fits(step)) >= count for step, count in needed.items()), ignore_nulls=False)


def _when(first: int, step: int) -> nw.Expr:
    """Return when a step is taken: at the row's moment if that has the steps up to this one, else at a later one."""
    time = nw.lit(_NEVER)
    for last in range(first, step):
        time = nw.when(nw.col(_filled(first, last))).then(nw.col(_next(last + 1, step))).otherwise(time)
    return nw.when(nw.col(_filled(first, step))).then(nw.col("_time")).otherwise(time)
