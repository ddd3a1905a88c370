"""The expectation for the coming hours, from a record: the shape of the week, the level, and the errors of both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from datafast_nb.forecast import traffic_level
from datafast_nb.forecast.counting import Calendar, ahead
from datafast_nb.forecast.traffic_level import Clumps, Filtered, Predictive
from datafast_nb.forecast.weekly_shape import HOURS, WEEKDAYS, Shape, fitted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]


class Learned(NamedTuple):
    """What was learned from the counts of days × 24: the shape of the week, how much hours vary, and the level."""

    shape: Shape
    extra: Clumps
    filtered: Filtered


@dataclass(frozen=True, slots=True)
class UsualTraffic:
    """What was learned from the counts of a record up to a moment."""

    over: Calendar
    counts: Numbers
    shape: Shape
    extra: Clumps
    filtered: Filtered

    def between(
        self, since: datetime, until: datetime, *, by_today: bool = True, surprise: float = 1.0, share: float = 1.0
    ) -> Predictive:
        """Return the distribution of the count between two moments, which begin with `over.now` or later.

        With `by_today`, the counts of today predict the rest of today. `surprise` multiplies the variance,
        and `share` the mean: how much of the time is watched.
        """
        import numpy as np

        hours = ahead(self.over, since, until)
        weekdays = (self.over.weekdays[-1] + np.arange(len(hours))) % WEEKDAYS
        today, seen = len(self.counts) - 1, slice(None) if by_today else slice(0, 0)
        level = traffic_level.level_at(
            self.filtered, today, self.counts[today, seen], self.shape.expected[today, seen], self.extra
        )
        return traffic_level.predicted(level, self.shape.week[weekdays] * hours * share, self.extra, surprise)

    def in_hour(self, day: int, hour: int, hours: float) -> Predictive:
        """Return what was usual in an hour of the record, as the days before it tell.

        Where clocks go back, an hour of the clock lasts for two `hours`.
        """
        import numpy as np

        nothing = np.zeros(0)
        level = traffic_level.level_at(self.filtered, day, nothing, nothing, self.extra)
        ahead = np.zeros((1, HOURS))
        ahead[0, hour] = self.shape.week[self.over.weekdays[day], hour] * hours
        return traffic_level.predicted(level, ahead, self.extra)

    def surprise(self, length: timedelta) -> float:
        """Return by what to multiply the variance of forecasts of this length that begin with `over.now`."""
        hour = self.over.now.astimezone(self.over.today.tzinfo).hour
        hours = max(1, round(length / timedelta(hours=1)))
        return traffic_level.surprise(self.counts, self.shape.expected, self.extra, self.filtered, (hour, hours))


def usual_traffic(counts: Numbers, over: Calendar, base: UsualTraffic | None = None) -> UsualTraffic:
    """Learn from counts of days × 24; those that are rare learn from what is more frequent, the `base`."""
    more = None if base is None else Learned(base.shape, base.extra, base.filtered)
    return UsualTraffic(over, counts, *learned(counts, over.watched, over.weekdays, more))


def learned(counts: Numbers, watched: Numbers, weekdays: Places, base: Learned | None = None) -> Learned:
    """Return the shape of the week, how much hours vary, and the level; arguments as for `weekly_shape.fitted`.

    What is rare learns from the `base`, which is more frequent, the shape of the week and how the level moves.

    If the level changed at once, the days in which it did are left out, and the shape is learned from those before and
    after, each at their own level.
    """
    import numpy as np

    shape_before, level_before = (None, None) if base is None else (base.shape, base.filtered)
    shape = fitted(counts, watched, weekdays, shape_before)
    extra = traffic_level.clumps(counts, shape.expected)
    filtered = traffic_level.followed(counts, shape.expected, extra, level_before)
    if not filtered.since:
        return Learned(shape, extra, filtered)
    changes = (filtered.since - traffic_level.CHANGING, filtered.since)
    outside = np.ones((len(counts), 1))
    outside[slice(*changes)] = 0.0
    counts, watched = counts * outside, watched * outside
    shape = fitted(counts, watched, weekdays, shape_before, changes)
    extra = traffic_level.clumps(counts, shape.expected)
    again = traffic_level.followed(counts, shape.expected, extra, level_before)
    return Learned(shape, extra, again._replace(since=filtered.since))
