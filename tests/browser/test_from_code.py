"""The live map as code has it: linked traits, callbacks, several views, tiles."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

SHOP = "moment(group(5, 'Lyon', 45.8, 4.8, device='mobile'))"


def test_a_slider_linked_in_the_browser_sets_the_interval(live: MapPage) -> None:
    live.show(SHOP, every=60.0)
    output = live.run_beside(
        "slider = ipywidgets.FloatSlider(min=5, max=100, step=5)\n"
        "ipywidgets.jslink((live, 'every'), (slider, 'value'))\nslider"
    )
    handle = output.get_by_role("slider")
    handle.focus()
    live.page.keyboard.press("ArrowRight")
    expect(live.part("state")).to_have_text("Live · every 1 min 5 s")
    expect(live.root.get_by_label("Update").locator("option:checked")).to_have_text("every 1 min 5 s")
    assert live.number("live.every") == 65


def test_a_dropdown_linked_in_the_browser_sets_the_colors(live: MapPage) -> None:
    live.show(SHOP)
    output = live.run_beside(
        "choice = ipywidgets.Combobox(value='score')\nipywidgets.jslink((choice, 'value'), (live, 'color_by'))\nchoice"
    )
    output.get_by_role("combobox").fill("device")
    output.get_by_role("combobox").press("Enter")
    expect(live.part("legend")).to_contain_text("mobile")
    assert live.python("print(live.color_by)") == "device"


def test_the_theme_can_be_linked_in_the_browser(live: MapPage) -> None:
    live.show(SHOP)
    output = live.run_beside(
        "choice = ipywidgets.Combobox(value='auto')\nipywidgets.jslink((choice, 'value'), (live, 'theme'))\nchoice"
    )
    output.get_by_role("combobox").fill("dark")
    output.get_by_role("combobox").press("Enter")
    expect(live.root).to_contain_class("df-dark")


def test_the_height_can_be_linked_in_the_browser(live: MapPage) -> None:
    live.show(SHOP)
    output = live.run_beside(
        "slider = ipywidgets.IntSlider(min=200, max=400, step=50)\n"
        "ipywidgets.jslink((slider, 'value'), (live, 'height'))\nslider"
    )
    output.get_by_role("slider").focus()
    live.page.keyboard.press("ArrowRight")
    expect(live.root.locator(".leaflet-container")).to_have_css("height", "250px")


def test_traits_set_in_the_kernel_show(live: MapPage) -> None:
    live.show(SHOP)
    live.python("live.every = 30; live.color_by = 'device'; live.height = 300; live.theme = 'dark'")
    expect(live.part("state")).to_have_text("Live · every 30 s")
    expect(live.root.get_by_label("Color by")).to_have_value("device")
    expect(live.root.locator(".leaflet-container")).to_have_css("height", "300px")
    expect(live.root).to_contain_class("df-dark")


def test_stop_and_start_show(live: MapPage) -> None:
    live.show(SHOP)
    live.python("live.stop()")
    expect(live.part("state")).to_have_text("Paused")
    expect(live.root.get_by_role("button", name="Resume")).to_be_visible()
    live.python("live.start()")
    expect(live.root.get_by_role("button", name="Pause")).to_be_visible()


def test_a_callback_that_raises_is_reported_once_and_the_map_goes_on(live: MapPage) -> None:
    live.show(SHOP)
    live.python("def failing(snapshot):\n    raise ValueError('no disk')\nlive.on_update(failing)")
    for extra in (1, 2):
        live.refresh(f"people({300 + extra})")
        live.visitors_now(str(300 + extra))
    live.until(lambda: live.part("note").count() == 2)
    expect(live.part("note").last).to_have_text("on_update: failing raised ValueError: no disk")
    live.python("live.on_update(failing, remove=True)")
    expect(live.part("note")).to_have_count(1)


def test_a_map_in_two_cells_is_one_map(live: MapPage) -> None:
    live.show(SHOP)
    live.run_beside("live")
    expect(live.part("canvas")).to_have_count(2)
    live.python("live.filter(device='mobile')")
    expect(live.part("chip")).to_have_count(2)
    live.refresh("people(12, device='mobile')")
    expect(live.part("matched")).to_have_text(["12 of 12 visitors"] * 2)
    live.notebook.clear(1)
    expect(live.part("canvas")).to_have_count(1)
    live.refresh("people(13, device='mobile')")
    live.visitors_now("13")


def test_closing_takes_the_map_off_the_page(live: MapPage) -> None:
    live.show(SHOP)
    live.python("live.close()")
    expect(live.part("canvas")).to_have_count(0)
    expect(live.root.locator(".leaflet-container")).to_have_count(0)


def test_tiles_are_asked_for_only_when_they_are_wished_for(live: MapPage) -> None:
    live.show(SHOP)
    assert live.notebook.foreign == []
    live.python("live.basemap = 'osm'")
    live.until(lambda: bool(live.notebook.foreign))
    expect(live.root.locator(".leaflet-control-attribution")).to_contain_text("OpenStreetMap")
    live.python("live.basemap = None")
    expect(live.root.locator(".leaflet-control-attribution")).not_to_contain_text("OpenStreetMap")
    assert {urlsplit(url).hostname for url in live.notebook.foreign} == {"tile.openstreetmap.org"}
    assert len(live.discs()) == 1
    live.notebook.foreign.clear()
