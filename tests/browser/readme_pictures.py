"""Makes the README's pictures of the live map: a still one, and a short animated one.

Run it as ``python -m tests.browser.readme_pictures``. Time in the page goes on from frame to frame, so the pictures do
not depend on how fast the machine is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import FLAGS, required
from tests.browser.lab import ROOT, Notebook, serve
from tests.browser.map_page import CELLS, RECORDER, SETUP, MapPage

STILL: Final = Path(ROOT, "notebooks/images/live-map.png")
ANIMATED: Final = Path(ROOT, "docs/images/live-map.webp")

LARGEST: Final = 3_000_000  # bytes
FRAME: Final = 80  # milliseconds
BEFORE_SALE: Final = 25  # seconds
REAL: Final = 400  # milliseconds in which the kernel answers

SCENES: Final = """
from datafast_nb.livemap.frame_state import FrameState
from datafast_nb.widgets import visibility
visibility.LONGEST_SILENCE = 3600.0  # the page's time stands still between two frames

class Filmed:
    \"\"\"A website whose time goes on as it is told.\"\"\"

    def __init__(self):
        self.time = NOON
        self.site = dfn.demo.Site(seed=3, visitors=300, start=NOON - timedelta(hours=1), clock=lambda: self.time)

    def snapshot(self):
        return self.site.snapshot()

    def pass_by(self, seconds):
        self.time += timedelta(seconds=seconds)

def refresh():
    before = live.snapshot
    live.refresh()
    while live.snapshot is before:
        time.sleep(0.02)

def pass_until_one_pays():
    \"\"\"Let time pass, unseen, until the next seconds bring a payment by somebody who is on the map.\"\"\"
    known = None
    while True:
        frame = FrameState(source.snapshot())
        paid = set(frame.paid.filter(pl.col("latitude").is_not_null())["payment_id"])
        if known is not None and paid - known:
            break
        known = paid
        source.pass_by(5)

