"""One map displayed twice: each view shows what it looks at, and what is pointed at in one is not so in the other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.map_page import PATIENT, MapPage

pytestmark = pytest.mark.browser

_NARROW = """(root) => {
    root.style.width = '380px';
    return new Promise((resolve) => setTimeout(resolve, 300));
}"""


@pytest.fixture
def shown(live: MapPage) -> MapPage:
    """Show a map in a wide view."""
    return live.show("people(400)")


@pytest.fixture
def cluster(shown: MapPage) -> dict[str, Any]:
    """Give the largest circle of the wide view."""
    return shown.discs()[0]


@pytest.fixture
def views(shown: MapPage) -> tuple[Locator, Locator]:
    """Show the map in a narrow view, too; give both canvases."""
    live = shown
    live.run_beside("live")
    live.root.nth(1).evaluate(_NARROW)
    expect(live.part("canvas")).to_have_count(2)
    expect(live.part("canvas").nth(1)).to_have_attribute("aria-label", re.compile(r"\d+ in \d+ places"))
    return live.part("canvas").nth(0), live.part("canvas").nth(1)


def places(canvas: Locator) -> int:
    """Give the number of circles that a view says it has."""
    found = re.search(r"in (\d+) places", canvas.get_attribute("aria-label") or "")
    assert found is not None
    return int(found[1])


def test_the_narrow_view_does_not_decide_what_the_wide_one_shows(live: MapPage, views: tuple[Locator, Locator]) -> None:
    wide, narrow = views
    live.until(lambda: places(narrow) < places(wide))
    looks = "sorted(len(each['items']) for each in live._view.front.clusters.values())"
    assert live.python(f"print({looks})") == f"[{places(narrow)}, {places(wide)}]"
    assert places(wide) == live.number("len(live._view.front.clusters[list(live._wishes.looks)[0]]['items'])")


def test_a_popup_opens_in_the_view_that_was_clicked_alone(
    live: MapPage, cluster: dict[str, Any], views: tuple[Locator, Locator]
) -> None:
    live.point_at(cluster)
    expect(live.part("tip").first).to_be_visible(timeout=PATIENT)
    expect(live.part("tip").last).to_be_hidden()
    live.click(cluster)
    expect(live.root.first.locator(".df-popup")).to_be_visible(timeout=PATIENT)
    expect(live.part("popup")).to_have_count(1)


def test_a_view_that_is_cleared_is_drawn_no_more(live: MapPage, views: tuple[Locator, Locator]) -> None:
    live.until(lambda: live.number("len(live._wishes.looks)") == 2)
    live.notebook.clear(1)
    live.until(lambda: live.number("len(live._wishes.looks)") == 1)
    expect(live.part("canvas")).to_have_count(1)
