"""A histogram of the prospects' scores."""

from __future__ import annotations

from typing import Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import why_missing
from datafast_nb.charts.specification import finished
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number

_SUBJECT: Final = "How likely prospects are to buy"
_BIN: Final = 5
_WIDTH: Final = Usual(480)
_HEIGHT: Final = 260
_ROOM: Final = 20
# The most confident at the bottom of a bar, in the strongest color.
_BANDS: Final = ("0.75–1", "0.5–0.75", "0–0.5", wording.UNKNOWN)


@finished
def scores(data: Snapshot | pl.DataFrame | pl.LazyFrame, **_words: Unpack[Heading]) -> alt.LayerChart:
    """Draw the distribution of the prospects' scores, and how sure the service is of them.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or visitors with the columns of ``schema.VISITORS``.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        Prospects per five points of score, stacked by confidence band, with a line at 50, the site's average visitor. A
        click on the legend highlights a band. Customers, and visitors without a prediction, are left out; the subtitle
        counts them.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.scores(dfn.demo.Site(seed=0).snapshot())
    """
    visitors = conversion.visitors_of(data)
    score = pl.col("score").cast(pl.Float64)
    binned = visitors.drop("confidence_band", strict=False).with_columns(
        score_from=((score / _BIN).floor() * _BIN).clip(0, 100 - _BIN)
    )
    table = conversion.breakdown(binned, ["score_from", "confidence_band"]).collect()
    everybody, customers, scored = (int(table[name].sum()) for name in ("visitors", "customers", "scored"))
    left_out = wording.left_out({"prospects": everybody - customers, "customers": customers, "scored": scored})
    if nothing := why_missing(table, "score"):
        return wording.message(_SUBJECT, nothing, left_out)
    heading = wording.title(
        f"How likely {number(scored, 'prospect')} {'is' if scored == 1 else 'are'} to buy",
        f"Confidence is 0.5 or more in {int(table['confident'].sum()):,} of {number(scored, 'prediction')}.",
        left_out,
    )
    return _drawn(table.filter(pl.col("scored") > 0)).properties(title=heading)


def _drawn(table: pl.DataFrame) -> alt.LayerChart:
    """Draw the bars, and the line at the site's average."""
    place = pl.col("band").replace_strict(_BANDS, range(len(_BANDS)), return_dtype=pl.Int64)
    start = pl.col("score_from").cast(pl.Int64)
    rows = (
        table.select(
            "score_from",
            "scored",
            score_to=pl.col("score_from") + _BIN,
            band=wording.label("confidence_band"),
            range=pl.format("{} to {}", start, start + _BIN),
        )
        .with_columns(place=place)
        .sort("score_from", "place")
    )
    average = alt.Chart(alt.InlineData(values=[{"average": 50, "name": "the site's average"}])).encode(x="average:Q")
    layers = [
        _bars(rows),
        average.mark_rule(strokeDash=[4, 3]).encode(
            tooltip=alt.Tooltip("average:Q", title="The site's average visitor")
        ),
        average.mark_text(align="left", dx=5, dy=4, baseline="top").encode(text="name:N", y=alt.value(0)),
    ]
    return alt.LayerChart(layer=layers, width=_WIDTH, height=_HEIGHT)


def _bars(rows: pl.DataFrame) -> alt.Chart:
    """Draw the bars, stacked by confidence."""
    highest = rows.group_by("score_from").agg(pl.col("scored").sum())["scored"].max()
    domain = [band for band in _BANDS if band != wording.UNKNOWN or band in rows["band"]]
    picked = alt.selection_point(fields=["band"], bind="legend")
    score = alt.X(
        "score_from:Q",
        bin="binned",
        title="Score",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(grid=False, values=list(range(0, 101, 10))),
    )
    prospects = alt.Y(
        "scored:Q",
        title="Prospects",
        scale=alt.Scale(range=[_HEIGHT, _ROOM]),
        axis=wording.count_axis(int(highest)),  # type: ignore[arg-type]
    )
    bars: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(binSpacing=2)
        .encode(
            x=score,
            x2="score_to:Q",
            y=prospects,
            color=alt.Color("band:O", title="Confidence", scale=alt.Scale(domain=domain)),
            order=alt.Order("place:Q", sort="ascending"),
            opacity=alt.when(picked).then(alt.value(1)).otherwise(alt.value(0.15)),
            tooltip=[
                alt.Tooltip("range:N", title="Score"),
                alt.Tooltip("band:N", title="Confidence"),
                alt.Tooltip("scored:Q", title="Prospects", format=",d"),
            ],
        )
        .add_params(picked)
    )
    return bars
