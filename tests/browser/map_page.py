"""The live map as a person has it before him: one map at a time, in a notebook that many tests share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Notebook, next_frame

SECONDS: Final = 1000  # in Playwright's milliseconds
PATIENT: Final = 30 * SECONDS  # as long as a busy machine may take

SETUP: Final = """
import json, threading, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
import ipywidgets
import polars as pl
import datafast_nb as dfn
from datafast_nb import LiveMap, Snapshot
from datafast_nb.errors import AuthenticationError, ConnectionFailedError
from tests.livemap.sources import NOON, FromFile, events, payments, people, visitors

# To draw the picture for readers without widgets takes half the time in which a map is shown, and has its own tests.
LiveMap._static_output = lambda live: ({"text/plain": repr(live)}, {})

def at(seconds):
    return NOON + timedelta(seconds=seconds)

def moment(visitors, events=None, payments=None, seconds=0, **more):
    return Snapshot(visitors, events, payments, fetched_at=at(seconds), **more)

def group(count, name, latitude, longitude, **columns):
    own = {"visitor_id": pl.format(name + " {}", pl.int_range(count)), "city": name}
    return visitors(count, **(own | {"latitude": float(latitude), "longitude": float(longitude)} | columns))
""".strip()

CELLS: Final = ("live = LiveMap(source, **options)\nlive", "")

_REFRESH: Final = """
_before = live._frame.snapshot
live.refresh()
while live._frame.snapshot is _before:
    time.sleep(0.02)
with live._lock:
    pass  # the poller's thread has drawn
