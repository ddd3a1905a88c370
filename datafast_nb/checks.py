"""Checks of values that a user passes: a choice, a number, a moment, a duration, a time zone.

Each check returns the value in its standard form, or raises an error that says what to pass instead.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from numbers import Integral, Real
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from datafast_nb.text import country_code_of, nearest, plain, quoted

Choice = TypeVar("Choice", bound=str)

FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
"""The first and the last moment that a datetime can hold."""

_UNITS: Final = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def checked_choice(value: object, known: Iterable[Choice], what: str) -> Choice:
    """Return a name, checked to be one of the known names.

    Parameters
    ----------
    value
        The given name.
    known
        The names that exist.
    what
        What the names stand for, in one word.

    Raises
    ------
    ValueError
        The name is unknown.

    Examples
    --------
    >>> checked_choice("visitors", ["visitors", "share"], "measure")
    'visitors'
    >>> checked_choice("vistors", ["visitors", "share"], "measure")
    Traceback (most recent call last):
    ValueError: There is no measure 'vistors'. Did you mean 'visitors'? There are: visitors, share.
    """
    names = list(known)
    for name in names:
        if name == value:
            return name
    raise ValueError(f"There is no {what} {quoted(value)}.{nearest(value, names)} There are: {', '.join(names)}.")


def checked_country(value: str) -> str:
    """Return a value to compare ``country_code`` with; refuse a country that is not given by its code.

    Raises
    ------
    ValueError
        It is the name of a country, or its code in another form than the column's. Other text is valid: it stands for
        no country.

    Examples
    --------
    >>> checked_country("Germany")
    Traceback (most recent call last):
    ValueError: country_code holds two-letter codes: use 'DE' for Germany.
    """
    code = country_code_of(value)
    if code not in (None, value):
        raise ValueError(f"country_code holds two-letter codes: use {code!r} for {plain(value, 40)}.")
    return value


def checked_number(value: object, name: str) -> float:
    """Return a number of any kind as a float, even if it is not finite.

    Raises
    ------
    TypeError
        It is not a number.

    Examples
    --------
    >>> checked_number(460, "height")
    460.0
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r:.60}: it must be a number.")
    try:
        return float(value)
    except OverflowError:  # a whole number beyond what a float can hold
        return math.inf if value == abs(value) else -math.inf


def checked_between(value: object, name: str, least: float, most: float, unit: str = "") -> float:
    """Return a number between two bounds, inclusive; `unit` is the word for what it counts.

    Raises
    ------
    TypeError
        It is not a number.
    ValueError
        It is out of bounds, or not a number (NaN).

    Examples
    --------
    >>> checked_between(2, "scale", 0.1, 10)
    2.0
    """
    number = checked_number(value, name)
    if not least <= number <= most:
        raise ValueError(f"{name} is {number:g}: it must be from {least:,g} to {f'{most:,g} {unit}'.strip()}.")
    return number


def checked_positive(value: object, name: str, most: float = sys.float_info.max) -> float:
    """Return a finite number above 0, up to a given maximum.

    Raises
    ------
    TypeError
        It is not a number.
    ValueError
        It is not above 0, is too large, or is not a number (NaN).

    Examples
    --------
    >>> checked_positive(60, "speed")
    60.0
    """
    number = checked_number(value, name)
    if not 0 < number <= most:
        limit = "" if most == sys.float_info.max else f" up to {most:,.0f}"
        raise ValueError(f"{name} is {number:g}; give a positive number{limit}.")
    return number


def checked_whole(value: object, name: str, least: int, most: float = math.inf) -> int:
    """Return a whole number between two bounds, inclusive.

    Raises
    ------
    TypeError
        It is not a whole number.
    ValueError
        It is out of bounds.

    Examples
    --------
    >>> checked_whole(10, "top", 1)
    10
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} takes a whole number, such as {name}=10, not {value!r:.60}.")
    number = int(value)
    if not least <= number <= most:
        limit = " or more" if most == math.inf else f" to {most:,}"
        raise ValueError(f"{name} is {value!r:.60}; give {least:,}{limit}.")
    return number


def checked_duration(value: timedelta | str | float, name: str, *, zero: bool = False) -> timedelta:
    """Return a duration, given as a timedelta, in seconds, or as text such as ``"30m"``.

    Parameters
    ----------
    value
        The given duration.
    name
        The name of the parameter.
    zero
        Whether a duration of 0 is valid, too.

    Raises
    ------
    ValueError
        It is not above 0 (or 0, if that is valid), is too long, or is text that is not a duration.
    TypeError
        It is of another type.

    Examples
    --------
    >>> checked_duration("30m", "within")
    datetime.timedelta(seconds=1800)
    """
    if isinstance(value, bool) or not isinstance(value, (timedelta, str, Real)):
        raise TypeError(f"{name} takes a timedelta, seconds or text, such as {name}='30m', not {value!r:.60}.")
    try:
        found = value if isinstance(value, timedelta) else timedelta(seconds=_seconds(value))
    except (OverflowError, ValueError):  # what timedelta raises for too many seconds, and for NaN
        found = None
    if found is None or found < timedelta(0) or not (found or zero):
        valid = "a time of 0 or more" if zero else "a time above 0"
        raise ValueError(f"{name} is {value!r:.60}: give {valid}, such as '10s', '30m', '12h' or '30d'.")
    return found


def _seconds(value: str | Real) -> float:
    """Return the seconds of a duration given as text, or NaN if it is not one; a number without a unit is seconds."""
    if not isinstance(value, str):
        return float(value)
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|m|h|d|w)?", value.strip())
    return float(found[1]) * _UNITS[found[2] or "s"] if found else math.nan


def in_utc(when: object, name: str) -> datetime:
    """Return a moment in UTC.

    Raises
    ------
    TypeError
        It is not a datetime.
    ValueError
        It has no time zone, so it is ambiguous.

    Examples
    --------
    >>> from datetime import datetime
    >>> in_utc(datetime.fromisoformat("2026-07-01T14:00+02:00"), "start").hour
    12
    """
    if not isinstance(when, datetime):
        raise TypeError(f"{name} takes a datetime with a time zone, not {when!r:.60}.")
    if when.tzinfo is None:
        raise ValueError(f"{name} has no time zone; give one, such as {name}.astimezone() for that of this computer.")
    try:
        return when.astimezone(UTC)
    except OverflowError:  # in UTC it is before year 1 or after year 9999
        return LAST if when.year == LAST.year else FIRST


def checked_callable(value: object, taker: str) -> None:
    """Refuse a value that can't be called; `taker` is the name of the method that takes it.

    Raises
    ------
    TypeError
        It can't be called.

    Examples
    --------
    >>> checked_callable(3, "on_update")
    Traceback (most recent call last):
    TypeError: on_update needs a function, not int.
    """
    if not callable(value):
        raise TypeError(f"{taker} needs a function, not {type(value).__name__}.")


def checked_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises
    ------
    ValueError
        There is no such time zone.

    Examples
    --------
    >>> checked_zone("Europe/Berlin")
    'Europe/Berlin'
    """
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError, TypeError, ValueError) as error:  # what ZoneInfo raises for an unknown time zone
        raise ValueError(f"{name!r:.60} is not a time zone; give one such as 'Europe/Berlin' or 'UTC'.") from error
