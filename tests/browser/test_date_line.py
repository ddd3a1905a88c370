"""Visitors on both sides of the date line are neighbors: the map goes the short way to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

SUVA = "group(4, 'Suva', -18.1, 178.4, country_code='FJ')"
APIA = "group(2, 'Apia', -13.8, -171.8, country_code='WS', display_name='Sina', customer_email='sina@example.org')"
BOTH = f"moment(pl.concat([{SUVA}, {APIA}]))"
PAYMENT = "dict(payment_id='p', amount=9.0, currency='USD', email='sina@example.org', timestamp=at(0))"
PAID = f"moment(pl.concat([{SUVA}, {APIA}]), payments=payments({PAYMENT}))"


@pytest.fixture
def fiji(live: MapPage) -> MapPage:
    """Show a map that looks at Fiji, west of the date line, so near that Samoa is not in sight."""
    live.show(f"moment({SUVA})")
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.until(lambda: live.rest().view()["zoom"] > 6)
    live.refresh(BOTH)
    return live.rest()


@pytest.fixture
def moving(fiji: MapPage) -> Iterator[MapPage]:
    """Let things move, as flights do."""
    fiji.page.emulate_media(reduced_motion="no-preference")
    yield fiji
    fiji.page.emulate_media(reduced_motion="reduce")


def width(view: dict[str, float]) -> float:
    return view["east"] - view["west"]


def test_selecting_a_neighbor_goes_the_short_way(moving: MapPage) -> None:
    before = moving.view()
    moving.rows().filter(has_text="Sina").first.click()
    moving.until(lambda: moving.rest().view() != before)
    view = moving.view()
    assert (view["west"] + view["east"]) / 2 == pytest.approx(-171.8, abs=0.1)


def test_selecting_a_neighbor_in_sight_moves_nothing(moving: MapPage) -> None:
    for _ in range(2):
        moving.root.get_by_role("button", name="Zoom out").click(modifiers=["Shift"])  # three levels at once
        moving.rest()
    before = moving.view()
    assert before["east"] > 188.2
    moving.rows().filter(has_text="Sina").first.click()
    expect(moving.part("card")).to_contain_text("Sina")
    assert moving.rest().view() == before
    rings = [ring for ring in moving.frame()["rings"] if ring["width"] == 2.5]
    middle = moving.part("canvas").evaluate("(canvas) => canvas.width / window.devicePixelRatio / 2")
    assert len(rings) == 1
    assert abs(rings[0]["x"] - middle) < 60


def test_both_sides_of_the_line_are_fitted_closely_and_drawn_side_by_side(live: MapPage) -> None:
    live.show(BOTH)
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.until(lambda: width(live.rest().view()) < 60)
    discs = live.discs()
    assert len(discs) == 2
    box = live.root.locator(".leaflet-container").bounding_box()
    assert box is not None
    assert all(box["x"] < disc["x"] < box["x"] + box["width"] for disc in discs)
    assert discs[0]["x"] < discs[1]["x"]  # Suva has more visitors, and is in the west
    live.point_at(discs[1])
    expect(live.part("tip")).to_contain_text("Apia")


def test_a_payment_from_beyond_the_line_pulses_in_sight(moving: MapPage) -> None:
    before = moving.view()
    moving.root.get_by_role("button", name="Fit to the visitors").click()
    moving.until(lambda: moving.rest().view() != before)
    moving.frames()
    moving.refresh(PAID)
    pulses = [ring for frame in moving.rest().frames() for ring in frame["rings"] if ring["width"] == 4]
    assert pulses
    canvas = moving.part("canvas").evaluate("(canvas) => canvas.width / window.devicePixelRatio")
    assert all(0.13 * canvas < ring["x"] < 0.87 * canvas for ring in pulses)


# The colors from top to bottom in the middle of the canvas of the land.
_COLUMN = """() => {
    const canvas = document.querySelector('.df-shapes');
    const colors = canvas.getContext('2d').getImageData(canvas.width / 2, 0, 1, canvas.height).data;
    return [...Array(canvas.height).keys()].map((row) => colors.slice(4 * row, 4 * row + 3).join());
}"""


def test_land_on_both_sides_of_the_date_line_covers_no_sea_between(live: MapPage) -> None:
    north = "moment(pl.concat([group(1, 'Reykjavik', 64.1, -21.9), group(1, 'Bodo', 67.3, 14.4)]))"
    live.show(north)
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.until(lambda: live.rest().view()["zoom"] > 3.5)
    live.part("shapes").wait_for()
    view = live.view()
    assert view["west"] < -2 < view["east"]
    colors = live.page.evaluate(_COLUMN)
    sea = "() => getComputedStyle(document.querySelector('.df-shapes')).getPropertyValue('--df-water').trim()"
    water = ",".join(map(str, bytes.fromhex(live.page.evaluate(sea).removeprefix("#"))))
    assert set(colors[len(colors) // 3 : len(colors) // 2]) == {water}  # the Norwegian Sea, north of the middle


def test_land_is_in_its_place_where_the_map_ends_at_a_pole(live: MapPage) -> None:
    live.show("moment(group(1, 'North of Greenland', 83.9, -33))")
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.until(lambda: live.rest().view()["zoom"] > 3.5)
    while live.view()["zoom"] > 4.5:
        live.root.get_by_role("button", name="Zoom out").click()
        live.rest()
    live.part("shapes").wait_for()
    assert live.view()["north"] > 85
    disc = live.discs()[0]
    under, sea = live.page.evaluate(
        """([x, y]) => {
            const canvas = document.querySelector('.df-shapes');
            const {left, top} = canvas.getBoundingClientRect();
            const pen = canvas.getContext('2d');
            return [[x - left, y - top], [5, 5]].map((at) => pen.getImageData(...at, 1, 1).data.join());
        }""",
        [disc["x"], disc["y"]],
    )
    assert under == sea
    assert len(set(live.page.evaluate(_COLUMN))) > 1  # Greenland, south of it