source, options = Filmed(), {"every": 10, "theme": "dark"}
"""
_POINTER: Final = """() => {
    const pointer = document.createElement('div');
    pointer.innerHTML = '<svg width="22" height="22" viewBox="0 0 22 22"><path d="M3 2l15 9-7 1.5-3.5 6.5z" ' +
        'fill="#fff" stroke="#111" stroke-width="1.4" stroke-linejoin="round"/></svg>';
    pointer.style = 'position: fixed; z-index: 99999; pointer-events: none; left: -40px; top: 0';
    document.body.append(pointer);
    window.addEventListener('pointermove', ({clientX, clientY}) =>
        Object.assign(pointer.style, {left: `${clientX - 3}px`, top: `${clientY - 2}px`}), true);
}"""
# Lets the page's animations go on by so many milliseconds, as its clock does.
_ANIMATE: Final = """(milliseconds) => {
    for (const animation of document.getAnimations()) {
        const time = (animation.currentTime ?? 0) + (window.animated?.has(animation) ? milliseconds : 0);
        (window.animated ??= new WeakSet()).add(animation);
        animation.pause();
        animation.currentTime = time;
        if (time >= animation.effect.getComputedTiming().endTime) animation.finish();
    }
}"""


class Film:
    """Takes a picture after each part of a second, in the page's time, which stands still in between."""

    def __init__(self, live: MapPage) -> None:
        self.live = live
        self.page: Page = live.page
        self.frames: list[Image.Image] = []
        box = live.root.bounding_box()
        assert box is not None
        self._clip = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
        self._at = (0.0, 0.0)

    def shoot(self, seconds: float) -> None:
        """Film for so long."""
        for _ in range(round(1000 * seconds / FRAME)):
            self.page.clock.run_for(FRAME)
            self.page.evaluate(_ANIMATE, FRAME)
            self.frames.append(Image.open(io.BytesIO(self.page.screenshot(clip=self._clip))).convert("RGB"))

    def point(self, x: float, y: float, seconds: float = 0.5) -> None:
        """Move the pointer there while filming."""
        steps = max(1, round(1000 * seconds / FRAME))
        from_x, from_y = self._at
        for step in range(1, steps + 1):
            share = (step / steps) ** 2 * (3 - 2 * step / steps)
            self.page.mouse.move(from_x + (x - from_x) * share, from_y + (y - from_y) * share)
            self.shoot(FRAME / 1000)
        self._at = (x, y)

    def click(self, name: str) -> None:
        """Move the pointer to a button, click on it, and wait for the kernel's answer."""
        box = self.live.root.get_by_role("button", name=name).bounding_box()
        assert box is not None
        self.point(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.click(*self._at)
        self.answered()

    def drag(self, across: float, seconds: float) -> None:
        """Drag what is under the pointer."""
        self.page.mouse.down()
        self.point(self._at[0] + across, self._at[1], seconds)
        self.page.mouse.up()

    def type(self, text: str) -> None:
        """Write in the box for the search."""
        box = self.live.root.get_by_role("searchbox").bounding_box()
        assert box is not None
        self.point(box["x"] + 60, box["y"] + 14)
        self.page.mouse.click(*self._at)
        for letter in text:
            self.page.keyboard.type(letter)
            self.shoot(FRAME / 1000)
        self.shoot(0.32)  # until it is asked for
        self.answered()

    def zoom(self, levels: int) -> None:
        """Zoom in under the pointer."""
        self.page.keyboard.down("Control")
        for _ in range(levels):
            self.page.mouse.wheel(0, -120)
            self.shoot(0.4)
            self.answered()
            self.shoot(0.4)
        self.page.keyboard.up("Control")

    def answered(self) -> None:
        """Wait, in real time, until the kernel has answered; nothing is filmed."""
        self.page.wait_for_timeout(REAL)

    def passes(self, seconds: float) -> None:
        """Let time pass on the website, and ask it."""
        self.live.python(f"source.pass_by({seconds}); refresh()")
        self.answered()


def act(film: Film) -> None:
    """Show what is shown: visitors arrive, one pays, Europe is zoomed to, somebody is looked for, the globe turns."""
    film.shoot(0.5)
    film.passes(BEFORE_SALE - 5)
    film.shoot(1.3)
    film.passes(5)
    film.shoot(1.6)
    x, y = film.live.middle()
    film.point(x - 15, y - 62)
    film.zoom(2)
    film.shoot(0.4)
    film.type("Germany")
    film.shoot(0.8)
    film.click("Remove filter Search: Germany")
    film.shoot(0.4)
    film.click("Globe")
    film.shoot(0.3)
    film.click("Fit to the visitors")
    film.shoot(0.9)
    film.point(x - 60, y)
    film.drag(260, 1.2)
    film.shoot(1.2)


@contextmanager
def filmed() -> Iterator[MapPage]:
    """Show a map in the size of the pictures."""
    with TemporaryDirectory() as work, serve(Path(work)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=required(playwright), args=FLAGS)
        with Notebook.window(lab, browser, width=1360, height=900, motion=True) as notebook:
            notebook.page.add_init_script(RECORDER)
            notebook.open(*CELLS).python(f"{SETUP}\n{SCENES}")
            notebook.page.clock.install()
            live = MapPage(notebook, Path(work))
            yield live.run()
        browser.close()


def still(live: MapPage) -> None:
    """Make the still picture: the map in light, after half an hour."""
    live.python("live.theme = 'light'")
    live.page.clock.fast_forward(10_000)  # until the messages of payments have left
    live.python("refresh()")  # at the same moment of the website
    live.rest()
    live.page.mouse.move(0, 0)
    Image.open(io.BytesIO(live.root.screenshot())).convert("RGB").save(STILL, optimize=True)
    live.python("live.theme = 'dark'")
    live.rest()


def animated(live: MapPage) -> None:
    """Make the animated picture."""
    live.page.evaluate(_POINTER)
    live.page.clock.pause_at(live.page.evaluate("Date.now() + 1000"))
    film = Film(live)
    live.python("pass_until_one_pays()")
    film.passes(-BEFORE_SALE)
    film.page.clock.run_for(10_000)  # until the messages of payments have left
    act(film)
    first, *others = film.frames
    first.save(ANIMATED, save_all=True, append_images=others, duration=FRAME, loop=0, quality=82, method=4)


def main() -> None:
    """Make both pictures."""
    with filmed() as live:
        live.python("for _ in range(29):\n    source.pass_by(60)\n    refresh()")
        live.rest()
        still(live)
        animated(live)
    assert ANIMATED.stat().st_size < LARGEST, f"the animated picture has {ANIMATED.stat().st_size:,} bytes"


if __name__ == "__main__":
    main()
