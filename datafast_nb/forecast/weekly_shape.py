"""The shape of a week: how much of the traffic each hour brings.

A month holds each hour of the week only four times, so the shape is built in steps, each of which goes only as far as
the record supports: the hour of the day, the day of the week, then single hours of the week. How far is the credibility
of Bühlmann and Straub (1970), *Glaubwürdigkeit für Schadensätze*, with the estimators of Bühlmann and Gisler (2005),
*A Course in Credibility Theory and its Applications*, section 4.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]

HOURS: Final = 24
WEEKDAYS: Final = 7
_KIND: Final = (0, 0, 0, 0, 0, 1, 1)  # of a day: one week tells what weekends are like, but nothing of Tuesdays
_ROUNDS: Final = 3  # in which the steps are fitted to each other
_FREE: Final = 5  # degrees of freedom, if no more cells, from which repeated observations tell a difference from chance
_FEW: Final = 30.0  # counts in a week; with fewer, its level is mostly that of all weeks
_NOTHING: Final = 1e-9


class Shape(NamedTuple):
    """What a week is like.

    Attributes
    ----------
    week : array of 7 × 24
        Counts per watched hour, for each hour of the week, Monday's first.
    expected : array of days × 24
        What each hour of the record would have brought by the shape of all other days.
    """

    week: Numbers
    expected: Numbers


class _Step(NamedTuple):
    """The factor of each cell, and for each observation the factor that its cell would have without it."""

    of_cells: Numbers
    of_others: Numbers


def fitted(
    counts: Numbers,
    watched: Numbers,
    weekdays: Places,
    base: Shape | None = None,
    changes: Sequence[int] = (),
) -> Shape:
    """Fit the shape of the week to counts.

    Parameters
    ----------
    counts, watched : array of days × 24
        What was counted in each hour of consecutive days, and how many hours of it were watched, 0 to 1 (more where
        clocks go back).
    weekdays : array of days
        The day of the week of each, 0 for Monday.
    base : Shape, optional
        A shape to begin with, that of something more frequent in the same hours; by default all hours are alike.
    changes
        The days from which on the level is another one.
    """
    import numpy as np

    start = np.ones((WEEKDAYS, HOURS)) if base is None else np.maximum(base.week, _NOTHING)
    before = start[weekdays] * watched
    if base is not None:
        # What is frequent was high by chance in the hours when this was: so no hour is expected by what it brought
        # itself. The days in which it changed at once have no expectation; they are as the week.
        before = np.where((watched > 0) & (base.expected > 0), base.expected, before)
    hour = np.broadcast_to(np.arange(HOURS), counts.shape)
    cell = weekdays[:, None] * HOURS + hour
    hourly, daily, single = (np.ones(it) for it in (HOURS, WEEKDAYS, WEEKDAYS * HOURS))
    of_days, kind = counts.sum(axis=1), np.array(_KIND)
    for _ in range(_ROUNDS):
        level = _levels(counts, before * hourly[hour] * single[cell] * daily[weekdays][:, None], changes)
        flat = before * level[:, None]
        of_hour = _credible(counts, flat * single[cell] * daily[weekdays][:, None], hour, HOURS)
        hourly = of_hour.of_cells
        due = (flat * single[cell] * hourly[hour]).sum(axis=1)
        of_kind = _credible(of_days, due, kind[weekdays], 2)
        of_day = _credible(of_days, due * of_kind.of_cells[kind[weekdays]], weekdays, WEEKDAYS)
        daily = of_kind.of_cells[kind] * of_day.of_cells
        of_single = _credible(counts, flat * hourly[hour] * daily[weekdays][:, None], cell, WEEKDAYS * HOURS)
        single = of_single.of_cells
    week = start * hourly * daily[:, None] * single.reshape(WEEKDAYS, HOURS)
    # Where nothing was counted, half a count: that it never happened does not mean that it can't.
    scale = max(float(counts.sum()), 0.5) / max(float((week[weekdays] * watched).sum()), _NOTHING)
    others = of_hour.of_others * (of_kind.of_others * of_day.of_others)[:, None] * of_single.of_others
    return Shape(week * scale, before * others * scale)


def _levels(counts: Numbers, expected: Numbers, changes: Sequence[int]) -> Numbers:
    """Return the level around each day: counted over expected in the week around it, of seven days where there are.

    No week goes beyond a change.
    """
    import numpy as np

    of_days = np.vstack([counts.sum(axis=1), expected.sum(axis=1)])
    of_days[1] *= of_days[0].sum() / max(float(of_days[1].sum()), _NOTHING)
    return np.concatenate([_level_around(part) for part in np.split(of_days, changes, axis=1)])


def _level_around(of_days: Numbers) -> Numbers:
    """Return the level around each day, from what was counted and what was expected in each."""
    import numpy as np

    length = of_days.shape[1]
    days = min(WEEKDAYS, length)
    sums = np.cumsum(np.pad(of_days, ((0, 0), (1, 0))), axis=1)
    first = np.clip(np.arange(length) - days // 2, 0, length - days)
    seen, due = sums[:, first + days] - sums[:, first]
    level: Numbers = (seen + _FEW) / (due + _FEW)
    return level


def _credible(counts: Numbers, expected: Numbers, places: Places, cells: int) -> _Step:
    """Return the factors by which cells differ from what is expected, as far as repeated observations support it."""
    import numpy as np

    def per_cell(it: Numbers) -> Numbers:
        added: Numbers = np.bincount(places.ravel(), it.ravel(), cells).astype(np.float64)
        return added

    expected = expected * (counts.sum() / max(float(expected.sum()), _NOTHING))
    seen, due = per_cell(counts), per_cell(expected)
    mean = _ratio(seen, due)
    known = expected > _NOTHING
    free = int(known.sum()) - int((due > _NOTHING).sum())
    if free < max(_FREE, cells):
        return _Step(np.ones(cells), np.ones(expected.shape))
    away = np.where(known, _ratio(counts, expected) - mean[places], 0.0)
    within = float((expected * away**2).sum()) / free
    total = float(due.sum())
    # What chance brings, and a standard error of it (of Poisson counts): cells differ once they do so beyond that.
    full = due[due > _NOTHING]
    error = float(np.sqrt((2.0 + 1.0 / full).sum() + 2.0 * (len(full) - 1) ** 2 / free))
    chance = (len(full) - 1 + error) * within
    spread = total - float((due**2).sum()) / max(total, _NOTHING)
    between = (float((due * (mean - 1.0) ** 2).sum()) - chance) / max(spread, _NOTHING)

    def shrunk(some: Numbers, of: Numbers) -> Numbers:
        if between <= 0:
            return np.ones(of.shape)
        factor: Numbers = 1.0 + of * between / (of * between + within + _NOTHING) * (_ratio(some, of) - 1.0)
        return factor

    return _Step(shrunk(seen, due), shrunk(seen[places] - counts, np.maximum(due[places] - expected, 0.0)))


def _ratio(above: Numbers, below: Numbers) -> Any:  # noqa: ANN401 - an array of the same shape
    """Return a ratio, or 1 where nothing is expected."""
    import numpy as np

    return np.divide(above, below, out=np.ones(np.shape(below)), where=below > _NOTHING)
