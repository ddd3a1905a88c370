"""What makes the map alive: the last minutes in the header, events beside the visitors, and confetti for a payment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

ADA = "group(1, 'Lima', -12, -77, country_code='PE', display_name='Ada', customer_email='ada@example.org')"
PAID = "dict(payment_id='p1', amount=49.0, currency='EUR', is_new=True, email='ada@example.org', timestamp=at(-5))"
EVENT = "dict(event_id='1', type='sign_up', visitor_id='Lima 0', timestamp=at(-9))"

# Counts the pieces of paper that are drawn from now on.
_COUNT_PAPER = """() => {
    window.paper = 0;
    const real = CanvasRenderingContext2D.prototype.fillRect;
    CanvasRenderingContext2D.prototype.fillRect = function (...box) {
        if (this.canvas.classList.contains('df-canvas')) window.paper += 1;
        return real.apply(this, box);
    };
}"""


@pytest.fixture
def wide(live: MapPage) -> Iterator[MapPage]:
    """Give the map a wide window."""
    live.page.set_viewport_size({"width": 1600, "height": 900})
    yield live
    live.page.set_viewport_size({"width": 1280, "height": 900})


def test_the_header_shows_the_visitors_of_the_last_minutes(live: MapPage) -> None:
    live.show("moment(group(2, 'Faya', 18, 19))")
    expect(live.part("traffic")).to_have_count(0)
    live.refresh("moment(group(8, 'Faya', 18, 19), seconds=60)")
    live.visitors_now("8")
    expect(live.root.get_by_role("img", name="Visitors in the last 2 minutes: 2 to 8")).to_be_visible()
    assert live.part("traffic").locator("rect").count() == 2


def test_events_stand_beside_the_visitors_where_there_is_room(wide: MapPage) -> None:
    wide.show(f"moment({ADA}, events({EVENT}))")
    assert [tab.inner_text().split()[0] for tab in wide.root.get_by_role("tab").all()] == ["Visitors", "Payments"]
    feed = wide.root.get_by_role("listbox", name="Events")
    expect(feed.get_by_role("option")).to_contain_text("sign up")
    feed.get_by_role("option").click()
    expect(wide.part("card").locator("header")).to_contain_text("Ada")
    expect(feed).to_be_visible()
    wide.page.set_viewport_size({"width": 1200, "height": 900})
    expect(wide.tab("Events")).to_be_attached()


def test_a_payment_is_celebrated_once_and_not_where_motion_is_reduced(live: MapPage) -> None:
    paid = f"moment({ADA}, payments=payments({PAID}), seconds={{}})"
    live.page.evaluate(_COUNT_PAPER)
    for motion, celebrates in (("reduce", False), ("no-preference", True)):
        live.page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        live.show(f"moment({ADA})")
        live.refresh(paid.format(10))
        expect(live.part("toast")).to_have_count(1)
        live.rest()
        assert (live.page.evaluate("window.paper") > 0) is celebrates
        live.page.evaluate("window.paper = 0")
        live.refresh(paid.format(20))
        live.rest()
        assert live.page.evaluate("window.paper") == 0
        live.clear()
    live.page.emulate_media(reduced_motion="reduce")
