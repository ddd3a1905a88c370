"""Takes pictures of the live map, the explorer and the charts in each of their states, for a person to look at.

Each state is shown in light and dark: of the map and the explorer at each width of a window, and of the map in full
screen; of a chart at each width of a cell.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.chromium import FLAGS, required
from tests.browser.lab import Lab, Notebook, serve
from tests.browser.map_page import CELLS, PATIENT, RECORDER, SETUP, MapPage
from tests.browser.states import CHARTS, EXPLORERS, MAPS, SCENES, Explored, State

THEMES: Final = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
STATES: Final = (*MAPS, *EXPLORERS, *(f"chart-{name}" for name in CHARTS))
WIDTHS: Final = (480, 1000, 1600)
CELL_WIDTHS: Final = (480, 1000)
HEIGHT: Final = 1100
TALL: Final = 2000
SCREEN: Final = (1920, 1080)
LARGE_SCREEN: Final = (3840, 2160)
LEAST_CHART: Final = 480  # pixels, below which the cell scrolls
LONGEST_FIT: Final = 5_000  # milliseconds
PAINTED: Final = 300  # milliseconds in which a page has painted everything in another theme
DRAWN: Final = 1_500  # milliseconds in which a chart has been drawn again, in steps

EXPLORER_CELL: Final = "explorer = dfn.Explorer(source, **options)\nexplorer"
# A chart is fitted to its cell half a second after that has changed, and its labels may then need another look.
_AS_WIDE: Final = """([width]) => {
    const drawn = document.querySelector('.jp-Cell .jp-OutputArea-output svg.marks');
    return drawn && Number(drawn.getAttribute('width')) === width;
}"""


def main(folder: Path, *names: str) -> None:
    """Take all pictures, or those of the states that are named."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as work, serve(Path(work)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=required(playwright), args=FLAGS)
        with _notebook(lab, browser) as notebook:
            live = MapPage(notebook, Path(work))
            for name in names or STATES:
                _take(live, name, folder / name)
        browser.close()


