"""The live map in JupyterLab, as a person in a browser sees and uses it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook

pytestmark = pytest.mark.browser

SECONDS = 1000  # in Playwright's milliseconds

SETUP = """
import time
from datafast_nb import LiveMap
from tests.livemap.sources import FromFile
source = FromFile({path!r})
""".strip()
SHOW = "live = LiveMap(source, interval={interval})\nlive"

# How many pixels are painted on the canvas of the clusters, which lies above the land's.
PAINTED = """() => {
    const canvas = document.querySelector('.leaflet-overlay-pane canvas');
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) painted += data[i] > 0;
    return painted;
}"""
WATCH_LONG_TASKS = """() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
        .observe({type: 'longtask'});
}"""

LONG_TASK = """() => {
    setTimeout(() => {
        const start = performance.now();
        while (performance.now() - start < 120);
    });
}"""


class Site:
    """What the site in the kernel answers, as the test wants it."""

    def __init__(self, path: Path, answer: str) -> None:
        self.path = path
        self.answers(answer)

    def answers(self, expression: str) -> None:
        # In one step, so that the kernel never reads half of it.
        draft = self.path.with_suffix(".new")
        draft.write_text(expression)
        draft.replace(self.path)

    def shown_in(self, notebook: Notebook, *more: str, interval: float = 1) -> None:
        """Open a notebook with a live map of this site, and wait until it is there."""
        notebook.open(SETUP.format(path=str(self.path)), SHOW.format(interval=interval), *more).run(0)
        notebook.run(1)
        expect(notebook.page.locator(".df-live")).to_be_visible(timeout=10 * SECONDS)
        notebook.page.wait_for_function(f"({PAINTED})() > 0", timeout=10 * SECONDS)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site.py", "people(300)")


def visitors_now(notebook: Notebook, count: str, timeout: float = 10) -> None:
    """Wait until the header shows a number of visitors."""
    expect(notebook.page.locator(".df-figures strong").first).to_have_text(count, timeout=timeout * SECONDS)


def wait_until(holds: Callable[[], bool], notebook: Notebook) -> None:
    """Ask again and again, for half a minute at most."""
    for _ in range(300):
        if holds():
            return
        notebook.page.wait_for_timeout(100)
    raise AssertionError("it never held")


def test_the_map_appears_with_land_and_clusters(notebook: Notebook, site: Site) -> None:
    site.shown_in(notebook)
    visitors_now(notebook, "300")
    expect(notebook.page.locator(".leaflet-land-pane canvas")).to_be_visible(timeout=10 * SECONDS)
    notebook.page.wait_for_function(f"({PAINTED})() > 5000", timeout=10 * SECONDS)
    site.answers("people(0)")
    expect(notebook.page.get_by_role("status")).to_contain_text("Nobody here right now")
    notebook.page.wait_for_function(f"({PAINTED})() === 0", timeout=10 * SECONDS)


def test_the_header_changes_while_another_cell_is_busy(notebook: Notebook, site: Site, tmp_path: Path) -> None:
    done = tmp_path / "done"
    busy = f"import pathlib\nwhile not pathlib.Path({str(done)!r}).exists(): time.sleep(0.05)"
    site.shown_in(notebook, busy)
    visitors_now(notebook, "300")
    largest = notebook.cluster(0)
    notebook.run(2, wait=False)
    expect(notebook.page.locator(".jp-Cell").nth(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    site.answers("people(301)")
    visitors_now(notebook, "301")
    notebook.point_at(largest)
    expect(notebook.page.locator(".df-hover")).to_contain_text("Unknown place")
    site.answers("people(302)")
    visitors_now(notebook, "302")
    expect(notebook.page.locator(".jp-Cell").nth(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    done.touch()
    expect(notebook.page.locator(".jp-Cell").nth(2).locator(".jp-InputPrompt")).to_have_text("[3]:")


def test_zooming_regroups_without_a_request(notebook: Notebook, site: Site) -> None:
    site.shown_in(notebook, interval=3600)
    across = "print(live._view._clusters.data['features'][0]['id'].split('/')[0])"
    before = notebook.settled(across)
    calls = notebook.python("print(source.calls)")
    notebook.page.locator(".leaflet-control-zoom-in").click()
    wait_until(lambda: notebook.python(across) != before, notebook)
    assert int(notebook.settled(across)) == pytest.approx(2 * int(before), abs=1)
    assert notebook.python("print(source.calls)") == calls


def test_the_globe_shows_the_whole_world_again(notebook: Notebook, site: Site) -> None:
    site.shown_in(notebook, interval=3600)
    width = "print(live._view.map.east - live._view.map.west)"
    whole = float(notebook.settled(width))
    notebook.page.locator(".leaflet-control-zoom-in").click()
    wait_until(lambda: float(notebook.python(width)) < 0.6 * whole, notebook)
    notebook.page.get_by_role("button", name="Show the whole world").click()
    wait_until(lambda: float(notebook.python(width)) > 0.95 * whole, notebook)


def test_hostile_text_is_shown_and_runs_nothing(notebook: Notebook, site: Site) -> None:
    attack = '<img src=x onerror="window.__pwned=1"><script>window.__pwned=1</script>'
    fields = ("visitor_id", "city", "country_code", "browser", "device", "current_url", "utm_source", "display_name")
    columns = ", ".join(f"{name}={attack!r}" for name in fields)
    site.answers(f"people(5, latitude=20.0, longitude=10.0, {columns})")
    site.shown_in(notebook, interval=3600)
    x, y = notebook.point_at(notebook.cluster(0))
    expect(notebook.page.locator(".df-hover")).to_contain_text("<img src=x")
    notebook.page.mouse.click(x, y)
    expect(notebook.page.locator(".df-popup")).to_contain_text("<img src=x")
    site.answers(f"ValueError({attack!r})")
    notebook.python("live.refresh()")
    expect(notebook.page.get_by_role("status")).to_contain_text("<img src=x")
    assert notebook.page.evaluate("window.__pwned === undefined")
    assert notebook.page.locator(".datafast-map img").count() == 0


def test_the_panel_goes_when_the_pointer_leaves(notebook: Notebook, site: Site) -> None:
    site.answers("people(7, latitude=20.0, longitude=10.0, city='Faya', country_code='TD')")
    site.shown_in(notebook)
    x, y = notebook.point_at(notebook.cluster(0))
    expect(notebook.page.locator(".df-hover")).to_contain_text("Faya, Chad")
    notebook.page.mouse.move(x - 100, y)
    expect(notebook.page.locator(".df-hover")).to_have_count(0)


def test_a_fault_keeps_the_data_and_recovery_follows(notebook: Notebook, site: Site) -> None:
    site.shown_in(notebook)
    visitors_now(notebook, "300")
    site.answers("__import__('datafast_nb').ConnectionFailedError('The site did not answer.')")
    status = notebook.page.get_by_role("status")
    expect(status).to_contain_text("The site did not answer. Next try at", timeout=10 * SECONDS)
    visitors_now(notebook, "300")
    assert notebook.page.evaluate(PAINTED) > 5000
    site.answers("people(299)")
    visitors_now(notebook, "299", timeout=30)
    expect(status).to_have_text("Live · every 1 s")


def test_pausing_resuming_and_refreshing_by_hand(notebook: Notebook, site: Site) -> None:
    site.shown_in(notebook)
    notebook.page.get_by_role("button", name="Pause").click()
    expect(notebook.page.get_by_role("status")).to_have_text("Paused")
    calls = notebook.python("time.sleep(2.5); print(source.calls)")
    site.answers("people(17)")
    notebook.page.get_by_role("button", name="Refresh").click()
    visitors_now(notebook, "17")
    assert int(notebook.python("print(source.calls)")) == int(calls) + 1
    site.answers("people(18)")
    notebook.page.get_by_role("button", name="Resume").click()
    visitors_now(notebook, "18")
    notebook.page.get_by_label("Update").select_option(label="every 30 s")
    expect(notebook.page.get_by_role("status")).to_have_text("Live · every 30 s")


def test_running_the_cell_again_leaves_one_thread(notebook: Notebook, site: Site) -> None:
    site.shown_in(notebook)
    for _ in range(3):
        notebook.run(1)
        expect(notebook.page.locator(".df-live")).to_have_count(1)
    threads = "import threading; print(sum('live map' in t.name for t in threading.enumerate()))"
    wait_until(lambda: notebook.python(threads) == "1", notebook)
    visitors_now(notebook, "300")
    site.answers("people(200)")
    visitors_now(notebook, "200")


@pytest.mark.parametrize("width", [480, 1600])
def test_it_fits_narrow_and_wide_windows(notebook: Notebook, site: Site, width: int) -> None:
    notebook.page.set_viewport_size({"width": width, "height": 900})
    site.shown_in(notebook)
    overflow = "() => {const e = document.querySelector('.datafast-map'); return e.scrollWidth - e.clientWidth}"
    assert notebook.page.evaluate(overflow) <= 0
    west, east = json.loads(
        notebook.python("import json; print(json.dumps([live._view.map.west, live._view.map.east]))")
    )
    assert east - west > 150


def test_a_refresh_of_100000_visitors_causes_no_long_task(notebook: Notebook, site: Site) -> None:
    """A task that a refresh causes comes with each of them; what comes with a few only is the machine's own noise."""
    site.answers("people(100_000)")
    site.shown_in(notebook, interval=3600)
    notebook.page.evaluate(WATCH_LONG_TASKS)
    notebook.page.evaluate(LONG_TASK)  # which shows that one would be seen
    notebook.page.wait_for_function("window.longTasks.length > 0")
    longest = []
    for extra in range(1, 8):
        site.answers(f"people({100_000 + extra}, score=pl.int_range({100_000 + extra}) * {extra} % 101)")
        notebook.page.wait_for_timeout(500)
        notebook.page.evaluate("window.longTasks.length = 0")
        notebook.python("live.refresh()")
        visitors_now(notebook, f"{100_000 + extra:,}")
        notebook.page.wait_for_timeout(500)
        longest.append(max(notebook.page.evaluate("window.longTasks"), default=0))
    assert statistics.median(longest) == 0, f"longest tasks in ms: {longest}"
