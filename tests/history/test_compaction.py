"""Small files are merged by themselves, old ones go, and nothing changes by it."""

from __future__ import annotations

import os
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest

import datafast_nb as dfn
from datafast_nb.history import compaction, tables, writer
from tests.history.moments import START, after, demos, event, shown, snapshot

BUSY = range(0, 7_200, 200)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "TIDY_EVERY", 5)


@pytest.mark.usefixtures("eager")
def test_merging_changes_nothing_that_can_be_asked(tmp_path: Path) -> None:
    snapshots = demos(BUSY)
    with dfn.History(tmp_path) as history:
        for each in snapshots:
            history.append(each)
        assert sorted(history.events().collect()["event_id"]) == shown(snapshots, "events")
        for found, given in zip(history.snapshots(), snapshots, strict=True):
            assert found.visitors.sort("visitor_id").equals(given.visitors.sort("visitor_id"))
        assert max(history.info().files.values()) <= 2 + 5


@pytest.mark.usefixtures("eager")
def test_each_closed_day_becomes_one_file_and_each_hour_of_today_another(tmp_path: Path) -> None:
    midnight = (START.replace(hour=0) + timedelta(days=1) - START).total_seconds()
    with dfn.History(tmp_path) as history:
        for seconds in range(0, int(midnight) + 3 * 3_600, 1_200):
            history.append(snapshot(seconds, [{"visitorId": f"{seconds}"}]))
        history._writer._tidy()  # type: ignore[union-attr]
        assert history.info().files["visitors"] == 1 + 3


def test_no_more_rows_than_fit_in_memory_are_merged_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with dfn.History(tmp_path) as history:
        for seconds in range(0, 100, 10):
            history.append(snapshot(seconds, [{"visitorId": f"{seconds}"}]))
        monkeypatch.setattr(compaction, "MOST_ROWS", 8)
        for _ in range(3):
            history._writer._tidy()  # type: ignore[union-attr]
            assert history.info().files["visitors"] == 3
        assert history.visitors().collect().height == 10


@pytest.mark.parametrize("hours", [23, 25])
def test_a_reader_has_a_day_after_a_merge(tmp_path: Path, hours: int) -> None:
    with dfn.History(tmp_path) as history:
        for each in demos([0, 10, 20]):
            history.append(each)
        before = history.events()
        history._writer._tidy()  # type: ignore[union-attr]
    merged_before(tmp_path / "events", hours)
    with dfn.History(tmp_path) as history:
        history.append(demos([30])[0])
        assert sorted(history.events().collect()["event_id"]) == shown(demos([0, 10, 20, 30]), "events")
    if hours < 24:
        assert sorted(before.collect()["event_id"]) == shown(demos([0, 10, 20]), "events")
    else:
        with pytest.raises(FileNotFoundError):
            before.collect()


@pytest.mark.usefixtures("eager")
def test_files_are_bounded_by_their_number_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "KEPT", 10)
    monkeypatch.setattr(tables, "GRACE", 0.0)
    monkeypatch.setitem(tables._CONFIGURATION, "delta.logRetentionDuration", "interval 0 seconds")
    monkeypatch.setitem(tables._CONFIGURATION, "delta.checkpointInterval", "10")
    numbers = []
    with dfn.History(tmp_path) as history:
        for seconds in range(0, 1_200, 10):
            history.append(snapshot(seconds, [{"visitorId": f"{seconds}"}], [event(f"{seconds}", seconds)]))
            if seconds == 1_150:
                opened_a_moment_ago = history.events()
            numbers.append(sum(path.is_file() for path in tmp_path.rglob("*")))
        assert opened_a_moment_ago.collect().height == 116
        info = history.info()
        assert info.files_on_disk == numbers[-1]
        assert info.bytes_on_disk == sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        history.check()
    assert max(numbers[60:]) <= max(numbers[:60])  # it grows no more
    assert [it.fetched_at for it in history.snapshots()] == [after(seconds) for seconds in range(0, 1_200, 10)]


def test_merged_files_stay_for_some_seconds_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "KEPT", 0)
    with dfn.History(tmp_path) as history:
        for each in demos([0, 10, 20]):
            history.append(each)
        before = history.events()
        history._writer._tidy()  # type: ignore[union-attr]
        assert before.collect().height == history.events().collect().height
        monkeypatch.setattr(tables, "GRACE", -1.0)
        history._writer._tidy()  # type: ignore[union-attr]
        with pytest.raises(dfn.HistoryFormatError, match="missing"):
            history.collect(before)
        assert len(list((tmp_path / "events").glob("*.parquet"))) == 1


def merged_before(table: Path, hours: int) -> None:
    """Make it some hours since the files of a table were merged."""
    then = time.time() - hours * 3_600
    for file in table.glob("*.parquet"):
        os.utime(file, (then, then))
    (table.parent / "SHA256SUMS").unlink()
    for entry in (table / "_delta_log").glob("*.json"):
        entry.write_text(
            re.sub(r'"deletionTimestamp":\d+', f'"deletionTimestamp":{then * 1000:.0f}', entry.read_text())
        )
