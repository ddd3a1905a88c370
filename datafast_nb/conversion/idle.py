"""How long the visitors of a snapshot have been idle."""

from __future__ import annotations

from typing import Final

import polars as pl

from datafast_nb.conversion.frames import once
from datafast_nb.snapshot import Snapshot

MOST_IDLE: Final = 2.0
"""Minutes after which an idle visitor counts as gone, unless a model knows better."""


def with_idle(snapshot: Snapshot) -> pl.DataFrame:
    """Return each visitor of a snapshot once, with `minutes_idle` since their last event.

    Without an event in the snapshot, it is the time since the visit began; null if that is not known.
    """
    visitors, events = once(snapshot.visitors), snapshot.events
    whose = [name for name in ("site", "visitor_id") if name in visitors.columns]
    last = events.group_by(whose).agg(_last=pl.col("timestamp").max())
    active = pl.max_horizontal("_last", "session_start_time")
    idle = (pl.lit(snapshot.fetched_at) - active).dt.total_milliseconds() / 60_000
    known = visitors.join(last, on=whose, how="left", maintain_order="left")
    return known.with_columns(minutes_idle=idle.clip(0.0)).drop("_last")
