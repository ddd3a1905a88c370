"""Whatever goes wrong: a clear error, nothing lost, and it goes on when the fault has passed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deltalake
import polars as pl
import pytest
from deltalake import DeltaTable

import datafast_nb as dfn
from datafast_nb.history.checksums import Checksums
from datafast_nb.history.tables import Tables
from tests.history.moments import after, demo, demos, shown

BREAKS = ["visitors", "events", "payments", "polls"]


@pytest.fixture
def history(tmp_path: Path) -> dfn.History:
    recorded = dfn.History(tmp_path / "site")
    for each in demos([0, 60]):
        recorded.append(each)
    return recorded


def holds(history: dfn.History, *times: float) -> None:
    """See that a history has exactly what was shown at these moments."""
    snapshots = demos(times)
    for kind, name in (("events", "event_id"), ("payments", "payment_id")):
        assert sorted(getattr(history, kind)().collect()[name]) == shown(snapshots, kind)
    assert [it.fetched_at for it in history.snapshots()] == [after(seconds) for seconds in times]
    for given in snapshots:
        found = history.at(given.fetched_at)
        assert found.visitors.sort("visitor_id").equals(given.visitors.sort("visitor_id"))


def breaking(monkeypatch: pytest.MonkeyPatch, broken: str, *, after_writing: bool) -> Callable[[], None]:
    """Let the write to one table fail, before or after it took place; gives what mends it."""
    append = Tables.append

    def fail(self: Tables, table: object, rows: object) -> None:
        is_it = str(getattr(table, "table_uri", "")).rstrip("/").endswith(broken)
        if not is_it or after_writing:
            append(self, table, rows)  # type: ignore[arg-type]
        if is_it:
            raise dfn.HistoryStorageError("the plug was pulled")

    monkeypatch.setattr(Tables, "append", fail)
    return monkeypatch.undo


@pytest.mark.parametrize("reopened", [False, True], ids=["same writer", "next writer"])
@pytest.mark.parametrize("broken", BREAKS)
def test_an_append_that_breaks_off_anywhere_leaves_nothing_behind(
    history: dfn.History, monkeypatch: pytest.MonkeyPatch, broken: str, reopened: bool
) -> None:
    mend = breaking(monkeypatch, broken, after_writing=broken != "polls")
    with pytest.raises(dfn.HistoryStorageError, match="plug"):
        history.append(demo(500))
    mend()
    holds(history, 0, 60)
    if reopened:
        history.close()
        history = dfn.History(history.location)
    history.append(demo(510))
    holds(history, 0, 60, 510)


def test_an_append_whose_success_was_not_heard_of_is_not_repeated(
    history: dfn.History, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = breaking(monkeypatch, "polls", after_writing=True)
    with pytest.raises(dfn.HistoryStorageError):
        history.append(demo(120))
    mend()
    assert not history.append(demo(120)).new
    holds(history, 0, 60, 120)


def test_a_commit_that_took_place_though_its_answer_was_lost_is_found(
    history: dfn.History, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Tables.append

    def lost(self: Tables, table: DeltaTable, rows: pl.DataFrame) -> None:
        if not table.table_uri.rstrip("/").endswith("polls"):
            return append(self, table, rows)
        append(self, DeltaTable(table.table_uri), rows)  # so that the writer's own view of it stays as it was
        raise dfn.HistoryStorageError("the connection broke")

    monkeypatch.setattr(Tables, "append", lost)
    with pytest.raises(dfn.HistoryStorageError, match="broke"):
        history.append(demo(120))
    monkeypatch.undo()
    history.append(demo(180))
    holds(history, 0, 60, 120, 180)


def test_a_second_writer_is_refused_until_the_first_lets_go(history: dfn.History) -> None:
    second = dfn.History(history.location)
    with pytest.raises(dfn.HistoryInUseError, match="one at a time"):
        second.append(demo(120))
    holds(second, 0, 60)
    history.append(demo(120))
    history.close()
    assert second.append(demo(180)).new
    with pytest.raises(dfn.HistoryInUseError):
        history.append(demo(240))
    holds(history, 0, 60, 120, 180)


def test_a_writer_that_was_thrown_away_lets_go(tmp_path: Path) -> None:
    history = dfn.History(tmp_path)
    history.append(demo(0))
    history = dfn.History(tmp_path)
    history.append(demo(60))
    holds(history, 0, 60)


def test_a_writer_that_was_killed_lets_go(history: dfn.History) -> None:
    history.close()
    code = f"""
