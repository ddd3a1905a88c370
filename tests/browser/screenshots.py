"""Takes pictures of the live map in each of its states, for a person to look at.

Run it as ``python -m tests.browser.screenshots FOLDER``. Without FOLDER, the environment variable
DATAFAST_NB_SCREENSHOTS names it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import sync_playwright

from tests.browser.chromium import FLAGS, required
from tests.browser.lab import Notebook, serve

SETUP = """
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
import polars as pl
import datafast_nb as dfn
from datafast_nb.errors import AuthenticationError, ConnectionFailedError
from tests.livemap.pasts import demo_replay
from tests.livemap.sources import Scripted, people

noon = datetime(2026, 2, 6, 12, tzinfo=UTC)

class Never:
    def snapshot(self):
        import time
        time.sleep(3600)

def site(visitors, seed=0, at=noon, **options):
    return dfn.demo.Site(seed=seed, visitors=visitors, start=noon, clock=lambda: at, **options)

def modeled():
    with TemporaryDirectory() as folder:
        past = dfn.demo.simulate(folder, 2, 3_000, end=noon, every=300, progress=False)
        return dfn.learn(past, "6h")

def minute(number):
    now = site(120 + 5 * (number * number % 17)).snapshot()
    fetched_at = noon + timedelta(minutes=number)
    return dfn.Snapshot(now.visitors, now.events, now.payments, fetched_at=fetched_at)

def alarming(text):
    names = ["display_name", "customer_name", "city", "region", "current_url", "referrer", "utm_source", "device"]
    return people(40, **{name: text for name in names})

HOSTILE = "<img src=x onerror=alert(1)> \\u202e evil \\u05e9\\u05dc\\u05d5\\u05dd " + "a" * 10_000
""".strip()

REFRESH: Final = """
import time
for _ in range(29):
    before = live.snapshot
    live.refresh()
    while live.snapshot is before:
        time.sleep(0.02)
