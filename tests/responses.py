"""Realtime-map responses for the tests."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parent / "realtime-map.json").read_bytes())
"""The specification's example response."""


def example() -> dict[str, Any]:
    """Return a copy of the specification's example that a test may change."""
    return copy.deepcopy(EXAMPLE)


def with_visitor(**fields: Any) -> bytes:
    """Return the example with fields of its visitor replaced."""
    response = example()
    response["data"]["visitors"][0].update(fields)
    return json.dumps(response).encode()


def of_visitors(number: int) -> bytes:
    """Return a response of a size: visitors who differ, each with two events."""
    response = example()
    visitor, event = response["data"]["visitors"][0], response["data"]["recentEvents"][0]
    response["data"]["count"] = number
    response["data"]["visitors"] = [
        {**visitor, "visitorId": f"visitor-{row:08}", "latitude": row % 60, "currentUrl": f"/page/{row % 50}"}
        for row in range(number)
    ]
    response["data"]["recentEvents"] = [
        {**event, "_id": f"event-{row:08}", "visitorId": f"visitor-{row // 2:08}"} for row in range(2 * number)
    ]
    return json.dumps(response).encode()
