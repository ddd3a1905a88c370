"""Recordings for the tests of the charts of a history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import datafast_nb as dfn
from tests.history.moments import START, after, snapshot

MONDAY = datetime(2026, 2, 2, tzinfo=UTC)


HOUR = 3_600


def visitor(name: str, began: float, **more: object) -> dict[str, object]:
    raw = {"raw": {"conversionRate": 0.1, "expectedValue": 5.0}, "score": 50, "confidence": 0.5}
    begun = after(began).isoformat()
    return {"visitorId": name, "sessionStartTime": begun, "conversionLikelihood": raw, "location": {}} | more


def payment(name: str, seconds: float, amount: object, currency: object, **more: object) -> dict[str, object]:
    return {"_id": name, "timestamp": after(seconds).isoformat(), "amount": amount, "currency": currency} | more


def recorded(folder: Path, *snapshots: dfn.Snapshot) -> dfn.History:
    with dfn.History(folder) as history:
        for snap in snapshots:
            history.append(snap)
    return history


def with_a_gap(folder: Path, payments: Iterable[dict[str, object]] = ()) -> dfn.History:
    """Record from 15:00 to 19:00 with a visitor every ten minutes, and a gap from 16:00 to 17:30."""
    times = [*range(0, HOUR + 1, 300), *range(9_000, 4 * HOUR + 1, 300)]
    moments = []
    for seconds in times:
        here = [visitor(str(began), began) for began in range(0, seconds + 1, 600) if seconds - began < 600]
        paid = [it for it in payments if 0 <= seconds - (_time(it) - START).total_seconds() < 600]
        moments.append(snapshot(seconds, here, payments=paid))
    return recorded(folder, *moments)


def _time(record: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(record["timestamp"]))
