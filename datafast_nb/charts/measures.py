"""The measures of a breakdown as a chart names and formats them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import altair as alt

from datafast_nb.charts import wording
from datafast_nb.checks import checked_choice
from datafast_nb.glossary import AVERAGE_LIFT, AVERAGE_SCORE, JUST_ARRIVING, UNIT_INTERVAL, meaning

if TYPE_CHECKING:
    import polars as pl

Measure = Literal[
    "predicted_rate",
    "predicted_rate_shrunk",
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
"""A measure of a breakdown that a chart can show."""


class Notation(NamedTuple):
    """How a measure is written.

    Attributes
    ----------
    name : str
        The name to show.
    format : str
        Its number format, in the notation of d3-format.
    unit : str
        The unit, if the format does not show it.
    is_count : bool
        Whether it counts visitors, so that it is itself a sample size.
    term : str
        The term of the ``glossary`` that explains it, if there is one.
    """

    name: str
    format: str
    unit: str = ""
    is_count: bool = False
    term: str = ""

    @property
    def title(self) -> str:
        """The name with the unit, for an axis, a legend or a tooltip."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def hint(self) -> str:
        """The title, and what its term means."""
        return f"{self.title}. {self.term.capitalize()}: {meaning(self.term)}" if self.term else self.title

    @property
    def tick_format(self) -> str:
        """The number format without trailing zeros, for an axis."""
        return f"{self.format[:-1]}~{self.format[-1]}" if "." in self.format else self.format


NOTATIONS: Final[dict[Measure, Notation]] = {
    "predicted_rate": Notation("Predicted rate", ".2%", term="predicted rate"),
    "predicted_rate_shrunk": Notation("Predicted rate shrunk toward the average", ".2%", term="predicted rate"),
    "lift": Notation("Lift", ".2f", AVERAGE_LIFT, term="lift"),
    "score": Notation("Mean score", ".1f", AVERAGE_SCORE, term="score"),
    "confidence": Notation("Mean confidence", ".2f", UNIT_INTERVAL, term="confidence"),
    "expected_value": Notation("Expected value", "$,.2f", f"USD, {JUST_ARRIVING}", term="expected value"),
    "value_per_visitor": Notation("Expected value per prospect", "$,.2f", "USD", term="expected value"),
    "expected_conversions": Notation("Expected conversions", ",.2f", JUST_ARRIVING),
    "visitors": Notation("Visitors", ",d", is_count=True, term="visitor"),
    "share": Notation("Share of all visitors", ".1%", is_count=True),
    "customers": Notation("Customers", ",d", is_count=True),
    "scored": Notation("Prospects with a prediction", ",d", is_count=True, term="scored"),
    "confident": Notation("Confident predictions", ",d", "0.5 or more", is_count=True, term="confidence"),
}

IN_TOOLTIPS: Final[tuple[Measure, ...]] = (
    "visitors",
    "customers",
    "scored",
    "confident",
    "score",
    "predicted_rate",
    "predicted_rate_shrunk",
    "lift",
    "expected_value",
    "value_per_visitor",
)
"""The measures that every tooltip shows."""


def notation_of(measure: str) -> Notation:
    """Return how a measure is written; raise an error that lists the measures if there is no such one."""
    return NOTATIONS[checked_choice(measure, NOTATIONS, "measure")]


def why_missing(table: pl.DataFrame, measure: Measure) -> str:
    """Return why no group of a breakdown has the measure; empty if one has it."""
    if table.is_empty():
        return wording.NOBODY
    if not NOTATIONS[measure].is_count and not table["scored"].sum():
        return wording.ONLY_CUSTOMERS if table["customers"].sum() == table["visitors"].sum() else wording.NO_PREDICTIONS
    if table[measure].count():
        return ""
    return wording.NO_AVERAGE if measure == "lift" else wording.VALUES_MISSING


def tooltip(table: pl.DataFrame) -> list[alt.Tooltip]:
    """Return the tooltip lines for a group's measures, without those that no group has."""
    return [
        alt.Tooltip(name, type="quantitative", title=NOTATIONS[name].name, format=NOTATIONS[name].format)
        for name in IN_TOOLTIPS
        if table[name].count()
    ]
