"""Turns the changes of visitors into visits. Pure: frame in, frame out."""

from __future__ import annotations

import polars as pl

from datafast_nb.history.moments import MOMENT
from datafast_nb.schema import VISITORS

_KEY = ("visitor_id", "session_start_time", "copy")


def sessions(changes: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row for each visit, from rows of the table ``visitors``."""
    # A visit without a start time begins whenever its visitor appears.
    appearance = (pl.col("change") == "appeared").cast(pl.Int64).cum_sum().over(_KEY, order_by="seen_at")
    # A row for leaving has only the key and its time. It has no `_state`, so it is never the first or last state.
    seen, state = pl.col("seen_at"), pl.col("_state")
    left_at = pl.col("_left").max()
    return (
        changes.with_columns(
            _visit=pl.when(pl.col("session_start_time").is_null()).then(appearance),
            _state=pl.when(pl.col("change") != "left").then(seen),
            _left=pl.when(pl.col("change") == "left").then(seen),
        )
        .group_by(*_KEY, "_visit")
        .agg(
            pl.col(name for name in VISITORS.names() if name not in _KEY).min_by(state),
            first_seen=state.min(),
            last_change=state.max(),
            left_at=pl.when(left_at > state.max()).then(left_at),
            states=state.count().cast(pl.Int64),
            exit_url=pl.col("current_url").max_by(state),
            became_customer=pl.col("is_customer").max_by(state).fill_null(value=False)
            & ~pl.col("is_customer").min_by(state).fill_null(value=False),
        )
        .filter(pl.col("states") > 0)
        .select(*VISITORS.names(), "first_seen", "last_change", "left_at", "states", "exit_url", "became_customer")
    )


def began() -> pl.Expr:
    """Return when a visit began, in a frame of sessions: never after it was first seen, whatever the service says."""
    return pl.min_horizontal(pl.col("session_start_time").cast(MOMENT), "first_seen")
