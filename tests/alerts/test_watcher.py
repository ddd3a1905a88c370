"""Watching in the background, and being a source."""

from __future__ import annotations

import gc
import threading
import weakref
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import datafast_nb as dfn
from datafast_nb.alerts import Notice
from datafast_nb.alerts import watcher as module
from datafast_nb.alerts.watcher import card
from datafast_nb.errors import AlertError, AuthenticationError, DataFastError, ServerError
from datafast_nb.polling import Pace
from tests.alerts.sites import GENEROUS, Inbox, Reports, visitor
from tests.history.moments import snapshot
from tests.livemap.sources import Scripted


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACE", Pace(0.01, 0.01, steady=True))


def moments(*names: str) -> list[dfn.Snapshot]:
    """Give a snapshot for each name, of all visitors so far."""
    return [snapshot(10.0 * place, [visitor(each) for each in names[: place + 1]]) for place in range(len(names))]


def test_it_reports_what_happens_until_it_is_stopped() -> None:
    inbox = Inbox()
    source = Scripted(moments("a", "b", "c"))
    watcher = dfn.watch(source, dfn.Alert("score > 80", notify=inbox, at_most=None), every=0.001)
    assert [notice[:9] for notice in inbox.wait_for(3)] == ["Visitor a", "Visitor b", "Visitor c"]
    assert watcher.running
    watcher.stop()
    assert not watcher.running
    assert watcher.messages["message"].to_list() == list(inbox.notices)
    assert watcher.messages.columns == ["at", "alert", "about", "over", "count", "message"]
    assert watcher.status.state == "stopped"
    assert str(watcher.status).startswith("Stopped")
    assert not [thread for thread in threading.enumerate() if "channel" in thread.name]


def test_it_goes_on_after_a_fault_of_its_source() -> None:
    inbox = Inbox()
    source = Scripted([ServerError("down"), *moments("a"), ValueError("bad"), *moments("a", "b")])
    with dfn.watch(source, dfn.Alert(notify=inbox, at_most=None), every=0.001):
        inbox.wait_for(2)


def test_a_permanent_fault_ends_it() -> None:
    watcher = dfn.watch(Scripted([AuthenticationError("refused")]), dfn.Alert(), every=0.001)
    assert watcher.wait(GENEROUS)
    assert isinstance(watcher.error, AuthenticationError)
    assert watcher.status.state == "refused"
    with pytest.raises(AuthenticationError):
        watcher.snapshot()


def test_it_ends_after_its_duration() -> None:
    watcher = dfn.watch(Scripted(moments("a")), dfn.Alert(notify=Inbox()), every=0.001, duration=0.01)
    assert watcher.wait(GENEROUS)
    assert watcher.error is None


def test_it_is_a_source_of_what_it_last_saw() -> None:
    source = Scripted(moments("a"))
    source.gate.clear()
    watcher = dfn.watch(source, dfn.Alert(notify=Inbox()), every=60)
    assert isinstance(watcher, dfn.Source)
    found: list[dfn.Snapshot] = []
    asks = threading.Thread(target=lambda: found.append(watcher.snapshot()))
    asks.start()
    assert source.asked.acquire(timeout=GENEROUS)
    assert not found  # it waits for the first one
    source.gate.set()
    asks.join(GENEROUS)
    assert found == [watcher.snapshot()]
    assert source.calls == 1
    watcher.stop()
    with pytest.raises(DataFastError, match="has stopped"):
        watcher.snapshot()


def test_as_a_source_it_passes_on_the_fault_of_its_own_source() -> None:
    with dfn.watch(Scripted([ServerError("down")]), dfn.Alert(), every=60) as watcher, pytest.raises(ServerError):
        watcher.snapshot()


def test_one_poller_feeds_alerts_a_map_and_a_recorder(tmp_path: Path) -> None:
    source = Scripted(moments("a"))
    with dfn.watch(source, dfn.Alert(notify=Inbox()), every=60) as watcher, dfn.History(tmp_path / "h") as history:
        stored = Reports()
        recording = history.record(watcher, every=0.001, report=stored)
        stored.wait_for("stored", 3)
        live = dfn.LiveMap(watcher)
        recording.stop()
        live.close()
        assert source.calls == 1
        assert history.visitors().collect()["visitor_id"].to_list() == ["a"]


def test_it_ends_with_its_object() -> None:
    inbox = Inbox()
    source = Scripted(moments("a"))
    watcher = dfn.watch(source, dfn.Alert(notify=inbox, at_most=None), every=60)
    inbox.wait_for(1)
    ended, gone = watcher._watch.ended, weakref.ref(watcher)
    poller = watcher._poller
    del watcher
    gc.collect()
    assert gone() is None
    assert poller.standing.state == "closed"
    assert ended.wait(GENEROUS)


