"""The globe: the same visitors in another projection, turned by hand, and by itself where things may move."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage
from tests.browser.test_cost import _WATCH_LONG_TASKS

pytestmark = pytest.mark.browser

PLACES = """moment(pl.concat([group(7, 'Faya', 18, 19, country_code='TD'),
    group(1, 'Perth', -32, 116, country_code='AU', display_name='Ada')]))"""


@pytest.fixture
def moving(live: MapPage) -> Iterator[MapPage]:
    """Let things move."""
    live.page.emulate_media(reduced_motion="no-preference")
    yield live
    live.page.emulate_media(reduced_motion="reduce")


def numbers(live: MapPage) -> list[str]:
    """Return the numbers in the circles that are seen."""
    return [number["text"] for number in live.frame()["numbers"] if number["x"] is not None]


def middle(live: MapPage) -> tuple[float, float]:
    box = live.root.locator(".leaflet-container").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_button_shows_a_globe_and_the_map_again(live: MapPage) -> None:
    live.show(PLACES)
    seen = live.view()
    button = live.root.get_by_role("button", name="Globe")
    expect(live.part("globe")).to_be_hidden()
    button.click()
    expect(live.part("globe")).to_be_visible()
    live.until(lambda: live.view()["west"] == -180)
    assert live.python("print(live.projection)") == "globe"
    button.click()
    expect(live.part("globe")).to_be_hidden()
    live.until(lambda: live.rest().view() == seen)
    live.python("live.projection = 'globe'")
    expect(button).to_have_attribute("aria-pressed", "true")


def test_a_globe_is_turned_by_dragging_and_shows_one_side(live: MapPage) -> None:
    live.show(PLACES, projection="globe")
    live.until(lambda: numbers(live.rest()) == ["7"])
    x, y = middle(live)
    before = live.discs()[0]
    live.page.mouse.move(x, y)
    live.page.mouse.down()
    live.page.mouse.move(x - 60, y, steps=4)
    live.page.mouse.up()
    assert live.rest().discs()[0]["x"] < before["x"] - 30
    disc = live.discs()[0]
    live.page.mouse.move(disc["x"], disc["y"])
    live.page.mouse.down()
    live.page.mouse.move(disc["x"] - 20, disc["y"], steps=4)
    live.page.mouse.up()
    expect(live.part("popup")).to_have_count(0)  # what is turned is not clicked
    for _ in range(2):
        live.page.mouse.move(x + 150, y)
        live.page.mouse.down()
        live.page.mouse.move(x - 150, y, steps=4)
        live.page.mouse.up()
    live.until(lambda: numbers(live.rest()) == [])


def test_who_is_chosen_comes_to_the_front_and_a_circle_opens_its_list(live: MapPage) -> None:
    live.show(PLACES, projection="globe")
    live.until(lambda: numbers(live.rest()) == ["7"])
    live.click(live.discs()[0])
    expect(live.part("popup")).to_contain_text("Faya, Chad")
    live.page.keyboard.press("Escape")
    expect(live.part("popup")).to_have_count(0)
    live.rows().filter(has_text="Ada").click()
    x, y = middle(live)
    ring = next(ring for ring in live.rest().frame()["rings"] if ring["width"] == 2.5)
    canvas = live.part("canvas").bounding_box()
    assert canvas is not None
    assert (canvas["x"] + ring["x"], canvas["y"] + ring["y"]) == pytest.approx((x, y), abs=3)


def test_it_turns_slowly_by_itself_unless_motion_is_reduced(moving: MapPage) -> None:
    moving.make(PLACES, projection="globe")
    moving.notebook.run(0)
    moving.visitors_now("8")
    moving.until(lambda: numbers(moving) == ["7"])
    place = moving.discs()[0]["x"]
    moving.until(lambda: moving.discs()[0]["x"] < place - 10)
    moving.page.emulate_media(reduced_motion="reduce")
    moving.page.wait_for_timeout(500)
    drawn = moving.drawn()
    moving.page.wait_for_timeout(1000)
    assert moving.drawn() == drawn


def test_no_task_is_long_while_it_turns(moving: MapPage) -> None:
    moving.make("people(5000)", projection="globe")
    moving.notebook.run(0)
    moving.visitors_now("5,000")
    moving.page.wait_for_timeout(2000)  # until all is there
    moving.page.evaluate(_WATCH_LONG_TASKS)
    x, y = middle(moving)
    longest = []
    for _ in range(5):  # as a busy machine stops any task
        before = moving.drawn()
        moving.page.evaluate("window.longTasks.length = 0")
        moving.page.mouse.move(x + 100, y)
        moving.page.mouse.down()
        moving.page.mouse.move(x - 100, y + 20, steps=12)
        moving.page.mouse.up()
        moving.page.wait_for_timeout(300)
        assert moving.drawn() > before
        longest.append(max(moving.page.evaluate("window.longTasks"), default=0))
    assert min(longest) == 0, f"longest tasks in ms: {longest}"
