"""Moments as a person gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)


def in_utc(when: object, name: str) -> datetime:
    """Give a moment in UTC, or refuse one that could mean several.

    Raises
    ------
    TypeError
        It is no datetime.
    ValueError
        It has no time zone.
    """
    if not isinstance(when, datetime):
        raise TypeError(f"{name} takes a datetime with a time zone, not {when!r:.60}.")
    if when.tzinfo is None:
        raise ValueError(f"{name} has no time zone; give one, such as {name}.astimezone() for that of this computer.")
    try:
        return when.astimezone(UTC)
    except OverflowError:  # in UTC it is before the year 1, or after 9999
        return LAST if when.year == LAST.year else FIRST


def before(when: datetime, time: timedelta) -> datetime:
    """Give the moment some time before another, or the first that there is."""
    return when - time if when - FIRST >= time else FIRST


def following(when: datetime) -> datetime:
    """Give the moment that comes next, or the last that there is."""
    return min(when, LAST - timedelta.resolution) + timedelta.resolution
