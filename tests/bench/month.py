"""Whether a process that runs for a month keeps its memory: one that records, and one that polls a demo server."""

from __future__ import annotations

import gc
import json
import multiprocessing
import sys
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import psutil

from datafast_nb import History, Snapshot
from datafast_nb.demo import Site, serve
from tests.bench.counting import counted_comms
from tests.bench.memory import Sizes
from tests.bench.moments import AFTERNOON, STEP
from tests.bench.refresh import displayed
from tests.responses import example

Run = Callable[[Sequence[int]], list[Sizes]]

VISITORS = 40
NEW = 2  # visitors, events and payments at each request, and as many are seen no more
APPENDS = tuple(range(500, 5_001, 500))
POLLS = tuple(range(1_000, 10_001, 1_000))
"""After how many rounds the memory is looked at."""

_NAMED = 8  # places of the code


class Clockwork(Site):
    """A site whose time goes ten seconds on at each request, and on which visitors come and go.

    The demo site would take most of a run's time. Here each request shows `NEW` visitors, events and payments that none
    before it showed.

    Parameters
    ----------
    still
        Whether it is always the same visitors, events and payments.
    """

    def __init__(self, *, still: bool = False) -> None:
        self.time = AFTERNOON
        super().__init__(clock=lambda: self.time)
        self._turn = 0
        self._still = still

    def snapshot(self) -> Snapshot:
        return Snapshot.from_json(self.body(), fetched_at=self.time)

    def body(self, at: datetime | None = None) -> bytes:
        self.time += STEP
        self._turn += not self._still
        response = example()
        data = response["data"]
        visitor, event, payment = data["visitors"][0], data["recentEvents"][0], data["recentPayments"][0]
        numbers = range(self._turn * NEW, self._turn * NEW + VISITORS)
        data["count"] = VISITORS
        data["visitors"] = [
            {**visitor, "visitorId": f"visitor-{it}", "latitude": it % 60, "currentUrl": f"/page/{it % 50}"}
            for it in numbers
        ]
        data["recentEvents"] = [
            {**event, "_id": f"event-{it}", "visitorId": f"visitor-{it}", "timestamp": self._time_of(it)}
            for it in numbers
        ]
        data["recentPayments"] = [
            {**payment, "_id": f"payment-{it}", "timestamp": self._time_of(it)} for it in numbers[:: VISITORS // NEW]
        ]
        return json.dumps(response).encode()

    def _time_of(self, number: int) -> str:
        """Return when an event or a payment happened: each time its own."""
        return (AFTERNOON + number / NEW * STEP - VISITORS / NEW * STEP).isoformat()


class Looks:
    """Looks at this process's memory after some numbers of rounds, and tells at once what it finds.

    Parameters
    ----------
    marks
        After how many rounds to look. Over the last of the stretches between them it is traced where what Python holds
        at the end was made: that takes time, and is not done for all of them.
    """

    def __init__(self, marks: Sequence[int]) -> None:
        self.found: list[Sizes] = []
        self._marks = marks
        self.last = marks[-1]

    def at(self, number: int) -> None:
        """Look, if it is time to."""
        if number not in self._marks:
            return
        gc.collect()
        resident = psutil.Process().memory_info().rss / 1e6
        found = {"resident, MB": resident, "Python's blocks, thousands": sys.getallocatedblocks() / 1e3}
        self.found.append(found)
        _tell(f"after {number:,}: {found}")
        if number == self.last:
            for each in tracemalloc.take_snapshot().statistics("lineno")[:_NAMED]:
                _tell(str(each))
            tracemalloc.stop()
        elif number == self._marks[-2]:
            tracemalloc.start()


def _tell(what: str) -> None:
    """Tell how a run goes that takes long."""
    sys.stderr.write(f"{what}\n")


def recording(marks: Sequence[int], *, still: bool) -> list[Sizes]:
    """Record into a history in a folder, and measure after some numbers of appends."""
    looks = Looks(marks)
    stored = 0
    done = threading.Event()

    def report(what: str, _: dict[str, Any]) -> None:
        nonlocal stored
        if what == "stored":
            stored += 1
            looks.at(stored)
        if stored == looks.last:
            done.set()

    with tempfile.TemporaryDirectory() as folder, History(Path(folder) / "site") as history:
        history.record(Clockwork(still=still), every=timedelta(milliseconds=1), report=report)
        done.wait()
    return looks.found


def still(marks: Sequence[int] = APPENDS) -> list[Sizes]:
    """Record a site on which nothing happens."""
    return recording(marks, still=True)


def lively(marks: Sequence[int] = APPENDS) -> list[Sizes]:
    """Record a site on which much happens."""
    return recording(marks, still=False)


def polling(marks: Sequence[int] = POLLS) -> list[Sizes]:
    """Poll a demo server with a client and a live map, in one process, and measure after some numbers of polls."""
    looks = Looks(marks)
    with (
        serve(Clockwork()) as server,
        counted_comms(),
        displayed(server.client()) as (_, refresh),
    ):
        for number in range(1, looks.last + 1):
            refresh()
            looks.at(number)
    return looks.found


def month_table(run: Run, marks: Sequence[int]) -> pl.DataFrame:
    """Return one row per kind of memory, of a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        found = fresh.submit(run, marks).result()
    return pl.DataFrame(
        [
            {"memory": kind, **{f"after {mark:,}": each[kind] for mark, each in zip(marks, found, strict=True)}}
            for kind in found[0]
        ]
    ).with_columns(pl.selectors.numeric().round(2))


def still_recorder_table(marks: Sequence[int] = APPENDS) -> pl.DataFrame:
    """Measure a recorder of a site on which nothing happens."""
    return month_table(still, marks)


def lively_recorder_table(marks: Sequence[int] = APPENDS) -> pl.DataFrame:
    """Measure a recorder of a site on which much happens."""
    return month_table(lively, marks)


def map_table(marks: Sequence[int] = POLLS) -> pl.DataFrame:
    """Measure a map, its client and a demo server."""
    return month_table(polling, marks)
