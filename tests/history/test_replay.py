"""A replay is a source that shows the past, and obeys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import datafast_nb as dfn
from datafast_nb.history.replay import Replay
from tests.history.moments import START, after, demos


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
    with pytest.raises(ValueError, match="above 0"):
        replay.speed = 0


def test_it_goes_where_it_is_told_within_its_span(replay: Replay, clock: Clock) -> None:
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
