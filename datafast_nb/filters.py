"""Filters that select the visitors on a map or in a panel. Knows no widget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, Self, TypedDict, get_args

import polars as pl

from datafast_nb.checks import checked_between, checked_choice, checked_country, checked_number
from datafast_nb.conversion import ALIASES, Derived, Dimension
from datafast_nb.conversion.channels import channel_called
from datafast_nb.countries import codes
from datafast_nb.glossary import dimension
from datafast_nb.schema import VISITORS
from datafast_nb.text import capitalized, country_name, country_names, plain

FilterDimension = Literal["site"] | Dimension
"""A dimension by which visitors can be filtered."""

DIMENSIONS: Final[tuple[FilterDimension, ...]] = ("site", *get_args(Dimension))
"""The dimensions of the filters: every dimension that ``breakdown`` knows, and the site."""

LIMITS: Final = ("min_score", "min_confidence")
"""The minimum score, 0 to 100, and the minimum confidence, 0 to 1."""

NAMES: Final = (*DIMENSIONS, *LIMITS, "text")
"""The names of all filters."""

SEARCHED: Final = (
    *("display_name", "customer_name", "customer_email", "city", "region", "current_url", "referrer", "ref"),
    *("source", "via", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "browser", "os"),
)
"""The columns in which free text is searched for, besides country names; dimensions are derived from these."""

Text = str | None | Sequence[str | None]
"""One value or several; None among several stands for unknown."""
Flag = bool | None | Sequence[bool | None]
Number = int | None | Sequence[int | None]


class Choices(TypedDict, total=False):
    """The filters of visitors: values of each dimension, limits, and a text. None removes a filter.

    ``campaign`` is the filter ``utm_campaign``, and so on: see ``conversion.ALIASES``.
    """

    site: Text
    channel: Text
    page: Text
    visit_kind: Literal["new", "returning"] | Sequence[Literal["new", "returning"] | None] | None
    score_band: Text
    confidence_band: Text
    dimension_matches: Text
    country_code: Text
    region: Text
    city: Text
    browser: Text
    os: Text
    device: Text
    current_url: Text
    referrer: Text
    visit_count: Number
    ref: Text
    source: Text
    via: Text
    utm_source: Text
    utm_medium: Text
    utm_campaign: Text
    utm_content: Text
    utm_term: Text
    is_customer: Flag
    has_profile: Flag
    is_baseline: Flag
    min_score: float | None
    min_confidence: float | None
    text: str | None
    campaign: Text
    medium: Text
    content: Text
    term: Text
    country: Text


_WORDS: Final = {
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
    """A selection of visitors. It is immutable.

    Attributes
    ----------
    values : mapping of str to object
        The active filters: a tuple of accepted values for each of `DIMENSIONS`, a number for each of `LIMITS`,
        and the text to search for.
    locked : frozenset of str
        The names of the active filters that only code can change.
    """

    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    locked: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.values.items(), key=lambda pair: pair[0])))

    def __bool__(self) -> bool:
        return bool(self.values)

    def but(self, **changes: Any) -> Self:  # noqa: ANN401 - see `standard`
        """Return the same selection with some filters changed, and not locked; None removes a filter.

        Raises
        ------
        TypeError
            A limit is not a number.
        ValueError
            There is no such filter, it is given twice, a limit is outside its scale, or a country is given by its name.
        """
        named = _standard(changes)
        for code in named.get("country_code") or ():
            if code is not None:
                checked_country(code)
        return self._changed(named)

    def _changed(self, changes: dict[str, Any]) -> Self:
        """Return the same selection with some values, which are in their standard form, changed and not locked."""
        kept = {name: value for name, value in (dict(self.values) | changes).items() if value is not None}
        values = MappingProxyType({name: kept[name] for name in NAMES if name in kept})
        return replace(self, values=values, locked=self.locked - changes.keys())

    def lock(self, *names: str) -> Self:
        """Return the same selection with some of its active filters locked."""
        named = {ALIASES.get(name, name) for name in names}
        return replace(self, locked=self.locked | (named & self.values.keys()))

    def but_by_person(self, **changes: Any) -> Self:  # noqa: ANN401 - see `standard`
        """Return the same selection with some filters changed in the browser, where locked filters can't be.

        What a person chooses there is what the service has sent, even if that is a country's name.

        Raises
        ------
        TypeError
            A limit is not a number.
        ValueError
            There is no such filter, it is locked, or a limit is outside its scale.
        """
        changed = self._changed(_standard(changes))
        if missing := self.locked - changed.locked:
            names = ", ".join(label(name) for name in NAMES if name in missing)
            raise ValueError(f"The notebook's code has locked: {names}.")
        return changed

    def only_locked(self) -> Self:
        """Return the selection by the locked filters alone."""
        return self.but(**dict.fromkeys(self.values.keys() - self.locked))

    @property
    def derived(self) -> set[str]:
        """The derived dimensions that the frame must have as columns."""
        return set(self.values) & set(get_args(Derived))

    def apply(self, visitors: pl.DataFrame) -> pl.DataFrame:
        """Return the selected visitors.

        Parameters
        ----------
        visitors : polars.DataFrame
            Frame with the columns of ``schema.VISITORS``, ``site``, and the dimensions that `derived` names.
        """
        return visitors.filter(*(condition(name, value) for name, value in self.values.items())) if self else visitors

    def chips(self) -> list[dict[str, str]]:
        """Return the name, label and readable value of each active filter."""
        return [
            {
                "name": name,
                "label": label(name),
                "text": _in_words(name, value),
            }
            for name, value in self.values.items()
        ]


def label(name: str) -> str:
    """Return what a filter is called before its value.

    Examples
    --------
    >>> label("country_code"), label("min_score")
    ('Country', 'Score from')
    """
    return _WORDS.get(name, capitalized(dimension(name)))


def _standard(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return filters by their own names, with their values in their standard form."""
    for name in changes.keys() & ALIASES.keys():
        if ALIASES[name] in changes:
            raise ValueError(f"{name} and {ALIASES[name]} are the same filter. Pass one of them.")
    return {(own := ALIASES.get(name, name)): standard(own, value) for name, value in changes.items()}


