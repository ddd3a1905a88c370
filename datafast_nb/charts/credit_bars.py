"""What each channel is credited with."""

from __future__ import annotations

from typing import Final, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts import wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.checks import checked_whole
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast import Attribution
from datafast_nb.forecast import attribution as credited
from datafast_nb.forecast.attribution import RULES, AttributionModel
from datafast_nb.history import History
from datafast_nb.text import money, number

_SUBJECT: Final = "What purchases are credited to"
_MATCHED, _UNMATCHED = "matched to a visit", "unmatched"
_CURRENCIES: Final = 3


@finished
def attribution(
    data: Attribution | History,
    model: AttributionModel = "last",
    by: str = "channel",
    *,
    top: int = 12,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw the purchases that each channel, or another group of visits, is credited with.

    Parameters
    ----------
    data : Attribution or History
        A result of ``datafast_nb.attribution``, or a history.
    model, by
        With a history: as for ``datafast_nb.attribution``.
    top : int, default 12
        Draw at most this many groups, those with the most credit. The subtitle says how many there are.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A bar for each group, with its money in each currency beside it; what can't be matched to a visit has a bar of
        its own. If there is nothing to draw, a chart that says why.

    Raises
    ------
    NotRecordedError
        There is no history at this location.
    ValueError
        The model or the dimension is unknown, or `top` is less than 1.
    TypeError
        `data` is neither of these.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.3, visitors_per_day=1_000, progress=False)
    ...     chart = dfn.charts.attribution(history, "linear")
    """
    checked_whole(top, "top", 1)
    if not isinstance(data, (Attribution, History)):
        raise TypeError(f"Expected the result of dfn.attribution(history), or a History, not {type(data).__name__}.")
    try:
        found = data if isinstance(data, Attribution) else credited(data, model, by)
    except TooLittleRecordedError as error:
        return wording.message(_SUBJECT, "No payment was recorded", remedy=str(error))
    if found.groups.is_empty():
        return wording.message(_SUBJECT, "No purchase was recorded", remedy="Trials and refunds are not purchases.")
    known = found.groups.filter("matched")
    drawn = pl.concat([known.head(top), found.groups.filter(~pl.col("matched"))])
    more = f"Drawn: the {top} largest of {known.height:,} groups by {wording.dimensions(found.names)}."
    heading = wording.title(
        f"{number(found.summary['conversions'].item(), 'purchase')}, by {wording.dimensions(found.names)}",
        f"Credited: {RULES[found.model]}.",
        f"{found.touches()}." if found.touches() else "",
        more if known.height > top else "",
    )
    return _drawn(_rows(found, drawn)).properties(title=heading)


def _rows(found: Attribution, drawn: pl.DataFrame) -> pl.DataFrame:
    """Return the rows to draw: the name of each group, its credit, and its money in words."""
    keys = [*found.names, "matched"]
    label = pl.concat_str([wording.label(name) for name in found.names], separator=" · ")
    largest = found.money.with_columns(_size=pl.len().over("currency")).sort(
        "_size", "currency", descending=[True, False]
    )
    sold = largest.join(drawn.select(keys), on=keys, nulls_equal=True, how="semi", maintain_order="left").with_columns(
        _amount=pl.struct("amount", "currency").map_elements(
            lambda it: money(it["amount"], it["currency"] or "no currency"), return_dtype=pl.String
        )
    )
    sums = sold.group_by(keys, maintain_order=True).agg(
        amounts=pl.col("_amount").head(_CURRENCIES).str.join(", ")
        + pl.when(pl.len() > _CURRENCIES).then(pl.lit(" …")).otherwise(pl.lit(""))
    )
    return (
        drawn.join(sums, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(_name=pl.when("matched").then(label).otherwise(pl.lit("(unmatched)")))
        .select(
            "conversions",
            "share",
            group=wording.distinct_label("_name"),
            kind=pl.when("matched").then(pl.lit(_MATCHED)).otherwise(pl.lit(_UNMATCHED)),
            size=pl.col("amounts").fill_null(""),
        )
    )


def _drawn(rows: pl.DataFrame) -> alt.LayerChart:
    """Draw a bar for each group, and its money to the right."""
    base = alt.Chart(rows).encode(
        y=alt.Y("group:N", sort=None, title=None),
        tooltip=[
            alt.Tooltip("group:N", title="Group"),
            alt.Tooltip("conversions:Q", title="Purchases", format=",.2f"),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
            alt.Tooltip("size:N", title="Money"),
        ],
    )
    bars = base.mark_bar().encode(
        x=alt.X("conversions:Q", title="Purchases credited"),
        color=alt.Color(
            "kind:N",
            title="Purchases",
            scale=alt.Scale(domain=[_MATCHED, _UNMATCHED]),
            legend=alt.Legend() if _UNMATCHED in rows["kind"] else None,
        ),
    )
    return alt.LayerChart(layer=[bars, wording.at_the_right(base)], width=Usual(420), height=max(26 * rows.height, 60))
