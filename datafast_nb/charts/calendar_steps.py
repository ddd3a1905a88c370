"""Calendar steps: the hours, days, weeks and months of a time zone."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import altair as alt
import polars as pl

_DAY: Final = 86_400
# The units by their names in Polars: their seconds (for months and years, the mean), and their English names.
_UNITS: Final = {
    "s": (1, "second"),
    "m": (60, "minute"),
    "h": (3_600, "hour"),
    "d": (_DAY, "day"),
    "w": (7 * _DAY, "week"),
    "mo": (2_629_746, "month"),
    "y": (31_556_952, "year"),
}
_USUAL: Final = (
    *("1s", "5s", "15s", "1m", "5m", "15m", "30m"),
    *("1h", "2h", "3h", "6h", "12h", "1d", "2d", "1w", "2w"),
    *("1mo", "3mo", "1y", "5y", "20y", "100y"),
)
_LABELS: Final = 7


def checked_step(every: object) -> str:
    """Return a step in the notation of Polars; raise an error for anything else."""
    if isinstance(every, timedelta) and every >= timedelta(seconds=1):
        whole = math.ceil(every.total_seconds())
        return f"{whole // _DAY}d" if whole % _DAY == 0 else f"{whole}s"
    found = re.fullmatch(r"([1-9]\d{0,5})(s|min|m|h|d|w|mo|y)", every.strip()) if isinstance(every, str) else None
    if found is None:
        raise ValueError(f"every is {every!r:.60}; give a length of time such as '15m', '6h', '1d', '1w' or '1mo'.")
    return found[1] + ("m" if found[2] == "min" else found[2])


def seconds(step: str) -> float:
    """Return the mean length of a step, in seconds."""
    count, unit = _parts(step)
    return count * _UNITS[unit][0]


def usual_step(least: float) -> str:
    """Return the shortest of the usual steps that is at least this many seconds long."""
    return next((step for step in _USUAL if seconds(step) >= least), _USUAL[-1])


def in_words(step: str) -> str:
    """Return a step in words: ``by day``, ``every 6 hours``."""
    count, unit = _parts(step)
    name = _UNITS[unit][1]
    return f"by {name}" if count == 1 else f"every {count:,} {name}s"


def edges(first: datetime, last: datetime, step: str, zone: str) -> pl.Series:
    """Return the moments at which the steps of a time zone begin, from before `first` up to `last`."""
    # Two more steps: one because the first edge is before the first moment, one because days differ in length.
    begin = pl.lit(first).dt.convert_time_zone(zone).dt.truncate(step)
    beyond = pl.lit(last).dt.convert_time_zone(zone).dt.offset_by(step).dt.offset_by(step)
    moments = pl.select(edge=pl.datetime_range(begin, beyond, step))
    begun = moments.select((pl.col("edge").dt.convert_time_zone("UTC") < last.astimezone(UTC)).sum()).item()
    return moments["edge"].head(max(begun, 1) + 1)


def position(moments: pl.Expr) -> pl.Expr:
    """Return the positions of moments on an axis of elapsed time, where an hour is an hour even when clocks change."""
    return moments.dt.epoch("ms")


def clock(moments: pl.Series, step: str) -> str:
    """Return the format for such moments; it names the time zone for parts of days if the clocks change."""
    changes = (moments.dt.base_utc_offset() + moments.dt.dst_offset()).n_unique() > 1
    return "%Y-%m-%d %H:%M %Z" if changes and seconds(step) < _DAY else "%Y-%m-%d %H:%M"


def axis(moments: pl.Series, step: str, zone: str) -> alt.Axis:
    """Return an axis of elapsed time; some of its steps are labeled with the local time at which they begin."""
    first, last = moments[0], moments[-1]
    span = (last - first).total_seconds()
    apart = usual_step(max(span / _LABELS, seconds(step)))
    labels = edges(first, last, apart, zone)
    inside = labels.filter((labels >= first) & (labels < last)).alias("at").to_frame()
    shown = _format(seconds(apart), span)
    texts = inside["at"].dt.strftime(shown)
    if texts.n_unique() < len(texts):
        texts = inside["at"].dt.strftime(f"{shown} %Z")
    places = inside.select(position(pl.col("at"))).to_series().to_list()
    # Vega itself knows only UTC and the time zone of the browser.
    by_place = json.dumps(dict(zip(map(str, places), texts, strict=True)))
    label = f"{by_place}[time(datum.value)]"
    return alt.Axis(grid=False, values=places, labelExpr=label, labelFlush=False)


def _parts(step: str) -> tuple[int, str]:
    """Return the number and the unit of a step."""
    digits = step.rstrip("smhdwoy")
    return int(digits), step.removeprefix(digits)


def _format(apart: float, span: float) -> str:
    """Return the format of the labels, in the notation of d3-time-format."""
    if apart < 60:  # noqa: PLR2004
        return "%H:%M:%S"
    if apart < _DAY:
        return "%H:%M" if span <= _DAY else "%m-%d %H:%M"
    return "%Y-%m-%d" if apart < _UNITS["mo"][0] else "%Y-%m" if apart < _UNITS["y"][0] else "%Y"
