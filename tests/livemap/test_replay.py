"""A live map of a replay shows the moment that the replay is at, and what happened since the last one; no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import datafast_nb as dfn
from datafast_nb import polling
from datafast_nb.errors import HistoryStorageError
from datafast_nb.history import Replay
from datafast_nb.livemap import LiveMap, live_map
from datafast_nb.livemap.timebar import EVERY, Replayed
from datafast_nb.snapshot import Snapshot
from datafast_nb.widgets.protocol import Choice, Gap
from tests.history.moments import START, after, snapshot
from tests.livemap import maps
from tests.livemap.conftest import Sent
from tests.livemap.maps import NEVER, ask, displayed, figure, front, refreshed, settle, shown, until
from tests.livemap.pages import held
from tests.livemap.sources import Scripted, people

LONG_AFTER = 7_200  # seconds, most of which were not recorded


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def visitor(name: str) -> dict[str, object]:
    return {"visitorId": name, "profileData": {"displayName": name}, "latitude": 50.0, "longitude": 10.0}


def payment(name: str, seconds: float) -> dict[str, object]:
    return {"_id": name, "type": "payment", "timestamp": after(seconds).isoformat(), "name": name, "amount": 5}


FIRST, SECOND = payment("first", 50), payment("second", 110)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    with dfn.History(tmp_path_factory.mktemp("site")) as recorded:
        recorded.append(snapshot(0, [visitor("Ann")]))
        recorded.append(snapshot(60, [visitor("Ann"), visitor("Bob")], payments=[FIRST]))
        recorded.append(snapshot(120, [visitor("Bob"), visitor("Cem")], payments=[FIRST, SECOND]))
        recorded.append(snapshot(LONG_AFTER, [visitor("Dee")]))
    return recorded


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def replay(history: dfn.History, clock: Clock) -> Replay:
    return Replay(history, START, after(LONG_AFTER), 60, clock)


@pytest.fixture(autouse=True)
def _asks_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask only when the test does, however long it takes."""
    monkeypatch.setattr(live_map, "EVERY", NEVER)


def at(live: LiveMap) -> datetime:
    """Return the moment that the time bar shows."""
    return datetime.fromtimestamp(front(live).replay.now / 1000, START.tzinfo)


def names(live: LiveMap) -> list[str]:
    """Return the names in the list of visitors."""
    return sorted(maps.names(live))


def seek(live: LiveMap, seconds: float) -> LiveMap:
    """Go to a moment, as a browser does."""
    ask(live, "seek", at=after(seconds).timestamp() * 1000, turn="a turn")
    settle(live)
    return live


# What there is


def test_a_source_of_the_present_has_no_time_bar(sent: Sent) -> None:
    live = shown(people(3))
    assert front(live).replay is None
    ask(live, "seek", at=0, turn="1")
    ask(live, "speed", value=10)
    assert live.status.state == "live"


def test_a_replay_is_one_that_can_be_moved(replay: Replay) -> None:
    assert isinstance(replay, Replayed)
    assert not isinstance(dfn.demo.Site(), Replayed)


