"""Damage is never taken for emptiness, and no altered file for what was written."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import deltalake
import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.history.tables import Tables, files
from tests.history.moments import after, demo, demos

TABLES = ["visitors", "events", "payments", "polls"]
TIMES = [0, 60, 120]
READS: dict[str, Callable[[dfn.History], Any]] = {
    "visitors": lambda history: history.visitors(),
    "events": lambda history: history.events(),
    "payments": lambda history: history.payments(),
    "polls": lambda history: history.polls(),
    "sessions": lambda history: history.sessions(),
    "info": lambda history: history.info(),
    "gaps": lambda history: history.gaps(),
    "at": lambda history: history.at(after(120)),
    "snapshots": lambda history: list(history.snapshots()),
    "replay": lambda history: history.replay(),
    "check": lambda history: history.check(),
    "forget_after": lambda history: history.forget_after(after(60)),
    "append": lambda history: history.append(demo(180)),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a history that nobody has open."""
    folder = tmp_path_factory.mktemp("whole") / "site"
    with dfn.History(folder) as history:
        for each in demos(TIMES):
            history.append(each)
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "site"))


def content(folder: Path) -> dict[str, bytes | None]:
    """Return all that is in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def without_folder(table: Path) -> None:
    shutil.rmtree(table)


def without_log(table: Path) -> None:
    shutil.rmtree(table / "_delta_log")


def with_empty_log(table: Path) -> None:
    for entry in (table / "_delta_log").iterdir():
        entry.unlink()


MISSING = [each for count in range(1, 5) for each in combinations(TABLES, count)]


@pytest.mark.parametrize("lose", [without_folder, without_log, with_empty_log])
@pytest.mark.parametrize("missing", MISSING, ids="+".join)
def test_a_history_without_some_of_its_tables_is_refused_and_left_as_it_is(
    copy: Path, missing: tuple[str, ...], lose: Callable[[Path], None]
) -> None:
    for table in missing:
        lose(copy / table)
    before = content(copy)
    for ask in READS.values():
        with dfn.History(copy) as history, pytest.raises(dfn.HistoryFormatError, match="Restore") as told:
            ask(history)
        assert all(f"of the table {table}" in str(told.value) for table in missing)
    assert content(copy) == before


@pytest.mark.parametrize("table", TABLES)
def test_without_a_data_file_nothing_is_written(copy: Path, table: str) -> None:
    file = next((copy / table).glob("*.parquet"))
    file.unlink()
    before = content(copy)
    for ask in ("append", "check", "forget_after", table):
        with dfn.History(copy) as history, pytest.raises(dfn.HistoryFormatError, match=file.name):
            READS[ask](history)
    assert content(copy) == before


def test_tables_without_the_checksums_are_gone_on_with(copy: Path) -> None:
    (copy / "SHA256SUMS").unlink()
    with dfn.History(copy) as history:
        assert history.check().without_checksum
        assert history.append(demo(180)).new
        assert not history.check().without_checksum


@pytest.mark.parametrize("missing", MISSING[:-1], ids="+".join)
def test_damage_is_reported_also_where_the_checksums_are_gone(copy: Path, missing: tuple[str, ...]) -> None:
    (copy / "SHA256SUMS").unlink()
    for table in missing:
        without_folder(copy / table)
    before = content(copy)
    for ask in ("info", "append"):
        with dfn.History(copy) as history, pytest.raises(dfn.HistoryFormatError):
            READS[ask](history)
    assert content(copy) == before


@pytest.mark.parametrize("made", range(5))
def test_a_beginning_that_was_broken_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: int) -> None:
    create, begin, names = Tables.create, Tables.begin, []

    def broken(self: Tables, name: Any, properties: dict[str, str]) -> object:
        if len(names) == made:
            raise KeyboardInterrupt
        names.append(name)
        return create(self, name, properties)

    def never(self: Tables) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Tables, "create", broken)
    monkeypatch.setattr(Tables, "begin", never)
    with pytest.raises(KeyboardInterrupt):
        dfn.History(tmp_path / "site").append(demo(0))
    assert len(names) == made
    monkeypatch.setattr(Tables, "create", create)
    monkeypatch.setattr(Tables, "begin", begin)
    with dfn.History(tmp_path / "site") as history:
        with pytest.raises(dfn.NotRecordedError):
            history.info()
        assert history.append(demo(0)).new
    assert history.info().rows["polls"] == 1


def test_newest_entries_of_a_log_that_are_missing_are_reported(copy: Path) -> None:
    entries = sorted((copy / "visitors" / "_delta_log").glob("*.json"))
    entries[-1].unlink()
    for ask in ("visitors", "append"):
        with dfn.History(copy) as history, pytest.raises(dfn.HistoryFormatError, match=entries[-1].name):
            READS[ask](history)


def frames(history: dfn.History) -> list[Any]:
    """Return all that can be read of a history."""
    snapshots = [(it.visitors.sort("visitor_id"), it.events, it.payments) for it in history.snapshots()]
    tables = [history.collect(table).sort("seen_at", pl.nth(0)) for table in (history.events(), history.payments())]
    return [*(frame for shown in snapshots for frame in shown), *tables]


def test_no_altered_byte_is_read_as_data(whole: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    right = frames(dfn.History(whole))
    told = 0
    files = [path for path in whole.rglob("*") if path.suffix in (".parquet", ".json") or path.name == "SHA256SUMS"]
    for trial in range(24):
        copy = Path(shutil.copytree(whole, tmp_path / f"{trial}"))
        file = copy / chance.choice(files).relative_to(whole)
        altered = bytearray(file.read_bytes())
        altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
        file.write_bytes(altered)
        history = dfn.History(copy)
        if file.name != "SHA256SUMS":
            with pytest.raises(dfn.HistoryFormatError, match=file.name):
                history.check()
        try:
            found = frames(history)
        except dfn.HistoryFormatError as error:
            told += "check()" in str(error) or "SHA256SUMS" in str(error)
        else:
            assert all(one.equals(other) for one, other in zip(found, right, strict=True))
    assert told > 10


def test_an_altered_file_is_not_merged_into_a_sound_one(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    with dfn.History(copy) as history:
        history.append(demo(180))
        live = files(deltalake.DeltaTable(str(copy / "events")))  # beside them are merged ones, which nobody reads
        file = copy / "events" / live["path"][0]
        sound = file.read_bytes()
        altered = bytearray(sound)
        altered[len(altered) // 2] ^= 1
        file.write_bytes(altered)
        history._writer._tidy()  # type: ignore[union-attr]
        assert file.name in caplog.text
        assert history.append(demo(240)).new  # recording goes on: what comes is worth more than what is merged
    with pytest.raises(dfn.HistoryFormatError, match=file.name):
        history.check()
    file.write_bytes(sound)
    assert not history.check().without_checksum


def test_the_checksums_are_those_that_the_system_checks(copy: Path) -> None:
    import hashlib

    lines = (copy / "SHA256SUMS").read_text().splitlines()
    for line in lines:
        digest, path = line.split("  ")
        assert hashlib.sha256((copy / path).read_bytes()).hexdigest() == digest
    assert len(lines) == dfn.History(copy).check().files


def garbled_at_the_start(sums: bytes) -> bytes:
    return b"z" + sums[1:]


def garbled_in_the_middle(sums: bytes) -> bytes:
    return sums[:200] + b"\xff\x00" + sums[202:]


def of_another_file(sums: bytes) -> bytes:
    return b"\xff\xfe is no checksum\n" * 3


def with_other_line_ends(sums: bytes) -> bytes:
    return sums.replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    "damage", [garbled_at_the_start, garbled_in_the_middle, of_another_file, with_other_line_ends, bytes.upper]
)
def test_damaged_checksums_are_refused_wherever_they_are(copy: Path, damage: Callable[[bytes], bytes]) -> None:
    sums = copy / "SHA256SUMS"
    sums.write_bytes(damage(sums.read_bytes()))
    before = content(copy)
    for ask in ("visitors", "append", "check", "forget_after"):
        with dfn.History(copy) as history, pytest.raises(dfn.HistoryFormatError, match=r"line \d+ of SHA256SUMS"):
            READS[ask](history)
    assert content(copy) == before


@pytest.mark.parametrize("snapshots", [0, 1])
def test_polls_of_an_older_copy_cost_no_rows_of_the_other_tables(tmp_path: Path, copy: Path, snapshots: int) -> None:
    older = tmp_path / "older"
    with dfn.History(older) as history:
        for each in demos(TIMES[:snapshots]) or [demo(0)]:
            history.append(each)
        if not snapshots:
            history.forget_after(after(-1))
    shutil.rmtree(copy / "polls")
    shutil.copytree(older / "polls", copy / "polls")
    (copy / "SHA256SUMS").unlink()
    if not snapshots:  # made, and without a row ever
        for entry in sorted((copy / "polls" / "_delta_log").glob("*.json"))[1:]:
            entry.unlink()
    before = content(copy)
    for ask in ("append", "forget_after"):
        with dfn.History(copy) as history, pytest.raises(dfn.HistoryFormatError, match="older copy"):
            READS[ask](history)
    assert content(copy) == before


def test_polls_of_a_copy_that_is_older_by_one_snapshot_are_reported(tmp_path: Path) -> None:
    site, older = tmp_path / "site", tmp_path / "older"
    with dfn.History(site) as history:
        for each in demos(TIMES[:2]):
            history.append(each)
        shutil.copytree(site / "polls", older)
        history.append(demo(TIMES[2]))
    shutil.rmtree(site / "polls")
    older.rename(site / "polls")
    before = content(site)
    for ask in ("append", "forget_after", "polls"):
        with (
            dfn.History(site) as history,
            pytest.raises(dfn.HistoryFormatError, match=r"polls/_delta_log/\d+.json is missing"),
        ):
            READS[ask](history)
    assert content(site) == before


def test_what_fails_after_a_frame_was_asked_for_is_said_by_collect(copy: Path) -> None:
    history = dfn.History(copy)
    frame = history.events()
    for file in (copy / "events").glob("*.parquet"):
        file.unlink()
    with pytest.raises(dfn.HistoryFormatError, match="missing"):
        history.collect(frame)


# What other programs do to a table


def change(folder: Path, table: str, changed: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Rewrite a table with other columns."""
    path = str(folder / table)
    frame = changed(pl.read_delta(path))
    deltalake.write_deltalake(path, frame, mode="overwrite", schema_mode="overwrite")


