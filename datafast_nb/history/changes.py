"""Finds what is new in a snapshot. Pure: frames in, frames out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import polars as pl

from datafast_nb.history.moments import MOMENT, before
from datafast_nb.history.tables import POLLS, SCHEMAS, Rows
from datafast_nb.schema import VISITORS, WINDOW
from datafast_nb.snapshot import Snapshot

REMEMBERED: Final = 6 * WINDOW
"""How long an event or a payment is kept in memory; for older ones, only the hash of the id is kept."""

RESTATED: Final = 6 * WINDOW
"""After how long an unchanged state is written again, so that no moment depends on much older rows."""

Kind = Literal["events", "payments"]
IDS: Final[dict[Kind, str]] = {"events": "event_id", "payments": "payment_id"}

STILL: Final = "still"
"""The `change` of a row that only repeats a state."""

VISITOR_KEY: Final = ("visitor_id", "copy")
"""The columns that identify a visitor; `copy` numbers the visitors of one snapshot who share an id or have none."""

_RECORD_KEY: Final = "_key"
_TIME: Final = pl.col("timestamp").cast(MOMENT)


@dataclass(frozen=True, slots=True)
class Known:
    """What a writer must remember between two snapshots. It is immutable.

    Attributes
    ----------
    last : datetime or None
        The time of the last snapshot.
    states : polars.DataFrame
        The visitors of the last snapshot: `seen_at` (when this state was last written), `copy`, and the columns of
        ``schema.VISITORS``.
    events, payments : polars.DataFrame
        Those that were shown lately: their `_key`, the `time` at which they happened as last reported, and the
        `timestamp` that is stored.
    ids : dict
        The hashes of all ids of events and payments that were ever stored, eight bytes each. An id whose hash is not
        among them is new; otherwise it must be looked up.
    """

    last: datetime | None
    states: pl.DataFrame
    events: pl.DataFrame
    payments: pl.DataFrame
    ids: dict[Kind, pl.Series]


class News(NamedTuple):
    """The rows to add to each table, and what is known once they are stored."""

    rows: Rows
    known: Known


STATES: Final = pl.Schema({"seen_at": MOMENT, "copy": pl.Int64(), **VISITORS})
RECORDS: Final = pl.Schema({_RECORD_KEY: pl.String(), "time": MOMENT, "timestamp": MOMENT})

NO_IDS: Final = pl.Series(dtype=pl.UInt64)
NOTHING: Final = Known(
    None, STATES.to_frame(), RECORDS.to_frame(), RECORDS.to_frame(), {"events": NO_IDS, "payments": NO_IDS}
)


def time_of(snapshot: Snapshot) -> datetime:
    """Return the time of a snapshot to the millisecond, which is the precision of Delta Lake's file statistics."""
    when = snapshot.fetched_at
    return when.replace(microsecond=when.microsecond // 1000 * 1000)


def keyed(records: pl.LazyFrame, kind: Kind) -> pl.LazyFrame:
    """Add the key of each record: its id or, without one, its content and its number among equal records."""
    content = pl.struct(pl.exclude("seen_at")).struct.json_encode()
    like = pl.col("_content").cum_count().over("_content").cast(pl.String)
    without = pl.lit("no id ") + like + pl.lit(" ") + pl.col("_content")
    return (
        records.with_columns(_content=pl.when(pl.col(IDS[kind]).is_null()).then(content))
        .with_columns(pl.coalesce(IDS[kind], without).alias(_RECORD_KEY))
        .drop("_content")
    )


def remembered(records: pl.LazyFrame, kind: Kind) -> pl.DataFrame:
    """Return what to remember of stored records: their key, when they happened, and their stored time."""
    return keyed(records, kind).select(_RECORD_KEY, time=happened(), timestamp=_TIME).collect()


def happened() -> pl.Expr:
    """Return when an event or a payment happened or, if the service did not say, when it was first seen."""
    return pl.coalesce(_TIME, "seen_at")


def shown_by(snapshot: Snapshot, kind: Kind) -> pl.DataFrame:
    """Return the distinct events or payments of a snapshot, with `seen_at`, `_key`, and the `time` they happened."""
    frame = snapshot.events if kind == "events" else snapshot.payments
    records = _seen(frame, time_of(snapshot))
    if frame[IDS[kind]].null_count():
        records = keyed(records.lazy(), kind).collect()
    else:
        records = records.with_columns(pl.col(IDS[kind]).alias(_RECORD_KEY))
    return records.unique(_RECORD_KEY, keep="first", maintain_order=True).with_columns(time=happened())


def fresh(shown: pl.DataFrame, known: Known, kind: Kind) -> pl.DataFrame:
    """Return the events or payments whose key is not known."""
    return shown.join(getattr(known, kind), on=_RECORD_KEY, how="anti", maintain_order="left")


def hashed_ids(records: pl.LazyFrame, kind: Kind) -> pl.Series:
    """Return the hashes of the ids of records."""
    return records.select(pl.col(IDS[kind]).drop_nulls().hash()).collect().to_series()


def doubtful(shown: pl.DataFrame, known: Known, kind: Kind) -> pl.DataFrame:
    """Return the records that may have been stored long ago, which must be looked up in the table."""
    new = fresh(shown, known, kind)
    hashes = pl.Series(new[IDS[kind]].hash())
    met = known.ids[kind].filter(known.ids[kind].is_in(hashes.implode()))
    long_ago = pl.lit(value=True) if known.last is None else happened() < before(known.last, REMEMBERED)
    without = pl.col(IDS[kind]).is_null() & (pl.col("timestamp").is_null() | long_ago)
    return new.filter(hashes.is_in(met.implode()) | without)


def news(
    snapshot: Snapshot,
    known: Known,
    shown: dict[Kind, pl.DataFrame],
    gap_since: datetime | None = None,
) -> News:
    """Combine the changes of visitors with the new events and payments.

    `gap_since` is the start of a gap that the times of the snapshots do not show.
    """
    when = time_of(snapshot)
    changes, states = _visitor_changes(snapshot, known.states)
    new = {kind: fresh(shown[kind], known, kind) for kind in IDS}
    stored: dict[Kind, pl.DataFrame] = {kind: pl.concat([getattr(known, kind), _records(new[kind])]) for kind in IDS}
    still = {kind: _still_known(shown[kind], stored[kind], when) for kind in IDS}
    ids = {kind: _and_ids_of(new[kind], known.ids[kind], kind) for kind in IDS}
    reach = {
        "states_since": states["seen_at"].min(),
        "events_since": snapshot.events["timestamp"].min(),
        "payments_since": snapshot.payments["timestamp"].min(),
        "gap_since": gap_since or _gap_since(shown["events"], known, when),
        **{f"{kind}_retimed": _retimed(shown[kind], stored[kind], kind) for kind in IDS},
    }
    rows = Rows(changes, new["events"], new["payments"], _poll(snapshot, reach))
    return News(rows, Known(when, states, **still, ids=ids))


def _and_ids_of(new: pl.DataFrame, ids: pl.Series, kind: Kind) -> pl.Series:
    """Add the hashes of new ids."""
    return pl.concat([ids, hashed_ids(new.lazy(), kind)], rechunk=True) if new.height else ids


def _seen(frame: pl.DataFrame, when: datetime) -> pl.DataFrame:
    """Add the time of the poll as the first column."""
    return frame.select(pl.lit(when, MOMENT).alias("seen_at"), pl.all())


def _visitor_changes(snapshot: Snapshot, earlier: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows to store, and the state of each visitor who is present now."""
    when = time_of(snapshot)
    copy = pl.int_range(pl.len(), dtype=pl.Int64).over("visitor_id")
    now = _seen(snapshot.visitors, when).with_columns(copy=copy).select(STATES.names())
    state = ["copy", *VISITORS.names()]
    same = earlier.join(now.select(state), on=state, how="semi", nulls_equal=True)
    different = now.join(earlier.select(state), on=state, how="anti", nulls_equal=True)
    session = [*VISITOR_KEY, "session_start_time"]
    here = earlier.select(session).with_columns(_here=pl.lit(value=True))
    changed = different.join(here, on=session, how="left", nulls_equal=True, maintain_order="left").with_columns(
        change=pl.when("_here").then(pl.lit("changed")).otherwise(pl.lit("appeared"))
    )
    gone = earlier.join(now, on=VISITOR_KEY, how="anti", nulls_equal=True).select(
        pl.lit(when, MOMENT).alias("seen_at"), *session, change=pl.lit("left")
    )
    old = pl.col("seen_at") <= before(when, RESTATED)
    still = same.filter(old).with_columns(seen_at=pl.lit(when, MOMENT))
    added = [changed.drop("_here"), still.with_columns(change=pl.lit(STILL)), gone]
    rows = pl.concat([SCHEMAS["visitors"].to_frame(), *added], how="diagonal")
    return rows, pl.concat([same.filter(~old), still, different])


def _records(shown: pl.DataFrame) -> pl.DataFrame:
    """Return what to remember of records that are stored as shown now."""
    return shown.select(_RECORD_KEY, "time", timestamp=_TIME)


def _still_known(shown: pl.DataFrame, stored: pl.DataFrame, when: datetime) -> pl.DataFrame:
    """Forget what happened long ago, unless it is still shown."""
    now = shown.select(_RECORD_KEY, "time").join(stored.select(_RECORD_KEY, "timestamp"), on=_RECORD_KEY)
    recent = stored.filter(pl.col("time") >= before(when, REMEMBERED))
    return pl.concat([now, recent]).unique(_RECORD_KEY, keep="first")


def _retimed(shown: pl.DataFrame, stored: pl.DataFrame, kind: Kind) -> list[dict[str, Any]] | None:
    """Return the records whose shown time differs from the stored one: their `id`, and the shown `timestamp`."""
    both = shown.select(_RECORD_KEY, IDS[kind], now=_TIME).join(stored, on=_RECORD_KEY)
    moved = both.filter(pl.col("now").ne_missing(pl.col("timestamp")))
    return moved.select(id=IDS[kind], timestamp="now").to_dicts() or None


def _poll(snapshot: Snapshot, reach: dict[str, Any]) -> pl.DataFrame:
    """Return the row that completes a snapshot, from the snapshot and how far back its rows reach."""
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
        "problems": snapshot.problem_count,
        **reach,
    }
    return pl.DataFrame([row], schema=POLLS)


def _gap_since(shown: pl.DataFrame, known: Known, when: datetime) -> datetime | None:
    """Return the last moment before which nothing is missing, or None if nothing may be missing since.

    Something may be missing if the last snapshot is older than the endpoint's window, or if the endpoint should still
    show events of that snapshot but shows none: then its list was too short for what happened in between.
    """
    if known.last is None:
        return None
    reaches = before(when, WINDOW)
    if known.last < reaches:
        return known.last
    expected = known.events.filter(pl.col("time") > reaches + WINDOW / 10)
    cut = shown.height and expected.height and not expected.join(shown, on=_RECORD_KEY, how="semi").height
    return known.last if cut else None
