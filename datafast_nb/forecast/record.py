"""What this package needs from a history, wherever it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import polars as pl

from datafast_nb.snapshot import Snapshot


class Record(Protocol):
    """A record of what happened on a website, such as ``History``."""

    def visitors(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return every state of every visitor."""

    def events(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return every event once."""

    def payments(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return every payment once."""

    def sessions(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return one row for each visit."""

    def polls(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return one row for each snapshot."""

    def gaps(self) -> pl.DataFrame:
        """Return the spans in which something may be missing."""

    def at(self, when: datetime) -> Snapshot:
        """Return the last snapshot until a moment."""

    def snapshots(self, start: datetime | None = None, end: datetime | None = None) -> Iterator[Snapshot]:
        """Yield the snapshots one after another."""

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Collect a frame of this record."""
