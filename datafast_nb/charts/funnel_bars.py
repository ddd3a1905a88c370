"""How far visitors get, and where they are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import uncertainty, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.conversion.frames import in_polars
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import capitalized, duration, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from datafast_nb.conversion import Dimension
    from datafast_nb.conversion.funnel import Step, Unit

_SUBJECT: Final = "How far visitors get"
_WIDTH: Final = Usual(460)
_STEP: Final = 56
_BAR: Final = 24
_SERIES: Final = 5
_LIGHT: Final = 0.3


@finished
def funnel(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    steps: Sequence[Step],
    *,
    by: Dimension | str | None = None,
    within: timedelta | str | float | None = None,
    unit: Unit = "visitor",
    visitors: pl.DataFrame | pl.LazyFrame | None = None,
    payments: pl.DataFrame | pl.LazyFrame | None = None,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw how many visitors take a series of steps in order, how many are on the way, and how many are lost.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or events with the columns of ``schema.EVENTS``.
    steps : sequence of str, goal or payment
        The steps, as for ``datafast_nb.funnel``.
    by : str, optional
        A dimension of the visitors, for a bar for each of the five groups in which most took the first step.
    within : timedelta, str or float, optional
        How long after the first step the others count, as for ``datafast_nb.funnel``.
    unit : {"visitor", "visit"}, default "visitor"
        Whether to count people or visits.
    visitors, payments : polars.DataFrame or polars.LazyFrame, optional
        With events: what `by` and payments require, as for ``datafast_nb.funnel``.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        Bars of the visitors who took each step after those before it, with the share and the median time; with `by`,
        bars of the share of the group's first step. Light ends stand for those still on the way to the step, lines for
        the 95 % intervals (Wilson). Bars are faint if fewer than 30 took the first step, more so the fewer did.

    Raises
    ------
    ValueError
        There is no step, the dimension is unknown, or `by` or `payments` is given without visitors.
    TypeError
        An item of `steps` is not a step, or `by` is not one dimension.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> chart = dfn.charts.funnel(snap, ["/", "/pricing", dfn.goal("signup"), dfn.payment()])
    """
    if by is not None and not isinstance(by, str):
        raise TypeError(f"by takes one dimension, such as by='device', not {by!r:.60}.")
    table, everybody = _table(data, steps, by, within, unit, visitors, payments)
    if not everybody:
        return wording.message(_SUBJECT, wording.NOTHING_HAPPENED)
    names = [wording.cut(str(step)) for step in steps]
    started = int(table.filter(step=1)["visitors"].sum())
    if not started:
        reason = f"None of {number(everybody, 'visitor')} took the first step, {names[0]}"
        return wording.message(_SUBJECT, reason, remedy="A step is the path of a page, goal('signup') or payment().")
    arrived = int(table.filter(step=len(names))["visitors"].sum())
    path = f"all the way from {names[0]} to {names[-1]}" if names[1:] else f"to {names[0]}"
    counted = f"{arrived:,} of {number(started, unit)}" if names[1:] else number(arrived, unit)
    series = None if by is None else _largest(table, by)
    drawn = table if series is None else table.join(series, on="_by", nulls_equal=True)
    groups = table["_by"].n_unique() if by is not None else 1
    heading = wording.title(
        f"{counted} went {path}",
        f"Seen in this time: {number(everybody, 'visitor')}.",
        f"Drawn: the {series.height} largest of {groups:,} groups by {wording.dimension(by)}."
        if by is not None and series is not None and series.height < groups
        else "",
        "Light: still on the way." if drawn["on_the_way"].sum() else "",
        "Lines: 95 % intervals." if names[1:] else "",
        uncertainty.note(drawn["first"], "at the first step"),
    )
    chart = _single(_rows(drawn), unit) if by is None or series is None else _grouped(_rows(drawn), by, series, unit)
    return chart.properties(title=heading)


def _table(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    steps: Sequence[Step],
    by: str | None,
    within: timedelta | str | float | None,
    unit: Unit,
    visitors: pl.DataFrame | pl.LazyFrame | None,
    payments: pl.DataFrame | pl.LazyFrame | None,
) -> tuple[pl.DataFrame, int]:
    """Return the funnel, with its group as `_by` and its first step's size as `first`, and the number of visitors."""
    people: pl.LazyFrame | None
    if isinstance(data, Snapshot):
        people, events = data.visitors.lazy(), data.events.lazy()
    else:
        people, events = None if visitors is None else in_polars(visitors, "visitors"), in_polars(data, "events")
    if by is not None and people is not None:
        wording.check_drawable(people, [by])
    if isinstance(data, Snapshot):
        table = conversion.funnel(data, steps, by=by, within=within, unit=unit)
    else:
        sales = None if payments is None else in_polars(payments, "payments")
        asked = conversion.funnel(events, steps, by=by, within=within, unit=unit, visitors=people, payments=sales)
        table = asked.collect()
    table = table.rename({**({} if by is None else {by: "_by"}), f"{unit}s": "visitors"})
    first = pl.col("visitors").max()
    table = table.with_columns(first=first if by is None else first.over("_by"))
    return table, int(events.select(pl.col("visitor_id").drop_nulls().n_unique()).collect().item())


def _largest(table: pl.DataFrame, by: str) -> pl.DataFrame:
    """Return the labels of the groups in which most took the first step, in drawing order."""
    groups = table.filter(step=1).select(pl.col("_by").alias(by)).head(_SERIES)
    return groups.select(pl.col(by).alias("_by"), series=wording.distinct_label(by), place=pl.int_range(pl.len()))


