"""Texts and places as strangers write them: drawn sanely, nothing executed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Request, expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

MARKUP: Final = (
    "<img src='/hostile' onerror='alert(1)'><script>alert(1)</script><svg onload=alert(1)><iframe src='/hostile'>"
)
LINK: Final = "javascript:alert(1)//"
TURNED: Final = "\u05e9\u05dc\u05d5\u05dd \u202egnp.exe \u2067\u0645\u0631\u062d\u0628\u0627 \U0001f680 \x00\x1b[31m"
LONG: Final = "W" * 10_000

_GUARD: Final = """() => {
    window.executed = [];
    for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.executed.push(name); };
}"""
_UNSAFE: Final = "img, script, iframe, svg[onload], [onerror], a[href^='javascript']"


@pytest.fixture(autouse=True)
def _nothing_executes(live: MapPage) -> Iterator[None]:
    """Fail if a text of the test was run, asked for, or taken for markup."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    live.page.on("request", note)
    live.page.evaluate(_GUARD)
    yield
    live.page.remove_listener("request", note)
    assert live.page.evaluate("window.executed") == []
    # JupyterLab itself asks whether a path in what is logged is a file.
    assert [url for url in asked if "hostile" in url and "/api/resolvePath" not in url] == []


def look_everywhere(live: MapPage, text: str) -> None:
    """Bring every part of the map on the screen, while a text is everywhere."""
    live.python("from tests.browser.strangers import scene")
    live.show(f"scene({text!a})")
    live.python(f"live.filter(min_score=1, text={text[:8]!a})")
    live.root.get_by_role("button", name="Filters").click()
    for choice in ("channel", "device"):
        live.root.get_by_label("Color by").select_option(choice)
    live.rest()
    live.point_at(live.discs()[0])
    expect(live.part("tip")).to_be_visible()
    live.click(live.discs()[0])
    expect(live.part("popup").locator(".df-row")).to_have_count(2)
    live.python("live.filter(min_score=None, text=None)")
    live.refresh(f"scene({text!a}, paid=3)")
    expect(live.part("toast").first).to_be_visible()
    for name in ("Events", "Payments", "Visitors"):
        live.tab(name).click()
        expect(live.rows(name)).to_have_count(3)
    live.rows().first.click()
    expect(live.part("card")).to_be_visible()
    assert live.root.locator(_UNSAFE).count() == 0


def is_within(live: MapPage) -> bool:
    """Say whether nothing juts out of the map, and the page is no wider than its window."""
    return bool(
        live.page.evaluate("""() => {
        const root = document.querySelector('.datafast-map'), frame = root.getBoundingClientRect();
        const parts = root.querySelectorAll('.df-header, .df-filters, .df-panel, .df-legend, .df-tip, .df-toasts');
        const inside = [...parts].every((part) => {
            const box = part.getBoundingClientRect();
            return part.hidden || (box.left >= frame.left - 1 && box.right <= frame.right + 1);
        });
        return inside && root.scrollWidth <= root.clientWidth;
    }""")
    )


@pytest.mark.parametrize("text", [MARKUP, LINK], ids=["markup", "link"])
def test_markup_is_shown_as_text_in_every_part(live: MapPage, text: str) -> None:
    look_everywhere(live, text)
    expect(live.part("card").locator("header")).to_contain_text(text[:30])
    assert is_within(live)


def test_text_that_turns_its_surroundings_turns_only_itself(live: MapPage) -> None:
    look_everywhere(live, TURNED)
    said = live.root.inner_text()
    assert not set("\u202e\u2067\x00\x1b") & set(said)
    live.page.keyboard.press("Escape")
    row = live.rows().first
    left, right = row.locator(".df-name").bounding_box(), row.locator(".df-score").bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]
    assert row.locator(".df-name").evaluate("(name) => name.tagName") == "BDI"


def test_text_without_end_is_cut_and_the_layout_holds(live: MapPage) -> None:
    live.show("people(40)")
    height = live.root.bounding_box()
    live.clear()
    look_everywhere(live, LONG)
    assert is_within(live)
    live.page.keyboard.press("Escape")
    live.root.get_by_role("button", name="Filters").click()
    live.python("live.color_by = 'score'")
    expect(live.part("legend")).to_contain_text("or more")
    assert live.rows().first.bounding_box()["height"] == 48  # type: ignore[index]
    assert live.root.bounding_box()["height"] == pytest.approx(height["height"], abs=1)  # type: ignore[index]
    assert live.root.evaluate("(root) => root.textContent.length") < 20_000


def test_an_error_message_is_text_too(live: MapPage) -> None:
    live.make(f"ValueError({MARKUP + LONG!r})")
    live.run("retrying")
    expect(live.part("state")).to_contain_text("<img src='/hostile'")
    assert live.root.locator(_UNSAFE).count() == 0
    assert len(live.part("state").inner_text()) < 500
    assert is_within(live)


def test_a_sites_name_and_a_callbacks_error_are_text_too(live: MapPage) -> None:
    live.show_sites({"<img src=x onerror=alert(1)>": "people(3)", "b": f"ValueError({MARKUP!r})"}, color_by="site")
    live.python(f"def failing(_): raise ValueError({MARKUP!r})\nlive.on_update(failing)")
    live.refresh()
    expect(live.part("state")).to_contain_text("failing raised ValueError: <img")
    expect(live.part("legend")).to_contain_text("<img")
    assert live.root.locator(_UNSAFE).count() == 0


# Places


def test_places_that_make_no_sense_are_not_on_the_map_and_the_others_are(live: MapPage) -> None:
    nowhere = (
        "[None, 91.0, -1e300, float('nan'), float('inf'), 10.0, 10.0], [5.0, 5.0, 5.0, 5.0, 5.0, 181.0, float('nan')]"
    )
    sane = "[90.0, -90.0, 10.0, 10.0, 0.0], [0.0, 0.0, 180.0, -180.0, 0.0]"
    live.show(
        "(lambda bad, sane: moment(visitors(12).with_columns("
        "latitude=pl.Series(bad[0] + sane[0]), longitude=pl.Series(bad[1] + sane[1]))))"
        f"(({nowhere}), ({sane}))",
        height=1600,  # higher than wide, for both poles
    )
    expect(live.part("legend")).to_contain_text("7 not on the map: no location")
    live.visitors_now("12")
    assert len(live.discs()) >= 1
    live.python("live.fit()")
    live.until(lambda: "5 in" in (live.rest().part("canvas").get_attribute("aria-label") or ""))


def test_thousands_at_the_very_same_point_are_one_circle_at_every_zoom(live: MapPage) -> None:
    live.show("people(5000, latitude=26.0, longitude=8.0)")
    assert [number["text"] for number in live.frame()["numbers"]] == ["5.0k"]
    live.root.get_by_role("button", name="Fit to the visitors").click()
    live.until(lambda: live.rest().view()["zoom"] == 8)
    assert [number["text"] for number in live.frame()["numbers"]] == ["5.0k"]


def test_neighbors_across_the_date_line_are_drawn_side_by_side(live: MapPage) -> None:
    live.show("moment(pl.concat([group(6, 'Suva', 10, 179), group(4, 'Apia', 10, -179)]))")
    live.python("from datafast_nb.widgets.protocol import Fit")
    live.python("live._view.announce(Fit(south=-40, west=100, north=60, east=260, view=None))")
    live.until(lambda: live.rest().view()["west"] > -90)
    one, other = live.discs()
    assert abs(one["x"] - other["x"]) < 40
