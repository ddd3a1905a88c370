"""The coming hours of a forecast as a fan, and the actual counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts import calendar_steps, recorded, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_choice
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast.counted_hours import ForecastMeasure, counted_hours
from datafast_nb.forecast.traffic import HORIZONS, Forecast, Horizon
from datafast_nb.forecast.traffic import forecast as forecast_of
from datafast_nb.history import History
from datafast_nb.text import capitalized, money

_SUBJECT: Final = "What comes next"
_MEASURES: Final[tuple[ForecastMeasure, ...]] = ("visitors", "sales", "revenue")
_WIDTH: Final = Usual(600)
_HEIGHT: Final = 220
_LEAST_BEFORE: Final = timedelta(days=1)
_EXPECTED, _COUNTED = "expected", "counted"
_BAND: Final = 0.25


@finished
def forecast(
    data: Forecast | History,
    next: Horizon = "1d",  # noqa: A002 - the natural word
    *,
    measure: ForecastMeasure = "visitors",
    history: History | None = None,
    rates: Mapping[str, float] | None = None,
    time_zone: str = "UTC",
    now: datetime | None = None,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw the coming hours as a fan, after the past hours, and with the actual counts if these are known by now.

    Parameters
    ----------
    data : Forecast or History
        A result of ``datafast_nb.forecast``, or a history to forecast from.
    next, rates, time_zone, now
        With a history: as for ``datafast_nb.forecast``. With a `now` in the past, the chart shows the actual counts.
    measure : {"visitors", "sales", "revenue"}
        What to draw.
    history : History, optional
        With a forecast: its history, for the hours before and the actual counts.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        For each coming hour a line at the mean, and a band for its 95 % interval; a line for the counts of the hours
        before and, where known, after. Hours that were not fully recorded are left out. If there is too little to
        forecast from, a chart that says so.

    Raises
    ------
    NotRecordedError
        There is no history at this location.
    ValueError
        The horizon, the measure or the time zone is unknown.
    TypeError
        `data` is neither of these.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=4, visitors_per_day=200, every=300, progress=False)
    ...     chart = dfn.charts.forecast(history, "1h", measure="visitors")
    """
    checked_choice(measure, _MEASURES, "measure")
    if isinstance(data, History):
        try:
            history, data = data, forecast_of(data, next, rates=rates, time_zone=time_zone, now=now)
        except TooLittleRecordedError as error:
            return wording.message(_SUBJECT, recorded.TOO_LITTLE, remedy=str(error))
    if not isinstance(data, Forecast):
        raise TypeError(f"forecast takes the result of dfn.forecast(history), or a History, not {type(data).__name__}.")
    steps = data.steps.filter(measure=measure).drop_nulls("mean")
    if steps.is_empty():
        return wording.message(_SUBJECT, f"The {measure} can't be predicted", remedy=" ".join(_sentences(data.notes)))
    length = HORIZONS[data.horizon]
    counted = pl.DataFrame()
    if history is not None:
        span = (max(length, _LEAST_BEFORE), length)
        counted = counted_hours(history, measure, data.now, span, rates).drop_nulls("count")
    ahead, before = _rows(steps, data), _rows(counted, data)
    return _drawn(ahead, before, data, measure).properties(title=_heading(data, measure, before))


# Rows


def _rows(hours: pl.DataFrame, of: Forecast) -> pl.DataFrame:
    """Return the rows to draw: `begins` and `ends` on the axis, and the local times."""
    if hours.is_empty():
        return hours
    local = [pl.col(name).dt.convert_time_zone(of.time_zone) for name in ("start", "end")]
    clock = calendar_steps.clock(hours.select(local[0]).to_series(), "1h")
    return hours.drop("measure", strict=False).select(
        *(name for name in ("mean", "low", "high", "count") if name in hours.columns),
        begins=calendar_steps.position(local[0]),
        ends=calendar_steps.position(local[1]),
        when=pl.format("{} to {}", *(it.dt.strftime(clock) for it in local)),
        came=pl.col("start") >= of.now,
    )


