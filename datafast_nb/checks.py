"""What is checked once, however it is used: a name of a time zone, a length of time."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

_UNITS: Final = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def checked_duration(value: timedelta | str | float, name: str) -> timedelta:
    """Return a length of time, given as a timedelta, in seconds, or as text such as ``"30m"``.

    Raises
    ------
    ValueError
        It is not above 0, too long, or text that tells no time.
    TypeError
        It is none of these.

    Examples
    --------
    >>> checked_duration("30m", "within")
    datetime.timedelta(seconds=1800)
    """
    if isinstance(value, bool) or not isinstance(value, (timedelta, str, int, float)):
        raise TypeError(f"{name} takes a timedelta or text, such as {name}='30m', not {value!r:.60}.")
    try:
        found = value if isinstance(value, timedelta) else timedelta(seconds=_seconds(value))
    except (OverflowError, ValueError):  # what timedelta raises for too many seconds, and for what is no number
        found = timedelta(0)
    if found <= timedelta(0):
        raise ValueError(f"{name} is {value!r:.60}: give a time above 0, such as '10s', '30m', '12h' or '30d'.")
    return found


def _seconds(value: str | float) -> float:
    """Return the seconds that a text tells, 0 for one that tells none; a number alone is seconds."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|m|h|d|w)?", value.strip())
    return float(found[1]) * _UNITS[found[2] or "s"] if found else 0.0


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
    except (KeyError, OSError, TypeError, ValueError) as error:  # what ZoneInfo raises for what is no time zone
        raise ValueError(f"{name!r:.60} is no time zone; give one such as 'Europe/Berlin' or 'UTC'.") from error
