"""Many threads on one map, and many refreshes: nothing hangs, raises, mixes two moments or piles up."""

from __future__ import annotations

import contextlib
import gc
import random
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from datafast_nb.livemap import LiveMap
from datafast_nb.livemap.frame_state import FrameState
from datafast_nb.snapshot import Snapshot
from tests.livemap.conftest import Sent
from tests.livemap.maps import (
    GENEROUS,
    NEVER,
    OF_A_VIEW,
    STATE,
    ask,
    displayed,
    front,
    refreshed,
    registry,
    send,
    set_in_browser,
    settle,
    state,
    until,
)
from tests.livemap.sources import NOON, events, payments, visitors

CROWD = 60


class Numbered:
    """Answers with moments that carry their number wherever a number or a text can stand."""

    def __init__(self) -> None:
        self.number = 0
        self._lock = threading.Lock()

    def snapshot(self) -> Snapshot:
        with self._lock:
            self.number += 1
            number = self.number
        here = visitors(CROWD + number % 40, display_name=f"of {number}", score=80.0, is_customer=False)
        log = events(
            {"event_id": f"e{number}", "type": "pageview", "path": f"/{number}", "visitor_id": "v0", "timestamp": NOON}
        )
        made = payments(
            {"payment_id": f"p{number}", "amount": float(number), "currency": "JPY", "name": f"of {number}"}
        )
        return Snapshot(here, log, made, count=number, fetched_at=NOON + timedelta(seconds=number))


def assert_of_one_moment(shows: dict[str, Any], where: str) -> None:
    """Fail if a state holds parts of two moments."""
    number = round(shows["clock"] / 1000 - NOON.timestamp())
    matched = shows["filters"]["matched"]
    values = {each["label"]: each for each in shows["figures"]}
    assert values["Visitors now"]["hint"].endswith(f"the service counts {number:,}"), where
    assert shows["filters"]["total"] == CROWD + number % 40, where
    assert shows["visitors"]["total"] == matched == sum(shows["clusters"]["visitors"]), where
    rows = [*shows["visitors"]["rows"], *(shows["popups"] or {"rows": []})["rows"]]
    assert {row["name"] for row in rows} <= {f"of {number}"}, where
    assert {row["label"] for row in shows["events"]["rows"]} <= {f"/{number}"}, where
    assert {row["amount"] for row in shows["payments"]["rows"]} <= {f"¥{number:,}"}, where
    if shows["card"]:
        assert shows["card"]["visitor"]["name"] == f"of {number}", where
        assert [each["label"] for each in shows["card"]["events"]] == [f"/{number}"], where


def acts(live: LiveMap) -> list[Callable[[random.Random], None]]:
    """Return what people, browsers and other cells do at the same time."""
    everywhere = {"south": -85.0, "north": 85.0, "west": -180.0, "east": 180.0}
    page = front(live)  # which can still say something after the map was closed
    first = str(live._frame.visitors["_key"][0])

    def browse(chance: random.Random) -> None:
        send(page, "viewport", zoom=chance.choice([0.0, 1.0, 1.5, 2.0]), **everywhere)
        cluster = f"8/{chance.randrange(8)}/{chance.randrange(8)}"
        send(page, "open", id=cluster, latitude=0, longitude=0)

    def choose(chance: random.Random) -> None:
        live.filter(min_score=chance.choice([10, 90, None]), visit_kind=chance.choice(["new", None, None]))
        live.color_by = chance.choice(["score", "device", "channel", "expected_value"])
        send(page, "sort", by=chance.choice(["score", "time"]))
        send(page, "facets", open=chance.random() < 0.5)

    def ask_afresh(chance: random.Random) -> None:
        with contextlib.suppress(RuntimeError):  # which a closed map answers
            live.refresh()
        send(page, chance.choice(["pause", "resume", "beat"]), view="a")

    def select_and_read(chance: random.Random) -> None:
        send(page, "select", site="", id=first)
        assert live.selection["display_name"].n_unique() <= 1
        send(page, chance.choice(["deselect", "close", "clear", "fit"]))

    return [browse, choose, ask_afresh, select_and_read]


def at_once(live: LiveMap, rounds: int, end: Callable[[], None] = lambda: None) -> list[BaseException]:
    """Do all of it on a thread each, and something more in the middle; give what was raised."""
    raised: list[BaseException] = []

    def go_on(act: Callable[[random.Random], None], seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(rounds):
                act(chance)
        except BaseException as error:  # noqa: BLE001 - to be seen on the main thread
            raised.append(error)

    threads = [
        threading.Thread(target=go_on, args=(act, seed), daemon=True)
        for seed, act in enumerate([*acts(live), acts(live)[2]])
    ]
    for thread in threads:
        thread.start()
    end()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "it hangs"
    return raised


class Paused:
    """A drawing on a thread of its own that rests after it has called a function, while a browser sets something."""

    def __init__(self, live: LiveMap, function: Callable[..., Any]) -> None:
        self._live, self._function = live, function
        self._is_there, self._goes_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=live._update, daemon=True)

    def __call__(self, *given: Any) -> Any:
        made = self._function(*given)
        if threading.current_thread() is self._thread:
            self._is_there.set()
            assert self._goes_on.wait(GENEROUS)
        return made

    def while_resting(self, name: str, value: object) -> None:
        """Let a browser set something meanwhile, and wait until all has been drawn."""
        self._thread.start()
        assert self._is_there.wait(GENEROUS)
        browser = threading.Thread(target=set_in_browser, args=(self._live,), kwargs={name: value}, daemon=True)
        browser.start()
        until(lambda: getattr(self._live, name) == value)
        self._goes_on.set()
        for thread in (browser, self._thread):
            thread.join(GENEROUS)
            assert not thread.is_alive()


