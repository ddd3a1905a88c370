"""The last hours with what was usual, and the span that is checked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts import calendar_steps, recorded, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_choice, checked_whole
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast.unusual import MEASURES, Counted, Unusual, counted
from datafast_nb.forecast.unusual import unusual as compared
from datafast_nb.history import History
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import capitalized

_SUBJECT: Final = "Whether the last minutes were out of the ordinary"
_WIDTH: Final = Usual(600)
_HEIGHT: Final = 220
_BAND: Final = 0.25
_USUAL, _OTHER = "usual", "unusual"
_GROUPS: Final = 3


@finished
def unusual(
    data: Unusual | History,
    when: Snapshot | tuple[datetime, datetime] | None = None,
    *,
    measure: Counted = "visitors",
    hours: int = 48,
    time_zone: str = "UTC",
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw the last hours with what was usual in each, and the span that is compared.

    Parameters
    ----------
    data : Unusual or History
        A result of ``datafast_nb.unusual``, or a history.
    when, time_zone
        With a history: as for ``datafast_nb.unusual``.
    measure : {"visitors", "events", "sales"}
        What to draw.
    hours : int, default 48
        How many hours before the span to draw.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A line for the count of each hour, and behind it a band that holds 95 % of usual hours. At the end, a point for
        the span, scaled to an hour, in another color if it is unusual, with its own band. Hours that were not fully
        recorded are left out. The title gives the verdict, and the groups that are unusual. If too little was recorded,
        a chart that says so.

    Raises
    ------
    NotRecordedError
        There is no history at this location.
    ValueError
        The measure or the time zone is unknown, or `hours` is less than 1.
    TypeError
        `data` is neither of these.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=8, visitors_per_day=100, every=300, progress=False)
    ...     chart = dfn.charts.unusual(history)
    """
    checked_choice(measure, MEASURES, "measure")
    checked_whole(hours, "hours", 1)
    if isinstance(data, History):
        try:
            data = compared(data, when, time_zone=time_zone)
        except TooLittleRecordedError as error:
            return wording.message(_SUBJECT, recorded.TOO_LITTLE, remedy=str(error))
    if not isinstance(data, Unusual):
        raise TypeError(f"unusual takes the result of dfn.unusual(history), or a History, not {type(data).__name__}.")
    whole: dict[str, Any] = data.table.row(
        by_predicate=pl.col("dimension").is_null() & (pl.col("measure") == measure), named=True
    )
    before = data.trend(measure, hours).filter(pl.col("watched") >= recorded.WHOLE)
    rows = pl.concat([_rows(before, data.time_zone), _span(data, whole)], how="diagonal_relaxed")
    return _drawn(rows, measure, data.time_zone).properties(title=_heading(data, whole))


# Rows


def _rows(hours: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return the rows to draw."""
    local = [pl.col(name).dt.convert_time_zone(zone) for name in ("start", "end")]
    clock = calendar_steps.clock(hours.select(local[0]).to_series(), "1h") if hours.height else "%H:%M"
    return hours.select(
        "count",
        "mean",
        "low",
        "high",
        begins=calendar_steps.position(local[0]),
        ends=calendar_steps.position(local[1]),
        when=pl.format("{} to {}", *(it.dt.strftime(clock) for it in local)),
        kind=pl.lit(_USUAL),
    )


def _span(of: Unusual, whole: dict[str, Any]) -> pl.DataFrame:
    """Return the row of the span, with its figures per hour."""
    length = (of.end - of.start) / timedelta(hours=1)
    figures = {name: [float(whole[name]) / length] for name in ("count", "mean", "low", "high")}
    row = pl.DataFrame({"start": [of.start], "end": [of.end], **figures})
    kind = pl.lit(_OTHER if whole["unusual"] else _USUAL)
    return _rows(row, of.time_zone).with_columns(kind=kind)


def _heading(of: Unusual, whole: dict[str, Any]) -> alt.Title:
    """Return the title: the verdict, and the groups that are unusual."""
    found = of.table.filter("unusual", pl.col("dimension").is_not_null()).sort("p_value")
    groups = [
        f"{wording.dimension(row['dimension'])} {wording.cut(row['group'] or wording.UNKNOWN)} ({counted(row)}, "
        f"{row['mean']:,.1f} are usual)"
        for row in found.head(_GROUPS).iter_rows(named=True)
    ]
    local = [moment.astimezone(of.zone) for moment in (of.start, of.end)]
    usual = f"{whole['mean']:,.1f} are usual, {whole['low']:,.0f} to {whole['high']:,.0f}"
    sentence = f"{capitalized(of.verdict)}: {counted(whole)} ({usual})"
    notes = [
        f"From {local[0]:%Y-%m-%d %H:%M} to {local[1]:%H:%M}, compared with the same hour of other weeks.",
        f"Unusual: {'; '.join(groups)}." if groups else "",
        "Point: that time, scaled to an hour. Band: 95 % of usual hours.",
        f"Times are in {of.time_zone}.",
    ]
    return wording.title(f"{sentence}, {of.time_zone}", *notes)


# Drawing


def _drawn(rows: pl.DataFrame, measure: Counted, zone: str) -> alt.LayerChart:
    """Draw the band, and a line for each count."""
    edges = pl.concat([rows["begins"], rows["ends"]]).unique().sort()
    moments = edges.cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(zone)
    x = alt.X(
        "begins:T",
        title=None,
        scale=alt.Scale(type="utc", nice=False),
        axis=calendar_steps.axis(moments, "1h", zone),
    )
    most = round(float(max(rows["high"].max() or 0.0, rows["count"].max() or 0.0)))  # type: ignore[arg-type]
    y: dict[str, Any] = {
        "title": f"{measure.capitalize()} per hour",
        "axis": wording.count_axis(most),
        "scale": alt.Scale(domainMin=0, nice=True),
    }
    color = alt.Color("kind:N", title=None, scale=alt.Scale(domain=[_USUAL, _OTHER]))
    tooltips = [
        alt.Tooltip("when:N", title="Time"),
        alt.Tooltip("count:Q", title="Counted, per hour", format=",.1f"),
        alt.Tooltip("mean:Q", title="Usual", format=",.1f"),
        alt.Tooltip("low:Q", title="Low", format=",.0f"),
        alt.Tooltip("high:Q", title="High", format=",.0f"),
    ]
    base = alt.Chart(rows).encode(x=x, x2="ends:T", tooltip=tooltips)
    layers = [
        base.mark_rect(opacity=_BAND, color=NEUTRAL).encode(y=alt.Y("low:Q", **y), y2="high:Q"),
        base.mark_rule(strokeWidth=3).encode(y=alt.Y("count:Q", **y), color=color),
        alt.Chart(rows.tail(1))
        .mark_point(filled=True, size=70, opacity=1)
        .encode(x=x, y=alt.Y("count:Q", **y), color=color, tooltip=tooltips),
    ]
    return alt.LayerChart(layer=layers, width=_WIDTH, height=_HEIGHT)
