"""How the live map looks, and how it is reached: themes, widths, contrast, keyboard, names for screen readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

# Something of everything: two customers, an event, a payment, somebody without a score and somebody without a place.
SCENE: Final = """moment(
    group(9, 'Lyon', 45.8, 4.8, country_code='FR', device='mobile', current_url='https://shop.example/pricing',
        display_name=pl.format('Guest {}', pl.int_range(9)), is_customer=pl.int_range(9) < 2, conversion_rate=0.03,
        session_start_time=at(-150), customer_email='guest@example.org', visit_count=2,
        score=pl.when(pl.int_range(9) != 5).then(10.0 * pl.int_range(9)), dimension_matches=pl.concat_list(pl.lit('os'))
    ).with_columns(latitude=pl.when(pl.int_range(9) != 4).then(45.8)),
    events(dict(event_id='1', type='sign_up', visitor_id='Lyon 8', timestamp=at(-9), display_name='Guest 8')),
    payments(dict(payment_id='1', amount=9.0, currency='USD', name='Guest 8', is_new=True, timestamp=at(-9)),
        dict(payment_id='2', amount=-9.0, currency='USD', name='Guest 7', timestamp=at(-19))))"""

# The texts that do not stand out from what is behind them, by WCAG 2.2's contrast (1.4.3), with their ratios.
_FAINT: Final = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const parse = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
        return {rgb: [red, green, blue], alpha: alpha / 255};
    };
    const over = (top, bottom) => top.rgb.map((each, index) => each * top.alpha + bottom[index] * (1 - top.alpha));
    const behind = (node) => {
        const layers = [];
        for (let each = node; each; each = each.parentElement)
            layers.push(parse(getComputedStyle(each).backgroundColor));
        return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const luminance = (rgb) => {
        const [red, green, blue] = rgb.map((each) => each / 255)
            .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ratio = (one, other) => {
        const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
        return (light + 0.05) / (dark + 0.05);
    };
    const faint = [];
    const walker = document.createTreeWalker(document.querySelector('.datafast-map'), NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        const node = text.parentElement;
        const style = getComputedStyle(node);
        if (!text.data.trim() || !node.checkVisibility({visibilityProperty: true})) continue;
        if (node.closest('option, .leaflet-disabled, .df-unseen, [inert], :disabled')) continue;
        const background = behind(node);
        const found = ratio(over(parse(style.color), background), background);
        const large = parseFloat(style.fontSize) >= (style.fontWeight >= 700 ? 18.66 : 24);
        if (found < (large ? 3 : 4.5)) faint.push(`${node.className} "${text.data.trim()}" ${found.toFixed(2)}`);
    }
    return faint;
}"""
_OVERFLOW: Final = """() => {
    const root = document.querySelector('.datafast-map');
    const wide = (node) => node.scrollWidth > node.clientWidth;
    const parts = ['.df-header', '.df-filters', '.df-legend', '.df-panel', '.df-list'];
    const card = root.querySelectorAll('.df-card .df-body');  // there while a card is open
    return [...parts.map((part) => root.querySelector(part)), ...card, root].filter(wide).map((node) => node.className);
}"""
_SMALL: Final = """() => [...document.querySelectorAll('.datafast-map :is(button, select, input, a[role])')]
    .filter((node) => node.checkVisibility() && !node.closest('[inert]'))
    .map((node) => [node.getAttribute('aria-label') ?? node.className, node.getBoundingClientRect()])
    .filter(([, {width, height}]) => Math.min(width, height) < 24)
    .map(([name, {width, height}]) => `${name} ${width}x${height}`)"""
_BACKGROUND: Final = "(node) => getComputedStyle(node).backgroundColor"


@pytest.fixture(autouse=True)
def _as_it_was(live: MapPage) -> Iterator[None]:
    """Return the window its theme and size back."""
    yield
    live.page.set_viewport_size({"width": 1280, "height": 900})
    live.notebook.theme("JupyterLab Light")


def backgrounds(live: MapPage) -> dict[str, str]:
    """Return the colors of the parts, and of the clusters' edges."""
    live.rest()
    colors = {part: live.part(part).first.evaluate(_BACKGROUND) for part in ("panel", "lists")}
    edges = {ring["color"] for ring in live.frame()["rings"] if ring["width"] == 1}
    return colors | {"root": live.root.evaluate(_BACKGROUND), "edges": ", ".join(edges)}


