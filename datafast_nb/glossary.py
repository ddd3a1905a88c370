"""Defines each term once, for axis titles, tooltips and the README.

Docstrings use these terms without explaining them again. In a notebook, ``dfn.glossary`` at the end of a cell shows
them as a table; ``print(dfn.glossary)`` prints them.

>>> from datafast_nb import glossary
>>> glossary.TERMS["lift"]
"the predicted rate over the baseline's: 1 is the site's average"
>>> print(str(glossary).splitlines()[0])
visitor: a person with one visitor id, however many visits or rows they have
"""

from __future__ import annotations

import sys
from types import MappingProxyType, ModuleType
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
        "session": "another word for a visit, in names such as session_start_time and history.sessions()",
        "event": "one thing that a visitor did: a page view, a goal or a payment; payments such as renewals may come "
        "without one",
        "goal": "an event that is neither a page view nor a payment, such as a signup; the site names its own",
        "prospect": "a visitor who has not paid yet",
        "scored": "how many predictions there are for prospects",
        "likelihood": "what the service predicts about a visit: score, confidence, predicted rate and expected value",
        "score": f"the likelihood to buy on a scale of 0 to 100; {AVERAGE_SCORE}",
        "confidence": f"how sure the service is of its prediction, {UNIT_INTERVAL}",
        "predicted rate": f"the probability to buy that the service predicts, {UNIT_INTERVAL}; of a group, its mean",
        "baseline": "the site's averages, as the service knows them: its conversion rate and the value of a sale",
        "lift": f"the predicted rate over the baseline's: {AVERAGE_LIFT}",
        "channel": "what brought a visitor, in one word: the first of source, ref and via in the link they followed, "
        "else the site they came from, else direct",
        "source, ref, via": "the words after utm_source= or source=, ref= and via= in the link that a visitor "
        "followed; the author of the link chose them",
        "campaign": "the word after utm_campaign= in that link; likewise medium (utm_medium=), ad content "
        "(utm_content=) and search term (utm_term=); by='campaign' groups by the column utm_campaign",
        "referrer": "the page with the link that a visitor followed, as their browser reports it",
        "country": "where a visitor is; the column country_code holds its two-letter code, such as DE, "
        "and by='country' means this column",
        "expected value": "the predicted rate times the value of a sale, in USD; a sum says what visitors bring "
        + JUST_ARRIVING,
    }
)
"""Each term with its definition."""


DIMENSION_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "How they came": (
            *("channel", "utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term"),
            *("source", "ref", "via", "referrer"),
        ),
        "Where they are": ("country_code", "region", "city"),
        "What they use": ("device", "os", "browser"),
        "What they look at": ("page", "current_url", "site"),
        "Who they are": ("visit_kind", "visit_count", "is_customer", "has_profile"),
        "What is predicted": ("score_band", "confidence_band", "dimension_matches", "is_baseline"),
    }
)
"""The dimensions in groups, in the order in which people look for them."""

_DIMENSION_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "country_code": "country",
        "os": "operating system",
        "current_url": "URL",
        "utm_campaign": "campaign",
        "utm_source": "UTM source",
        "utm_medium": "medium",
        "utm_content": "ad content",
        "utm_term": "search term",
        "content": "ad content",
        "term": "search term",
        "dimension_matches": "matched dimension",
        "visit_kind": "new or returning",
        "visit_count": "number of the visit",
        "is_customer": "customer or not",
        "has_profile": "known by name or not",
        "is_baseline": "predicted as average or not",
    }
)

_DIMENSION_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "channel": "what brought them",
        "utm_source": "utm_source= in the link",
        "source": "source= in the link",
        "ref": "ref= in the link",
        "via": "via= in the link",
        "referrer": "the page they came from",
        "page": "the path alone",
        "current_url": "with its query string",
    }
)


def dimension(name: str) -> str:
    """Return the name of a dimension for people; of any other column, its name without underscores.

    Examples
    --------
    >>> dimension("utm_campaign"), dimension("plan_name")
    ('campaign', 'plan name')
    """
    return _DIMENSION_NAMES.get(name) or name.replace("_", " ")


def dimension_hint(name: str) -> str:
    """Return what a dimension means, in a few words, if its name needs explaining.

    Examples
    --------
    >>> dimension_hint("ref")
    'ref= in the link'
    """
    return _DIMENSION_HINTS.get(name, "")


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


class _Glossary(ModuleType):
    """A module that shows its terms."""

    def __repr__(self) -> str:
        return "\n".join(f"{term}: {words}" for term, words in TERMS.items())

    def _repr_markdown_(self) -> str:
        return table()


sys.modules[__name__].__class__ = _Glossary
