"""Histories made by hand: who was there from when to when, and who paid what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import datafast_nb as dfn
from tests.charts.recordings import recorded, visitor
from tests.history.moments import START, after, snapshot

HOUR = 3_600
DAY = 24 * HOUR
WINDOW = 600


class Stay(NamedTuple):
    """A visit: whose, from when to when (seconds after `START`), and other columns in the wire's words."""

    name: str
    began: float
    left: float
    more: Mapping[str, Any] = MappingProxyType({})


def buyer(name: str, began: float, left: float, **more: Any) -> Stay:
    """Return a visit of somebody whose payments can be matched, by address."""
    return Stay(name, began, left, {"customerEmail": f"{name}@example.com"} | more)


def sale(name: str, seconds: float, amount: float = 10.0, currency: str = "USD", **more: Any) -> dict[str, Any]:
    """Return a payment of somebody, in the wire's words."""
    at = {"timestamp": after(seconds).isoformat(), "email": f"{name}@example.com"}
    return {"_id": f"{name} {seconds}", "amount": amount, "currency": currency} | at | more


def history(
    folder: Path,
    stays: Iterable[Stay],
    payments: Iterable[dict[str, Any]] = (),
    *,
    until: float,
    every: float = 300,
    gap: tuple[float, float] = (0, 0),
) -> dfn.History:
    """Record stays and payments from `START` on, except within a gap."""
    stays, payments = list(stays), list(payments)
    moments = []
    for place in range(int(until // every) + 1):
        seconds = place * every
        if gap[0] < seconds < gap[1]:
            continue
        here = [visitor(it.name, it.began, **it.more) for it in stays if it.began <= seconds < it.left]
        paid = [it for it in payments if 0 <= seconds - _seconds(it) < WINDOW]
        moments.append(snapshot(seconds, here, payments=paid))
    return recorded(folder, *moments)


def _seconds(payment: dict[str, Any]) -> float:
    return (datetime.fromisoformat(payment["timestamp"]) - START).total_seconds()
