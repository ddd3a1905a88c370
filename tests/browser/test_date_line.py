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

_WATCH = """() => {
    window.middles = [];
    const pane = document.querySelector('.leaflet-map-pane');
    new MutationObserver(() => window.middles.push(new DOMMatrix(getComputedStyle(pane).transform).m41))
        .observe(pane, {attributeFilter: ['style']});
}"""


@pytest.fixture
def fiji(live: MapPage) -> MapPage:
    """Show a map that looks at Fiji, west of the date line, so near that Samoa is not in sight."""
    live.show(f"moment({SUVA})")
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.rest().refresh(BOTH)
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
    moving.page.evaluate(_WATCH)
    shift = 256 * 2 ** moving.view()["zoom"] * (188.2 - 178.4) / 360
    moving.rows().filter(has_text="Sina").first.click()
    view = moving.rest().view()
    assert view["west"] < -171.8 < view["east"] or view["west"] < 188.2 < view["east"]
    assert -180 <= (view["west"] + view["east"]) / 2 <= 180
    middles = moving.page.evaluate("window.middles")
    assert max(middles) - min(middles) < 1.2 * shift


def test_both_sides_of_the_line_are_fitted_closely_and_drawn_side_by_side(live: MapPage) -> None:
    live.show(BOTH)
    live.root.get_by_role("button", name="Fit to the visitors").click()
    assert width(live.rest().view()) < 60
    discs = live.discs()
    assert len(discs) == 2
    box = live.root.locator(".leaflet-container").bounding_box()
    assert box is not None
    assert all(box["x"] < disc["x"] < box["x"] + box["width"] for disc in discs)
    assert discs[0]["x"] < discs[1]["x"]  # Suva has more visitors, and is in the west
    live.point_at(discs[1])
    expect(live.part("tip")).to_contain_text("Apia")
    live.click(discs[1])
    popup = live.root.locator(".leaflet-popup").bounding_box()
    assert popup is not None
    assert abs(popup["x"] + popup["width"] / 2 - discs[1]["x"]) < 4


def test_a_payment_from_beyond_the_line_pulses_in_sight(moving: MapPage) -> None:
    moving.root.get_by_role("button", name="Fit to the visitors").click()
    moving.rest().frames()
    moving.refresh(PAID)
    pulses = [ring for frame in moving.rest().frames() for ring in frame["rings"] if ring["width"] == 4]
    assert pulses
    canvas = moving.part("canvas").evaluate("(canvas) => canvas.width / window.devicePixelRatio")
    assert all(0.13 * canvas < ring["x"] < 0.87 * canvas for ring in pulses)
