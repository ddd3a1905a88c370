"""What the live map costs the browser, with as many visitors as there may be."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest

from tests.browser.map_page import MapPage
from tests.browser.tasks import LONG, assert_none_is_long, tasks_of

pytestmark = pytest.mark.browser

CROWD = "people({count}, score=pl.int_range({count}) * {factor} % 101, country_code='FR', device='mobile')"

# Milliseconds from a click until the clusters of what the map then shows are there.
_ANSWER = """async (button) => {
    const canvas = document.querySelector('.df-canvas');
    const answered = new Promise((resolve) =>
        new MutationObserver(resolve).observe(canvas, {attributeFilter: ['aria-label']}));
    const start = performance.now();
    document.querySelector(`.leaflet-control-zoom-${button}`).click();
    await answered;
    return performance.now() - start;
}"""

_REFRESHES = """
def refresh(times):
    for _ in range(times):
        before = live._frame.snapshot
        live.refresh()
        while live._frame.snapshot is before:
            time.sleep(0.005)
        with live._lock:
            pass
"""


def test_a_long_task_is_seen(live: MapPage) -> None:
    live.show("people(3)")
    with tasks_of(live.page) as tasks:
        live.page.evaluate("""() => new Promise((resolve) => setTimeout(() => {
            let sum = 0;
            for (let step = 0; step < 3e8; step++) sum += step % 7;  // in time of the processor, however busy it is
            resolve(sum);
        }))""")
    assert tasks[0] > LONG


@pytest.mark.parametrize("what", ["a refresh", "moving the map"])
def test_100000_visitors_cause_no_long_task(live: MapPage, what: str) -> None:
    cause = {"a refresh": refresh_thrice, "moving the map": move_about}[what]
    assert_none_is_long(lambda count: longest_tasks(live, count, cause), 1_000, 100_000)


def longest_tasks(live: MapPage, count: int, cause: Callable[[MapPage, int], None]) -> list[float]:
    """Return how long the page is busy at a stretch with a map of so many visitors."""
    live.show(CROWD.format(count=count, factor=1))
    with tasks_of(live.page) as tasks:
        cause(live, count)
    live.clear()
    return tasks


def refresh_thrice(live: MapPage, count: int) -> None:
    for extra in range(1, 4):
        live.refresh(CROWD.format(count=count + extra, factor=extra))
        live.visitors_now(f"{count + extra:,}")
        live.rest()


def move_about(live: MapPage, _: int) -> None:
    x, y = live.middle()
    for button in ("in", "in", "in", "out"):
        live.root.get_by_role("button", name=f"Zoom {button}").click()
        live.rest()
        live.page.mouse.move(x, y)
        live.page.mouse.down()
        live.page.mouse.move(x - 120, y + 20, steps=8)
        live.page.mouse.up()
        live.rest()


def test_zooming_among_100000_visitors_is_answered_like_among_1000(live: MapPage) -> None:
    def answers(count: int) -> float:
        live.show(CROWD.format(count=count, factor=1))
        times = []
        for button in ("in", "out") * 3:
            times.append(live.page.evaluate(_ANSWER, button))
            live.rest()
        live.clear()
        return statistics.median(times)

    few, many = answers(1000), answers(100_000)
    assert many < 3 * few, f"{few:.0f} and {many:.0f} ms"


def test_the_browsers_memory_stays_flat(live: MapPage) -> None:
    live.show("people(1000 + source.calls % 7, score=pl.int_range(1000 + source.calls % 7) * source.calls % 101)")
    live.click(live.discs()[0])
    live.rows().first.click()
    live.python(_REFRESHES)
    devtools = live.page.context.new_cdp_session(live.page)

    def after(refreshes: int) -> dict[str, float]:
        live.python(f"refresh({refreshes})")
        live.page.evaluate("() => { window.drawn.frames.length = 0; }")
        devtools.send("HeapProfiler.collectGarbage")
        counted = devtools.send("Memory.getDOMCounters")
        return counted | {"bytes": devtools.send("Runtime.getHeapUsage")["usedSize"]}

    before, after_all = after(50), after(150)
    devtools.detach()
    assert after_all["bytes"] < 1.05 * before["bytes"], f"{before}, {after_all}"
    assert after_all["nodes"] < 1.05 * before["nodes"]
    assert after_all["jsEventListeners"] < 1.05 * before["jsEventListeners"]


def test_nothing_is_asked_of_a_foreign_host(live: MapPage) -> None:
    live.show("dfn.demo.Site(seed=0, visitors=300).snapshot()")
    live.root.get_by_role("button", name="Filters").click()
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.rows().first.click()
    live.rest()
    assert live.notebook.foreign == []
