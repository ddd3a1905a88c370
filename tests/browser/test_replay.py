"""A replay in JupyterLab: the time bar moves it, and the map shows what it came to."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook
from tests.browser.map_page import PATIENT, MapPage

pytestmark = pytest.mark.browser

# Six hours, but not the third and the fourth. In each ten minutes there is one visitor more. Somebody pays at 1:00:30.
HISTORY = """
from tests.history.moments import START, after, snapshot

def recorded(folder):
    with dfn.History(folder) as history:
        for minute in [*range(0, 60, 5), 60, 61, *range(65, 120, 5), *range(240, 361, 5)]:
            people = [{"visitorId": f"v{number}", "latitude": 50.0} for number in range(1 + minute // 10)]
            payment = {"_id": "p", "name": "Ann", "amount": 5, "timestamp": after(3630).isoformat()}
            history.append(snapshot(60 * minute, people, payments=[payment] if 60 < minute <= 70 else []))
    return history
"""
MINUTE = 60
HOUR = 3600


@pytest.fixture(scope="module")
def history(window: Notebook, tmp_path_factory: pytest.TempPathFactory) -> None:
    window.python(f"{HISTORY}\nhistory = recorded({str(tmp_path_factory.mktemp('site'))!r})")


@pytest.fixture
def past(live: MapPage, history: None) -> MapPage:
    """Show a replay that is paused at its start."""
    live.python("source = history.replay(speed=60); source.pause(); source.seek(START); options = {}")
    live.run("stopped")
    live.visitors_now("1")
    return live


def slider(past: MapPage) -> Locator:
    return past.root.get_by_role("slider", name="Moment")


def button(past: MapPage, name: str) -> Locator:
    return past.part("timebar").get_by_role("button", name=name, exact=True)


def now(past: MapPage) -> float:
    """Return the moment that the kernel is at, in seconds from the start."""
    return past.number("(source.now - START).total_seconds()")


def seek(past: MapPage, seconds: float) -> None:
    past.python(f"source.seek(after({seconds}))")


def place(past: MapPage, seconds: float) -> tuple[float, float]:
    """Return where a moment is on the bar, in pixels of the window."""
    box = past.part("rail").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * seconds / (6 * HOUR), box["y"] + box["height"] / 2


def reads(past: MapPage, seconds: float) -> None:
    """See that the bar names a moment, in the browser's own words and the map's time zone."""
    milliseconds = 1000 * past.number(f"after({seconds}).timestamp()")
    zone = past.python("print(live.time_zone)")
    words = "([time, timeZone]) => new Intl.DateTimeFormat(undefined, {timeStyle: 'medium', timeZone}).format(time)"
    expect(past.part("clock")).to_have_text(past.page.evaluate(words, [milliseconds, zone]), timeout=PATIENT)
    expect(past.part("zone")).to_have_text(zone)
    expect(slider(past)).to_have_attribute("aria-valuetext", re.compile(rf", 20\d\d, .* {zone}$"))


def test_only_what_can_be_moved_in_time_has_a_bar(live: MapPage) -> None:
    live.show("people(30)")
    expect(live.part("timebar")).to_be_hidden()
    expect(live.root.get_by_role("button", name="Refresh now")).to_be_visible()


def test_the_bar_takes_the_place_of_what_asks_anew(past: MapPage) -> None:
    expect(past.part("timebar")).to_be_visible()
    expect(past.root.get_by_role("button", name="Refresh now")).to_be_hidden()
    expect(past.part("gap")).to_have_count(1)


def test_dragging_the_slider_shows_the_moments_on_the_way_and_the_last(past: MapPage) -> None:
    past.page.mouse.move(*place(past, 0))
    past.page.mouse.down()
    past.page.mouse.move(*place(past, HOUR + 5 * MINUTE))
    past.visitors_now("7")
    past.page.mouse.move(*place(past, 5 * HOUR + 5 * MINUTE))
    past.page.mouse.up()
    past.visitors_now("31")
    assert now(past) == pytest.approx(5 * HOUR + 5 * MINUTE, abs=2 * MINUTE)
    reads(past, now(past))
    expect(past.part("toast")).to_have_count(0)


def test_play_goes_on_pause_holds(past: MapPage) -> None:
    button(past, "Play").click()
    expect(past.part("state")).to_contain_text("Playing at 60×")
    past.visitors_now("2")
    button(past, "Pause").click()
    expect(past.part("state")).to_contain_text("Paused")
    held = now(past)
    assert held >= 10 * MINUTE
    past.page.wait_for_timeout(1500)  # in which more than a minute would pass
    assert now(past) == held
    reads(past, held)


def test_a_payment_appears_when_it_happened_and_not_when_it_is_jumped_over(past: MapPage) -> None:
    seek(past, HOUR + 2 * MINUTE)
    reads(past, HOUR + 2 * MINUTE)
    expect(past.tab("Payments")).to_contain_text("1")
    expect(past.part("toast")).to_have_count(0)
    seek(past, HOUR - 10)
    reads(past, HOUR - 10)
    button(past, "Play").click()
    expect(past.part("toast", "by Ann")).to_be_visible(timeout=PATIENT)


def test_times_are_told_from_the_moment_that_is_shown(past: MapPage) -> None:
    past.tab("Payments").click()
    for minutes in (2, 5):
        seek(past, HOUR + minutes * MINUTE + 30)
        expect(past.rows("Payments").locator(".df-time")).to_have_text(f"{minutes} min ago", timeout=PATIENT)


def test_the_slider_is_moved_with_keys_that_reach_no_cell(past: MapPage) -> None:
    cells = past.page.locator(".jp-Notebook .jp-Cell")
    before = cells.count()
    slider(past).focus()
    past.page.keyboard.press("ArrowRight")
    past.until(lambda: now(past) == MINUTE)
    past.page.keyboard.press("End")
    past.visitors_now("37")
    expect(past.part("state")).to_contain_text("At the end of the replay")
    expect(button(past, "Play from the start")).to_be_visible()
    past.page.keyboard.press("Home")
    past.visitors_now("1")
    past.page.keyboard.press(" ")
    past.until(lambda: now(past) > 0)
    past.page.keyboard.press("x")
    assert cells.count() == before


def test_the_bar_tells_the_time_of_the_maps_zone_wherever_the_browser_is(past: MapPage) -> None:
    seek(past, HOUR)
    reads(past, HOUR)
    in_utc = past.part("clock").inner_text()
    past.python("live.time_zone = 'Asia/Kolkata'")
    expect(past.part("zone")).to_have_text("Asia/Kolkata")
    reads(past, HOUR)
    assert past.part("clock").inner_text() != in_utc
    past.page.mouse.move(*place(past, HOUR))
    expect(past.part("hint")).to_contain_text("Asia/Kolkata")


def test_the_speed_is_chosen_in_the_bar(past: MapPage) -> None:
    past.part("timebar").get_by_label("Speed").select_option("3600")
    button(past, "Play").click()
    expect(past.part("state")).to_contain_text("At the end of the replay", timeout=PATIENT)
    past.visitors_now("37")
    assert past.number("source.speed") == 3600


def test_the_bar_follows_code(past: MapPage) -> None:
    seek(past, 5 * HOUR)
    past.visitors_now("31")
    reads(past, 5 * HOUR)
    expect(slider(past)).to_have_value(str(1000 * 5 * HOUR))
    past.python("source.speed = 25; source.play()")
    expect(past.part("state")).to_contain_text("Playing at 25×")
    expect(past.part("timebar").get_by_label("Speed")).to_have_value("25")


def test_where_nothing_was_recorded_the_bar_and_the_map_say_so(past: MapPage) -> None:
    past.page.mouse.move(*place(past, 3 * HOUR))
    expect(past.part("hint")).to_contain_text("not recorded")
    past.page.mouse.click(*place(past, 3 * HOUR))
    past.visitors_now("–")
    expect(past.part("state")).to_contain_text("Nothing was recorded")
    expect(past.part("empty", "Nothing was recorded at this moment").first).to_be_visible()


def test_a_view_that_comes_later_shows_the_same_moment(past: MapPage) -> None:
    seek(past, HOUR)
    past.run_beside("live")
    expect(past.part("clock")).to_have_count(2)
    expect(past.part("clock").last).to_have_text(past.part("clock").first.inner_text())


def test_the_bar_shows_the_traffic_and_leads_to_highlights(past: MapPage) -> None:
    expect(past.part("figure").first.locator("dt")).to_have_text("Visitors then")
    expect(past.part("zone")).to_have_text("UTC")
    expect(past.part("line-of-traffic").locator("path")).to_have_attribute("d", re.compile("Z.*Z"))
    button(past, "Go to: Busiest minute: 37 visitors").click()
    past.until(lambda: now(past) == 6 * HOUR)
    past.visitors_now("37")
    button(past, "Go to: Largest sale: 5.00").click()
    past.until(lambda: now(past) == HOUR + 30)
    button(past, "Go to: After the longest gap: 2 h 5 min").click()
    past.until(lambda: now(past) == 4 * HOUR)


def test_the_header_says_how_long_before_the_moment_its_data_were_recorded(past: MapPage) -> None:
    updated = past.part("updated")
    expect(updated).to_have_text("Recorded then")
    seek(past, 8 * MINUTE)
    reads(past, 8 * MINUTE)
    expect(updated).to_have_text("Recorded 3 min before")
