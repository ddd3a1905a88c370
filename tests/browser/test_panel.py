"""The side panel of the live map: visitors, events and payments, and the card of one visitor."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

ADA = """group(1, 'Lima', -12, -77, visitor_id='ada', display_name='Ada', country_code='PE', device='desktop',
    os='Linux', browser='Firefox', current_url='https://shop.example/pricing', utm_source='google', visit_count=3,
    score=82.0, confidence=0.9, conversion_rate=0.031, expected_value=2.5,
    dimension_matches=pl.lit(pl.Series([['country', 'device_type']])),
    session_start_time=at(-150))"""
OTHERS = """group(3, 'Faya', 18, 19, display_name=pl.format('Guest {}', pl.int_range(3)), score=20.0 + pl.int_range(3),
    expected_value=9.0 - pl.int_range(3), session_start_time=at(-600) + pl.duration(seconds=pl.int_range(3)))"""
EVENTS = """events(
    dict(event_id='1', type='pageview', visitor_id='ada', timestamp=at(-140), path='/', display_name='Ada'),
    dict(event_id='2', type='pageview', visitor_id='ada', timestamp=at(-30), path='/pricing', display_name='Ada'),
    dict(event_id='3', type='sign_up', visitor_id='gone', timestamp=at(-20), display_name='Bo'),
    dict(event_id='4', type='pageview', visitor_id='ada', timestamp=at(90), path='/early', display_name='Ada'))"""
PAYMENTS = """payments(
    dict(payment_id='1', amount=49.0, currency='EUR', is_new=True, name='Ada', timestamp=at(-60)),
    dict(payment_id='2', amount=9.0, currency='USD', renewal=True, name='Bo', timestamp=at(-30)))"""
BUSY = f"moment(pl.concat([{ADA}, {OTHERS}]), {EVENTS}, {PAYMENTS})"


def names(live: MapPage) -> list[str]:
    """Return the names in the list of visitors, from the top."""
    return live.rows().locator(".df-name").all_inner_texts()


def active(live: MapPage) -> str:
    """Return the text of the row that the keys act on."""
    listbox = live.root.get_by_role("listbox", name="Visitors")
    return live.page.locator(f"#{listbox.get_attribute('aria-activedescendant')}").inner_text()


# Tabs


def test_the_arrow_keys_walk_through_the_tabs(live: MapPage) -> None:
    live.show(BUSY)
    live.tab("Visitors").focus()
    for key, name in (
        ("ArrowRight", "Events"),
        ("End", "Payments"),
        ("ArrowRight", "Visitors"),
        ("ArrowLeft", "Payments"),
    ):
        live.page.keyboard.press(key)
        expect(live.tab(name)).to_be_focused()
        expect(live.tab(name)).to_have_attribute("aria-selected", "true")
        expect(live.root.get_by_role("tabpanel", name=name)).to_be_visible()
    expect(live.root.locator("[role=tab][tabindex='0']")).to_have_count(1)


def test_the_tabs_count(live: MapPage) -> None:
    live.show(BUSY)
    assert [tab.locator(".df-count").inner_text() for tab in live.root.get_by_role("tab").all()] == ["4", "4", "2"]


# Visitors


def test_the_likeliest_come_first_and_the_list_can_be_sorted(live: MapPage) -> None:
    live.show(BUSY)
    assert names(live) == ["Ada", "Guest 2", "Guest 1", "Guest 0"]
    for choice, order in (
        ("Expected value", ["Guest 0", "Guest 1", "Guest 2", "Ada"]),
        ("Time on site", ["Guest 0", "Guest 1", "Guest 2", "Ada"]),
        ("Newest", ["Ada", "Guest 2", "Guest 1", "Guest 0"]),
    ):
        live.root.get_by_label("Sort by").select_option(label=choice)
        live.until(lambda order=order: names(live) == order)


def test_a_row_says_who_where_and_how_likely(live: MapPage) -> None:
    live.show(BUSY)
    row = live.rows().first
    for name, text in {
        "name": "Ada",
        "returning": "Returning",
        "place": "Lima",
        "channel": "google",
        "page": "/pricing",
        "score": "82",
        "value": "$2.50",
    }.items():
        expect(row.locator(f".df-{name}")).to_have_text(text)
    expect(row.locator(".df-time")).to_have_text("2 min")
    expect(row.get_by_role("img", name="desktop, Firefox")).to_be_visible()


def test_a_flag_and_a_face_are_drawn_without_asking_anybody(live: MapPage) -> None:
    """The window's fixture fails if the page asks anyone but this machine."""
    live.show(BUSY)
    flag = live.rows().first.get_by_role("img", name="Peru")
    expect(flag).to_be_visible()
    assert flag.evaluate("(flag) => flag.decode().then(() => flag.naturalWidth > 0)")
    faces = live.rows().locator(".df-avatar")
    assert len({face.inner_html() for face in faces.all()}) == 4
    before = faces.first.inner_html()
    live.rows().first.click()
    assert live.part("card").locator(".df-avatar").inner_html() == before
    live.root.get_by_role("button", name="Hide names").click()
    expect(live.part("card").locator("header")).to_contain_text("Person")
    assert live.part("card").locator(".df-avatar").inner_html() != before


