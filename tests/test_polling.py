"""The poller asks a source at an interval, tells of faults, and ends when told to; under the map and the recorder."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datafast_nb import polling
from datafast_nb.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ForbiddenError,
    GatewayError,
    InvalidResponseError,
    MissingKeyError,
    NotFoundError,
    RateLimitError,
    RequestError,
    ServerError,
)
from datafast_nb.history import History
from datafast_nb.livemap import LiveMap
from datafast_nb.livemap.status import Moment, Status
from datafast_nb.polling import Follower, Pace, Poller, back_off, is_final
from datafast_nb.snapshot import Snapshot
from tests.livemap.maps import GENEROUS, NEVER, until
from tests.livemap.sources import Scripted, people


class Polled(Follower):
    """A poller of a script, and the states it went through."""

    def __init__(self, *script: Snapshot | BaseException, interval: float = NEVER, **options: Any) -> None:
        self.source = Scripted(script)
        self.states: list[str] = []
        self.watched = True
        self.taken: list[Snapshot] = []
        self.failed: list[BaseException] = []
        self.ended: list[BaseException | None] = []
        self.poller = Poller(self.source, interval, self, **options)

    def is_watched(self) -> bool:
        return self.watched

    def take(self, snapshot: Snapshot) -> None:
        self.taken.append(snapshot)

    def fail(self, error: BaseException, retry_in: float) -> None:
        self.failed.append(error)

    def change(self) -> None:
        self.states.append(self.state)

    def end(self, error: BaseException | None) -> None:
        self.ended.append(error)

    @property
    def state(self) -> str:
        return self.poller.standing.state

    @property
    def moment(self) -> Moment:
        """What a map makes of it."""
        return Moment(self.poller.standing.snapshot, Status.of(self.poller.standing))

    def settles_at(self, state: str) -> None:
        until(lambda: self.state == state)

    def thread_ends(self) -> None:
        until(lambda: self.poller._thread is None)


def test_the_first_answer_makes_it_live() -> None:
    snapshot = people(3)
    polled = Polled(snapshot)
    assert polled.state == "starting"
    polled.poller.start()
    polled.settles_at("live")
    assert polled.moment.snapshot is snapshot
    polled.poller.close()


def test_it_asks_again_after_the_interval() -> None:
    polled = Polled(people(1), interval=0.005)
    polled.poller.start()
    until(lambda: polled.source.calls >= 4)
    polled.poller.close()
    polled.thread_ends()


def test_requests_never_overlap() -> None:
    polled = Polled(people(1), interval=0.0)
    polled.source.gate.clear()
    polled.poller.start()
    assert polled.source.asked.acquire(timeout=GENEROUS)
    for _ in range(20):
        polled.poller.stop()
        polled.poller.start()
        polled.poller.refresh()
    polled.source.gate.set()
    until(lambda: polled.source.calls >= 3)
    polled.poller.close()
    polled.thread_ends()
    assert polled.source.most_at_once == 1


def test_a_stopped_poller_asks_no_more_and_has_no_thread() -> None:
    polled = Polled(people(1))
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.stop()
    polled.thread_ends()
    assert polled.state == "stopped"
    assert polled.source.calls == 1


def test_resuming_asks_at_once() -> None:
    polled = Polled(people(1), people(2))
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.stop()
    polled.poller.start()
    until(lambda: polled.moment.snapshot is not None and polled.moment.snapshot.count == 2)
    assert polled.state == "live"
    polled.poller.close()


def test_refresh_asks_once_and_stays_stopped() -> None:
    polled = Polled(people(1), people(2))
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.stop()
    polled.poller.refresh()
    polled.thread_ends()
    assert polled.moment.snapshot is not None
    assert polled.moment.snapshot.count == 2
    assert polled.state == "stopped"


def test_a_fault_keeps_the_last_snapshot_and_names_the_next_attempt() -> None:
    snapshot = people(2)
    polled = Polled(snapshot, ConnectionFailedError("The site did not answer."))
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.refresh()
    polled.settles_at("retrying")
    status = polled.moment.status
    assert polled.moment.snapshot is snapshot
    assert status.fault == "The site did not answer."
    until(lambda: polled.moment.status.retry_at is not None)
    assert str(polled.moment.status).startswith("The site did not answer. Next try at ")
    polled.poller.close()


def test_it_recovers_by_itself() -> None:
    polled = Polled(ServerError("500."), ServerError("500."), people(1), interval=0.002)
    polled.poller.start()
    polled.settles_at("live")
    assert "retrying" in polled.states
    assert polled.moment.status.fault is None
    polled.poller.close()


@pytest.mark.parametrize("error", [AuthenticationError, ForbiddenError, NotFoundError, RequestError, MissingKeyError])
def test_a_refusal_stops_it_until_a_person_tries_again(error: type[Exception]) -> None:
    polled = Polled(error("Refused. Do this."), people(1), interval=0.001)
    polled.poller.start()
    polled.settles_at("refused")
    polled.thread_ends()
    assert polled.source.calls == 1
    assert str(polled.moment.status) == "Stopped. Refused. Do this."
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.close()


def test_an_unexpected_exception_is_a_fault_and_not_the_end() -> None:
    polled = Polled(ZeroDivisionError("oh"), people(1), interval=0.002)
    polled.poller.start()
    polled.settles_at("live")
    assert "retrying" in polled.states
    polled.poller.close()


def test_an_answer_that_is_no_snapshot_is_a_fault() -> None:
    polled = Polled({"visitors": []})  # type: ignore[arg-type]
    polled.poller.start()
    polled.settles_at("retrying")
    assert "gave dict, not a datafast_nb.Snapshot" in str(polled.moment.status)
    polled.poller.close()


def test_closing_drops_the_answer_that_is_on_its_way() -> None:
    polled = Polled(people(5))
    polled.source.gate.clear()
    polled.poller.start()
    assert polled.source.asked.acquire(timeout=GENEROUS)
    polled.poller.close()
    changes = len(polled.states)
    polled.source.gate.set()
    polled.thread_ends()
    assert polled.moment.snapshot is None
    assert polled.state == "closed"
    assert len(polled.states) == changes


def test_closing_ends_a_long_wait() -> None:
    polled = Polled(people(1), interval=NEVER)
    polled.poller.start()
    polled.settles_at("live")
    thread = polled.poller._thread
    assert thread is not None
    polled.poller.close()
    polled.poller.close()
    thread.join(GENEROUS)
    assert not thread.is_alive()


def test_a_closed_poller_says_what_to_do_instead() -> None:
    polled = Polled(people(1))
    polled.poller.close()
    with pytest.raises(RuntimeError, match="Make a new one"):
        polled.poller.start()


def test_a_shorter_interval_takes_effect_during_the_wait() -> None:
    polled = Polled(people(1), interval=NEVER)
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.set_every(0.001)
    until(lambda: polled.source.calls >= 3)
    assert polled.moment.status.every == 0.001
    polled.poller.close()


def test_it_rests_while_nobody_looks_and_asks_afresh_when_somebody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "LOOK_EVERY", 0.005)
    polled = Polled(people(1), people(2))
    polled.poller.start()
    polled.settles_at("live")
    polled.watched = False
    polled.settles_at("unwatched")
    polled.thread_ends()
    assert polled.source.calls == 1
    until(lambda: polled.states[-1] == "unwatched")
    polled.watched = True
    polled.poller.watch()
    until(lambda: polled.source.calls == 2)
    polled.settles_at("live")
    polled.poller.close()


def test_what_a_person_asks_for_is_fetched_even_if_nobody_seems_to_look() -> None:
    polled = Polled(people(1), people(2))
    polled.watched = False
    polled.poller.start()
    until(lambda: polled.moment.snapshot is not None)
    polled.settles_at("unwatched")
    polled.poller.refresh()
    until(lambda: polled.source.calls == 2)
    polled.thread_ends()
    assert polled.state == "unwatched"


def test_what_a_person_stopped_stays_stopped_when_it_is_seen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "LOOK_EVERY", 0.005)
    polled = Polled(people(1))
    polled.poller.start()
    polled.settles_at("live")
    polled.watched = False
    polled.settles_at("unwatched")
    polled.poller.stop()
    polled.watched = True
    polled.poller.watch()
    assert polled.state == "stopped"
    assert polled.source.calls == 1


def test_being_seen_all_the_time_asks_for_nothing_more() -> None:
    polled = Polled(people(1))
    polled.poller.start()
    polled.settles_at("live")
    for _ in range(50):
        polled.poller.watch()
    assert polled.source.calls == 1
    polled.poller.close()


def test_waits_double_up_to_a_limit_and_are_spread() -> None:
    middle = [back_off(failures, 10.0, None, 0.5) for failures in range(1, 8)]
    assert middle == [10, 20, 40, 80, 160, 300, 300]
    assert back_off(10**9, 10.0, None, 0.5) == Pace().longest_wait
    assert back_off(3, 10.0, None, 0.0) == 30
    assert back_off(3, 10.0, None, 1.0) == 50


def test_the_service_decides_how_long_to_wait_at_least() -> None:
    assert back_off(1, 10.0, 90.0, 0.0) == 90
    assert back_off(1, 10.0, 1.0, 0.5) == 10
    polled = Polled(RateLimitError("Too many requests.", retry_after=NEVER), interval=0.001)
    polled.poller.start()
    polled.settles_at("retrying")
    until(lambda: polled.moment.status.retry_at is not None)
    polled.poller.stop()
    polled.thread_ends()
    assert polled.source.calls == 1


def test_each_state_reads_as_a_sentence() -> None:
    assert str(Status("starting", 10)) == "Loading…"
    assert str(Status("live", 10)) == "Live · every 10 s"
    assert str(Status("stopped", 10)) == "Paused"
    assert str(Status("retrying", 10, "No answer.")) == "No answer. Trying again now."


@pytest.mark.parametrize("breakdown", [SystemExit(1), pl.exceptions.PanicException("overflow")])
def test_a_source_that_breaks_down_does_not_take_the_thread_with_it(breakdown: BaseException) -> None:
    polled = Polled(breakdown, people(2))
    polled.poller.start()
    polled.settles_at("retrying")
    polled.poller.refresh()
    polled.settles_at("live")
    polled.poller.close()


def test_a_service_can_put_the_next_attempt_off_by_a_day_at_most() -> None:
    polled = Polled(RateLimitError("Too many requests.", retry_after=1e12), people(1))
    polled.poller.start()
    polled.settles_at("retrying")
    assert back_off(1, 10, 1e12, 0.5) == 86_400
    polled.poller.refresh()
    polled.settles_at("live")
    polled.poller.close()


def test_a_fault_while_stopped_is_told() -> None:
    polled = Polled(people(1), ServerError("The service failed."))
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.stop()
    polled.poller.refresh()
    until(lambda: str(polled.moment.status) == "Paused. The service failed.")


def test_a_fault_of_any_length_and_kind_is_a_sentence_of_plain_text() -> None:
    polled = Polled(ValueError("<b>no\u202e\x00" + "x" * 10_000))
    polled.poller.start()
    polled.settles_at("retrying")
    said = str(polled.moment.status)
    assert len(said) < 1_000
    assert said.startswith("The source failed: ValueError: <b>no")
    assert said.isprintable()
    polled.poller.close()


def test_a_request_that_hangs_is_waited_for_and_not_called_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "SOON", 0.01)
    polled = Polled(people(1), people(2), interval=0.01)
    polled.source.gate.clear()
    polled.poller.start()
    polled.settles_at("waiting")
    asked, status = datetime.now(UTC), polled.moment.status
    assert status.waiting_since is not None
    assert status.waiting_since <= asked
    assert str(status) == f"Waiting since {status.waiting_since:%H:%M:%S} UTC for an answer."
    until(lambda: "waiting" in polled.states)
    polled.poller.set_every(NEVER)
    polled.source.gate.set()
    polled.settles_at("live")
    assert polled.moment.status.waiting_since is None
    polled.source.gate.clear()
    polled.poller.refresh()
    until(lambda: polled.source.calls == 2)
    assert polled.state == "live", "an answer may take as long as the interval"
    polled.source.gate.set()
    polled.poller.close()
    polled.thread_ends()


def test_a_fault_stays_named_while_the_next_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "SOON", 0.01)
    polled = Polled(ServerError("The service failed."), people(2), interval=0.01)
    polled.poller.start()
    polled.settles_at("retrying")
    polled.source.gate.clear()
    polled.poller.refresh()
    polled.settles_at("waiting")
    assert str(polled.moment.status).startswith("The service failed. Waiting since ")
    polled.poller.stop()
    assert polled.state == "stopped"
    polled.source.gate.set()
    polled.thread_ends()


def test_a_page_of_something_in_between_does_not_stop_it() -> None:
    polled = Polled(GatewayError("Something in between answered."), people(1), interval=0.002)
    polled.poller.start()
    polled.settles_at("live")
    assert "refused" not in polled.states
    polled.poller.close()


FINAL = [
    AuthenticationError("Refused."),
    ForbiddenError("Refused."),
    NotFoundError("Refused."),
    RequestError("Refused."),
    MissingKeyError("No key."),
]
PASSING = [
    GatewayError("Something in between answered."),
    RateLimitError("Too many requests."),
    ServerError("The service failed."),
    ConnectionFailedError("No route."),
    InvalidResponseError("No map."),
    ZeroDivisionError("oh"),
]


@pytest.mark.parametrize("error", FINAL, ids=lambda error: type(error).__name__)
def test_map_and_recording_agree_on_what_is_final(tmp_path: Path, error: Exception) -> None:
    assert is_final(error)
    live = LiveMap(Scripted([error, people(1)]), every=1.0)
    until(lambda: live.status.state == "refused")
    live.close()
    with History(tmp_path / "site") as history:
        recording = history.record(Scripted([error, people(1)]), every=0.001, progress=False)
        assert recording.wait(GENEROUS)
        assert recording.error is error


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_map_and_recording_agree_on_what_may_pass(tmp_path: Path, error: Exception) -> None:
    assert not is_final(error)
    live = LiveMap(Scripted([error, people(1)]), every=3600.0)
    until(lambda: live.status.state == "retrying")
    live.close()
    with History(tmp_path / "site") as history:
        recording = history.record(Scripted([error, people(1)]), every=0.001, progress=False)
        until(lambda: bool(recording.progress.snapshots))
        assert recording.running
        recording.stop()
        assert recording.error is None


def test_what_can_not_be_taken_has_failed() -> None:
    class Choosy(Polled):
        def take(self, snapshot: Snapshot) -> None:
            super().take(snapshot)
            if len(self.taken) == 1:
                raise OSError("no space left")

    polled = Choosy(people(1), people(2), interval=0.002)
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.close()
    polled.thread_ends()
    assert [str(error) for error in polled.failed] == ["no space left"]
    assert polled.taken[1] is polled.source.script[1]


def test_the_traceback_of_an_unexpected_error_is_logged_once_until_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = [
        KeyError("planted"),
        KeyError("planted"),
        ConnectionFailedError("No route."),
        people(1),
        KeyError("again"),
    ]
    polled = Polled(*script, interval=0.002)
    polled.poller.start()
    until(lambda: len(polled.failed) >= 4)
    polled.poller.close()
    polled.thread_ends()
    logged = [record for record in caplog.records if record.name == "datafast_nb.polling"]
    assert [str(record.exc_info[1]) for record in logged if record.exc_info] == ["'planted'", "'again'"]


def test_a_follower_that_breaks_ends_it_and_hears_why() -> None:
    class Broken(Polled):
        def fail(self, error: BaseException, retry_in: float) -> None:
            raise SystemExit(3)

    polled = Broken(ServerError("down"), interval=0.002)
    polled.poller.start()
    until(lambda: bool(polled.ended))
    assert isinstance(polled.ended[0], SystemExit)
    assert polled.state == "closed"
    assert polled.source.calls == 1


def test_it_closes_when_its_time_is_over() -> None:
    polled = Polled(people(1), interval=0.002, duration=0.1)
    polled.poller.start()
    until(lambda: bool(polled.ended))
    assert polled.ended == [None]
    assert polled.state == "closed"
    assert polled.source.calls


def test_a_steady_pace_counts_from_request_to_request(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(polling.time, "monotonic", lambda: now[0])

    def due_after(seconds: float, **options: Any) -> float | None:
        poller = Poller(Scripted([people(1)]), 10.0, Follower(), **options)
        poller._sent = now[0]
        now[0] += seconds
        poller._take(people(1))
        assert poller._due is not None
        return poller._due - now[0]

    assert due_after(3.0) == 10.0
    assert due_after(3.0, pace=Pace(steady=True)) == 7.0
    assert due_after(30.0, pace=Pace(steady=True)) == 0.0


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_a_steady_pace_never_waits_longer_than_it_says(chance: float) -> None:
    pace = Pace(60.0, 3_600.0, steady=True)
    assert all(
        back_off(failures, every, None, chance, pace) <= max(60.0, every)
        for failures in (1, 2, 9)
        for every in (10.0, 300.0)
    )


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no thread be started, as in a browser."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)


async def soon(condition: Callable[[], bool]) -> None:
    """Wait for something that another task is about to do."""
    async with asyncio.timeout(GENEROUS):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.usefixtures("no_threads")
def test_where_no_thread_can_be_started_a_task_polls() -> None:
    async def poll() -> None:
        polled = Polled(people(1), ConnectionFailedError("Gone."), people(3), interval=0.001)
        poller = polled.poller
        poller.start()
        assert not poller.is_threaded
        await soon(lambda: len(polled.taken) == 2)
        assert [snapshot.visitors.height for snapshot in polled.taken] == [1, 3]
        poller.set_every(NEVER)
        poller.refresh()
        poller.stop()
        await soon(lambda: poller.is_threaded)
        assert poller.standing.state == "stopped"
        poller.start()
        poller.close()
        await soon(lambda: len(asyncio.all_tasks()) == 1)

    asyncio.run(poll())


@pytest.mark.usefixtures("no_threads")
def test_a_task_rests_while_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "LOOK_EVERY", 0.001)

    async def poll() -> None:
        polled = Polled(people(1), people(2))
        polled.watched = False
        polled.poller.start()
        await soon(lambda: polled.poller.standing.state == "unwatched")
        assert len(polled.taken) == 1
        polled.watched = True
        polled.poller.watch()
        await soon(lambda: len(polled.taken) == 2)
        polled.poller.close()
        await soon(lambda: len(asyncio.all_tasks()) == 1)

    asyncio.run(poll())


@pytest.mark.usefixtures("no_threads")
def test_a_task_that_ends_with_its_loop_is_no_failure() -> None:
    async def poll() -> Polled:
        polled = Polled(people(1))
        polled.poller.start()
        await soon(lambda: bool(polled.taken))
        return polled

    polled = asyncio.run(poll())
    assert polled.ended == [None]
    assert polled.poller.standing.state == "closed"


@pytest.mark.usefixtures("no_threads")
def test_without_threads_and_without_a_loop_nothing_polls() -> None:
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Polled(people(1)).poller.start()
