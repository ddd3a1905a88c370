"""Words and numbers of the page. Whatever a stranger wrote goes through `text`, at the last step."""

from __future__ import annotations

import math
from html import escape
from typing import Any, Final

from datafast_nb.text import age, money, place_name, plain

Row = dict[str, Any]

NOTHING: Final = "–"
_NOW: Final = "just now"
_LONGEST: Final = 80  # characters of any text
_ID_SHOWN: Final = 6  # characters that tell nameless visitors apart


def text(value: object, longest: int = _LONGEST) -> str:
    """Make any text safe inside HTML: cut, escaped, and unable to turn its surroundings right to left."""
    words = "" if value is None else plain(value, longest)
    return f"<bdi>{escape(words)}</bdi>" if words else NOTHING


def name_of(row: Row) -> str:
    """Name a visitor, if only by the beginning of an id."""
    name = next((row[key] for key in ("display_name", "customer_name") if row[key] and plain(row[key])), None)
    if name is not None:
        return text(name)
    tag = plain(row["visitor_id"] or "").strip("()")[:_ID_SHOWN]
    return text(f"Visitor {tag}")


def place(city: str | None, code: str | None) -> str:
    """Name a place, as far as it is known."""
    return text(place_name(city, code) if city or code else "")


def price(amount: float | None, currency: str | None, *, exact: bool = False) -> str:
    """Give an amount in its currency, whose code may be any text."""
    return text(money(amount, plain(currency or "") or "no currency", exact=exact))


def ago(seconds: int | None) -> str:
    """Say how long ago something was; clocks that run ahead make it now."""
    return NOTHING if seconds is None else f"{age(seconds)} ago" if seconds >= 1 else _NOW


def stay(seconds: int | None) -> str:
    """Say for how long somebody has been here."""
    return NOTHING if seconds is None else age(seconds) if seconds >= 1 else _NOW


def is_finite(number: float | None) -> bool:
    """Say whether a number is one."""
    return number is not None and math.isfinite(number)
