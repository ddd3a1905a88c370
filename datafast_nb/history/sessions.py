"""Turns the changes of visitors into visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from datafast_nb.history.moments import MOMENT
from datafast_nb.schema import VISITORS

_KEY: Final = ("visitor_id", "session_start_time", "copy")
_CONTINUED: Final = pl.Schema(
    {
        "last_change": MOMENT,
        "left_at": MOMENT,
        "states": pl.Int64(),
        "exit_url": pl.String(),
        "became_customer": pl.Boolean(),
    }
)
"""The columns that come from later rows of a visit than its first."""

_ALONE: Final = pl.QueryOptFlags(comm_subplan_elim=False)
"""Each part of a query reads the few columns and rows that it needs, which is less than all of them once."""


def sessions(changes: pl.LazyFrame, *, complete: bool = False) -> pl.LazyFrame:
    """Return one row for each visit, from rows of the table ``visitors``.

    What is not asked for is neither read nor computed: most questions are about the first state of each visit, and need
    one row in five.

    Parameters
    ----------
    changes
        The rows.
    complete
        Whether they go back to the beginning, so that the first row of each visit is the one that says ``appeared``.
    """
    given = changes.collect_schema()
    schema = {**{name: given[name] for name in VISITORS}, "first_seen": MOMENT, **_CONTINUED}

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, limit: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = list(schema) if columns is None else columns
        needed = {*wanted, *(() if predicate is None else predicate.meta.root_names())}
        visits = _states(changes, complete=complete)
        visits = _first(visits) if needed.isdisjoint(_CONTINUED) else _joined(visits, _continued(changes))
        found = (visits if predicate is None else visits.filter(predicate)).select(wanted)
        yield (found if limit is None else found.head(limit)).collect(optimizations=_ALONE)

    return register_io_source(read, schema=schema, is_pure=True)


def _states(changes: pl.LazyFrame, *, complete: bool) -> pl.LazyFrame:
    """Return the states among which the first one of each visit is."""
    change = pl.col("change")
    states = changes.filter(change == "appeared" if complete else change != "left")
    return _with_visit(states).rename({"seen_at": "first_seen"})


def _first(states: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the first state of each visit: a visitor who comes back to a visit appears again in it."""
    return states.filter(pl.col("first_seen") == pl.col("first_seen").min().over("_visit"))


def _joined(states: pl.LazyFrame, continued: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the first state of each visit, and add how the visit continued."""
    was_customer = pl.col("is_customer").fill_null(value=False)
    return states.join(continued, on=["_visit", "first_seen"]).with_columns(
        became_customer=pl.col("became_customer").fill_null(value=False) & ~was_customer
    )


def _continued(changes: pl.LazyFrame) -> pl.LazyFrame:
    """Return when each visit was first seen, how it continued, and whether its visitor was a customer at the end."""
    # A row for leaving has only the key and its time. It has no `_state`, so it is never the first or last state.
    seen, state = pl.col("seen_at"), pl.col("_state")
    left_at = pl.col("_left").max()
    return (
        _with_visit(changes.select(*_KEY, "seen_at", "change", "current_url", "is_customer"))
        .with_columns(
            _state=pl.when(pl.col("change") != "left").then(seen),
            _left=pl.when(pl.col("change") == "left").then(seen),
        )
        .group_by("_visit")
        .agg(
            first_seen=state.min(),
            last_change=state.max(),
            left_at=pl.when(left_at > state.max()).then(left_at),
            states=state.count().cast(pl.Int64),
            exit_url=pl.col("current_url").max_by(state),
            became_customer=pl.col("is_customer").max_by(state),
        )
    )


def _with_visit(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add the visit of each row as a hash, which is grouped and joined many times faster than three columns.

    The hash has 64 bits: of ten million visits, two have the same with a chance of 3 in a million. Visits without a
    start time begin whenever their visitor appears.
    """
    has_start = pl.col("session_start_time").is_not_null()
    appearance = (pl.col("change") == "appeared").cast(pl.Int64).cum_sum().over(_KEY, order_by="seen_at")
    return pl.concat(
        [
            rows.filter(has_start).with_columns(_visit=pl.struct(_KEY).hash()),
            rows.filter(~has_start).with_columns(_visit=pl.struct(*_KEY, appearance.alias("_appearance")).hash()),
        ]
    )


def began() -> pl.Expr:
    """Return when a visit began, in a frame of sessions: never after it was first seen, whatever the service says."""
    return pl.min_horizontal(pl.col("session_start_time").cast(MOMENT), "first_seen")
