"""How a chart shows that a group is small: its mark is fainter, the fewer are in it."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import polars as pl

from datafast_nb.charts.theme import NEUTRAL

ENOUGH: Final = 30
"""From so many on a mark has its full colour: the intervals of `breakdown` hold what they promise from there."""

_SCALE: Final = alt.Scale(type="sqrt", domain=[0, ENOUGH], range=[0.12, 1], clamp=True)
_GONE: Final = 0.06


def opacity(column: str, legend: alt.Legend | None = None) -> alt.Opacity:
    """Give the opacity of marks by the size of their groups, without a legend unless one is given."""
    return alt.Opacity(column, type="quantitative", scale=_SCALE, legend=legend)


def opacity_of(selection: alt.Parameter, column: str | None) -> Any:  # noqa: ANN401 - Altair has no name for it
    """Give the same opacity to what is selected in the legend, and next to none to the rest."""
    chosen = alt.when(selection)
    shown = chosen.then(alt.value(1)) if column is None else chosen.then(opacity(column))
    return shown.otherwise(alt.value(_GONE))


def legend(title: str) -> alt.Legend:
    """Give a legend of the opacities."""
    more = f"datum.label + (datum.value < {ENOUGH} ? '' : ' or more')"
    return alt.Legend(title=title, values=[1, ENOUGH // 3, ENOUGH], labelExpr=more, symbolFillColor=NEUTRAL)


def note(sizes: pl.Series, noun: str = "prospects") -> str:
    """Say what faint marks mean, where there are any."""
    return f"Faint: fewer than {ENOUGH} {noun}." if sizes.fill_null(0).lt(ENOUGH).any() else ""