def test_a_long_list_is_cut_and_says_so(live: MapPage) -> None:
    live.show("people(12_345)")
    shown = live.rows().count()
    assert shown <= 100
    expect(live.part("rest").first).to_have_text(f"The first {shown} of 12,345: filter to see others")
    expect(live.tab("Visitors")).to_contain_text("12,345")


def test_arrows_and_enter_choose_a_visitor(live: MapPage) -> None:
    live.show(BUSY)
    live.root.get_by_role("listbox", name="Visitors").focus()
    for key, name in (("ArrowDown", "Guest 2"), ("End", "Guest 0"), ("ArrowUp", "Guest 1"), ("Home", "Ada")):
        live.page.keyboard.press(key)
        assert name in active(live)
    live.page.keyboard.press("Enter")
    expect(live.part("card").locator("header")).to_contain_text("Ada")


def test_the_keys_go_on_with_the_next_row_when_theirs_has_gone(live: MapPage) -> None:
    live.show(BUSY)
    live.root.get_by_role("listbox", name="Visitors").focus()
    live.page.keyboard.press("Home")
    live.refresh(f"moment({OTHERS})")
    expect(live.rows()).to_have_count(3)
    assert "Guest 2" in active(live)
    live.page.keyboard.press("ArrowDown")
    assert "Guest 1" in active(live)


def test_one_visitor_twice_is_one_row(live: MapPage) -> None:
    live.show(f"moment(pl.concat([{ADA}, {ADA}]))")
    expect(live.rows()).to_have_count(1)


def test_a_visitor_without_an_id_is_listed_but_can_not_be_chosen(live: MapPage) -> None:
    live.show("moment(group(2, 'Faya', 18, 19).with_columns(visitor_id=pl.lit(None, pl.String)))")
    expect(live.rows()).to_have_count(2)
    expect(live.rows().first).to_have_attribute("aria-disabled", "true")
    live.rows().first.click(force=True)
    live.refresh()
    expect(live.part("card")).to_be_hidden()


# Events and payments


def test_events_come_newest_first_and_those_from_the_future_are_just_now(live: MapPage) -> None:
    live.show(BUSY)
    live.tab("Events").click()
    labels = live.rows("Events").locator(".df-name").all_inner_texts()
    assert labels == ["/early", "sign up", "/pricing", "/"]
    expect(live.rows("Events").first.locator(".df-time")).to_have_text("just now")
    expect(live.rows("Events").last.locator(".df-time")).to_have_text("2 min ago")


def test_an_events_row_opens_the_card_of_who_is_still_here(live: MapPage) -> None:
    live.show(BUSY)
    live.tab("Events").click()
    expect(live.rows("Events").filter(has_text="Bo")).to_have_attribute("aria-disabled", "true")
    live.rows("Events").filter(has_text="/pricing").click()
    expect(live.part("card").locator("header")).to_contain_text("Ada")
    live.page.keyboard.press("Escape")
    expect(live.rows("Events").first).to_be_visible()


def test_payments_say_amount_kind_and_payer_and_open_the_payers_card(live: MapPage) -> None:
    live.show(BUSY)
    live.tab("Payments").click()
    renewal, first = live.rows("Payments").all()
    for row, texts in ((renewal, ("$9.00", "Renewal", "Bo")), (first, ("€49.00", "New", "Ada", "Lima, Peru"))):
        for text in texts:
            expect(row).to_contain_text(text)
    first.click()
    expect(live.part("card").locator("header")).to_contain_text("Ada")


def test_empty_lists_say_what_there_is_none_of(live: MapPage) -> None:
    live.show("people(3)")
    live.tab("Events").click()
    expect(live.part("empty", "Nothing happened in the last ten minutes")).to_be_visible()
    live.tab("Payments").click()
    expect(live.part("empty", "No payments in the last ten minutes")).to_be_visible()


