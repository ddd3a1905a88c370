"""A replay is a source that shows the past, and obeys."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import deltalake
import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.history import tables
from datafast_nb.history.replay import Replay
from tests.history.moments import START, after, demos, snapshot


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    with dfn.History(tmp_path_factory.mktemp("site")) as recorded:
        for each in demos(range(0, 600, 60)):
            recorded.append(each)
    return recorded


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def replay(history: dfn.History, clock: Clock) -> Replay:
    return Replay(history, START, after(540), 60, clock)


def test_it_is_a_source_that_shows_each_moment_as_it_was(replay: Replay, clock: Clock) -> None:
    assert isinstance(replay, dfn.Source)
    assert replay.snapshot().fetched_at == after(0)
    clock.time = 2.5
    assert replay.now == after(150)
    assert replay.snapshot().fetched_at == after(120)


def test_it_stays_at_its_end_and_plays_again_from_the_start(replay: Replay, clock: Clock) -> None:
    clock.time = 100
    assert replay.now == replay.end == after(540)
    assert not replay.playing
    replay.play()
    assert replay.playing
    assert replay.now == START


def test_it_pauses_and_goes_on_from_there(replay: Replay, clock: Clock) -> None:
    clock.time = 1
    replay.pause()
    clock.time = 5
    assert replay.now == after(60)
    assert not replay.playing
    replay.play()
    clock.time = 6
    assert replay.now == after(120)


def test_another_speed_counts_from_now(replay: Replay, clock: Clock) -> None:
    clock.time = 1
    replay.speed = 10
    clock.time = 2
    assert replay.now == after(70)
    with pytest.raises(ValueError, match="speed is 0; give a positive number"):
        replay.speed = 0


def test_it_goes_where_it_is_sent_within_its_span(replay: Replay, clock: Clock) -> None:
    replay.seek(after(300))
    clock.time = 1
    assert replay.now == after(360)
    replay.seek(after(9_999))
    assert replay.now == replay.end
    with pytest.raises(ValueError, match="time zone"):
        replay.seek(START.replace(tzinfo=None))


def test_by_default_it_is_the_whole_history(history: dfn.History) -> None:
    whole = history.replay()
    assert (whole.start, whole.end) == (START, after(540))
    assert history.replay(after(60), after(120), speed=5).end == after(120)
    with pytest.raises(dfn.NotRecordedError, match="span"):
        history.replay(after(900))


def test_in_a_gap_it_says_so(tmp_path: Path, clock: Clock) -> None:
    with dfn.History(tmp_path) as recorded:
        for each in demos([0, 7_200]):
            recorded.append(each)
    replay = Replay(recorded, START, after(7_200), 1, clock)
    replay.seek(START + timedelta(hours=1))
    with pytest.raises(dfn.NotRecordedError, match="gaps"):
        replay.snapshot()


def test_to_go_back_from_the_end_is_not_to_play_again(replay: Replay, clock: Clock) -> None:
    clock.time = 100
    assert not replay.playing
    replay.seek(after(300))
    clock.time = 101
    assert replay.now == after(300)
    assert not replay.playing


def test_a_moment_that_was_not_polled_anew_is_the_same_snapshot(replay: Replay) -> None:
    replay.pause()
    replay.seek(after(60))
    shown = replay.snapshot()
    replay.seek(after(119))
    assert replay.snapshot() is shown
    replay.seek(after(120))
    assert replay.snapshot().fetched_at == after(120)


def test_only_seeking_and_playing_again_are_jumps(replay: Replay, clock: Clock) -> None:
    replay.pause()
    replay.speed = 10
    replay.play()
    assert replay.jumps == 0
    replay.seek(after(60))
    assert replay.jumps == 1
    clock.time = 100
    replay.play()
    assert replay.jumps == 2


def test_who_follows_it_hears_of_each_change_once_until_taken_off(replay: Replay) -> None:
    told: list[tuple[bool, float, float]] = []

    def tell() -> None:
        told.append((replay.playing, replay.speed, (replay.now - START).total_seconds()))

    replay.on_change(tell)
    replay.on_change(tell)
    replay.pause()
    replay.seek(after(60))
    replay.speed = 10
    replay.play()
    assert told == [(False, 60, 0), (False, 60, 60), (False, 10, 60), (True, 10, 60)]
    replay.on_change(tell, remove=True)
    replay.pause()
    assert len(told) == 4


def test_gaps_that_touch_are_one_and_end_with_the_span(tmp_path: Path, clock: Clock) -> None:
    with dfn.History(tmp_path) as recorded:
        for seconds in (0, 1_000, 2_000, 2_060, 4_000):
            recorded.append(snapshot(seconds))
    gaps = Replay(recorded, after(500), after(3_000), 1, clock).gaps
    assert gaps.rows() == [(after(500), after(2_000)), (after(2_060), after(3_000))]


def test_one_poll_is_a_span_in_which_nothing_moves(history: dfn.History, clock: Clock) -> None:
    still = Replay(history, after(60), after(60), 60, clock)
    still.play()
    still.seek(after(600))
    assert (still.now, still.playing) == (after(60), False)
    assert still.snapshot().fetched_at == after(60)


def test_a_span_that_ends_before_it_starts_is_refused(history: dfn.History, clock: Clock) -> None:
    with pytest.raises(ValueError, match="swap them"):
        Replay(history, after(60), after(0), 1, clock)


def test_a_history_that_is_not_there_is_not_replayed(tmp_path: Path) -> None:
    with pytest.raises(dfn.NotRecordedError, match="no history"):
        dfn.History(tmp_path / "nowhere").replay()


@pytest.mark.parametrize("wrong", ["60", None, True])
def test_a_speed_that_is_no_number_is_refused_and_changes_nothing(replay: Replay, wrong: object) -> None:
    with pytest.raises(TypeError, match="speed"):
        replay.speed = wrong  # type: ignore[assignment]
    assert replay.speed == 60


def test_many_threads_may_move_it(replay: Replay) -> None:
    """Each change is whole: it is always at a moment that somebody chose, and every jump is counted."""

    def move(number: int) -> None:
        for step in range(200):
            replay.seek(after(number * 100 + step % 10))
            replay.pause()

    threads = [threading.Thread(target=move, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert replay.jumps == 800
    assert (replay.now - START).total_seconds() % 100 < 10


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each table that is opened; their files are as old as they seem to be after some seconds."""
    monkeypatch.setattr(tables, "_SETTLED", -1.0)
    opened: list[str] = []
    begin = deltalake.DeltaTable.__init__

    def noting(self: deltalake.DeltaTable, table_uri: Any, *args: Any, **options: Any) -> None:
        opened.append(Path(str(table_uri)).name)
        begin(self, table_uri, *args, **options)

    monkeypatch.setattr(deltalake.DeltaTable, "__init__", noting)
    return opened


