"""Linked to a live map: one set of filters, each refresh followed, no loop, no deadlock, nothing kept alive."""

from __future__ import annotations

import gc
import random
import threading
import weakref
from collections.abc import Callable

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.errors import AuthenticationError
from datafast_nb.explorer import Explorer
from tests.explorer.panels import PEOPLE, ask, click, displayed, names, picked, view
from tests.livemap.maps import NEVER, made, refreshed, settle, shown
from tests.livemap.sources import Scripted, people
from tests.livemap.test_threads import Numbered

LATER = people(12, country_code="PT", device="mobile", conversion_rate=0.02)


def test_a_click_on_a_bar_filters_the_map_and_another_takes_the_filter_away() -> None:
    live = shown(PEOPLE)
    explorer = displayed(Explorer(live, by="country_code"))
    click(explorer, group="FR")
    assert live.filters == {"country_code": ("FR",)}
    assert live.selection.height == 15
    assert picked(explorer) == ["FR"]
    click(explorer, group="FR")
    assert live.filters == {}
    assert picked(explorer) == []


def test_the_selection_of_the_map_is_what_the_bars_are_about() -> None:
    live = shown(PEOPLE)
    explorer = displayed(Explorer(live=live, by="country_code", measure="visitors"))
    live.filter(device="mobile", min_score=20)
    assert explorer.filters == live.filters
    assert_frame_equal(
        explorer.table.select("country_code", "visitors"),
        dfn.breakdown(live.selection, by="country_code", order_by="visitors").select("country_code", "visitors"),
    )
    assert [chip.label for chip in view(explorer).front.filters.active] == ["Device", "Score from"]
    live.clear_filters()
    assert explorer.table["visitors"].sum() == 60


def test_filters_of_the_explorer_are_those_of_the_map() -> None:
    live = shown(PEOPLE)
    explorer = displayed(Explorer(live))
    explorer.filter(device="mobile")
    assert live.filters == {"device": ("mobile",)}
    ask(explorer, "filter", name="device", value=None)
    assert live.filters == {}
    live.filter(device="tablet")
    ask(explorer, "clear")
    assert live.filters == {}


def test_an_explorer_changes_no_filter_that_the_map_has_locked() -> None:
    live = shown(PEOPLE)
    explorer = displayed(Explorer(live, by="country_code"))
    live.filter(country_code="FR", locked=True)
    ask(explorer, "filter", name="device", value="mobile")
    ask(explorer, "filter", name="country_code", value=None)
    click(explorer, group="DE")
    assert live.filters == explorer.filters == {"country_code": ("FR",), "device": ("mobile",)}
    assert [chip.locked for chip in view(explorer).front.filters.active] == [True, False]
    ask(explorer, "clear")
    assert live.filters == {"country_code": ("FR",)}
    explorer.filter(country_code="DE")
    assert (explorer.locked, live.filters) == (frozenset(), {"country_code": ("DE",)})


def test_it_follows_each_refresh_and_keeps_what_is_picked() -> None:
    live = shown(PEOPLE, LATER)
    explorer = displayed(Explorer(live, by="country_code", measure="visitors"))
    click(explorer, group="DE")
    refreshed(live)
    assert names(explorer) == ["PT"]
    assert explorer.filters == {"country_code": ("DE",)}
    assert view(explorer).front.filters.matched == 0


def test_before_the_first_answer_of_the_map_it_says_so_or_shows_what_it_was_given() -> None:
    source = Scripted([LATER])
    source.gate.clear()
    live = dfn.LiveMap(source, every=NEVER)
    explorer = displayed(Explorer(live))
    other = displayed(Explorer(PEOPLE, live=live, by="device"))
    assert view(explorer).front.empty == "Nothing has arrived yet."
    assert other.table["visitors"].sum() == 60
    source.gate.set()
    settle(live)
    assert view(explorer).front.empty == ""
    assert other.table["visitors"].sum() == 12


def test_what_is_wrong_with_the_map_is_said_and_the_last_state_stays() -> None:
    live = shown(PEOPLE, AuthenticationError("The key is not accepted."))
    explorer = displayed(Explorer(live, by="device"))
    refreshed(live)
    status = view(explorer).front.status
    assert status.tone == "refused"
    assert status.text == "Linked to the map. Stopped. The key is not accepted."
    assert explorer.table["visitors"].sum() == 60


