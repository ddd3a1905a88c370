"""Bars that compare groups of visitors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import uncertainty, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import IN_TOOLTIPS, NOTATIONS, Measure, Notation, notation_of, tooltip, why_missing
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_whole
from datafast_nb.conversion.frames import rate_of
from datafast_nb.renamed import renamed
from datafast_nb.snapshot import Baseline, Snapshot
from datafast_nb.text import capitalized, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datafast_nb.conversion import Dimension

_WIDTH: Final = Usual(460)
_SERIES: Final = 5
_WITH_INTERVAL: Final = ("predicted_rate", "lift")
# Dimensions whose groups have a natural order, which the bars keep.
_ORDERED: Final = frozenset({"score_band", "confidence_band", "visit_count"})
# Means of a few visitors are the highest and the lowest by chance alone, so these are ranked by the shrunk rate.
_BY_CHANCE: Final = frozenset({"predicted_rate", "lift", "score"})
_SHRUNK: Final = "predicted_rate_shrunk"
_SHRUNK_ORDER: Final = "In the order of the rate shrunk toward the average, so that no small group leads by chance."


@renamed(metric="measure")
@finished
def breakdown(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    by: Dimension | str | Sequence[Dimension | str],
    measure: Measure = "predicted_rate",
    *,
    top: int = 15,
    min_visitors: int = 1,
    order_by: conversion.Measure | None = None,
    baseline: Baseline | None = None,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw a measure of each group as a bar, over one dimension or two.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or visitors with the columns of ``schema.VISITORS``.
    by : str or sequence of str
        One dimension, or two: the second determines the color. See ``datafast_nb.breakdown``.
    measure : str, default "predicted_rate"
        The measure: any of ``charts.Measure``.
    top : int, default 15
        Draw at most this many groups, those with the most visitors; of a second dimension, at most five. With one
        dimension, all others share one more bar, in gray, but a single other one has a bar of its own; otherwise, the
        subtitle says how many there are. Groups without a prediction are left out, unless visitors are counted.
    min_visitors : int, default 1
        Don't draw a separate bar for groups with fewer visitors: they count among the others.
    order_by : str, optional
        Draw the first groups by this measure of ``datafast_nb.breakdown``, in its order; by default, the groups with
        the most visitors, in the order of `measure`: rates, lifts and scores in that of ``predicted_rate_shrunk``, so
        that no small group is first by chance.
    baseline : Baseline, optional
        The site's averages; by default the snapshot's own.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        Horizontal bars, with the sample size of each; for the predicted rate and the lift also with the 95 % interval,
        and a line at the site's average if that is known. Bars of groups of fewer than 30 are faint, more so the
        smaller the group. With two dimensions, a click on the legend highlights a group.

    Raises
    ------
    ValueError
        A dimension or the measure is unknown, there are more than two dimensions, or `top` is less than 1.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> chart = dfn.charts.breakdown(snap, by="channel", measure="expected_value")
    """
    notation, names = notation_of(measure), _names(by)
    checked_whole(top, "top", 1)
    checked_whole(min_visitors, "min_visitors", 0)
    known = conversion.baseline_of(data, baseline)
    visitors = conversion.visitors_of(data)
    wording.check_drawable(visitors, names)
    table = conversion.breakdown(visitors, names, baseline=known).collect()
    total = conversion.summary(visitors).collect().row(0, named=True)
    if nothing := why_missing(table, measure):
        return wording.message(f"{notation.name} by {wording.dimensions(names)}", nothing, wording.left_out(total))
    known_groups = with_measure(table, measure)
    groups, *second = drawn_groups(table, names, measure, top, min_visitors)
    if groups.is_empty():
        few = f"No group has {number(min_visitors, 'visitor')}"
        return wording.message(_sentence(notation, names, total), few, remedy="Give a smaller min_visitors.")
    if order_by is not None:
        groups = _first(visitors, names[0], (top, min_visitors), order_by, measure, known)
    series = second[0] if second else None
    rows = _rows(known_groups, names, groups, series, measure)
    if others := known_groups.height - groups.height if _is_pooled(names) else 0:
        grouped, order = _of_groups(visitors, known_groups, names[0]), order_by or "visitors"
        pooled = conversion.breakdown(
            grouped, names, top=top, min_visitors=min_visitors, order_by=order, baseline=known
        )
        rows = pl.concat([rows, _others(pooled.collect(), others, measure)])
    rows = _with_interval(rows, measure, rate_of(data, known))
    reference = _reference(measure, known, rate_of(data, known))
    bars = _bars(rows, names, measure, series)
    layers = bars if reference is None else [*bars, _line(reference, notation)]
    how_many = [] if others else _of_how_many(known_groups, names, groups, series, order_by)
    in_order = order_note(names[0], measure, groups) if order_by is None else ""
    notes = [*how_many, *_notes(rows, names, measure, reference, in_order)]
    height = (groups.height + bool(others)) * (26 if series is None else 12 + 14 * series.height)
    left_out = "" if notation.is_count else wording.left_out(total)
    heading = wording.title(_sentence(notation, names, total), left_out, *notes)
    return alt.LayerChart(layer=layers, title=heading, width=_WIDTH, height=max(height, 60))