# Themes


def test_it_follows_the_theme_while_it_is_shown(live: MapPage) -> None:
    live.show(SCENE)
    light = backgrounds(live)
    live.notebook.theme("JupyterLab Dark")
    expect(live.root).to_contain_class("df-dark")
    dark = backgrounds(live)
    assert light["root"] == "rgb(255, 255, 255)"
    assert all(light[part] != dark[part] for part in light)
    live.notebook.theme("JupyterLab Light")
    expect(live.root).not_to_contain_class("df-dark")
    assert backgrounds(live) == light


def test_an_explicit_theme_stays_whatever_the_page_is(live: MapPage) -> None:
    live.show(SCENE, theme="dark")
    dark = backgrounds(live)
    live.notebook.theme("JupyterLab Dark")
    assert backgrounds(live) == dark
    live.python("live.theme = 'light'")
    expect(live.root).not_to_contain_class("df-dark")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_stands_out_from_its_background(live: MapPage, theme: str) -> None:
    live.show(SCENE, theme=theme)
    live.python("live.filter(country_code='FR', device='mobile')")
    live.root.get_by_role("button", name="Filters").click()
    expect(live.part("chip")).to_have_count(2)
    faint = set(live.page.evaluate(_FAINT))
    for tab in ("Events", "Payments", "Visitors"):
        live.tab(tab).click()
        faint |= set(live.page.evaluate(_FAINT))
    live.click(live.discs()[0])
    expect(live.part("popup")).to_be_visible()
    live.rows().filter(has_text="Guest 8").click()
    expect(live.part("card")).to_be_visible()
    faint |= set(live.page.evaluate(_FAINT))
    live.refresh("moment(group(1, 'Lima', -12, -77, country_code='FR', device='mobile'))")
    expect(live.part("gone")).to_be_visible()
    faint |= set(live.page.evaluate(_FAINT))
    live.answers("ConnectionFailedError('No answer.')")
    live.python("live.refresh()")
    expect(live.part("status")).to_have_attribute("data-state", "retrying")
    faint |= set(live.page.evaluate(_FAINT))
    live.answers("AuthenticationError('No key.')")
    live.python("live.refresh()")
    expect(live.part("status")).to_have_attribute("data-state", "refused")
    assert faint | set(live.page.evaluate(_FAINT)) == set()


# Widths


@pytest.mark.parametrize("width", [480, 1600])
def test_nothing_is_wider_than_the_map(live: MapPage, width: int) -> None:
    live.page.set_viewport_size({"width": width, "height": 900})
    live.show(SCENE)
    live.python("live.filter(country_code='FR', device='mobile', text='https://shop.example', min_score=1)")
    live.root.get_by_role("button", name="Filters").click()
    expect(live.part("chip")).to_have_count(4)
    assert live.page.evaluate(_OVERFLOW) == []
    live.rows().first.click()
    expect(live.part("card")).to_be_visible()
    assert live.page.evaluate(_OVERFLOW) == []
    panel, shown = live.part("panel").bounding_box(), live.root.locator(".leaflet-container").bounding_box()
    assert panel is not None
    assert shown is not None
    beside = panel["x"] >= shown["x"] + shown["width"] - 1
    assert beside == (width == 1600)


@pytest.mark.parametrize("width", [480, 1600])
def test_the_world_fits_into_the_map(live: MapPage, width: int) -> None:
    live.page.set_viewport_size({"width": width, "height": 900})
    live.show(SCENE)
    for size in (width, 1000):
        live.page.set_viewport_size({"width": size, "height": 900})
        view = live.rest().view()
        assert view["east"] - view["west"] == pytest.approx(360, abs=2)
        assert view["north"] - view["south"] > 80


def test_what_can_be_clicked_is_large_enough(live: MapPage) -> None:
    """WCAG 2.2's target size (2.5.8)."""
    live.show(SCENE)
    live.python("live.filter(country_code='FR', device='mobile')")
    live.root.get_by_role("button", name="Filters").click()
    live.click(live.discs()[0])
    expect(live.part("popup")).to_be_visible()
    assert live.page.evaluate(_SMALL) == []


