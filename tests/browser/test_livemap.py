"""The live map in JupyterLab, as a person sees and uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

GUESTS = "display_name=pl.format('Guest {}', pl.int_range(7))"
TOWN = f"group(7, 'Faya', 18, 19, country_code='TD', {GUESTS})"
PLACES = f"moment(pl.concat([{TOWN}, group(1, 'Lima', -12, -77, display_name='Ada')]))"
# Near the middle of the world as it is first framed; from there they can't be told apart.
NEIGHBORS = "moment(pl.concat([group(6, 'Reggane', 26, 0.5), group(4, 'Salah', 26, 3)]))"


def numbers(live: MapPage) -> list[str]:
    """Return the numbers that are written into the circles."""
    return [number["text"] for number in live.frame()["numbers"]]


def place_of(live: MapPage, disc: dict[str, Any]) -> tuple[float, float]:
    """Return where a circle is within the map, from 0 to 1 each way."""
    box = live.root.locator(".leaflet-container").bounding_box()
    assert box is not None
    return (disc["x"] - box["x"]) / box["width"], (disc["y"] - box["y"]) / box["height"]


# Clusters


def test_clusters_are_drawn_on_the_land(live: MapPage) -> None:
    live.show("people(300)")
    live.visitors_now("300")
    expect(live.root.locator(".leaflet-land-pane canvas")).to_be_visible()
    assert 30 < len(live.discs()) < 300
    described = f"Map of visitors: 300 in {len(live.discs())} places. The list beside it names them."
    expect(live.part("canvas")).to_have_attribute("aria-label", described)


def test_a_cluster_tells_how_many_are_there_and_how_many_of_them_are_customers(live: MapPage) -> None:
    live.show("moment(group(40, 'Faya', 18, 19, is_customer=pl.int_range(40) < 10))")
    assert numbers(live) == ["40"]
    arcs = [ring for ring in live.frame()["rings"] if ring["width"] == 3]
    assert [arc["turn"] for arc in arcs] == [pytest.approx(0.25)]


def test_the_pointer_on_a_cluster_shows_who_is_there(live: MapPage) -> None:
    live.show(PLACES)
    live.point_at(live.discs()[0])
    expect(live.part("tip")).to_contain_text("Faya, Chad")
    expect(live.part("tip").locator("div", has_text="visitors")).to_have_text("visitors7")
    live.page.mouse.move(5, 5)
    expect(live.part("tip")).to_be_hidden()


def test_a_lone_visitors_dot_opens_the_card_and_selects_the_row(live: MapPage) -> None:
    live.show(PLACES)
    dot = live.discs()[-1]
    assert dot["radius"] == 5
    live.click(dot)
    expect(live.part("card").locator("header")).to_contain_text("Ada")
    expect(live.root.locator("[role=option][aria-selected=true]")).to_contain_text("Ada")
    assert any(ring["width"] == 2.5 for ring in live.rest().frame()["rings"]), "the dot has no ring"


def test_a_row_selects_the_visitor_on_the_map(live: MapPage) -> None:
    live.show(PLACES)
    live.rows().filter(has_text="Ada").click()
    expect(live.part("card")).to_be_visible()
    ring = next(ring for ring in live.rest().frame()["rings"] if ring["width"] == 2.5)
    dot = live.frame()["discs"][-1]
    assert (ring["x"], ring["y"]) == pytest.approx((dot["x"], dot["y"]))


def test_a_clusters_click_lists_its_members_and_a_members_click_opens_the_card(live: MapPage) -> None:
    live.show(PLACES)
    live.click(live.discs()[0])
    popup = live.part("popup")
    expect(popup).to_contain_text("Faya, Chad")
    expect(popup.locator(".df-row")).to_have_count(7)
    popup.get_by_role("button", name="Guest 3").click()
    expect(live.part("card").locator("header")).to_contain_text("Guest 3")
    expect(popup).to_have_count(0)


def test_closing_the_popup_closes_it_for_good(live: MapPage) -> None:
    live.show(PLACES)
    live.click(live.discs()[0])
    expect(live.part("popup")).to_be_visible()
    live.part("popup").get_by_role("button", name="Close the list").click()
    expect(live.part("popup")).to_have_count(0)
    live.refresh()
    expect(live.part("popup")).to_have_count(0)


# What a refresh leaves alone


def test_a_refresh_leaves_the_view_where_it_is(live: MapPage) -> None:
    live.show("people(300)")
    live.root.get_by_role("button", name="Zoom in").click()
    live.rest()
    box = live.root.locator(".leaflet-container").bounding_box()
    assert box is not None
    live.page.mouse.move(box["x"] + 300, box["y"] + 200)
    live.page.mouse.down()
    live.page.mouse.move(box["x"] + 240, box["y"] + 230, steps=3)
    live.page.mouse.up()
    seen = live.rest().view()
    live.refresh("people(310)")
    live.visitors_now("310")
    assert live.rest().view() == seen


def test_a_refresh_keeps_the_popup_and_its_text_follows(live: MapPage) -> None:
    live.show(PLACES)
    live.click(live.discs()[0])
    expect(live.part("popup")).to_be_visible()
    live.part("popup").evaluate("(popup) => { popup.isTheSame = true; }")
    seen = live.rest().view()
    live.refresh("moment(group(9, 'Faya', 18, 19))")
    expect(live.part("popup").locator(".df-row")).to_have_count(9)
    expect(live.part("popup").locator("dd").first).to_have_text("9")
    assert live.part("popup").evaluate("(popup) => popup.isTheSame")
    assert live.rest().view() == seen


def balloon(live: MapPage) -> dict[str, float]:
    """Return where the popup is in the window, which must be within the map."""
    box, frame = (live.root.locator(each).bounding_box() for each in (".df-balloon", ".leaflet-container"))
    assert box is not None
    assert frame is not None
    for start, length in (("x", "width"), ("y", "height")):
        assert frame[start] <= box[start]
        assert box[start] + box[length] <= frame[start] + frame[length]
    return dict(box)


def test_a_popup_is_beside_its_circle_and_never_cut(live: MapPage) -> None:
    corners = ((62, -120), (62, 160), (-38, -150), (-38, 165), (26, 8))
    towns = ", ".join(f"group(9, 'T{index}', {lat}, {lon})" for index, (lat, lon) in enumerate(corners))
    live.show(f"moment(pl.concat([{towns}]))")
    for disc in live.discs():
        live.click(disc)
        expect(live.part("popup")).to_be_visible()
        live.until(lambda disc=disc: beside(balloon(live), disc))
        live.page.keyboard.press("Escape")
        expect(live.part("popup")).to_have_count(0)


def beside(box: dict[str, float], disc: dict[str, Any]) -> bool:
    """Say whether a popup is near a circle, and does not cover its middle."""
    across = max(box["x"] - disc["x"], disc["x"] - box["x"] - box["width"])
    down = max(box["y"] - disc["y"], disc["y"] - box["y"] - box["height"])
    return 0 < max(across, down) < 60


def test_a_popup_follows_its_circle_and_splits_with_it(live: MapPage) -> None:
    live.show(NEIGHBORS)
    live.click(live.discs()[0])
    expect(live.part("popup").locator("dd").first).to_have_text("10")
    live.root.get_by_role("button", name="Zoom in").click(modifiers=["Shift"])
    live.until(lambda: numbers(live.rest()) == ["6", "4"])
    expect(live.part("popup")).to_contain_text("Reggane")
    expect(live.part("popup").locator("dd").first).to_have_text("6")
    live.until(lambda: beside(balloon(live), live.discs()[0]))
    live.refresh("moment(pl.concat([group(6, 'Reggane', 26.3, 0.6), group(4, 'Salah', 26, 3)]))")
    live.until(lambda: beside(balloon(live), live.rest().discs()[0]))
    live.root.get_by_role("button", name="Zoom out").click(modifiers=["Shift"])
    expect(live.part("popup").locator("dd").first).to_have_text("10")


def test_a_click_beside_all_circles_closes_the_popup(live: MapPage) -> None:
    live.show(PLACES)
    live.click(live.discs()[0])
    expect(live.part("popup")).to_be_visible()
    box = live.root.locator(".leaflet-container").bounding_box()
    assert box is not None
    live.page.mouse.click(box["x"] + box["width"] - 20, box["y"] + box["height"] - 40)
    expect(live.part("popup")).to_have_count(0)


def test_a_popup_whose_members_have_left_says_so(live: MapPage) -> None:
    live.show(PLACES)
    live.click(live.discs()[0])
    expect(live.part("popup")).to_be_visible()
    live.refresh("people(0)")
    expect(live.part("popup")).to_contain_text("Everyone has left")


def test_a_refresh_keeps_the_focus_and_what_is_half_typed(live: MapPage) -> None:
    live.show(PLACES)
    search = live.root.get_by_role("searchbox")
    search.press_sequentially("Gues")
    live.refresh(PLACES)
    expect(search).to_be_focused()
    search.press_sequentially("t 5")
    expect(search).to_have_value("Guest 5")
    expect(live.rows()).to_have_count(1)


def test_a_refresh_keeps_what_is_read_in_its_place(live: MapPage) -> None:
    """Also when others come to stand before it in the list."""
    live.show("people(40, display_name=pl.format('Guest {}', pl.int_range(40)))")
    read = live.rows().nth(20)
    name = read.locator(".df-name").inner_text()
    live.root.get_by_role("listbox", name="Visitors").evaluate("(list) => { list.scrollTop = 800; }")
    place = read.bounding_box()
    live.refresh(
        "people(43, score=((pl.int_range(43) * 37) % 101) + pl.when(pl.int_range(43) >= 40).then(100)"
        ".otherwise(0), display_name=pl.format('Guest {}', pl.int_range(43)))"
    )
    live.visitors_now("43")
    assert live.rows().filter(has=live.page.get_by_text(name, exact=True)).bounding_box() == place


def test_a_refresh_does_not_flicker(live: MapPage) -> None:
    live.show("people(300)")
    live.frames()
    live.page.evaluate("""() => {
        window.removed = 0;
        const count = (records) => { for (const each of records) window.removed += each.removedNodes.length; };
        new MutationObserver(count).observe(document.querySelector('.datafast-map'), {childList: true, subtree: true});
    }""")
    live.refresh("people(300)")
    live.rest()
    assert all(len(frame["discs"]) > 30 for frame in live.frames())
    assert live.page.evaluate("window.removed") == 0


# Moving about


def test_zooming_by_the_buttons_splits_clusters_without_a_request(live: MapPage) -> None:
    live.show(NEIGHBORS)
    assert numbers(live) == ["10"]
    requests = live.number("source.calls")
    live.root.get_by_role("button", name="Zoom in").click(modifiers=["Shift"])  # three levels at once
    live.until(lambda: numbers(live.rest()) == ["6", "4"])
    live.root.get_by_role("button", name="Zoom out").click(modifiers=["Shift"])
    live.until(lambda: numbers(live.rest()) == ["10"])
    assert live.number("source.calls") == requests


def test_zooming_by_the_wheel_splits_the_cluster_under_the_pointer(live: MapPage) -> None:
    live.show("moment(pl.concat([group(6, 'Bonn', 50.73, 7.1), group(4, 'Trier', 49.76, 6.64)]))")
    assert numbers(live) == ["10"]
    live.page.keyboard.down("Control")
    for _ in range(2):
        live.page.mouse.move(*(live.discs()[0][axis] for axis in "xy"))
        live.page.mouse.wheel(0, -400)
        live.rest()
    live.page.keyboard.up("Control")
    assert numbers(live) == ["6", "4"]


def test_the_fit_button_shows_where_the_visitors_are(live: MapPage) -> None:
    live.show(NEIGHBORS)
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.until(lambda: numbers(live.rest()) == ["6", "4"])
    places = [place_of(live, disc) for disc in live.discs()]
    assert all(0 < along < 1 for place in places for along in place)
    assert abs(places[0][0] - places[1][0]) > 0.3


def test_the_full_screen_button_enlarges_the_map_and_takes_it_back(live: MapPage) -> None:
    live.show()
    before = live.root.bounding_box()
    live.root.get_by_role("button", name="Full screen").click()
    live.page.wait_for_function("document.fullscreenElement?.matches('.datafast-map')", polling=100)
    enlarged = live.root.bounding_box()
    assert before is not None
    assert enlarged is not None
    assert enlarged["height"] > before["height"]
    live.root.get_by_role("button", name="Exit full screen").click()
    live.page.wait_for_function("document.fullscreenElement === null", polling=100)
    expect(live.root.get_by_role("button", name="Full screen")).to_be_visible()


# The popup


def test_who_is_chosen_in_a_popup_with_the_keyboard_has_the_focus_on_their_card(live: MapPage) -> None:
    live.show(PLACES)
    live.click(live.discs()[0])
    live.part("popup").locator(".df-row").first.press("Enter")
    back = live.root.get_by_role("button", name="Back to the lists")
    expect(back).to_be_focused()
    expect(live.part("popup")).to_have_count(0)
    back.press("Enter")
    expect(live.part("card")).to_be_hidden()
    live.click(live.discs()[0])
    live.part("popup").get_by_role("button", name="Close the list").press("Enter")
    expect(live.part("popup")).to_have_count(0)
    expect(live.root.locator(".leaflet-container")).to_be_focused()


# The controls


def test_pausing_resuming_and_refreshing_by_hand(live: MapPage) -> None:
    live.show("people(300)", every=1)
    live.root.get_by_role("button", name="Pause").click()
    expect(live.part("state")).to_have_text("Paused")
    requests = live.number("(time.sleep(2), source.calls)[1]")  # in which it would ask again
    live.answers("people(17)")
    live.root.get_by_role("button", name="Refresh now").click()
    live.visitors_now("17")
    assert live.number("source.calls") == requests + 1
    live.answers("people(18)")
    live.root.get_by_role("button", name="Resume").click()
    live.visitors_now("18")
    live.root.get_by_label("Update").select_option(label="every 30 s")
    expect(live.part("state")).to_have_text("Live · every 30 s")


def test_the_map_lives_while_another_cell_is_busy(live: MapPage, tmp_path: Path) -> None:
    live.show(PLACES, every=1)
    largest, done = live.discs()[0], tmp_path / "done"
    busy = f"while not Path({str(done)!r}).exists(): time.sleep(0.05)"
    live.run_beside(busy, wait=False)
    prompt = live.page.locator(".jp-Cell").nth(1).locator(".jp-InputPrompt")
    expect(prompt).to_have_text("[*]:")
    live.answers(PLACES.replace("group(7", "group(8").replace("range(7)", "range(8)"))
    live.visitors_now("9")
    live.point_at(largest)
    expect(live.part("tip")).to_contain_text("Faya, Chad")
    live.click(largest)
    expect(live.part("popup")).to_contain_text("Guest 7")
    expect(prompt).to_have_text("[*]:")
    done.touch()
    expect(prompt).not_to_have_text("[*]:")


# Layers


def test_the_layers_control_switches_the_visitors(live: MapPage) -> None:
    live.show(PLACES)
    dot = live.discs()[-1]
    live.root.locator(".leaflet-control-layers").hover()
    switch = live.root.locator(".leaflet-control-layers").get_by_label("Visitors")
    switch.uncheck()
    expect(live.part("canvas")).to_be_hidden()
    live.click(dot)
    live.refresh()
    expect(live.part("card")).to_be_hidden()
    live.root.locator(".leaflet-control-layers").hover()
    switch.check()
    expect(live.part("canvas")).to_be_visible()


def test_the_heats_data_travel_only_while_it_is_shown(live: MapPage) -> None:
    live.show("people(300)")
    sent = "sum(len(each.weight) for each in live._view.front.heat.values())"
    assert live.number(sent) == 0
    live.root.locator(".leaflet-control-layers").hover()
    switch = live.root.locator(".leaflet-control-layers").get_by_label("Heat")
    switch.check()
    live.until(lambda: live.number(sent) > 0)
    live.page.wait_for_function(
        """() => {
        const canvas = document.querySelector('.leaflet-heatmap-layer');
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value) => value > 0);
    }""",
        polling=200,
    )
    switch.uncheck()
    live.until(lambda: live.number(sent) == 0)


# The legend


def test_the_legend_says_what_the_colors_mean(live: MapPage) -> None:
    live.show("moment(visitors(60, device='mobile', utm_source='google', visit_count=1))")
    said = {
        "score": ("0", "100", "50 is the site's average visitor", "share of customers"),
        "expected_value": ("Expected value", "$0", "or more"),
        "is_customer": ("none", "all", "share of the visitors of each place"),
        "device": ("Device", "mobile"),
        "channel": ("Channel", "google"),
        "visit_kind": ("New or returning", "new"),
    }
    for choice, texts in said.items():
        live.root.get_by_label("Color by").select_option(choice)
        for text in texts:
            expect(live.part("legend")).to_contain_text(text)
    assert live.python("print(live.color_by)") == choice


def test_the_circles_have_the_legends_colors(live: MapPage) -> None:
    live.show("moment(pl.concat([group(9, 'Faya', 18, 19, device='mobile'), group(2, 'Lima', -12, -77, device='tv')]))")
    live.root.get_by_label("Color by").select_option("device")
    expect(live.part("legend")).to_contain_text("tv")
    marks = live.part("swatches").locator(".df-mark").all()
    swatches = [mark.evaluate("(mark) => mark.style.getPropertyValue('--df-mark')") for mark in marks]
    live.rest()
    assert [disc["color"] for disc in live.discs()] == swatches[:2]


def test_the_legend_counts_who_is_not_on_the_map(live: MapPage) -> None:
    live.show("people(10, latitude=pl.when(pl.int_range(10) >= 3).then(10.0))")
    expect(live.part("legend")).to_contain_text("3 not on the map: no location")
    live.visitors_now("10")


# States


def test_the_first_load_is_said_to_be_one(live: MapPage, tmp_path: Path) -> None:
    answered = tmp_path / "answered"
    live.make(f"([time.sleep(0.02) for _ in iter(Path({str(answered)!r}).exists, True)], people(3))[1]")
    live.notebook.run(0)
    expect(live.part("state")).to_have_text("Loading…")
    expect(live.part("listing").first).to_contain_text("Loading…")
    expect(live.part("figure", "Visitors now").locator("strong")).to_have_text("–")
    answered.touch()
    live.visitors_now("3")


def test_nobody_here_is_said_to_be(live: MapPage) -> None:
    live.show("people(0)")
    expect(live.part("state")).to_contain_text("Nobody here right now")
    expect(live.part("listing").first).to_contain_text("Nobody here right now")
    live.visitors_now("0")
    assert live.discs() == []


def test_a_site_without_predictions_is_said_to_be_one(live: MapPage) -> None:
    live.show("people(20, score=None, confidence=None, expected_value=None)")
    expect(live.part("state")).to_contain_text("No predictions for this site yet")
    expect(live.part("figure", "Expected value").locator("strong")).to_have_text("–")
    assert len(live.discs()) > 5
