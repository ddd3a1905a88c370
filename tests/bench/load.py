"""From the body of a response to three frames."""

from __future__ import annotations

import json
import time
import warnings
from typing import Any, Final

import msgspec
import polars as pl

from datafast_nb import Snapshot
from tests.bench.timing import best_milliseconds
from tests.responses import of_visitors


def by_hand(body: bytes) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Load a response as one would without the package."""
    data = json.loads(body)["data"]
    return (
        pl.json_normalize(data["visitors"]),
        pl.DataFrame(data["recentEvents"]),
        pl.DataFrame(data["recentPayments"]),
    )


def load_table(sizes: tuple[int, ...] = (1_000, 10_000, 100_000)) -> pl.DataFrame:
    """Return one row per number of visitors, each of whom has two events."""
    rows = []
    for size in sizes:
        body = of_visitors(size)
        best = best_milliseconds(
            {
                "by_hand": lambda body=body: by_hand(body),
                "datafast_nb": lambda body=body: Snapshot.from_json(body),
                "floor": lambda body=body: msgspec.json.decode(body, type=msgspec.Raw),
            },
            rounds=max(3, 10_000 // size),
        )
        rows.append(
            {
                "visitors": size,
                "megabytes": round(len(body) / 1e6, 1),
                "by hand, ms": round(best["by_hand"], 1),
                "datafast_nb, ms": round(best["datafast_nb"], 1),
                "msgspec scan alone, ms": round(best["floor"], 1),
                "times faster": round(best["by_hand"] / best["datafast_nb"], 2),
                "µs per visitor": round(1e3 * best["datafast_nb"] / size, 1),
            }
        )
    return pl.DataFrame(rows)


WRONG: Final[dict[str, Any]] = {
    "currentUrl": 7,
    "latitude": "north",
    "isCustomer": "maybe",
    "location": 5,
    "system": {"browser": 5},
    "conversionLikelihood": {"score": "high"},
}
"""Fields of a visitor, each with a value of another type than it should have."""


def drift_table(size: int = 3_000, rounds: int = 5) -> pl.DataFrame:
    """Return one row per field that is of another type in every record."""
    clean = of_visitors(size)
    bodies = {"a clean body": clean}
    for field, value in WRONG.items():
        response = json.loads(clean)
        for visitor in response["data"]["visitors"]:
            visitor[field] = value
        bodies[field] = json.dumps(response).encode()
    with warnings.catch_warnings(action="ignore"):
        best = best_milliseconds(
            {name: lambda body=body: Snapshot.from_json(body) for name, body in bodies.items()},
            rounds,
            time.process_time,
        )
    return pl.DataFrame(
        [
            {
                "of another type": name,
                "CPU ms": round(spent, 1),
                "times a clean body": round(spent / best["a clean body"], 2),
            }
            for name, spent in best.items()
        ]
    )
