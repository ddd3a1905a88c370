"""How long a page's main thread is busy at a stretch, in time of the processor: a busy machine makes it no longer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Page

LONG: Final = 50.0
"""Milliseconds from which a task can be felt."""

_SLOWER: Final = 1.5  # times as long as with few visitors is no longer
_ATTEMPTS: Final = 3
_CATEGORIES: Final = ["toplevel", "devtools.timeline"]


@contextmanager
def tasks_of(page: Page) -> Iterator[list[float]]:
    """Give a list that holds, afterwards, how many milliseconds each task of the page took, the longest first."""
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=_CATEGORIES)
    tasks: list[float] = []
    try:
        yield tasks
    finally:
        trace = browser.stop_tracing()
    events = json.loads(trace)["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks += sorted(
        (
            event["tdur"] / 1000
            for event in events
            if event["name"] == "ThreadControllerImpl::RunTask"
            and (event["pid"], event["tid"]) in main
            and "tdur" in event
        ),
        reverse=True,
    )


def assert_none_is_long(tasks_with: Callable[[int], list[float]], few: int, many: int) -> None:
    """Fail if the longest task with many visitors is long, and longer than with few, each time it is tried.

    On a slow machine the tasks of any map are long, but those of a large one are not longer; what else a busy machine
    does makes any task longer now and then.
    """
    seen = []
    for _ in range(_ATTEMPTS):
        tasks = tasks_with(many)
        if tasks[0] < LONG or tasks[0] < _SLOWER * (usual := tasks_with(few))[0]:
            return
        seen.append(f"{tasks[:5]}, and with {few:,} visitors {usual[:5]}")
    raise AssertionError(f"longest tasks in ms with {many:,} visitors: {'; '.join(seen)}")
