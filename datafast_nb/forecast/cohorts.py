"""Who comes back: the visitors first seen in a week, and how many of them were seen again in each week after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_zone
from datafast_nb.conversion.events import milliseconds
from datafast_nb.conversion.frames import opened, ratio, require
from datafast_nb.conversion.interval import wilson
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast.newcomers import TRUNCATED, newcomers
from datafast_nb.forecast.record import Record
from datafast_nb.history.coverage import coverage, watched_seconds
from datafast_nb.history.moments import MOMENT
from datafast_nb.history.sessions import began
from datafast_nb.text import number

WATCHED: Final = "watched"
GAPS: Final = "gaps"
NOT_OVER: Final = "not over"

ENOUGH: Final = 0.99
"""The share of a week that must have been recorded for a return rate."""

_RATE: Final = ("return_rate", "return_rate_low", "return_rate_high")


@dataclass(frozen=True, slots=True, repr=False)
class Cohorts:
    """The visitors first seen in each week, and how many came back.

    Attributes
    ----------
    rates : polars.DataFrame
        A row for each cohort and each later week: ``first_week``, the Monday of the week in which its visitors were
        first seen; ``week``, how many weeks later, from 1 on; ``visitors`` of the cohort; ``returned``, how many of
        them were seen to begin a visit in that week; ``return_rate`` (0 to 1) with its 95 % interval (Wilson)
        ``return_rate_low`` and ``return_rate_high``; ``watched``, the share of that week that was recorded; ``status``:
        ``watched``, ``gaps`` (less than 99 % of the week was recorded), or ``not over``; and ``first_week_watched``, as
        in `cohorts`. Unless a week was watched, its rate is null: more may have come back than were seen.
    cohorts : polars.DataFrame
        A row for each week in which somebody was first seen: ``first_week``, ``visitors``, and ``watched``, the share
        of the week that was recorded. That of the first week and of the last one is mostly below 1, as a record seldom
        begins and ends on a Monday. Those who came in the rest of it are not in the cohort.
    coverage : polars.DataFrame
        One row: all ``visitors`` with an id, those ``counted``, and those ``truncated``, who first came before the
        record began: the week of their first visit is not known.
    time_zone : str
        The time zone in which weeks begin, on Monday.
    """

    rates: pl.DataFrame
    cohorts: pl.DataFrame
    coverage: pl.DataFrame
    time_zone: str

    def __repr__(self) -> str:
        seen, parts = self.coverage.row(0, named=True), self.cohorts.filter(pl.col("watched") < ENOUGH).height
        in_part = f", {parts:,} of them recorded only in part" if parts else ""
        weeks = f"{number(self.cohorts.height, 'week')} ({self.time_zone}){in_part}"
        sentences = [f"{number(seen['counted'], 'new visitor')} in {weeks}", self.next_week()]
        if seen[TRUNCATED]:
            left_out = f"{seen[TRUNCATED]:,} who first came before the record began"
            sentences.append(f"Left out of {number(seen['visitors'], 'visitor')}: {left_out}")
        return ". ".join(sentences) + "."

    def next_week(self) -> str:
        """Describe how many came back in the week after the first, over all cohorts of which that is known."""
        known = self.rates.filter(pl.col("status") == WATCHED, pl.col("week") == 1)
        if known.is_empty():
            return "No week after the first has been watched to its end yet"
        it: dict[str, Any] = _with_rates(known.select(pl.col("returned", "visitors").sum())).row(0, named=True)
        low, high = it["return_rate_low"], it["return_rate_high"]
        return (
            f"Of {number(it['visitors'], 'visitor')} {it['return_rate']:.1%} (95 % interval {low:.1%} to {high:.1%}) "
            "came back in the week after"
        )


def cohorts(
    history: Record, *, time_zone: str = "UTC", start: datetime | None = None, end: datetime | None = None
) -> Cohorts:
    """Return how many of the visitors first seen in a week came back in each week after.

    Parameters
    ----------
    history
        A history of several weeks.
    time_zone
        The time zone in which weeks begin, on Monday, such as ``"Europe/Berlin"``.
    start, end
        Only visits seen from `start` until before `end` (with a time zone). Visitors who came before are left out.

    Returns
    -------
    Cohorts
        ``rates``, ``cohorts`` and ``coverage``; it prints as a sentence.

    Raises
    ------
    TooLittleRecordedError
        Nobody is known to have come for the first time.
    ValueError
        The time zone is unknown.

    Notes
    -----
    A visitor is first seen when their first visit began; one whose first recorded visit is not their first is left out.
    They came back in a week if a visit began in it. A visitor without a number of visits counts as new.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.1, visitors_per_day=500, progress=False)
    ...     found = dfn.cohorts(history, time_zone="Europe/Berlin")
    >>> found.cohorts.columns
    ['first_week', 'visitors', 'watched']
    """
    zone = checked_zone(time_zone)
    every = newcomers(history, [], start, end)
    counted = every.filter(pl.col("kept") != TRUNCATED)
    if counted.is_empty():
        raise TooLittleRecordedError(
            f"None of {number(every.height, 'visitor')} is known to have come for the first time. Record for several "
            "weeks: history.record(client)."
        )
    watched = coverage(history, start, end)
    weeks = _weeks(counted["since"].min(), watched["until"].max(), zone)  # type: ignore[arg-type]
    whose = counted.lazy().select("visitor_id")
    visits = history.sessions(start, end).select("visitor_id", since=began()).join(whose, on="visitor_id", how="semi")
    found = history.collect(returned(visits, weeks["since"].to_list()))
    sizes = found.filter(pl.col("later") == 0).select("first", "visitors").sort("first")
    spans = _spans(weeks, watched)
    table = sizes.join(spans, left_on="first", right_on="place").select(
        first_week="monday", visitors="visitors", watched="watched"
    )
    left = {"visitors": every.height, "counted": counted.height, TRUNCATED: every.height - counted.height}
    return Cohorts(_rates(found, sizes, spans), table, pl.DataFrame([left]), zone)


def _weeks(first: datetime, last: datetime, zone: str) -> pl.DataFrame:
    """Return the weeks of a time zone from that of the first moment to that of the last, and when the last one ends.

    The columns are `monday`, its date, and `since`, the moment at which it begins.
    """
    days = [pl.lit(moment, MOMENT).dt.convert_time_zone(zone).dt.date().dt.truncate("1w") for moment in (first, last)]
    mondays = pl.select(monday=pl.date_range(days[0], days[1].dt.offset_by("1w"), "1w"))
    midnight, later = (pl.col("monday").cast(pl.Datetime("us")).dt.offset_by(by) for by in ("0h", "1h"))
    moments = (
        it.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null") for it in (midnight, later)
    )  # where clocks change at midnight, the day may begin at one o'clock
    return mondays.with_columns(since=pl.coalesce(moments).dt.convert_time_zone("UTC"))


def _spans(weeks: pl.DataFrame, watched: pl.DataFrame) -> pl.DataFrame:
    """Return each week with its `place`, the share of it that was `watched`, and whether it is `over`."""
    length = weeks["since"].diff().slice(1).dt.total_seconds()
    return (
        weeks.head(-1)
        .with_row_index("place")
        .with_columns(
            pl.col("place").cast(pl.Int64),
            watched=(watched_seconds(weeks["since"], watched) / length).clip(0.0, 1.0),
            over=weeks["since"].slice(1) <= pl.lit(watched["until"].max(), MOMENT),
        )
    )


def returned(visits: Any, edges: Sequence[datetime]) -> Any:  # noqa: ANN401 - the caller's kind of frame
    """Return how many of the visitors of each first week were there in each week.

    Parameters
    ----------
    visits : frame
        One row for each visit: `visitor_id`, and when it began, as `since`. Lazy frames stay lazy.
    edges
        The moments at which weeks begin, in order, and the end of the last one. Visits outside are left out.

    Returns
    -------
    frame
        ``first``, the number of a visitor's first week, from 0 on; ``later``, how many weeks later; ``visitors``.
    """
    frame, restore = opened(visits, by_polars=True)
    require(frame, ("visitor_id", "since"), "a table of cohorts")
    rows = frame.with_columns(_at=milliseconds(frame, "since"))
    passed = [(nw.col("_at") >= edge.timestamp() * 1000.0).cast(nw.Int64) for edge in edges]
    rows = rows.with_columns(_week=nw.sum_horizontal(*passed) - 1)
    inside = rows.filter((nw.col("_week") >= 0) & (nw.col("_week") < len(edges) - 1) & ~nw.col("visitor_id").is_null())
    seen = inside.select("visitor_id", "_week").unique()
    first = seen.group_by("visitor_id").agg(first=nw.col("_week").min())
    later = seen.join(first, on="visitor_id", how="inner").with_columns(later=nw.col("_week") - nw.col("first"))
    return restore(later.group_by("first", "later").agg(visitors=nw.len().cast(nw.Int64)))


def _rates(found: pl.DataFrame, sizes: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Return the return rate of each cohort in each later week, null for weeks that were not watched to their end."""
    whose = spans.select(first="place", first_week="monday", first_week_watched="watched")
    first = sizes.join(whose, on="first")
    back = found.rename({"visitors": "returned"})
    table = (
        first.join(spans.select("place", "watched", "over"), how="cross")
        .filter(pl.col("place") > pl.col("first"))
        .with_columns(later=pl.col("place") - pl.col("first"))
        .join(back, on=["first", "later"], how="left")
        .with_columns(pl.col("returned").fill_null(0))
        .sort("first", "later")
    )
    status = (
        pl.when(~pl.col("over"))
        .then(pl.lit(NOT_OVER))
        .when(pl.col("watched") < ENOUGH)
        .then(pl.lit(GAPS))
        .otherwise(pl.lit(WATCHED))
    )
    known = pl.col("status") == WATCHED
    return (
        _with_rates(table.with_columns(status=status))
        .with_columns(pl.when(known).then(name).alias(name) for name in _RATE)
        .rename({"later": "week"})
        .select("first_week", "week", "visitors", "returned", *_RATE, "watched", "status", "first_week_watched")
    )


def _with_rates(table: pl.DataFrame) -> pl.DataFrame:
    """Add the share of the visitors who returned, with Wilson's interval."""
    hits, count = nw.col("returned").cast(nw.Float64), nw.col("visitors").cast(nw.Float64)
    low, high = wilson(hits, count)
    figures = dict(zip(_RATE, (ratio(hits, count), low, high), strict=True))
    rates: pl.DataFrame = nw.from_native(table).with_columns(**figures).to_native()
    return rates
