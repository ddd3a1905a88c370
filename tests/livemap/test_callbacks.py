"""Callbacks: told what they asked for, outside the map's lock; one that raises is reported once and stops nothing."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import polars as pl
import pytest

from datafast_nb.livemap.callbacks import Callbacks
from datafast_nb.schema import PAYMENTS, VISITORS
from datafast_nb.snapshot import Snapshot
from tests.livemap.maps import GENEROUS, ask, front, made, names, refreshed, shown, until
from tests.livemap.sources import NOON, payments, people, visitors


class Heard(list[Any]):
    """Remembers what it was told, as a bound method."""

    def hear(self, what: Any) -> None:
        self.append(what)


def broken(_what: Any) -> None:
    raise ValueError("<b>no\u202e" + "x" * 10_000)


def paying(count: int, *ids: str) -> Snapshot:
    """Make a snapshot of some visitors and payments."""
    made = payments(*({"payment_id": each, "amount": 5.0, "currency": "USD"} for each in ids))
    return Snapshot(visitors(count), payments=made, fetched_at=NOON)


# By themselves


def test_all_are_told_in_the_order_they_came() -> None:
    callbacks: Callbacks[int] = Callbacks("on_update")
    heard: list[tuple[str, int]] = []
    callbacks.add(lambda what: heard.append(("first", what)))
    callbacks.add(lambda what: heard.append(("second", what)))
    callbacks.call(3)
    assert heard == [("first", 3), ("second", 3)]


def test_one_that_raises_is_reported_once_and_the_others_never_notice(caplog: pytest.LogCaptureFixture) -> None:
    callbacks: Callbacks[int] = Callbacks("on_update")
    heard = Heard()
    callbacks.add(broken)
    callbacks.add(heard.append)
    for number in range(5):
        callbacks.call(number)
    assert heard == [0, 1, 2, 3, 4]
    assert len(caplog.records) == 1
    (fault,) = callbacks.faults
    assert fault.startswith("on_update: broken raised ValueError: <b>no x")
    assert len(fault) <= 160


@pytest.mark.parametrize("callback", [Heard().hear, broken])
def test_one_that_was_taken_off_is_told_and_reported_no_more(callback: Any) -> None:
    callbacks: Callbacks[int] = Callbacks("on_update")
    callbacks.add(callback)
    callbacks.remove(callback)
    callbacks.call(1)
    assert callbacks._callbacks == []
    assert callbacks.faults == []


def test_the_fault_of_a_method_goes_with_it() -> None:
    class Broken:
        def hear(self, _what: Any) -> None:
            raise ValueError("no")

    callbacks: Callbacks[int] = Callbacks("on_update")
    it = Broken()
    callbacks.add(it.hear)
    callbacks.call(1)
    assert len(callbacks.faults) == 1
    callbacks.remove(it.hear)
    assert callbacks.faults == []


def test_taking_off_what_was_never_added_is_no_error() -> None:
    Callbacks[int]("on_update").remove(broken)


@pytest.mark.parametrize("callback", [None, "print", 3])
def test_what_is_no_function_is_refused(callback: Any) -> None:
    live = made(people(1))
    for add in (live.on_update, live.on_payment, live.on_visitor):
        with pytest.raises(TypeError, match="needs a function, not"):
            add(callback)
    live.close()


def test_one_may_add_and_take_off_others_while_it_is_told() -> None:
    callbacks: Callbacks[int] = Callbacks("on_update")
    heard = Heard()

    def once(what: int) -> None:
        heard.append(what)
        callbacks.remove(once)
        callbacks.add(heard.append)

    callbacks.add(once)
    for number in range(3):
        callbacks.call(number)
    assert heard == [0, 1, 2]


# With a live map


def test_on_update_is_told_each_snapshot_after_it_was_drawn() -> None:
    live = shown(*(people(count, display_name=f"of {count}") for count in (1, 2, 3)))
    seen: list[tuple[int, list[str]]] = []
    live.on_update(lambda snap: seen.append((snap.count, names(live))))
    for _ in range(2):
        refreshed(live)
    assert seen == [(2, ["of 2"] * 2), (3, ["of 3"] * 3)]


def test_on_update_is_told_without_displaying() -> None:
    live = made(people(1), people(2))
    counts = Heard()
    live.on_update(lambda snap: counts.append(snap.count))
    until(lambda: live.snapshot is not None)
    live.refresh()
    until(lambda: counts[-1:] == [2])
    live.close()


def test_on_payment_is_told_what_is_new_once_and_nothing_at_first() -> None:
    live = shown(paying(2, "a"), paying(2, "a", "b", "c"), paying(2, "b", "c"))
    told = Heard()
    live.on_payment(told.append)
    for _ in range(3):
        refreshed(live)
    (frame,) = told
    assert frame.schema == PAYMENTS
    assert frame["payment_id"].to_list() == ["b", "c"]


def test_on_visitor_is_told_who_has_arrived() -> None:
    live = shown(people(2), people(4), people(4))
    told = Heard()
    live.on_visitor(told.append)
    for _ in range(2):
        refreshed(live)
    (frame,) = told
    assert frame.schema == VISITORS
    assert frame["visitor_id"].to_list() == ["v2", "v3"]


def test_on_visitor_is_told_only_of_those_it_asked_for() -> None:
    live = shown(people(2), people(40, referrer="https://www.google.com/"), people(41))
    told, never = Heard(), Heard()
    live.on_visitor(told.append, where=(pl.col("score") >= 90) & (pl.col("channel") == "google"))
    live.on_visitor(never.append, where=pl.col("country_code") == "XX")
    for _ in range(2):
        refreshed(live)
    (frame,) = told
    assert frame.schema == VISITORS
    assert frame.height
    assert (frame["score"] >= 90).all()
    assert never == []


def test_filters_do_not_hide_anything_from_callbacks() -> None:
    live = shown(people(2), people(4))
    told = Heard()
    live.on_visitor(told.append)
    live.filter(device="no such")
    refreshed(live)
    assert told[0].height == 2


@pytest.mark.parametrize("where", [pl.col("no_such") > 1, pl.col("city") + 1, pl.col("site") == "x"])
def test_a_condition_that_cannot_be_asked_raises_at_once(where: pl.Expr) -> None:
    live = made(people(1))
    with pytest.raises(Exception, match=r"."):
        live.on_visitor(print, where=where)
    assert live._visitor_callbacks._callbacks == []
    live.close()


def test_a_callback_is_taken_off_again() -> None:
    live = shown(paying(1), paying(2, "a"), paying(3, "a", "b"))
    told = Heard()
    conditions: list[pl.Expr | None] = [None, pl.col("score") >= 0, pl.col("score").is_not_null()]
    live.on_update(told.hear)
    live.on_payment(told.hear)
    for where in conditions:
        live.on_visitor(told.hear, where=where)
    live.on_update(told.hear, remove=True)
    live.on_payment(told.hear, remove=True)
    live.on_visitor(told.hear, remove=True)
    refreshed(live)
    assert told == []


def test_what_a_callback_raises_is_in_the_header_and_the_map_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    live = shown(people(1), people(2), people(3), people(4))
    live.on_update(broken)
    live.on_visitor(broken, where=pl.col("score").is_not_null())
    for count in (2, 3, 4):
        refreshed(live)
        assert len(front(live).visitors.rows) == count
    notes = front(live).status.notes
    assert [note.split(" raised ")[0] for note in notes] == ["on_update: broken", "on_visitor: broken"]
    assert "\u202e" not in str(notes)
    assert len(caplog.records) == 2


def test_the_note_goes_when_the_callback_is_taken_off() -> None:
    live = shown(people(1), people(2))
    live.on_update(broken)
    refreshed(live)
    assert len(front(live).status.notes) == 1
    live.on_update(broken, remove=True)
    assert front(live).status.notes == ()


def test_a_callback_may_filter_refresh_and_wait_for_another_thread_that_does() -> None:
    live = shown(people(1), people(2), people(3))
    done = Heard()

    def act(snap: Snapshot) -> None:
        live.filter(min_score=snap.count)
        other = threading.Thread(target=lambda: live.filter(text=None), daemon=True)
        other.start()
        other.join(GENEROUS)
        done.append(other.is_alive())
        if snap.count == 2:
            live.refresh()

    live.on_update(act)
    live.refresh()
    until(lambda: len(done) == 2)
    assert done == [False, False]
    assert live.filters == {"min_score": 3.0}


def test_a_callback_may_close_the_map() -> None:
    live = shown(people(1), people(2))
    live.on_update(lambda _: live.close())
    live.refresh()
    until(lambda: live.status.state == "closed")


def test_a_callback_does_not_keep_a_map_that_was_never_shown() -> None:
    maps = [made(people(1))]
    until(lambda: maps[0].snapshot is not None)
    maps[0].on_update(lambda snap: snap.count)
    gone = weakref.ref(maps[0])
    maps.clear()
    gc.collect()
    until(lambda: gone() is None)


def test_the_same_function_added_twice_is_called_once() -> None:
    heard, callbacks = Heard(), Callbacks[int]("on_update")
    callbacks.add(heard.hear)
    callbacks.add(heard.hear)
    callbacks.call(1)
    assert heard == [1]


# Status


def test_a_change_of_status_is_told_and_a_refresh_like_the_last_is_none() -> None:
    live = shown(people(3), people(3), ConnectionError("gone"))
    told: list[str] = []
    live.on_status(lambda status: told.append(status.state))
    refreshed(live)
    assert told == []
    refreshed(live)
    assert told[-1] == "retrying"
    live.on_status(told.append, remove=True)  # which was never there


def test_a_view_of_another_widget_counts_as_one_of_the_map() -> None:
    live = shown(people(3))
    ask(live, "beat", view="map")
    ask(live, "away", view="map")
    assert not live._visibility.is_watched()
    live.watch("another")
    assert live._visibility.is_watched()
    live.unwatch("another")
    assert not live._visibility.is_watched()
