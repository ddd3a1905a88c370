"""Takes pictures of the live map in each of its states, for a person to look at.

Run it as ``python -m tests.browser.screenshots FOLDER [STATE ...]``. Without FOLDER, the environment variable
DATAFAST_NB_SCREENSHOTS names it. Each state is shown in light and dark, at each width and in full screen.
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
from tests.browser.map_page import CELLS, RECORDER, SETUP, MapPage

SCENES: Final = """
from tempfile import TemporaryDirectory
from tests.livemap.pasts import demo_replay
from tests.livemap.sources import Scripted

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
WIDTHS: Final = (480, 1000, 1600)
HEIGHT: Final = 1100
SCREEN: Final = (1920, 1080)
LARGE_SCREEN: Final = (3840, 2160)

Act = Callable[[MapPage], object]


@dataclass(frozen=True)
class State:
    """A state of the map: what makes it, and what a person does then.

    Attributes
    ----------
    source, options
        The map's source and its options, as code.
    act
        What a person does, once or at each size.
    each_size
        Whether it is done again at each size.
    large
        Whether there are pictures of a very large screen.
    """

    source: str
    act: Act | None = None
    options: str = ""
    each_size: bool = False
    large: bool = False


def python(code: str) -> Act:
    """Return an act that runs code in the kernel."""
    return lambda live: live.python(code)


def click(selector: str, text: str | None = None) -> Act:
    """Return an act that clicks on something in the map."""
    return lambda live: live.root.locator(selector, has_text=text).first.click()


def hover(live: MapPage) -> None:
    """Point at the largest cluster."""
    live.point_at(live.discs()[0])
    live.part("tip").wait_for()


def popup(live: MapPage) -> None:
    """Click on the largest cluster."""
    live.click(live.discs()[0])
    live.part("popup").wait_for()


def heat(live: MapPage) -> None:
    """Switch the heat on in the layers control, and leave it open."""
    live.root.locator(".leaflet-control-layers").hover()
    live.root.locator(".leaflet-control-layers label", has_text="Heat").locator("input").check()


def select_by_code(live: MapPage) -> None:
    """Open the filters, with some of them active."""
    live.part("button", "Filters").click()
    live.python("live.filter(country_code=['DE', 'FR', 'GB'], device='desktop', min_score=40)")


def zoom_to_europe(live: MapPage) -> None:
    """Zoom to some of the visitors."""
    live.python("live.filter(country_code=['DE', 'FR', 'GB', 'ES', 'IT', 'PL'])")
    live.part("zoom").click()


