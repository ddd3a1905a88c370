"""The live map as a widget: what it shows, what it sends, and when it ends."""

from __future__ import annotations

import contextlib
import gc
import json
import random
import re
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import ipywidgets
import polars as pl
import pytest
from traitlets import TraitError

import datafast_nb as dfn
from datafast_nb.errors import AuthenticationError, ServerError
from datafast_nb.livemap import LiveMap
from datafast_nb.livemap.view import fitting_zoom
from datafast_nb.schema import PAYMENTS
from datafast_nb.snapshot import Snapshot
from tests.livemap.sources import NOON, Scripted, people, visitors
from tests.livemap.test_poller import GENEROUS, NEVER, until

HOSTILE = "<img src=x onerror=alert(1)>\u202e"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Record what the widgets send to the browser."""
    from comm.base_comm import BaseComm

    messages: list[dict[str, Any]] = []

    class Recorder(BaseComm):
        def publish_msg(self, msg_type: str, data: Any = None, **_rest: Any) -> None:
            messages.append({"type": msg_type, "data": data or {}})

    monkeypatch.setattr("comm.create_comm", Recorder)
    return messages


def made(*script: Snapshot | Exception) -> LiveMap:
    """Make a map of a script that asks only when told to."""
    return LiveMap(Scripted(script), interval=NEVER)


def shown(*script: Snapshot | Exception) -> LiveMap:
    """Make such a map, display it, and wait for the first answer to be drawn."""
    live = made(*script)
    live._repr_mimebundle_()
    until(lambda: live.status.state != "starting")
    settle(live)
    return live


def settle(live: LiveMap) -> None:
    """Wait until the thread that draws is at rest."""
    until(lambda: live._poller.moment.snapshot is live._scene.snapshot or live.snapshot is None)
    with live._drawing:
        pass


def text(live: LiveMap) -> str:
    """Give all the HTML that is shown."""
    assert live._view is not None
    view = live._view
    popup = [view._popup.child] if view._popup is not None else []
    return "\n".join(part.value for part in (view._figures, view._status, view._legend, view._panel, *popup))


def drawn(live: LiveMap) -> list[dict[str, Any]]:
    """Give the features that are shown."""
    assert live._view is not None
    features: list[dict[str, Any]] = live._view._clusters.data["features"]
    return features


def look(live: LiveMap, **bounds: float) -> None:
    """Move the map as a browser does."""
    assert live._view is not None
    live._view.map.set_state(bounds)


# Making one


@pytest.mark.parametrize("source", [None, "df_key", 3, {}, dfn.Snapshot, dfn.demo.Site])
def test_what_is_no_source_is_refused_with_what_to_pass(source: Any) -> None:
    with pytest.raises(TypeError, match=r"Give it datafast_nb\.connect\(\)"):
        LiveMap(source)


@pytest.mark.parametrize("interval", [0, 0.5, -1, float("nan"), float("inf")])
def test_an_impossible_interval_is_refused(interval: Any) -> None:
    with pytest.raises((TraitError, ValueError)):
        LiveMap(Scripted([people(1)]), interval=interval)


@pytest.mark.parametrize("options", [{"interval": "soon"}, {"height": "tall"}, {"interval": None}])
def test_what_is_no_number_is_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=rf"{next(iter(options))} is .*: it must be a number"):
        LiveMap(Scripted([people(1)]), **options)


def test_an_impossible_height_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 120 pixels"):
        LiveMap(Scripted([people(1)]), height=10)


def test_the_first_snapshot_arrives_without_displaying() -> None:
    live = made(people(4))
    until(lambda: live.snapshot is not None)
    assert live.snapshot is not None
    assert live.snapshot.count == 4
    assert repr(live) == "LiveMap(Scripted, interval=3600, status='live')"
    live.close()


# Ending


def test_a_map_that_was_never_shown_ends_when_it_is_collected() -> None:
    maps = [made(people(1))]
    until(lambda: maps[0].status.state == "live")
    thread, gone = maps[0]._poller._thread, weakref.ref(maps[0])
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


def registry() -> dict[str, Any]:
    """Give ipywidgets' own list of the widgets it keeps."""
    kept: dict[str, Any] = ipywidgets.widgets.widget._instances
    return kept