@contextmanager
def _notebook(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Open a notebook in which the states can be made."""
    with Notebook.window(lab, browser, height=HEIGHT) as notebook:
        notebook.page.add_init_script(RECORDER)
        notebook.open(*CELLS).python(f"{SETUP}\n{SCENES}")
        yield notebook


def _take(live: MapPage, name: str, file: Path) -> None:
    """Take the pictures of one state."""
    if name in MAPS:
        live.notebook.write(0, CELLS[0])
        show(live, MAPS[name], "starting" if name == "loading" else "stopped" if "replay" in name else "live")
        _shoot_map(live, MAPS[name], file)
        live.clear()
    elif name in EXPLORERS:
        _show_explorer(live, EXPLORERS[name])
        _shoot_explorer(live, EXPLORERS[name], file)
        live.python("explorer.close()")
        live.notebook.clear(0)
    else:
        live.notebook.write(0, CHARTS[name.removeprefix("chart-")]).run(0)
        _shoot_chart(live, file)
        live.notebook.clear(0)


# Maps


def show(live: MapPage, state: State, expected: str) -> None:
    """Show a map in a state, and wait until it has answered."""
    live.python(f"source, options = {state.source}, dict(every=3600, {state.options})")
    live.notebook.run(0)
    states = ", ".join(f'[data-state="{each}"]' for each in (expected, "refused", "retrying"))
    live.root.locator(f".df-status:is({states})").wait_for()
    live.rest()


def _shoot_map(live: MapPage, state: State, name: Path) -> None:
    """Take pictures of a map in both themes, all widths and in full screen."""
    for width in WIDTHS:
        live.page.set_viewport_size({"width": width, "height": HEIGHT})
        live.notebook.output(0).scroll_into_view_if_needed()  # or the camera would, away from the pointer
        live.rest()
        if state.act is not None and (state.each == "size" or (state.each == "once" and width == WIDTHS[0])):
            state.act(live)
        for theme in THEMES:
            with _pictured(live, state, theme):
                live.notebook.output(0).screenshot(path=f"{name}-{width}-{theme}.png")
    live.page.set_viewport_size({"width": SCREEN[0], "height": SCREEN[1]})
    live.root.get_by_role("button", name="Full screen").click()
    for width, height in (SCREEN, LARGE_SCREEN) if state.large else (SCREEN,):
        live.page.set_viewport_size({"width": width, "height": height})
        live.rest()
        if state.act is not None and state.each == "size":
            state.act(live)
        for theme in THEMES:
            with _pictured(live, state, theme):
                live.page.screenshot(path=f"{name}-full-{width}-{theme}.png")
    live.root.get_by_role("button", name="Exit full screen").click()


@contextmanager
def _pictured(live: MapPage, state: State, theme: str) -> Iterator[None]:
    """Have a map drawn in a theme, with what happens for each picture."""
    live.notebook.theme(THEMES[theme])  # type: ignore[arg-type]
    live.rest()
    act: Callable[[MapPage], object] | None = state.act if state.each == "picture" else None
    if act is not None:
        act(live)
    yield
    if act is not None and state.after is not None:
        state.after(live)


# Explorers


def _show_explorer(live: MapPage, state: Explored) -> None:
    """Show an explorer in a state, and wait until its chart, or what stands in its place, is there."""
    live.python(f"source, options = {state.source}, dict({state.options})")
    live.notebook.write(0, EXPLORER_CELL).run(0)
    live.page.locator(".datafast-explorer").locator("svg.marks, .df-empty:visible").first.wait_for(timeout=PATIENT)


def _shoot_explorer(live: MapPage, state: Explored, name: Path) -> None:
    """Take pictures of an explorer in both themes and all widths."""
    for width in WIDTHS:
        live.page.set_viewport_size({"width": width, "height": TALL})
        if state.act is not None and width == WIDTHS[0]:
            state.act(live)
        for theme in THEMES:
            live.notebook.theme(THEMES[theme])  # type: ignore[arg-type]
            live.page.wait_for_timeout(DRAWN)
            live.notebook.output(0).screenshot(path=f"{name}-{width}-{theme}.png")


# Charts


def _shoot_chart(live: MapPage, name: Path) -> None:
    """Take pictures of a chart in both themes, at each width of its cell."""
    output = live.notebook.output(0)
    live.page.set_viewport_size({"width": SCREEN[0], "height": TALL})
    expect(output.locator("svg.marks")).to_be_visible(timeout=PATIENT)
    for width in CELL_WIDTHS:
        # The width of the cell, in which the chart's frame and menu have theirs.
        output.evaluate("(cell, width) => { cell.style.maxWidth = `${width}px`; }", width)
        place = output.locator(".chart-wrapper").evaluate("it => it.clientWidth")
        with suppress(PlaywrightTimeout):  # a chart may keep a width of its own, and the picture shows it
            live.page.wait_for_function(_AS_WIDE, arg=[max(LEAST_CHART, place)], timeout=LONGEST_FIT)
        for theme in THEMES:
            live.notebook.theme(THEMES[theme])  # type: ignore[arg-type]
            live.page.wait_for_timeout(PAINTED)
            output.screenshot(path=f"{name}-{width}-{theme}.png")
    output.evaluate("cell => { cell.style.maxWidth = ''; }")


def _asked() -> Namespace:
    """Return what the command line asks for."""
    parser = ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to put the pictures; it is made if it is missing")
    parser.add_argument("states", nargs="*", help="the states to show; by default all of them")
    asked = parser.parse_args()
    if unknown := [name for name in asked.states if name not in STATES]:
        parser.error(f"there is no state {unknown[0]!r}; there are {', '.join(STATES)}")
    return asked


if __name__ == "__main__":
    wanted = _asked()
    main(wanted.folder, *wanted.states)