def standard(name: str, value: Any) -> Any:  # noqa: ANN401 - any value that a person may pass, or a service has sent
    """Return a filter's value in its standard form."""
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
    if name == "channel":
        texts = [each if each is None else channel_called(str(each)) for each in texts]
    if name == "country_code":
        texts = pl.select(codes(pl.lit(pl.Series(texts, dtype=pl.String, strict=False)))).to_series().to_list()
    return tuple(dict.fromkeys(texts)) or None


class Vocabulary(NamedTuple):
    """The functions that build a condition: those of Polars, or stand-ins that write the calls as code.

    Attributes
    ----------
    polars
        The module. Its ``col``, ``lit``, ``any_horizontal``, ``concat_str`` and ``String`` are used.
    codes
        The function `countries.codes`.
    searched
        The names in `SEARCHED`, as ``concat_str`` accepts them.
    """

    polars: Any
    codes: Any
    searched: Any


POLARS: Final = Vocabulary(pl, codes, list(SEARCHED))


def condition(name: str, value: Any, words: Vocabulary = POLARS) -> Any:  # noqa: ANN401 - as `Filters` holds it
    """Return who passes a filter, as a Polars expression or as its code; a saved page defines it again."""
    polars, known, searched = words
    if name == "text":
        texts = polars.concat_str(searched, separator="\n", ignore_nulls=True).str.to_lowercase()
        found, countries = texts.str.contains(value.lower(), literal=True), countries_named(value)
        return found | known(polars.col("country_code")).is_in(countries) if countries else found
    if name in LIMITS:
        return polars.col(name.removeprefix("min_")).fill_nan(None) >= value
    column = polars.col(name)
    if name == "dimension_matches":
        nothing = column.list.len().fill_null(0) == 0  # the null group of `breakdown`
        tests = [
            nothing if each is None else column.list.contains(polars.lit(str(each), polars.String)) for each in value
        ]
        return tests[0] if len(tests) == 1 else polars.any_horizontal(*tests)
    if name == "is_customer" and value in ((True,), (False,)):
        return column.fill_null(value=False) if value[0] else ~column.fill_null(value=False)
    # Compared as text, so that a value of another type matches nobody instead of raising an error.
    if VISITORS.get(name, pl.String()) != pl.String:
        column = column.cast(polars.String)
    if name == "is_customer":
        column = column.fill_null("false")
    if name == "country_code":
        column = known(column)
    return _is_one_of(column, [str(each).lower() if isinstance(each, bool) else each for each in value])


def _is_one_of(column: Any, wanted: list[str | None]) -> Any:  # noqa: ANN401 - an expression, or its code
    """Return the shortest condition that a column is one of some texts."""
    if len(wanted) == 1:
        return column.is_null() if wanted[0] is None else column == wanted[0]
    return column.is_in(wanted, nulls_equal=True) if None in wanted else column.is_in(wanted)


def countries_named(text: str) -> list[str]:
    """Return the codes of the countries whose English name contains a text, ignoring case.

    Examples
    --------
    >>> countries_named("PORT")
    ['PT']
    """
    return [code for code, country in country_names().items() if text.lower() in country.lower()]


def _in_words(name: str, value: Any) -> str:  # noqa: ANN401 - as `standard` gives it
    """Describe what a filter accepts."""
    if name == "text":
        return plain(value, 40)
    if name in LIMITS:
        return f"{value:.0%}" if name == "min_confidence" else f"{value:g}"
    if name == "is_customer":
        return " or ".join({True: "customers", False: "prospects"}.get(each, plain(each, 32)) for each in value)
    words = [country_name(each) if name == "country_code" else plain(each, 32) for each in value if each is not None]
    words += ["unknown"] if None in value else []
    return ", ".join(words[:3]) + (f" +{len(words) - 3}" if len(words) > 3 else "")  # noqa: PLR2004
