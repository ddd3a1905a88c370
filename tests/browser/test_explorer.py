"""The explorer in JupyterLab, alone and beside the live map, as a person in a browser sees and uses it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

PATIENT = 30_000  # milliseconds, as long as a busy machine may take

SETUP = """
import datafast_nb as dfn
import polars as pl
from tests.livemap.sources import Scripted, people

attack = "<img src=x onerror='window.hacked = true'>"
def site(count):
    return people(count, country_code=pl.Series(["FR", "FR", "DE", "US"] * (count // 4)), conversion_rate=0.02,
        device=pl.Series(["mobile", "desktop"] * (count // 2)), utm_source=pl.Series([attack, "news"] * (count // 2)))
snap = site(40)
""".strip()
BESIDE = """
source = Scripted([site(40), site(60)])
live = dfn.LiveMap(source, every=3600)
explorer = dfn.Explorer(live, by="country_code", measure="visitors")
""".strip()


class Panel:
    """An explorer in a cell's output, and what a person finds there."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.root = notebook.output(cell).locator(".datafast-explorer")
        self.chart = self.root.locator(".df-chart svg.marks")

    def bar(self, group: str) -> Locator:
        """Return the bar of a group, by what the chart tells of it to those who don't see it."""
        return self.chart.locator(f'.mark-rect path[aria-label*="group: {group};"]')

    def row(self, group: str) -> Locator:
        """Return the button of a group in the table."""
        return self.root.get_by_role("row").get_by_role("button", name=f"{group}:")

    def rows(self) -> Locator:
        """Return the buttons with the names of the groups."""
        return self.root.locator(".df-pick")

    def choose(self, control: str, label: str) -> None:
        """Choose in one of the controls; what stands in parentheses after a label may be left out."""
        box = self.root.get_by_label(control)
        labels = [option.inner_text().replace("\xa0", " ") for option in box.locator("option").all()]
        box.select_option(index=next(place for place, each in enumerate(labels) if each.partition(" (")[0] == label))


@pytest.fixture(scope="module")
def window(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Return a notebook that these tests share."""
    with Notebook.window(lab, browser, width=1280) as notebook:
        notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        notebook.open("live", "explorer").python(SETUP)
        yield notebook


@pytest.fixture
def alone(window: Notebook) -> Iterator[Panel]:
    """Return an explorer of a snapshot."""
    window.python('explorer = dfn.Explorer(snap, by="country_code", measure="visitors")')
    panel = Panel(window.run(1), 1)
    expect(panel.chart).to_be_visible(timeout=PATIENT)
    yield panel
    window.python("explorer.close()")
    window.clear(1)


@pytest.fixture
def linked(window: Notebook) -> Iterator[Panel]:
    """Return an explorer that is linked to the map above it."""
    window.python(BESIDE)
    panel = Panel(window.run(0).run(1), 1)
    expect(panel.chart).to_be_visible(timeout=PATIENT)
    yield panel
    window.python("explorer.close(); live.close()")
    window.clear(0).clear(1)


def test_a_dimension_and_a_measure_are_chosen(alone: Panel) -> None:
    alone.choose("Break down by", "Device")
    expect(alone.chart).to_contain_text("mobile")
    alone.choose("Measure", "Lift")
    expect(alone.root.locator(".df-empty")).to_contain_text("The site's average is not known")
    expect(alone.chart).to_be_hidden()
    alone.choose("Measure", "Predicted rate")
    alone.choose("and by", "Country")
    expect(alone.root.get_by_role("heading")).to_contain_text("by device and country")
    expect(alone.root.get_by_role("columnheader").nth(1)).to_have_text("Country")


def test_a_click_on_a_bar_filters_the_map_and_its_chip_takes_that_back(linked: Panel) -> None:
    live_map = linked.notebook.output(0).locator(".datafast-map")
    linked.bar("FR").first.click()
    chip = live_map.get_by_role("button", name="Remove filter Country: France")
    expect(chip).to_be_visible(timeout=PATIENT)
    expect(live_map.locator(".df-figures strong").first).to_have_text("20")
    expect(linked.row("FR")).to_have_attribute("aria-pressed", "true")
    expect(linked.row("DE")).to_have_attribute("aria-pressed", "false")
    faint = linked.chart.locator('.mark-rect path[fill-opacity="0.4"]')
    expect(faint).to_have_count(2)
    chip.click()
    expect(faint).to_have_count(0)
    expect(linked.row("FR")).to_have_attribute("aria-pressed", "false")


def test_another_click_on_the_bar_takes_the_filter_away(linked: Panel) -> None:
    linked.bar("DE").first.click()
    chip = linked.root.get_by_role("button", name="Remove filter Country: Germany")
    expect(chip).to_be_visible(timeout=PATIENT)
    linked.bar("DE").first.click()
    expect(chip).to_have_count(0)


def test_what_is_chosen_in_the_map_is_what_the_bars_are_about(linked: Panel) -> None:
    live_map = linked.notebook.output(0).locator(".datafast-map")
    live_map.get_by_label("Search names, places and pages").fill("france")
    expect(linked.root.get_by_role("heading")).to_contain_text("20 visitors in all", timeout=PATIENT)
    expect(linked.rows()).to_have_text(["FR"])


def test_it_follows_a_refresh_of_the_map_without_losing_the_focus(linked: Panel) -> None:
    linked.row("US").focus()
    linked.notebook.output(0).get_by_role("button", name="Refresh now").click()
    expect(linked.root.locator(".df-shown")).to_contain_text("60 visitors", timeout=PATIENT)
    linked.row("US").focus()
    linked.notebook.page.keyboard.press("Enter")
    expect(linked.row("US")).to_have_attribute("aria-pressed", "true")
    expect(linked.row("US")).to_be_focused()


def test_it_answers_while_a_cell_is_busy(linked: Panel, window: Notebook) -> None:
    window.python("import threading; done = threading.Event()")
    window.page.evaluate(
        """() => {window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
            .requestExecute({code: 'done.wait(60)', store_history: false})}"""
    )
    linked.bar("FR").first.click()
    expect(linked.row("FR")).to_have_attribute("aria-pressed", "true", timeout=PATIENT)
    linked.choose("Break down by", "Device")
    expect(linked.chart).to_contain_text("mobile", timeout=PATIENT)
    window.page.evaluate("window.jupyterapp.commands.execute('notebook:interrupt-kernel')")


def test_the_button_copies_code_that_gives_the_same_table(alone: Panel, window: Notebook) -> None:
    window.python("explorer.filter(channel=attack)")
    alone.root.get_by_role("button", name="Copy code").click()
    expect(alone.root.get_by_role("button", name="Copied")).to_be_visible()
    code = window.page.evaluate("navigator.clipboard.readText()")
    assert code == window.python("print(explorer.code)")
    compare = "from polars.testing import assert_frame_equal; assert_frame_equal(table, explorer.table)"
    assert window.python(f"exec({code!r}); {compare}; print(table.height)") == "2"


def test_names_that_strangers_gave_are_text_everywhere(alone: Panel, window: Notebook) -> None:
    alone.choose("Break down by", "Channel")
    expect(alone.chart).to_contain_text("<img src=x")
    alone.rows().filter(has_text="<img src=x").click()
    expect(alone.root.locator(".df-chip")).to_contain_text("<img src=x")
    alone.choose("and by", "Device")
    expect(alone.root.locator("code")).to_contain_text("channel")
    assert alone.root.locator("img").count() == 0
    assert window.page.evaluate("window.hacked") is None


@pytest.mark.parametrize("width", [480, 1600])
def test_it_fits_narrow_and_wide_windows(alone: Panel, window: Notebook, width: int) -> None:
    window.page.set_viewport_size({"width": width, "height": 900})
    try:
        fits = "() => {const e = document.querySelector('.datafast-explorer'); return e.scrollWidth <= e.clientWidth}"
        window.page.wait_for_function(fits)
        place, chart = (each.bounding_box() for each in (alone.root, alone.chart))
        assert place is not None
        assert chart is not None
        assert chart["width"] < place["width"]
        assert chart["width"] > place["width"] * (0.8 if width == 480 else 0.35)
    finally:
        window.page.set_viewport_size({"width": 1280, "height": 900})


def test_chart_and_panel_follow_the_theme(alone: Panel, window: Notebook) -> None:
    colors = """() => {
        const root = document.querySelector('.datafast-explorer');
        const label = [...root.querySelectorAll('.df-chart text')].find((each) => each.textContent === 'FR');
        return JSON.stringify([getComputedStyle(root).backgroundColor, label?.getAttribute('fill')]);
    }"""
    light = json.loads(window.page.evaluate(colors))
    window.theme("JupyterLab Dark")
    try:
        window.page.wait_for_function(f'({colors})() === \'["rgb(21, 25, 29)","#e9edf1"]\'')
    finally:
        window.theme("JupyterLab Light")
    assert light == ["rgb(255, 255, 255)", "#1d2733"]


PLANT = """() => {
    const make = document.createElementNS;
    window.planted = true;
    document.createElementNS = function (space, tag, ...options) {
        if (window.planted && tag === 'td') throw new TypeError('planted');
        return make.call(this, space, tag, ...options);
    };
}"""
HEAR = """
import logging
class Heard(logging.Handler):
    records = []
    def emit(self, record):
        self.records.append(record.getMessage())
logging.getLogger("datafast_nb").addHandler(Heard())
"""


def test_a_fault_in_the_browsers_drawing_is_in_the_kernels_log_once_and_in_the_header(
    alone: Panel, window: Notebook
) -> None:
    window.python(HEAR)
    window.page.evaluate(PLANT)
    status = alone.root.locator(".df-status")
    alone.choose("Break down by", "Device")
    expect(status).to_contain_text("The table can't be drawn (planted)", timeout=PATIENT)
    expect(alone.root.get_by_role("heading")).to_contain_text("by device", timeout=PATIENT)
    alone.choose("Break down by", "Channel")
    expect(alone.root.get_by_role("heading")).to_contain_text("by channel", timeout=PATIENT)
    heard = json.loads(window.python("import json; print(json.dumps(Heard.records))"))
    assert [line.splitlines()[0] for line in heard] == ["In the browser: The table can't be drawn (planted)"]
    assert "at " in heard[0]  # the stack
    window.page.evaluate("() => { window.planted = false; }")
    alone.choose("Break down by", "Country")
    expect(alone.row("FR")).to_be_visible(timeout=PATIENT)
    expect(status).not_to_contain_text("planted")
    assert [error for error in window.errors if "planted" in error]
    # What Preact had drawn in part, it may not find again when it draws the whole.
    window.errors[:] = [error for error in window.errors if not re.search("planted|'removeChild'", error)]
