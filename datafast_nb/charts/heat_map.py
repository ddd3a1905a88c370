"""The lift of two dimensions at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import cell_numbers, uncertainty, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.color_scales import lift_legend, lift_scale
from datafast_nb.charts.group_bars import largest, with_measure
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import NOTATIONS, tooltip, why_missing
from datafast_nb.charts.specification import finished
from datafast_nb.checks import checked_whole
from datafast_nb.snapshot import Baseline, Snapshot
from datafast_nb.text import capitalized, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datafast_nb.conversion import Dimension

_DIMENSIONS: Final = 2
_CELL: Final = (44, 28)
_NARROW: Final = 34  # pixels that the figure of a cell needs


@finished
def heatmap(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    by: Sequence[Dimension | str],
    *,
    top: int = 12,
    baseline: Baseline | None = None,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw the lift of each pair of groups of two dimensions as a table of colored cells.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or visitors with the columns of ``schema.VISITORS``.
    by : sequence of str
        Two dimensions: rows and columns. See ``datafast_nb.breakdown``.
    top : int, default 12
        Draw at most this many groups of each, those with the most visitors; groups without a lift are left out. The
        subtitle says how many there are.
    baseline : Baseline, optional
        The site's averages; by default the snapshot's own.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        Cells with their lift in figures, from blue (below the site's average) through pale at 1 to orange (above it);
        those of fewer than 30 prospects are faint, more so the fewer they are. Lifts under 0.25 and over 4 have the
        colors of these ends.

    Raises
    ------
    ValueError
        A dimension is unknown, there are not exactly two, or `top` is less than 1.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.heatmap(dfn.demo.Site(seed=0).snapshot(), by=["channel", "device"])
    """
    names = conversion.dimension_names(by)
    if len(names) != _DIMENSIONS:
        raise ValueError(f"A heatmap has two dimensions, such as by=['channel', 'device'], not {len(names)}.")
    checked_whole(top, "top", 1)
    known = conversion.baseline_of(data, baseline)
    visitors = conversion.visitors_of(data)
    wording.check_drawable(visitors, names)
    table = conversion.breakdown(visitors, names, baseline=known).collect()
    total = conversion.summary(visitors).collect().row(0, named=True)
    by_both = wording.dimensions(names)
    if nothing := why_missing(table, "lift"):
        return wording.message(f"Lift by {by_both}", nothing, wording.left_out(total))
    rows, columns = drawn_cells(table, names, top)
    cells = (
        with_measure(table, "lift")
        .join(rows, on=names[0], nulls_equal=True)
        .join(columns, on=names[1], nulls_equal=True, suffix="_right")
        .sort("_place", "_place_right")
        .with_columns(row="_label", column="_label_right")
    )
    notes = [
        f"Drawn: the {drawn.height} largest of {everything:,} groups by {wording.dimension(name)}."
        for name, drawn in zip(names, (rows, columns), strict=True)
        if drawn.height < (everything := with_measure(table, "lift")[name].n_unique())
    ]
    heading = wording.title(
        f"Lift of {number(total['scored'], 'prospect')} by {by_both}",
        wording.left_out(total),
        *notes,
        "The groups overlap." if "dimension_matches" in names else "",
        f"Orange: more likely to buy than the site's average; blue: less likely. {uncertainty.note(cells['scored'])}",
    )
    return _drawn(cells, names, rows["_label"].to_list(), columns["_label"].to_list()).properties(title=heading)


def drawn_cells(table: pl.DataFrame, names: Sequence[str], top: int) -> list[pl.DataFrame]:
    """Return the groups to draw for each dimension, with their values, labels and places."""
    return [largest(with_measure(table, "lift"), name, top, "visitors") for name in names]


def _drawn(cells: pl.DataFrame, names: Sequence[str], rows: Sequence[str], columns: Sequence[str]) -> alt.LayerChart:
    """Draw the cells with their figures; those without a prediction are empty."""
    titles = [capitalized(wording.dimension(name)) for name in names]
    width, height = (
        max(size * len(groups), least) for size, groups, least in ((_CELL[0], columns, 300), (_CELL[1], rows, 56))
    )
    fits = max(map(len, columns)) * 7 < width / len(columns)
    scale = lift_scale(cells["lift"])
    shown = tooltip(cells)
    numbered = _with_figures(cells, scale.domain[1]).select(
        "row",
        "column",
        "interval",
        "number",
        "ink",
        *dict.fromkeys(["lift", "scored", *(it.shorthand for it in shown)]),
    )
    base = alt.Chart(numbered).encode(
        x=alt.X(
            "column:N",
            sort=None,
            title=titles[1],
            scale=alt.Scale(domain=list(columns), paddingInner=0.06),
            axis=alt.Axis(orient="bottom", labelAngle=0 if fits else -40, labelLimit=120),
        ),
        y=alt.Y("row:N", sort=None, title=None, scale=alt.Scale(domain=list(rows), paddingInner=0.06)),
        tooltip=[
            alt.Tooltip("row:N", title=titles[0]),
            alt.Tooltip("column:N", title=titles[1]),
            *shown,
            alt.Tooltip("interval:N", title="95 % interval"),
        ],
    )
    rectangles = base.mark_rect().encode(
        color=alt.Color("lift:Q", scale=scale, legend=lift_legend(NOTATIONS["lift"].title, scale)),
        opacity=uncertainty.opacity("scored", uncertainty.legend("Prospects")),
    )
    return alt.LayerChart(
        layer=[rectangles, *cell_numbers.numbers(base, numbered, 11)],
        width=Usual(width, _NARROW * len(columns)),
        height=height,
    )


def _with_figures(cells: pl.DataFrame, reach: float) -> pl.DataFrame:
    """Add the lift as the `number` of the cell, its `ink`, and the interval in words."""
    lift = pl.col("lift")
    strength = (lift.log().abs() / math.log(reach)).clip(0, 1) * uncertainty.opacity_at(pl.col("scored"))
    return cells.with_columns(
        number=lift.round(2).cast(pl.Decimal(12, 2)).cast(pl.String),
        ink=cell_numbers.ink(strength),
        interval=wording.interval("predicted_rate_low", "predicted_rate_high", 2),
    )
