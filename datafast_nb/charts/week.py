"""When visitors come: the hours of the week."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts import cell_numbers, recorded, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_choice, checked_zone
from datafast_nb.conversion.frames import in_polars
from datafast_nb.history import History
from datafast_nb.history.coverage import coverage, covered, only_watched, watched_seconds
from datafast_nb.history.moments import MOMENT
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number

WeeklyMeasure = Literal["visits", "expected_value", "events", "payments"]
"""A measure that `rhythm` can show."""


class _Measure(NamedTuple):
    """How a measure is shown: the title's sentence, its name, its number format, and the noun for one row."""

    sentence: str
    name: str
    format: str
    noun: str


_MEASURES: Final[dict[WeeklyMeasure, _Measure]] = {
    "visits": _Measure("When {} began", "Visits per hour", ",.1f", "visit"),
    "expected_value": _Measure("What {} may bring", "Expected value per hour (USD)", "$,.2f", "visit"),
    "events": _Measure("When {} happened", "Events per hour", ",.1f", "event"),
    "payments": _Measure("When {} came in", "Payments per hour", ",.2f", "payment"),
}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS: Final = tuple(f"{hour:02}" for hour in range(24))
_CELL: Final = (24, 26)
_NARROW: Final = 18  # pixels that the figure of a cell needs
# Every time zone in use differs from UTC by a multiple of this, so a step never holds parts of two local hours.
_STEP: Final = timedelta(minutes=15)
_FAINT: Final = 0.35
_STRONG: Final = 0.6  # of the ramp, from where its colors need the ink of the strongest


@finished
def rhythm(
    data: History | pl.DataFrame | pl.LazyFrame,
    measure: WeeklyMeasure = "visits",
    *,
    time_zone: str = "UTC",
    start: datetime | None = None,
    end: datetime | None = None,
    gaps: pl.DataFrame | None = None,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw the mean of each hour of the week, such as visits per hour.

    Parameters
    ----------
    data : History, polars.DataFrame or polars.LazyFrame
        A history, or rows of one, from ``history.sessions()``, ``.visitors()``, ``.events()`` or ``.payments()``.
    measure : {"visits", "expected_value", "events", "payments"}
        What to draw: visits that began, the expected value of the visits of prospects (USD), events, or payments.
        Payments are counted, as different currencies can't be added up.
    time_zone : str, default "UTC"
        The time zone of hours and weekdays, such as ``"Europe/Berlin"``.
    start, end : datetime, optional
        Only the time from `start` until before `end` (with a time zone).
    gaps : polars.DataFrame, optional
        With rows: when nothing was recorded, as returned by ``history.gaps()``. Without it, all of the time from the
        first row to the last counts as recorded.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A cell with a figure for each hour of each weekday, darker (on dark: brighter) the more an hour brings, as the
        mean of the recorded ones. A cross stands for an hour that was never recorded; cells with less than an hour
        recorded are faint. Rows in a gap are left out; the subtitle counts them.

    Raises
    ------
    NotRecordedError
        There is no history at this location.
    ValueError
        The measure or the time zone is unknown, or the rows lack a column.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.1, visitors_per_day=500, progress=False)
    ...     chart = dfn.charts.rhythm(history, time_zone="Europe/Berlin")
    """
    how, zone = _MEASURES[checked_choice(measure, _MEASURES, "measure")], checked_zone(time_zone)
    rows = _rows(data, measure, start, end)
    if isinstance(data, History):
        watched = coverage(data, start, end)
    else:
        ends = rows.select(first=pl.col("at").min(), last=pl.col("at").max()).collect()
        watched = covered(ends["first"].item(), ends["last"].item(), gaps)
    subject = how.sentence.format(how.noun + "s") + ", by hour and weekday"
    if watched.is_empty():
        return wording.message(subject, recorded.TOO_LITTLE, remedy=recorded.RECORD_MORE)
    kept = only_watched(rows, watched)
    figures = pl.collect_all([_local(kept, zone), rows.select(pl.len()), kept.select(pl.col("visitor_id").n_unique())])
    cells = _cells(figures[0], watched, zone)
    counted, visitors = int(cells["count"].sum()), int(figures[2].item())
    whose = f" of {number(visitors, 'visitor')}" if counted and measure != "payments" else ""
    heading = wording.title(
        f"{how.sentence.format(number(counted, how.noun) + whose)}, by hour and weekday",
        _busiest(cells, how),
        "Only visits of prospects: predictions are not about customers." if measure == "expected_value" else "",
        _how_long(cells, zone),
        recorded.left_out(int(figures[1].item()) - counted, how.noun),
    )
    return _drawn(cells, how).properties(title=heading)


def _rows(data: object, measure: WeeklyMeasure, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Return the rows to count: their time, as `at`, whose they are, and their `amount`."""
    of_visits = measure in {"visits", "expected_value"}
    if isinstance(data, History):
        asked = data.sessions if of_visits else data.events if measure == "events" else data.payments
        frame = asked(start, end)
    elif isinstance(data, Snapshot):
        raise TypeError("rhythm takes a History, or a frame of its rows; a Snapshot is a single moment.")
    else:
        frame = in_polars(data, "a history's rows")
    columns = frame.collect_schema().names()
    needed = ["visitor_id", "session_start_time"] if of_visits else ["timestamp"]
    needed += ["is_customer", measure] if measure == "expected_value" else []
    if missing := [name for name in needed if name not in columns]:
        raise ValueError(f"The frame has no column {', '.join(map(repr, missing))}, which measure={measure!r} needs.")
    times = ["session_start_time" if of_visits else "timestamp", *({"first_seen", "seen_at"} & set(columns))]
    whose = pl.col("visitor_id") if "visitor_id" in columns else pl.lit(None, pl.String).alias("visitor_id")
    amount = pl.col(measure).cast(pl.Float64) if measure == "expected_value" else pl.lit(1.0)
    at = pl.coalesce(pl.col(name).cast(MOMENT) for name in times)
    prospects = ~pl.col("is_customer").fill_null(value=False) if measure == "expected_value" else pl.lit(value=True)
    rows = frame.filter(prospects).select(whose, at=at, amount=pl.when(amount.is_finite()).then(amount))
    if of_visits and "change" in columns:  # several states of one visit
        rows = rows.unique(["visitor_id", "at"], keep="first", maintain_order=True)
    return recorded.within(rows, start, end)


