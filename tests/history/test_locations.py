"""Wherever a history is kept: it is found again, or refused before anything is stored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import datafast_nb as dfn
from tests.history.moments import after, demo, demos, shown


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
def test_a_folder_whose_name_looks_like_a_pattern_does_not_read_its_neighbour(tmp_path: Path, name: str) -> None:
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
