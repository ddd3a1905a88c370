"""The filters of the live map: who is shown on map, panel and header alike."""

from __future__ import annotations

from typing import Final, Literal

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

ANN = """group(5, 'Lyon', 45.8, 4.8, country_code='FR', device='mobile', utm_source='google', utm_campaign='spring',
    visit_count=1, score=80.0, current_url='https://shop.example/pricing', display_name='Ann', confidence=0.9)"""
BOB = """group(3, 'Perth', -32.0, 115.9, country_code='AU', device='desktop', visit_count=4, score=20.0,
    is_customer=True, current_url='https://shop.example/blog', display_name='Bob', confidence=0.2)"""
EVENTS = """events(dict(event_id='1', type='sign_up', visitor_id='Lyon 1', timestamp=at(-9)),
    dict(event_id='2', type='sign_up', visitor_id='Perth 1', timestamp=at(-9)))"""
PAYMENTS = "payments(dict(payment_id='1', amount=9.0, currency='USD', name='Bob', timestamp=at(-9)))"
BOTH = f"moment(pl.concat([{ANN}, {BOB}]), {EVENTS}, {PAYMENTS})"

# What a person chooses with each control, and the chip that says so; each leaves the five of Lyon.
CONTROLS: Final = {
    "Country": ("FR", "Country: France"),
    "Device": ("mobile", "Device: mobile"),
    "Channel": ("google", "Channel: google"),
    "Page": ("/pricing", "Page: /pricing"),
    "Campaign": ("spring", "Campaign: spring"),
    "UTM source": ("google", "UTM source: google"),
    "Visits": ("new", "Visits: new"),
    "Customers": ("false", "Customers: prospects"),
    "Score at least": ("50", "Score from: 50"),
    "Confidence at least": ("60", "Confidence from: 60%"),
}


def condition(live: MapPage, name: str) -> Locator:
    """Find a control in the panel of filters, which is opened."""
    toggle = live.root.get_by_role("button", name="Filters")
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.click()
    role: Literal["slider", "combobox"] = "slider" if "at least" in name else "combobox"
    return live.part("conditions").get_by_role(role, name=name)


def chip(live: MapPage, text: str) -> Locator:
    """Find the chip of an active filter."""
    return live.root.get_by_role("button", name=f"Remove filter {text}", exact=True)


def shows_only_lyon(live: MapPage) -> None:
    """Wait until map, panel and header are about the five of Lyon."""
    header = live.part("figure", "Visitors now")
    expect(header.locator("strong")).to_have_text("5")
    expect(header.locator("small")).to_have_text("of 8")
    expect(live.part("figure", "Customers").locator("strong")).to_have_text("0")
    expect(live.part("matched")).to_have_text("5 of 8 visitors")
    assert live.rows().locator(".df-name").all_inner_texts() == ["Ann"] * 5
    expect(live.tab("Events")).to_contain_text("1")
    expect(live.tab("Payments").locator(".df-count")).to_have_text("0")
    live.until(lambda: [number["text"] for number in live.frame()["numbers"]] == ["5"])


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_filters_map_panel_and_header_alike(live: MapPage, name: str) -> None:
    value, text = CONTROLS[name]
    live.show(BOTH)
    control = condition(live, name)
    if "at least" in name:
        control.fill(value)
    else:
        control.select_option(value)
    expect(chip(live, text)).to_be_visible()
    shows_only_lyon(live)
    chip(live, text).click()
    live.visitors_now("8")
    expect(live.part("chip")).to_have_count(0)
    assert control.input_value() == ("0" if "at least" in name else "")


def test_the_search_filters_map_panel_and_header_alike(live: MapPage) -> None:
    live.show(BOTH)
    live.root.get_by_role("searchbox").press_sequentially("ANN")
    expect(chip(live, "Search: ANN")).to_be_visible()
    shows_only_lyon(live)
    live.root.get_by_role("searchbox").fill("")
    live.visitors_now("8")


def test_a_filter_offers_the_values_that_there_are_with_their_visitors(live: MapPage) -> None:
    live.show(BOTH)
    expect(condition(live, "Country").locator("option")).to_have_text(["All", "France (5)", "Australia (3)"])
    expect(condition(live, "Device").locator("option")).to_have_text(["All", "mobile (5)", "desktop (3)"])


