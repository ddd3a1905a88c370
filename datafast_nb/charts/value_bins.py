"""Where the money is: expected value against the confidence in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import cell_numbers, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import why_missing
from datafast_nb.charts.specification import finished
from datafast_nb.glossary import JUST_ARRIVING
from datafast_nb.schema import RANGES
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUBJECT: Final = "What prospects are worth, and how sure that is"
# Where the columns begin within each power of ten, and how many columns there may be.
_STEPS: Final = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
_POWERS: Final = range(-2, 7)
_EDGES: Final = tuple(round(step * 10.0**power, 3) for power in _POWERS for step in _STEPS)
_COLUMNS: Final = 20
_CELL: Final = (36, 24)
_NARROW: Final = 24  # pixels that the figure of a cell needs
_ROWS: Final = 10


@finished
def value(data: Snapshot | pl.DataFrame | pl.LazyFrame, **_words: Unpack[Heading]) -> alt.LayerChart:
    """Draw how many prospects there are by expected value and by confidence.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or visitors with the columns of ``schema.VISITORS``.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        Cells of a tenth of confidence and a range of expected value in USD, in steps of about one half, with the
        number of prospects in them, in figures and as a color; and a line at a confidence of 0.5, below which DataFast
        advises against decisions. Customers, and prospects without confidence or expected value, are left out; the
        subtitle counts them.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.value(dfn.demo.Site(seed=0).snapshot())
    """
    visitors = conversion.visitors_of(data)
    total = conversion.summary(visitors).collect().row(0, named=True)
    cells = _cells(visitors)
    drawn = int(cells["scored"].sum())
    left_out = wording.left_out({**total, "scored": drawn}, "an expected value and a confidence")
    if not drawn:
        groups = conversion.breakdown(visitors, "is_customer").collect()
        return wording.message(_SUBJECT, why_missing(groups, "score") or wording.VALUES_MISSING, left_out)
    sure = cells.filter(pl.col("row") >= conversion.CONFIDENT * _ROWS)
    money, of_all = (float(frame["expected_value"].sum()) for frame in (sure, cells))
    heading = wording.title(
        f"What {number(drawn, 'prospect')} {'is' if drawn == 1 else 'are'} worth, and how sure that is",
        f"{int(sure['scored'].sum()):,} of them, with ${money:,.2f} of ${of_all:,.2f} expected, have a confidence of "
        "0.5 or more (above the line).",
        left_out,
    )
    return _drawn(cells).properties(title=heading)


def _cells(visitors: pl.LazyFrame) -> pl.DataFrame:
    """Count prospects by tenth of confidence, as `row`, and by range of expected value, as `column`."""
    amount, confidence = (pl.col(name).cast(pl.Float64) for name in ("expected_value", "confidence"))
    known = amount.is_between(*RANGES["expected_value"]) & confidence.is_between(*RANGES["confidence"])
    binned = visitors.filter(known.fill_null(value=False)).with_columns(
        row=(confidence * _ROWS + 1e-9).floor().clip(0, _ROWS - 1).cast(pl.Int64),
        # 0 holds all below the lowest edge: nothing, and values that an error made negative.
        column=pl.sum_horizontal((amount >= edge).cast(pl.Int64) for edge in _EDGES),
    )
    cells = conversion.breakdown(binned, ["column", "row"]).filter(pl.col("scored") > 0).collect()
    # Too many columns are cut at the low end, where differences matter least.
    least = pl.col("column").max() - _COLUMNS + 1
    cells = cells.with_columns(column=pl.max_horizontal("column", least))
    return cells.group_by("column", "row").agg(pl.col("scored", "expected_value").sum()).sort("column", "row")


def _drawn(cells: pl.DataFrame) -> alt.LayerChart:
    """Draw the cells, and the line at a confidence of 0.5."""
    first, last = int(cells["column"].min()), int(cells["column"].max())  # type: ignore[arg-type]
    names = {
        column: _range(column, lowest=column == first and last - first + 1 == _COLUMNS)
        for column in range(first, last + 1)
    }
    strength = (pl.col("scored") / pl.col("scored").max()).sqrt()
    rows = cells.with_columns(
        worth=pl.col("column").replace_strict(list(names), list(names.values()), return_dtype=pl.String),
        low=(pl.col("row") / _ROWS).round(1),
        middle=((pl.col("row") + 0.5) / _ROWS).round(2),
        high=((pl.col("row") + 1) / _ROWS).round(1),
        number=cell_numbers.short_count(pl.col("scored")),
        ink=cell_numbers.ink(strength),
    ).with_columns(sure=pl.format("{} to {}", pl.col("low"), pl.col("high")))
    line = alt.Chart(alt.InlineData(values=[{"half": conversion.CONFIDENT}])).mark_rule(strokeDash=[4, 3])
    layers = [*_numbered(rows.drop("row", "column"), list(names.values())), line.encode(y="half:Q")]
    return alt.LayerChart(
        layer=layers, width=Usual(max(_CELL[0] * len(names), 240), _NARROW * len(names)), height=_CELL[1] * _ROWS
    )


def _numbered(rows: pl.DataFrame, columns: Sequence[str]) -> list[alt.Chart]:
    """Draw the cells, and their figures in the middle of each."""
    low, middle = (
        alt.Y(
            name,
            title="Confidence",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2~f", grid=False),
        )
        for name in ("low:Q", "middle:Q")
    )
    worth = alt.X(
        "worth:O",
        title=f"Expected value (USD, {JUST_ARRIVING})",
        scale=alt.Scale(domain=list(columns), paddingInner=0),
        axis=alt.Axis(labelAngle=-40, grid=False),
    )
    most = int(rows["scored"].max())  # type: ignore[arg-type]
    prospects = alt.Color(
        "scored:Q",
        title="Prospects",
        scale=alt.Scale(type="sqrt", domainMin=0),
        legend=alt.Legend(gradientLength=160, values=sorted({0, -(-most // 4), most}), format=",d"),
    )
    tooltips = [
        alt.Tooltip("worth:N", title="Expected value of each"),
        alt.Tooltip("sure:N", title="Confidence"),
        alt.Tooltip("scored:Q", title="Prospects", format=",d"),
        alt.Tooltip("expected_value:Q", title="Expected value of all", format="$,.2f"),
    ]
    base = alt.Chart(rows).encode(x=worth, tooltip=tooltips)
    rectangles = base.mark_rect().encode(y=low, y2="high:Q", color=prospects)
    return [rectangles, *cell_numbers.numbers(base.encode(y=middle), rows, 11)]


def _range(column: int, *, lowest: bool) -> str:
    """Return the name of a range of expected values; the lowest one may include all below its upper end."""
    edges = [f"{edge:,.10g}" for edge in _EDGES]
    if column == len(edges):
        return f"{edges[-1]} or more"
    return f"under {edges[column]}" if column == 0 or lowest else f"{edges[column - 1]}–{edges[column]}"
