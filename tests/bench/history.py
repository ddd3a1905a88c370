"""A month of snapshots as a history, against every snapshot's frames in Parquet, and against the raw JSON."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import polars as pl
from deltalake import DeltaTable, write_deltalake

import datafast_nb as dfn
from datafast_nb.demo.predictions import averages
from datafast_nb.history.tables import Rows, Tables

END = datetime(2026, 2, 6, 15, tzinfo=UTC)
EVERY = timedelta(seconds=10)
SEED = 3
BY = ["country_code", "device"]
KINDS = ("visitors", "events", "payments")

_OPEN = """
import sys, time
import deltalake, polars
import datafast_nb as dfn
dfn.History
start = time.perf_counter()
dfn.History(sys.argv[1]).info()
print(time.perf_counter() - start)
"""


class Kept(NamedTuple):
    """What a way to keep snapshots costs; times in seconds, `asking` that of one breakdown of all visits."""

    snapshots: int
    visitors: int
    bytes: int
    bytes_of_visitors: int | None
    opening: float | None
    asking: float


def simulated(folder: Path, days: float, visitors: float) -> dfn.History:
    """Return a history with so many visitors on the site at a time, in the mean, by a snapshot every ten seconds."""
    a_day = visitors * 24 * 60 / (averages().visit_minutes + 10)  # Little's law: one is there ten minutes longer
    return dfn.demo.simulate(folder, days, a_day, seed=SEED, end=END, every=EVERY.total_seconds(), progress=False)


def as_history(kept: dfn.History) -> Kept:
    """Measure a history. It is opened in fresh processes, whose imports are not counted."""
    info = kept.info()
    asking = min(_seconds(lambda: dfn.breakdown(kept.sessions(), BY).collect()) for _ in range(2))
    line = [sys.executable, "-c", _OPEN, kept.location]
    opening = min(float(subprocess.run(line, check=True, capture_output=True).stdout) for _ in range(3))
    rows, sizes = info.rows, info.bytes
    return Kept(rows["polls"], rows["visitors"], sum(sizes.values()), sizes["visitors"], opening, asking)


def in_parquet(snapshots: Sequence[dfn.Snapshot], folder: Path) -> Kept:
    """Write the three frames of each snapshot to files of their own, and ask these."""
    for place, snapshot in enumerate(snapshots):
        for kind in KINDS:
            getattr(snapshot, kind).write_parquet(folder / f"{kind}-{place:06d}.parquet")
    sizes = {kind: sum(file.stat().st_size for file in folder.glob(f"{kind}-*")) for kind in KINDS}
    asking = min(_seconds(lambda: _asked(pl.scan_parquet(folder / "visitors-*.parquet"))) for _ in range(2))
    rows = sum(it.visitors.height for it in snapshots)
    return Kept(len(snapshots), rows, sum(sizes.values()), sizes["visitors"], None, asking)


def in_json(bodies: Sequence[bytes]) -> Kept:
    """Keep the responses as they came, and ask them."""
    frames: list[pl.DataFrame] = []

    def ask() -> object:
        frames[:] = [dfn.Snapshot.from_json(body).visitors for body in bodies]
        return _asked(pl.concat(frames).lazy())

    asking = min(_seconds(ask) for _ in range(2))
    return Kept(len(bodies), sum(it.height for it in frames), sum(map(len, bodies)), None, None, asking)


def _asked(visitors: pl.LazyFrame) -> pl.DataFrame:
    """Break the visits down, each once."""
    return dfn.breakdown(visitors.unique(["visitor_id", "session_start_time"], keep="any"), BY).collect()


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def history_table(days: float = 30, visitors: float = 1_000, sample: int = 240) -> pl.DataFrame:
    """Return one row per way to keep snapshots.

    Of a history all is made and measured. The others' figures are measured on some snapshots, at equal distances over
    the last day so that quiet hours and busy ones are among them, and multiplied.
    """
    site = dfn.demo.Site(seed=SEED, visitors=visitors)
    bodies = [site.body(END - place * timedelta(days=min(days, 1)) / sample) for place in range(sample)]
    with tempfile.TemporaryDirectory() as folder:
        ours = as_history(simulated(Path(folder, "site"), days, visitors))
        Path(folder, "naive").mkdir()
        naive = in_parquet([dfn.Snapshot.from_json(body) for body in bodies], Path(folder, "naive"))
    ways = {"a history": ours, "each snapshot's frames in Parquet": naive, "the responses as JSON": in_json(bodies)}
    return pl.DataFrame([_row(name, way, ours) | {"visitors at a time": visitors} for name, way in ways.items()])


def _row(name: str, way: Kept, ours: Kept) -> dict[str, Any]:
    """Return the figures of a way for as many snapshots as ours has."""
    times = ours.snapshots / way.snapshots
    each = None if way.bytes_of_visitors is None else round(way.bytes_of_visitors / way.visitors, 1)
    return {
        f"{ours.snapshots:,} snapshots as": name,
        "measured on": f"{way.snapshots:,}",
        "MB": round(way.bytes * times / 1e6, 1),
        "times ours": round(way.bytes * times / ours.bytes, 1),
        "rows of visitors": round(way.visitors * times),
        "bytes a row": each,
        "opening, s": None if way.opening is None else round(way.opening, 2),
        "breakdown of all visits, s": round(way.asking * times, 1),
    }


def append_table(visitors: float = 1_000, count: int = 60) -> pl.DataFrame:
    """Return the time of an append, beside that of writing the same rows to four tables with deltalake alone."""
    site = dfn.demo.Site(seed=SEED, visitors=visitors)
    times = [END + place * EVERY for place in range(count)]
    snapshots = [dfn.Snapshot.from_json(site.body(when), fetched_at=when) for when in times]
    with tempfile.TemporaryDirectory() as folder:
        with dfn.History(Path(folder, "site")) as kept:
            whole = [_seconds(lambda it=snapshot: kept.append(it)) for snapshot in snapshots]  # type: ignore[misc]
        added = _added(Tables(kept.location), times)
        bare = Bare(Path(folder, "bare"))
        alone = [_seconds(lambda it=rows: bare.append(it)) for rows in added]  # type: ignore[misc]
    ways = {"a snapshot to a history": whole, "the rows it adds, with deltalake alone": alone}
    return pl.DataFrame(
        [
            {"visitors at a time": visitors, "appending": name, "ms": round(median(it[1:]) * 1e3, 1)}
            for name, it in ways.items()
        ]
    )


def _added(tables: Tables, times: Sequence[datetime]) -> list[Rows]:
    """Return the rows that each append has added."""
    frames = {}
    for name in Rows._fields:
        table = tables.open(name)  # type: ignore[arg-type]
        assert table is not None
        frames[name] = tables.scan(table, name).collect()  # type: ignore[arg-type]
    return [Rows(**{name: it.filter(pl.col("seen_at") == when) for name, it in frames.items()}) for when in times]


class Bare:
    """Four tables, kept open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, DeltaTable] = {}

    def append(self, rows: Rows) -> None:
        """Write a file to each table for which there are rows."""
        for name, frame in rows._asdict().items():
            if name in self._open and frame.height:
                write_deltalake(self._open[name], frame, mode="append")
            elif name not in self._open:
                write_deltalake(self._folder / name, frame, mode="append")
                self._open[name] = DeltaTable(self._folder / name)
