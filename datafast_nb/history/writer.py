"""Writes snapshots to the tables: each completely or not at all, and none twice."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from datafast_nb.errors import HistoryError, HistoryOrderError
from datafast_nb.history import pseudonyms
from datafast_nb.history.changes import (
    IDS,
    NOTHING,
    REMEMBERED,
    STILL,
    Kind,
    Known,
    doubtful,
    happened,
    hashed_ids,
    news,
    remembered,
    shown_by,
    time_of,
)
from datafast_nb.history.compaction import compact
from datafast_nb.history.lock import lock
from datafast_nb.history.moments import MOMENT, before
from datafast_nb.history.rebuild import states_at
from datafast_nb.history.tables import (
    RETIMED,
    SCHEMAS,
    SORTED_BY,
    Name,
    Rows,
    Tables,
    as_given,
    files,
    properties_of,
)
from datafast_nb.privacy import Key
from datafast_nb.schema import WINDOW
from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from deltalake import DeltaTable

TIDY_EVERY: Final = 64
"""How many appends trigger a cleanup of a table, and so about the most small files in it."""

_ROWS: Final[tuple[Name, ...]] = ("visitors", "events", "payments")
_ORDER: Final[tuple[Name, ...]] = (*_ROWS, "polls")

_log: Final = logging.getLogger(__name__)


class Appended(NamedTuple):
    """What an append stored.

    Attributes
    ----------
    new : bool
        False if the history already had this snapshot.
    visitors, events, payments : int
        Rows that were added: changes of visitors, and new events and payments.
    gap_since : datetime or None
        Since when something may be missing, or None.
    """

    new: bool
    visitors: int = 0
    events: int = 0
    payments: int = 0
    gap_since: datetime | None = None


class Forgotten(NamedTuple):
    """What was removed.

    Attributes
    ----------
    snapshots, visitors, events, payments : int
        Rows that were removed: snapshots, changes of visitors, events and payments.
    """

    snapshots: int
    visitors: int
    events: int
    payments: int


class Writer:
    """The one writer of a history, from its first append until it is closed.

    Parameters
    ----------
    tables
        Where to write.
    redact
        Whether to store pseudonyms, or the key that makes them.
    """

    def __init__(self, tables: Tables, redact: bool | Key) -> None:
        self._tables = tables
        self._whole = False  # whether no interrupted append has left anything behind
        self._last: datetime | None = None
        self._was_refused = False  # whether an older snapshot than the last one has arrived since
        self._appended_at = time.monotonic()
        self._known: Known | None = None
        self._check_before()
        self._lock = lock(tables)
        try:
            key = pseudonyms.key_of(tables, redact, make=not tables.are_there())
            noted = {pseudonyms.PROPERTY: pseudonyms.fingerprint(key)}
            self._open: dict[Name, DeltaTable] = {name: tables.create(name, noted) for name in _ORDER}
            pseudonyms.check(tables, key, properties_of(self._open["polls"]).get(pseudonyms.PROPERTY, ""))
            self._redactor = None if key is None else pseudonyms.Redactor(key)
            tables.begin()
            self._lock.claim(self._open.values())
            self._known = self._recall()
        except BaseException:
            self._lock.release()
            raise
        self._since_tidied = 0
        self._tidy(thoroughly=True)

    def _check_before(self) -> None:
        """Refuse damaged tables before changing anything."""
        if not self._tables.are_there():
            self._tables.check_place()
            return
        *others, polls = found = [table for name in _ORDER if (table := self._tables.open(name)) is not None]
        for table in found:
            self._tables.check_files(table)
        last: Any = files(polls)["last"].max()
        for table in others:
            self._tables.check_left_behind(table, polls, last)

    def close(self) -> None:
        """Release the history for other writers."""
        self._lock.release()

    def append(self, snapshot: Snapshot) -> Appended:
        """Store what is new in a snapshot."""
        known = self._known or self._recall()
        if self._redactor is not None:
            snapshot = self._redactor.redact(snapshot)
        when = time_of(snapshot)
        if known.last is not None and when <= known.last:
            if when == known.last or self._has(when):
                return Appended(new=False)
            self._was_refused = True
            raise HistoryOrderError(
                f"This snapshot is from {when:%Y-%m-%d %H:%M:%S} UTC, before the last one of the "
                f"history ({known.last:%Y-%m-%d %H:%M:%S} UTC), and was not stored. Append in the order of time; if "
                "the clock went back, set it right or wait until it has caught up. If it ran ahead before, remove what "
                "it recorded: history.forget_after(datetime.now(timezone.utc))."
            )
        shown = {kind: shown_by(snapshot, kind) for kind in IDS}
        # If snapshots were refused, the clock was changed, and only the time that really passed reveals a gap.
        missed = self._was_refused and time.monotonic() - self._appended_at > WINDOW.total_seconds()
        found = news(snapshot, self._reminded(known, shown), shown, gap_since=known.last if missed else None)
        self._commit(found.rows)
        self._known, self._was_refused, self._appended_at = found.known, False, time.monotonic()
        self._since_tidied += 1
        if self._since_tidied >= TIDY_EVERY:
            self._tidy()
        rows = found.rows
        gap = rows.polls["gap_since"].item()
        changes = rows.visitors.filter(pl.col("change") != STILL).height
        return Appended(True, changes, rows.events.height, rows.payments.height, gap)

    def extend(self, rows: Rows) -> None:
        """Store many snapshots at once, given as rows of the tables."""
        if not self._whole:
            self._mend()
        first: Any = rows.polls["seen_at"].min()
        if self._last is not None and first is not None and first <= self._last:
            raise HistoryOrderError(
                f"There are snapshots up to {self._last:%Y-%m-%d %H:%M:%S} UTC already. Choose another location, "
                "or open what is there with dfn.History(location)."
            )
        sorted_rows = (getattr(rows, name).sort(SORTED_BY[name], nulls_last=True) for name in _ORDER)
        self._commit(Rows(*sorted_rows))

    def forget_after(self, when: datetime) -> Forgotten:
        """Remove everything stored after a moment. Once its polls are gone, the other rows no longer count."""
        if not self._whole:
            self._mend()
        later = {name: self._stored(name).filter(pl.col("seen_at") > when).select(pl.len()) for name in _ORDER}
        with self._tables.guarded("read"):
            rows = {name: int(count.collect().item()) for name, count in later.items()}
        self._whole, self._known, self._was_refused = False, None, False
        self._tables.remove_after(self._open["polls"], when)
        self._mend()
        self._note()
        return Forgotten(rows["polls"], *(rows[name] for name in _ROWS))

    def _commit(self, rows: Rows) -> None:
        """Write all four tables; nothing counts until the last is written."""
        self._lock.check_place()
        self._whole, self._known = False, None
        for name in _ORDER:
            added = _whole_rows(getattr(rows, name), name)
            if added.height:
                self._tables.append(self._open[name], added)
        last: Any = rows.polls["seen_at"].max()
        self._whole, self._last = True, last or self._last
        self._note()

    def _note(self) -> None:
        """Store the checksums of what was written; on failure, the next append stores them."""
        try:
            self._tables.note()
        except HistoryError as error:
            _log.warning("The checksums of the last append could not be stored yet: %s", error)

    def _mend(self) -> None:
        """Remove the leftovers of an interrupted append.

        The append may have succeeded although its answer was lost, so the tables are read again, the polls last.
        Another writer claims the polls first, so they show any claim that the other tables show.
        """
        self._lock.check_place()
        for name in _ORDER:
            self._tables.refresh(self._open[name])
        self._lock.check(self._open["polls"])
        last: Any = files(self._open["polls"])["last"].max()
        for name in _ROWS:
            self._tables.remove_after(self._open[name], last)
        self._whole, self._last = True, last

    def _recall(self) -> Known:
        """Return what the last append remembered, from the tables."""
        if not self._whole:
            self._mend()
        if self._last is None:
            return NOTHING
        with self._tables.guarded("read"):
            return self._recalled(self._last)

    def _recalled(self, when: datetime) -> Known:
        """Return what an append at a moment remembered."""
        poll = self._stored("polls", when, when).filter(pl.col("seen_at") == when).collect().row(0, named=True)
        recent = {}
        for kind in IDS:
            since = min(poll[f"{kind}_since"] or when, before(when, REMEMBERED))
            recent[kind] = remembered(as_given(self._stored(kind).filter(happened() >= since)), kind)
        states = states_at(self._stored("visitors", poll["states_since"], when), when, poll["states_since"])
        return Known(when, states, **recent, ids={kind: hashed_ids(self._stored(kind), kind) for kind in IDS})

    def _stored(self, name: Name, first: datetime | None = None, last: datetime | None = None) -> pl.LazyFrame:
        return self._tables.scan(self._open[name], name, first, last)

    def _has(self, when: datetime) -> bool:
        """Return whether there is a snapshot of exactly this moment."""
        with self._tables.guarded("read"):
            same = self._stored("polls", when, when).filter(pl.col("seen_at") == when)
            return bool(same.select(pl.len()).collect().item())

    def _reminded(self, known: Known, shown: dict[Kind, pl.DataFrame]) -> Known:
        """Look up in the tables what may have been stored too long ago to be remembered."""
        if known.last is None:
            return known
        unsure = {kind: doubtful(shown[kind], known, kind) for kind in IDS}
        again: dict[str, Any] = {
            kind: pl.concat([getattr(known, kind), self._long_ago(unsure[kind], kind)])
            for kind in IDS
            if unsure[kind].height
        }
        return replace(known, **again)

    def _long_ago(self, unsure: pl.DataFrame, kind: Kind) -> pl.DataFrame:
        """Return what to remember of stored records, found by their id, or by their whole content if they have none."""
        name = IDS[kind]
        same_id = pl.col(name).is_in(unsure[name].drop_nulls().implode())
        times = unsure.filter(pl.col(name).is_null())["timestamp"].cast(MOMENT)
        same_time = pl.col(name).is_null() & pl.col("timestamp").is_in(times.implode(), nulls_equal=True)
        with self._tables.guarded("read"):
            stored = remembered(as_given(self._stored(kind).filter(same_id | same_time)), kind)
        return stored.join(unsure, on="_key", how="semi")

    def _tidy(self, *, thoroughly: bool = False) -> None:
        """Merge small files and delete old ones; a failure costs only space, and is retried later."""
        self._since_tidied = 0
        try:
            for name in _ORDER:
                compact(self._tables, self._open[name], name)
                self._tables.clean(self._open[name], thoroughly=thoroughly)
            self._tables.begin()
        except HistoryError as error:
            _log.warning("The files of the history could not be merged now; recording continues: %s", error)


def _whole_rows(rows: pl.DataFrame, name: Name) -> pl.DataFrame:
    """Return rows with all columns of their table; callers may leave out rarely used ones."""
    rare = {column: pl.lit(None, dtype) for column, dtype in SCHEMAS[name].items() if dtype == RETIMED}
    return rows.with_columns(**{it: none for it, none in rare.items() if it not in rows.columns}).select(
        SCHEMAS[name].names()
    )