"""

_SETTLED: Final = """
print(live._map_state.views, [each.across for each in live._view.front.clusters.values()])
"""

# Keeps what is drawn on the visitors' canvas: circles in its own pixels, frame by frame.
RECORDER: Final = """(() => {
    const drawn = window.drawn = {count: 0, frames: []};
    let path = null;
    const wrap = (name, note) => {
        const real = CanvasRenderingContext2D.prototype[name];
        CanvasRenderingContext2D.prototype[name] = function (...values) {
            if (this.canvas.classList?.contains('df-canvas')) note(this, values, drawn.frames.at(-1));
            return real.apply(this, values);
        };
    };
    wrap('clearRect', () => {
        drawn.count += 1;
        drawn.frames.push({discs: [], rings: [], numbers: []});
        if (drawn.frames.length > 400) drawn.frames.shift();
    });
    wrap('arc', (_context, [x, y, radius, start, end]) => {
        path = {x, y, radius, turn: (end - start) / 2 / Math.PI};
    });
    wrap('fill', ({fillStyle, globalAlpha}, _values, frame) =>
        frame?.discs.push({...path, color: fillStyle, alpha: globalAlpha}));
    wrap('stroke', ({strokeStyle, globalAlpha, lineWidth}, _values, frame) =>
        frame?.rings.push({...path, color: strokeStyle, alpha: globalAlpha, width: lineWidth}));
    wrap('fillText', (_context, [text, x, y], frame) => frame?.numbers.push({text, x, y}));
})()"""

# Waits until the map moves no more (no zoom is under way, no frame comes), and the kernel is told, 60 ms later.
_REST: Final = """async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 120));
    for (let before = -1; before !== window.drawn.count || document.querySelector('.leaflet-zoom-anim');) {
        before = window.drawn.count;
        await pause();
    }
}"""

# The discs of the last frame, in pixels of the window, the largest first, as they are drawn.
_DISCS: Final = """() => {
    const canvas = document.querySelector('.df-canvas');
    const {left, top} = canvas.getBoundingClientRect();
    return (window.drawn.frames.at(-1)?.discs ?? []).map((disc) => ({...disc, x: left + disc.x, y: top + disc.y}));
}"""

_ANSWERED: Final = '.df-status:not([data-state="starting"])'


@dataclass
class MapPage:
    """The live map in a notebook's first cell, and its site, which answers as the test wants."""

    notebook: Notebook
    folder: Path

    @property
    def page(self) -> Page:
        return self.notebook.page

    @property
    def root(self) -> Locator:
        return self.page.locator(".datafast-map")

    def part(self, name: str, text: str | None = None) -> Locator:
        """Find the parts of the map that have the class df-`name`."""
        return self.root.locator(f".df-{name}", has_text=text)

    def python(self, code: str) -> str:
        """Run code in the kernel, and give what it printed."""
        return self.notebook.python(code)

    def number(self, expression: str) -> float:
        """Return the value of an expression in the kernel."""
        return float(self.python(f"print({expression})"))

    # What the site answers

    def answers(self, expression: str, site: str = "") -> str:
        """Let the site answer this from now on; gives the file that says so."""
        path = self.folder / f"site {site}.py"
        # In one step, so that the kernel never reads half of it.
        draft = path.with_suffix(".new")
        draft.write_text(expression)
        draft.replace(path)
        return str(path)

    def refresh(self, expression: str | None = None) -> None:
        """Ask once more, and wait until the answer is on the screen."""
        if expression is not None:
            self.answers(expression)
        self.python(_REFRESH)

    # Showing and clearing

    def show(self, expression: str = "people(300)", **options: Any) -> MapPage:
        """Show a map of a site that answers this, and wait until it is at rest."""
        self.make(expression, **options)
        return self.run()

    def run(self, state: str = "live") -> MapPage:
        """Run the map's cell, and wait until the map is at rest in a state."""
        self.notebook.run(0)
        self.root.locator(_ANSWERED).wait_for(timeout=PATIENT)
        expect(self.part("status")).to_have_attribute("data-state", state)
        return self.rest()

    def show_sites(self, answers: dict[str, str], **options: Any) -> MapPage:
        """Show a map of several sites, and wait until it is at rest."""
        paths = {name: self.answers(expression, name) for name, expression in answers.items()}
        self._prepare(f"{{name: FromFile(path, globals()) for name, path in {paths!r}.items()}}", options)
        return self.run()

    def make(self, expression: str, **options: Any) -> None:
        """Prepare what the cell shows when it is run."""
        path = self.answers(expression)
        self._prepare(f"FromFile({path!r}, globals())", options)

    def _prepare(self, source: str, options: dict[str, Any]) -> None:
        """Set what the cell takes."""
        self.python(f"source = {source}; options = {{'every': 3600, **{options!r}}}")
        self.page.evaluate("Object.assign(window.drawn, {count: 0, frames: []})")

    def clear(self) -> None:
        """Take the map away."""
        self.python("if 'live' in globals(): live.close()")
        self.notebook.clear(0).clear(1)

    def run_beside(self, source: str, *, wait: bool = True) -> Locator:
        """Run something else in the cell after the map, and give its output."""
        return self.notebook.write(1, source).run(1, wait=wait).output(1)

    # Waiting

    def rest(self) -> MapPage:
        """Wait until the map moves no more, and the kernel knows what it shows."""
        self.page.wait_for_function("window.drawn.count > 0 && document.querySelector('.df-canvas')", polling=100)
        next_frame(self.page)  # from which on a drag goes on by itself
        self.page.wait_for_function("!document.querySelector('.leaflet-pan-anim, .leaflet-zoom-anim')", polling=100)
        seen, state = "", "?"
        while state != seen:
            self.page.evaluate(_REST)
            seen, state = state, self.python(_SETTLED)
        return self

    def until(self, holds: Callable[[], bool]) -> None:
        """Ask again and again, for half a minute at most."""
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline, "it never held"
            self.page.wait_for_timeout(100)

    def visitors_now(self, count: str) -> None:
        """Wait until the header shows a number of visitors."""
        expect(self.part("figure", "Visitors ").locator("strong")).to_have_text(count, timeout=PATIENT)

    # The drawing

    def discs(self) -> list[dict[str, Any]]:
        """Return the circles that are drawn, in pixels of the window, the largest first."""
        found: list[dict[str, Any]] = self.page.evaluate(_DISCS)
        return found

    def frames(self) -> list[dict[str, Any]]:
        """Return what was drawn from the last frame of the last call on, in the canvas's own pixels."""
        return list(
            self.page.evaluate(
                "[...window.drawn.frames.splice(0, window.drawn.frames.length - 1), ...window.drawn.frames]"
            )
        )

    def frame(self) -> dict[str, Any]:
        """Return the last frame, in the canvas's own pixels."""
        self.page.wait_for_function("window.drawn.frames.length > 0", polling=100)
        return dict(self.page.evaluate("window.drawn.frames.at(-1)"))

    def drawn(self) -> int:
        """Return the number of frames that were drawn so far."""
        return int(self.page.evaluate("window.drawn.count"))

    def point_at(self, disc: dict[str, Any]) -> None:
        """Move the pointer to a circle, at a person's pace."""
        for step in (60, 20, 0):
            self.page.mouse.move(disc["x"] - step, disc["y"])

    def click(self, disc: dict[str, Any]) -> None:
        """Click on a circle."""
        self.page.mouse.click(disc["x"], disc["y"])

    def middle(self) -> tuple[float, float]:
        """Return the middle of the map, in pixels of the window."""
        box = self.root.locator(".leaflet-container").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def view(self) -> dict[str, float]:
        """Return what the map shows, in degrees."""
        code = "v = [*live._map_state.views.values()][-1].viewport\n"
        code += "print(json.dumps([v.zoom, v.south, v.west, v.north, v.east]))"
        return dict(zip(("zoom", "south", "west", "north", "east"), json.loads(self.python(code)), strict=True))

    # The panel

    def tab(self, name: str) -> Locator:
        return self.root.get_by_role("tab", name=name)

    def rows(self, name: str = "Visitors") -> Locator:
        """Return the rows of a list."""
        return self.root.get_by_role("listbox", name=name).get_by_role("option")
