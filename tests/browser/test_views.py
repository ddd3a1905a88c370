"""One map displayed twice: each view shows what it looks at, and what is pointed at in one is not so in the other."""

from __future__ import annotations

import json
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
    """Return the largest circle of the wide view."""
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
    """Return the number of circles that a view says it has."""
    found = re.search(r"in (\d+) places", canvas.get_attribute("aria-label") or "")
    assert found is not None
    return int(found[1])


def test_the_narrow_view_does_not_decide_what_the_wide_one_shows(live: MapPage, views: tuple[Locator, Locator]) -> None:
    wide, narrow = views
    live.until(lambda: places(narrow) < places(wide))
    looks = "sorted(len(each.id) for each in live._view.front.clusters.values())"
    assert live.python(f"print({looks})") == f"[{places(narrow)}, {places(wide)}]"
    assert places(wide) == live.number("len(live._view.front.clusters[list(live._map_state.views)[0]].id)")


def where(live: MapPage, index: int) -> list[float]:
    """Return what a view looks at, once it moves no more: zoom, south, west, north, east."""
    live.rest()
    code = "v = [*live._map_state.views.values()][{}].viewport\nprint([v.zoom, v.south, v.west, v.north, v.east])"
    return list(json.loads(live.python(code.format(index))))


def test_a_narrow_view_leaves_the_wide_one_where_it_was(live: MapPage, shown: MapPage) -> None:
    there, seen = where(live, 0), places(live.part("canvas"))
    live.run_beside("ipywidgets.VBox([live], layout={'width': '400px'})")
    expect(live.part("canvas")).to_have_count(2)
    live.until(lambda: live.number("len(live._map_state.views)") == 2)
    narrow = where(live, 1)
    assert narrow[0] < there[0]  # all of the inhabited world is in it, too
    assert narrow[4] - narrow[2] > 330
    assert where(live, 0) == there
    assert places(live.part("canvas").first) == seen


@pytest.mark.parametrize(("moved", "other"), [(0, 1), (1, 0)])
def test_moving_one_view_leaves_the_other_where_it_was(
    live: MapPage, views: tuple[Locator, Locator], moved: int, other: int
) -> None:
    live.until(lambda: live.number("len(live._map_state.views)") == 2)
    before = [where(live, 0), where(live, 1)]
    live.root.nth(moved).get_by_role("button", name="Zoom in").click()
    live.root.nth(moved).locator(".leaflet-container").press("ArrowLeft")
    live.until(lambda: where(live, moved)[0] == pytest.approx(before[moved][0] + 1, abs=0.13))  # quarters of a level
    assert where(live, other) == before[other]


def test_the_only_view_goes_on_where_the_last_one_looked(live: MapPage, shown: MapPage) -> None:
    live.root.get_by_role("button", name="Zoom in").click()
    live.until(lambda: where(live, 0)[0] > 2)
    there = where(live, 0)
    live.notebook.clear(0)
    live.until(lambda: live.page.locator(".datafast-map").count() == 0)
    live.run_beside("live")
    expect(live.part("canvas")).to_have_count(1)
    live.until(lambda: where(live, -1)[0] == there[0])


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
    live.until(lambda: live.number("len(live._map_state.views)") == 2)
    live.notebook.clear(1)
    live.until(lambda: live.number("len(live._map_state.views)") == 1)
    expect(live.part("canvas")).to_have_count(1)