def test_closing_takes_every_widget_away_and_may_be_repeated() -> None:
    before = set(registry())
    live = shown(people(50))
    live._click(drawn(live)[0]["id"], (0.0, 0.0))
    assert len(registry()) > len(before) + 10
    thread = live._poller._thread
    assert thread is not None
    live.close()
    live.close()
    thread.join(GENEROUS)
    assert not thread.is_alive()
    assert set(registry()) == before
    assert live.status.state == "closed"
    with pytest.raises(RuntimeError, match="closed"):
        live.refresh()


def test_it_can_be_put_into_another_widget() -> None:
    live = made(people(1))
    box = ipywidgets.VBox([live])
    assert box.get_state()["children"] == [f"IPY_MODEL_{live.model_id}"]
    assert live.comm is not None
    box.close()
    live.close()


def test_a_process_ends_while_maps_poll() -> None:
    script = """
from datafast_nb import LiveMap
from tests.livemap.sources import Scripted, people
maps = [LiveMap(Scripted([people(1)]), interval=1) for _ in range(20)]
for live in maps[::2]:
    live.model_id
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", script], check=True, timeout=120, cwd=Path(__file__).parents[2])


# What is shown


def test_the_header_shows_the_figures() -> None:
    payments = pl.DataFrame({"amount": [49.0, 10.0, 20.0], "currency": ["USD", "EUR", "EUR"]})
    frame = PAYMENTS.to_frame().clear(3).with_columns(amount=payments["amount"], currency=payments["currency"])
    live = shown(Snapshot(visitors(100), payments=frame, count=1234, fetched_at=NOON))
    shows = text(live)
    for figure in (">1,234<", "Customers</span><strong>4<", "$144.00", "30.00 <bdi>EUR</bdi>", "49.00 <bdi>USD</bdi>"):
        assert figure in shows
    assert "Live · every 3600 s" in shows
    assert "Updated 12:00:00 UTC" in shows
    live.close()


def test_nobody_here_is_said() -> None:
    live = shown(people(0))
    assert "Nobody here right now" in text(live)
    assert drawn(live) == []
    live.close()


def test_a_site_without_predictions_is_said() -> None:
    live = shown(people(3, score=None, expected_value=None))
    assert "No predictions for this site yet" in text(live)
    live.close()


def test_who_is_not_on_the_map_is_counted() -> None:
    live = shown(people(10, latitude=None))
    assert "10 not on the map" in text(live)
    live.close()


def test_a_fault_keeps_the_data_and_says_what_is_wrong() -> None:
    live = shown(people(40), ServerError("The site is down (500). Try later."), people(41))
    before = drawn(live)
    live.refresh()
    until(lambda: "The site is down (500). Try later. Next try at" in text(live))
    assert drawn(live) == before
    assert ">40<" in text(live)
    live.refresh()
    until(lambda: ">41<" in text(live))
    assert "down" not in text(live)
    live.close()


def test_a_refused_key_stops_the_map_with_what_to_do() -> None:
    live = shown(AuthenticationError("The key is not accepted (401). Check DATAFAST_API_KEY."), people(1))
    until(lambda: "Stopped. The key is not accepted (401). Check DATAFAST_API_KEY." in text(live))
    assert live._view is not None
    assert live._view.toggle.description == "Resume"
    live._view.toggle.click()
    until(lambda: live.status.state == "live")
    live.close()


def test_pausing_and_resuming_by_the_buttons() -> None:
    live = shown(people(1), people(2), people(3))
    assert live._view is not None
    live._view.toggle.click()
    assert live.status.state == "paused"
    assert "Paused" in text(live)
    live._view.refresh.click()
    until(lambda: ">2<" in text(live))
    assert live.status.state == "paused"
    live._view.toggle.click()
    until(lambda: ">3<" in text(live))
    assert live.status.state == "live"
    live.close()


def test_the_interval_is_changed_by_the_selector_and_from_code() -> None:
    live = shown(people(1))
    assert live._view is not None
    live._view._interval.value = 30.0
    assert live.interval == live.status.interval == 30.0
    live.interval = 7
    assert live._view._interval.value == live.status.interval == 7.0
    with pytest.raises(TraitError, match="from 1 to"):
        live.interval = 0.01
    live.close()


def test_pointing_at_a_cluster_says_who_is_there_until_the_pointer_leaves() -> None:
    live = shown(people(30, latitude=38.7, longitude=-9.1, city="Lisbon", country_code="PT"))
    assert live._view is not None
    view = live._view
    (feature,) = drawn(live)
    view._clusters._handle_mouse_events(None, {"event": "mouseover", "feature": feature}, [])
    assert "Lisbon, Portugal" in view._panel.value
    assert "<span>visitors</span><strong>30</strong>" in view._panel.value
    move = {"event": "interaction", "type": "mousemove"}
    view.map._handle_leaflet_event(None, move | {"coordinates": [38.7, -9.1]}, [])
    assert view._panel.value
    view.map._handle_leaflet_event(None, move | {"coordinates": [10.0, 60.0]}, [])
    assert view._panel.value == ""
    live.close()


def test_clicking_a_cluster_lists_a_few_of_its_visitors() -> None:
    live = shown(
        people(300, latitude=38.7, longitude=-9.1, display_name="Ada", current_url="https://x.example/pricing?a=1")
    )
    assert live._view is not None
    (feature,) = drawn(live)
    live._view._clusters._handle_mouse_events(None, {"event": "click", "feature": feature}, [])
    listed = text(live)
    assert listed.count("<li>") == 8
    assert "and 292 more" in listed
    assert "/pricing<" in listed
    live.close()


def test_panel_and_popup_follow_a_refresh() -> None:
    first = people(30, latitude=38.7, longitude=-9.1, display_name="Ada")
    live = shown(first, people(5, latitude=38.7, longitude=-9.1, display_name="Bob"))
    feature = drawn(live)[0]
    live._hover(feature["id"])
    live._click(feature["id"], (38.7, -9.1))
    assert "Ada" in text(live)
    live.refresh()
    until(lambda: "Bob" in text(live))
    assert "Ada" not in text(live)
    assert "<span>visitors</span><strong>5</strong>" in text(live)
    live._hover(None)
    assert "<span>visitors</span>" not in text(live)
    live.close()


def test_a_map_that_was_closed_before_it_was_shown_is_its_words() -> None:
    live = made(people(1))
    live.close()
    assert list(live._repr_mimebundle_()) == ["text/plain"]


def test_a_cluster_that_is_gone_is_said_to_be() -> None:
    live = shown(people(0))
    live._hover("16/3/4")
    assert "Nobody here any more" in text(live)
    live.close()


def test_hostile_text_is_escaped_cut_and_isolated_everywhere() -> None:
    names = {name: HOSTILE * 400 for name, dtype in visitors(0).schema.items() if dtype == pl.String}
    frame = visitors(3, latitude=10.0, longitude=10.0, is_customer=False, **names)
    payments = PAYMENTS.to_frame().clear(1).with_columns(amount=pl.lit(1.0), currency=pl.lit(HOSTILE))
    live = shown(Snapshot(frame, payments=payments, fetched_at=NOON), ServerError(HOSTILE * 400))
    feature = drawn(live)[0]
    live._hover(feature["id"])
    live._click(feature["id"], (10.0, 10.0))
    live.refresh()
    until(lambda: "Next try" in text(live) or "…" in live._view._status.value)  # type: ignore[union-attr]
    shows = text(live)
    assert "<img" not in shows.lower()
    assert "&lt;img" in shows
    assert len(shows) < 12_000
    outside = re.sub(r"<bdi>[^<]*</bdi>", "", shows)
    assert "img" not in outside
    assert "\u202e" not in outside
    assert HOSTILE not in json.dumps(drawn(live), ensure_ascii=False)
    live.close()


# What it costs


def test_a_refresh_replaces_the_clusters_in_one_message_of_bounded_size(sent: list[dict[str, Any]]) -> None:
    live = shown(people(1000), people(100_000))
    sent.clear()
    live.refresh()
    until(lambda: ">100,000<" in text(live))
    settle(live)
    states = [message["data"].get("state", {}) for message in sent]
    assert len([state for state in states if "data" in state]) == 1
    assert sum(len(json.dumps(message)) for message in sent) < 100_000
    live.close()


def test_unchanged_data_sends_no_clusters(sent: list[dict[str, Any]]) -> None:
    first = people(500)
    second = Snapshot(first.visitors, fetched_at=NOON.replace(minute=1))
    live = shown(first, second)
    sent.clear()
    live.refresh()
    until(lambda: "12:01:00" in text(live))
    settle(live)
    states = [message["data"].get("state", {}) for message in sent]
    assert not [state for state in states if "data" in state]
    assert sum(len(json.dumps(message)) for message in sent) < 2_000
    live.close()


def test_zooming_groups_anew_without_a_request() -> None:
    live = shown(people(2000))
    calls, before = live._poller._source.calls, drawn(live)  # type: ignore[attr-defined]
    look(live, zoom=6.0, south=40.0, north=55.0, west=0.0, east=20.0)
    assert drawn(live) != before
    assert {feature["id"].split("/")[0] for feature in drawn(live)} != {before[0]["id"].split("/")[0]}
    assert live._poller._source.calls == calls  # type: ignore[attr-defined]
    live.close()


def test_a_move_that_arrives_in_pieces_is_drawn_once(sent: list[dict[str, Any]]) -> None:
    live = shown(people(2000))
    look(live, south=-40.0, north=70.0, west=-150.0, east=150.0, left=0.0, right=900.0, top=0.0, bottom=460.0)
    sent.clear()
    look(live, zoom=4.0, south=30.0, north=60.0, west=-10.0, east=40.0, center=[45.0, 15.0])
    states = [message["data"].get("state", {}) for message in sent if message["data"].get("method") == "update"]
    assert len([state for state in states if "data" in state]) == 1
    live.close()


@pytest.mark.parametrize(("width", "height"), [(480, 360), (900, 460), (1600, 460)])
def test_the_world_fits_the_map(width: int, height: int) -> None:
    size = 256 * 2 ** fitting_zoom(width, height)
    assert 0.35 * height < 0.4 * size <= height
    assert size <= width or size * 0.4 <= height


# Threads and views


def test_it_rests_when_its_last_view_is_gone_and_asks_afresh_when_it_is_seen_again() -> None:
    live = shown(people(1), people(2))
    source = live._poller._source
    live.set_state({"_view_count": 1})
    live.set_state({"_view_count": 0})
    assert live.status.state == "unwatched"
    until(lambda: live._poller._thread is None)
    live.set_state({"_view_count": 1})
    until(lambda: live.status.state == "live" and source.calls == 2)  # type: ignore[attr-defined]
    live.close()


def test_zooming_refreshing_hovering_and_closing_at_once_neither_hangs_nor_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    live = shown(*(people(500 + step) for step in range(50)))
    failures: list[BaseException] = []
    assert live._view is not None
    world = live._view.map

    def act(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(40):
                west = chance.uniform(-200, 150)
                bounds = {"zoom": chance.choice([2.0, 4.0]), "south": -20.0, "north": 60.0}
                world.set_state({**bounds, "west": west, "east": west + 60})
                with contextlib.suppress(RuntimeError):  # which a closed map answers
                    live.refresh()
                live._hover(f"16/{chance.randrange(16)}/{chance.randrange(16)}")
        except BaseException as error:  # noqa: BLE001 - to be raised on the main thread
            failures.append(error)

    threads = [threading.Thread(target=act, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: drawn(live) != [])
    live.close()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert failures == []
    assert live.status.state == "closed"
    assert "could not be drawn" not in caplog.text
