"""Sources of snapshots that do what a test tells them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from datafast_nb.snapshot import Snapshot

NOON = datetime(2026, 2, 6, 12, tzinfo=UTC)


def visitors(count: int, **columns: Any) -> pl.DataFrame:
    """Spread visitors evenly over the world; any column may be given, as a value or an expression."""
    number = pl.int_range(count, dtype=pl.Int64)
    spread = {
        "visitor_id": pl.format("v{}", number),
        "latitude": -50 + 115 * ((number * 0.754877666) % 1),
        "longitude": -180 + 360 * ((number * 0.569840291) % 1),
        "score": ((number * 37) % 101).cast(pl.Float64),
        "confidence": pl.lit(0.8),
        "expected_value": pl.lit(1.5),
        "is_customer": number % 25 == 24,
    } | {name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in columns.items()}
    empty = pl.DataFrame({"row": pl.int_range(count, eager=True)})
    return empty.select(spread.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in VISITORS.items())


def people(count: int, **columns: Any) -> Snapshot:
    """Make a snapshot of visitors spread over the world."""
    return Snapshot(visitors(count, **columns), fetched_at=NOON)


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make a frame of events; what a row does not name is null."""
    return pl.DataFrame(list(rows), schema=EVENTS)


def payments(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make a frame of payments; what a row does not name is null."""
    return pl.DataFrame(list(rows), schema=PAYMENTS)


def written_by_strangers(schema: pl.Schema, text: str, count: int) -> pl.DataFrame:
    """Make a frame that holds a text in every column of text, each row's a little different."""
    number = pl.int_range(count, dtype=pl.Int64)
    empty = pl.DataFrame({"row": pl.int_range(count, eager=True)})
    return empty.select(
        (pl.format("{}{}", pl.lit(text), number) if dtype == pl.String else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


class Scripted:
    """Answers as the script says, one line a call; the last line goes on for ever."""

    def __init__(self, script: Iterable[Snapshot | BaseException]) -> None:
        self.script = list(script)
        self.calls = 0
        self.at_once = 0
        self.most_at_once = 0
        self.gate = threading.Event()  # closed: a request hangs until the test opens it
        self.gate.set()
        self.asked = threading.Semaphore(0)  # released at the start of each request
        self._lock = threading.Lock()

    def snapshot(self) -> Snapshot:
        with self._lock:
            answer = self.script[min(self.calls, len(self.script) - 1)]
            self.calls += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.asked.release()
        self.gate.wait(30)
        with self._lock:
            self.at_once -= 1
        if isinstance(answer, BaseException):
            raise answer
        return answer


class FromFile:
    """Evaluates a file at each request, so that a test in another process decides what the site answers."""

    def __init__(self, path: str, names: dict[str, Callable[..., Any]] | None = None) -> None:
        self.path = Path(path)
        self.calls = 0
        self._names = {"people": people, "pl": pl} | (names or {})

    def snapshot(self) -> Snapshot:
        self.calls += 1
        answer = eval(self.path.read_text(), self._names)  # the test wrote it
        if isinstance(answer, BaseException):
            raise answer
        return answer
