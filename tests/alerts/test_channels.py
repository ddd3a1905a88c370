"""Sending to real receivers on loopback: working, down, slow, refusing, and asking for fewer messages."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
from collections.abc import Iterator
from typing import Any

import apprise
import polars as pl
import pytest
import requests

from datafast_nb.alerts import channel
from datafast_nb.alerts.addresses import Address
from datafast_nb.alerts.channel import Channel
from datafast_nb.alerts.destinations import Destination, NotSentError, _service, destinations
from datafast_nb.alerts.message import News
from datafast_nb.errors import AlertError
from tests.alerts.receivers import Desktop, Receiver, session_bus, smtp
from tests.alerts.sites import GENEROUS, Inbox, Reports, visitor
from tests.history.moments import after, snapshot

TOKEN = "T0K3N_very-secret"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(apprise.NotifyBase, "request_rate_per_sec", 0)  # it waits for seconds between two messages


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


def news(name: str = "a", **options: Any) -> News:
    rows = snapshot(0, [visitor(name, location={"city": "<b>B</b> & @everyone *x*"})]).visitors
    return News("Likely buyers", "visitor", rows, 1, after(0), **options)


def opened(url: str, report: Reports | None = None) -> Channel:
    (destination,) = destinations(url)
    return Channel(destination, report or Reports())


@pytest.mark.parametrize("form", ["http://{host}/hook/{token}", "json://{host}/hook/{token}", "ntfy://{host}/{token}"])
def test_a_message_arrives_over_http(receiver: Receiver, form: str) -> None:
    it = opened(form.format(host=receiver.host, token=TOKEN))
    it.put(news())
    (body,) = receiver.wait_for(1)
    it.close(GENEROUS)
    assert "Visitor a" in body["message"]
    assert "Likely buyers" in body.values()
    assert (it.sent, it.dropped, it.fault) == (1, 0, None)


def test_a_message_arrives_by_mail_as_plain_text() -> None:
    with smtp() as (mailbox, port):
        it = opened(f"mailto://me:{TOKEN}@127.0.0.1:{port}?to=you@example.com&from=me@example.com&mode=insecure")
        it.put(news())
        (mail,) = mailbox.wait_for(1)
        it.close(GENEROUS)
    parts = {
        part.get_content_type(): part.get_payload(decode=True).decode()
        for part in mail.walk()
        if not part.is_multipart()
    }
    assert "Visitor a · <b>B</b> & @everyone" in parts["text/plain"]
    assert "<b>" not in parts.get("text/html", "")  # which older versions of Apprise add
    assert mail["Subject"] == "Likely buyers"
    assert mail["To"] == "you@example.com"


def test_a_mail_that_is_refused_is_sent_again() -> None:
    report = Reports()
    with smtp() as (mailbox, port):
        mailbox.refusals = ["451 later", "451 later"]
        it = opened(f"mailto://127.0.0.1:{port}?to=you@example.com&from=me@example.com&mode=insecure", report)
        it.put(news())
        mailbox.wait_for(1)
        report.wait_for("recovered")
        it.close(GENEROUS)
    assert len(report.of("failed")) == 1


@pytest.mark.parametrize("form", ["http://{host}/hook", "json://{host}/hook", "ntfy://{host}/topic"])
@pytest.mark.parametrize("status", [500, 503, 403, 404, 429])
def test_what_is_refused_is_sent_again_and_reported_once(
    receiver: Receiver, form: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datafast_nb.alerts.destinations._SLOWER", 0.01)
    receiver.answers = [(status, {})] * 3
    report = Reports()
    it = opened(form.format(host=receiver.host), report)
    it.put(news())
    it.put(news("b"))
    assert len(receiver.wait_for(2)) == 2
    report.wait_for("recovered")
    it.close(GENEROUS)
    (failed,) = report.of("failed")
    assert str(status) in failed["message"]
    assert receiver.requests == 5
    assert len(report.of("recovered")) == 1


def test_a_channel_that_asks_for_fewer_messages_gets_the_pause_it_asks_for(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float | None] = []
    usual = channel.back_off

    def noted(failures: int, every: float, retry_after: float | None, *more: Any) -> float:
        asked.append(retry_after)
        return usual(failures, every, 0.01, *more)

    monkeypatch.setattr(channel, "back_off", noted)
    receiver.answers = [(429, {"Retry-After": "77"}), (503, {"Retry-After": "5"}), (429, {})]
    it = opened(f"http://{receiver.host}/hook")
    it.put(news())
    receiver.wait_for(1)
    it.close(GENEROUS)
    assert asked == [77.0, 5.0, 30.0]


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    other = Receiver()
    receiver.answers = [(307, {"Location": f"http://{other.host}/stolen"})]
    it = opened(f"http://{receiver.host}/{TOKEN}")
    it.put(news())
    receiver.wait_for(1)
    it.close(GENEROUS)
    other.close()
    assert other.requests == 0


@pytest.mark.parametrize("form", ["http://{host}/{token}", "json://{host}/{token}", "ntfy://{host}/{token}"])
def test_a_receiver_that_is_down_is_reported_once_without_its_url(form: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    down = Receiver()
    down.close()
    report = Reports()
    it = opened(form.format(host=down.host, token=TOKEN), report)
    it.put(news())
    (failed,) = report.wait_for("failed")
    it.close(0)
    assert report.wait_for("dropped")[0]["count"] == 1
    assert len(report.of("failed")) == 1
    assert failed["channel"].endswith("://***")
    for shown in (f"{report.said}", caplog.text, f"{vars(it)}", it.name, f"{it.fault}"):
        assert TOKEN not in shown
        assert down.host not in shown


def test_the_libraries_that_send_log_no_url(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for form in ("http", "json", "ntfy"):
        it = opened(f"{form}://{receiver.host}/{TOKEN}")
        it.put(news())
        it.close(GENEROUS)
    assert len(receiver.bodies) == 3
    assert TOKEN not in caplog.text
    requests.get(f"http://{receiver.host}/other", timeout=GENEROUS)
    assert "/other" in caplog.text  # what others request is logged as before


def test_a_slow_channel_delays_no_other(receiver: Receiver) -> None:
    receiver.gate.clear()
    slow, inbox = opened(f"http://{receiver.host}/hook"), Inbox()
    quick = opened(inbox)  # type: ignore[arg-type]
    for place in range(5):
        slow.put(news(f"{place}"))
        quick.put(news(f"{place}"))
    assert len(inbox.wait_for(5)) == 5
    assert receiver.bodies == []
    receiver.gate.set()
    assert len(receiver.wait_for(5)) == 5
    slow.close(GENEROUS)
    quick.close(GENEROUS)


def test_messages_that_wait_are_bounded_and_those_dropped_are_counted(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MOST_WAITING", 3)
    receiver.gate.clear()
    report = Reports()
    it = opened(f"http://{receiver.host}/hook", report)
    it.put(news("0"))
    assert receiver.asked.acquire(timeout=GENEROUS)
    for place in range(1, 10):
        it.put(news(f"{place}"))
    receiver.gate.set()
    receiver.wait_for(3)
    it.close(GENEROUS)
    assert (it.sent, it.dropped) == (3, 7)
    assert len(report.of("dropped")) == 1


def test_a_message_that_is_no_news_anymore_is_dropped(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "GIVE_UP", 0.0)
    receiver.answers = [(500, {})]
    report = Reports()
    it = opened(f"http://{receiver.host}/hook", report)
    it.put(news("old"))
    it.put(news("new"))
    assert "Visitor new" in receiver.wait_for(1)[0]["message"]
    it.close(GENEROUS)
    assert it.dropped == 1


def test_a_function_that_raises_is_called_again_and_its_secrets_stay_secret() -> None:
    inbox, report, failures = Inbox(), Reports(), iter(range(2))

    def post(notice: Any) -> None:
        if next(failures, None) is not None:
            requests.post(f"http://127.0.0.1:1/{TOKEN}", timeout=GENEROUS)
        inbox(notice)

    it = opened(post)  # type: ignore[arg-type]
    it._report = report
    it.put(news())
    (notice,) = inbox.wait_for(1)
    report.wait_for("recovered")
    it.close(GENEROUS)
    (failed,) = report.of("failed")
    assert failed["message"].startswith("ConnectionError")
    assert TOKEN not in failed["message"]
    assert (notice.alert, notice.about, notice.total, notice.at) == ("Likely buyers", "visitor", 1, after(0))
    assert isinstance(notice.rows, pl.DataFrame)
    assert notice.startswith("Visitor a")


def test_a_function_that_exits_does_not_end_its_channel() -> None:
    inbox = Inbox()
    exits = iter([True])

    def leave(notice: Any) -> None:
        if next(exits, False):
            raise SystemExit(3)
        inbox(notice)

    it = opened(leave)  # type: ignore[arg-type]
    it.put(news("a"))
    it.put(news("b"))
    assert inbox.wait_for(1)[0].startswith("Visitor b")
    it.close(GENEROUS)
    assert it.dropped == 1


def test_a_channel_is_closed_while_its_function_hangs() -> None:
    hangs, begun = threading.Event(), threading.Event()

    def hang(_: Any) -> None:
        begun.set()
        hangs.wait(GENEROUS)

    it = opened(hang)  # type: ignore[arg-type]
    it.put(news())
    assert begun.wait(GENEROUS)
    it.close(0.01)
    assert it.dropped == 1
    hangs.set()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("json://127.0.0.1/x", "as_text"),
        ("ntfy://127.0.0.1/x", "without_links"),
        ("mailto://127.0.0.1?to=a@example.com&from=b@example.com", "without_links"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "inert"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "inert"),
    ],
)
def test_a_channel_s_texts_are_escaped_for_it(url: str, kind: str) -> None:
    from datafast_nb.alerts.destinations import escape_for

    (destination,) = destinations(url)
    assert escape_for(service_scheme(destination)).__name__ == kind


def service_scheme(destination: Destination) -> str:
    return str(destination.address.scheme)  # type: ignore[attr-defined]


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("there is no D-Bus here")
    with session_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


def test_a_message_is_shown_on_the_desktop_without_the_tags_of_strangers(bus: str) -> None:
    desktop, report = Desktop(bus), Reports()
    it = opened("desktop", report)
    it.put(news())
    it.close(GENEROUS)
    desktop.close()
    assert report.said == []
    ((program, title, text),) = desktop.shown
    assert (program, title) == ("datafast_nb", "Likely buyers")
    assert text.startswith("Visitor a · ‹b›B‹/b› & ＠everyone ∗x∗")


def test_a_desktop_that_begins_to_show_notifications_is_sent_what_waits(bus: str) -> None:
    report = Reports()
    it = opened("desktop", report)
    it.put(news())
    (fault,) = report.wait_for("failed")
    assert "The desktop shows no notifications (DBusErrorResponse" in fault["message"]
    desktop = Desktop(bus)
    report.wait_for("recovered")
    it.close(GENEROUS)
    desktop.close()
    assert len(desktop.shown) == 1


def test_a_desktop_that_ended_is_a_fault_of_its_channel_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
    report = Reports()
    it = opened("desktop", report)
    it.put(news())
    (fault,) = report.wait_for("failed")
    assert "The desktop shows no notifications (FileNotFoundError" in fault["message"]
    it.close(0.01)


@pytest.mark.parametrize(
    ("platform", "hint"),
    [
        ("linux", "DBUS_SESSION_BUS_ADDRESS, which a desktop sets, is not set"),
        ("win32", "pip install pywin32"),
        ("darwin", "brew install terminal-notifier"),
    ],
)
def test_where_there_is_no_desktop_it_is_said_what_is_needed(
    platform: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(AlertError, match=hint):
        destinations("desktop")


def test_a_desktop_that_fails_says_what_it_needs() -> None:
    service = _service(Address("json://127.0.0.1:9/x"), "terminal-notifier: brew install terminal-notifier")
    assert service is not None
    with pytest.raises(NotSentError, match="It needs terminal-notifier: brew install"):
        service.send(news())
