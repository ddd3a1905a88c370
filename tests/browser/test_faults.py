"""What the live map shows when a site does not answer, refuses, or is one of several."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import SECONDS, MapPage

pytestmark = pytest.mark.browser

FAULT = "ConnectionFailedError('The site did not answer.')"
REFUSAL = "AuthenticationError('The key is not accepted (401).')"
SHOP = "moment(group(5, 'Lyon', 45.8, 4.8))"
BLOG = "moment(group(3, 'Perth', -32, 115.9))"


@pytest.fixture
def _time_can_be_moved(live: MapPage) -> Iterator[None]:
    """Let the browser's clock be put forward, and put it back."""
    live.page.evaluate("""() => {
        const now = performance.now.bind(performance);
        window.passed = 0;
        performance.now = () => now() + window.passed;
    }""")
    yield
    live.page.evaluate("() => { window.passed = 0; }")


def test_a_fault_keeps_what_was_there_and_says_so(live: MapPage) -> None:
    live.show("people(300)")
    drawn = live.discs()
    live.answers(FAULT)
    live.root.get_by_role("button", name="Refresh now").click()
    expect(live.part("state")).to_contain_text("The site did not answer. Next try at")
    expect(live.part("status")).to_have_attribute("data-state", "retrying")
    live.visitors_now("300")
    assert live.rest().discs() == drawn
    expect(live.rows().first).to_be_visible()


def test_it_recovers_by_itself(live: MapPage) -> None:
    live.show("people(300)", every=1)
    live.answers(FAULT)
    expect(live.part("status")).to_have_attribute("data-state", "retrying", timeout=10 * SECONDS)
    live.answers("people(299)")
    live.visitors_now("299")
    expect(live.part("state")).to_have_text("Live · every 1 s")


@pytest.mark.usefixtures("_time_can_be_moved")
def test_data_that_have_grown_old_are_said_to_be(live: MapPage) -> None:
    live.show("people(300)", every=1000)
    live.answers(FAULT)
    live.root.get_by_role("button", name="Refresh now").click()
    expect(live.part("status")).to_have_attribute("data-state", "retrying")
    live.page.evaluate("() => { window.passed = 10 * 60_000; }")
    expect(live.part("age")).to_have_text("10 min ago")
    assert "df-stale" not in (live.part("age").get_attribute("class") or "")
    live.page.evaluate("() => { window.passed = 60 * 60_000; }")
    expect(live.part("age")).to_contain_class("df-stale")


def test_a_refusal_stops_until_a_person_asks_again(live: MapPage) -> None:
    live.make(REFUSAL)
    live.run("refused")
    expect(live.part("state")).to_have_text("Stopped. The key is not accepted (401).")
    expect(live.part("empty").first).to_have_text("No data yet")
    live.answers("people(3)")
    live.root.get_by_role("button", name="Resume").click()
    live.visitors_now("3")


def test_an_error_of_the_source_itself_is_named(live: MapPage) -> None:
    live.make("1 / 0")
    live.run("retrying")
    expect(live.part("state")).to_contain_text("The source failed: ZeroDivisionError: division by zero.")


# Several sites


def test_several_sites_are_on_one_map_with_a_tag_a_filter_and_a_color(live: MapPage) -> None:
    live.show_sites({"shop": SHOP, "blog": BLOG})
    live.visitors_now("8")
    expect(live.rows().filter(has=live.page.locator(".df-website", has_text="blog"))).to_have_count(3)
    live.root.get_by_label("Color by").select_option("site")
    expect(live.part("swatches")).to_contain_text("shop")
    live.rest()
    assert len({disc["color"] for disc in live.discs()}) == 2
    live.root.get_by_role("button", name="Filters").click()
    live.part("conditions").get_by_label("Site").select_option("blog")
    live.visitors_now("3")


def test_one_site_that_fails_does_not_blank_the_others(live: MapPage) -> None:
    live.show_sites({"shop": SHOP, "blog": BLOG})
    live.visitors_now("8")
    live.answers(FAULT, "blog")
    live.answers(SHOP.replace("group(5", "group(6"), "shop")
    live.refresh()
    live.visitors_now("9")
    expect(live.part("state")).to_contain_text("blog: The site did not answer. Next try at")
    expect(live.part("status")).to_have_attribute("data-state", "live")
    live.rest()
    assert len(live.discs()) == 2


def test_a_site_that_never_answered_leaves_the_others_on_the_map(live: MapPage) -> None:
    live.show_sites({"shop": SHOP, "blog": REFUSAL})
    live.visitors_now("5")
    expect(live.part("state")).to_contain_text("blog: Stopped. The key is not accepted (401).")
    assert len(live.discs()) == 1


def test_with_one_site_there_is_no_word_of_sites(live: MapPage) -> None:
    live.show(SHOP)
    expect(live.root.get_by_label("Color by").get_by_role("option", name="Site")).to_have_count(0)
    live.root.get_by_role("button", name="Filters").click()
    expect(live.part("conditions").get_by_label("Country")).to_be_enabled()
    expect(live.part("conditions").get_by_label("Site")).to_be_hidden()
    expect(live.part("site").locator("visible=true")).to_have_count(0)