def test_refreshing_asks_the_map() -> None:
    live = shown(PEOPLE, LATER)
    explorer = displayed(Explorer(live, by="country_code"))
    explorer.refresh()
    settle(live)
    assert names(explorer) == ["PT"]


def test_one_change_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    live = shown(PEOPLE)
    explorer = displayed(Explorer(live, by="country_code"))
    told: list[int] = []
    live.on_selection(lambda frame: told.append(frame.height))
    click(explorer, group="FR")
    live.filter(country_code=["FR", "DE"])
    assert told == [15, 30]


def test_two_explorers_of_one_map_follow_each_other() -> None:
    live = shown(PEOPLE)
    one, other = (displayed(Explorer(live, by=by, measure="visitors")) for by in ("country_code", "device"))
    click(one, group="FR")
    assert other.table["visitors"].sum() == 15
    click(other, group="mobile")
    assert one.table["visitors"].sum() == 20
    assert live.selection.height == 5


def test_one_that_was_never_shown_is_collected_and_the_map_forgets_it() -> None:
    live = shown(PEOPLE)
    gone = weakref.ref(Explorer(live))
    gc.collect()
    assert gone() is None
    live.filter(device="mobile")
    refreshed(live)
    assert (live._selection_callbacks._callbacks, live._status_callbacks._callbacks) == ([], [])


def test_a_closed_one_follows_no_more_and_leaves_the_map_alone() -> None:
    live = shown(PEOPLE)
    explorer = displayed(Explorer(live))
    explorer.close()
    assert (live._selection_callbacks._callbacks, live._status_callbacks._callbacks) == ([], [])
    live.filter(device="mobile")
    assert live.status.state == "live"


def test_a_map_goes_on_while_somebody_looks_at_the_explorer_only() -> None:
    live = shown(PEOPLE)
    explorer = displayed(Explorer(live))
    live._visibility.beat("map")
    live._visibility.leave("map")
    assert not live._visibility.is_watched()
    ask(explorer, "beat", view="explorer")
    assert live._visibility.is_watched()
    ask(explorer, "away", view="explorer")
    assert not live._visibility.is_watched()


def test_two_maps_are_one_too_many() -> None:
    with pytest.raises(TypeError, match="two live maps"):
        Explorer(made(PEOPLE), live=made(PEOPLE))


def test_several_sites_can_be_compared() -> None:
    live = dfn.LiveMap({"shop": Scripted([PEOPLE]), "blog": Scripted([LATER])}, every=NEVER)
    settle(live)
    explorer = displayed(Explorer(live, by="site", measure="visitors"))
    click(explorer, group="blog")
    assert live.selection.height == 12


def test_a_number_of_the_table_is_of_one_moment_whatever_happens_at_once(caplog: pytest.LogCaptureFixture) -> None:
    live = dfn.LiveMap(Numbered(), every=NEVER)
    settle(live)
    explorer = displayed(Explorer(live, by="device", measure="visitors"))
    raised: list[BaseException] = []

    def go_on(act: Callable[[random.Random], object], seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(15):
                act(chance)
        except BaseException as error:  # noqa: BLE001 - to be seen on the main thread
            raised.append(error)

    def choose(chance: random.Random) -> None:
        ask(explorer, "question", control="first", value=chance.choice(["device", "channel", "country_code"]))
        ask(explorer, "question", control="measure", value=chance.choice(["visitors", "score"]))

    acts: list[Callable[[random.Random], object]] = [
        choose,
        lambda _: live.refresh(),
        lambda chance: live.filter(device=chance.choice([None, "x"]), visit_kind=chance.choice(["new", None])),
        lambda chance: click(explorer, group=chance.choice(["(not known)", "direct"])),
        lambda chance: setattr(explorer, "by", chance.choice([["device", "page"], "page"])),
    ]
    threads = [threading.Thread(target=go_on, args=(act, seed), daemon=True) for seed, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "it hangs"
    settle(live)
    live.clear_filters()
    assert raised == []
    assert caplog.records == []
    assert live.snapshot is not None
    assert view(explorer).front.filters.total == live.snapshot.visitors.height
    assert explorer.table["visitors"].sum() == live.snapshot.visitors.height
    assert view(explorer).front.question.by == explorer.by
    assert isinstance(explorer.table, pl.DataFrame)
