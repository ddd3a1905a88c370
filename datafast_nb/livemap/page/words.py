"""Words and numbers of the page. Whatever a stranger wrote goes through `text`, at the last step."""

from __future__ import annotations

import math
from html import escape
from typing import Any, Final

from datafast_nb.text import money, place_name, plain

Row = dict[str, Any]

NOTHING: Final = "–"
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


def number(count: int, one: str, more: str = "") -> str:
    """Give a count with its noun."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def ago(seconds: int | None) -> str:
    """Say how long ago something was; clocks that run ahead make it now."""
    return duration(seconds) + (" ago" if seconds is not None and seconds >= 1 else "")


def duration(seconds: int | None) -> str:
    """Give a duration in its natural unit."""
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return "just now"
    for unit, size, least in (("days", 86_400, 2), ("h", 3_600, 2), ("min", 60, 1)):
        if seconds >= least * size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} s"


def is_finite(number: float | None) -> bool:
    """Say whether a number is one."""
    return number is not None and math.isfinite(number)
