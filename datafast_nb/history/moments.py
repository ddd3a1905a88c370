"""Moments as a person gives them."""

from __future__ import annotations

from datetime import UTC, datetime


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
    return when.astimezone(UTC)
