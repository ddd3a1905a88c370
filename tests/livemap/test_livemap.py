"""The live map as a widget: what it shows, what it sends, and when it ends."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import ipywidgets
import msgspec
import polars as pl
import pytest
from traitlets import TraitError

import datafast_nb as dfn
from datafast_nb.errors import AuthenticationError, ServerError
from datafast_nb.livemap import LiveMap
from datafast_nb.livemap.frame_state import FrameState
from datafast_nb.livemap.sidebar import MOST_ROWS
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from datafast_nb.snapshot import Snapshot
from datafast_nb.widgets.protocol import (
    Chip,
    Choice,
    Fact,
    Figure,
    FilterOptions,
    Option,
    Point,
    StatusLine,
    VisitorList,
)
from tests.livemap.conftest import Sent
from tests.livemap.maps import (
    GENEROUS,
    NEVER,
    VIEW,
    ask,
    figure,
    front,
    made,
    names,
    on_map,
    own,
    refreshed,
    registry,
    set_in_browser,
    settle,
    shown,
    state,
    until,
)
from tests.livemap.sources import NOON, Scripted, events, payments, people, visitors, written_by_strangers

EUROPE = {"zoom": 5.0, "south": 40.0, "north": 55.0, "west": 0.0, "east": 20.0}
HOSTILE = '\u202e\u2067\x00"><img src=x onerror=alert(1)>\njavascript:alert(2) 👩‍👩‍👧 שלום '
UNSEEN = set("\u202e\u2067\u2066\u2069\u200e\u200f\ufeff") | {chr(code) for code in (*range(32), *range(127, 160))}


# Making one


@pytest.mark.parametrize("source", [None, "df_key", 3, dfn.Snapshot, dfn.demo.Site])
def test_what_is_no_source_is_refused_with_what_to_pass(source: Any) -> None:
    with pytest.raises(TypeError, match=r"Give it datafast_nb\.connect\(\)"):
        LiveMap(source)


@pytest.mark.parametrize("every", [0, 0.5, -1, 1e9, float("nan"), float("inf")])
def test_an_impossible_number_of_seconds_is_refused(every: Any) -> None:
    with pytest.raises(TraitError, match="from 1 to 86,400 seconds"):
        LiveMap(Scripted([people(1)]), every=every)


@pytest.mark.parametrize("options", [{"every": "soon"}, {"height": "tall"}, {"every": None}])
def test_what_is_no_number_is_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=rf"{next(iter(options))} is .*: it must be a number"):
        LiveMap(Scripted([people(1)]), **options)


@pytest.mark.parametrize("options", [{"color_by": "color"}, {"theme": "blue"}])
def test_what_there_is_none_of_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TraitError):
        LiveMap(Scripted([people(1)]), **options)


def test_an_impossible_height_is_refused() -> None:
    with pytest.raises(ValueError, match=r"from 120 to 10,000 pixels"):
        LiveMap(Scripted([people(1)]), height=10)


def test_the_first_snapshot_arrives_without_displaying() -> None:
    live = made(people(4))
    until(lambda: live.snapshot is not None)
    settle(live)
    assert live.snapshot is not None
    assert live.snapshot.count == live.selection.height == 4
    assert repr(live) == "LiveMap(Scripted, every=3600, status='live')"
    live.close()


# Ending


def test_a_map_that_was_never_shown_ends_when_it_is_collected() -> None:
    maps = [made(people(1))]
    until(lambda: maps[0].status.state == "live")
    thread, gone = maps[0]._sites.pollers[""]._thread, weakref.ref(maps[0])
    assert thread is not None
    maps.clear()
    gc.collect()
    thread.join(GENEROUS)
    assert not thread.is_alive()
    assert gone() is None


def test_a_map_that_was_never_shown_is_not_in_the_registry_of_widgets() -> None:
    before = set(registry())
    live = made(people(1))
    assert set(registry()) == before
    live.close()


def test_closing_takes_every_widget_away_and_may_be_repeated() -> None:
    before = set(registry())
    live = shown(people(50))
    ask(live, "open", id=own(live, "clusters")["id"][0], latitude=0, longitude=0)
    assert len(registry()) > len(before) + 8
    live.basemap = "osm"
    thread = live._sites.pollers[""]._thread
    assert thread is not None
    live.close()
    live.close()
    thread.join(GENEROUS)
    assert not thread.is_alive()
    assert set(registry()) == before
    assert live.status.state == "closed"
    with pytest.raises(RuntimeError, match="closed"):
        live.refresh()


def test_a_closed_map_keeps_its_data_and_ignores_the_browser() -> None:
    live = shown(people(5))
    left = front(live)
    live.close()
    for do in ("pause", "resume", "refresh", "clear", "fit", "deselect", "close"):
        left._handle_custom_msg({"do": do, "view": VIEW}, [])
    left.set_state({"color_by": "device"})
    assert live.color_by == "score"
    live.filter(min_score=50)
    assert 0 < live.selection.height < 5
    assert live.snapshot is not None
    assert live.snapshot.count == 5


def test_a_map_that_was_closed_before_it_was_shown_is_its_words() -> None:
    live = made(people(1))
    live.close()
    assert live._repr_mimebundle_() == ({"text/plain": "LiveMap(Scripted, every=3600, status='closed')"}, {})


def test_it_can_be_put_into_another_widget() -> None:
    live = made(people(1))
    box = ipywidgets.VBox([live])
    assert box.get_state()["children"] == [f"IPY_MODEL_{live.model_id}"]
    assert live.comm is not None
    box.close()
    live.close()


def test_displaying_it_twice_is_one_map() -> None:
    live = shown(people(1))
    before = set(registry())
    live._repr_mimebundle_()
    assert set(registry()) == before


def test_a_process_ends_while_maps_poll() -> None:
    script = """
from datafast_nb import LiveMap
from tests.livemap.sources import Scripted, people
maps = [LiveMap(Scripted([people(1)]), every=1) for _ in range(20)]
for live in maps[::2]:
    live.model_id
