"""A live map asks nobody anything while nobody looks, and asks at once when somebody does."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab, Notebook
from tests.browser.map_page import CELLS, RECORDER, SETUP, MapPage

pytestmark = pytest.mark.browser

# Absence is noticed sooner than in earnest: the time between two signs of life (5 s) and the grace for what is out of
# sight (8 s) are the browser's, and stay.
QUICK = """
from datafast_nb import polling
from datafast_nb.widgets import visibility
polling.LOOK_EVERY, visibility.LONGEST_SILENCE = 0.2, 7.0
"""
LIMIT = 30.0  # seconds within which polling pauses

# Writes down how the map does, for a test whose browser can't ask: what it asks would be work for the kernel besides.
DIARY = """
def _write(file):
    while True:
        file.with_suffix(".new").write_text(json.dumps([live.status.state, source.calls]))
        file.with_suffix(".new").replace(file)
        time.sleep(0.2)
threading.Thread(target=_write, args=(Path({path!r}),), daemon=True).start()
"""


@pytest.fixture(scope="module")
def long_notebook(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Return a notebook that is many screens long, with the map at its top."""
    with Notebook.window(lab, browser, width=1280) as notebook:
        notebook.page.add_init_script(RECORDER)
        notebook.open(*CELLS, *["print('\\n' * 30)"] * 8).python(SETUP + QUICK)
        for index in range(2, 10):
            notebook.run(index)
        yield notebook


@pytest.fixture
def live(long_notebook: Notebook, tmp_path: Path) -> Iterator[MapPage]:
    yield (shown := MapPage(long_notebook, tmp_path))
    scroll_to(shown, 0)
    shown.clear()


def scroll_to(live: MapPage, cell: int) -> None:
    """Scroll the notebook to a cell."""
    live.page.evaluate("(index) => window.jupyterapp.shell.currentWidget.content.scrollToItem(index)", cell)


def state(live: MapPage) -> str:
    return live.python("print(live.status.state)")


def pauses(live: MapPage) -> None:
    """Wait until polling has paused, and see that it has."""
    deadline = time.monotonic() + LIMIT
    while state(live) != "unwatched":
        assert time.monotonic() < deadline, "it goes on, and nobody looks"
        live.page.wait_for_timeout(200)
    requests = live.number("source.calls")
    live.page.wait_for_timeout(1500)  # in which it would ask again
    assert live.number("source.calls") == requests
    assert live.number("sum('live map' in thread.name for thread in threading.enumerate())") == 0


def resumes(live: MapPage, requests: float) -> None:
    """See that it asks again at once."""
    live.until(lambda: live.number("source.calls") > requests)
    live.until(lambda: state(live) == "live")


def test_a_cleared_output_pauses_and_running_the_cell_again_resumes(live: MapPage) -> None:
    live.show("people(300)", every=1)
    live.notebook.clear(0)
    pauses(live)
    requests = live.number("source.calls")
    live.run_beside("live")
    resumes(live, requests)


def test_scrolled_away_pauses_and_scrolled_back_resumes(live: MapPage) -> None:
    live.show("people(300)", every=1)
    scroll_to(live, 9)
    expect(live.root).not_to_be_in_viewport()
    pauses(live)
    requests = live.number("source.calls")
    live.answers("people(301)")
    scroll_to(live, 0)
    resumes(live, requests)
    live.visitors_now("301")


def test_a_short_look_elsewhere_is_no_absence(live: MapPage) -> None:
    live.show("people(300)", every=1)
    scroll_to(live, 9)
    live.page.wait_for_timeout(2000)  # less than what counts as absence
    scroll_to(live, 0)
    requests = live.number("source.calls")
    live.until(lambda: live.number("source.calls") > requests + 1)
    assert state(live) == "live"


