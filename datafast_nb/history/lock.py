"""One writer for each history.

In a folder, the operating system holds the lock, and releases it when the process ends for any reason. An object store
has no locks. There, a writer writes its claim into the tables themselves: a commit that makes every commit of an
earlier writer fail, so that even one that was suspended meanwhile can no longer write.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from datafast_nb.errors import HistoryInUseError, HistoryStorageError
from datafast_nb.history.checksums import OWNER_ONLY
from datafast_nb.history.tables import Tables, properties_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deltalake import DeltaTable

LEASE: Final = 360.0
"""Seconds without a write after which the claim of another writer on an object store counts as abandoned.

This is longer than a recording may wait between two snapshots.
"""

_FILE: Final = ".writer.lock"
_CLAIM: Final = "writer"
_FREE: Final = "none"


class Lock(Protocol):
    """Makes a writer the only one."""

    def claim(self, tables: Iterable[DeltaTable]) -> None:
        """Lock all others out of these tables; the last table is the one that every append writes to."""

    def check(self, polls: DeltaTable) -> None:
        """Raise `HistoryInUseError` if another writer has taken over, according to the current polls."""

    def check_place(self) -> None:
        """Raise `HistoryStorageError` if the history is no longer in its place."""

    def release(self) -> None:
        """Release the lock."""


def lock(tables: Tables) -> Lock:
    """Acquire the lock of a history, or raise `HistoryInUseError`."""
    return _Lease(tables) if tables.is_remote else _FileLock(tables)


def _in_use(tables: Tables, until: str) -> HistoryInUseError:
    return HistoryInUseError(
        f"Another writer is recording into the history at {tables}: there is one at a time. {until} Anyone can read."
    )


class _FileLock:
    """A lock that the operating system keeps for as long as the process lives."""

    def __init__(self, tables: Tables) -> None:
        import filelock

        with tables.guarded("written"):
            tables.make_folder()
            self._tables, self._file = tables, Path(tables.location) / _FILE
            self._lock = filelock.FileLock(self._file, mode=OWNER_ONLY, is_singleton=False, thread_local=False)
            try:
                self._lock.acquire(blocking=False)
            except filelock.Timeout:
                raise _in_use(tables, "Stop it, or close() it, and try again.") from None
            self._held = self._file.stat()

    def claim(self, tables: Iterable[DeltaTable]) -> None:
        """Do nothing: nobody else can get here."""

    def check(self, polls: DeltaTable) -> None:
        """Do nothing: nobody can take over."""

    def check_place(self) -> None:
        """Raise if the folder is no longer in its place."""
        try:
            is_here = os.path.samestat(self._held, self._file.stat())
        except (FileNotFoundError, NotADirectoryError):
            is_here = False
        if not is_here:
            raise HistoryStorageError(
                f"The folder of the history is no longer at {self._tables}: it was moved or removed while it was "
                "open for writing, and nothing was stored. Call close() and open the history where it is now, or move "
                "it back."
            )

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()


class _Lease:
    """A claim that is written into the tables; each append renews it."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._name = secrets.token_hex(8)
        self._polls: DeltaTable | None = None

    def claim(self, tables: Iterable[DeltaTable]) -> None:
        """Lock all others out of these tables, unless one of them has written recently."""
        *others, polls = tables
        holder = properties_of(polls).get(_CLAIM, _FREE)
        left = LEASE - (time.time() - polls.history(1)[0]["timestamp"] / 1000)
        if holder != _FREE and left > 0:
            raise _in_use(self._tables, f"Its claim expires {LEASE:.0f} s after its last write: in {left:.0f} s.")
        for table in (polls, *others):  # the polls first: of two simultaneous writers, one fails here
            self._tables.set_property(table, _CLAIM, self._name)
        self._polls = polls

    def check_place(self) -> None:
        """Do nothing: an object store has no folders that can be moved."""

    def check(self, polls: DeltaTable) -> None:
        """Raise if another writer has taken over."""
        if properties_of(polls).get(_CLAIM, _FREE) != self._name:
            raise HistoryInUseError(
                f"Another writer has taken over the history at {self._tables}. Record with one writer at a time; "
                "any number can read."
            )

    def release(self) -> None:
        """Release the lock."""
        polls, self._polls = self._polls, None
        if polls is not None:
            with contextlib.suppress(
                HistoryInUseError
            ):  # another writer has taken over, so there is nothing to release
                self.check(polls)
                self._tables.set_property(polls, _CLAIM, _FREE)
