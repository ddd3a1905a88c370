"""Rebuilds a snapshot from stored rows. Pure: frames in, snapshot out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from datafast_nb.history.changes import IDS, STATES, VISITOR_KEY, Kind
from datafast_nb.history.moments import MOMENT, literal
from datafast_nb.history.tables import RETIMED, as_given
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from datafast_nb.snapshot import Baseline, Snapshot


def states_at(visitors: pl.LazyFrame, when: datetime, since: datetime | None) -> pl.DataFrame:
    """Return the state of each visitor who was present at a moment, from rows that reach back to `since`."""
    if since is None:
        return STATES.to_frame()
    rows = visitors.filter(pl.col("seen_at").is_between(literal(since), literal(when)))
    latest = rows.sort("seen_at").unique(VISITOR_KEY, keep="last", maintain_order=True)
    return as_given(latest.filter(pl.col("change") != "left")).select(STATES.names()).collect()


def snapshot_at(poll: dict[str, Any], visitors: pl.LazyFrame, events: pl.LazyFrame, payments: pl.LazyFrame) -> Snapshot:
    """Return the snapshot of a row of the polls."""
    when: datetime = poll["seen_at"]
    averages = (poll["conversion_rate"], poll["average_value"])
    return Snapshot(
        states_at(visitors, when, poll["states_since"]).select(VISITORS.names()),
        _shown(events, poll, "events", EVENTS),
        _shown(payments, poll, "payments", PAYMENTS),
        count=poll["count"],
        has_predictions=poll["has_predictions"],
        baseline=None if averages == (None, None) else Baseline(*averages),
        fetched_at=when,
    )


def _shown(records: pl.LazyFrame, poll: dict[str, Any], kind: Kind, schema: pl.Schema) -> pl.DataFrame:
    """Return the events or payments that were shown at a moment, newest first, and those without a time last."""
    if not poll[kind]:
        return schema.to_frame()
    id_ = IDS[kind]
    again = pl.LazyFrame(poll[f"{kind}_retimed"] or [], schema=RETIMED.inner.to_schema())  # type: ignore[union-attr]
    then = again.select(pl.col("id").alias(id_), _then="timestamp", _again=pl.lit(value=True))
    time = pl.when("_again").then("_then").otherwise(pl.col("timestamp").cast(MOMENT))
    since = literal(poll[f"{kind}_since"])
    rows = (
        records.filter(pl.col("seen_at") <= literal(poll["seen_at"]))
        .join(then, on=id_, how="left", maintain_order="left")
        .with_columns(_time=time)
        .filter(pl.col("_time").is_null() | (pl.col("_time") >= since))
    )
    order = (pl.col("_time").is_null(), pl.coalesce("_time", "seen_at"))
    newest = rows.sort(*order, descending=[False, True], maintain_order=True).head(poll[kind])
    return as_given(newest).select(schema.names()).collect()
