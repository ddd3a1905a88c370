"""Formats amounts, countries, durations and texts from strangers for readers, in English.

Each format is defined once, here, so that a map, a chart and a message say the same thing in the same way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import get_currency_precision, get_currency_symbol, is_currency

from datafast_nb.countries import ALIASES

NO_MATH: Final = "tex2jax_ignore mathjax_ignore"
"""The classes of an HTML element in which no version of MathJax takes text between two dollar signs for a formula."""

MOSTLY_NONE: Final = "on average, mostly none"
"""What stands in place of an interval of 0 to 0, which does not hold its mean."""

_LOCALE: Final = Locale("en", "US")
_WITHOUT_CENTS: Final = 1000
_SPELLED_OUT: Final = 1e12  # beyond this, more digits mean nothing to a reader
_LONGEST: Final = 80
_LONGEST_NAME: Final = 60  # of the names that a message repeats
_MINUTE: Final = 60
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (_MINUTE, "min"), (1, "s"))
_NO_TERRITORIES: Final = ("XA", "XB", "ZZ")  # of CLDR: two for testing a program's texts, and the unknown
_OTHER_NAMES: Final = {
    "usa": "US",
    "united states of america": "US",
    "great britain": "GB",
    "turkey": "TR",
    "czech republic": "CZ",
}

# Control characters, and those that change the direction of the text around them: no honest name holds them.
_UNSEEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u2060-\u2064\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"
)


def money(amount: float | None, currency: str | None, *, exact: bool = False) -> str:
    """Return an amount in its own currency, without cents where they don't matter.

    Parameters
    ----------
    amount : float or None
        The amount. None, and any number that is not finite, gives empty text.
    currency : str or None
        ISO 4217 code. Any other code is put before the amount unchanged.
    exact : bool
        Include the cents of large amounts too.

    Examples
    --------
    >>> money(49.5, "EUR"), money(-12_345.6, "usd"), money(500, "JPY"), money(5, "XRP coin")
    ('€49.50', '-$12,346', '¥500', 'XRP coin 5.00')
    """
    if amount is None or not math.isfinite(amount):
        return ""
    symbol, decimals = symbol_of(currency)
    number = _number(abs(amount), decimals, exact=exact)
    sign = "-" if amount < 0 and number.strip("0.,") else ""
    return f"{sign}{symbol}{number}"


def symbol_of(currency: str | None) -> tuple[str, int]:
    """Return what stands before an amount in a currency, and how many decimals it has.

    Examples
    --------
    >>> symbol_of("eur"), symbol_of("JPY"), symbol_of("XRP coin"), symbol_of(None)
    (('€', 2), ('¥', 0), ('XRP coin ', 2), ('', 2))
    """
    code = plain(currency or "", 12)
    return _currency(code.upper()) or (code + " " * bool(code), 2)


def percent(share: float) -> str:
    """Return a share as a percentage with two digits that count, such as ``0.43%``, ``4.3%`` or ``43%``."""
    hundredths = 100 * share
    decimals = 1 - math.floor(math.log10(abs(hundredths))) if hundredths else 0
    return f"{hundredths:.{max(decimals, 0)}f}%"


def clock(when: datetime, time_zone: str = "UTC") -> str:
    """Return the time of day in a time zone, and the zone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> clock(datetime(2026, 7, 1, 12, tzinfo=UTC), "Europe/Berlin")
    '14:00:00 Europe/Berlin'
    """
    return f"{when.astimezone(ZoneInfo(time_zone)):%H:%M:%S} {time_zone}"


@lru_cache(maxsize=512)
def _currency(code: str) -> tuple[str, int] | None:
    """Return the sign before an amount in a currency, and the currency's decimals; None for an unknown currency."""
    if not is_currency(code, _LOCALE):
        return None
    symbol = get_currency_symbol(code, _LOCALE)
    return symbol + ("\N{NO-BREAK SPACE}" if symbol[-1].isalpha() else ""), get_currency_precision(code)


def _number(amount: float, decimals: int, *, exact: bool) -> str:
    """Return an amount without its currency."""
    if abs(amount) >= _SPELLED_OUT:
        return f"{amount:.3g}"
    return f"{amount:,.0f}" if abs(amount) >= _WITHOUT_CENTS and not exact else f"{amount:,.{decimals}f}"