def _local(rows: pl.LazyFrame, zone: str) -> pl.LazyFrame:
    """Add up the rows of each hour of the week."""
    there = pl.col("at").dt.convert_time_zone(zone)
    return rows.group_by(weekday=there.dt.weekday(), hour=there.dt.hour()).agg(
        count=pl.len().cast(pl.Int64), amount=pl.col("amount").sum()
    )


def _cells(counted: pl.DataFrame, watched: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return all hours of the week, each with how long it was recorded and the mean that an hour brought."""
    first, last = watched["from"].min(), watched["until"].max()
    # One more step at each end: rounding down comes before the first moment, and the last moment is within a step.
    edges = pl.select(edge=pl.datetime_range(pl.lit(first).dt.truncate(_STEP), pl.lit(last) + _STEP, _STEP))["edge"]
    there = pl.col("edge").dt.convert_time_zone(zone)
    hours = (
        pl.DataFrame({"edge": edges.slice(0, len(edges) - 1), "hours": watched_seconds(edges, watched) / 3600})
        .group_by(weekday=there.dt.weekday(), hour=there.dt.hour())
        .agg(pl.col("hours").sum())
    )
    week = pl.select(place=pl.int_range(7 * 24)).select(
        weekday=(pl.col("place") // 24 + 1).cast(pl.Int8), hour=(pl.col("place") % 24).cast(pl.Int8)
    )
    found = week.join(hours, on=["weekday", "hour"], how="left").join(counted, on=["weekday", "hour"], how="left")
    known = pl.col("hours") > 0
    return found.with_columns(pl.col("hours", "amount", "count").fill_null(0)).with_columns(
        mean=pl.when(known).then(pl.col("amount") / pl.col("hours")),
        day=(pl.col("weekday") - 1).replace_strict(range(7), _DAYS, return_dtype=pl.String),
        clock=pl.col("hour").replace_strict(range(24), _HOURS, return_dtype=pl.String),
        whole=pl.col("hours") >= recorded.WHOLE,
    )


def _busiest(cells: pl.DataFrame, how: _Measure) -> str:
    """Return a note on the hour that brings most, among those with at least a whole hour recorded."""
    top = cells.filter("whole", pl.col("mean") > 0).sort("mean", descending=True).head(1)
    if top.is_empty():
        return ""
    it: dict[str, Any] = top.row(0, named=True)
    until = (it["hour"] + 1) % 24
    dollar, digits = "$" * how.format.startswith("$"), how.format.lstrip("$")
    return f"Most: {it['day']}, {it['clock']}:00 to {until:02}:00, {dollar}{it['mean']:{digits}} per hour."


def _how_long(cells: pl.DataFrame, zone: str) -> str:
    """Return notes on what the means are computed from."""
    hours, never = float(cells["hours"].sum()), cells.filter(pl.col("hours") == 0).height
    notes = [
        f"Means of {hours:,.0f} recorded hours; times are in {zone}.",
        f"×: not recorded ({never} of 168 hours)." if never else "",
        "Faint: less than an hour recorded." if cells.filter(~pl.col("whole"), pl.col("hours") > 0).height else "",
    ]
    return " ".join(filter(None, notes))


def _drawn(cells: pl.DataFrame, how: _Measure) -> alt.LayerChart:
    """Draw the cells that were recorded, and a cross for each of the others."""
    span = pl.format("{}:00 to {}:00", "clock", ((pl.col("hour") + 1) % 24).cast(pl.String).str.zfill(2))
    shown = cells.with_columns(span=span).select("day", "clock", "span", "mean", "count", "hours", "whole")
    seen, never = shown.filter(pl.col("hours") > 0), shown.filter(pl.col("hours") == 0).select("day", "clock", "span")
    most: Any = seen.filter("whole")["mean"].max() or seen["mean"].max() or 1.0
    strength = (pl.col("mean") / most).clip(0, 1) * pl.when("whole").then(1.0).otherwise(_FAINT)
    seen = seen.with_columns(number=cell_numbers.short(pl.col("mean")), ink=cell_numbers.ink(strength, _STRONG))
    axes: dict[str, Any] = {
        "x": alt.X(
            "clock:O",
            title="Hour",
            scale=alt.Scale(domain=list(_HOURS), paddingInner=0.06),
            axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=2, orient="bottom"),
        ),
        "y": alt.Y("day:O", title=None, scale=alt.Scale(domain=list(_DAYS), paddingInner=0.06)),
    }
    named = [alt.Tooltip("day:N", title="Weekday"), alt.Tooltip("span:N", title="Hour")]
    color = alt.Color(
        "mean:Q",
        title=how.name,
        scale=alt.Scale(domain=[0, most], clamp=True),
        legend=alt.Legend(gradientLength=220, format="$~s" if how.format.startswith("$") else "~r", tickCount=4),
    )
    base = alt.Chart(seen).encode(
        **axes,
        tooltip=[
            *named,
            alt.Tooltip("mean:Q", title=how.name, format=how.format),
            alt.Tooltip("count:Q", title=f"{how.noun.capitalize()}s", format=",d"),
            alt.Tooltip("hours:Q", title="Recorded hours", format=",.1f"),
        ],
    )
    whole = alt.when("datum.whole").then(alt.value(1)).otherwise(alt.value(_FAINT))
    rectangles = base.mark_rect().encode(color=color, opacity=whole)
    crosses = alt.Chart(never).mark_text(color=NEUTRAL, text="×").encode(**axes, tooltip=named)
    layers = [rectangles, *cell_numbers.numbers(base, seen, 9), *([crosses] if never.height else [])]
    return alt.LayerChart(layer=layers, width=Usual(_CELL[0] * 24, _NARROW * 24), height=_CELL[1] * 7)
