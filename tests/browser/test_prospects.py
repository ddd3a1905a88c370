"""The live map with a model: its header, its colors and its list go by who will buy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

LEARNED = """
from tests.forecast.simulated import START, World, simulate
record = simulate(World(days=3, arrivals=120, every=600, rate=0.1, seed=1))
model = dfn.learn(record, "6h", end=START + timedelta(days=2, hours=12))
shown = record.at(START + timedelta(days=2, hours=15))
place = pl.int_range(pl.len())
here = shown.visitors.with_columns(
    display_name="visitor_id", latitude=-40.0 + 20.0 * (place % 5), longitude=-150.0 + 20.0 * (place // 5 % 16)
)
site = Snapshot(here, shown.events, shown.payments, fetched_at=shown.fetched_at)
"""
SAID = """
found, likely = model.expected(site), model.predict(site)
print(json.dumps([found.conversions, found.conversions_low, found.conversions_high, likely["visitor_id"].to_list()]))
"""


class Name(str):
    """A name in the kernel, as an option of the map."""

    __slots__ = ()
    __repr__ = str.__str__


@pytest.fixture
def said(live: MapPage) -> list[Any]:
    """Show the map, and give what its model says: mean, low and high, and who is likeliest to buy."""
    live.python(LEARNED)
    live.show("site", model=Name("model"))
    found: list[Any] = json.loads(live.python(SAID))
    return found


def test_the_header_the_list_and_the_circles_go_by_the_probability_to_buy(live: MapPage, said: list[Any]) -> None:
    mean, low, high, likeliest = said
    figure = live.part("figure", "Expected sales")
    expect(figure).to_be_visible()
    digits = 0 if mean >= 1 else 1
    expect(figure.locator("strong")).to_have_text(f"{mean:.{digits}f} ({low} to {high})")
    expect(figure).to_contain_text("within 6 h")
    expect(live.part("figure", "Expected value")).to_have_count(0)
    shown = live.rows().locator(".df-name").all_inner_texts()
    assert len(shown) > 20
    assert shown[:20] == likeliest[:20]
    expect(live.part("legend")).to_contain_text("Probability to buy")
    assert len({disc["color"] for disc in live.discs()}) > 3


def test_another_order_and_other_colors_can_be_chosen(live: MapPage, said: list[Any]) -> None:
    likeliest = said[3]
    listed = live.rows().locator(".df-name")
    live.root.get_by_label("Sort by").select_option(label="Newest")
    live.until(lambda: listed.all_inner_texts()[:20] != likeliest[:20])
    live.root.get_by_label("Sort by").select_option(label="Probability to buy")
    live.until(lambda: listed.all_inner_texts()[:20] == likeliest[:20])
    before = [disc["color"] for disc in live.discs()]
    live.root.get_by_label("Color by").select_option(label="Score")
    live.until(lambda: [disc["color"] for disc in live.discs()] != before)
    expect(live.part("legend")).not_to_contain_text("Probability to buy")
