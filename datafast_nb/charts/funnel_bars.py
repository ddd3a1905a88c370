"""How far visitors go, and where they are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import uncertainty, wording
from datafast_nb.charts.specification import finished
from datafast_nb.conversion.frames import in_polars
from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datafast_nb.conversion import Dimension
    from datafast_nb.conversion.funnel import Step

_SUBJECT: Final = "How far visitors go"
_WIDTH: Final = 460
_STEP: Final = 56
_BAR: Final = 24
_SERIES: Final = 5


@finished
def funnel(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    steps: Sequence[Step],
    *,
    by: Dimension | str | None = None,
    visitors: pl.DataFrame | pl.LazyFrame | None = None,
    payments: pl.DataFrame | pl.LazyFrame | None = None,
) -> alt.LayerChart:
    """Draw how many visitors take some steps in order, and how many are lost between them.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or events with the columns of ``schema.EVENTS``.
    steps : sequence of str, goal or payment
        The steps, as for ``datafast_nb.funnel``.
    by : str, optional
        A dimension of the visitors: a bar for each of the five groups that most took the first step in.
    visitors, payments : polars.DataFrame or polars.LazyFrame, optional
        With events: what `by` and payments need, as for ``datafast_nb.funnel``.

    Returns
    -------
    altair.LayerChart
        Bars of the visitors who took each step after those before it, with the share and the median time; with `by`
        bars of the share of the group's first step. The fewer than 30 took the first step, the fainter is a bar.

    Raises
    ------
    ValueError
        There is no step, the dimension is unknown, or `by` or payments are asked for without visitors.
    TypeError
        A step is no step, or `by` is not one dimension.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> chart = dfn.charts.funnel(snap, ["/", "/pricing", dfn.goal("signup"), dfn.payment()])
    """
    if by is not None and not isinstance(by, str):
        raise TypeError(f"by takes one dimension, such as by='device', not {by!r:.60}.")
    table, everybody = _table(data, steps, by, visitors, payments)
    if not everybody:
        return wording.message(_SUBJECT, wording.NOTHING_HAPPENED)
    names = [wording.cut(str(step)) for step in steps]
    started = int(table.filter(step=1)["visitors"].sum())
    if not started:
        nobody = f"Of {wording.number(everybody, 'visitor')} nobody took the first step, {names[0]}"
        return wording.message(_SUBJECT, nobody, remedy="A step is the path of a page, goal('signup') or payment().")
    arrived = int(table.filter(step=len(names))["visitors"].sum())
    path = f"all the way from {names[0]} to {names[-1]}" if names[1:] else f"to {names[0]}"
    counted = (
        f"{arrived:,} of {wording.number(started, 'visitor')}" if names[1:] else wording.number(arrived, "visitor")
    )
    series = None if by is None else _largest(table, by)
    drawn = table if series is None else table.join(series, on="_by", nulls_equal=True)
    groups = table["_by"].n_unique() if by is not None else 1
    heading = wording.title(
        f"{counted} went {path}",
        f"Seen in these minutes: {wording.number(everybody, 'visitor')}.",
        f"Drawn: the {series.height} largest of {groups:,} groups by {wording.dimension(by)}."
        if by is not None and series is not None and series.height < groups
        else "",
        uncertainty.note(drawn["first"], "at the first step"),
    )
    chart = _single(_rows(drawn)) if by is None or series is None else _grouped(_rows(drawn), by, series)
    return chart.properties(title=heading)


def _table(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    steps: Sequence[Step],
    by: str | None,
    visitors: pl.DataFrame | pl.LazyFrame | None,
    payments: pl.DataFrame | pl.LazyFrame | None,
) -> tuple[pl.DataFrame, int]:
    """Give the funnel, its group as `_by`, the size of its first step as `first`; and how many visitors have events."""
    if isinstance(data, Snapshot):
        events, visitors, payments = data.events.lazy(), data.visitors, data.payments
    else:
        events = in_polars(data, "events")
    people = None if visitors is None else in_polars(visitors, "visitors")
    sales = None if payments is None else in_polars(payments, "payments")
    if by is not None and people is not None:
        wording.check_drawable(people, [by])
    table = conversion.funnel(events, steps, by=by, visitors=people, payments=sales).collect()
    first = pl.col("visitors").max()
    if by is not None:
        table, first = table.rename({by: "_by"}), first.over("_by")
    table = table.with_columns(first=first)
    return table, int(events.select(pl.col("visitor_id").drop_nulls().n_unique()).collect().item())


def _largest(table: pl.DataFrame, by: str) -> pl.DataFrame:
    """Give the groups in which most took the first step: their labels, in the order of drawing."""
    groups = table.filter(step=1).select(pl.col("_by").alias(by)).head(_SERIES)
    return groups.select(pl.col(by).alias("_by"), series=wording.distinct_label(by), place=pl.int_range(pl.len()))


def _rows(table: pl.DataFrame) -> pl.DataFrame:
    """Give what is drawn: one row for each bar."""
    seconds = pl.col("median_seconds").map_elements(wording.span, return_dtype=pl.String)
    went_on = pl.format("{} % went on", pl.col("share_of_previous").mul(100).round(1))
    lost = pl.when(pl.col("dropped") > 0).then(pl.format(", {} did not", wording.grouped("dropped")))
    time = pl.when(pl.col("median_seconds").is_not_null()).then(pl.format("; median time {}", seconds))
    share = pl.when(pl.col("step") > 1).then(pl.format(" · {} %", pl.col("share_of_first").mul(100).round(1)))
    place = [] if "series" not in table.columns else ["series", "place"]
    return table.sort("step", *place[1:]).select(
        *place,
        "visitors",
        "share_of_first",
        "share_of_previous",
        "dropped",
        "first",
        step=pl.format("{}. {}", pl.col("step"), wording.label("name")),
        between=pl.when(pl.col("step") > 1)
        .then(pl.concat_str(went_on, lost.fill_null(""), time.fill_null("")))
        .fill_null(""),
        count=pl.concat_str(wording.grouped("visitors"), share.fill_null("")),
        size=pl.format("n = {}", wording.grouped("visitors")),
        time=seconds.fill_null("not known"),
    )


def _tooltip() -> list[alt.Tooltip]:
    """Give the tooltip of a bar."""
    return [
        alt.Tooltip("step:N", title="Step"),
        alt.Tooltip("visitors:Q", title="Visitors", format=",d"),
        alt.Tooltip("share_of_first:Q", title="Share of the first step", format=".1%"),
        alt.Tooltip("share_of_previous:Q", title="Share of the step before", format=".1%"),
        alt.Tooltip("dropped:Q", title="Lost since the step before", format=",d"),
        alt.Tooltip("time:N", title="Median time since then"),
    ]


def _single(rows: pl.DataFrame) -> alt.LayerChart:
    """Draw one funnel: a bar for each step, and above it who went on and who did not."""
    base = alt.Chart(rows).encode(y=alt.Y("step:N", sort=None, title=None), tooltip=_tooltip())
    axis = wording.count_axis(int(rows["visitors"].max() or 0))  # type: ignore[arg-type]
    layers = [
        base.mark_bar(height=_BAR).encode(
            x=alt.X("visitors:Q", title="Visitors", axis=alt.Axis(grid=False, **axis.to_dict()), stack=None),
            opacity=uncertainty.opacity("first"),
        ),
        base.mark_text(align="left", dx=6).encode(x="visitors:Q", text="count:N"),
        base.mark_text(align="left", dx=2, dy=-_STEP // 2 + 1).encode(x=alt.value(0), text="between:N"),
    ]
    return alt.LayerChart(layer=layers, width=_WIDTH, height=_STEP * rows.height)


def _grouped(rows: pl.DataFrame, by: str, series: pl.DataFrame) -> alt.LayerChart:
    """Draw a funnel for each group, side by side, as shares of its first step."""
    order, picked = series["series"].to_list(), alt.selection_point(fields=["series"], bind="legend")
    title = wording.capitalized(wording.dimension(by))
    channels: dict[str, Any] = {
        "y": alt.Y("step:N", sort=None, title=None),
        "yOffset": wording.beside(len(order)),
    }
    base = alt.Chart(rows).encode(**channels, tooltip=[alt.Tooltip("series:N", title=title), *_tooltip()])
    bars = base.mark_bar().encode(
        x=alt.X(
            "share_of_first:Q", title="Share of the first step", axis=alt.Axis(format=".0%", tickCount=5), stack=None
        ),
        color=wording.colored("series", title),
        opacity=uncertainty.opacity_of(picked, "first"),
    )
    height = (12 + 14 * len(order)) * rows["step"].n_unique()
    return alt.LayerChart(layer=[bars.add_params(picked), wording.at_the_right(base)], width=_WIDTH, height=height)
