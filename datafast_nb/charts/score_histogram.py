"""A histogram of the prospects' scores."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import wording
from datafast_nb.snapshot import Snapshot

_SUBJECT: Final = "How likely prospects are to buy"
_BIN: Final = 5
_WIDTH: Final = 480
_HEIGHT: Final = 260
_ROOM: Final = 20
_SURE, _UNSURE = "0.5 or more", "under 0.5"


def scores(data: Snapshot | pl.DataFrame | pl.LazyFrame) -> alt.LayerChart:
    """Draw how the scores of the prospects are spread, and how sure the service is of them.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or visitors with the columns of ``schema.VISITORS``.

    Returns
    -------
    altair.LayerChart
        Prospects per five points of score, stacked by confidence, with a line at 50, the site's average visitor.
        Customers, and visitors without a prediction, are left out; the subtitle counts them.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> dfn.charts.scores(dfn.Snapshot()).title.text
    'How likely prospects are to buy'
    """
    visitors = conversion.visitors_of(data)
    score = pl.col("score").cast(pl.Float64)
    binned = visitors.with_columns(
        score_from=((score / _BIN).floor() * _BIN).clip(0, 100 - _BIN),
        sure=pl.when(pl.col("confidence") >= conversion.CONFIDENT).then(pl.lit(_SURE)).otherwise(pl.lit(_UNSURE)),
    )
    table = conversion.breakdown(binned, ["score_from", "sure"]).collect()
    everybody, customers, scored = (int(table[name].sum()) for name in ("visitors", "customers", "scored"))
    if not everybody:
        return wording.message(_SUBJECT, "Nobody is here right now")
    left_out = wording.left_out({"prospects": everybody - customers, "customers": customers, "scored": scored})
    if not scored:
        return wording.message(_SUBJECT, "There are no predictions", left_out)
    heading = wording.title(
        f"How likely {wording.number(scored, 'prospect')} {'is' if scored == 1 else 'are'} to buy",
        f"{wording.number(int(table['confident'].sum()), 'prediction')} with a confidence of 0.5 or more.",
        left_out,
    )
    return _drawn(table.filter(pl.col("scored") > 0)).properties(title=heading)


def _drawn(table: pl.DataFrame) -> alt.LayerChart:
    """Draw the bars, and the line at the site's average."""
    rows = table.select(
        "score_from",
        pl.col("score_from").add(_BIN).alias("score_to"),
        "sure",
        "scored",
        range=pl.format("{} to {}", pl.col("score_from").cast(pl.Int64), pl.col("score_from").cast(pl.Int64) + _BIN),
    ).sort("score_from", "sure")
    highest = rows.group_by("score_from").agg(pl.col("scored").sum()).select(pl.col("scored").max()).item()
    bars = (
        alt.Chart(rows)
        .mark_bar(binSpacing=2)
        .encode(
            x=alt.X(
                "score_from:Q",
                bin="binned",
                title="Score",
                scale=alt.Scale(domain=[0, 100]),
                axis=alt.Axis(grid=False, values=list(range(0, 101, 10))),
            ),
            x2="score_to:Q",
            y=alt.Y(
                "scored:Q",
                title="Prospects",
                scale=alt.Scale(range=[_HEIGHT, _ROOM]),
                axis=wording.count_axis(highest),
            ),
            color=alt.Color("sure:O", title="Confidence", scale=alt.Scale(domain=[_UNSURE, _SURE])),
            order=alt.Order("sure:N", sort="ascending"),
            tooltip=[
                alt.Tooltip("range:N", title="Score"),
                alt.Tooltip("sure:N", title="Confidence"),
                alt.Tooltip("scored:Q", title="Prospects", format=",d"),
            ],
        )
    )
    average = alt.Chart(alt.InlineData(values=[{"average": 50, "name": "the site's average"}])).encode(x="average:Q")
    layers = [
        bars,
        average.mark_rule(strokeDash=[4, 3]).encode(
            tooltip=alt.Tooltip("average:Q", title="The site's average visitor")
        ),
        average.mark_text(align="left", dx=5, dy=4, baseline="top").encode(text="name:N", y=alt.value(0)),
    ]
    return alt.LayerChart(layer=layers, width=_WIDTH, height=_HEIGHT)
