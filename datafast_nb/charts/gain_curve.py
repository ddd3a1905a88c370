"""How many of the buyers a model finds among the most likely prospects."""

from __future__ import annotations

from typing import Final, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts import wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.predictors import COMPARED, UNTESTED, compared, quality_of, score_of
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.forecast import Model, Quality
from datafast_nb.text import number

_SUBJECT: Final = "How many buyers are among the most likely prospects"
_WIDTH, _HEIGHT = Usual(420), 320
_TENTH: Final = 0.1
_X, _Y = "Share of prospects, most likely first", "Share of the buyers among them"


@finished
def gains(data: Model | Quality, **_words: Unpack[Heading]) -> alt.LayerChart:
    """Draw the share of the buyers that is among the most likely prospects.

    Parameters
    ----------
    data : Model or Quality
        What ``datafast_nb.learn`` returns, or its ``quality``.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A curve for the model and one for the service's own rate, on later data than the model was learned from: of the
        share of prospects on the x axis, those with the highest probabilities, the share of all buyers. The dashed
        diagonal is chance. The subtitle says what the first tenth holds, and of how many. If there is nothing to draw,
        a chart that says why.

    Raises
    ------
    TypeError
        `data` is neither of these.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.3, visitors_per_day=2_000, every=60, progress=False)
    ...     model = dfn.learn(history, horizon="1h")
    >>> chart = dfn.charts.gains(model)
    """
    quality = quality_of(data)
    rows = _rows(quality)
    if not rows.height:
        return wording.message(_SUBJECT, UNTESTED, remedy="Record for longer, until more visitors buy.")
    top, raw = (score_of(quality, name, "top_tenth") for name in COMPARED)
    by_service = "" if raw is None else f", {raw:.0%} by the service's rate"
    predictions, visitors, conversions = quality.scores.select("predictions", "visitors", "conversions").row(0)
    heading = wording.title(
        f"The most likely 10 % of prospects hold {top:.0%} of the buyers",
        f"The top 10 % hold {top:.0%} of the buyers by the model{by_service} and 10% by chance.",
        f"On later data: {number(visitors, 'prospect')} at {number(predictions, 'moment')} in all, "
        f"{conversions:,} of these before a purchase.",
        "Dashed: chance. Dotted: the top 10 %.",
    )
    return alt.LayerChart(layer=_layers(rows), width=_WIDTH, height=_HEIGHT).properties(title=heading)


def _rows(quality: Quality) -> pl.DataFrame:
    """Return the points of the curves."""
    known = compared(quality.gains).drop_nulls("buyers_share")
    return known.select("predictor", "contacted", "threshold", "contacts", "buyers", "buyers_share")


def _layers(rows: pl.DataFrame) -> list[alt.Chart]:
    """Draw the diagonal, the first tenth and the curves."""
    percent = alt.Axis(format="~%", tickCount=5)
    x = alt.X("contacted:Q", title=_X, axis=percent, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("buyers_share:Q", title=_Y, axis=percent, scale=alt.Scale(domain=[0, 1]))
    ends = alt.InlineData(values=[{"contacted": end, "buyers_share": end} for end in (0, 1)])
    chance = alt.Chart(ends).mark_line(strokeDash=[4, 3], strokeWidth=1.4, color=NEUTRAL).encode(x=x, y=y)
    place = alt.InlineData(values=[{"contacted": _TENTH}])
    tenth = alt.Chart(place).mark_rule(strokeDash=[1, 3], color=NEUTRAL).encode(x=x)
    tooltips = [
        alt.Tooltip("predictor:N", title="Ranked by"),
        alt.Tooltip("contacted:Q", title="Most likely", format=".0%"),
        alt.Tooltip("buyers_share:Q", title="Buyers among them", format=".1%"),
        alt.Tooltip("threshold:Q", title="Lowest probability", format=".2%"),
        alt.Tooltip("contacts:Q", title="Moments of prospects", format=",.0f"),
        alt.Tooltip("buyers:Q", title="Before a purchase", format=",.1f"),
    ]
    shown = rows["predictor"].unique().to_list()  # the service may predict nothing
    domain = [name for name in COMPARED if name in shown]
    color = alt.Color("predictor:N", title="Ranked by", scale=alt.Scale(domain=domain))
    base = alt.Chart(rows).encode(x=x, y=y, color=color, tooltip=tooltips)
    return [chance, tenth, base.mark_line(strokeWidth=2), base.mark_point(size=40)]