"""
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=True, timeout=120, cwd=Path(__file__).parents[2])


# What is shown


def test_the_header_shows_the_figures() -> None:
    made_payments = payments(
        {"payment_id": "a", "amount": 49.0, "currency": "USD"},
        {"payment_id": "b", "amount": 10.0, "currency": "EUR"},
        {"payment_id": "c", "amount": 20.0, "currency": "eur"},
    )
    live = shown(Snapshot(visitors(100), payments=made_payments, count=1234, fetched_at=NOON))
    assert front(live).figures == (
        Figure("Visitors now", "100", hint="100 visitors are listed; the service counts 1,234"),
        Figure("Customers", "4"),
        Figure("Expected value", "$144.00", "if each were just arriving"),
        Figure("Revenue, 10 min", "€30.00 · $49.00"),
    )
    assert front(live).clock == NOON.timestamp() * 1000
    assert front(live).status == StatusLine("live", "Live · every 1 h")


def test_revenue_in_many_currencies_is_cut_short() -> None:
    rows = [{"amount": 10.0, "currency": code} for code in ("USD", "EUR", "GBP", "JPY", "CHF")]
    live = shown(Snapshot(payments=payments(*rows), fetched_at=NOON))
    value, note = figure(live, "Revenue, 10 min")
    assert value.count(" · ") == 1
    assert note == "+3 more currencies"
    assert front(live).figures[3].hint.count(" · ") == 4


def test_before_the_first_answer_nothing_is_claimed() -> None:
    live = made(people(1))
    source = live._sites.pollers[""]._source
    until(lambda: source.calls == 1)  # type: ignore[attr-defined]
    live.close()
    waiting = Scripted([people(3)])
    waiting.gate.clear()
    live = LiveMap(waiting, every=100)
    live._repr_mimebundle_()
    assert {each.value for each in front(live).figures} == {"–"}
    assert front(live).clock == 0
    assert front(live).status == StatusLine("starting", "Loading…")
    assert live.snapshot is None
    assert live.selection.height == live.selected.height == 0
    waiting.gate.set()
    live.close()


def test_nobody_here_is_said() -> None:
    live = shown(people(0))
    assert front(live).status.notes == ("Nobody here right now",)
    assert own(live, "clusters")["id"] == ()
    assert front(live).visitors == VisitorList()


def test_a_site_without_predictions_is_said() -> None:
    live = shown(people(3, score=None, expected_value=None))
    assert front(live).status.notes == ("No predictions for this site yet",)
    assert figure(live, "Expected value")[0] == "–"


def test_a_number_that_is_none_spoils_no_figure() -> None:
    worth = pl.Series([2.0, math.nan, math.inf])
    live = shown(people(3, expected_value=worth, score=pl.Series([50.0, math.nan, math.inf])))
    assert figure(live, "Expected value")[0] == "$2.00"
    json.dumps(state(live), allow_nan=False)


def test_who_is_not_on_the_map_is_counted() -> None:
    places = pl.Series([None, math.nan, 10.0, 20.0])
    live = shown(people(4, latitude=places))
    assert front(live).legend.unplaced == 2
    assert on_map(live) == 2
    assert len(names(live)) == 4


def test_a_fault_keeps_the_data_and_says_what_is_wrong() -> None:
    live = shown(people(40), ServerError("The site is down (500). Try later."), people(41))
    before = own(live, "clusters")
    refreshed(live)
    assert front(live).status.text.startswith("The site is down (500). Try later. Next try at ")
    assert front(live).status.state == "retrying"
    assert own(live, "clusters") == before
    assert figure(live, "Visitors now")[0] == "40"
    refreshed(live)
    assert figure(live, "Visitors now")[0] == "41"
    assert front(live).status.state == "live"


def test_a_refused_key_stops_the_map_with_what_to_do() -> None:
    live = shown(AuthenticationError("The key is not accepted (401). Check DATAFAST_API_KEY."), people(1))
    assert front(live).status.text == "Stopped. The key is not accepted (401). Check DATAFAST_API_KEY."
    assert front(live).controls.resting
    ask(live, "resume")
    settle(live)
    assert live.status.state == "live"
    assert not front(live).controls.resting


def test_pausing_refreshing_and_resuming_in_the_browser() -> None:
    live = shown(people(1), people(2), people(3))
    ask(live, "pause")
    assert front(live).status.text == "Paused"
    assert front(live).controls.resting
    ask(live, "refresh")
    settle(live)
    assert figure(live, "Visitors now")[0] == "2"
    assert front(live).status.state == "stopped"
    ask(live, "resume")
    settle(live)
    assert figure(live, "Visitors now")[0] == "3"
    assert front(live).status.state == "live"


def test_a_cluster_is_described_to_the_view_that_asks(sent: Sent) -> None:
    live = shown(people(30, latitude=38.7, longitude=-9.1, city="Lisbon", country_code="PT", score=60.4))
    (cluster,) = own(live, "clusters")["id"]
    sent.clear()
    ask(live, "describe", id=cluster)
    (told,) = sent.told("description")
    assert (told["view"], told["id"]) == (VIEW, cluster)
    assert (told["summary"]["title"], told["summary"]["visitors"]) == ("Lisbon, Portugal", 30)
    assert sent.states() == []


def test_drawing_does_not_wait_for_what_a_tooltip_says(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    live = shown(people(30, latitude=38.7, longitude=-9.1))
    (cluster,) = own(live, "clusters")["id"]

    def reasons(_frame: object, _members: object) -> tuple[str, ...]:
        drawing = threading.Thread(target=lambda: live.set_trait("theme", "dark"), daemon=True)
        drawing.start()
        drawing.join(GENEROUS)
        assert not drawing.is_alive()
        return ("Portugal ×1.8",)

    monkeypatch.setattr(FrameState, "reasons", reasons)
    ask(live, "describe", id=cluster)
    assert sent.told("description")


def test_opening_a_cluster_lists_a_few_of_its_visitors() -> None:
    live = shown(people(300, latitude=38.7, longitude=-9.1, display_name="Ada"))
    (cluster,) = own(live, "clusters")["id"]
    ask(live, "open", id=cluster, latitude=38.7, longitude=-9.1)
    popup = own(live, "popups")
    assert (popup["id"], popup["latitude"], popup["longitude"]) == (cluster, 38.7, -9.1)
    assert 0 < len(popup["rows"]) == 300 - popup["more"]
    ask(live, "select", **{name: popup["rows"][0][name] for name in ("site", "id")})
    assert front(live).card.visitor.name == "Ada"
    ask(live, "close")
    assert own(live, "popups") is None
    assert front(live).card.visitor.name == "Ada"


def test_opening_a_lone_visitor_opens_the_card() -> None:
    live = shown(people(1, display_name="Ada", latitude=38.7, longitude=-9.1))
    (cluster,) = own(live, "clusters")["id"]
    ask(live, "open", id=cluster, latitude=38.7, longitude=-9.1)
    assert own(live, "popups") is None
    assert front(live).card.visitor.name == "Ada"
    assert front(live).selected.place == Point(38.7, -9.1)


def test_a_popup_follows_its_circle_splits_with_it_and_closes_for_a_card() -> None:
    places = pl.Series([48.9] * 6 + [50.9] * 4)
    live = shown(people(10, latitude=places, longitude=pl.Series([2.3] * 6 + [4.4] * 4), display_name="Ada"))
    ask(live, "viewport", zoom=1, south=-60, west=-180, north=80, east=180)
    (cluster,) = own(live, "clusters")["id"]
    ask(live, "open", id=cluster, latitude=0, longitude=0)
    for zoom, members in ((9, 6), (1, 10), (9, 6)):
        ask(live, "viewport", zoom=zoom, south=48 if zoom > 1 else -60, west=1, north=52, east=6)
        popup, clusters = own(live, "popups"), own(live, "clusters")
        place = clusters["id"].index(popup["id"])
        assert popup["summary"]["visitors"] == clusters["visitors"][place] == members
        assert (popup["latitude"], popup["longitude"]) == (clusters["latitude"][place], clusters["longitude"][place])
    ask(live, "select", **{name: popup["rows"][0][name] for name in ("site", "id")})
    assert own(live, "popups") is None


def test_a_popup_follows_a_refresh_and_stays_open() -> None:
    first = people(30, latitude=38.7, longitude=-9.1, display_name="Ada")
    live = shown(first, people(5, latitude=38.7, longitude=-9.1, display_name="Bob"), people(0))
    (cluster,) = own(live, "clusters")["id"]
    refreshed(live)
    ask(live, "open", id=cluster, latitude=38.7, longitude=-9.1)
    assert {row["name"] for row in own(live, "popups")["rows"]} == {"Bob"}
    refreshed(live)
    assert own(live, "popups")["summary"]["title"] == "Everyone has left"
    ask(live, "close")
    assert own(live, "popups") is None


def test_selecting_a_visitor_opens_the_card_which_stays_when_they_leave() -> None:
    log = events({"visitor_id": "v1", "type": "pageview", "path": "/a", "timestamp": NOON})
    live = shown(Snapshot(visitors(3, city="Rome"), log, fetched_at=NOON), people(1), people(3, city="Oslo"))
    key = live._frame.visitors["_key"][1]
    ask(live, "select", site="", id=str(key))
    assert front(live).card.here
    assert [row.label for row in front(live).card.events] == ["/a"]
    assert live.selected["visitor_id"].to_list() == ["v1"]
    refreshed(live)
    assert front(live).card.here is False
    assert Fact("Place", "Rome") in front(live).card.facts
    assert front(live).selected.place is None
    assert live.selected.height == 0
    refreshed(live)
    assert front(live).card.here
    assert Fact("Place", "Oslo") in front(live).card.facts
    ask(live, "deselect")
    assert (front(live).card, front(live).selected) == (None, None)


def test_a_filter_that_hides_the_selected_visitor_leaves_the_card() -> None:
    live = shown(people(3))
    ask(live, "select", site="", id=str(live._frame.visitors["_key"][1]))
    live.filter(device="no such")
    assert front(live).card.here


def test_the_list_is_sorted_as_wished() -> None:
    live = shown(people(3, expected_value=pl.Series([1.0, 3.0, 2.0]), display_name=pl.Series(["a", "b", "c"])))
    ask(live, "sort", by="value")
    assert names(live) == ["b", "c", "a"]
    assert front(live).visitors.sort == "value"
    ask(live, "sort", by="no such")
    assert front(live).visitors.sort == "value"


def test_each_list_says_how_many_it_stands_for() -> None:
    log = events(*({"event_id": f"e{n}", "timestamp": NOON} for n in range(300)))
    made_payments = payments(*({"payment_id": f"p{n}", "timestamp": NOON} for n in range(200)))
    live = shown(Snapshot(visitors(1000), log, made_payments, fetched_at=NOON))
    for name, total in (("visitors", 1000), ("events", 300), ("payments", 200)):
        shows = getattr(front(live), name)
        assert (len(shows.rows), shows.total) == (MOST_ROWS, total)


# Filters


def test_a_filter_is_about_map_panel_header_and_selection_alike() -> None:
    live = shown(
        people(100, device=pl.when(pl.int_range(100) < 30).then(pl.lit("mobile")).otherwise(pl.lit("desktop")))
    )
    live.filter(device="mobile")
    assert on_map(live) == live.selection.height == front(live).visitors.total == 30
    assert figure(live, "Visitors now") == ("30", "of 100")
    shows = front(live).filters
    assert (shows.matched, shows.total) == (30, 100)
    assert shows.active == (Chip("device", "Device", "mobile"),)
    assert shows.values.device == "mobile"
    assert live.filters == {"device": ("mobile",)}


def test_filters_are_set_by_the_browser_and_taken_away_again() -> None:
    live = shown(people(100))
    for name, value in (("min_score", 60), ("is_customer", False), ("text", "x")):
        ask(live, "filter", name=name, value=value)
    values = front(live).filters.values
    assert (values.min_score, values.is_customer, values.text) == (60.0, False, "x")
    ask(live, "filter", name="text", value=None)
    ask(live, "filter", name="is_customer", value=None)
    assert live.filters == {"min_score": 60.0}
    ask(live, "clear")
    assert live.filters == {}
    assert on_map(live) == 100


def test_several_values_from_code_are_shown_as_several() -> None:
    live = shown(people(10))
    live.filter(country_code=["FR", "de"], visit_kind="new")
    assert front(live).filters.values.country_code == ["FR", "DE"]
    assert front(live).filters.values.visit_kind == "new"
    live.clear_filters()
    assert not front(live).filters.active


def test_a_filter_holds_for_what_comes_later() -> None:
    live = shown(people(10, device="mobile"), people(20, device=pl.Series(["mobile", "desktop"] * 10)))
    live.filter(device="desktop")
    assert on_map(live) == 0
    refreshed(live)
    assert on_map(live) == live.selection.height == 10


def test_payments_are_those_of_the_visitors_who_pass() -> None:
    here = visitors(2, display_name=pl.Series(["Ada", "Bob"]), device=pl.Series(["mobile", "desktop"]))
    rows = [{"payment_id": name, "name": name, "amount": 5.0, "currency": "USD"} for name in ("Ada", "Bob", "Grace")]
    live = shown(Snapshot(here, payments=payments(*rows), fetched_at=NOON))
    assert (front(live).payments.total, front(live).payments.hidden) == (3, 0)
    live.filter(device="mobile")
    assert [row.who for row in front(live).payments.rows] == ["Ada"]
    assert (front(live).payments.total, front(live).payments.hidden) == (1, 2)
    assert figure(live, "Revenue, 10 min")[0] == "$5.00"


def test_events_are_those_of_the_visitors_who_pass() -> None:
    here = visitors(2, device=pl.Series(["mobile", "desktop"]))
    log = events(*({"event_id": each, "visitor_id": each} for each in ("v0", "v1", "gone")))
    live = shown(Snapshot(here, log, fetched_at=NOON))
    live.filter(device="mobile")
    assert front(live).events.total == 1


def test_an_unknown_filter_is_refused_and_changes_nothing() -> None:
    live = shown(people(3))
    with pytest.raises(ValueError, match=r"no filter 'contry_code'\. Did you mean 'country_code'\?"):
        live.filter(contry_code="FR")
    assert live.filters == {}


def test_the_values_to_choose_from_are_sent_when_asked_for_the_commonest_first() -> None:
    countries = pl.Series(["FR", "DE", "FR", None])
    live = shown(people(4, country_code=countries, current_url="/pricing?x=1"))
    assert front(live).filters.options is None
    ask(live, "facets", open=True)
    options = front(live).filters.options
    assert options.country_code == (Option("FR", "France", 2), Option("DE", "Germany", 1))
    assert options.page == (Option("/pricing", "/pricing", 4),)
    ask(live, "facets", open=False)
    assert front(live).filters.options is None


def test_every_value_to_choose_from_chooses_as_many_as_it_says() -> None:
    columns = {name: pl.Series([" a", "A", "a", "é\u202e", "x" * 10_000, None]) for name in ("device", "country_code")}
    live = shown(
        people(6, current_url=pl.Series(["/" + "y" * 5000, "/a b", "/A", "", None, "javascript:x"]), **columns)
    )
    ask(live, "facets", open=True)
    for name, options in msgspec.to_builtins(front(live).filters.options).items():
        for each in options:
            ask(live, "filter", name=name, value=each["value"])
            assert live.selection.height == each["visitors"], (name, each)
            ask(live, "clear")


# What it is told once


def test_who_arrives_pulses_once_and_nobody_at_first(sent: Sent) -> None:
    live = shown(people(3), people(5), people(5))
    assert sent.told("news") == []
    for _ in range(3):
        refreshed(live)
    (news,) = sent.told("news")
    assert len(*news["arrived"].values()) == 2
    assert (news["payments"], news["more"]) == ((), 0)


def test_a_crowd_that_arrives_is_a_bounded_number_of_pulses(sent: Sent) -> None:
    live = shown(people(1), people(50_000))
    refreshed(live)
    (news,) = sent.told("news")
    assert 0 < len(*news["arrived"].values()) < 500


def test_a_payment_is_announced_once_at_its_payers_place(sent: Sent) -> None:
    here = visitors(2, latitude=38.7, longitude=-9.1, display_name=pl.Series(["Ada", "Bob"]))
    first = Snapshot(here, fetched_at=NOON)
    rows = [
        {"payment_id": name, "name": name, "amount": 49.0, "currency": "EUR", "is_new": True}
        for name in ("ada", "Grace")
    ]
    live = shown(first, Snapshot(here, payments=payments(*rows), fetched_at=NOON))
    for _ in range(3):
        refreshed(live)
    (news,) = sent.told("news")
    shows = [(each["who"], each["amount"], each["kind"], each["place"]) for each in news["payments"]]
    assert shows == [("ada", "€49.00", "new", {"latitude": 38.7, "longitude": -9.1}), ("Grace", "€49.00", "new", None)]


def test_many_payments_are_announced_as_a_few_and_a_number(sent: Sent) -> None:
    rows = [{"payment_id": f"p{number}", "amount": 1.0} for number in range(500)]
    live = shown(people(1), Snapshot(visitors(1), payments=payments(*rows), fetched_at=NOON))
    refreshed(live)
    (news,) = sent.told("news")
    assert len(news["payments"]) + news["more"] == 500
    assert len(news["payments"]) <= 5


def test_what_the_filters_hide_is_not_announced(sent: Sent) -> None:
    here = visitors(
        4, device=pl.Series(["mobile", "desktop", "mobile", "desktop"]), display_name=pl.Series(list("abcd"))
    )
    rows = [{"payment_id": name, "name": name, "amount": 1.0} for name in "cdx"]
    live = shown(Snapshot(here[:2], fetched_at=NOON), Snapshot(here, payments=payments(*rows), fetched_at=NOON))
    live.filter(device="desktop")
    refreshed(live)
    (news,) = sent.told("news")
    assert len(*news["arrived"].values()) == 1
    assert [each["who"] for each in news["payments"]] == ["d"]


def test_what_is_announced_is_in_the_panel(sent: Sent) -> None:
    rows = [{"payment_id": "p", "name": "Grace", "amount": 1.0}]
    here = visitors(1, device="mobile")
    live = shown(Snapshot(here, fetched_at=NOON), Snapshot(here, payments=payments(*rows), fetched_at=NOON))
    live.filter(device="mobile")
    refreshed(live)
    announced = [each["who"] for news in sent.told("news") for each in news["payments"]]
    assert announced == [row.who for row in front(live).payments.rows]


def test_fitting_tells_the_browser_where_the_visitors_are(sent: Sent) -> None:
    live = shown(people(2, latitude=pl.Series([10.0, 20.0]), longitude=pl.Series([-30.0, 40.0])))
    live.fit()
    ask(live, "fit")
    told = sent.told("fit")
    assert len(told) == 2
    corners = [told[0][name] for name in ("south", "west", "north", "east")]
    assert corners == pytest.approx([10.0, -30.0, 20.0, 40.0])
    live.filter(device="nobody's")
    live.fit()
    assert len(sent.told("fit")) == 2


# Traits


def test_the_interval_is_changed_by_the_browser_and_from_code() -> None:
    live = shown(people(1))
    set_in_browser(live, every=30)
    assert live.every == live.status.every == front(live).every == 30.0
    live.every = 7
    assert live.status.every == 7.0
    assert Choice(7.0, "every 7 s") in front(live).controls.every
    with pytest.raises(TraitError, match="from 1 to"):
        live.every = 0.01
    assert live.every == live.status.every == 7.0


def test_a_category_keeps_its_color_while_filters_come_and_go() -> None:
    devices = pl.Series(["desktop"] * 5 + ["mobile"] * 3 + ["tablet"] * 2)
    live = shown(people(10, device=devices), color_by="device")
    before = front(live).legend.swatches
    live.filter(device="tablet")
    assert front(live).legend.swatches == before
    live.clear_filters()
    assert front(live).legend.swatches == before


@pytest.mark.parametrize("color_by", ["score", "expected_value", "is_customer", "device", "channel", "visit_kind"])
def test_each_way_to_color_has_a_legend_and_survives_a_refresh(color_by: Any) -> None:
    crowd = people(200, device=pl.Series(["mobile", "desktop"] * 100), visit_count=pl.int_range(200) % 3)
    live = shown(crowd, people(201))
    live.color_by = color_by
    assert front(live).color_by == color_by
    first = front(live).legend.title
    refreshed(live)
    assert front(live).legend.title == first
    assert on_map(live) == 201


def test_the_colors_are_changed_by_the_browser() -> None:
    live = shown(people(20, device="mobile"))
    set_in_browser(live, color_by="device")
    assert live.color_by == "device"
    assert front(live).legend.ramp is None
    with pytest.raises(TraitError):
        live.color_by = "color"
    assert live.color_by == "device"


def test_filtered_by_one_derived_dimension_and_colored_by_another() -> None:
    live = shown(
        people(50, visit_count=pl.int_range(50) % 2 + 1, referrer="https://www.google.com/"), people(60, visit_count=1)
    )
    live.filter(visit_kind="new")
    live.color_by = "channel"
    assert on_map(live) == 25
    refreshed(live)
    assert on_map(live) == 60


def test_height_and_theme_are_changed_from_code() -> None:
    live = shown(people(1), height=300, theme="dark")
    assert live._view is not None
    assert live._view.map.layout.height == "300px"
    assert front(live).theme == "dark"
    live.height, live.theme = 500, "light"
    assert live._view.map.layout.height == "500px"
    assert front(live).theme == "light"
    with pytest.raises(TraitError, match=r"from 120 to 10,000 pixels"):
        live.height = 3
    with pytest.raises(TraitError):
        live.theme = "blue"
    assert (live.height, live.theme) == (500, "light")


def test_traits_can_be_linked_in_the_kernel_and_in_the_browser() -> None:
    live = made(people(1), every=20)
    slider = ipywidgets.FloatSlider(min=1, max=100)
    link = ipywidgets.link((live, "every"), (slider, "value"))
    assert slider.value == 20
    slider.value = 50
    assert live.every == live.status.every == 50
    in_browser = ipywidgets.jslink((live, "color_by"), (ipywidgets.Text("score"), "value"))
    assert in_browser.get_state()["source"] == [f"IPY_MODEL_{live.model_id}", "color_by"]
    assert live.comm is not None
    for name in ("every", "color_by", "basemap", "height", "theme"):
        assert name in live.get_state()
    live.set_state({"color_by": "device", "every": 30, "theme": "dark", "height": 200})
    assert (live.color_by, live.status.every, front(live).theme) == ("device", 30.0, "dark")
    link.unlink()
    live.close()


def test_no_widget_holds_the_key(sent: Sent) -> None:
    key = "df_a_very_secret_key_1234567890"
    client = dfn.Client(key, website_id="dfid_1", base_url="http://127.0.0.1:9", retries=0)
    live = LiveMap({"shop": client, "demo": dfn.demo.Site(seed=0)}, every=60)
    live._repr_mimebundle_()
    until(lambda: live.statuses["shop"].state == "retrying")
    assert len(sent.states()) > 1
    assert key not in json.dumps(sent, default=str)
    assert key not in repr(live) + str(live.statuses)
    live.close()


# Faults of the drawing


def planted(live: LiveMap, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the drawing fail."""

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(live._renderer, "layers", fail)


