"""What moves the likelihood to buy."""

from __future__ import annotations

from typing import Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import uncertainty, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import why_missing
from datafast_nb.charts.specification import finished
from datafast_nb.checks import checked_whole
from datafast_nb.conversion.frames import rate_of
from datafast_nb.snapshot import Baseline, Snapshot
from datafast_nb.text import number

_SUBJECT: Final = "What moves the likelihood to buy"
_WIDTH: Final = Usual(460)
_LEAST_REACH: Final = 1.25
_MOST_REACH: Final = 8.0
_ROOM: Final = 1.15
_CLOSE: Final = 4.0
_CLOSE_TICKS: Final = (0.5, 0.6, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75)
_TICKS: Final = (0.125, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 8)
_BELOW, _ABOVE = "less likely to buy", "more likely"  # in the order of the colors, blue and orange


@finished
def drivers(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    *,
    top: int = 15,
    min_visitors: int = 2,
    baseline: Baseline | None = None,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw which matched dimensions and values move the conversion likelihood most.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or visitors with the columns of ``schema.VISITORS``.
    top : int, default 15
        Draw at most this many: those with the longest bars. The subtitle says how many there are.
    min_visitors : int, default 2
        Leave out groups with fewer scored prospects.
    baseline : Baseline, optional
        The site's averages; by default the snapshot's own, else the mean over all prospects.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        Bars from 1, the average, to the lift, shrunk toward 1 for small groups, on a scale where 0.5 and 2 are equally
        far from 1; a tick at the measured lift, and a line over its 95 % interval. Bars of groups of fewer than 30 are
        faint, more so the smaller the group. The figures are those of ``datafast_nb.drivers``, whose groups overlap.

    Raises
    ------
    ValueError
        The frame lacks a column, or `top` is less than 1.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.drivers(dfn.demo.Site(seed=0).snapshot())
    """
    checked_whole(top, "top", 1)
    known = conversion.baseline_of(data, baseline)
    visitors = conversion.visitors_of(data)
    total = conversion.summary(visitors).collect().row(0, named=True)
    table = conversion.drivers(visitors, min_visitors=min_visitors, baseline=known).collect()
    table = table.filter(pl.col("lift_shrunk") > 0)
    if table.is_empty():
        everybody = conversion.breakdown(visitors, "is_customer").collect()
        few = f"No dimension has matched {number(max(min_visitors, 1), 'prospect')}"
        nothing = why_missing(everybody, "predicted_rate") or few
        remedy = "Groups of one are drawn too with min_visitors=1." if nothing == few and min_visitors > 1 else ""
        return wording.message(_SUBJECT, nothing, wording.left_out(total), remedy=remedy)
    drawn = table.head(top)
    average = "the mean of all prospects" if rate_of(data, known) is None else "the site's average"
    heading = wording.title(
        f"What moves the likelihood to buy of {number(total['scored'], 'prospect')}",
        wording.left_out(total),
        f"Drawn: the {drawn.height} strongest of {table.height:,} matched dimensions and values."
        if drawn.height < table.height
        else "",
        f"1 is {average}. Ticks and thin lines: the measured lift and its 95 % interval; bars: the lift shrunk toward "
        "1, more so for smaller groups. The groups overlap.",
        wording.no_line(drawn["lift_low"]),
        uncertainty.note(drawn["scored"]),
    )
    return _drawn(_rows(drawn)).properties(title=heading)


def _rows(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows to draw: one for each bar, in drawing order, within the reach of the scale."""
    name = pl.col("dimension") + pl.lit(" = ") + pl.col("value").fill_null(wording.UNKNOWN)
    lowest, highest = _reach(table)
    cut = {
        name: pl.col(column).clip(lowest, highest)
        for name, column in (
            ("bar", "lift_shrunk"),
            ("measured", "lift"),
            ("low", "lift_low"),
            ("high", "lift_high"),
        )
    }
    return table.with_columns(_name=name).select(
        group=wording.distinct_label("_name"),
        **cut,
        one=pl.lit(1.0),
        lowest=pl.lit(lowest),
        highest=pl.lit(highest),
        direction=pl.when(pl.col("lift_shrunk") >= 1).then(pl.lit(_ABOVE)).otherwise(pl.lit(_BELOW)),
        goes_lower=pl.col("lift_low") < lowest,
        goes_higher=pl.col("lift_high") > highest,
        lift="lift",
        lift_shrunk="lift_shrunk",
        predicted_rate="predicted_rate",
        scored="scored",
        overlap="overlap",
        extra="extra_conversions",
        size=pl.format("n = {}", wording.grouped("scored")),
        interval=pl.format("{} to {}", pl.col("lift_low").round(2), pl.col("lift_high").round(2)).fill_null(
            wording.CANNOT_TELL
        ),
    )


def _cut(base: alt.Chart, rows: pl.DataFrame) -> list[alt.Chart]:
    """Draw an arrowhead where an interval extends beyond the scale."""
    ends = {"goes_lower": ("low:Q", "triangle-left"), "goes_higher": ("high:Q", "triangle-right")}
    return [
        base.transform_filter(alt.datum[name]).mark_point(shape=shape, size=28, filled=True).encode(x=x)
        for name, (x, shape) in ends.items()
        if rows[name].any()
    ]


def _reach(table: pl.DataFrame) -> tuple[float, float]:
    """Return the ends of the scale, which include the lifts and 1."""
    lifts = pl.concat([table["lift_shrunk"], table["lift"]])
    lowest, highest = (float(end) for end in (lifts.min(), lifts.max()))  # type: ignore[arg-type]
    return max(min(lowest / _ROOM, 1 / _LEAST_REACH), 1 / _MOST_REACH), min(
        max(highest * _ROOM, _LEAST_REACH), _MOST_REACH
    )


def _drawn(rows: pl.DataFrame) -> alt.LayerChart:
    """Draw the bars, the measured lifts with their intervals, and the sample sizes."""
    lowest, highest = rows.select("lowest", "highest").row(0)
    ticks = _CLOSE_TICKS if highest / lowest < _CLOSE else _TICKS
    marks = [mark for mark in ticks if lowest <= mark <= highest]
    scale = alt.Scale(type="log", domain=[lowest, highest], nice=False)
    picked = alt.selection_point(fields=["direction"], bind="legend")
    base = alt.Chart(rows.drop("lowest", "highest")).encode(
        y=alt.Y("group:N", sort=None, title=None),
        tooltip=[
            alt.Tooltip("group:N", title="Group"),
            alt.Tooltip("scored:Q", title="Prospects", format=",d"),
            alt.Tooltip("lift:Q", title="Measured lift", format=".2f"),
            alt.Tooltip("interval:N", title="95 % interval"),
            alt.Tooltip("lift_shrunk:Q", title="Lift shrunk toward 1", format=".2f"),
            alt.Tooltip("predicted_rate:Q", title="Predicted rate", format=".2%"),
            alt.Tooltip("extra:Q", title="Conversions beyond average", format="+.2f"),
            alt.Tooltip("overlap:Q", title="In other groups too", format=".0%"),
        ],
    )
    bars = base.mark_bar().encode(
        x=alt.X("one:Q", title="Lift", scale=scale, axis=alt.Axis(values=marks, format="~r")),
        x2="bar:Q",
        color=alt.Color(
            "direction:N",
            title=None,
            scale=alt.Scale(domain=[_BELOW, _ABOVE]),
            legend=alt.Legend(symbolOpacity=1),
        ),
        opacity=uncertainty.opacity_of(picked, "scored"),
    )
    average = alt.Chart(alt.InlineData(values=[{"average": 1}])).mark_rule(strokeDash=[4, 3]).encode(x="average:Q")
    layers = [
        bars.add_params(picked),
        base.mark_rule().encode(x="low:Q", x2="high:Q"),
        base.mark_tick(height=9).encode(x="measured:Q"),
        *_cut(base, rows),
        average,
        wording.at_the_right(base),
    ]
    return alt.LayerChart(layer=layers, width=_WIDTH, height=max(26 * rows.height, 60))