"""

THEMES: Final = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
HEIGHT: Final = 1100

Act = Callable[[Notebook, int], None]


@dataclass(frozen=True)
class State:
    """A state of the map: what makes it, what a person does then, and how wide the windows are."""

    source: str
    act: Act | None = None
    widths: tuple[int, ...] = (1100,)
    options: str = ""


def python(code: str) -> Act:
    """Return an act that runs code in the kernel."""

    def act(notebook: Notebook, _index: int) -> None:
        notebook.python(code)

    return act


def click(selector: str, text: str | None = None) -> Act:
    """Return an act that clicks on something in the map."""

    def act(notebook: Notebook, index: int) -> None:
        notebook.output(index).locator(selector, has_text=text).first.click()

    return act


def hover(notebook: Notebook, _index: int) -> None:
    """Point at the largest cluster."""
    notebook.point_at(notebook.cluster(0))
    notebook.page.wait_for_selector(".df-tip:visible")


def popup(notebook: Notebook, _index: int) -> None:
    """Click on the largest cluster."""
    notebook.page.mouse.click(*notebook.point_at(notebook.cluster(0)))
    notebook.page.wait_for_selector(".df-popup")


def heat(notebook: Notebook, index: int) -> None:
    """Switch the heat on in the layers control, and leave it open."""
    notebook.output(index).locator(".leaflet-control-layers").hover()
    notebook.output(index).locator(".leaflet-control-layers label", has_text="Heat").locator("input").check()


def select_by_code(notebook: Notebook, _index: int) -> None:
    """Open the filters, with some of them active."""
    notebook.output(_index).locator(".df-button", has_text="Filters").click()
    notebook.python("live.filter(country_code=['DE', 'FR', 'GB'], device='desktop', min_score=40)")


STATES: Final = {
    "busy": State("site(400)", widths=(480, 760, 1100, 1600)),
    "loading": State("Never()"),
    "empty": State("Scripted([people(0)])", widths=(480, 1100)),
    "one-visitor": State("Scripted([people(1, city='Lisbon', country_code='PT', latitude=38.7, longitude=-9.1)])"),
    "crowded": State("Scripted([site(100_000).snapshot()])", widths=(480, 1100)),
    "no-predictions": State("site(120, predictions=False)"),
    "refused": State("Scripted([AuthenticationError('The key is not accepted (401). Check DATAFAST_API_KEY.')])"),
    "retrying": State(
        "Scripted([site(120).snapshot(), ConnectionFailedError('No answer from the site within 30 s.')])",
        python("live.refresh()"),
        (480, 1100),
    ),
    "stopped": State("site(120)", python("live.stop()")),
    "hostile": State("Scripted([alarming(HOSTILE)])", click(".df-listing [role=option]"), (480, 1100)),
    "sites": State("{'shop': site(200), 'blog': site(90, seed=4)}", options=", color_by='site'"),
    "one-site-fails": State("{'shop': site(200), 'blog': Scripted([ConnectionFailedError('No answer within 30 s.')])}"),
    "filters": State("site(400)", select_by_code, (480, 1100)),
    "nobody-matches": State("site(400)", python("live.filter(text='nobody is called this')")),
    "card": State("site(400)", click(".df-listing [role=option]"), (480, 1100, 1600)),
    "events": State("site(400)", click("[role=tab]", "Events")),
    "payments": State("site(400)", click("[role=tab]", "Payments")),
    "hover": State("site(400)", hover),
    "popup": State("site(400)", popup, (480, 1100)),
    "heat": State("site(400)", heat),
    "by-value": State("site(400)", options=", color_by='expected_value'"),
    "by-channel": State("site(400)", options=", color_by='channel'"),
    "by-customer": State("site(400)", options=", color_by='is_customer'"),
    "model": State("site(400)", widths=(480, 760, 1100, 1600), options=", model=modeled()"),
    "model-card": State("site(400)", click(".df-listing [role=option]"), (480, 1100), ", model=modeled()"),
    "model-hover": State("site(400)", hover, options=", model=modeled()"),
    "model-popup": State("site(400)", popup, options=", model=modeled()"),
    "model-of-another-site": State(
        "Scripted([people(40, current_url='https://other.example/a')])", options=", model=modeled()"
    ),
    "model-empty": State("Scripted([people(0)])", options=", model=modeled()"),
    "news": State(
        "Scripted([site(120).snapshot(), site(160, at=noon + timedelta(seconds=150)).snapshot()])",
        python("live.refresh()"),
        (480, 1100),
    ),
    "replay": State("demo_replay()", widths=(480, 760, 1100, 1600)),
    "replay-gap": State("demo_replay(at=0.5)", widths=(480, 1100)),
    "replay-end": State("demo_replay(days=0.1, at=1)", widths=(480, 1100)),
    "globe": State("site(400)", widths=(480, 1000, 1600), options=", projection='globe'"),
    "privacy": State("site(400)", click(".df-listing [role=option]"), (480, 1000, 1600), ", redact=True"),
    "locked": State(
        "site(400)",
        python("live.filter(country_code=['DE', 'FR'], locked=True); live.filter(device='desktop')"),
        (480, 1000, 1600),
    ),
    "last-minutes": State("Scripted([minute(number) for number in range(30)])", python(REFRESH), (480, 1000, 1600)),
    "dark-on-light": State("site(400)", options=", theme='dark'"),
}


def main(folder: Path, *names: str) -> None:
    """Take all pictures, or those of the states that are named."""
    folder.mkdir(parents=True, exist_ok=True)
    states = {name: STATES[name] for name in names or STATES}
    cells = [f"live = dfn.LiveMap({state.source}, every=3600{state.options})\nlive" for state in states.values()]
    with TemporaryDirectory() as work, serve(Path(work)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=required(playwright), args=FLAGS)
        with Notebook.window(lab, browser, height=HEIGHT) as notebook:
            notebook.open(SETUP, *cells).run(0)
            for index, (name, state) in enumerate(states.items(), start=1):
                notebook.run(index)
                expected = "starting" if name == "loading" else "stopped" if name.startswith("replay") else "live"
                answered = f'.df-status:is([data-state="{expected}"], [data-state="refused"], [data-state="retrying"])'
                notebook.output(index).locator(answered).wait_for()
                _shoot(notebook, index, state, folder / f"{name}.png")
                notebook.page.evaluate(_CLEAR, index)
        browser.close()


_CLEAR = """(index) => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    return window.jupyterapp.commands.execute('notebook:clear-cell-output').then(() => null);
}"""


def _shoot(notebook: Notebook, index: int, state: State, file: Path) -> None:
    """Take pictures of a cell's output in both themes and all widths."""
    for width in state.widths:
        notebook.page.set_viewport_size({"width": width, "height": HEIGHT})
        notebook.output(index).scroll_into_view_if_needed()
        notebook.page.wait_for_timeout(700)
        if state.act is not None and width == state.widths[0]:
            state.act(notebook, index)
        for theme, name in THEMES.items():
            notebook.theme(name)
            notebook.page.wait_for_timeout(700)  # until the canvas is drawn
            notebook.output(index).screenshot(path=file.with_stem(f"{file.stem}-{width}-{theme}"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["DATAFAST_NB_SCREENSHOTS"]), *sys.argv[2:])
