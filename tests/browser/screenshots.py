"""Takes pictures of the live map in each of its states, for a person to look at.

Run it as ``python -m tests.browser.screenshots FOLDER``. Without FOLDER, the environment variable
DATAFAST_NB_SCREENSHOTS names it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser.chromium import FLAGS, find_or_get
from tests.browser.lab import Notebook, serve

SETUP = """
from datetime import UTC, datetime
import datafast_nb as dfn
from datafast_nb.errors import AuthenticationError, ConnectionFailedError
from tests.livemap.sources import Scripted, people

noon = datetime(2026, 2, 6, 12, tzinfo=UTC)

def site(visitors, **options):
    return dfn.demo.Site(seed=0, visitors=visitors, start=noon, clock=lambda: noon, **options)
""".strip()

STATES = {
    "busy": "site(400)",
    "empty": "Scripted([people(0)])",
    "one-visitor": "Scripted([people(1, city='Lisbon', country_code='PT', latitude=38.7, longitude=-9.1)])",
    "100000": "Scripted([site(100_000).snapshot()])",
    "no-predictions": "site(120, predictions=False)",
    "stopped": "Scripted([AuthenticationError('The key is not accepted (401). Check DATAFAST_API_KEY.')])",
    "retrying": "Scripted([site(120).snapshot(), ConnectionFailedError('No answer from the site within 30 s.')])",
}
WIDTHS = {"busy": (480, 1000, 1600), "retrying": (480, 1000)}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = [f"live = dfn.LiveMap({source})\nlive" for source in STATES.values()]
    with TemporaryDirectory() as work, serve(Path(work)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_or_get(playwright), args=FLAGS)
        with Notebook.window(lab, browser, height=1100) as notebook:
            notebook.open(SETUP, *cells).run(0)
            for index, name in enumerate(STATES, start=1):
                notebook.run(index)
                output = notebook.output(index)
                output.locator(".df-live, .df-stopped, .df-retrying").wait_for()
                if name == "retrying":
                    notebook.python("live.refresh()")
                    output.locator(".df-retrying").wait_for()
                for width in WIDTHS.get(name, (1000,)):
                    notebook.page.set_viewport_size({"width": width, "height": 1100})
                    _shoot(notebook, index, folder / f"{name}-{width}.png")
                if name == "busy":
                    _shoot_details(notebook, index, folder)
        browser.close()


def _shoot_details(notebook: Notebook, index: int, folder: Path) -> None:
    """Take the panel under the pointer, and the popup."""
    notebook.page.set_viewport_size({"width": 1000, "height": 1100})
    notebook.page.wait_for_timeout(1000)
    for theme, name in THEMES.items():
        notebook.theme(name)
        notebook.page.wait_for_timeout(700)
        notebook.point_at(notebook.cluster(0))
        notebook.page.wait_for_selector(".df-hover")
        notebook.page.screenshot(path=folder / f"hover-{theme}.png")
    notebook.page.mouse.click(*notebook.point_at(notebook.cluster(0)))
    notebook.page.wait_for_selector(".df-popup")
    _shoot(notebook, index, folder / "popup.png")


def _shoot(notebook: Notebook, index: int, file: Path) -> None:
    """Take a picture of a cell's output in both themes."""
    for theme, name in THEMES.items():
        notebook.theme(name)
        notebook.output(index).scroll_into_view_if_needed()
        notebook.page.wait_for_timeout(700)  # until the canvas is drawn
        notebook.output(index).screenshot(path=file.with_stem(f"{file.stem}-{theme}"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["DATAFAST_NB_SCREENSHOTS"]))