def _notes(
    rows: pl.DataFrame, names: Sequence[str], measure: Measure, reference: float | None, order: str
) -> list[str]:
    """Return notes that explain what is drawn."""
    notation = NOTATIONS[measure]
    return [
        "The groups overlap." if "dimension_matches" in names else "",
        "Thin lines: 95 % interval of the mean." if rows["low"].count() else "",
        wording.no_line(rows["low"]) if measure in _WITH_INTERVAL else "",
        order,
        "" if reference is None else f"Dashed: the site's average, {format(reference, notation.format)}.",
        "" if notation.is_count else uncertainty.note(rows["scored"]),
    ]


def _names(by: str | Sequence[str]) -> list[str]:
    """Return the dimensions, at most two."""
    names = conversion.dimension_names(by)
    if len(names) > 2:  # noqa: PLR2004
        raise ValueError(f"A chart has room for two dimensions, not {len(names)}; datafast_nb.breakdown gives a table.")
    return names


def with_measure(table: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """Return the groups of a breakdown that have something to draw: for a measure of predictions, a prediction."""
    known = pl.col(measure).is_not_null()
    return table.filter(known if NOTATIONS[measure].is_count else known & (pl.col("scored") > 0))


def drawn_groups(
    table: pl.DataFrame, names: Sequence[str], measure: Measure, top: int, min_visitors: int = 0
) -> list[pl.DataFrame]:
    """Return the groups to draw for each dimension, with their values, labels and places."""
    known, first = with_measure(table, measure), names[0]
    order = (_SHRUNK, measure) if _is_ranked(first, measure) else (measure,)
    groups = largest(known, first, top, *order, min_visitors=min_visitors, is_pooled=_is_pooled(names))
    return [groups, *(largest(known, name, _SERIES, "visitors") for name in names[1:])]


def largest(
    table: pl.DataFrame, name: str, top: int, *order: str, min_visitors: int = 0, is_pooled: bool = False
) -> pl.DataFrame:
    """Return the groups with the most visitors, with their labels, in drawing order.

    If all others are to be pooled, a single one is among them.
    """
    groups = table.group_by(name).agg(
        _size=pl.col("visitors").sum(), _order=pl.struct(pl.col(each).max() for each in order)
    )
    groups = groups.sort("_size", name, descending=[True, False], nulls_last=True)
    kept = _kept(groups, groups.filter(pl.col("_size") >= min_visitors), top, is_pooled=is_pooled)
    ordered = kept.sort(name, nulls_last=True)
    if name not in _ORDERED:
        ordered = ordered.select(name, pl.col("_order").struct.unnest())
        ordered = ordered.sort(*order, descending=True, nulls_last=True, maintain_order=True)
    return _labeled(ordered, name)


def _kept(groups: pl.DataFrame, large: pl.DataFrame, top: int, *, is_pooled: bool) -> pl.DataFrame:
    """Return the first of the large groups, and all groups if only one would be left."""
    kept = large.head(top)
    return groups if is_pooled and kept.height and groups.height == kept.height + 1 else kept


def _is_pooled(names: Sequence[str]) -> bool:
    """Return whether the groups that are not drawn share a bar: those of one dimension that don't overlap."""
    return len(names) == 1 and names[0] != "dimension_matches"


def _is_ranked(name: str, measure: Measure) -> bool:
    """Return whether the groups are drawn in the order of the shrunk rate."""
    return measure in _BY_CHANCE and name not in _ORDERED


def order_note(name: str, measure: Measure, groups: pl.DataFrame) -> str:
    """Return a note on the order of the groups, if it is another than that of the bars."""
    return _SHRUNK_ORDER if _is_ranked(name, measure) and groups.height > 1 else ""


def _first(
    visitors: pl.LazyFrame,
    name: str,
    limits: tuple[int, int],
    order: conversion.Measure,
    measure: Measure,
    baseline: Baseline | None,
) -> pl.DataFrame:
    """Return the first groups by a measure, in the form of `largest`; the limits are `top` and `min_visitors`."""
    top, least = limits
    ranked = with_measure(conversion.breakdown(visitors, name, order_by=order, baseline=baseline).collect(), measure)
    return _labeled(_kept(ranked, ranked.filter(pl.col("visitors") >= least), top, is_pooled=_is_pooled([name])), name)


def _of_groups(visitors: pl.LazyFrame, groups: pl.DataFrame, name: str) -> pl.LazyFrame:
    """Return the visitors who are in one of some groups of a dimension."""
    named = conversion.with_dimensions(visitors, *([name] if conversion.is_derived(name) else []))
    return named.join(groups.lazy().select(name), on=name, how="semi", nulls_equal=True)


def _labeled(groups: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the groups of a dimension with their labels and places, in columns that no dimension has the name of."""
    return groups.select(name, _label=wording.distinct_label(name), _place=pl.int_range(pl.len()))


def _rows(
    table: pl.DataFrame, names: Sequence[str], groups: pl.DataFrame, series: pl.DataFrame | None, measure: Measure
) -> pl.DataFrame:
    """Return the rows to draw, one for each bar, in drawing order, with column names of our own."""
    drawn = table.join(groups, on=names[0], nulls_equal=True)
    if series is None:
        drawn = drawn.with_columns(_label_right=pl.lit(None, dtype=pl.String), _place_right=pl.lit(0, dtype=pl.Int64))
    else:
        drawn = drawn.join(series, on=names[1], nulls_equal=True, suffix="_right")
    labels = (pl.col("_label").alias("group"), pl.col("_label_right").alias("series"))
    return drawn.sort("_place", "_place_right").select(
        *labels, *_columns(measure), is_other=False, place="_place_right"
    )


def _others(pooled: pl.DataFrame, count: int, measure: Measure) -> pl.DataFrame:
    """Return one more such row, for all other groups together."""
    rest = pooled.filter("is_other").with_columns(
        group=pl.lit(wording.others(count)), series=pl.lit(None, dtype=pl.String)
    )
    return rest.select("group", "series", *_columns(measure), "is_other", place=pl.lit(0, dtype=pl.Int64))


def _columns(measure: Measure) -> list[str]:
    """Return the names of the measures that a row holds, including the drawn one."""
    return list(dict.fromkeys([*IN_TOOLTIPS, measure, "predicted_rate_low", "predicted_rate_high"]))


def _with_interval(rows: pl.DataFrame, measure: Measure, rate: float | None) -> pl.DataFrame:
    """Add the interval of the measure as `low` and `high`, that of the rate in words, and the sample size."""
    unit = {"predicted_rate": 1.0, "lift": rate}.get(measure)
    size = pl.format("n = {}", wording.grouped("visitors" if NOTATIONS[measure].is_count else "scored"))
    return rows.with_columns(
        *((pl.col(f"predicted_rate_{end}") / pl.lit(unit, dtype=pl.Float64)).alias(end) for end in ("low", "high")),
        size=size,
        interval=wording.interval("predicted_rate_low", "predicted_rate_high", 2),
    ).drop("predicted_rate_low", "predicted_rate_high")


def _bars(rows: pl.DataFrame, names: Sequence[str], measure: Measure, series: pl.DataFrame | None) -> list[alt.Chart]:
    """Draw the bars, the intervals, and on the right the sample size of each."""
    notation = NOTATIONS[measure]
    titles = [capitalized(wording.dimension(name)) for name in names]
    lines = [alt.Tooltip("group:N", title=titles[0]), *tooltip(rows), alt.Tooltip("interval:N", title="95 % interval")]
    channels: dict[str, Any] = {"y": alt.Y("group:N", sort=None, title=None)}
    look: dict[str, Any] = {} if notation.is_count else {"opacity": uncertainty.opacity("scored")}
    parameters = []
    if series is not None:
        order, picked = series["_label"].to_list(), alt.selection_point(fields=["series"], bind="legend")
        channels["yOffset"] = wording.beside(len(order))
        look["color"] = wording.colored("series", titles[1])
        look["opacity"] = uncertainty.opacity_of(picked, None if notation.is_count else "scored")
        lines.insert(1, alt.Tooltip("series:N", title=titles[1]))
        parameters.append(picked)
    elif rows["is_other"].any():
        look["color"] = alt.when("datum.is_other").then(alt.value(NEUTRAL))
    base = alt.Chart(rows).encode(**channels, tooltip=lines)
    axis = alt.Axis(format=notation.tick_format, tickCount=5)
    # Vega would stack bars by their group, and confuse a group with a member of its objects of the same name.
    x = alt.X(measure, type="quantitative", title=notation.title, axis=axis, stack=None)
    bars = base.mark_bar().encode(x=x, **look)
    layers = [bars.add_params(*parameters)]
    if rows["low"].count():
        layers.append(base.mark_rule().encode(x="low:Q", x2="high:Q"))
    if not notation.is_count:
        layers.append(wording.at_the_right(base))
    return layers


def _reference(measure: Measure, baseline: Baseline | None, rate: float | None) -> float | None:
    """Return the site's average of a measure, if there is one to compare with."""
    averages = {"predicted_rate": rate, "predicted_rate_shrunk": rate, "lift": 1.0, "score": 50.0}
    return None if baseline is None else averages.get(measure)


def _line(average: float, notation: Notation) -> alt.Chart:
    """Draw the line at the site's average."""
    name = alt.Tooltip("average:Q", title="The site's average", format=notation.format)
    base = alt.Chart(alt.InlineData(values=[{"average": average}]))
    rule: alt.Chart = base.mark_rule(strokeDash=[4, 3]).encode(x="average:Q", tooltip=name)
    return rule


def _sentence(notation: Notation, names: Sequence[str], total: dict[str, Any]) -> str:
    """Return a sentence that says what is drawn, and for how many."""
    by = wording.dimensions(names)
    if notation.is_count:
        return f"{notation.name} by {by}, {number(total['visitors'], 'visitor')} in all"
    return f"{notation.name} of {number(total['scored'], 'prospect')} by {by}"


def _of_how_many(
    table: pl.DataFrame,
    names: Sequence[str],
    groups: pl.DataFrame,
    series: pl.DataFrame | None,
    order: conversion.Measure | None,
) -> list[str]:
    """Return notes that say which groups are drawn, if not all are."""
    ranks = ("largest" if order is None else "first", "largest")
    pairs = (
        (name, drawn, table[name].n_unique(), which)
        for name, drawn, which in zip(names, (groups, series), ranks, strict=False)
        if drawn is not None
    )
    return [
        f"Drawn: the {drawn.height} {which} of {everything:,} groups by {wording.dimension(name)}."
        for name, drawn, everything, which in pairs
        if drawn.height < everything
    ]
