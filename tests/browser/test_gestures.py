"""Over the map the page scrolls, with the plain wheel and one finger. With Ctrl, and with two, the map zooms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession, expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

_SCROLLED = "() => document.querySelector('.jp-WindowedPanel-outer').scrollTop"


@pytest.fixture
def tall(live: MapPage) -> MapPage:
    """Show a map on a page that is longer than the window."""
    live.notebook.write(1, "\n".join(["# a line"] * 80))
    return live.show("people(60)")


@pytest.fixture
def fingers(tall: MapPage) -> Iterator[CDPSession]:
    """Return what puts fingers on the screen."""
    devtools = tall.page.context.new_cdp_session(tall.page)
    devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    yield devtools
    devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    devtools.detach()


def slide(fingers: CDPSession, *ways: list[tuple[float, float]]) -> None:
    """Move fingers along their ways, all at once."""
    for kind, index in [("touchStart", 0), *(("touchMove", step) for step in range(1, len(ways[0])))]:
        points = [{"x": way[index][0], "y": way[index][1], "id": number} for number, way in enumerate(ways)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def middle(live: MapPage) -> tuple[float, float]:
    """Return the middle of the map, in pixels of the window."""
    box = live.root.locator(".leaflet-container").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_plain_wheel_scrolls_the_page_and_says_how_to_zoom(tall: MapPage) -> None:
    before = tall.view()
    tall.page.mouse.move(*middle(tall))
    tall.page.mouse.wheel(0, 60)
    expect(tall.part("gesture")).to_have_attribute("data-shown", "")
    expect(tall.part("gesture")).to_have_text("Hold Ctrl and scroll to zoom")
    tall.until(lambda: tall.page.evaluate(_SCROLLED) > 0)
    expect(tall.part("gesture")).not_to_have_attribute("data-shown", "")
    assert tall.rest().view() == before


def test_the_wheel_with_ctrl_zooms_the_map_and_not_the_page(tall: MapPage) -> None:
    before, scrolled = tall.view(), tall.page.evaluate(_SCROLLED)
    tall.page.mouse.move(*middle(tall))
    tall.page.keyboard.down("Control")
    tall.page.mouse.wheel(0, -200)
    tall.page.keyboard.up("Control")
    tall.until(lambda: tall.rest().view()["zoom"] > before["zoom"])
    assert tall.page.evaluate(_SCROLLED) == scrolled
    expect(tall.part("gesture")).not_to_have_attribute("data-shown", "")


def test_the_plain_wheel_zooms_in_full_screen(tall: MapPage) -> None:
    tall.root.get_by_role("button", name="Full screen").click()
    tall.page.wait_for_function("document.fullscreenElement !== null")
    before = tall.rest().view()
    tall.page.mouse.move(*middle(tall))
    tall.page.mouse.wheel(0, -200)
    tall.until(lambda: tall.rest().view()["zoom"] > before["zoom"])
    tall.root.get_by_role("button", name="Exit full screen").click()
    tall.page.wait_for_function("document.fullscreenElement === null")


def test_one_finger_scrolls_the_page_and_not_the_map(tall: MapPage, fingers: CDPSession) -> None:
    before, (x, y) = tall.view(), middle(tall)
    slide(fingers, [(x, y - 12 * step) for step in range(10)])
    expect(tall.part("gesture")).to_have_text("Use two fingers to move the map")
    tall.until(lambda: tall.page.evaluate(_SCROLLED) > 0)
    assert tall.rest().view() == before


def test_two_fingers_zoom_the_map(tall: MapPage, fingers: CDPSession) -> None:
    before, (x, y) = tall.view(), middle(tall)
    slide(fingers, *([(x + side * (40 + 12 * step), y) for step in range(10)] for side in (-1, 1)))
    tall.until(lambda: tall.rest().view()["zoom"] > before["zoom"])
    expect(tall.part("gesture")).not_to_have_attribute("data-shown", "")
