"""A site whose every text was written by strangers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from datafast_nb import Snapshot
from datafast_nb.schema import EVENTS, PAYMENTS, TIMESTAMP, VISITORS
from tests.livemap.sources import NOON, written_by_strangers


def scene(text: str, *, paid: int = 0) -> Snapshot:
    """Put a text into every field: three visitors, two of them at one place, with an event each, and payments."""
    ids: Any = pl.format("v{}", pl.int_range(3))
    when = pl.lit(NOON - timedelta(seconds=9)).cast(TIMESTAMP)
    visitors = written_by_strangers(VISITORS, text, 3).with_columns(
        visitor_id=ids,
        latitude=pl.Series([18.0, 18.0, -12.0]),
        longitude=pl.Series([19.0, 19.0, -77.0]),
        score=pl.lit(70.0),
        dimension_matches=pl.concat_list(pl.lit(text)),
    )
    events = written_by_strangers(EVENTS, text, 3).with_columns(visitor_id=ids, timestamp=when)
    payments = written_by_strangers(PAYMENTS, text, paid).with_columns(amount=pl.lit(9.0), timestamp=when)
    return Snapshot(visitors, events, payments, fetched_at=NOON)