@cache
def country_names() -> dict[str, str]:
    """Return the English name of each country and territory, by its ISO 3166-1 alpha-2 code.

    Examples
    --------
    >>> country_names()["TR"]
    'Türkiye'
    """
    territories = _LOCALE.territories.items()
    return {code: name for code, name in territories if re.fullmatch("[A-Z]{2}", code) and code not in _NO_TERRITORIES}


def country_name(code: str | None) -> str:
    """Return the name of a country; an unknown code stays unchanged, and None is empty text."""
    upper = str(code).strip().upper()
    return "" if code is None else country_names().get(ALIASES.get(upper, upper), plain(code, 24))


@cache
def _codes_by_name() -> dict[str, str]:
    """Return the codes of countries by their English names, in lower case."""
    return {name.casefold(): code for code, name in country_names().items()} | _OTHER_NAMES


def country_code_of(text: str) -> str | None:
    """Return the code of a country that is given by its code or its English name, ignoring case; None if unknown.

    Examples
    --------
    >>> country_code_of("germany"), country_code_of("uk"), country_code_of("Atlantis")
    ('DE', 'GB', None)
    """
    upper = text.strip().upper()
    code = ALIASES.get(upper, upper)
    return code if code in country_names() else _codes_by_name().get(text.strip().casefold().replace("'", "’"))


def place_name(city: str | None, code: str | None) -> str:
    """Return the name of a place: its city and country, as far as they are known.

    Examples
    --------
    >>> place_name("Lisbon", "PT"), place_name(None, None)
    ('Lisbon, Portugal', 'Unknown place')
    """
    return ", ".join(part for part in (plain(city or "", 60), country_name(code)) if part) or "Unknown place"


def duration(seconds: float) -> str:
    """Return a duration in its largest unit and the next smaller one, to the second.

    Examples
    --------
    >>> duration(2.5), duration(300), duration(200), duration(7_500), duration(90_000)
    ('2.5 s', '5 min', '3 min 20 s', '2 h 5 min', '1 d 1 h')
    """
    if round(seconds) < _MINUTE:
        return f"{seconds:.3g} s"
    rest, parts = round(seconds), []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        parts.append(f"{count:,} {unit}" if count else "")
    first = next(place for place, part in enumerate(parts) if part)
    return " ".join(filter(None, parts[first : first + 2]))


def age(seconds: float) -> str:
    """Return roughly how much time has passed, in the largest unit that fits at least twice, rounded down.

    Examples
    --------
    >>> age(40.2), age(119), age(3_500), age(200_000)
    ('40 s', '119 s', '58 min', '2 d')
    """
    size, unit = next((each for each in _UNITS if seconds >= 2 * each[0]), _UNITS[-1])
    return f"{int(seconds // size):,} {unit}"


def number(count: int, one: str, more: str | None = None) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> number(1, "visitor"), number(1_204, "visitor"), number(2, "currency", "currencies")
    ('1 visitor', '1,204 visitors', '2 currencies')
    """
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """Return names as running text.

    Examples
    --------
    >>> listed(["shop"]), listed(["shop", "blog", "docs"])
    ('shop', 'shop, blog and docs')
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def capitalized(words: str) -> str:
    """Return a text with its first letter capitalized, and the rest unchanged."""
    return words[:1].upper() + words[1:]


def quoted(name: object) -> str:
    """Quote a name for a message, shortened in case it is a page of text."""
    text = str(name)
    return repr(text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…")


def nearest(name: object, known: Iterable[str]) -> str:
    """Return a suggestion of the known name with the nearest spelling, as the end of a message; empty if none is near.

    Examples
    --------
    >>> nearest("contry", ["city", "country"])
    " Did you mean 'country'?"
    """
    found = get_close_matches(str(name)[:_LONGEST_NAME], [*known], n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


def plain(value: object, longest: int = _LONGEST) -> str:
    r"""Shorten a text and remove invisible characters. It must still be escaped wherever it becomes HTML.

    Examples
    --------
    >>> plain("  two\n words\u202e ", 80), plain("abcdef", 4)
    ('two words', 'abc…')
    """
    # Shortening before cleaning bounds the work on a text of any length.
    words = " ".join(_UNSEEN.sub(" ", str(value)[: 8 * longest]).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"
