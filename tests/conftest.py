"""Fixtures that the whole test suite shares."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# The tests, their notebooks among them, ask the demo site, never the reader's own.
for _name in [name for name in os.environ if name.startswith("DATAFAST_") and not name.startswith("DATAFAST_NB_")]:
    del os.environ[_name]


# The same examples in each run, however slow the machine.
settings.register_profile("datafast_nb", deadline=None, derandomize=True)
settings.load_profile("datafast_nb")


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
