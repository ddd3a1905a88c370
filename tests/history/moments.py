"""Snapshots of the demo site, and of sites made by hand, at chosen moments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec
import polars as pl

import datafast_nb as dfn

START = datetime(2026, 2, 6, 15, tzinfo=UTC)
IDS = {"visitors": "visitor_id", "events": "event_id", "payments": "payment_id"}


def after(seconds: float) -> datetime:
    """Return a moment counted from `START`."""
    return START + timedelta(seconds=seconds)


@cache
def site(visitors: int) -> dfn.demo.Site:
    """Return the demo site, which keeps what it has simulated."""
    return dfn.demo.Site(seed=3, visitors=visitors)


@cache
def demo(seconds: float, visitors: int = 40) -> dfn.Snapshot:
    """Return the demo site at a moment."""
    body = site(visitors).body(after(seconds))
    return dfn.Snapshot.from_json(body, fetched_at=after(seconds))


def demos(times: Iterable[float], visitors: int = 40) -> list[dfn.Snapshot]:
    """Return the demo site at several moments."""
    return [demo(seconds, visitors) for seconds in times]


def snapshot(
    seconds: float,
    visitors: Iterable[dict[str, object]] = (),
    events: Iterable[dict[str, object]] = (),
    payments: Iterable[dict[str, object]] = (),
) -> dfn.Snapshot:
    """Return a snapshot of records in the wire's words."""
    data = {"visitors": list(visitors), "recentEvents": list(events), "recentPayments": list(payments)}
    return dfn.Snapshot.from_json(msgspec.json.encode({"data": data}), fetched_at=after(seconds))


def event(name: str, seconds: float) -> dict[str, object]:
    """Return an event in the wire's words."""
    return {"_id": name, "type": "pageview", "visitorId": "a", "timestamp": after(seconds).isoformat()}


def shown(snapshots: Iterable[dfn.Snapshot], kind: str) -> list[str]:
    """Return the ids of all events or payments that at least one of the snapshots shows."""
    frames = [getattr(snap, kind)[IDS[kind]] for snap in snapshots]
    return sorted(pl.concat(frames).unique())
