"""Whether a process that runs for a month keeps its memory: one that records, and one that polls a demo server."""

from __future__ import annotations

import gc
import multiprocessing
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Collection
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

VISITORS = 50
MARKS = (400, 800, 1_600, 3_200)
"""After how many rounds the memory is looked at."""


class Clockwork:
    """A source whose time goes ten seconds on at each request.

    Parameters
    ----------
    site
        Asked each time, or only the first if it stands still: then the same visitors, events and payments come again.
    """

    def __init__(self, *, still: bool) -> None:
        self.now = AFTERNOON
        self._site = Site(visitors=VISITORS, start=AFTERNOON, clock=lambda: self.now)
        self._first = self._site.body()
        self._still = still

    def snapshot(self) -> Snapshot:
        self.now += STEP
        return Snapshot.from_json(self._first if self._still else self._site.body(), fetched_at=self.now)


def sizes() -> Sizes:
    """Measure this process."""
    gc.collect()
    resident = psutil.Process().memory_info().rss / 1e6
    return {"resident, MB": resident, "Python's heap, MB": tracemalloc.get_traced_memory()[0] / 1e6}


def recording(marks: Collection[int], *, still: bool) -> list[Sizes]:
    """Record into a history in a folder, and measure after some numbers of appends."""
    found: list[Sizes] = []
    stored = 0
    done = threading.Event()

    def report(what: str, _: dict[str, Any]) -> None:
        nonlocal stored
        stored += what == "stored"
        if what == "stored" and stored in marks:
            found.append(sizes())
        if stored == max(marks):
            done.set()

    with tempfile.TemporaryDirectory() as folder, History(Path(folder) / "site") as history:
        history.record(Clockwork(still=still), every=timedelta(milliseconds=1), report=report)
        done.wait()
    return found


def still(marks: Collection[int]) -> list[Sizes]:
    """Record a site on which nothing happens."""
    return recording(marks, still=True)


def lively(marks: Collection[int]) -> list[Sizes]:
    """Record a site on which much happens."""
    return recording(marks, still=False)


def polling(marks: Collection[int]) -> list[Sizes]:
    """Poll a demo server with a live map, in one process, and measure after some numbers of polls."""
    found = []
    moment: list[datetime] = [AFTERNOON]
    with (
        serve(Site(visitors=VISITORS, start=AFTERNOON, clock=lambda: moment[0])) as server,
        counted_comms(),
        displayed(server.client()) as (_, refresh),
    ):
        for number in range(1, max(marks) + 1):
            moment[0] += STEP
            refresh()
            if number in marks:
                found.append(sizes())
    return found


RUNS: dict[str, Callable[[Collection[int]], list[Sizes]]] = {
    "a recorder, nothing happens": still,
    "a recorder, much happens": lively,
    "a map and a demo server": polling,
}


def traced(run: Callable[[Collection[int]], list[Sizes]], marks: Collection[int]) -> list[Sizes]:
    """Measure a run with Python's heap traced from its beginning."""
    tracemalloc.start()
    return run(marks)


def month_table(marks: tuple[int, ...] = MARKS) -> pl.DataFrame:
    """Give one row per process and kind of memory; each process is a fresh one."""
    rows = []
    for what, run in RUNS.items():
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
            found = fresh.submit(traced, run, marks).result()
        for kind in found[0]:
            measured = {f"after {mark:,}": round(each[kind], 1) for mark, each in zip(marks, found, strict=True)}
            rows.append({"process": what, "memory": kind, **measured})
    return pl.DataFrame(rows)
