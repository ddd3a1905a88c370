"""Words and numbers of the page. All text from outside passes through `text`, as the last step."""

from __future__ import annotations

import math
from html import escape
from typing import Any, Final

from datafast_nb.text import age, money, place_name, plain

Row = dict[str, Any]

NOTHING: Final = "–"
_NOW: Final = "just now"
_LONGEST: Final = 80  # characters of any text
_ID_SHOWN: Final = 6  # characters that distinguish visitors without a name


def text(value: object, longest: int = _LONGEST) -> str:
    """Return any text as safe HTML: shortened, escaped, and isolated from the direction of the text around it."""
    words = "" if value is None else plain(value, longest)
    return f"<bdi>{escape(words)}</bdi>" if words else NOTHING


def name_of(row: Row) -> str:
    """Return the name of a visitor, or the beginning of their id."""
    name = next((row[key] for key in ("display_name", "customer_name") if row[key] and plain(row[key])), None)
    if name is not None:
        return text(name)
    tag = plain(row["visitor_id"] or "").strip("()")[:_ID_SHOWN]
    return text(f"Visitor {tag}")


def place(city: str | None, code: str | None) -> str:
    """Return the name of a place, as far as it is known."""
    return text(place_name(city, code) if city or code else "")


def price(amount: float | None, currency: str | None, *, exact: bool = False) -> str:
    """Return an amount in its currency, whose code may be any text."""
    return text(money(amount, plain(currency or "") or "no currency", exact=exact))


def ago(seconds: int | None) -> str:
    """Return how long ago something was; a time in the future counts as now."""
    return NOTHING if seconds is None else f"{age(seconds)} ago" if seconds >= 1 else _NOW


def stay(seconds: int | None) -> str:
    """Return how long a visitor has been on the site."""
    return NOTHING if seconds is None else age(seconds) if seconds >= 1 else _NOW


def is_finite(number: float | None) -> bool:
    """Return whether a number is known and finite."""
    return number is not None and math.isfinite(number)
