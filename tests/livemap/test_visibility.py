"""Visibility: who looks is told by signs of life, and a kernel that could not hear one is no proof of absence."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from datafast_nb import polling
from datafast_nb.widgets.visibility import LONGEST_SILENCE, Kernel, Visibility
from tests.livemap.maps import ask, made, shown, until
from tests.livemap.sources import people


class Clock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


class Ear:
    """A kernel that listens, unless a test keeps it from that."""

    def __init__(self) -> None:
        self.heard = 0.0
        self.busy = False

    def listened(self) -> float:
        return self.heard

    def passes(self, seconds: float) -> None:
        self.heard += 0 if self.busy else seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kernel() -> Ear:
    return Ear()


@pytest.fixture
def visibility(kernel: Ear) -> Visibility:
    return Visibility(kernel)


# Signs of life


def test_a_map_that_was_never_displayed_is_taken_for_watched(visibility: Visibility, kernel: Ear) -> None:
    kernel.passes(100_000)
    assert visibility.is_watched()


def test_signs_of_life_keep_it_watched_and_silence_ends_it(visibility: Visibility, kernel: Ear) -> None:
    for _ in range(10):
        visibility.beat("a")
        kernel.passes(5)
        assert visibility.is_watched()
    kernel.passes(LONGEST_SILENCE)
    assert not visibility.is_watched()


def test_who_comes_back_is_seen_at_once(visibility: Visibility, kernel: Ear) -> None:
    visibility.beat("a")
    kernel.passes(1000)
    assert not visibility.is_watched()
    visibility.beat("a")
    assert visibility.is_watched()


def test_one_of_several_views_is_enough(visibility: Visibility) -> None:
    visibility.beat("a")
    visibility.beat("b")
    visibility.leave("a")
    assert visibility.is_watched()
    visibility.leave("b")
    assert not visibility.is_watched()


def test_a_view_that_is_silent_does_not_outweigh_one_that_is_not(visibility: Visibility, kernel: Ear) -> None:
    visibility.beat("killed")
    kernel.passes(100)
    visibility.beat("open")
    assert visibility.is_watched()


def test_leaving_twice_or_without_having_come_is_no_error(visibility: Visibility) -> None:
    visibility.leave("unknown")
    visibility.leave("unknown")
    visibility.beat("a")
    assert visibility.is_watched()


def test_it_can_start_anew(visibility: Visibility) -> None:
    visibility.beat("a")
    visibility.leave("a")
    visibility.forget()
    assert visibility.is_watched()


def test_silence_in_a_kernel_that_could_not_hear_is_no_absence(visibility: Visibility, kernel: Ear) -> None:
    visibility.beat("a")
    kernel.busy = True
    kernel.passes(10_000)
    assert visibility.is_watched()
    kernel.busy = False
    kernel.passes(LONGEST_SILENCE - 1)
    assert visibility.is_watched()
    kernel.passes(2)
    assert not visibility.is_watched()


def test_who_has_said_goodbye_is_gone_however_busy_the_kernel(visibility: Visibility, kernel: Ear) -> None:
    kernel.busy = True
    visibility.beat("a")
    visibility.leave("a")
    assert not visibility.is_watched()


def test_a_map_that_is_displayed_where_no_browser_draws_it_is_not_watched_for_long(
    visibility: Visibility, kernel: Ear
) -> None:
    visibility.expect()
    assert visibility.is_watched()
    kernel.passes(LONGEST_SILENCE + 1)
    assert not visibility.is_watched()


def test_what_was_expected_counts_no_more_once_a_view_has_come_and_gone(visibility: Visibility) -> None:
    visibility.expect()
    visibility.beat("a")
    visibility.leave("a")
    assert not visibility.is_watched()


# Whether a kernel could have heard


class Events:
    """What tells when cells start and end."""

    def __init__(self) -> None:
        self.listeners: dict[str, list[Callable[..., None]]] = {}

    def register(self, name: str, listener: Callable[..., None]) -> None:
        self.listeners.setdefault(name, []).append(listener)

    def trigger(self, name: str) -> None:
        for listener in self.listeners[name]:
            listener(object())


class Shell:
    """As much of IPython's shell as is needed."""

    def __init__(self) -> None:
        self.events = Events()


class SlowLoop:
    """A loop that answers when told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        self.waiting.append(callback)

    def answers(self) -> None:
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


@pytest.fixture
def shell() -> Shell:
    return Shell()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return an asyncio loop that runs in a thread."""
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever, daemon=True)
    thread.start()
    yield running
    running.call_soon_threadsafe(running.stop)
    thread.join(20)
    running.close()


def heard(loop: asyncio.AbstractEventLoop) -> None:
    """Wait until the loop has done all that it was asked."""
    done = threading.Event()
    loop.call_soon_threadsafe(done.set)
    assert done.wait(20)


