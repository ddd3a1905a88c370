"""How long a page's main thread is busy at a stretch, in time of the processor: a busy machine makes it no longer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Page

LONG: Final = 50.0
"""Milliseconds from which a task can be felt."""

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
