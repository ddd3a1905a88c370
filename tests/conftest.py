"""Fixtures that the whole test suite shares."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _closes_every_map() -> Iterator[None]:
    """Close the maps that a test leaves open, so that none polls into the next test."""
    yield
    if "datafast_nb.livemap" in sys.modules:
        from datafast_nb.livemap import LiveMap
        from tests.livemap.maps import registry

        for widget in list(registry().values()):
            if isinstance(widget, LiveMap):
                widget.close()


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the pauses of the test's own thread instead of taking them."""
    taken: list[float] = []
    sleep, here = time.sleep, threading.current_thread()

    def record(seconds: float) -> None:
        # The whole process sleeps by this function: another thread that polls would never rest again.
        if threading.current_thread() is here:
            taken.append(seconds)
        else:
            sleep(seconds)

    monkeypatch.setattr(time, "sleep", record)
    return taken


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Return the one Spark session of the test run."""
    from tests.spark import local

    with local() as session:
        yield session
