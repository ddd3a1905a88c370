"""From the changes of visitors to their visits. Pure: frame in, frame out."""

from __future__ import annotations

import polars as pl

from datafast_nb.schema import VISITORS

_KEY = ("visitor_id", "session_start_time", "copy")


def sessions(changes: pl.LazyFrame) -> pl.LazyFrame:
    """Give one row for each visit, out of rows of the table ``visitors``."""
    # Leaving is a row with nothing but the key and its time.
    state = pl.col("change") != "left"
    seen = pl.col("seen_at")
    first = [pl.col(name).filter(state).min_by(seen.filter(state)) for name in VISITORS.names() if name not in _KEY]
    last_change, left_at = seen.filter(state).max(), seen.filter(~state).max()
    return (
        changes.group_by(_KEY)
        .agg(
            *first,
            first_seen=seen.filter(state).min(),
            last_change=last_change,
            left_at=pl.when(left_at > last_change).then(left_at),
            states=state.sum().cast(pl.Int64),
            exit_url=pl.col("current_url").filter(state).max_by(seen.filter(state)),
            became_customer=pl.col("is_customer").filter(state).max_by(seen.filter(state)).fill_null(value=False)
            & ~pl.col("is_customer").filter(state).min_by(seen.filter(state)).fill_null(value=False),
        )
        .filter(pl.col("states") > 0)
        .select(*VISITORS.names(), "first_seen", "last_change", "left_at", "states", "exit_url", "became_customer")
    )