def test_a_moment_opens_each_table_once_and_then_none(history: dfn.History, opens: list[str]) -> None:
    fresh = dfn.History(history.location)
    first = fresh.at(after(120))
    assert sorted(opens) == ["events", "payments", "polls", "visitors"]
    opens.clear()
    assert fresh.at(after(121)) is first
    assert fresh.at(after(240)).fetched_at == after(240)
    assert opens == []


def test_a_tick_of_a_replay_opens_nothing(history: dfn.History, clock: Clock, opens: list[str]) -> None:
    fresh = dfn.History(history.location)
    replay = Replay(fresh, START, after(540), 60, clock)
    replay.snapshot()
    assert sorted(opens) == ["events", "payments", "polls", "visitors"]
    for clock.time in (0.5, 2.5, 5.0):
        opens.clear()
        replay.snapshot()
        assert opens == []


def test_what_was_stored_since_is_seen(tmp_path: Path, opens: list[str]) -> None:
    with dfn.History(tmp_path / "site") as writer:
        writer.append(snapshot(0))
        reader = dfn.History(writer.location)
        first = reader.at(after(30))
        writer.append(snapshot(20, visitors=[{"visitorId": "late"}]))
        opens.clear()
        second = reader.at(after(30))
    assert (first.fetched_at, second.fetched_at) == (after(0), after(20))
    assert second.visitors["visitor_id"].to_list() == ["late"]
    assert sorted(opens) == ["events", "payments", "polls", "visitors"]


def test_files_that_were_merged_and_deleted_since_are_read_where_they_are_now(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as writer:
        for each in demos(range(0, 180, 60)):
            writer.append(each)
    reader = dfn.History(tmp_path / "site")
    before = reader.at(after(60))
    for name in ("visitors", "events", "payments"):
        table = deltalake.DeltaTable(str(tmp_path / "site" / name))
        table.optimize.compact()
        table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    assert reader.at(after(0)).fetched_at == after(0)
    again = reader.at(after(60))
    assert_frame_equal(again.visitors, before.visitors, check_row_order=False)
