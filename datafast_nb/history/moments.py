"""Moments before and after another moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from datafast_nb.checks import FIRST, LAST

MOMENT: Final = pl.Datetime("us", "UTC")


def before(when: datetime, time: timedelta) -> datetime:
    """Return the moment some time before another, or the first possible one."""
    return when - time if when - FIRST >= time else FIRST


def following(when: datetime) -> datetime:
    """Return the next moment, or the last possible one."""
    return min(when, LAST - timedelta.resolution) + timedelta.resolution
