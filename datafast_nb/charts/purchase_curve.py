"""How long visitors take to buy."""

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
from datafast_nb.forecast import TimeToPurchase
from datafast_nb.forecast import time_to_purchase as estimated
from datafast_nb.history import History

_SUBJECT: Final = "How long visitors take to buy"
_WIDTH, _HEIGHT, _ROW = Usual(560), 300, 18
_MOST: Final = 300  # rows of a curve
_TICKS: Final = 7
_DAYS: Final = 72.0  # hours from which the axis is in days
_CURVE: Final = ("hours", "at_risk", "purchases", "censored", "purchased", "purchased_low", "purchased_high")


@finished
def time_to_purchase(
    data: TimeToPurchase | History, by: str | None = None, *, top: int = 5, **_words: Unpack[Heading]
) -> alt.VConcatChart | alt.LayerChart:
    """Draw the share of visitors who have bought, by the time since they were first seen.

    Parameters
    ----------
    data : TimeToPurchase or History
        A result of ``datafast_nb.time_to_purchase``, or a history.
    by : str, optional
        With a history: a dimension to compare by.
    top : int, default 5
        Draw at most this many groups, those with the most visitors. The subtitle says how many there are.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.VConcatChart or altair.LayerChart
        A step curve for each group (Kaplan–Meier) with a band, its 95 % interval; below it the visitors still at risk
        at some times: watched that long, and without a purchase before. The subtitle says who is censored and left out.
        If there is nothing to draw, a chart that says why.

    Raises
    ------
    NotRecordedError
        There is no history at this location.
    ValueError
        The dimension is unknown, or `top` is less than 1.
    TypeError
        `data` is neither of these, or `by` is given with a result, which has its own groups.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.2, visitors_per_day=500, progress=False)
    ...     chart = dfn.charts.time_to_purchase(history)
    """
    checked_whole(top, "top", 1)
    if isinstance(data, TimeToPurchase) and by is not None:
        raise TypeError(f"This result already has its groups; pass by={by!r:.60} to dfn.time_to_purchase instead.")
    if not isinstance(data, (TimeToPurchase, History)):
        raise TypeError(
            f"Expected the result of dfn.time_to_purchase(history), or a History, not {type(data).__name__}."
        )
    try:
        found = data if isinstance(data, TimeToPurchase) else estimated(data, by)
    except TooLittleRecordedError as error:
        return wording.message(_SUBJECT, "Nobody was watched from their first visit", remedy=str(error))
    names = [name for name in found.curve.columns if name not in _CURVE]
    drawn = found.groups.head(top).with_row_index("place")
    rows = _rows(found.curve, names, drawn)
    sentence, *notes = found.sentences()
    more = f"Drawn: the {drawn.height} largest of {found.groups.height:,} groups by {wording.dimensions(names)}."
    by_what = f", by {wording.dimensions(names)}" if names else ""
    heading = wording.title(
        sentence.removesuffix(".") + by_what,
        *notes,
        more if drawn.height < found.groups.height else "",
        "Bands: 95 % intervals. Numbers: visitors at risk.",
    )
    return _drawn(rows, grouped=bool(names)).properties(title=heading)


def _rows(curve: pl.DataFrame, names: list[str], drawn: pl.DataFrame) -> pl.DataFrame:
    """Return the rows to draw: at most some hundreds of each group, and its last one."""
    label = pl.concat_str([wording.label(name) for name in names] or [pl.lit("All")], separator=" · ")
    groups = drawn.with_columns(_name=label).select("place", *names, label=wording.distinct_label("_name"))
    joined = (
        curve.join(groups, on=names, nulls_equal=True, maintain_order="left")
        if names
        else curve.join(groups, how="cross")
    )
    nth = pl.int_range(pl.len()).over("place")
    size = pl.len().over("place")
    kept = joined.filter((nth % (size // _MOST + 1) == 0) | (nth == size - 1))
    per = 24.0 if (kept["hours"].max() or 0.0) >= _DAYS else 1.0  # type: ignore[operator]
    return kept.select(
        "place",
        "label",
        "at_risk",
        *(pl.col(name) for name in ("purchased", "purchased_low", "purchased_high")),
        time=pl.col("hours") / per,
        unit=pl.lit("Days" if per > 1 else "Hours"),
        interval=wording.interval("purchased_low", "purchased_high", 2),
    )


def _drawn(rows: pl.DataFrame, *, grouped: bool) -> alt.VConcatChart:
    """Draw the curves with their bands, and below them the numbers at risk."""
    unit, longest = rows["unit"][0], max(float(rows["time"].max()), 1e-9)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, longest], nice=False)
    x = alt.X("time:Q", title=f"{unit} since first seen", scale=scale)
    color = wording.colored("label", "Group") if grouped else alt.Undefined
    tooltips = [
        *([alt.Tooltip("label:N", title="Group")] if grouped else []),
        alt.Tooltip("time:Q", title=unit, format=",.2f"),
        alt.Tooltip("purchased:Q", title="Have bought", format=".2%"),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("at_risk:Q", title="At risk", format=",d"),
    ]
    axis = alt.Axis(format=".2~%")
    base = alt.Chart(rows.drop("unit")).encode(x=x, color=color, tooltip=tooltips)
    known = base.transform_filter("isValid(datum.purchased_high)")
    band = known.mark_area(interpolate="step-after", opacity=0.18, line=False).encode(
        y=alt.Y("purchased_low:Q", title="Share who have bought", axis=axis), y2="purchased_high:Q"
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        y=alt.Y("purchased:Q", title="Share who have bought", axis=axis)
    )
    above = alt.LayerChart(layer=[band, line], width=_WIDTH, height=_HEIGHT)
    place = (pl.col("time") / longest * (_TICKS - 1)).floor()
    some = rows.filter(place.is_first_distinct().over("place", place)).drop("unit")
    below = (
        alt.Chart(some)
        .mark_text(align="left", fontSize=11)
        .encode(
            x=alt.X("time:Q", title=None, scale=scale, axis=None),
            y=alt.Y(
                "label:N", sort=alt.EncodingSortField("place", op="min"), title="At risk", axis=alt.Axis(labels=grouped)
            ),
            text=alt.Text("at_risk:Q", format=",d"),
            color=color,
        )
        .properties(width=_WIDTH, height=_ROW * some["place"].n_unique())
    )
    chart: alt.VConcatChart = alt.vconcat(above, below, spacing=4)
    return chart