@pytest.mark.parametrize("error", [KeyError("planted"), ValueError("planted"), RuntimeError("planted")], ids=repr)
def test_a_fault_of_the_drawing_is_logged_and_shown_until_it_is_drawn_again(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    live = shown(people(3), people(4), people(5))
    with monkeypatch.context() as patch:
        planted(live, patch, error)
        refreshed(live)
        assert on_map(live) == 3
    assert "planted" in str(front(live).status.notes)
    logged = [record for record in caplog.records if record.exc_info and record.exc_info[1] is error]
    assert len(logged) == 1
    refreshed(live)
    assert on_map(live) == 5
    assert "planted" not in str(front(live).status.notes)


@pytest.mark.parametrize(
    "message", [{"do": "filter", "name": "device", "value": "mobile"}, {"do": "sort", "by": "time"}]
)
def test_a_fault_of_what_a_browser_asked_for_is_logged_and_shown(
    message: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    live, error = shown(people(3)), KeyError("planted")
    planted(live, monkeypatch, error)
    ask(live, **message)
    ask(live, "beat")  # which goes well
    assert "planted" in str(front(live).status.notes)
    assert any(record.exc_info and record.exc_info[1] is error for record in caplog.records)
    assert on_map(live) == 3


def test_a_fault_of_the_drawing_reaches_who_asked_for_it_in_code(monkeypatch: pytest.MonkeyPatch) -> None:
    live = shown(people(3))
    planted(live, monkeypatch, KeyError("planted"))
    with pytest.raises(KeyError, match="planted"):
        live.filter(device="mobile")


def test_a_message_that_does_not_parse_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    live = shown(people(3))
    ask(live, "viewport", zoom="deep")
    assert "A message of the browser was ignored" in caplog.text
    assert on_map(live) == 3


# Messages that make no sense


SENSELESS = [
    {"do": "select", "site": "", "id": "nobody"},
    {"do": "select", "site": "", "id": "9" * 100},
    {"do": "select", "site": "", "id": "-1"},
    {"do": "select"},
    {"do": "describe", "id": "nowhere"},
    {"do": "describe", "id": "1/" + "9" * 100 + "/1"},
    {"do": "open", "id": "nowhere", "latitude": 0, "longitude": 0},
    {"do": "open", "id": "0/0/0", "latitude": 0, "longitude": 0},
    {"do": "open", "id": "9/9/9/9", "latitude": 0, "longitude": 0},
    {"do": "open", "id": "1/" + "9" * 100 + "/1", "latitude": 0, "longitude": 0},
    {"do": "open", "id": 3, "latitude": 0, "longitude": 0},
    {"do": "open", "id": "1/0/0", "latitude": "here", "longitude": 0},
    {"do": "open", "id": "1/0/0", "latitude": None, "longitude": math.nan},
    {"do": "open"},
    {"do": "filter", "name": "no such", "value": 1},
    {"do": "filter", "name": "min_score", "value": "many"},
    {"do": "filter", "name": "dimension_matches", "value": 3},
    {"do": "filter", "name": "device", "value": {"a": [1]}},
    {"do": "filter"},
    {"do": "sort", "by": ["score"]},
    {"do": "viewport", "zoom": "deep"},
    {"do": "viewport", "zoom": 1e308, "south": -1.0, "north": 1.0, "west": 0.0, "east": 1.0},
    {"do": "viewport", "zoom": 3, "south": 1.0, "north": -1.0, "west": 0.0, "east": 1.0},
    {"do": "viewport", "zoom": math.nan, "south": -1.0, "north": 1.0, "west": 0.0, "east": 1.0},
    {"do": "viewport", "zoom": 3, "south": -1e300, "north": 1e300, "west": -1e300, "east": 1e300},
    {"do": "viewport"},
    {"do": "heat"},
    {"do": "beat"},
    {"do": "no such message"},
    {"do": "class__"},
    {"do": ""},
]


def test_messages_that_make_no_sense_leave_the_map_as_it_was() -> None:
    live = shown(people(30), people(31))
    for message in SENSELESS:
        front(live)._handle_custom_msg({"view": VIEW, **message}, [])
        refreshed(live)
        json.dumps(state(live), allow_nan=False)
        ask(live, "clear")
        assert on_map(live) == 31, message


@pytest.mark.parametrize(
    "setting",
    [
        {"every": "soon"},
        {"every": 0},
        {"every": math.nan},
        {"color_by": "color"},
        {"color_by": None},
        {"theme": "blue"},
    ],
    ids=str,
)
def test_an_absurd_setting_of_a_browser_changes_nothing(
    setting: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    live = shown(people(3), people(4))
    set_in_browser(live, **setting)
    assert (live.every, live.color_by, live.theme) == (NEVER, "score", "auto")
    assert "A value of the browser was ignored" in caplog.text
    refreshed(live)
    assert on_map(live) == 4


@pytest.mark.parametrize("content", [None, 3, "do", [], {}, {"do": None}, {"do": 3}, {"do": []}])
def test_a_message_that_asks_for_nothing_is_ignored(content: Any) -> None:
    live = shown(people(3))
    front(live)._handle_custom_msg(content, [])
    assert on_map(live) == 3


@pytest.mark.parametrize("filters", [{"dimension_matches": 3}, {"device": object()}, {"min_score": float("inf")}])
def test_an_absurd_filter_from_code_does_not_end_the_map(filters: dict[str, Any]) -> None:
    live = shown(people(30), people(31))
    with contextlib.suppress(TypeError, ValueError):
        live.filter(**filters)
    json.dumps(state(live), allow_nan=False)
    live.clear_filters()
    refreshed(live)
    assert on_map(live) == 31


# Bad input


def written(count: int, text: str) -> Snapshot:
    """Make a snapshot in which strangers wrote every text."""
    here = written_by_strangers(VISITORS, text, count).with_columns(
        visitors(count).select("latitude", "longitude", "score", "expected_value"), dimension_matches=pl.lit([text] * 3)
    )
    log = written_by_strangers(EVENTS, text, min(count, 1000)).with_columns(visitor_id=here["visitor_id"].head(1000))
    made_payments = written_by_strangers(PAYMENTS, text, 300).with_columns(
        amount=pl.lit(5.0), email=pl.lit(None, pl.String)
    )
    return Snapshot(here, log, made_payments, fetched_at=NOON)


def words(value: Any) -> list[str]:
    """Return all texts of a state."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in words(each)]
    if isinstance(value, (list, tuple)):
        return [text for each in value for text in words(each)]
    return [value] if isinstance(value, str) else []


def test_whatever_strangers_write_everywhere_is_short_plain_text() -> None:
    first = written(300, HOSTILE + "x" * 10_000)
    live = shown(first, ServerError(HOSTILE * 400))
    ask(live, "facets", open=True)
    ask(live, "select", site="", id=str(live._frame.visitors["_key"][0]))
    cluster = own(live, "clusters")["id"][0]
    ask(live, "open", id=cluster, latitude=0, longitude=0)
    live.filter(page=live._frame.with_dimensions("page")["page"][0], city=HOSTILE * 100)
    live.filter(page=None, city=None)
    for color_by in ("device", "channel"):
        live.color_by = color_by
        everything = words(state(live))
        assert any("<img" in text for text in everything)
        assert max(map(len, everything)) <= 200
        assert [text for text in everything if UNSEEN & set(text)] == []
    refreshed(live)
    assert len(front(live).status.text) < 600
    assert not UNSEEN & set(front(live).status.text)


@pytest.mark.parametrize("zoom", [2.5, 5.0], ids=["map", "globe on a large screen"])
def test_a_hundred_thousand_hostile_visitors_are_less_than_a_hundred_kilobytes(sent: Sent, zoom: float) -> None:
    crowd = written(100_000, HOSTILE + "x" * 100)
    live = shown(people(5), crowd, people(6), crowd)
    ask(live, "viewport", zoom=zoom, south=-60.0, north=75.0, west=-180.0, east=180.0)
    sent.clear()
    refreshed(live)
    assert on_map(live) == 100_000
    assert len(sent.states("clusters")) == 1
    assert sent.bytes() < 100_000


def test_absurd_places_are_no_error_and_nobody_is_lost(sent: Sent) -> None:
    latitudes = pl.Series([None, math.nan, math.inf, 1e300, -91.0, 90.0, -90.0, 0.0, 0.0, 0.0])
    longitudes = pl.Series([1.0, 1.0, 1.0, 1.0, 1.0, 180.0, -180.0, 1e300, math.nan, -180.0])
    live = shown(people(10, latitude=latitudes, longitude=longitudes))
    ask(live, "viewport", zoom=0.0, south=-90.0, north=90.0, west=-180.0, east=180.0)
    assert on_map(live) + front(live).legend.unplaced == 10
    assert on_map(live) >= 3
    clusters = own(live, "clusters")
    assert all(abs(each) <= 90 for each in clusters["latitude"])
    assert all(abs(each) <= 360 for each in clusters["longitude"])
    ask(live, "heat", on=True)
    live.fit()
    sent.bytes()


def test_five_thousand_at_one_point_are_one_cluster_however_near() -> None:
    live = shown(people(5000, latitude=52.52, longitude=13.4))
    ask(live, "viewport", zoom=14.0, south=52.51, north=52.53, west=13.39, east=13.41)
    (cluster,) = own(live, "clusters")["id"]
    ask(live, "open", id=cluster, latitude=52.52, longitude=13.4)
    assert own(live, "popups")["more"] > 4900


def test_one_visitor_who_is_there_twice_is_one() -> None:
    live = shown(people(4, visitor_id=pl.Series(["a", "b", "a", "a"]), latitude=1.0, longitude=1.0))
    assert on_map(live) == front(live).visitors.total == live.selection.height == 2


def test_what_comes_from_the_future_is_no_error() -> None:
    future = NOON.replace(year=2400)
    log = events({"event_id": "e", "visitor_id": "v0", "timestamp": future})
    here = visitors(2, session_start_time=future)
    live = shown(Snapshot(here, log, payments({"payment_id": "p", "timestamp": future}), fetched_at=NOON))
    at = round(future.timestamp() * 1000)
    assert front(live).events.rows[0].at == front(live).payments.rows[0].at == at
    assert front(live).visitors.rows[0].since == at


def test_an_empty_moment_after_a_crowd_clears_all() -> None:
    live = shown(written(200, "x"), Snapshot(fetched_at=NOON))
    live.color_by = "device"
    ask(live, "facets", open=True)
    refreshed(live)
    assert own(live, "clusters")["id"] == ()
    assert [getattr(front(live), name).total for name in ("visitors", "events", "payments")] == [0, 0, 0]
    assert front(live).filters.options == FilterOptions()


# What it costs


def test_nothing_is_sent_before_it_is_displayed(sent: Sent) -> None:
    live = made(people(50), people(60))
    until(lambda: live.snapshot is not None)
    refreshed(live)
    live.filter(min_score=50)
    assert sent == []
    live.close()


def test_a_refresh_is_one_message_of_state(sent: Sent) -> None:
    live = shown(people(1000), people(2000))
    sent.clear()
    refreshed(live)
    assert len(sent.states("clusters", "visitors", "figures", "clock")) == 1


@pytest.mark.parametrize("color_by", ["score", "expected_value", "device", "channel"])
def test_unchanged_data_send_nothing_but_the_clock(sent: Sent, color_by: Any) -> None:
    first = written(2000, "x")
    second = Snapshot(
        first.visitors, first.events, first.payments, fetched_at=NOON.replace(second=30), has_predictions=True
    )
    live = shown(first, second, color_by=color_by)
    live.filter(text="x")
    ask(live, "facets", open=True)
    ask(live, "select", site="", id=str(live._frame.visitors["_key"][0]))
    ask(live, "heat", on=True)
    sent.clear()
    refreshed(live)
    assert [set(each) for each in sent.states()] == [{"clock"}]
    assert sent.told("news") == []
    assert sent.bytes() < 1_000


def test_moving_the_map_groups_anew_without_a_request(sent: Sent) -> None:
    live = shown(people(2000))
    source = live._sites.pollers[""]._source
    before = own(live, "clusters")
    ask(live, "viewport", **EUROPE)
    sent.clear()
    ask(live, "viewport", **(EUROPE | {"zoom": 6.0}))
    assert own(live, "clusters")["across"] > before["across"]
    assert {each.split("/")[0] for each in own(live, "clusters")["id"]} == {str(own(live, "clusters")["across"])}
    assert source.calls == 1  # type: ignore[attr-defined]
    assert [set(each) for each in sent.states()] == [{"clusters"}]
    sent.clear()
    ask(live, "viewport", **(EUROPE | {"zoom": 6.0}))
    assert sent.states() == []


def test_the_view_is_kept_across_refreshes(sent: Sent) -> None:
    live = shown(people(2000), people(2100))
    ask(live, "viewport", **EUROPE)
    across = own(live, "clusters")["across"]
    sent.clear()
    refreshed(live)
    assert own(live, "clusters")["across"] == across
    assert not any({"zoom", "center", "bounds"} & set(each) for each in sent.states())


def test_the_heat_is_sent_only_while_it_is_shown() -> None:
    live = shown(people(200), people(300))
    assert own(live, "heat") is None
    ask(live, "heat", on=True)
    first = own(live, "heat")
    assert first
    refreshed(live)
    assert own(live, "heat") != first
    ask(live, "heat", on=False)
    assert own(live, "heat") is None


# Several views

NARROW = {"zoom": 2.0, "south": -10.0, "north": 60.0, "west": -20.0, "east": 40.0}
WIDE = {"zoom": 2.0, "south": -60.0, "north": 80.0, "west": -170.0, "east": 170.0}


def test_each_view_shows_what_it_looks_at() -> None:
    live = shown(people(2000))
    ask(live, "viewport", view="wide", **WIDE)
    alone = own(live, "clusters", "wide")
    ask(live, "beat", view="wide")
    ask(live, "viewport", view="narrow", **NARROW)
    assert own(live, "clusters", "wide") == alone
    assert 0 < len(own(live, "clusters", "narrow")["id"]) < len(alone["id"])


def test_what_one_view_opens_is_its_own() -> None:
    live = shown(people(30, latitude=38.7, longitude=-9.1))
    for view in ("one", "other"):
        ask(live, "viewport", view=view, **WIDE)
        ask(live, "beat", view=view)
    cluster = own(live, "clusters", "one")["id"][0]
    ask(live, "open", view="one", id=cluster, latitude=38.7, longitude=-9.1)
    assert own(live, "popups", "one")["id"] == cluster
    assert own(live, "popups", "other") is None
    assert own(live, "heat", "one") is None
    ask(live, "heat", view="other", on=True)
    assert own(live, "heat", "one") is None


def test_the_colors_mean_the_same_in_all_views() -> None:
    worth = pl.when(pl.int_range(2000) == 7).then(900.0).otherwise(1.0)  # in one place alone
    live = shown(people(2000, expected_value=worth), color_by="expected_value")
    places = live._frame.visitors.filter(pl.col("expected_value") > 1).select("latitude", "longitude").row(0)
    ask(live, "viewport", view="wide", **WIDE)
    ask(live, "beat", view="wide")
    before = front(live).legend
    south, west = places[0] + 5, places[1] + 5
    ask(live, "viewport", view="narrow", zoom=5, south=south, north=south + 5, west=west, east=west + 5)
    assert front(live).legend == before


def test_a_view_that_has_gone_is_drawn_no_more_but_the_last_one_stays() -> None:
    live = shown(people(20))
    for view in ("one", "other"):
        ask(live, "viewport", view=view, **WIDE)
        ask(live, "beat", view=view)
    assert set(front(live).clusters) == {"one", "other"}
    ask(live, "away", view="one")
    assert set(front(live).clusters) == {"one", "other"}
    ask(live, "away", view="one", gone=True)
    assert set(front(live).clusters) == {"other"}
    ask(live, "away", view="other", gone=True)
    assert set(front(live).clusters) == {"other"}


def test_views_that_were_never_heard_of_again_make_room_for_new_ones() -> None:
    live = shown(people(20))
    for number in range(50):
        ask(live, "viewport", view=f"view {number}", **WIDE)
    assert set(front(live).clusters) == {"view 49"}


def test_a_view_that_was_forgotten_is_asked_where_it_looks(sent: Sent) -> None:
    live = shown(people(20))
    ask(live, "viewport", view="known", **WIDE)
    ask(live, "beat", view="known")
    assert sent.told("look") == []
    ask(live, "beat", view="forgotten")
    assert sent.told("look") == [{"do": "look", "view": "forgotten"}]


def test_a_person_fits_their_own_view_and_code_all_of_them(sent: Sent) -> None:
    live = shown(people(20))
    ask(live, "fit", view="one")
    live.fit()
    assert [each["view"] for each in sent.told("fit")] == ["one", None]


def test_a_view_that_is_first_heard_by_something_else_is_asked_where_it_looks(sent: Sent) -> None:
    live = shown(people(20))
    ask(live, "close", view="woken")
    assert sent.told("look") == [{"do": "look", "view": "woken"}]


def test_a_fault_of_the_drawing_is_not_taken_for_a_refused_filter(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = shown(people(3))
    monkeypatch.setattr(live, "_change_state", Mock(side_effect=ValueError("a fault of the drawing")))
    ask(live, "filter", name="min_score", value=1)
    assert "was refused" not in caplog.text
    assert "Traceback" in caplog.text


def test_the_browser_can_neither_change_nor_remove_a_locked_filter(caplog: pytest.LogCaptureFixture) -> None:
    live = shown(people(30, device=pl.Series(["mobile", "desktop", "tablet"] * 10)))
    live.filter(device="mobile", locked=True)
    ask(live, "filter", name="min_score", value=1)
    for message in ({"do": "filter", "name": "device", "value": value} for value in (None, "desktop", ["mobile"])):
        ask(live, **message)
        assert live.filters["device"] == ("mobile",)
    assert "The notebook's code has locked: Device." in caplog.text
    assert [(chip.name, chip.locked) for chip in front(live).filters.active] == [("device", True), ("min_score", False)]
    ask(live, "clear")
    assert live.filters == {"device": ("mobile",)}
    assert live.locked == {"device"}
    live.clear_filters()
    assert (live.filters, live.locked) == ({}, frozenset())


def test_the_panel_offers_the_values_of_every_parameter_of_a_campaign() -> None:
    names = [f"utm_{name}" for name in ("campaign", "source", "medium", "content", "term")]
    live = shown(people(4, **dict.fromkeys(names, "spring")))
    ask(live, "facets", open=True)
    for name in names:
        assert [(each.value, each.visitors) for each in getattr(front(live).filters.options, name)] == [("spring", 4)]
        ask(live, "filter", name=name, value="spring")
        assert getattr(front(live).filters.values, name) == "spring"


def test_browser_and_code_change_the_projection(sent: Sent) -> None:
    live = shown(people(3))
    assert front(live).projection == live.projection == "mercator"
    live._view.front.set_state({"projection": "globe"})
    assert live.projection == "globe"
    live.projection = "mercator"
    assert front(live).projection == "mercator"
    with pytest.raises(TraitError):
        live.projection = "cube"
    with pytest.raises(TraitError):
        made(people(1), projection="cube")