def test_clear_all_takes_all_filters_away(live: MapPage) -> None:
    live.show(BOTH)
    condition(live, "Country").select_option("FR")
    condition(live, "Customers").select_option("true")
    expect(live.part("chip")).to_have_count(2)
    expect(live.part("empty").first).to_have_text("Nobody matches the filters")
    live.root.get_by_role("button", name="Clear all").click()
    expect(live.part("chip")).to_have_count(0)
    live.visitors_now("8")


def test_who_takes_a_chip_away_by_the_keyboard_goes_on_with_the_next(live: MapPage) -> None:
    live.show(BOTH)
    live.python("live.filter(country_code='FR', device='mobile')")
    chip(live, "Country: France").focus()
    live.page.keyboard.press("Enter")
    expect(chip(live, "Device: mobile")).to_be_focused()
    live.page.keyboard.press("Enter")
    expect(live.root.get_by_role("button", name="Filters")).to_be_focused()


def test_a_refresh_is_filtered_too(live: MapPage) -> None:
    live.show(BOTH)
    condition(live, "Country").select_option("FR")
    shows_only_lyon(live)
    live.refresh(BOTH.replace("group(5", "group(6").replace("group(3", "group(9"))
    live.visitors_now("6")
    expect(live.part("matched")).to_have_text("6 of 15 visitors")


def test_the_payments_that_filters_leave_out_are_counted(live: MapPage) -> None:
    live.show(BOTH)
    condition(live, "Country").select_option("FR")
    live.tab("Payments").click()
    expect(live.part("rest", "1 more, left out by the filters")).to_be_visible()
    expect(live.part("empty", "No payments that match the filters")).to_be_visible()


def test_fitting_shows_those_who_pass(live: MapPage) -> None:
    live.show(BOTH)
    condition(live, "Country").select_option("AU")
    live.visitors_now("3")
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.until(lambda: 100 < live.rest().view()["west"] < 115.9)


def test_the_selection_is_a_frame_for_the_next_cell(live: MapPage) -> None:
    live.show(BOTH)
    condition(live, "Country").select_option("FR")
    live.visitors_now("5")
    output = live.run_beside("live.selection.schema == dfn.schema.VISITORS, live.selection['city'].unique().to_list()")
    expect(output).to_contain_text("(True, ['Lyon'])")


def test_filters_set_from_code_show_as_chips_and_in_the_controls(live: MapPage) -> None:
    live.show(BOTH)
    live.python("live.filter(country_code='fr', min_score=50, text='ann')")
    for text in ("Country: France", "Score from: 50", "Search: ann"):
        expect(chip(live, text)).to_be_visible()
    shows_only_lyon(live)
    expect(condition(live, "Country")).to_have_value("FR")
    expect(condition(live, "Score at least")).to_have_value("50")
    expect(live.root.get_by_role("searchbox")).to_have_value("ann")


def test_several_values_from_code_show_as_several(live: MapPage) -> None:
    live.show(BOTH)
    live.python("live.filter(country_code=['FR', 'AU'])")
    expect(chip(live, "Country: France, Australia")).to_be_visible()
    expect(condition(live, "Country").locator("option:checked")).to_have_text("2 chosen")
    condition(live, "Country").select_option("FR")
    shows_only_lyon(live)


def test_the_map_goes_to_those_who_pass_the_filters(live: MapPage) -> None:
    live.show(BOTH)
    assert live.view()["west"] < -100
    live.python("live.filter(country_code='FR')")
    live.root.get_by_role("button", name="Zoom to these 5").click()
    live.until(lambda: live.rest().view()["west"] > -20)
    seen = live.view()
    assert seen["south"] < 45.8 < seen["north"]
    assert seen["west"] < 4.8 < seen["east"] < 30


def test_a_filter_that_code_locks_stays_whatever_a_person_does(live: MapPage) -> None:
    live.show(BOTH)
    live.python("live.filter(country_code='FR', locked=True); live.filter(device='mobile')")
    expect(live.part("chip", "France")).to_contain_text("(locked)")
    expect(chip(live, "Country: France")).to_have_count(0)
    expect(condition(live, "Country")).to_be_disabled()
    chip(live, "Device: mobile").click()
    expect(live.part("chip")).to_have_count(1)
    shows_only_lyon(live)
