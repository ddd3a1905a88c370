"""Turns the changes of visitors into visits. Pure: frame in, frame out."""

from __future__ import annotations

import polars as pl

from datafast_nb.history.moments import MOMENT
from datafast_nb.schema import VISITORS

_KEY = ("visitor_id", "session_start_time", "copy")


def sessions(changes: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row for each visit, from rows of the table ``visitors``."""
    # Grouping reads only a few columns. The others come from the row of each visit's first state, found by its number.
    rows = changes.with_row_index("_row")
    first = _visits(rows)
    columns = [*VISITORS.names(), "first_seen", "last_change", "left_at", "states", "exit_url", "became_customer"]
    return rows.select(*VISITORS.names(), "_row").join(first, on="_row").select(columns)


def _visits(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the number of each visit's first row, and how the visit continued."""
    # A row for leaving has only the key and its time. It has no `_state`, so it is never the first or last state.
    seen, state = pl.col("seen_at"), pl.col("_state")
    left_at = pl.col("_left").max()
    return (
        _with_visit(rows)
        .with_columns(
            _state=pl.when(pl.col("change") != "left").then(seen),
            _left=pl.when(pl.col("change") == "left").then(seen),
        )
        .group_by(*_KEY, "_visit")
        .agg(
            pl.col("_row").min_by(state),
            first_seen=state.min(),
            last_change=state.max(),
            left_at=pl.when(left_at > state.max()).then(left_at),
            states=state.count().cast(pl.Int64),
            exit_url=pl.col("current_url").max_by(state),
            became_customer=pl.col("is_customer").max_by(state).fill_null(value=False)
            & ~pl.col("is_customer").min_by(state).fill_null(value=False),
        )
        .filter(pl.col("states") > 0)
        .drop(*_KEY, "_visit")
    )


def _with_visit(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Tell visits without a start time apart: they begin whenever their visitor appears."""
    has_start = pl.col("session_start_time").is_not_null()
    appearance = (pl.col("change") == "appeared").cast(pl.Int64).cum_sum().over(_KEY, order_by="seen_at")
    columns = (*_KEY, "_row", "seen_at", "change", "current_url", "is_customer")
    return pl.concat(
        [
            rows.filter(has_start).select(*columns, _visit=pl.lit(None, pl.Int64)),
            rows.filter(~has_start).select(*columns, _visit=appearance),
        ]
    )


def began() -> pl.Expr:
    """Return when a visit began, in a frame of sessions: never after it was first seen, whatever the service says."""
    return pl.min_horizontal(pl.col("session_start_time").cast(MOMENT), "first_seen")
