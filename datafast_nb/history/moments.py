"""Moments before and after another moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from datafast_nb.checks import FIRST, LAST

MOMENT: Final = pl.Datetime("us", "UTC")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def literal(when: datetime | None) -> pl.Expr:
    """Return a moment, or none, as an expression. Polars takes thirty times as long to read one from Python.

    Examples
    --------
    >>> pl.select(literal(_EPOCH + timedelta(microseconds=1))).item()
    datetime.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=zoneinfo.ZoneInfo(key='UTC'))
    """
    microseconds = None if when is None else (when - _EPOCH) // timedelta.resolution
    return pl.lit(microseconds, pl.Int64).cast(MOMENT)


def before(when: datetime, time: timedelta) -> datetime:
    """Return the moment some time before another, or the first possible one."""
    return when - time if when - FIRST >= time else FIRST


def following(when: datetime) -> datetime:
    """Return the next moment, or the last possible one."""
    return min(when, LAST - timedelta.resolution) + timedelta.resolution
