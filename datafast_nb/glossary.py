"""Defines each term once, for axis titles, tooltips and the README.

Docstrings use these terms without explaining them again.

>>> from datafast_nb import glossary
>>> glossary.TERMS["lift"]
"the predicted rate over the baseline's: 1 is the site's average"
>>> print(glossary.table().splitlines()[0])
| term | meaning |
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

JUST_ARRIVING: Final = "if each were just arriving"
"""The assumption behind sums of predictions: nothing is known about how long a visitor has been idle."""

AVERAGE_SCORE: Final = "50 is the site's average"
AVERAGE_LIFT: Final = "1 is the site's average"
UNIT_INTERVAL: Final = "0 to 1"
"""What to compare a number with, for an axis title."""

TERMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "visitor": "a person with one visitor id, however many visits or rows they have",
        "visit": "one stay of a visitor on the site, from its first page to its last",
        "prospect": "a visitor who has not paid yet",
        "scored": "predictions for prospects: those who have a score",
        "likelihood": "what the service predicts about a visit: score, confidence, predicted rate and expected value",
        "score": f"the likelihood to buy on a scale of 0 to 100; {AVERAGE_SCORE}",
        "confidence": f"how sure the service is of its prediction, {UNIT_INTERVAL}",
        "predicted rate": f"the probability to buy that the service predicts, {UNIT_INTERVAL}; of a group, its mean",
        "baseline": "the site's averages, as the service knows them: its conversion rate and the value of a sale",
        "lift": f"the predicted rate over the baseline's: {AVERAGE_LIFT}",
        "expected value": "the predicted rate times the value of a sale, in USD; a sum says what visitors bring "
        + JUST_ARRIVING,
    }
)
"""Each term with its definition."""


def meaning(term: str) -> str:
    """Return a term's definition as a sentence.

    Examples
    --------
    >>> meaning("prospect")
    'A visitor who has not paid yet.'
    """
    words = TERMS[term]
    return f"{words[0].upper()}{words[1:]}."


def table() -> str:
    """Return all terms as a Markdown table, as in the README."""
    return "\n".join(
        ["| term | meaning |", "| --- | --- |", *(f"| {term} | {words} |" for term, words in TERMS.items())]
    )