def test_an_idle_kernel_listens_all_the_time(shell: Shell, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
    kernel = Kernel(shell, loop, clock)
    for step in range(10):
        assert kernel.listened() == 5.0 * step
        heard(loop)
        clock.passes(5)


def test_a_kernel_does_not_listen_while_a_cell_runs(
    shell: Shell, loop: asyncio.AbstractEventLoop, clock: Clock
) -> None:
    kernel = Kernel(shell, loop, clock)
    clock.passes(2)
    shell.events.trigger("pre_run_cell")
    for _ in range(10):
        clock.passes(5)
        assert kernel.listened() == 2
        heard(loop)
    shell.events.trigger("post_run_cell")
    clock.passes(4)
    assert kernel.listened() == 6


def test_many_short_cells_leave_it_time_to_listen(shell: Shell, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
    kernel = Kernel(shell, loop, clock)
    for _ in range(100):
        shell.events.trigger("pre_run_cell")
        clock.passes(0.01)
        shell.events.trigger("post_run_cell")
        clock.passes(0.25)
    assert kernel.listened() == pytest.approx(25)


def test_the_end_of_the_cell_that_made_the_map_is_no_error(
    shell: Shell, loop: asyncio.AbstractEventLoop, clock: Clock
) -> None:
    kernel = Kernel(shell, loop, clock)
    shell.events.trigger("post_run_cell")
    shell.events.trigger("pre_run_cell")
    clock.passes(50)
    assert kernel.listened() == 0


def test_a_blocked_loop_does_not_listen_until_it_answers(shell: Shell, clock: Clock) -> None:
    slow = SlowLoop()
    kernel = Kernel(shell, slow, clock)
    kernel.listened()
    for _ in range(10):
        clock.passes(5)
        assert kernel.listened() == 0
    slow.answers()
    clock.passes(7)
    assert kernel.listened() == 7


def test_a_loop_that_was_blocked_between_two_looks_did_not_listen_then(shell: Shell, clock: Clock) -> None:
    slow = SlowLoop()
    kernel = Kernel(shell, slow, clock)
    kernel.listened()
    clock.passes(4)
    slow.answers()
    clock.passes(1)
    assert kernel.listened() == 1


def test_a_blocked_loop_is_asked_once_at_a_time(shell: Shell, clock: Clock) -> None:
    slow = SlowLoop()
    kernel = Kernel(shell, slow, clock)
    for _ in range(1000):
        clock.passes(5)
        kernel.listened()
    assert len(slow.waiting) == 1


def test_two_maps_that_ask_at_once_are_no_busy_kernel(shell: Shell, clock: Clock) -> None:
    slow = SlowLoop()
    kernel = Kernel(shell, slow, clock)
    for _ in range(6):
        kernel.listened()
        clock.passes(0.001)
        kernel.listened()
        clock.passes(0.001)
        slow.answers()
        clock.passes(5)
    assert kernel.listened() > LONGEST_SILENCE


def test_a_closed_loop_is_no_error(shell: Shell, clock: Clock) -> None:
    closed = asyncio.new_event_loop()
    closed.close()
    kernel = Kernel(shell, closed, clock)
    kernel.listened()
    clock.passes(5)
    assert kernel.listened() == 5


# With a live map


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pollers look every few milliseconds whether somebody watches."""
    monkeypatch.setattr(polling, "LOOK_EVERY", 0.005)


def calls(live: Any) -> int:
    """Return the number of requests that a map has made."""
    return sum(each._source.calls for each in live._sites.pollers.values())


@pytest.mark.usefixtures("looks_often")
def test_a_map_that_was_never_displayed_goes_on_polling() -> None:
    live = made(people(1))
    live._sites.pollers[""].set_every(0.001)
    until(lambda: calls(live) > 5)
    assert live.status.state == "live"
    live.close()


@pytest.mark.usefixtures("looks_often")
def test_a_map_rests_when_its_view_is_away_and_asks_afresh_when_it_is_back() -> None:
    live = shown(people(1), people(2))
    ask(live, "beat", view="a")
    assert calls(live) == 1
    ask(live, "away", view="a")
    until(lambda: live.status.state == "unwatched")
    until(lambda: live._view is not None and live._view.front.status.text == "Paused while nobody is watching")
    until(lambda: live._sites.pollers[""]._thread is None)
    assert calls(live) == 1
    ask(live, "beat", view="b")
    until(lambda: live.status.state == "live" and calls(live) == 2)


@pytest.mark.usefixtures("looks_often")
def test_what_a_person_stopped_is_not_resumed_by_being_seen() -> None:
    live = shown(people(1))
    ask(live, "beat", view="a")
    ask(live, "pause")
    ask(live, "away", view="a")
    ask(live, "beat", view="a")
    assert live.status.state == "stopped"
    assert calls(live) == 1


@pytest.mark.usefixtures("looks_often")
def test_starting_from_code_goes_on_though_nobody_looks() -> None:
    live = shown(people(1))
    ask(live, "beat", view="a")
    ask(live, "away", view="a")
    until(lambda: live.status.state == "unwatched")
    live.start()
    live._sites.pollers[""].set_every(0.001)
    until(lambda: calls(live) > 5)
    assert live.status.state == "live"


@pytest.mark.usefixtures("looks_often")
def test_refreshing_from_code_asks_once_though_nobody_looks() -> None:
    live = shown(people(1), people(2))
    ask(live, "beat", view="a")
    ask(live, "away", view="a")
    until(lambda: live.status.state == "unwatched")
    live.refresh()
    until(lambda: live.snapshot is not None and live.snapshot.count == 2)
    until(lambda: live._sites.pollers[""]._thread is None)
    assert live.status.state == "unwatched"


@pytest.fixture
def polling_maps() -> Callable[[], int]:
    """Return a function that counts the polling threads of the test's own maps."""

    def running() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "datafast_nb live map"}

    before = running()
    return lambda: len(running() - before)


@pytest.mark.usefixtures("looks_often")
def test_a_cell_that_is_run_fifty_times_leaves_one_polling_thread(polling_maps: Callable[[], int]) -> None:
    for run in range(50):
        live = shown(people(1))
        ask(live, "beat", view=f"view {run}")
        if run < 49:
            ask(live, "away", view=f"view {run}")
    until(lambda: polling_maps() == 1)
    assert live.status.state == "live"


def test_a_cell_that_is_run_fifty_times_without_showing_leaves_one_polling_thread(
    polling_maps: Callable[[], int],
) -> None:
    for _ in range(50):
        live = made(people(1))
    gc.collect()
    until(lambda: polling_maps() == 1)
    live.close()
    until(lambda: polling_maps() == 0)