def with_a_note(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(note=pl.lit("by Spark"))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "changed",
    [
        with_a_note,
        lambda frame: frame.select(reversed(frame.columns)),
        lambda frame: frame.drop({"is_random_name", "referrer", "visible", "events_retimed"} & set(frame.columns)),
        lambda frame: frame.with_columns(pl.col(pl.Int64).cast(pl.Int32)),
    ],
    ids=["a column more", "another order", "a column less", "smaller numbers"],
)
def test_columns_of_others_are_read_and_gone_on_with(
    copy: Path, table: str, changed: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    change(copy, table, changed)
    with dfn.History(copy) as history:
        history.append(demo(180))
        history._writer._tidy()  # type: ignore[union-attr]
        for given in demos([*TIMES, 180]):
            found = history.at(given.fetched_at)
            assert (found.visitors.height, found.events.height) == (given.visitors.height, given.events.height)
        assert history.visitors().collect_schema().names()[: len(dfn.schema.VISITORS)] == dfn.schema.VISITORS.names()
    if changed is with_a_note:
        assert pl.read_delta(str(copy / table))["note"].null_count() < pl.read_delta(str(copy / table)).height


@pytest.mark.parametrize(
    ("table", "column", "changed"),
    [
        ("visitors", "seen_at", lambda frame: frame.drop("seen_at")),
        ("visitors", "visitor_id", lambda frame: frame.drop("visitor_id")),
        ("events", "timestamp", lambda frame: frame.with_columns(pl.col("timestamp").dt.replace_time_zone(None))),
        ("payments", "amount", lambda frame: frame.with_columns(amount=pl.lit("9.99"))),
        ("polls", "events_since", lambda frame: frame.drop("events_since")),
    ],
)
def test_a_column_that_can_not_be_read_is_named(
    copy: Path, table: str, column: str, changed: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    change(copy, table, changed)
    for ask in (table, "append"):
        with dfn.History(copy) as history, pytest.raises(dfn.HistoryFormatError, match=column):
            READS[ask](history)