def test_a_fault_of_a_channel_stops_neither_the_watching_nor_the_others() -> None:
    def broken(_: object) -> None:
        raise OSError("broken")

    inbox, report = Inbox(), Reports()
    alert = dfn.Alert(notify=[broken, inbox], at_most=None)
    with dfn.watch(Scripted(moments("a", "b", "c")), alert, every=0.001, report=report) as watcher:
        inbox.wait_for(3)
        report.wait_for("failed")
        assert "broken" in str(watcher.status)
        assert len(report.of("sent")) == 3
    assert len(report.of("failed")) == 1


def test_what_is_printed_belongs_to_the_cell_that_began_to_watch() -> None:
    cell = ContextVar("cell", default="the one that ran last")  # as ipykernel knows where output goes
    inbox, heard = Inbox(), list[tuple[str, str]]()

    def notify(notice: Notice) -> None:
        heard.append(("notified", cell.get()))
        inbox(notice)

    token = cell.set("the one that watches")
    source = Scripted([ServerError("down"), *moments("a")])
    watcher = dfn.watch(
        source,
        dfn.Alert(notify=notify, at_most=None),
        every=0.001,
        report=lambda what, _: heard.append((what, cell.get())),
    )
    cell.reset(token)
    inbox.wait_for(1)
    watcher.stop()
    assert {what for what, _ in heard} == {"failed", "notified", "sent", "stopped"}
    assert {where for _, where in heard} == {"the one that watches"}


def test_it_is_reported_which_of_several_like_channels_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFICE_URL", "http://127.0.0.1:9/T0K3N")
    inbox, report, reported = Inbox(), Reports(), list[object]()
    alert = dfn.Alert(notify=["http://127.0.0.1:9/a", "http://127.0.0.1:9/b", "env:OFFICE_URL", reported.append, inbox])
    with dfn.watch(Scripted(moments("a")), alert, every=60, report=report) as watcher:
        failed = {each["channel"] for each in report.wait_for("failed", 3)}
        inbox.wait_for(1)
        assert failed == {"http://***", "http://***, number 2", "http://*** (env:OFFICE_URL)"}
        assert {name for name, fault in watcher.status.channels.items() if fault} == failed
        assert len(watcher.status.channels) == 5
        assert "T0K3N" not in card(watcher.status)


def test_a_report_that_fails_stops_nothing() -> None:
    def report(what: str, figures: dict[str, Any]) -> None:
        raise OSError("the log is full")

    inbox = Inbox()
    with dfn.watch(Scripted(moments("a", "b")), dfn.Alert(notify=inbox, at_most=None), every=0.001, report=report):
        inbox.wait_for(2)


def test_what_was_reported_is_not_reported_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "alerts.json"
    for names, expected in ((("a",), 1), (("a", "b"), 1)):
        inbox = Inbox()
        source = Scripted(moments(*names)[-1:])
        with dfn.watch(source, dfn.Alert(notify=inbox, at_most=None), every=0.001, state=file):
            assert len(inbox.wait_for(expected)) == expected
    assert inbox.notices[0].startswith("Visitor b")


def test_the_file_can_be_put_beside_a_history(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as history:
        inbox = Inbox()
        with dfn.watch(Scripted(moments("a")), dfn.Alert(notify=inbox), every=0.001, state=history):
            inbox.wait_for(1)
    assert (tmp_path / "site.alerts.json").is_file()
    with pytest.raises(AlertError, match="give a path"):
        dfn.watch(Scripted(moments("a")), dfn.Alert(), state=dfn.History("s3://bucket/site"))


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        ({"source": object()}, TypeError, "no snapshot"),
        ({"alerts": []}, AlertError, "nothing to watch for"),
        ({"alerts": ["score > 80"]}, TypeError, "alerts takes"),
        ({"every": 0}, ValueError, "above 0"),
        ({"every": 301}, ValueError, "at least every 5 min"),
        ({"duration": timedelta(0)}, ValueError, "above 0"),
        ({"model": 5}, TypeError, "model takes"),
        ({"state": 5}, TypeError, "state takes"),
        ({"alerts": dfn.Alert("probability > 0.1")}, AlertError, "pass model="),
    ],
)
def test_a_wrong_argument_is_refused_with_what_to_give(
    arguments: dict[str, Any], error: type[Exception], hint: str
) -> None:
    with pytest.raises(error, match=hint):
        dfn.watch(**{"source": Scripted(moments("a")), "alerts": dfn.Alert(), **arguments})
    assert not [thread for thread in threading.enumerate() if "channel" in thread.name]


def test_its_card_escapes_what_it_shows_and_is_kept_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython import display

    shown: list[str] = []
    updated = threading.Event()

    class Handle:
        def update(self, html: Any) -> None:
            shown.append(html.data)
            if "stopped" in html.data:
                updated.set()

    monkeypatch.setattr(display, "display", lambda html, **_: shown.append(html.data) or Handle())
    source = Scripted([ServerError("<script>alert(1)</script>")])
    watcher = dfn.watch(source, dfn.Alert(notify=Inbox()), every=60)
    with pytest.raises(ServerError):
        watcher.snapshot()
    html = card(watcher.status)
    assert watcher._repr_html_() == html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    watcher._ipython_display_()
    watcher.stop()
    assert updated.wait(GENEROUS)
