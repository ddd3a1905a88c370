"""What was counted in each hour of a record, as arrays of days × 24 in a time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.events import milliseconds
from datafast_nb.conversion.frames import opened, require
from datafast_nb.forecast.record import Record
from datafast_nb.history.coverage import coverage, only_watched, watched_seconds
from datafast_nb.history.moments import MOMENT
from datafast_nb.history.sessions import began

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]

HOURS: Final = 24
_HOUR: Final = timedelta(hours=1)
_WEEKDAYS: Final = 7
_QUARTER: Final = 900_000  # milliseconds


class Calendar(NamedTuple):
    """The days of a record up to a moment, in a time zone.

    Attributes
    ----------
    zone : str
        The time zone.
    first : date
        The first day. The last one is that of the moment.
    now : datetime
        The moment.
    stretches : polars.DataFrame
        The stretches that were watched: `from` and `until`.
    watched : array of days × 24
        How many hours of each hour were watched.
    """

    zone: str
    first: date
    now: datetime
    stretches: pl.DataFrame
    watched: Numbers

    @property
    def weekdays(self) -> Places:
        """The day of the week of each day, 0 for Monday."""
        import numpy as np

        return (self.first.weekday() + np.arange(len(self.watched))) % _WEEKDAYS

    @property
    def today(self) -> datetime:
        """When the last day began."""
        return self.now.astimezone(ZoneInfo(self.zone)).replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def hours(self) -> float:
        """How many hours were watched."""
        return float(self.watched.sum())


def calendar(history: Record, now: datetime, zone: str, since: datetime | None = None) -> Calendar | None:
    """Return the days of a record from one moment up to another; None if nothing was recorded between them."""
    import numpy as np

    stretches = coverage(history, since, now + timedelta.resolution)
    if stretches.is_empty():
        return None
    local = ZoneInfo(zone)
    first = stretches["from"][0].astimezone(local).date()
    edges = _edges(stretches["from"][0], max(stretches["until"][-1], now), zone)
    days = (now.astimezone(local).date() - first).days + 1
    watched = pl.DataFrame({"at": edges[:-1], "amount": watched_seconds(edges, stretches) / 3600})
    return Calendar(zone, first, now, stretches, _summed(watched, first, days, zone, np.zeros((days, HOURS))))


def _edges(since: datetime, until: datetime, zone: str) -> pl.Series:
    """Return the moments when the hours of a time zone begin, from before one moment to after another."""
    begin = pl.lit(since).cast(MOMENT).dt.convert_time_zone(zone).dt.truncate("1h")
    last = pl.lit(until + timedelta(hours=1)).cast(MOMENT).dt.convert_time_zone(zone)
    return pl.select(edge=pl.datetime_range(begin, last, "1h").dt.convert_time_zone("UTC"))["edge"]


def by_quarter(rows: Any) -> Any:  # noqa: ANN401 - the caller's kind of frame
    """Add up rows by the quarter of an hour in which they are: in every time zone, hours begin with one.

    Parameters
    ----------
    rows : frame
        Their time, as `at`, and their `amount`. Lazy frames stay lazy.

    Returns
    -------
    frame
        ``quarter``, the number of quarters since 1970, and the sum of `amount`.
    """
    frame, restore = opened(rows, by_polars=True)
    require(frame, ("at", "amount"), "a count by hour")
    # As whole numbers: Polars divides floats by a constant with an error, which moves what is at an edge.
    quarter = (milliseconds(frame, "at").cast(nw.Int64) // _QUARTER).cast(nw.Int64)
    return restore(frame.select("amount", quarter=quarter).group_by("quarter").agg(nw.col("amount").sum()))


def _summed(rows: pl.DataFrame, first: date, days: int, zone: str, into: Numbers) -> Numbers:
    """Add up the `amount` of rows by the day and the hour of their time, `at`."""
    there = pl.col("at").dt.convert_time_zone(zone)
    cells = (
        rows.group_by(day=(there.dt.date() - pl.lit(first)).dt.total_days(), hour=there.dt.hour().cast(pl.Int64))
        .agg(pl.col("amount").sum())
        .filter(pl.col("day").is_between(0, days - 1))
    )
    into[cells["day"].to_numpy(), cells["hour"].to_numpy()] = cells["amount"].to_numpy()
    return into


def counts(rows: pl.DataFrame, over: Calendar) -> Numbers:
    """Count the rows of each hour that was watched, by their time, `at`; or add up their `amount`, if they have one."""
    import numpy as np

    timed = only_watched(rows.lazy().filter(pl.col("at") < over.now), over.stretches).collect()
    added: pl.DataFrame = by_quarter(timed if "amount" in timed.columns else timed.select("at", amount=1.0))
    began = added.with_columns(at=(pl.col("quarter") * _QUARTER).cast(pl.Datetime("ms", "UTC")))
    return _summed(began, over.first, len(over.watched), over.zone, np.zeros_like(over.watched))


def ahead(over: Calendar, since: datetime, until: datetime) -> Numbers:
    """Return how much of each hour from today on is between two moments: an array of days × 24."""
    import numpy as np

    local, today = ZoneInfo(over.zone), over.today.date()
    hours = np.zeros(((until.astimezone(local).date() - today).days + 1, HOURS))
    at = since.astimezone(UTC)
    while at < until:
        there = at.astimezone(local)
        gone = timedelta(minutes=there.minute, seconds=there.second, microseconds=there.microsecond)
        next_hour = min(at - gone + _HOUR, until)  # in UTC, as a local hour may come twice
        hours[(there.date() - today).days, there.hour] += (next_hour - at) / _HOUR
        at = next_hour
    return hours


# What is counted


def visits(history: Record, end: datetime) -> pl.LazyFrame:
    """Return when each visit began, and whose it was: `at` and `visitor_id`."""
    return history.sessions(None, end).select("visitor_id", at=began())


def sales(sold: pl.DataFrame, paid: pl.DataFrame, over: Calendar) -> Numbers:
    """Count the sales of each hour: those of visitors, or the payments above 0, whichever are more.

    A sale may be known from an event, a payment or both, and not each payment can be matched to its event. Payments
    need the time of their sale, as `outcomes.at_their_sales` gives it: else one at the edge of an hour counts in both.
    """
    import numpy as np

    above = paid.filter(pl.col("amount") > 0).select("at")
    more: Any = np.maximum(counts(sold.select("at"), over), counts(above, over))
    return more  # type: ignore[no-any-return]