@pytest.mark.parametrize(("width", "theme"), [(480, "JupyterLab Light"), (1280, "JupyterLab Dark")])
def test_the_time_bar_is_readable_large_enough_and_fits(live: MapPage, width: int, theme: str) -> None:
    live.page.set_viewport_size({"width": width, "height": 900})
    live.notebook.theme(theme)
    live.python("from tests.livemap.pasts import demo_replay; source, options = demo_replay(days=0.1), {}")
    live.run("stopped")
    bar = live.part("timebar")
    expect(bar.locator(".df-tick")).not_to_have_count(0)
    assert live.page.evaluate(_FAINT) == []
    assert live.page.evaluate(_SMALL) == []
    assert bar.evaluate("(node) => node.scrollWidth <= node.clientWidth")


# Keyboard and screen readers


def test_the_tab_key_reaches_every_control_in_the_order_of_the_page(live: MapPage) -> None:
    live.show(SCENE)
    live.python("live.filter(country_code='FR', device='mobile')")
    live.root.get_by_role("button", name="Filters").click()
    expect(live.part("conditions").get_by_role("combobox", name="Country")).to_be_enabled()
    live.root.get_by_role("button", name="Pause").focus()
    reached = []
    for _ in range(40):
        reached.append(
            live.page.evaluate("""() => {
            const node = document.activeElement;
            if (!node.closest('.datafast-map')) return null;
            const label = node.labels?.[0]?.querySelector('span');
            return node.getAttribute('aria-label') ?? (label ?? node).textContent;
        }""")
        )
        if reached[-1] is None:
            break
        live.page.keyboard.press("Tab")
    order = [
        "Pause",
        "Refresh now",
        "Update",
        "Color by",
        "Fit to the visitors",
        "Full screen",
        "Search names",
        "Filters",
    ]
    order += ["Country: France", "Device: mobile", "Clear all", "Country", "Device", "Channel", "Page", "Visits"]
    order += ["Customers", "Score at least", "Confidence at least", "Visitors", "Sort by", "Visitors"]
    said = iter(each for each in reached if each)
    missing = [name for name in order if not any(name in each for each in said)]
    assert missing == [], f"reached: {reached}"
    assert {"Zoom in", "Zoom out"} <= set(reached)


def test_all_that_can_be_used_has_a_name(live: MapPage) -> None:
    live.show(SCENE)
    live.python("live.filter(country_code='FR', device='mobile')")
    live.root.get_by_role("button", name="Filters").click()
    live.click(live.discs()[0])
    expect(live.part("popup")).to_be_visible()
    tree = live.root.aria_snapshot()
    live.rows().first.click()
    expect(live.part("card")).to_be_visible()
    tree += live.root.aria_snapshot()
    roles = "button|combobox|searchbox|slider|tab|listbox|option|meter|link|img|tablist|tabpanel|region"
    nameless = re.findall(rf"- (?:{roles})(?: \[.*?\])*:?$", tree, re.MULTILINE)
    assert nameless == []


def test_screen_readers_are_told_of_status_matches_and_messages(live: MapPage) -> None:
    live.show(SCENE)
    for part in ("state", "matched", "toasts"):
        expect(live.part(part)).to_have_attribute("role", "status")
    expect(live.part("canvas")).to_have_attribute("role", "img")


def test_a_key_that_is_typed_in_the_map_is_no_command_of_the_notebook(live: MapPage) -> None:
    """Such as ``b``, which makes a cell, or ``m``, which would make the map's one text."""
    live.show(SCENE)
    cells = live.page.locator(".jp-Notebook .jp-Cell")
    live.root.get_by_role("button", name="Pause").press("b")
    live.root.get_by_role("listbox", name="Visitors").press("b")
    live.root.locator(".leaflet-container").press("b")
    live.root.get_by_role("searchbox").press_sequentially("bb")  # last: nobody is left to be listed then
    expect(live.root.get_by_role("searchbox")).to_have_value("bb")
    made = cells.count() - 2
    for _ in range(made):
        live.page.evaluate("() => window.jupyterapp.commands.execute('notebook:undo-cell-action').then(() => null)")
    assert made == 0


def test_figures_line_up(live: MapPage) -> None:
    live.show(SCENE)
    for part in ("header", "panel", "legend"):
        assert "tabular-nums" in live.part(part).evaluate("(node) => getComputedStyle(node).fontVariantNumeric")
