"""The poller asks a source at an interval, shows faults, and ends when told to."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import polars as pl
import pytest

from datafast_nb.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ForbiddenError,
    GatewayError,
    MissingKeyError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from datafast_nb.livemap import poller as poller_module
from datafast_nb.livemap.poller import LONGEST_WAIT, Poller, Status, back_off
from datafast_nb.snapshot import Snapshot
from tests.livemap.maps import GENEROUS, NEVER, until
from tests.livemap.sources import Scripted, people


class Polled:
    """A poller of a script, and the states it went through."""

    def __init__(self, *script: Snapshot | BaseException, interval: float = NEVER) -> None:
        self.source = Scripted(script)
        self.states: list[str] = []
        self.watched = True
        self.poller = Poller(self.source, interval, lambda: self.states.append(self.state), lambda: self.watched)

    @property
    def state(self) -> str:
        return self.poller.moment.status.state

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
    assert polled.poller.moment.snapshot is snapshot
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
        polled.poller.pause()
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
    polled.poller.pause()
    polled.thread_ends()
    assert polled.state == "stopped"
    assert polled.source.calls == 1


def test_resuming_asks_at_once() -> None:
    polled = Polled(people(1), people(2))
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.pause()
    polled.poller.start()
    until(lambda: polled.poller.moment.snapshot is not None and polled.poller.moment.snapshot.count == 2)
    assert polled.state == "live"
    polled.poller.close()


def test_refresh_asks_once_and_stays_stopped() -> None:
    polled = Polled(people(1), people(2))
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.pause()
    polled.poller.refresh()
    polled.thread_ends()
    assert polled.poller.moment.snapshot is not None
    assert polled.poller.moment.snapshot.count == 2
    assert polled.state == "stopped"


def test_a_fault_keeps_the_last_snapshot_and_names_the_next_attempt() -> None:
    snapshot = people(2)
    polled = Polled(snapshot, ConnectionFailedError("The site did not answer."))
    polled.poller.start()
    polled.settles_at("live")
    polled.poller.refresh()
    polled.settles_at("retrying")
    status = polled.poller.moment.status
    assert polled.poller.moment.snapshot is snapshot
    assert status.fault == "The site did not answer."
    until(lambda: polled.poller.moment.status.retry_at is not None)
    assert str(polled.poller.moment.status).startswith("The site did not answer. Next try at ")
    polled.poller.close()


def test_it_recovers_by_itself() -> None:
    polled = Polled(ServerError("500."), ServerError("500."), people(1), interval=0.002)
    polled.poller.start()
    polled.settles_at("live")
    assert "retrying" in polled.states
    assert polled.poller.moment.status.fault is None
    polled.poller.close()


@pytest.mark.parametrize("error", [AuthenticationError, ForbiddenError, NotFoundError, MissingKeyError])
def test_a_refusal_stops_it_until_a_person_tries_again(error: type[Exception]) -> None:
    polled = Polled(error("Refused. Do this."), people(1), interval=0.001)
    polled.poller.start()
    polled.settles_at("refused")
    polled.thread_ends()
    assert polled.source.calls == 1
    assert str(polled.poller.moment.status) == "Stopped. Refused. Do this."
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
    assert "gave dict, not a datafast_nb.Snapshot" in str(polled.poller.moment.status)
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
    assert polled.poller.moment.snapshot is None
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
    polled.poller.set_interval(0.001)
    until(lambda: polled.source.calls >= 3)
    assert polled.poller.moment.status.interval == 0.001
    polled.poller.close()


def test_it_rests_while_nobody_looks_and_asks_afresh_when_somebody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "LOOK_EVERY", 0.005)
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
    until(lambda: polled.poller.moment.snapshot is not None)
    polled.settles_at("unwatched")
    polled.poller.refresh()
    until(lambda: polled.source.calls == 2)
    polled.thread_ends()
    assert polled.state == "unwatched"


def test_what_a_person_stopped_stays_stopped_when_it_is_seen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "LOOK_EVERY", 0.005)
    polled = Polled(people(1))
    polled.poller.start()
    polled.settles_at("live")
    polled.watched = False
    polled.settles_at("unwatched")
    polled.poller.pause()
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


def test_a_listener_that_raises_does_not_end_the_polling(caplog: pytest.LogCaptureFixture) -> None:
    source = Scripted([people(1)])
    main = threading.current_thread()

    def broken() -> None:
        if threading.current_thread() is not main:
            raise ValueError("can't draw")

    poller = Poller(source, 0.002, broken)
    poller.start()
    until(lambda: source.calls >= 3)
    poller.close()
    assert "could not be drawn" in caplog.text


def test_waits_double_up_to_a_limit_and_are_spread() -> None:
    middle = [back_off(failures, 10.0, None, 0.5) for failures in range(1, 8)]
    assert middle == [10, 20, 40, 80, 160, 300, 300]
    assert back_off(10**9, 10.0, None, 0.5) == LONGEST_WAIT
    assert back_off(3, 10.0, None, 0.0) == 30
    assert back_off(3, 10.0, None, 1.0) == 50


def test_the_service_decides_how_long_to_wait_at_least() -> None:
    assert back_off(1, 10.0, 90.0, 0.0) == 90
    assert back_off(1, 10.0, 1.0, 0.5) == 10
    polled = Polled(RateLimitError("Too many requests.", retry_after=NEVER), interval=0.001)
    polled.poller.start()
    polled.settles_at("retrying")
    until(lambda: polled.poller.moment.status.retry_at is not None)
    polled.poller.pause()
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
    polled.poller.pause()
    polled.poller.refresh()
    until(lambda: str(polled.poller.moment.status) == "Paused. The service failed.")


def test_a_fault_of_any_length_and_kind_is_a_sentence_of_plain_text() -> None:
    polled = Polled(ValueError("<b>no\u202e\x00" + "x" * 10_000))
    polled.poller.start()
    polled.settles_at("retrying")
    said = str(polled.poller.moment.status)
    assert len(said) < 1_000
    assert said.startswith("The source failed: ValueError: <b>no")
    assert said.isprintable()
    polled.poller.close()


def test_a_request_that_hangs_is_waited_for_and_not_called_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "SOON", 0.01)
    polled = Polled(people(1), people(2), interval=0.01)
    polled.source.gate.clear()
    polled.poller.start()
    polled.settles_at("waiting")
    asked, status = datetime.now(UTC), polled.poller.moment.status
    assert status.waiting_since is not None
    assert status.waiting_since <= asked
    assert str(status) == f"Waiting since {status.waiting_since:%H:%M:%S} UTC for an answer."
    until(lambda: "waiting" in polled.states)
    polled.poller.set_interval(NEVER)
    polled.source.gate.set()
    polled.settles_at("live")
    assert polled.poller.moment.status.waiting_since is None
    polled.source.gate.clear()
    polled.poller.refresh()
    until(lambda: polled.source.calls == 2)
    assert polled.state == "live", "an answer may take as long as the interval"
    polled.source.gate.set()
    polled.poller.close()
    polled.thread_ends()


def test_a_fault_stays_named_while_the_next_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "SOON", 0.01)
    polled = Polled(ServerError("The service failed."), people(2), interval=0.01)
    polled.poller.start()
    polled.settles_at("retrying")
    polled.source.gate.clear()
    polled.poller.refresh()
    polled.settles_at("waiting")
    assert str(polled.poller.moment.status).startswith("The service failed. Waiting since ")
    polled.poller.pause()
    assert polled.state == "stopped"
    polled.source.gate.set()
    polled.thread_ends()


def test_a_page_of_something_in_between_does_not_stop_it() -> None:
    polled = Polled(GatewayError("Something in between answered."), people(1), interval=0.002)
    polled.poller.start()
    polled.settles_at("live")
    assert "refused" not in polled.states
    polled.poller.close()
