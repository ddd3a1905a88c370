"""What is checked once, however it is used: a name of a time zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo


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
