"""The figures of a breakdown as a chart names and formats them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import altair as alt

from datafast_nb.charts import wording

if TYPE_CHECKING:
    import polars as pl

Metric = Literal[
    "conversion_rate",
    "conversion_rate_shrunk",
    "lift",
    "score",
    "confidence",
    "expected_value",
    "value_per_visitor",
    "expected_conversions",
    "visitors",
    "share",
    "customers",
    "scored",
    "confident",
]
"""A figure of a breakdown that a chart can show."""


class Figure(NamedTuple):
    """How a figure is written.

    Attributes
    ----------
    name : str
        What it is called.
    format : str
        Its number format, in the notation of d3-format.
    unit : str
        The unit, where the format does not show it.
    is_count : bool
        Whether it counts visitors, so that it is itself a sample size.
    """

    name: str
    format: str
    unit: str = ""
    is_count: bool = False

    @property
    def title(self) -> str:
        """The name with the unit, for an axis, a legend or a tooltip."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def tick_format(self) -> str:
        """The number format without zeros at the end, for an axis."""
        return f"{self.format[:-1]}~{self.format[-1]}" if "." in self.format else self.format


FIGURES: Final[dict[Metric, Figure]] = {
    "conversion_rate": Figure("Predicted conversion rate", ".2%"),
    "conversion_rate_shrunk": Figure("Conversion rate drawn towards the average", ".2%"),
    "lift": Figure("Lift", ".2f", "1 is the site's average"),
    "score": Figure("Mean score", ".1f", "50 is the site's average"),
    "confidence": Figure("Mean confidence", ".2f", "0 to 1"),
    "expected_value": Figure("Expected value", "$,.2f", "USD"),
    "value_per_visitor": Figure("Expected value per prospect", "$,.2f", "USD"),
    "expected_conversions": Figure("Expected conversions", ",.2f"),
    "visitors": Figure("Visitors", ",d", is_count=True),
    "share": Figure("Share of all visitors", ".1%", is_count=True),
    "customers": Figure("Customers", ",d", is_count=True),
    "scored": Figure("Prospects with a prediction", ",d", is_count=True),
    "confident": Figure("Confident predictions", ",d", "0.5 or more", is_count=True),
}

TOLD: Final[tuple[Metric, ...]] = (
    "visitors",
    "customers",
    "scored",
    "confident",
    "score",
    "conversion_rate",
    "conversion_rate_shrunk",
    "lift",
    "expected_value",
    "value_per_visitor",
)
"""The figures that every tooltip tells."""


def figure_of(metric: str) -> Figure:
    """Give a figure by its name, or say which there are."""
    for name, figure in FIGURES.items():
        if name == metric:
            return figure
    nearest = get_close_matches(str(metric), FIGURES, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise ValueError(f"Unknown metric {metric!r}.{hint} There are: {', '.join(FIGURES)}.")


def why_missing(table: pl.DataFrame, metric: Metric) -> str:
    """Say why no group of a breakdown has the figure; an empty text where one has."""
    if table.is_empty():
        return wording.NOBODY
    if not FIGURES[metric].is_count and not table["scored"].sum():
        return wording.ONLY_CUSTOMERS if table["customers"].sum() == table["visitors"].sum() else wording.NO_PREDICTIONS
    if table[metric].count():
        return ""
    return wording.NO_AVERAGE if metric == "lift" else wording.UNTOLD


def tooltip(table: pl.DataFrame) -> list[alt.Tooltip]:
    """Give the tooltip lines that tell a group's figures; those that no group has are left out."""
    return [
        alt.Tooltip(name, type="quantitative", title=FIGURES[name].name, format=FIGURES[name].format)
        for name in TOLD
        if table[name].count()
    ]
