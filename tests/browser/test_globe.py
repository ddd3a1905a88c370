"""The globe: the same visitors in another projection, turned by hand, and by itself where things may move."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import SECONDS, MapPage
from tests.browser.tasks import assert_none_is_long, tasks_of

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
    x, y = live.middle()
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
    x, y = live.middle()
    ring = next(ring for ring in live.rest().frame()["rings"] if ring["width"] == 2.5)
    canvas = live.part("canvas").bounding_box()
    assert canvas is not None
    assert (canvas["x"] + ring["x"], canvas["y"] + ring["y"]) == pytest.approx((x, y), abs=3)


NEIGHBORS = """moment(pl.concat([group(7, 'Cologne', 50.9, 7, country_code='DE'),
    group(3, 'Frankfurt', 50.1, 8.7, country_code='DE')]))"""


def wheel(live: MapPage, x: float, y: float, times: int = 4) -> None:
    live.page.mouse.move(x, y)
    live.page.keyboard.down("Control")
    for _ in range(times):
        live.page.mouse.wheel(0, -100)
        live.rest()
    live.page.keyboard.up("Control")


def press_plus(live: MapPage, _x: float, _y: float) -> None:
    live.root.locator(".leaflet-container").focus()
    for _ in range(6):
        live.page.keyboard.press("+")
        live.rest()


def click_plus(live: MapPage, _x: float, _y: float) -> None:
    for _ in range(6):
        live.root.get_by_role("button", name="Zoom in").click()
        live.rest()


def click_twice(live: MapPage, x: float, y: float) -> None:
    for _ in range(6):
        live.page.mouse.dblclick(x, y)
        live.rest()


@pytest.mark.parametrize("zoom", [wheel, press_plus, click_plus, click_twice])
def test_it_is_zoomed_like_the_map_and_clusters_split(
    live: MapPage, zoom: Callable[[MapPage, float, float], None]
) -> None:
    live.show(NEIGHBORS, projection="globe")
    live.until(lambda: numbers(live.rest()) == ["10"])
    live.rows().first.click()  # who is in the middle from then on
    live.part("back").click()
    live.rest()
    zoom(live, *live.middle())
    live.until(lambda: sorted(numbers(live.rest())) == ["3", "7"])
    shown = live.view()
    assert shown["west"] > -30
    assert shown["east"] < 40


def test_the_wheel_zooms_around_the_pointer(live: MapPage) -> None:
    live.show(PLACES, projection="globe")
    live.until(lambda: numbers(live.rest()) == ["7"])
    zoom, before = live.view()["zoom"], live.discs()[0]
    wheel(live, before["x"], before["y"], times=1)
    live.until(lambda: live.rest().view()["zoom"] > zoom + 1)
    after = live.discs()[0]
    assert (after["x"], after["y"]) == pytest.approx((before["x"], before["y"]), abs=3)


def test_it_zooms_to_those_who_pass_the_filters_and_the_map_goes_on_there(live: MapPage) -> None:
    live.show(PLACES, projection="globe")
    live.python("live.filter(country_code='AU')")
    live.root.get_by_role("button", name="Zoom to this one").click()
    live.until(lambda: 110 < live.rest().view()["west"] < live.view()["east"] < 122)
    live.root.get_by_role("button", name="Globe").click()
    live.until(lambda: 100 < live.rest().view()["west"] < 116 < live.view()["east"] < 130)


def test_a_button_stops_it_and_lets_it_turn_again(moving: MapPage) -> None:
    moving.make(PLACES, projection="globe")
    moving.notebook.run(0)
    moving.visitors_now("8")
    moving.until(lambda: numbers(moving) == ["7"])
    moving.root.get_by_role("button", name="Stop turning").press("Enter")
    again = moving.root.get_by_role("button", name="Turn", exact=True)
    expect(again).to_be_focused()
    moving.rest()
    place = moving.discs()[0]["x"]
    moving.page.wait_for_timeout(1 * SECONDS)  # in which it would turn by three degrees
    assert moving.discs()[0]["x"] == place
    again.press("Enter")
    moving.until(lambda: moving.discs()[0]["x"] < place - 10)


def test_the_button_is_there_only_while_it_can_turn(live: MapPage) -> None:
    live.show(PLACES, projection="globe")
    button = live.root.get_by_role("button", name="Stop turning")
    expect(button).to_be_hidden()
    live.page.emulate_media(reduced_motion="no-preference")
    expect(button).to_be_visible()
    live.page.emulate_media(reduced_motion="reduce")
    expect(button).to_be_hidden()


def test_the_focus_passes_to_the_map_as_the_button_goes(moving: MapPage) -> None:
    moving.make(PLACES, projection="globe")
    moving.notebook.run(0)
    moving.visitors_now("8")
    button = moving.root.get_by_role("button", name="Stop turning")
    button.focus()
    moving.page.emulate_media(reduced_motion="reduce")
    expect(button).to_be_hidden()
    expect(moving.root.locator(".leaflet-container")).to_be_focused()


def test_it_turns_slowly_by_itself_unless_motion_is_reduced(moving: MapPage) -> None:
    moving.make(PLACES, projection="globe")
    moving.notebook.run(0)
    moving.visitors_now("8")
    moving.until(lambda: numbers(moving) == ["7"])
    place = moving.discs()[0]["x"]
    moving.until(lambda: moving.discs()[0]["x"] < place - 10)
    moving.page.emulate_media(reduced_motion="reduce")
    drawn = moving.rest().drawn()
    moving.page.wait_for_timeout(1 * SECONDS)  # in which it would turn by three degrees
    assert moving.drawn() == drawn


@pytest.mark.parametrize("levels", [0, 5])
def test_no_task_is_long_while_it_turns(moving: MapPage, levels: int) -> None:
    assert_none_is_long(lambda count: tasks_of_turning(moving, count, levels), 1_000, 5_000)


def tasks_of_turning(moving: MapPage, count: int, levels: int) -> list[float]:
    """Return how long the page is busy at a stretch while a globe of so many visitors is turned."""
    moving.make(f"people({count})", projection="globe")
    moving.notebook.run(0)
    moving.visitors_now(f"{count:,}")
    moving.root.get_by_role("button", name="Stop turning").click()
    for _ in range(levels):
        moving.root.get_by_role("button", name="Zoom in").click()
        moving.rest()
    moving.rest()
    x, y = moving.middle()
    before = moving.drawn()
    with tasks_of(moving.page) as tasks:
        moving.page.mouse.move(x + 100, y)
        moving.page.mouse.down()
        moving.page.mouse.move(x - 100, y + 20, steps=20)
        moving.page.mouse.up()
        moving.rest()
    assert moving.drawn() > before + 5
    moving.clear()
    return tasks