def test_a_hidden_tab_pauses_and_a_visible_one_resumes(live: MapPage) -> None:
    live.show("people(300)", every=1)
    turn = """(state) => {
        Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => state});
        Object.defineProperty(document, 'hidden', {configurable: true, get: () => state === 'hidden'});
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    live.page.evaluate(turn, "hidden")
    pauses(live)
    requests = live.number("source.calls")
    live.page.evaluate(turn, "visible")
    resumes(live, requests)
    expect(live.part("state")).to_have_text("Live · every 1 s")


def test_a_refresh_from_code_is_answered_though_nobody_looks(live: MapPage) -> None:
    live.show("people(300)", every=1)
    live.notebook.clear(0)
    pauses(live)
    live.refresh("people(301)")
    assert live.number("live.snapshot.count") == 301
    assert state(live) == "unwatched"


def test_a_kernel_that_is_busy_after_the_map_is_not_taken_for_absence(live: MapPage) -> None:
    """As under Run All with a long cell right after the map: no sign of life arrives until that cell ends."""
    live.make("people(300)", every=1)
    live.notebook.run(0, wait=False)
    live.run_beside("states = []\nfor _ in range(50):\n    time.sleep(0.2)\n    states.append(live.status.state)")
    assert set(live.python("print(*states)").split()) <= {"starting", "live"}
    requests = live.number("source.calls")
    assert requests > 5
    live.until(lambda: live.number("source.calls") > requests + 1)


def test_fifty_runs_of_the_cell_leave_one_thread(live: MapPage) -> None:
    """Also where the next run comes before a browser has drawn the map of the last."""
    live.show("people(30)")
    for _ in range(49):
        live.notebook.run(0, wait=False)
    live.python("pass")  # which comes after them
    live.until(lambda: live.number("sum('live map' in thread.name for thread in threading.enumerate())") == 1)
    live.refresh("people(31)")
    live.visitors_now("31")
    expect(live.part("canvas")).to_have_count(1)


# What ends without a word


def diary(file: Path) -> tuple[str, int]:
    """Read how the map does."""
    state, requests = json.loads(file.read_text())
    return state, requests


def keep_diary(live: MapPage, folder: Path) -> Path:
    """Let the kernel write down how the map does, and give the file."""
    file = folder / "diary.json"
    live.python(DIARY.format(path=str(file)))
    return file


def pauses_by_itself(file: Path) -> int:
    """Wait until polling has paused, and give the number of requests so far."""
    deadline = time.monotonic() + LIMIT
    while not file.exists() or diary(file)[0] != "unwatched":
        assert time.monotonic() < deadline, "it goes on, and nobody looks"
        time.sleep(0.5)
    requests = diary(file)[1]
    time.sleep(1.5)
    assert diary(file)[1] == requests
    return requests


def resumes_when_displayed(live: MapPage, file: Path, requests: int) -> None:
    """Show the map again, and see that it asks at once."""
    live.run_beside("live")
    live.until(lambda: diary(file)[1] > requests)
    live.visitors_now("300")


def test_a_page_that_is_left_pauses_and_one_that_comes_back_resumes(
    live: MapPage, long_notebook: Notebook, tmp_path: Path
) -> None:
    live.show("people(300)", every=1)
    file, url = keep_diary(live, tmp_path), live.page.url
    live.page.goto("about:blank")
    requests = pauses_by_itself(file)
    long_notebook.visit(url)
    resumes_when_displayed(live, file, requests)


def test_a_browser_that_is_killed_pauses_and_another_resumes(
    lab: Lab, browser: Browser, launch: Callable[[], Browser], tmp_path: Path
) -> None:
    with Notebook.window(lab, browser) as notebook:
        other = launch()
        doomed = Notebook(lab, other.new_page(viewport={"width": 1280, "height": 900}))
        doomed.page.add_init_script(RECORDER)
        doomed.open(*CELLS).python(SETUP + QUICK)
        live = MapPage(doomed, tmp_path).show("people(300)", every=1)
        file, url = keep_diary(live, tmp_path), live.page.url.split("?")[0]
        os.kill(process_of(other), signal.SIGKILL)
        requests = pauses_by_itself(file)
        notebook.visit(f"{url}?token={lab.token}")
        resumes_when_displayed(MapPage(notebook, tmp_path), file, requests)


def process_of(browser: Browser) -> int:
    """Return the id of a browser's main process."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return next(int(process["id"]) for process in processes if process["type"] == "browser")