def _rows(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows to draw, one for each bar."""
    seconds = pl.col("median_seconds").map_elements(duration, return_dtype=pl.String)
    went_on = pl.format("{} % went on", pl.col("share_of_previous").mul(100).round(1))
    waiting = pl.when(pl.col("on_the_way") > 0).then(pl.format(", {} on the way", wording.grouped("on_the_way")))
    lost = pl.when(pl.col("dropped") > 0).then(pl.format(", {} did not", wording.grouped("dropped")))
    time = pl.when(pl.col("median_seconds").is_not_null()).then(pl.format("; median time {}", seconds))
    share = pl.when(pl.col("step") > 1).then(pl.format(" · {} %", pl.col("share_of_first").mul(100).round(1)))
    place = [] if "series" not in table.columns else ["series", "place"]
    possible = pl.col("visitors") + pl.col("on_the_way")
    ends = {end: pl.col(f"share_of_first_{end}") for end in ("low", "high")}
    return table.sort("step", *place[1:]).select(
        *place,
        "visitors",
        "share_of_first",
        "share_of_previous",
        "on_the_way",
        "dropped",
        "began_before",
        "first",
        possible=pl.when(pl.col("on_the_way") > 0).then(possible),
        possible_share=pl.when(pl.col("on_the_way") > 0).then(possible / pl.col("first")),
        **ends,
        **{f"visitors_{end}": share * pl.col("first") for end, share in ends.items()},
        label_at=pl.max_horizontal(possible, ends["high"] * pl.col("first")),
        interval=wording.interval("share_of_first_low", "share_of_first_high", 1),
        step=pl.format("{}. {}", pl.col("step"), wording.label("name")),
        between=pl.when(pl.col("step") > 1)
        .then(pl.concat_str(went_on, waiting.fill_null(""), lost.fill_null(""), time.fill_null("")))
        .fill_null(""),
        count=pl.concat_str(wording.grouped("visitors"), share.fill_null("")),
        size=pl.format("n = {}", wording.grouped("visitors")),
        time=seconds.fill_null("not known"),
    )


def _tooltip(unit: Unit) -> list[alt.Tooltip]:
    """Return the tooltip of a bar."""
    return [
        alt.Tooltip("step:N", title="Step"),
        alt.Tooltip("visitors:Q", title=capitalized(f"{unit}s"), format=",d"),
        alt.Tooltip("share_of_first:Q", title="Share of the first step", format=".1%"),
        alt.Tooltip("interval:N", title="Its 95 % interval"),
        alt.Tooltip("share_of_previous:Q", title="Share of the step before", format=".1%"),
        alt.Tooltip("on_the_way:Q", title="Still on the way to it", format=",d"),
        alt.Tooltip("dropped:Q", title="Lost since the step before", format=",d"),
        alt.Tooltip("began_before:Q", title="Not counted: began before", format=",d"),
        alt.Tooltip("time:N", title="Median time since then"),
    ]


def _single(rows: pl.DataFrame, unit: Unit) -> alt.LayerChart:
    """Draw one funnel: a bar for each step, and above it how many went on and how many did not."""
    base = alt.Chart(rows).encode(y=alt.Y("step:N", sort=None, title=None), tooltip=_tooltip(unit))
    axis = wording.count_axis(int(rows["visitors"].max() or 0))  # type: ignore[arg-type]
    title = capitalized(f"{unit}s")
    layers = [
        base.mark_bar(height=_BAR).encode(
            x=alt.X("visitors:Q", title=title, axis=alt.Axis(grid=False, **axis.to_dict()), stack=None),
            opacity=uncertainty.opacity("first"),
        ),
        base.mark_bar(height=_BAR, opacity=_LIGHT).encode(x="visitors:Q", x2="possible:Q"),
        base.mark_rule().encode(x="visitors_low:Q", x2="visitors_high:Q"),
        base.mark_text(align="left", dx=6).encode(x="label_at:Q", text="count:N"),
        base.mark_text(align="left", dx=2, dy=-_STEP // 2 + 1).encode(x=alt.value(0), text="between:N"),
    ]
    return alt.LayerChart(layer=layers, width=_WIDTH, height=_STEP * rows.height)


def _grouped(rows: pl.DataFrame, by: str, series: pl.DataFrame, unit: Unit) -> alt.LayerChart:
    """Draw a funnel for each group, side by side, as shares of its first step."""
    order, picked = series["series"].to_list(), alt.selection_point(fields=["series"], bind="legend")
    title = capitalized(wording.dimension(by))
    channels: dict[str, Any] = {
        "y": alt.Y("step:N", sort=None, title=None),
        "yOffset": wording.beside(len(order)),
    }
    base = alt.Chart(rows).encode(**channels, tooltip=[alt.Tooltip("series:N", title=title), *_tooltip(unit)])
    axis = alt.Axis(format=".0%", tickCount=5)
    bars = base.mark_bar().encode(
        x=alt.X("share_of_first:Q", title="Share of the first step", axis=axis, stack=None),
        color=wording.colored("series", title),
        opacity=uncertainty.opacity_of(picked, "first"),
    )
    light = base.mark_bar().encode(
        x="share_of_first:Q",
        x2="possible_share:Q",
        color=wording.colored("series", title),
        opacity=alt.when(picked).then(alt.value(_LIGHT)).otherwise(alt.value(0)),
    )
    lines = base.mark_rule().encode(
        x="low:Q", x2="high:Q", opacity=alt.when(picked).then(alt.value(1)).otherwise(alt.value(0))
    )
    height = (12 + 14 * len(order)) * rows["step"].n_unique()
    layers = [bars.add_params(picked), light, lines, wording.at_the_right(base)]
    return alt.LayerChart(layer=layers, width=_WIDTH, height=height)
