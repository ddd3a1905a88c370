"""Color scales of measures, centered on the site's average if there is one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import altair as alt

from datafast_nb.charts.measures import NOTATIONS, Measure

if TYPE_CHECKING:
    import polars as pl

_LEAST_REACH: Final = 1.5
_MOST_REACH: Final = 4.0


def scale_of(measure: Measure, values: pl.Series) -> alt.Scale:
    """Return the color scale of a measure: for sums and counts, which are skewed, a square root scale."""
    if measure == "lift":
        return lift_scale(values)
    if measure == "score":
        reach = float((values - 50).abs().max() or 1)  # type: ignore[arg-type]
        return alt.Scale(domain=[50 - reach, 50 + reach], domainMid=50, interpolate="lab")
    skewed = NOTATIONS[measure].is_count or measure in {"expected_value", "expected_conversions"}
    return alt.Scale(type="sqrt" if skewed else "linear")


def lift_scale(values: pl.Series) -> alt.Scale:
    """Return a diverging scale centered at 1, on which 0.5 and 2 are equally far from the center.

    It reaches from 0.25 to 4 at most, and lifts beyond have the colors of these ends: otherwise the lift of a group of
    one would leave no contrast for the others.
    """
    farthest = max((abs(math.log(value)) for value in values.drop_nulls().to_list() if value > 0), default=0.0)
    reach = min(max(math.exp(farthest), _LEAST_REACH), _MOST_REACH)
    return alt.Scale(type="log", domain=[1 / reach, reach], domainMid=1, clamp=True, interpolate="lab")


def lift_legend(title: str, scale: alt.Scale) -> alt.Legend:
    """Return the legend of a lift scale."""
    low, high = scale.domain
    marks = [mark for mark in (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4) if low <= mark <= high]
    return alt.Legend(title=title, values=marks, format="~r", gradientLength=220)
