"""Whether a live map that is left open all day keeps its memory, in the kernel and in the browser."""

from __future__ import annotations

import gc
import multiprocessing
import tempfile
import tracemalloc
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import psutil
from playwright.sync_api import Browser

from tests.bench.counting import counted_comms
from tests.bench.moments import Turns, passing
from tests.bench.refresh import displayed

VISITORS = 1_000
MARKS = (200, 2_000)
"""After how many refreshes the memory is looked at: once all caches are warm, and much later."""

_AT_ONCE = 50  # refreshes, before the browser has to have caught up
_SETTLED = 12_000  # ms, after which messages, pulses and fading circles have left the page

_CELL = f"""
import gc, threading, psutil
from datafast_nb import LiveMap
from tests.bench.moments import Turns, passing
drawn = threading.Semaphore(0)
live = LiveMap(Turns(passing({VISITORS})), every=86_400)
live.on_update(lambda _: drawn.release())
live
"""
_REFRESH = f"""
for _ in range({_AT_ONCE}):
    live.refresh()
    assert drawn.acquire(timeout=60), str(live.status)
"""
_RESIDENT = "gc.collect(); print(psutil.Process().memory_info().rss / 1e6)"

Sizes = dict[str, float]
"""What was measured at one moment, by what it is."""


def kernel_sizes(marks: Collection[int] = MARKS) -> list[Sizes]:
    """Refresh, and measure this process after each of some numbers of refreshes."""
    sizes = []
    tracemalloc.start()
    with counted_comms(), displayed(Turns(passing(VISITORS))) as (_, refresh):
        for number in range(1, max(marks) + 1):
            refresh()
            if number in marks:
                gc.collect()
                resident = psutil.Process().memory_info().rss / 1e6
                sizes.append(
                    {"process, resident, MB": resident, "Python's heap, MB": tracemalloc.get_traced_memory()[0] / 1e6}
                )
    tracemalloc.stop()
    return sizes


def browser_sizes(marks: Collection[int] = MARKS) -> list[Sizes]:
    """Refresh a map that is looked at in JupyterLab, and measure the page and its kernel."""
    from tests.browser.lab import Notebook, serve

    sizes = []
    with (
        _chromium() as chromium,
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as lab,
        Notebook.window(lab, chromium) as notebook,
    ):
        notebook.page.emulate_media(reduced_motion="no-preference")
        notebook.open(_CELL).run(0)
        notebook.page.wait_for_selector(".datafast-map .leaflet-container")
        inspector = notebook.page.context.new_cdp_session(notebook.page)
        inspector.send("Performance.enable")
        for number in range(_AT_ONCE, max(marks) + 1, _AT_ONCE):
            failed = notebook.python(_REFRESH)
            assert not failed, failed
            if number in marks:
                notebook.page.wait_for_timeout(_SETTLED)
                inspector.send("HeapProfiler.collectGarbage")
                found = {each["name"]: each["value"] for each in inspector.send("Performance.getMetrics")["metrics"]}
                sizes.append(
                    {
                        "page, JavaScript's heap, MB": found["JSHeapUsedSize"] / 1e6,
                        "page, DOM nodes": found["Nodes"],
                        "page, event listeners": found["JSEventListeners"],
                        "its kernel, resident, MB": float(notebook.python(_RESIDENT)),
                    }
                )
    return sizes


@contextmanager
def _chromium() -> Iterator[Browser]:
    """Start a Chromium."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import FLAGS, required

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=required(playwright), args=FLAGS)
        yield browser
        browser.close()


def memory_table(marks: tuple[int, int] = MARKS) -> pl.DataFrame:
    """Return one row per kind of memory. Both are measured at once, since time is not what it is about."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        kernel = fresh.submit(kernel_sizes, marks)
        pages = browser_sizes(marks)
        early, late = ({**alone, **page} for alone, page in zip(kernel.result(), pages, strict=True))
    return pl.DataFrame(
        [
            {
                "what": name,
                f"after {marks[0]:,} refreshes": round(early[name], 1),
                f"after {marks[1]:,}": round(late[name], 1),
                "times": round(late[name] / early[name], 2),
            }
            for name in early
        ]
    )
