"""How a chart shows that a group is small: the smaller the group, the fainter its mark."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import polars as pl

from datafast_nb.charts.theme import NEUTRAL

ENOUGH: Final = 30
"""The size from which a mark has its full color: from there, the intervals of `breakdown` are reliable."""

_FAINTEST: Final = 0.12
_SCALE: Final = alt.Scale(type="sqrt", domain=[0, ENOUGH], range=[_FAINTEST, 1], clamp=True)
_GONE: Final = 0.06


def opacity(column: str, legend: alt.Legend | None = None) -> alt.Opacity:
    """Return the opacity of marks by the size of their groups, without a legend unless one is given."""
    return alt.Opacity(column, type="quantitative", scale=_SCALE, legend=legend)


def opacity_at(size: pl.Expr) -> pl.Expr:
    """Return the opacity that `opacity` gives the mark of a group of this size."""
    return _FAINTEST + (1 - _FAINTEST) * (size / ENOUGH).clip(0, 1).sqrt()


def opacity_of(selection: alt.Parameter, column: str | None) -> Any:  # noqa: ANN401 - Altair has no name for it
    """Return the same opacity for what is selected in the legend, and almost none for the rest."""
    chosen = alt.when(selection)
    shown = chosen.then(alt.value(1)) if column is None else chosen.then(opacity(column))
    return shown.otherwise(alt.value(_GONE))


def legend(title: str) -> alt.Legend:
    """Return a legend of the opacities."""
    more = f"datum.label + (datum.value < {ENOUGH} ? '' : ' or more')"
    return alt.Legend(title=title, values=[1, ENOUGH // 3, ENOUGH], labelExpr=more, symbolFillColor=NEUTRAL)


def note(sizes: pl.Series, noun: str = "prospects") -> str:
    """Return a note on what faint marks mean, if there are any."""
    return f"Faint: fewer than {ENOUGH} {noun}." if sizes.fill_null(0).lt(ENOUGH).any() else ""