STATES: Final = {
    "busy": State("site(400)", large=True),
    "loading": State("Never()"),
    "empty": State("Scripted([people(0)])"),
    "one-visitor": State("Scripted([people(1, city='Lisbon', country_code='PT', latitude=38.7, longitude=-9.1)])"),
    "crowded": State("Scripted([site(100_000).snapshot()])"),
    "no-predictions": State("site(120, predictions=False)"),
    "refused": State("Scripted([AuthenticationError('The key is not accepted (401). Check DATAFAST_API_KEY.')])"),
    "retrying": State(
        "Scripted([site(120).snapshot(), ConnectionFailedError('No answer from the site within 30 s.')])",
        python("live.refresh()"),
    ),
    "stopped": State("site(120)", python("live.stop()")),
    "hostile": State("Scripted([alarming(HOSTILE)])", click(".df-listing [role=option]")),
    "sites": State("{'shop': site(200), 'blog': site(90, seed=4)}", options="color_by='site'"),
    "one-site-fails": State("{'shop': site(200), 'blog': Scripted([ConnectionFailedError('No answer within 30 s.')])}"),
    "filters": State("site(400)", select_by_code),
    "nobody-matches": State("site(400)", python("live.filter(text='nobody is called this')")),
    "card": State("site(400)", click(".df-listing [role=option]")),
    "events": State("site(400)", click("[role=tab]", "Events")),
    "payments": State("site(400)", click("[role=tab]", "Payments")),
    "hover": State("site(400)", hover, each_size=True),
    "popup": State("site(400)", popup, each_size=True),
    "heat": State("site(400)", heat),
    "by-value": State("site(400)", options="color_by='expected_value'"),
    "by-channel": State("site(400)", options="color_by='channel'"),
    "by-device": State("site(400)", options="color_by='device'"),
    "by-country": State("site(400)", options="color_by='country_code'"),
    "by-customer": State("site(400)", options="color_by='is_customer'"),
    "model": State("site(400)", options="model=modeled()"),
    "model-card": State("site(400)", click(".df-listing [role=option]"), options="model=modeled()"),
    "model-hover": State("site(400)", hover, options="model=modeled()", each_size=True),
    "model-popup": State("site(400)", popup, options="model=modeled()", each_size=True),
    "model-of-another-site": State(
        "Scripted([people(40, current_url='https://other.example/a')])", options="model=modeled()"
    ),
    "model-empty": State("Scripted([people(0)])", options="model=modeled()"),
    "news": State(
        "Scripted([site(120).snapshot(), site(160, at=noon + timedelta(seconds=150)).snapshot()])",
        python("live.refresh()"),
    ),
    "replay": State("demo_replay()"),
    "replay-gap": State("demo_replay(at=0.5)"),
    "replay-end": State("demo_replay(days=0.1, at=1)"),
    "globe": State("site(400)", options="projection='globe'", large=True),
    "europe": State("site(400)", zoom_to_europe, large=True),
    "globe-europe": State("site(400)", zoom_to_europe, options="projection='globe'", large=True),
    "globe-popup": State("site(400)", popup, options="projection='globe'", each_size=True),
    "privacy": State("site(400)", click(".df-listing [role=option]"), options="redact=True"),
    "locked": State(
        "site(400)",
        python("live.filter(country_code=['DE', 'FR'], locked=True); live.filter(device='desktop')"),
    ),
    "last-minutes": State("Scripted([minute(number) for number in range(30)])", python(REFRESH)),
    "dark-on-light": State("site(400)", options="theme='dark'"),
}


def main(folder: Path, *names: str) -> None:
    """Take all pictures, or those of the states that are named."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as work, serve(Path(work)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=required(playwright), args=FLAGS)
        with Notebook.window(lab, browser, height=HEIGHT) as notebook:
            notebook.page.add_init_script(RECORDER)
            notebook.open(*CELLS).python(f"{SETUP}\n{SCENES}")
            live = MapPage(notebook, Path(work))
            for name in names or STATES:
                show(live, STATES[name], "starting" if name == "loading" else "stopped" if "replay" in name else "live")
                _shoot(live, STATES[name], folder / name)
                live.clear()
        browser.close()


def show(live: MapPage, state: State, expected: str) -> None:
    """Show a map in a state, and wait until it has answered."""
    live.python(f"source, options = {state.source}, dict(every=3600, {state.options})")
    live.notebook.run(0)
    states = ", ".join(f'[data-state="{each}"]' for each in (expected, "refused", "retrying"))
    live.root.locator(f".df-status:is({states})").wait_for()
    live.rest()


def _shoot(live: MapPage, state: State, name: Path) -> None:
    """Take pictures of a map in both themes, all widths and in full screen."""
    for width in WIDTHS:
        live.page.set_viewport_size({"width": width, "height": HEIGHT})
        live.root.scroll_into_view_if_needed()
        live.rest()
        if state.act is not None and (state.each_size or width == WIDTHS[0]):
            state.act(live)
        for theme in THEMES:
            _wear(live, theme)
            live.notebook.output(0).screenshot(path=f"{name}-{width}-{theme}.png")
    live.page.set_viewport_size({"width": SCREEN[0], "height": SCREEN[1]})
    live.root.get_by_role("button", name="Full screen").click()
    for width, height in (SCREEN, LARGE_SCREEN) if state.large else (SCREEN,):
        live.page.set_viewport_size({"width": width, "height": height})
        live.rest()
        if state.act is not None and state.each_size:
            state.act(live)
        for theme in THEMES:
            _wear(live, theme)
            live.page.screenshot(path=f"{name}-full-{width}-{theme}.png")
    live.root.get_by_role("button", name="Exit full screen").click()


def _wear(live: MapPage, theme: str) -> None:
    """Change JupyterLab's theme, and wait until the map is drawn in it."""
    live.notebook.theme(THEMES[theme])
    live.rest()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["DATAFAST_NB_SCREENSHOTS"]), *sys.argv[2:])
