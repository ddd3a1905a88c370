"""Whether the last minutes were out of the ordinary: for the whole site, and for groups of its visitors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import polars as pl

from datafast_nb.checks import checked_zone, in_utc
from datafast_nb.conversion import Dimension
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast import counting, traffic_level
from datafast_nb.forecast.agreement import discovered
from datafast_nb.forecast.counting import Calendar
from datafast_nb.forecast.dimensions import checked_dimensions
from datafast_nb.forecast.happenings import Happenings, between, joined, of_history, of_snapshot, with_groups
from datafast_nb.forecast.record import Record
from datafast_nb.forecast.scientific import scipy
from datafast_nb.forecast.traffic import last_moment
from datafast_nb.forecast.traffic_level import Predictive
from datafast_nb.forecast.usual_traffic import UsualTraffic, usual_traffic
from datafast_nb.history.changes import time_of
from datafast_nb.history.coverage import coverage, watched_seconds
from datafast_nb.history.moments import MOMENT, before, following
from datafast_nb.schema import WINDOW
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import duration, number, plain

Counted = Literal["visitors", "events", "sales"]
"""What is compared with the usual: visitors whose visit began, events, and sales."""

Verdict = Literal["usual", "more than usual", "fewer than usual", "mixed"]
"""The verdict on a span; mixed if some counts are higher and others lower than usual."""

MEASURES: Final[tuple[Counted, ...]] = ("visitors", "events", "sales")
GROUPS: Final[tuple[Dimension, ...]] = ("channel", "country_code", "device")
"""The dimensions that are checked by default."""

FALSE_ALARMS: Final = 0.001
"""The share of quiet spans that are called unusual, at most."""

_FREEDOM: Final = 25  # degrees of freedom where hours vary, by which quiet ones stay usual in simulations
_NEEDED: Final = timedelta(days=7)
_LOOKED_AT: Final = timedelta(weeks=8)  # before the span
_TOP: Final = 5  # groups of a dimension, by what was recorded before
_NEW: Final = 3  # and by what came in the span
_LEAST_WATCHED: Final = 0.5  # of a span
_TABLE: Final = {
    "measure": pl.String(),
    "dimension": pl.String(),
    "group": pl.String(),
    "count": pl.Int64(),
    "mean": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "p_value": pl.Float64(),
}
_TREND: Final = {
    "start": MOMENT,
    "end": MOMENT,
    "count": pl.Float64(),
    "watched": pl.Float64(),
    "mean": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
}
_MOST_NAMED: Final = 3  # unusual groups that the sentence names


@dataclass(frozen=True, slots=True, repr=False)
class Unusual:
    """How a span compares with the same hour of other weeks.

    Attributes
    ----------
    table : polars.DataFrame
        A row for each ``measure`` (``visitors``, ``events``, ``sales``) of the whole site, where ``dimension`` and
        ``group`` are null, and of each group: ``count``, for visitors how many came in the span, whether they have
        left since or not; those who were there before do not count, so it is not the number of visitors of a snapshot,
        and not that of the prospects in ``Model.predict``; what is usual, ``mean`` with the bounds of 95 % of usual
        spans, ``low`` and ``high``; ``p_value``, how often a usual span is as far from that; and ``unusual``, whether
        it is beyond what chance explains in a table of that many rows.
    start, end : datetime
        The span, in UTC.
    time_zone : str
        The time zone of the hours.
    """

    table: pl.DataFrame
    start: datetime
    end: datetime
    time_zone: str
    _usual: Mapping[Counted, UsualTraffic] = field(default_factory=dict)

    @property
    def usual(self) -> bool:
        """Whether nothing is unusual."""
        return not self.table["unusual"].any()

    @property
    def verdict(self) -> Verdict:
        """The verdict on the span."""
        found = self.table.filter("unusual")
        more = found.select((pl.col("count") > pl.col("mean")).cast(pl.Int64).sum()).item()
        if not found.height:
            return "usual"
        return "more than usual" if more == found.height else "mixed" if more else "fewer than usual"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    def __str__(self) -> str:
        start, end = self.start.astimezone(self.zone), self.end.astimezone(self.zone)
        same_day = start.date() == end.date()
        when = f"{start:%Y-%m-%d %H:%M} to {end:{'%H:%M' if same_day else '%Y-%m-%d %H:%M'}} {self.time_zone}"
        whole = self.table.filter(pl.col("dimension").is_null())
        groups = self.table.filter("unusual", pl.col("dimension").is_not_null()).sort("p_value")
        parts = [_in_words(row) for row in whole.iter_rows(named=True)]
        sentence = f"{when}: {self.verdict}. {', '.join(parts)}."
        named = [f"{_named(row)}: {_in_words(row)}" for row in groups.head(_MOST_NAMED).iter_rows(named=True)]
        more = f", and {groups.height - _MOST_NAMED} more" if groups.height > _MOST_NAMED else ""
        return f"{sentence} Unusual: {'; '.join(named)}{more}." if named else sentence

    __repr__ = __str__

    def trend(self, measure: Counted = "visitors", hours: int = 48) -> pl.DataFrame:
        """Return the last hours before the span, and what was usual in each.

        Parameters
        ----------
        measure
            What to return.
        hours
            How many hours at most.

        Returns
        -------
        polars.DataFrame
            A row for each hour: ``start``, ``end``, ``count`` (null where nothing was watched), ``watched`` (the share
            of the hour), and what is usual of a whole one, ``mean``, ``low`` and ``high``. Where clocks go back, the
            hour that comes twice is one row of two hours.
        """
        return pl.DataFrame([*_hours_before(self._usual[measure], hours)], schema=_TREND)


def _in_words(row: Mapping[str, Any]) -> str:
    """Return a row in words."""
    digits = ",.0f" if row["mean"] >= 10 else ",.1f"  # noqa: PLR2004 - where a tenth matters
    usual = f"{row['mean']:{digits}} are usual, {row['low']:,.0f} to {row['high']:,.0f}"
    return f"{counted(row)} ({usual})"


def counted(row: Mapping[str, Any]) -> str:
    """Return the count of a row of the table in words: of visitors, how many came."""
    came = " came" if row["measure"] == "visitors" else ""
    return f"{number(row['count'], row['measure'].removesuffix('s'))}{came}"


def _named(row: Mapping[str, Any]) -> str:
    """Return the name of a group."""
    return f"{row['dimension']} {plain(row['group'] if row['group'] is not None else 'not known', 40)}"


def unusual(
    history: Record,
    when: Snapshot | tuple[datetime, datetime] | None = None,
    *,
    by: str | Sequence[str] | None = GROUPS,
    time_zone: str = "UTC",
) -> Unusual:
    """Return whether a span was out of the ordinary, compared with the same hour of other weeks.

    Counts are compared with those of such a span at the level of the days before, given how much hours and days vary in
    the record. At most 1 in 1,000 quiet spans is called unusual, however many groups there are. Which changes stand out
    from chance depends on the traffic. On a site whose visitors come independently of each other, a doubled hour is
    found at least 3 times in 4 with 60 visitors an hour on average after two weeks of recording, and with 30 after four
    weeks. After ten days of recording or less, only larger changes are found, and so they are where hours or days
    differ by themselves. If they do so by 30 % or more, a doubled hour is much like a usual one: with one false alarm
    in 1,000 spans, even a test that knew exactly how much they differ would miss most doubled hours.

    Parameters
    ----------
    history
        A history with at least seven days of watched time in the eight weeks before the span; what is older is not
        read.
    when : Snapshot or (start, end), optional
        A snapshot, to check the ten minutes before it, whether it is part of the history or not; or a span of the
        history (with a time zone). By default, the last ten minutes of the history.
    by : str or sequence of str, optional
        The dimensions whose groups are looked at, as in ``breakdown``; None for only the whole site. Of each dimension,
        the five most frequent groups count, and the three that brought most in the span: a new group is unusual.
    time_zone : str, default "UTC"
        The time zone of the hours of the week, such as ``"Europe/Berlin"``.

    Returns
    -------
    Unusual
        ``usual`` is True or False, ``verdict`` a word, ``table`` has the figures; it prints as a sentence.

    Raises
    ------
    TooLittleRecordedError
        Too little was recorded before the span, or less than half of the span itself.
    NotRecordedError
        There is no history at this location.
    ValueError
        The span does not end after it begins or has no time zone, the snapshot is of several websites, or a dimension
        is unknown.

    Notes
    -----
    The p-values are those of both tails (Blaker, *Canadian Journal of Statistics* 28, 2000) of the negative binomial
    distribution of `forecast`, made heavier as those of Student's t are, for how much hours vary is itself an estimate:
    Geisser and Cornfield, *Journal of the Royal Statistical Society B* 25 (1963). The false discoveries are controlled
    as Benjamini and Hochberg do (the same journal, B 57, 1995).

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=8, visitors_per_day=100, every=300, progress=False)
    ...     dfn.unusual(history, by=None).table["measure"].to_list()
    ['visitors', 'events', 'sales']
    """
    zone, names = checked_zone(time_zone), checked_dimensions(by)
    start, end = _span(history, when)
    since = before(start, _LOOKED_AT)
    over = counting.calendar(history, start, zone, since)
    if over is None or over.hours < _NEEDED / timedelta(hours=1):
        watched = duration(over.hours * 3600) if over is not None and over.hours else "nothing"
        raise TooLittleRecordedError(
            f"Knowing what is usual takes at least {duration(_NEEDED.total_seconds())} of recorded time without gaps "
            f"in eight weeks; before {start:%Y-%m-%d %H:%M} UTC there is {watched}. Keep recording: "
            "history.record(client)."
        )
    share = 1.0 if isinstance(when, Snapshot) else _watched(history, start, end)
    # The latest events may have been seen a little later.
    rows = between(of_history(history, since, following(end + WINDOW), names), None, end)
    if isinstance(when, Snapshot):
        rows = joined(between(rows, None, start), between(of_snapshot(when, names), start, end))
    learned = _Learned(over, between(rows, None, start), names)
    return learned.compared(between(rows, start, end), end, share)


def _span(history: Record, when: object) -> tuple[datetime, datetime]:
    """Return the span to look at."""
    if isinstance(when, Snapshot) and "site" in when.visitors.columns:
        raise ValueError(
            "This snapshot is of several websites, but a history is of one. Give the snapshot of its site."
        )
    if isinstance(when, Snapshot) or when is None:
        last = last_moment(history) if when is None else time_of(when)
        return last - WINDOW, last + timedelta.resolution
    if not isinstance(when, tuple) or len(when) != 2:  # noqa: PLR2004 - two ends
        raise TypeError(f"when takes a Snapshot or two datetimes, (start, end), not {when!r:.60}.")
    start, end = in_utc(when[0], "start"), in_utc(when[1], "end")
    if start >= end:
        raise ValueError(f"The span ends at {end:%Y-%m-%d %H:%M} UTC, which is not after it begins.")
    return start, end


def _watched(history: Record, start: datetime, end: datetime) -> float:
    """Return which share of a span was watched."""
    edges = pl.Series([start, end], dtype=MOMENT)
    seconds = float(watched_seconds(edges, coverage(history, None, None)).item())
    share = min(1.0, seconds / (end - start).total_seconds())
    if share < _LEAST_WATCHED:
        raise TooLittleRecordedError(
            f"Only {share:.0%} of the time from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC was recorded: "
            "history.gaps() lists what is missing."
        )
    return share


class _Learned:
    """What is usual, learned from what happened before a moment."""

    def __init__(self, over: Calendar, before: Happenings, names: Sequence[str]) -> None:
        self.over, self.names, self.visits = over, names, before.visits
        sold = counting.sales(before.sold, before.paid, over)
        visits = usual_traffic(counting.counts(before.visits.select("at"), over), over)
        events = usual_traffic(counting.counts(before.events.select("at"), over), over, visits)
        self.site: dict[Counted, UsualTraffic] = {
            "visitors": visits,
            "events": events,
            "sales": usual_traffic(sold, over, visits),
        }
        self.hourly = {
            (measure, name): _hourly(rows, name)
            for measure, rows in _with_groups(before, before.visits, names).items()
            for name in names
        }

    def compared(self, came: Happenings, end: datetime, share: float) -> Unusual:
        """Compare what happened between the moment and the end of a span, of which a share was watched."""
        visits = pl.concat([self.visits, came.visits])
        sales = max(came.sold.height, came.paid.height)
        of_site = {"visitors": came.visits.height, "events": came.events.height, "sales": sales}
        rows = [
            self._row(measure, None, None, of_site[measure], self.site[measure], end, share) for measure in MEASURES
        ]
        of_groups = _with_groups(came, visits, self.names) if self.names else {}
        for name in self.names:
            for group in self._groups(name, of_groups["visitors"][name]):
                for measure in MEASURES:
                    seen = int(of_groups[measure][name].eq_missing(group).sum())
                    usual = self._usual_of(measure, name, group)
                    rows.append(self._row(measure, name, group, seen, usual, end, share))
        table = pl.DataFrame(rows, schema=_TABLE).with_columns(unusual=discovered(pl.col("p_value"), FALSE_ALARMS))
        return Unusual(table, self.over.now, end, self.over.zone, self.site)

    def _groups(self, name: str, came: pl.Series) -> list[Any]:
        """Return the groups of a dimension to look at."""
        frequent = self.hourly["visitors", name].group_by("group").agg(pl.col("amount").sum())
        ordered = frequent.sort("amount", "group", descending=[True, False])["group"].head(_TOP).to_list()
        counted = came.rename("group").value_counts(sort=True).sort("count", "group", descending=[True, False])
        return list(dict.fromkeys([*ordered, *counted["group"].head(_NEW).to_list()]))

    def _usual_of(self, measure: Counted, name: str, group: object) -> UsualTraffic:
        """Return what is usual of a group."""
        rows = self.hourly[measure, name].filter(pl.col("group").eq_missing(pl.lit(group)))
        return usual_traffic(counting.counts(rows.select("at", "amount"), self.over), self.over, self.site[measure])

    def _row(
        self,
        measure: str,
        name: str | None,
        group: object,
        count: int,
        usual: UsualTraffic,
        end: datetime,
        share: float,
    ) -> dict[str, Any]:
        """Return a row of the table."""
        it = usual.between(self.over.now, end, by_today=False, share=share)
        low, high = traffic_level.interval(it)
        return {
            "measure": measure,
            "dimension": name,
            "group": None if group is None else str(group),
            "count": count,
            "mean": traffic_level.mean_of(it),
            "low": low,
            "high": high,
            "p_value": p_value(it, count),
        }


def p_value(it: Predictive, count: int) -> float:
    """Return how often a usual span is as far from the usual count as this one, on either side.

    On the other side, counts are as far whose tail is no more likely. Where no count there is, as few are usual, the
    tail on this side is all: Blaker, *Canadian Journal of Statistics* 28 (2000).

    How much hours vary, and in what shape, is learned from the record, so the tails are heavier than those of the
    distribution: the probability is that of Student's t at the score where a normal distribution has the same tail. For
    independent arrivals, of which nothing is learned, it is that of the distribution itself.
    """
    special, freedom = scipy("special"), traffic_level.freedom(it, _FREEDOM)
    below, above = traffic_level.cumulative(it, count), traffic_level.exceeding(it, count - 1)
    far = traffic_level.lower_tail if above < below else traffic_level.upper_tail
    tails = (min(below, above), far(it, min(below, above)))
    return min(1.0, sum(float(special.stdtr(freedom, special.ndtri(tail))) for tail in tails))


def _with_groups(it: Happenings, visits: pl.DataFrame, names: Sequence[str]) -> dict[Counted, pl.DataFrame]:
    """Return the rows of each measure with the dimensions of their visits."""
    if not names:
        return {}
    return {"visitors": it.visits, "events": with_groups(it.events, visits), "sales": with_groups(it.sold, visits)}


def _hourly(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add up rows by group and hour; parts of an hour are apart, as time zones and gaps begin within hours."""
    return rows.group_by(group=name, at=pl.col("at").dt.truncate("1m")).agg(amount=pl.len().cast(pl.Float64))


def _hours_before(usual: UsualTraffic, hours: int) -> Iterator[dict[str, Any]]:
    """Yield the last hours of a record, and what was usual in each."""
    over = usual.over
    last = len(usual.counts) * counting.HOURS
    now = (last - counting.HOURS) + over.now.astimezone(ZoneInfo(over.zone)).hour
    for place in range(max(0, now - hours), now):
        day, hour = divmod(place, counting.HOURS)
        local = (over.today - timedelta(days=len(usual.counts) - 1 - day)).replace(hour=hour)
        start, end = local.astimezone(UTC), (local + timedelta(hours=1)).astimezone(UTC)
        length = (end - start) / timedelta(hours=1)  # 0 where the clocks go forward, and 2 where they go back
        if not length:
            continue
        it, watched = usual.in_hour(day, hour, length), float(min(over.watched[day, hour] / length, 1.0))
        low, high = traffic_level.interval(it)
        yield {
            "start": start,
            "end": end,
            "count": float(usual.counts[day, hour]) if watched > 0 else None,
            "watched": watched,
            "mean": traffic_level.mean_of(it),
            "low": float(low),
            "high": float(high),
        }
