"""Which visitors a map or a panel is about. Knows no widget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self, get_args

import polars as pl

from datafast_nb.checks import checked_between, checked_choice, checked_number
from datafast_nb.conversion import Derived, Dimension
from datafast_nb.countries import codes
from datafast_nb.text import country_name, country_names, plain

DIMENSIONS: Final = ("site", *get_args(Dimension))
"""What visitors can be chosen by: every dimension that ``breakdown`` knows, and their site."""

LIMITS: Final = ("min_score", "min_confidence")
"""The least score, 0 to 100, and the least confidence, 0 to 1."""

NAMES: Final = (*DIMENSIONS, *LIMITS, "text")
"""The names of all filters."""

SEARCHED: Final = (
    *("display_name", "customer_name", "customer_email", "city", "region", "current_url", "referrer", "ref"),
    *("source", "via", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "browser", "os"),
)
"""The columns that the free text is looked for in, beside the countries' names; dimensions are derived from these."""

_WORDS: Final = {
    "country_code": "Country",
    "visit_kind": "Visits",
    "is_customer": "Customers",
    "os": "OS",
    "min_score": "Score from",
    "min_confidence": "Confidence from",
    "text": "Search",
}
_BOOLEAN: Final = ("is_customer", "has_profile", "is_baseline")
_LONGEST_TEXT: Final = 200


@dataclass(frozen=True)
class Filters:
    """A choice of visitors. Never changed, only replaced.

    Attributes
    ----------
    values : mapping of str to object
        The active filters: a tuple of accepted values for each of `DIMENSIONS`, a number for each of `LIMITS`,
        and the text to look for.
    """

    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.values.items(), key=lambda pair: pair[0])))

    def __bool__(self) -> bool:
        return bool(self.values)

    def but(self, **changes: Any) -> Self:  # noqa: ANN401 - see `_checked`
        """Give the same choice with some filters changed; None takes a filter away.

        Raises
        ------
        TypeError
            A limit is no number.
        ValueError
            There is no such filter, or a limit is beyond its scale.
        """
        checked = {name: _checked(name, value) for name, value in changes.items()}
        kept = {name: value for name, value in (dict(self.values) | checked).items() if value is not None}
        return replace(self, values=MappingProxyType({name: kept[name] for name in NAMES if name in kept}))

    @property
    def derived(self) -> set[str]:
        """The derived dimensions that the frame must have as columns."""
        return set(self.values) & set(get_args(Derived))

    def apply(self, visitors: pl.DataFrame) -> pl.DataFrame:
        """Give the visitors that are chosen.

        Parameters
        ----------
        visitors : polars.DataFrame
            Frame with the columns of ``schema.VISITORS``, ``site``, and the dimensions that `derived` names.
        """
        return visitors.filter(*(_expression(name, value) for name, value in self.values.items())) if self else visitors

    def chips(self) -> list[dict[str, str]]:
        """Give name, label and text of each active filter, for a reader."""
        return [
            {
                "name": name,
                "label": _WORDS.get(name, name.replace("_", " ").capitalize()),
                "text": _in_words(name, value),
            }
            for name, value in self.values.items()
        ]


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401 - any value that a person may pass
    """Give a filter's value in its one form."""
    checked_choice(name, NAMES, "filter")
    if value is None:
        return None
    if name == "text":
        return str(value).strip()[:_LONGEST_TEXT] or None
    if name in LIMITS:
        if checked_number(value, name) <= 0:
            return None  # which everybody passes
        return checked_between(value, name, 0, 100 if name == "min_score" else 1)
    several = list(value) if isinstance(value, Iterable) and not isinstance(value, (str, bytes)) else [value]
    texts = [each if each is None or isinstance(each, bool) else str(each) for each in several]
    if name in _BOOLEAN:
        texts = [{"true": True, "false": False}.get(str(each).lower(), each) for each in texts]
    if name == "country_code":
        texts = pl.select(codes(pl.lit(pl.Series(texts, dtype=pl.String, strict=False)))).to_series().to_list()
    return tuple(dict.fromkeys(texts)) or None


def _expression(name: str, value: Any) -> pl.Expr:  # noqa: ANN401 - as `_checked` gives it
    """Say in Polars who is chosen."""
    if name == "text":
        searched = pl.concat_str(*SEARCHED, separator="\n", ignore_nulls=True).str.to_lowercase()
        country = codes(pl.col("country_code")).is_in(countries_named(value))
        return searched.str.contains(value.lower(), literal=True) | country
    if name in LIMITS:
        return pl.col(name.removeprefix("min_")).fill_nan(None).ge(value)
    if name == "dimension_matches":
        matches = pl.col(name)
        nothing = matches.list.len().fill_null(0) == 0  # which `breakdown` has as the group null
        return pl.any_horizontal(
            nothing if each is None else matches.list.contains(pl.lit(str(each), pl.String)) for each in value
        )
    # Compared as text, so that a value of another type is nobody's instead of an error.
    column = pl.col(name).cast(pl.String)
    wanted = [str(each).lower() if isinstance(each, bool) else each for each in value]
    if name == "is_customer":
        column = column.fill_null("false")
    if name == "country_code":
        column = codes(column)
    return column.is_in(wanted, nulls_equal=True)


def countries_named(text: str) -> list[str]:
    """Give the codes of the countries whose English name holds a text, in whatever case.

    Examples
    --------
    >>> countries_named("PORT")
    ['PT']
    """
    return [code for code, country in country_names().items() if text.lower() in country.lower()]


def _in_words(name: str, value: Any) -> str:  # noqa: ANN401 - as `_checked` gives it
    """Say what a filter accepts."""
    if name == "text":
        return plain(value, 40)
    if name in LIMITS:
        return f"{value:.0%}" if name == "min_confidence" else f"{value:g}"
    if name == "is_customer":
        return " or ".join({True: "customers", False: "prospects"}.get(each, plain(each, 32)) for each in value)
    words = [country_name(each) if name == "country_code" else plain(each, 32) for each in value if each is not None]
    words += ["unknown"] if None in value else []
    return ", ".join(words[:3]) + (f" +{len(words) - 3}" if len(words) > 3 else "")  # noqa: PLR2004
