"""What a snapshot tells that the history does not know yet. Pure: frames in, frames out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import polars as pl

from datafast_nb.history.tables import MOMENT, POLLS, SCHEMAS, Rows
from datafast_nb.schema import VISITORS
from datafast_nb.snapshot import Snapshot

WINDOW: Final = timedelta(minutes=10)
"""How far back the endpoint shows what happened."""

REMEMBERED: Final = 6 * WINDOW
"""How long an event or a payment is held in memory; an older one is looked up in the table."""

Kind = Literal["events", "payments"]
IDS: Final[dict[Kind, str]] = {"events": "event_id", "payments": "payment_id"}

VISITOR_KEY: Final = ("visitor_id", "copy")
"""What tells visitors apart; `copy` counts those of one snapshot who share an id, or have none."""

_RECORD_KEY: Final = "_key"


@dataclass(frozen=True, slots=True)
class Known:
    """What a writer has to remember between two snapshots. Never changed, only replaced.

    Attributes
    ----------
    last : datetime or None
        The time of the last snapshot.
    states : polars.DataFrame
        The visitors of the last snapshot: `seen_at` (when this state began), `copy`, and ``schema.VISITORS``.
    events, payments : polars.DataFrame
        `_key` and `time` of those that were shown of late.
    """

    last: datetime | None
    states: pl.DataFrame
    events: pl.DataFrame
    payments: pl.DataFrame


class News(NamedTuple):
    """Rows to add to each table, and what is known once they are there."""

    rows: Rows
    known: Known


STATES: Final = pl.Schema({"seen_at": MOMENT, "copy": pl.Int64(), **VISITORS})
RECORDS: Final = pl.Schema({_RECORD_KEY: pl.String(), "time": MOMENT})

NOTHING: Final = Known(None, STATES.to_frame(), RECORDS.to_frame(), RECORDS.to_frame())


def time_of(snapshot: Snapshot) -> datetime:
    """Give the time of a snapshot to the millisecond: Delta Lake's statistics of a file are no finer."""
    when = snapshot.fetched_at
    return when.replace(microsecond=when.microsecond // 1000 * 1000)


def keyed(records: pl.LazyFrame, kind: Kind) -> pl.LazyFrame:
    """Add the key that a record is known by: its id; where it has none, its content and which one of its like it is."""
    content = pl.struct(pl.exclude("seen_at")).struct.json_encode()
    like = pl.col("_content").cum_count().over("_content").cast(pl.String)
    without = pl.lit("no id ") + like + pl.lit(" ") + pl.col("_content")
    return (
        records.with_columns(_content=pl.when(pl.col(IDS[kind]).is_null()).then(content))
        .with_columns(pl.coalesce(IDS[kind], without).alias(_RECORD_KEY))
        .drop("_content")
    )


def remembered(records: pl.LazyFrame, kind: Kind) -> pl.DataFrame:
    """Give what has to be known of stored records: their key and when they happened."""
    return keyed(records, kind).select(_RECORD_KEY, time=happened()).collect()


def happened() -> pl.Expr:
    """Give when an event or a payment happened; where the service did not say, when it was first seen."""
    return pl.coalesce(pl.col("timestamp").cast(MOMENT), "seen_at")


def shown_by(snapshot: Snapshot, kind: Kind) -> pl.DataFrame:
    """Give the events or payments of a snapshot, each once, with `seen_at`, `_key`, and the `time` they happened."""
    frame = snapshot.events if kind == "events" else snapshot.payments
    records = _seen(frame, time_of(snapshot))
    if frame[IDS[kind]].null_count():
        records = keyed(records.lazy(), kind).collect()
    else:
        records = records.with_columns(pl.col(IDS[kind]).alias(_RECORD_KEY))
    return records.unique(_RECORD_KEY, keep="first", maintain_order=True).with_columns(time=happened())


def fresh(shown: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Give the events or payments whose key is not known."""
    return shown.join(known, on=_RECORD_KEY, how="anti", maintain_order="left")


def news(snapshot: Snapshot, known: Known, shown: dict[Kind, pl.DataFrame], new: dict[Kind, pl.DataFrame]) -> News:
    """Put together what is new about the visitors, and the new ones of the events and payments that are shown."""
    when = time_of(snapshot)
    changes, states = _visitor_changes(snapshot, known.states)
    events = _still_known(shown["events"], known.events, when)
    payments = _still_known(shown["payments"], known.payments, when)
    poll = _poll(snapshot, states, _gap_since(shown["events"], known, when))
    return News(Rows(changes, new["events"], new["payments"], poll), Known(when, states, events, payments))


def _seen(frame: pl.DataFrame, when: datetime) -> pl.DataFrame:
    """Add the time of the poll, as first column."""
    return frame.select(pl.lit(when, MOMENT).alias("seen_at"), pl.all())


def _visitor_changes(snapshot: Snapshot, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the rows to store, and the state of each visitor who is here now."""
    copy = pl.int_range(pl.len(), dtype=pl.Int64).over("visitor_id")
    now = _seen(snapshot.visitors, time_of(snapshot)).with_columns(copy=copy).select(STATES.names())
    state = ["copy", *VISITORS.names()]
    same = before.join(now.select(state), on=state, how="semi", nulls_equal=True)
    different = now.join(before.select(state), on=state, how="anti", nulls_equal=True)
    session = [*VISITOR_KEY, "session_start_time"]
    here = before.select(session).with_columns(_here=pl.lit(value=True))
    changed = different.join(here, on=session, how="left", nulls_equal=True, maintain_order="left").with_columns(
        change=pl.when("_here").then(pl.lit("changed")).otherwise(pl.lit("appeared"))
    )
    gone = before.join(now, on=VISITOR_KEY, how="anti", nulls_equal=True).select(
        pl.lit(time_of(snapshot), MOMENT).alias("seen_at"), *session, change=pl.lit("left")
    )
    rows = pl.concat([SCHEMAS["visitors"].to_frame(), changed.drop("_here"), gone], how="diagonal")
    return rows, pl.concat([same, different])


def _still_known(shown: pl.DataFrame, known: pl.DataFrame, when: datetime) -> pl.DataFrame:
    """Forget what happened long ago, unless it is still shown."""
    recent = known.filter(pl.col("time") >= when - REMEMBERED)
    return pl.concat([shown.select(RECORDS.names()), recent]).unique(_RECORD_KEY)


def _poll(snapshot: Snapshot, states: pl.DataFrame, gap_since: datetime | None) -> pl.DataFrame:
    """Give the row that completes a snapshot."""
    baseline = snapshot.baseline
    row = {
        "seen_at": time_of(snapshot),
        "count": snapshot.count,
        "has_predictions": snapshot.has_predictions,
        "conversion_rate": baseline and baseline.conversion_rate,
        "average_value": baseline and baseline.average_value,
        "visitors": snapshot.visitors.height,
        "events": snapshot.events.height,
        "payments": snapshot.payments.height,
        "problems": snapshot.problems.height,
        "states_since": states["seen_at"].min(),
        "events_since": snapshot.events["timestamp"].min(),
        "payments_since": snapshot.payments["timestamp"].min(),
        "gap_since": gap_since,
    }
    return pl.DataFrame([row], schema=POLLS)


def _gap_since(shown: pl.DataFrame, known: Known, when: datetime) -> datetime | None:
    """Give the last moment before which nothing is missing, if something may be missing since.

    That is so when the last snapshot is longer ago than the endpoint's window, or when the endpoint should still show
    events which that one showed, and shows none of them: then its list was too short for what happened in between.
    """
    if known.last is None:
        return None
    reaches = when - WINDOW
    if known.last < reaches:
        return known.last
    expected = known.events.filter(pl.col("time") > reaches + WINDOW / 10)
    cut = shown.height and expected.height and not expected.join(shown, on=_RECORD_KEY, how="semi").height
    return known.last if cut else None