@pytest.mark.parametrize("setting", [("color_by", "device"), ("every", 30.0), ("theme", "dark")], ids=str)
@pytest.mark.parametrize("at", ["layers", "settings"])
def test_what_a_browser_sets_while_another_thread_draws_stays(
    at: str, setting: tuple[str, Any], sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = displayed(LiveMap(Numbered(), every=NEVER))
    owner, function = (live._renderer, "layers") if at == "layers" else (live, "_settings")
    paused = Paused(live, getattr(owner, function))
    monkeypatch.setattr(owner, function, paused)
    name, value = setting
    paused.while_resting(name, value)
    assert getattr(live, name) == getattr(front(live), name) == value
    assert all(state[name] == value for state in sent.states(name)[-1:])
    assert live._map_state.color_by == live.color_by


def test_whatever_happens_at_once_each_message_is_of_one_moment(sent: Sent, caplog: pytest.LogCaptureFixture) -> None:
    source = Numbered()
    live = displayed(LiveMap(source, every=NEVER))
    told: list[int] = []
    live.on_update(lambda snap: told.append(snap.count))
    now = state(live)
    sent.clear()
    assert at_once(live, 25) == []
    live.start()
    settle(live)
    messages = [each for each in sent.states() if set(each) & ({*STATE, *OF_A_VIEW} - {"controls"})]
    for number, message in enumerate(messages):
        now |= {name: value for name, value in message.items() if name in STATE}
        now |= {name: next(reversed(message[name].values()), None) for name in OF_A_VIEW if name in message}
        assert_of_one_moment(now, f"message {number} of {len(messages)}: {sorted(message)}")
    assert len({message["clock"] for message in messages if "clock" in message}) > 2  # more than one moment came
    assert now["clock"] == round((NOON + timedelta(seconds=source.number)).timestamp() * 1000)
    assert len(told) == len(set(told))
    assert caplog.records == []


def test_closing_in_the_middle_of_it_all_neither_hangs_nor_raises(caplog: pytest.LogCaptureFixture) -> None:
    source = Numbered()
    live = displayed(LiveMap(source, every=NEVER))
    before = source.number

    def close() -> None:
        until(lambda: source.number > before + 2)
        live.close()

    assert at_once(live, 15, close) == []
    assert live.status.state == "closed"
    assert caplog.records == []


def test_garbage_collection_in_the_middle_of_it_all_does_not_hang() -> None:
    source = Numbered()
    live = displayed(LiveMap(source, every=NEVER))

    def litter() -> None:
        for _ in range(6):
            LiveMap(Numbered(), every=NEVER)
            gc.collect()

    other = threading.Thread(target=litter, daemon=True)
    other.start()
    assert at_once(live, 3) == []
    other.join(60)
    assert not other.is_alive()


def test_memory_stays_flat_over_hundreds_of_refreshes() -> None:
    class Changing:
        """Answers with other people each time."""

        number = 0

        def snapshot(self) -> Snapshot:
            self.number += 1
            ids = pl.format("v{}", pl.int_range(1000) + 500 * self.number)
            made = payments(*({"payment_id": f"p{self.number} {each}", "amount": 1.0} for each in range(20)))
            return Snapshot(visitors(1000, visitor_id=ids, device=pl.format("d{}", self.number)), payments=made)

    live = displayed(LiveMap(Changing(), every=NEVER, color_by="device"))
    live.on_visitor(lambda frame: frame.height, where=pl.col("score") > 50)
    live.filter(min_score=10)

    def after(refreshes: int) -> tuple[int, int, int]:
        for number in range(refreshes):
            if number % 10 == 0:
                ask(live, "beat", view=f"view {number % 20}")
                ask(live, "select", site="", id=str(live._frame.visitors["_key"][0]))
                ask(live, "viewport", zoom=2.0, south=-60.0, north=70.0, west=-180.0 + number, east=180.0 + number)
            refreshed(live)
        gc.collect()
        scenes = sum(isinstance(each, (FrameState, Snapshot)) for each in gc.get_objects())
        return sys.getallocatedblocks(), scenes, len(registry())

    early = after(50)
    late = after(250)
    assert late[0] < 1.02 * early[0]
    assert late[1:] == pytest.approx(early[1:], abs=4)
    assert front(live).visitors.total > 0
