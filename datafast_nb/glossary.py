"""What each term means: said once, for docstrings, tooltips and the README to repeat."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

JUST_ARRIVING: Final = "if each were just arriving"
"""What sums of predictions say: nothing is known of how long somebody has been idle."""

TERMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "visitor": "a person with one visitor id, however many visits or rows they have",
        "visit": "one stay of a visitor on the site, from its first page to its last",
        "prospect": "a visitor who has not paid yet",
        "scored": "predictions for prospects: those who have a score",
        "likelihood": "what the service predicts of a visit: score, confidence, predicted rate and expected value",
        "score": "the likelihood to buy on a scale of 0 to 100, where 50 is the site's average",
        "confidence": "how sure the service is of its prediction, 0 to 1",
        "predicted rate": "the probability to buy that the service predicts, 0 to 1; of a group, its mean",
        "baseline": "the site's averages, as the service knows them: its conversion rate and the value of a sale",
        "lift": "the predicted rate over the baseline's: 1 is the site's average",
        "expected value": "the predicted rate times the value of a sale, in USD; a sum says what visitors bring "
        + JUST_ARRIVING,
    }
)
"""Each term with its definition."""