def test_the_bar_shows_span_moment_speed_and_gaps(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    milliseconds = 1000 * START.timestamp()
    bar = front(live).replay
    assert bar.start == bar.now == milliseconds
    assert bar.end == milliseconds + LONG_AFTER * 1000
    assert (bar.playing, bar.speed) == (True, 60)
    assert Choice(60.0, "60×") in bar.speeds
    assert front(live).coverage.gaps == (Gap(milliseconds + 120_000, milliseconds + LONG_AFTER * 1000),)
    assert str(live.status) == front(live).status.text == "Playing at 60×"


def test_the_bar_shows_traffic_and_highlights_of_the_span_alone(history: dfn.History, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(Replay(history, START, after(LONG_AFTER), 60, clock)))
    assert [each.label for each in front(live).coverage.highlights] == [
        *("Largest sale: 5.00", "Busiest minute: 2 visitors", "After the longest gap: 1 h 58 min"),
    ]
    part = displayed(LiveMap(Replay(history, START, after(120), 60, clock)))
    assert front(part).coverage.traffic == (1.0, 2.0, 2.0)
    moments = [1000 * after(seconds).timestamp() for seconds in (50, 60)]
    assert [each.at for each in front(part).coverage.highlights] == moments


def test_the_minutes_of_a_replay_are_those_before_its_moment(replay: Replay, sent: Sent) -> None:
    live = seek(displayed(LiveMap(replay)), 120)
    assert front(live).traffic.visitors == (1, 2, 2)
    assert front(seek(live, 60)).traffic.visitors == (1, 2)


def test_it_is_asked_every_second_whatever_the_interval(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_map, "EVERY", EVERY)
    live = LiveMap(replay, every=30)
    live.every = 60
    assert live.status.every == 1


@pytest.mark.parametrize("several", [lambda each: [each, Scripted([people(1)])], lambda each: [each, each]])
def test_a_replay_beside_another_source_is_refused(replay: Replay, several: Callable[[Replay], Any]) -> None:
    with pytest.raises(ValueError, match="LiveMap for each"):
        LiveMap(several(replay))


def test_a_replay_may_have_a_name(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap({"shop": replay}))
    assert names(seek(live, 60)) == ["Ann", "Bob"]
    seek(live, 3_600)
    assert live.snapshots == {"shop": None}
    assert live.snapshot is None


# Moving in time


def test_seeking_shows_that_moment_and_says_so_to_the_browser(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    assert names(live) == ["Ann"]
    seek(live, 125)
    assert names(live) == ["Bob", "Cem"]
    assert at(live) == after(125)
    assert front(live).replay.sought == "a turn"
    assert front(live).clock == after(120).timestamp() * 1000


def test_what_is_jumped_over_is_no_news(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    paid: list[Any] = []
    came: list[Any] = []
    live.on_payment(paid.append)
    live.on_visitor(came.append)
    seek(live, 125)
    seek(live, 0)
    assert (paid, came, sent.told("news")) == ([], [], [])


def test_what_happens_as_it_plays_is_news(replay: Replay, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    came: list[str] = []
    live.on_visitor(lambda visitors: came.extend(visitors["display_name"]))
    clock.time = 1
    refreshed(live)
    (news,) = sent.told("news")
    assert [each["who"] for each in news["payments"]] == ["first"]
    assert came == ["Bob"]
    assert at(live) == after(60)


def test_what_is_played_again_is_news_again(replay: Replay, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    for _ in range(2):
        seek(live, 60)
        clock.time += 1
        refreshed(live)
    assert [each["who"] for news in sent.told("news") for each in news["payments"]] == ["second", "second"]


def test_what_happens_after_a_jump_to_the_same_poll_is_news(replay: Replay, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    seek(live, 30)
    clock.time = 0.5
    refreshed(live)
    assert [each["who"] for news in sent.told("news") for each in news["payments"]] == ["first"]


def test_what_happens_after_a_pause_or_at_another_speed_is_news_all_the_same(
    replay: Replay, clock: Clock, sent: Sent
) -> None:
    live = displayed(LiveMap(replay))
    ask(live, "pause")
    settle(live)
    ask(live, "speed", value=120)
    settle(live)
    ask(live, "resume")
    settle(live)
    clock.time = 0.5
    refreshed(live)
    assert len(sent.told("news")) == 1


def test_who_is_not_there_after_a_jump_has_not_left(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    seek(live, 60)
    (bob,) = (row.id for row in front(live).visitors.rows if row.name == "Bob")
    ask(live, "select", id=bob)
    seek(live, 120)
    assert front(live).card.visitor.name == "Bob"
    seek(live, 0)
    assert front(live).card is None


def test_who_leaves_as_it_plays_has_left(replay: Replay, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    ask(live, "select", id=front(live).visitors.rows[0].id)
    clock.time = 2
    refreshed(live)
    assert front(live).card.here is False


def test_a_seek_while_an_answer_is_awaited_is_asked_for_after_it(sent: Sent) -> None:
    replay = Slow()
    live = displayed(LiveMap(replay))
    replay.source.gate.clear()
    live.refresh()
    until(lambda: replay.source.calls == 2)
    replay.playing = False
    replay.seek(after(60))
    replay.source.gate.set()
    until(lambda: live.snapshot is not None and live.snapshot.fetched_at == after(60))
    assert at(live) == after(60)


@pytest.mark.parametrize("wrong", [None, "soon", float("nan"), 1e300, [], {}])
def test_a_moment_that_is_none_moves_nothing(replay: Replay, sent: Sent, wrong: Any) -> None:
    live = displayed(LiveMap(replay))
    ask(live, "seek", at=wrong, turn="1")
    ask(live, "seek", at=0)
    ask(live, "speed", value=wrong if wrong != 1e300 else -1)
    assert (replay.now, replay.speed) == (START, 60)


def test_a_moment_outside_the_span_becomes_its_end(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    assert at(seek(live, 1e9)) == after(LONG_AFTER)
    assert at(seek(live, -1e9)) == START


# From code


def test_it_follows_a_replay_that_is_moved_by_code(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    replay.pause()
    settle(live)
    assert (live.status.state, front(live).status.text) == ("stopped", "Paused")
    replay.seek(after(61))
    settle(live)
    assert (names(live), at(live)) == (["Ann", "Bob"], after(61))
    replay.speed = 600
    settle(live)
    assert front(live).replay.speed == 600
    replay.play()
    settle(live)
    assert (live.status.state, front(live).status.text) == ("live", "Playing at 600×")


def test_stop_and_start_pause_and_play_it(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    live.stop()
    assert (replay.playing, live.status.state) == (False, "stopped")
    live.start()
    assert (replay.playing, live.status.state) == (True, "live")


def test_two_maps_may_show_one_replay(replay: Replay, sent: Sent) -> None:
    one, two = displayed(LiveMap(replay)), displayed(LiveMap(replay))
    seek(one, 60)
    settle(two)
    assert names(one) == names(two) == ["Ann", "Bob"]


def test_a_map_that_is_closed_lets_the_replay_go(replay: Replay) -> None:
    live = LiveMap(replay)
    settle(live)
    live.close()
    assert replay._callbacks == ()
    replay.seek(after(60))


def test_many_threads_may_move_it(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))

    def move(number: int) -> None:
        for step in range(10):
            replay.seek(after(10 * number + step))
            ask(live, "pause" if step % 2 else "resume")

    threads = [threading.Thread(target=move, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    replay.pause()
    seek(live, 125)
    assert (names(live), at(live)) == (["Bob", "Cem"], after(125))


def test_what_happens_while_nobody_looks_is_no_news(
    replay: Replay, clock: Clock, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LOOK_EVERY", 0.01)
    live = displayed(LiveMap(replay))
    ask(live, "beat", view="a")
    ask(live, "away", view="a")
    until(lambda: live._last_status.state == "unwatched" and live._timebar is not None and live._timebar._drawn is None)
    settle(live)
    clock.time = 1
    ask(live, "beat", view="a")
    settle(live)
    assert names(live) == ["Ann", "Bob"]
    assert sent.told("news") == []


# Where nothing more is known


def test_at_the_end_it_shows_the_last_moment_pauses_and_says_so(replay: Replay, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    clock.time = 1_000
    refreshed(live)
    settle(live)
    assert names(live) == ["Dee"]
    assert at(live) == after(LONG_AFTER)
    assert live.status.state == "stopped"
    assert front(live).status.text == "At the end of the replay"
    ask(live, "resume")
    settle(live)
    assert (names(live), at(live)) == (["Ann"], START)


def test_a_moment_that_was_not_recorded_shows_nobody_and_says_so(replay: Replay, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    seek(live, 3_600)
    assert live.snapshot is None
    assert live.status.state == "unrecorded"
    assert front(live).status.text == "Playing at 60×. Nothing was recorded at this moment."
    assert names(live) == []
    assert figure(live, "Visitors now") == ("–", "")
    with pytest.raises(RuntimeError, match="There is no snapshot of this moment to save"):
        live.save_html("never.html")
    assert names(seek(live, 60)) == ["Ann", "Bob"]
    assert live.status.state == "live"


def test_what_comes_after_a_gap_is_no_news(replay: Replay, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    seek(live, 3_600)
    clock.time = 1_000
    refreshed(live)
    settle(live)
    assert names(live) == ["Dee"]
    assert sent.told("news") == []


def test_a_span_of_one_poll_stands_still(history: dfn.History, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(Replay(history, after(60), after(60), 60, clock)))
    assert names(live) == ["Ann", "Bob"]
    assert (live.status.state, front(live).replay.playing) == ("stopped", False)
    ask(live, "resume")
    settle(live)
    assert at(live) == after(60)


def test_a_history_that_can_not_be_read_is_said_to_be(sent: Sent) -> None:
    live = displayed(LiveMap(Slow(HistoryStorageError("The disk is gone."))))
    assert live.status.state == "retrying"
    assert "The disk is gone." in front(live).status.text
    ask(live, "pause")
    settle(live)
    assert front(live).status.text == "Paused. The disk is gone."


# What leaves the map


def test_a_saved_page_names_the_moment(replay: Replay, tmp_path: Path) -> None:
    live = LiveMap(replay)
    replay.pause()
    replay.seek(after(61))
    settle(live)
    page = held(live.save_html(tmp_path / "then.html"))
    assert page.moments[page.first].clock == after(60).timestamp() * 1000


def test_while_it_plays_only_what_changes_is_sent(replay: Replay, clock: Clock, sent: Sent) -> None:
    live = displayed(LiveMap(replay))
    sent.clear()
    clock.time = 0.5
    refreshed(live)
    (state,) = sent.states("replay")
    assert set(state) == {"replay"}


class Slow:
    """A replay of made-up moments, whose answers wait until the test lets them come."""

    start, end, speed, playing = START, START + timedelta(hours=1), 1.0, True

    def __init__(self, fault: Exception | None = None) -> None:
        self.now, self.jumps = START, 0
        self.source = Scripted([fault or people(1)])
        self.last: Snapshot | None = None
        self.callbacks: list[Callable[[], Any]] = []

    def snapshot(self) -> Snapshot:
        now = self.now
        self.source.snapshot()
        self.last = Snapshot(fetched_at=now)
        return self.last

    def seek(self, when: datetime) -> None:
        self.now, self.jumps = when, self.jumps + 1
        self.tell()

    def play(self) -> None:
        self.playing = True
        self.tell()

    def pause(self) -> None:
        self.playing = False
        self.tell()

    def tell(self) -> None:
        for callback in self.callbacks:
            callback()

    def on_change(self, callback: Callable[[], Any], *, remove: bool = False) -> None:
        (self.callbacks.remove if remove else self.callbacks.append)(callback)