def _heading(of: Forecast, measure: ForecastMeasure, counted: pl.DataFrame) -> alt.Title:
    """Return the title: the sentence of the forecast, and what the marks are."""
    row: dict[str, Any] = of.table.row(
        by_predicate=(pl.col("measure") == measure) & (pl.col("period") == f"next {of.horizon}"), named=True
    )
    sentence = f"{capitalized(of.in_words)}: {of.row_in_words(row)}, {of.time_zone}"
    after = counted.filter("came")["count"] if counted.height else pl.Series([], dtype=pl.Float64)
    whole = len(after) == HORIZONS[of.horizon] / timedelta(hours=1)
    sum_of = float(after.sum())
    total = money(sum_of, row["currency"]) if measure == "revenue" else f"{sum_of:,.0f}"
    notes = [
        "Band: each hour's 95 % interval, around its mean.",
        f"Came: {total}{' (who came in several hours counts in each)' if measure == 'visitors' else ''}."
        if whole
        else "",
        f"From {of.now.astimezone(of.zone):%Y-%m-%d %H:%M} on; times are in {of.time_zone}.",
        *_sentences(note for note in of.notes if _is_about(note, measure)),
    ]
    return wording.title(sentence, *notes)


def _sentences(notes: Iterable[str]) -> list[str]:
    """Return notes as sentences."""
    return [f"{capitalized(note)}." for note in notes]


def _is_about(note: str, measure: ForecastMeasure) -> bool:
    """Return whether a note is about a measure, or about all of them."""
    return measure == "revenue" or not note.lower().startswith("revenue")


# Drawing


def _drawn(ahead: pl.DataFrame, counted: pl.DataFrame, of: Forecast, measure: ForecastMeasure) -> alt.LayerChart:
    """Draw the band, the lines, and the moment from which the forecast goes."""
    edges = pl.concat([ahead["begins"], *([counted["begins"]] if counted.height else []), ahead["ends"]])
    moments = edges.unique().sort().cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(of.time_zone)
    x = alt.X(
        "begins:T",
        title=None,
        scale=alt.Scale(type="utc", nice=False),
        axis=calendar_steps.axis(moments, "1h", of.time_zone),
    )
    currency = of.table.filter(measure=measure)["currency"][0]
    title = f"{measure.capitalize()} per hour{'' if currency is None else f', {currency}'}"
    most = float(max(ahead["high"].max() or 0.0, counted["count"].max() if counted.height else 0.0))  # type: ignore[arg-type,type-var]
    axis = alt.Axis(format=",.2~f") if measure == "revenue" else wording.count_axis(round(most))
    y: dict[str, Any] = {"title": title, "axis": axis, "scale": alt.Scale(domainMin=0, nice=True)}
    kinds = [_EXPECTED, *([_COUNTED] if counted.height else [])]
    scale, legend = alt.Scale(domain=[_EXPECTED, _COUNTED]), alt.Legend(symbolOpacity=1, values=kinds)
    color = alt.Color("kind:N", title=None, scale=scale, legend=legend)
    digits = ",.2f" if measure == "revenue" else ",.1f"
    tooltips = [alt.Tooltip("when:N", title="Time")]
    expected = [alt.Tooltip(f"{name}:Q", title=name.capitalize(), format=digits) for name in ("mean", "low", "high")]
    fan = alt.Chart(ahead.with_columns(kind=pl.lit(_EXPECTED))).encode(
        x=x, x2="ends:T", color=color, tooltip=[*tooltips, *expected]
    )
    layers = [
        fan.mark_rect(opacity=_BAND).encode(y=alt.Y("low:Q", **y), y2="high:Q"),
        fan.mark_rule(strokeWidth=2.5).encode(y=alt.Y("mean:Q", **y)),
    ]
    if counted.height:
        seen = alt.Tooltip("count:Q", title="Counted", format=digits)
        past = alt.Chart(counted.with_columns(kind=pl.lit(_COUNTED))).encode(x=x, x2="ends:T", color=color)
        layers.append(past.mark_rule(strokeWidth=2.5).encode(y=alt.Y("count:Q", **y), tooltip=[*tooltips, seen]))
    now = alt.Chart(alt.InlineData(values=[{"begins": ahead["begins"].min()}]))
    layers.append(now.mark_rule(color=NEUTRAL, strokeDash=[4, 3]).encode(x=x))
    return alt.LayerChart(layer=layers, width=_WIDTH, height=_HEIGHT)