import os, signal
import datafast_nb as dfn
from tests.history.moments import demo
history = dfn.History({history.location!r})
history.append(demo(120))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    history.append(demo(180))
    holds(history, 0, 60, 120, 180)


def limited(location: str, bytes_a_file: int) -> subprocess.CompletedProcess[str]:
    """Append in a process whose files can't grow, as on a full disk."""
    code = f"""
import resource
import datafast_nb as dfn
from tests.history.moments import demo
history = dfn.History({location!r})
history.append(demo(120))
resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes_a_file}, {bytes_a_file}))
try:
    history.append(demo(180))
except dfn.HistoryStorageError as error:
    print(error)
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
@pytest.mark.parametrize("bytes_a_file", [0, 1_000, 9_000])
def test_a_full_disk_is_reported_and_loses_nothing(history: dfn.History, bytes_a_file: int) -> None:
    history.close()
    assert "No space left" in limited(history.location, bytes_a_file).stdout
    holds(history, 0, 60, 120)
    history.append(demo(180))
    holds(history, 0, 60, 120, 180)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_a_read_only_folder_can_be_read_and_says_that_it_cannot_be_written(history: dfn.History) -> None:
    history.close()
    folder = Path(history.location)
    everything = [folder, *folder.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        code = f"""
import os, tempfile
import datafast_nb as dfn
from tests.history.moments import demo
with tempfile.TemporaryDirectory() as elsewhere, dfn.History(elsewhere) as other:  # so that all is imported
    other.append(demo(0))
again = demo(120)
if os.geteuid() == 0:  # whom permissions do not stop
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
history = dfn.History({history.location!r})
print(history.info().rows["polls"])
try:
    history.append(again)
except dfn.HistoryStorageError as error:
    print(error)