# Time


def test_times_go_on_between_two_answers(live: MapPage) -> None:
    live.show(f"moment({ADA}, events(dict(event_id='1', type='pageview', visitor_id='ada', timestamp=at(-20))))")
    live.tab("Events").click()
    shown = live.rows("Events").first.locator(".df-time")
    expect(shown).to_have_text(re.compile(r"\d+ s ago"))
    first = int(shown.inner_text().removesuffix(" s ago"))
    live.until(lambda: int(shown.inner_text().removesuffix(" s ago")) >= first + 2)
    assert int(live.part("age").inner_text().removesuffix(" s ago").replace("just now", "3")) >= 2


def test_a_session_from_the_future_lasts_no_time(live: MapPage) -> None:
    live.show("moment(group(1, 'Lima', -12, -77, session_start_time=at(3600)))")
    expect(live.rows().first.locator(".df-time")).to_have_text("0 s")


# The card


def test_the_card_says_all_that_is_known_and_what_it_means(live: MapPage) -> None:
    live.show(BUSY)
    live.rows().first.click()
    card = live.part("card")
    for label, text in {
        "Place": "Lima, Peru",
        "Device": "desktop · Linux · Firefox",
        "Channel": "google",
        "Page": "/pricing",
        "Visit": "number 3",
        "Time on site": "2 min",
    }.items():
        expect(card.locator("dl div").filter(has=live.page.get_by_text(label, exact=True)).locator("dd")).to_have_text(
            text
        )
    expect(card).to_contain_text("More likely to buy than the site's average visitor, whose score is 50.")
    expect(card).to_contain_text("The service predicts 3.10% for such a visitor who is just arriving, worth $2.50.")
    expect(card).to_contain_text("confidence 0.90; decisions need 0.5")
    assert card.get_by_role("list", name="What moves it").get_by_role("listitem").all_inner_texts() == [
        "country",
        "device type",
    ]
    expect(card.get_by_role("meter")).to_have_attribute("aria-valuenow", "82")


def test_the_card_tells_the_visitors_own_events_in_order(live: MapPage) -> None:
    live.show(BUSY)
    live.rows().first.click()
    expect(live.part("card")).to_be_visible()
    assert live.part("history").locator("li .df-name").all_inner_texts() == ["/", "/pricing", "/early"]
    assert live.part("history").locator("li .df-time").all_inner_texts()[-1] == "just now"


def test_the_card_of_a_customer_predicts_nothing(live: MapPage) -> None:
    live.show("moment(group(1, 'Lima', -12, -77, is_customer=True, display_name='Ada'))")
    live.rows().first.click()
    expect(live.part("card").locator("header")).to_contain_text("Customer")
    expect(live.part("card")).to_contain_text("No prediction for this visitor")


def test_escape_and_the_back_button_lead_back_to_the_row(live: MapPage) -> None:
    live.show(BUSY)
    listbox = live.root.get_by_role("listbox", name="Visitors")
    listbox.focus()
    live.page.keyboard.press("Enter")
    expect(live.root.get_by_role("button", name="Back to the lists")).to_be_focused()
    live.page.keyboard.press("Escape")
    expect(live.part("card")).to_be_hidden()
    expect(listbox).to_be_focused()
    live.page.keyboard.press("Enter")
    live.root.get_by_role("button", name="Back to the lists").click()
    expect(live.part("card")).to_be_hidden()
    expect(live.root.locator("[aria-selected=true][role=option]")).to_have_count(0)


def test_the_card_follows_the_visitor_and_says_when_he_has_left(live: MapPage) -> None:
    live.show(BUSY)
    live.rows().first.click()
    expect(live.part("card")).to_contain_text("/pricing")
    live.refresh(f"moment({ADA.replace('pricing', 'checkout')})")
    expect(live.part("card").locator("dl")).to_contain_text("/checkout")
    expect(live.part("gone")).to_be_hidden()
    live.refresh(f"moment({OTHERS})")
    expect(live.part("gone")).to_have_text("Has left")
    expect(live.part("card").locator("dl")).to_contain_text("/checkout")
    live.rest()
    expect(live.part("card")).to_be_visible()


def test_the_selected_visitor_is_a_frame_for_the_next_cell(live: MapPage) -> None:
    live.show(BUSY)
    live.rows().first.click()
    expect(live.part("card")).to_be_visible()
    assert live.python("print(live.selected['display_name'].to_list())") == "['Ada']"
