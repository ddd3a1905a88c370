"""The moves of visits from page to page, and the pages where visits end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import cell_numbers, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_whole
from datafast_nb.conversion.frames import in_polars
from datafast_nb.conversion.transitions import OTHER_PAGES
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUBJECT: Final = "From page to page"
_END: Final = "no next page"
_CELL: Final = (46, 28)
_NARROW: Final = 24  # pixels that the figure of a cell needs
_LEAST_WIDTH: Final = 320
_STRONG: Final = 0.6  # of the ramp, from where its colors need the ink of the strongest
_FAINTEST: Final = 0.12


@finished
def transitions(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    *,
    top: int = 12,
    visitors: pl.DataFrame | pl.LazyFrame | None = None,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw the moves of visits from each page to the next, and where visits end, as a table of colored cells.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or events with the columns of ``schema.EVENTS``.
    top : int, default 12
        Draw at most this many pages, those viewed most often; all others share one more row and column.
    visitors : polars.DataFrame or polars.LazyFrame, optional
        With events: the visitors, whose ``session_start_time`` tells when visits began.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A row for each page, with the percentage of its views that went on to each other page, in stronger colors for
        larger ones; the last column, in gray, has the percentage that was the last of its visit. On the right is the
        number of views of the page. The figures are those of ``datafast_nb.transitions``.

    Raises
    ------
    ValueError
        The frame lacks a column, or `top` is less than 1.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.transitions(dfn.demo.Site(seed=0).snapshot())
    """
    checked_whole(top, "top", 1)
    if isinstance(data, Snapshot):
        everything = conversion.transitions(data, top=None)
        table = conversion.transitions(data, top=_room(everything, top))
    else:
        events = in_polars(data, "events")
        everything = conversion.transitions(events, top=None, visitors=visitors).collect()
        table = conversion.transitions(events, top=_room(everything, top), visitors=visitors).collect()
    if everything.is_empty():
        return wording.message(_SUBJECT, wording.NOTHING_HAPPENED)
    pages, views = everything["from_page"].n_unique(), int(everything["moves"].sum())
    ended = int(everything.filter(pl.col("to_page").is_null())["moves"].sum())
    drawn = table.filter(~pl.col("is_other_from"))["from_page"].n_unique()
    heading = wording.title(
        f"Where visits went next, after {number(views, 'page view')}: {ended / views:.0%} were the last of a visit",
        f"Drawn: the {drawn} of {pages:,} pages that are viewed most." if drawn < pages else "",
        "Percent of the views of the page on the left; n: its views. A reloaded page counts once.",
        "Visitors who are still on a page have no next page yet." if isinstance(data, Snapshot) else "",
    )
    return _drawn(_rows(table)).properties(title=heading)


def _room(everything: pl.DataFrame, top: int) -> int:
    """Return how many pages to draw: all if only one would be left."""
    pages = everything["from_page"].n_unique()
    return pages if pages == top + 1 else top


def _rows(table: pl.DataFrame) -> pl.DataFrame:
    """Return the cells in drawing order: the pages viewed most first, the others and the end last."""
    pages = table.group_by("from_page", "is_other_from").agg(pl.col("views").first())
    pages = pages.sort("is_other_from", "views", "from_page", descending=[False, True, False])
    label = wording.distinct_label("from_page", taken=(_END, OTHER_PAGES))
    named = pages.with_columns(
        label=pl.when("is_other_from").then(pl.lit(OTHER_PAGES)).otherwise(label), place=pl.int_range(pl.len())
    )
    first = named.select("from_page", "is_other_from", row="label", _row="place")
    second = named.select(to_page="from_page", is_other_to="is_other_from", column="label", _column="place")
    cells = table.join(first, on=["from_page", "is_other_from"]).join(second, on=["to_page", "is_other_to"], how="left")
    percent = (pl.col("share") * 100).round(0).cast(pl.Int64)
    ends = pl.col("to_page").is_null()
    return cells.sort("_row", "_column", nulls_last=True).select(
        "row",
        *("moves", "visits", "visitors", "views", "share"),
        column=pl.col("column").fill_null(_END),
        ends=ends,
        number=pl.when(percent < 1).then(pl.lit("<1")).otherwise(percent.cast(pl.String)),
        ink=pl.when(ends).then(pl.lit("weak")).otherwise(cell_numbers.ink(pl.col("share"), _STRONG)),
        size=pl.format("n = {}", wording.grouped("views")),
    )


def _drawn(rows: pl.DataFrame) -> alt.LayerChart:
    """Draw the cells, their figures, and how many views each row is about."""
    pages = rows["row"].unique(maintain_order=True).to_list()
    columns = [*pages, _END]
    width = max(_CELL[0] * len(columns), _LEAST_WIDTH)
    cells = alt.Chart(rows).encode(
        x=alt.X(
            "column:N",
            title="Next page",
            scale=alt.Scale(domain=columns, paddingInner=0.06),
            axis=alt.Axis(orient="top", labelAngle=_angle(columns, width), labelLimit=130),
        ),
        y=alt.Y("row:N", title=None, scale=alt.Scale(domain=pages, paddingInner=0.06)),
        tooltip=[
            alt.Tooltip("row:N", title="Page"),
            alt.Tooltip("column:N", title="Next page"),
            alt.Tooltip("share:Q", title="Of the page's views", format=".1%"),
            alt.Tooltip("moves:Q", title="Times", format=",d"),
            alt.Tooltip("visits:Q", title="Visits", format=",d"),
            alt.Tooltip("visitors:Q", title="Visitors", format=",d"),
            alt.Tooltip("views:Q", title="Views of the page", format=",d"),
        ],
    )
    moves, ends = (cells.transform_filter(alt.datum.ends == is_end).mark_rect() for is_end in (False, True))
    sizes = alt.Chart(rows.unique("row", maintain_order=True).select("row", "size")).encode(y="row:N")
    layers = [
        moves.encode(color=alt.Color("share:Q", scale=alt.Scale(domain=[0, 1]), legend=None)),
        ends.encode(
            color=alt.value(NEUTRAL),
            opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[_FAINTEST, 1]), legend=None),
        ),
        *cell_numbers.numbers(cells, rows, 11),
        wording.at_the_right(sizes),
    ]
    return alt.LayerChart(
        layer=layers, width=Usual(width, _NARROW * len(columns)), height=max(_CELL[1] * len(pages), 2 * _CELL[1])
    )


def _angle(labels: Sequence[str], width: int) -> int:
    """Return the angle of labels that are side by side: upright where there is room for all."""
    return 0 if max(map(len, labels)) * 7 < width / len(labels) else -40
