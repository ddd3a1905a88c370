"""A page's own rules for pictures, buttons and sections, as themes and blogs have them, leave the map as it is."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.lab import next_frame
from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

# Inside the map alone, and of no more weight than the page's own rules: what stands around it would move it.
RULES = {
    "pictures": "{0} img, {0} svg, {0} video, {0} canvas {{ max-width: 100%; height: auto; display: block }}",
    "important": "{0} img, {0} svg, {0} canvas {{ max-width: 100% !important; max-height: 100px !important }}",
    "everything": "{0} * {{ box-sizing: border-box; margin: 0; padding: 0 }}",
    "controls": (
        "{0} button, {0} input, {0} select {{ width: 100%; padding: 12px; font: 20px serif; letter-spacing: 2px; "
        "text-transform: uppercase; border: 3px solid red; display: block; min-height: 60px; float: left }}"
    ),
    "words": (
        "{0} label, {0} dt, {0} dd, {0} strong, {0} small, {0} h4, {0} p, {0} li, {0} span {{ display: block; "
        "margin: 1em; font-size: 24px; line-height: 3; text-transform: uppercase; width: 300px }}"
    ),
    "parts": "{0} section, {0} article, {0} header, {0} ul, {0} ol, {0} dl {{ padding: 4em; border: 1px solid red }}",
    "icons": "{0} svg {{ width: 100%; height: 3em; opacity: 0.2; border: 2px solid; transition: all 5s }}",
    "links": "{0} a {{ padding: 9px; display: inline; border-bottom: 4px solid; float: right }}",
}
# What would hide the map, and leave the sizes of its parts as they are.
HIDING = {
    "canvases": "{0} canvas {{ display: none; visibility: hidden; opacity: 0.1; filter: invert(1) }}",
    "boxes": "{0} div {{ overflow: hidden; float: left }}",
}

# Of all but what changes by itself, as the data grow older.
_SIZES = """(root) => {
    const nodes = [...root.querySelectorAll(':not(.df-updated, .df-updated *)')];
    return Object.fromEntries(nodes.map((node, index) => {
        const {width, height} = node.getBoundingClientRect();
        return [`${index} ${node.tagName} ${node.getAttribute('class')}`, [Math.round(width), Math.round(height)]];
    }));
}"""
_STYLE = """(text) => {
    document.querySelector('#rules-of-the-page')?.remove();
    const style = Object.assign(document.createElement('style'), {id: 'rules-of-the-page', textContent: text});
    document.head.append(style);
}"""


def test_rules_for_elements_deform_nothing(live: MapPage) -> None:
    live.show("people(40)")
    live.root.get_by_role("button", name="Filters").click()
    live.rest()
    plain = live.root.evaluate(_SIZES)
    try:
        for name, rule in RULES.items():
            live.page.evaluate(_STYLE, rule.format(":where(.datafast-map)"))
            next_frame(live.page)
            sizes = live.root.evaluate(_SIZES)
            changed = {node: (plain.get(node), size) for node, size in sizes.items() if plain.get(node) != size}
            assert changed == {}, name
        expect(live.part("canvas")).to_be_visible()
    finally:
        live.page.evaluate(_STYLE, "")


def test_rules_that_hide_leave_the_map_as_it_is(live: MapPage) -> None:
    live.show("people(40)")
    live.page.mouse.move(0, 0)
    box = live.root.locator(".leaflet-container")
    plain = box.screenshot()
    try:
        for name, rule in HIDING.items():
            live.page.evaluate(_STYLE, rule.format(":where(.datafast-map)"))
            next_frame(live.page)
            assert box.screenshot() == plain, name
    finally:
        live.page.evaluate(_STYLE, "")
