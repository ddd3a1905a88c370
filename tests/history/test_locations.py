"""Wherever a history is kept: it is found again, or refused before anything is stored."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

import datafast_nb as dfn
from tests.history.moments import after, demo, demos, shown, snapshot

LONG_AGO = time.time() - 30 * 86_400


@pytest.mark.parametrize(
    "name", ["my site", "ünïcødé 𝕏", "100%", "a%zz", "a#b", "a?b", "st*r", "a;b&c=d", "{a}", "a:b"]
)
def test_a_folder_of_any_name_is_found_again(tmp_path: Path, name: str) -> None:
    for seconds in (0, 60):
        with dfn.History(tmp_path / name) as history:
            history.append(demo(seconds))
            history.append(demo(seconds + 10))
    assert sorted(history.events().collect()["event_id"]) == shown(demos([0, 10, 60, 70]), "events")
    assert history.at(after(70)).visitors.height == demo(70).visitors.height
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a?b", "a*b"])
def test_a_folder_whose_name_looks_like_a_pattern_does_not_read_its_neighbor(tmp_path: Path, name: str) -> None:
    with dfn.History(tmp_path / name) as history:
        history.append(demo(0))
    shutil.copytree(tmp_path / name, tmp_path / "axb")
    assert sorted(history.events().collect()["event_id"]) == shown(demos([0]), "events")


def test_a_folder_can_be_given_as_a_url_or_from_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    same = {
        dfn.History(given).location for given in ((tmp_path / "my site").as_uri(), "~/my site", tmp_path / "my site")
    }
    assert same == {str(tmp_path / "my site")}


@pytest.mark.parametrize("name", ["site[1]", "a%20b", "a^b", "a|b", "a\tb"])
def test_a_name_that_delta_lake_cannot_read_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(dfn.HistoryStorageError, match="another name"):
        dfn.History(tmp_path / name)


@pytest.mark.parametrize("table", ["visitors", "events"])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, table: str) -> None:
    (tmp_path / table).mkdir()
    (tmp_path / table / "mine.csv").write_text("mine")
    with pytest.raises(dfn.HistoryStorageError, match="belong to a history"):
        dfn.History(tmp_path).append(demo(0))
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted([table, "mine.csv"])


@pytest.mark.parametrize("mine", ["mine.csv", "raw/mine.parquet"])
def test_files_of_others_that_came_later_are_never_deleted(tmp_path: Path, mine: str) -> None:
    with dfn.History(tmp_path) as history:
        history.append(demo(0))
    orphan, file = left_behind(tmp_path / "events"), tmp_path / "events" / mine
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    os.utime(file, (LONG_AGO, LONG_AGO))
    with dfn.History(tmp_path) as history:
        history.append(demo(60))
    assert file.read_text() == "mine"
    file.unlink()
    with dfn.History(tmp_path) as history:
        history.append(demo(120))
    assert not orphan.exists()


def left_behind(table: Path) -> Path:
    """Return a file that an append wrote long ago, and never came to commit."""
    file = table / "part-00000-00000000-0000-0000-0000-000000000000-c000.zstd.parquet"
    file.write_bytes(b"PAR1")
    os.utime(file, (LONG_AGO, LONG_AGO))
    return file


def test_a_folder_that_is_moved_while_it_is_open_is_reported_and_nothing_is_made_in_its_place(tmp_path: Path) -> None:
    history = dfn.History(tmp_path / "site")
    history.append(demo(0))
    moved = (tmp_path / "site").rename(tmp_path / "moved")
    for ask in (lambda: history.append(demo(10)), history.events, history.info, history.check):
        with pytest.raises(dfn.HistoryStorageError, match="moved or removed"):
            ask()
    assert [path.name for path in tmp_path.iterdir()] == ["moved"]
    moved.rename(tmp_path / "site")
    assert history.append(demo(10)).new
    (tmp_path / "site").rename(moved)
    history.close()
    with dfn.History(moved) as there:
        there.append(demo(20))
        there.check()
    assert sorted(there.events().collect()["event_id"]) == shown(demos([0, 10, 20]), "events")


def test_another_folder_in_its_place_is_not_written_to(tmp_path: Path) -> None:
    history = dfn.History(tmp_path / "site")
    history.append(demo(0))
    (tmp_path / "site").rename(tmp_path / "moved")
    with dfn.History(tmp_path / "site") as other:
        other.append(demo(60))
        with pytest.raises(dfn.HistoryStorageError, match="moved or removed"):
            history.append(demo(120))
    assert other.info().rows["polls"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_all_files_are_for_their_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with dfn.History(tmp_path / "site", redact=True) as history:
            for seconds in range(110):  # the hundredth commit makes a checkpoint
                history.append(snapshot(seconds))
            history.append(demo(120))
            history._writer._tidy()  # type: ignore[union-attr]
    finally:
        os.umask(before)
    everything = [tmp_path / "site", tmp_path / "site.key", *(tmp_path / "site").rglob("*")]
    assert any("checkpoint" in path.name for path in everything)
    wrong = {str(path): oct(path.stat().st_mode) for path in everything if path.stat().st_mode & 0o077}
    assert not wrong
