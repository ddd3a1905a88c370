"""Snapshots made by hand, and channels that note what they are sent."""

from __future__ import annotations

import threading
from typing import Any

import datafast_nb as dfn
from datafast_nb.alerts.dispatcher import Dispatcher
from datafast_nb.alerts.memory import Memory
from tests.history.moments import after

GENEROUS = 30.0  # seconds that nothing here takes


def visitor(name: str, score: float = 90, country: str = "DE", **more: Any) -> dict[str, object]:
    """Give a visitor in the wire's words."""
    return {
        "visitorId": name,
        "location": {"city": "Berlin", "countryCode": country},
        "currentUrl": "/pricing?token=private",
        "visitCount": 1,
        "conversionLikelihood": {"score": score, "confidence": 0.8, "raw": {"conversionRate": 0.05}},
        **more,
    }


def payment(name: str, seconds: float, amount: float = 49, /, **more: Any) -> dict[str, object]:
    """Give a payment in the wire's words."""
    at = after(seconds).isoformat()
    return {"_id": name, "type": "payment_received", "timestamp": at, "amount": amount, "currency": "EUR", **more}


def goal(name: str, seconds: float, kind: str = "signup", /, **more: Any) -> dict[str, object]:
    """Give a goal in the wire's words."""
    at = after(seconds).isoformat()
    return {"_id": name, "type": kind, "visitorId": "a", "timestamp": at, "path": "/welcome?x=1", **more}


class Inbox:
    """A function to notify: it keeps what it is sent."""

    def __init__(self) -> None:
        self.notices: list[dfn.alerts.Notice] = []
        self._arrived = threading.Condition()

    def __call__(self, notice: dfn.alerts.Notice) -> None:
        with self._arrived:
            self.notices.append(notice)
            self._arrived.notify_all()

    def wait_for(self, count: int) -> list[dfn.alerts.Notice]:
        """Wait until there are some messages, and return all."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.notices) >= count, GENEROUS)
            return self.notices


class Reports:
    """Keeps what a watcher or a channel reports."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self._changed = threading.Condition()

    def __call__(self, what: str, figures: dict[str, Any]) -> None:
        with self._changed:
            self.said.append((what, figures))
            self._changed.notify_all()

    def of(self, what: str) -> list[dict[str, Any]]:
        """Give the figures of one kind of report."""
        return [figures for said, figures in self.said if said == what]

    def wait_for(self, what: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until something was reported some times."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(what)) >= count, GENEROUS), self.said
            return self.of(what)


def reported(
    alerts: dfn.Alert | list[dfn.Alert], *snapshots: dfn.Snapshot, memory: Memory | None = None, **options: Any
) -> list[tuple[float, int, bool, str]]:
    """Return the reports on snapshots: seconds since the start, how many, whether it is over, and the message."""
    dispatcher = Dispatcher([alerts] if isinstance(alerts, dfn.Alert) else alerts, lambda *_: None, memory, **options)
    for each in snapshots:
        dispatcher.take(each)
    dispatcher.close(GENEROUS)
    rows = dispatcher.messages.iter_rows(named=True)
    return [((row["at"] - after(0)).total_seconds(), row["count"], row["over"], row["message"]) for row in rows]