"""
        for parent in folder.parents:  # pytest's own folders are for their owner alone
            if not parent.stat().st_mode & 0o001 and parent.owner() == folder.owner():
                parent.chmod(parent.stat().st_mode | 0o055)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert done.stdout.startswith("2\n")
    assert "permission denied" in done.stdout
    holds(history, 0, 60)


def newest_entry(history: dfn.History, table: str) -> Path:
    return max(Path(history.location, table, "_delta_log").glob("*.json"))


def test_a_log_entry_that_was_written_by_half_is_reported(history: dfn.History) -> None:
    history.close()
    entry = newest_entry(history, "events")
    whole = entry.read_text()
    entry.write_text(whole[: len(whole) // 2])
    for ask in (history.events, lambda: history.append(demo(120))):
        with pytest.raises(dfn.HistoryFormatError, match="damaged"):
            ask()
    entry.write_text(whole)
    holds(history, 0, 60)


@pytest.mark.parametrize("table", BREAKS)
def test_an_empty_log_entry_is_reported_not_taken_for_nothing(history: dfn.History, table: str) -> None:
    history.append(demo(500))
    history.close()
    entry = newest_entry(history, table)
    whole = entry.read_text()
    entry.write_text("")
    with pytest.raises(dfn.HistoryFormatError, match=f"{table}/_delta_log/{entry.name} is empty"):
        history.append(demo(510))
    entry.write_text(whole)
    holds(history, 0, 60, 500)


def test_after_a_power_cut_its_empty_log_entry_can_be_removed(history: dfn.History) -> None:
    history.append(demo(500))
    history.close()
    newest_entry(history, "polls").unlink()
    history.append(demo(510))
    holds(history, 0, 60, 510)


def test_a_log_entry_that_is_removed_while_it_is_read_is_no_fault(
    history: dfn.History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.close()
    entry = min(Path(history.location, "polls", "_delta_log").glob("*.json"))
    whole = entry.read_bytes()
    left = [2]

    class Late(DeltaTable):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            if left[0]:
                left[0] -= 1
                entry.unlink()
            try:
                super().__init__(*arguments, **options)
            finally:
                entry.write_bytes(whole)

    monkeypatch.setattr(deltalake, "DeltaTable", Late)
    assert history.polls().collect().height == 2
    assert not left[0]


def test_a_log_entry_that_goes_while_the_folder_is_looked_at_is_no_fault(
    history: dfn.History, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Checksums._files
    gone = Path(history.location, "polls", "_delta_log", f"{0:020d}.checkpoint.parquet")

    def late(self: Checksums, folder: str) -> list[str]:
        return [*listed(self, folder), *([f"{folder}/{gone.name}"] if folder == "polls/_delta_log" else [])]

    monkeypatch.setattr(Checksums, "_files", late)
    assert history.polls().collect().height == 2


def test_a_log_entry_that_is_missing_is_reported(history: dfn.History) -> None:
    history.append(demo(120))
    history.close()
    entry = sorted(Path(history.location, "events", "_delta_log").glob("*.json"))[-2]
    whole = entry.read_text()
    entry.unlink()
    with pytest.raises(dfn.HistoryFormatError, match="damaged"):
        history.events()
    entry.write_text(whole)
    holds(history, 0, 60, 120)


@pytest.mark.parametrize("content", [b"PAR1 half of a fil", None], ids=["cut off", "missing"])
def test_a_data_file_that_is_not_whole_is_named(history: dfn.History, content: bytes | None) -> None:
    history.close()
    file = next(Path(history.location, "events").glob("*.parquet"))
    whole = file.read_bytes()
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(dfn.HistoryFormatError, match=file.name):
        history.events()
    file.write_bytes(whole)
    holds(history, 0, 60)


def test_files_that_no_commit_names_are_no_part_of_it(history: dfn.History) -> None:
    for name in ("part-00000-x.parquet", "_delta_log/_commit_x.json.tmp"):
        Path(history.location, "events", name).write_bytes(b"half")
    history.append(demo(120))
    holds(history, 0, 60, 120)


def test_tables_of_a_newer_version_are_left_alone(history: dfn.History) -> None:
    history.close()
    tables = Tables(history.location)
    polls = tables.open("polls")
    assert polls is not None
    tables.set_property(polls, "format", "2")
    before = newest_entry(history, "polls")
    for ask in (history.info, lambda: history.append(demo(120))):
        with pytest.raises(dfn.HistoryFormatError, match="newer version of datafast_nb"):
            ask()
    assert newest_entry(history, "polls") == before


def test_a_feature_of_delta_lake_that_is_not_known_is_reported(history: dfn.History) -> None:
    history.close()
    last = newest_entry(history, "polls")
    protocol = {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["fancy"],
        "writerFeatures": ["fancy"],
    }
    last.with_stem(f"{int(last.stem) + 1:020d}").write_text(json.dumps({"protocol": protocol}) + "\n")
    with pytest.raises(dfn.HistoryFormatError, match="Upgrade it"):
        history.info()


def test_a_table_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    deltalake.write_deltalake(tmp_path / "polls", pl.DataFrame({"a": [1]}))
    with pytest.raises(dfn.HistoryFormatError, match="not one of a history"):
        dfn.History(tmp_path).append(demo(0))


def test_a_location_that_is_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(dfn.HistoryStorageError):
        dfn.History(tmp_path / "file").append(demo(0))


def test_without_delta_lake_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(ImportError, match=r"datafast_nb\[history\]"):
        dfn.History(tmp_path).info()


def test_a_failure_while_tidying_up_does_not_fail_the_append(
    history: dfn.History, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise dfn.HistoryStorageError("no space for that")

    monkeypatch.setattr("datafast_nb.history.writer.TIDY_EVERY", 1)
    monkeypatch.setattr(Tables, "replace", fail)
    assert history.append(demo(120)).new
    assert "no space for that" in caplog.text
    holds(history, 0, 60, 120)
