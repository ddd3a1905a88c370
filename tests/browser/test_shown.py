"""A map shows its visitors wherever it is put, also where it is first drawn out of sight, and on a slow machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import Lab, Notebook, next_frame
from tests.browser.map_page import PATIENT, RECORDER, MapPage

pytestmark = pytest.mark.browser

WORLD: Final = "people(300)"
SHOWN: Final = "from ipywidgets import *\nfrom IPython.display import display\nlive = LiveMap(source, **options)\n"
# Where a map is put, and what shows it later.
HIDDEN: Final = {
    "tab": ("tabs = Tab([HTML('notes'), live], titles=['Notes', 'Map'])\ndisplay(tabs)", "tabs.selected_index = 1"),
    "accordion": ("folds = Accordion([live], selected_index=None)\ndisplay(folds)", "folds.selected_index = 0"),
    "stack": ("stack = Stack([HTML('notes'), live], selected_index=0)\ndisplay(stack)", "stack.selected_index = 1"),
    "box": ("box = VBox([live], layout={'display': 'none'})\ndisplay(box)", "box.layout.display = ''"),
    "no width": ("box = VBox([live], layout={'width': '0px'})\ndisplay(box)", "box.layout.width = 'auto'"),
}


def put(live: MapPage, code: str, answer: str = WORLD) -> Locator:
    """Make a map, put it somewhere, and give the output."""
    live.make(answer)
    return live.run_beside(SHOWN + code)


def shows_visitors(live: MapPage) -> None:
    """Wait for the visitors' circles, within what can be seen of the map."""
    box = live.root.locator(".leaflet-container")

    def inside() -> bool:
        frame = box.bounding_box()
        assert frame is not None
        return (
            sum(
                frame["x"] < disc["x"] < frame["x"] + frame["width"]
                and frame["y"] < disc["y"] < frame["y"] + frame["height"]
                for disc in live.discs()
            )
            > 30
        )

    expect(live.part("canvas")).to_have_count(1, timeout=PATIENT)
    live.rest().until(inside)


@pytest.fixture
def faults(live: MapPage) -> list[str]:
    """Return what the page could not do, as it comes."""
    seen: list[str] = []
    live.page.on("pageerror", lambda error: seen.append(str(error)))
    live.page.on("console", lambda line: seen.append(line.text) if line.text.startswith("datafast_nb") else None)
    return seen


# Out of sight first


@pytest.mark.parametrize("place", HIDDEN)
def test_a_map_that_is_drawn_out_of_sight_shows_its_visitors_once_it_is_seen(
    live: MapPage, faults: list[str], place: str
) -> None:
    code, show = HIDDEN[place]
    put(live, code)
    live.until(lambda: live.python("print(live.snapshot is not None)") == "True")
    assert live.part("canvas").count() == 0, "it is not out of sight"
    live.python(show)
    shows_visitors(live)
    assert faults == []


def test_a_map_that_goes_out_of_sight_keeps_its_place_and_its_visitors(live: MapPage, faults: list[str]) -> None:
    put(live, "box = VBox([live])\ndisplay(box)")
    shows_visitors(live)
    layers = live.root.locator(".leaflet-control-layers")
    layers.hover()
    layers.get_by_label("Heat").check()
    seen, discs = live.rest().view(), live.discs()
    live.python("box.layout.display = 'none'")
    expect(live.root).to_be_hidden()
    next_frame(live.page)
    live.refresh("people(299)")
    live.python("box.layout.display = ''")
    shows_visitors(live)
    assert live.view() == seen
    assert len(live.discs()) == pytest.approx(len(discs), abs=2)
    assert faults == []


def test_a_notebook_in_the_background_shows_its_map_when_it_comes_to_the_front(live: MapPage) -> None:
    live.make(WORLD)
    live.page.evaluate("""async () => {
        const {commands, shell} = window.jupyterapp;
        const notebook = shell.currentWidget;
        await commands.execute('launcher:create');
        notebook.content.activeCellIndex = 0;
        window.behind = notebook.id;
    }""")
    live.page.evaluate("""() => {
        const widget = [...window.jupyterapp.shell.widgets('main')].find(({id}) => id === window.behind);
        const cell = widget.content.widgets[0];
        return cell.constructor.execute(cell, widget.sessionContext).then(() => null);
    }""")
    expect(live.part("status")).to_have_attribute("data-state", "live", timeout=PATIENT)
    assert not live.root.is_visible()
    live.page.evaluate("window.jupyterapp.shell.activateById(window.behind)")
    shows_visitors(live)


def test_a_map_below_the_fold_of_a_long_notebook_shows_its_visitors_when_it_is_scrolled_to(
    lab: Lab, browser: Browser
) -> None:
    with Notebook.window(lab, browser, motion=True) as notebook:
        notebook.page.add_init_script(RECORDER)
        notebook.open("import datafast_nb as dfn", *["print('\\n' * 30)"] * 20, "dfn.LiveMap(dfn.demo.Site(seed=0))")
        notebook.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)")
        notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.scrollToItem(0).catch(() => null)")
        expect(notebook.page.locator(".jp-Cell").first).to_be_in_viewport()
        notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.scrollToItem(21).catch(() => null)")
        expect(notebook.page.locator(".df-status")).to_have_attribute("data-state", "live", timeout=PATIENT)
        notebook.page.wait_for_function("window.drawn.frames.at(-1)?.discs.length > 9", timeout=PATIENT, polling=200)


# In a row, a grid, a column

PLACES: Final = {
    "a row": ("HBox([HTML('A note'), live])", 900),
    "a row that centers": ("HBox([live], layout={'align_items': 'center', 'justify_content': 'center'})", 900),
    "a box": ("Box([live])", 900),
    "a stack": ("Stack([live], selected_index=0)", 900),
    "a grid": ("GridBox([HTML('A note'), live], layout={'grid_template_columns': 'auto auto'})", 600),
    "an app": ("AppLayout(left_sidebar=HTML('A note'), center=live)", 600),
    "a column that centers": ("VBox([live], layout={'align_items': 'center'})", 640),
    "a column": ("VBox([live], layout={'width': '500px'})", 500),
    "a narrow row": ("HBox([HTML('A note'), live], layout={'width': '200px'})", 180),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_map_has_room_beside_others(live: MapPage, place: str) -> None:
    code, least = PLACES[place]
    put(live, f"display({code})")
    expect(live.part("canvas")).to_have_count(1, timeout=PATIENT)
    box = live.root.bounding_box()
    assert box is not None
    assert box["width"] >= least
    assert box["height"] > 400


def test_a_map_has_the_width_that_it_was_told(live: MapPage) -> None:
    put(live, "live.layout.width = '450px'\ndisplay(HBox([live, HTML('A note')]))")
    expect(live.part("canvas")).to_have_count(1, timeout=PATIENT)
    assert live.root.evaluate("(root) => root.offsetWidth") == 450


def test_a_map_and_an_explorer_share_a_row(live: MapPage) -> None:
    explorer = "dfn.Explorer(people(300), by='device', measure='visitors')"
    output = put(live, f"display(HBox([live, {explorer}]))")
    expect(output.locator(".vega-embed svg.marks")).to_be_visible(timeout=PATIENT)
    widths = output.locator(".datafast").evaluate_all("(roots) => roots.map((root) => root.offsetWidth)")
    assert len(widths) == 2
    assert widths[0] == pytest.approx(widths[1], abs=2)
    assert widths[0] > 450


# With motion


def with_motion(live: MapPage, run: Callable[[], None]) -> None:
    """Do something on a slow machine that shows motion."""
    throttle = live.page.context.new_cdp_session(live.page)
    live.page.emulate_media(reduced_motion="no-preference")
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    try:
        run()
    finally:
        throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        live.page.emulate_media(reduced_motion="reduce")


def test_a_slow_machine_shows_all_visitors(live: MapPage, faults: list[str]) -> None:
    def load() -> None:
        put(live, "display(live)")
        shows_visitors(live)

    with_motion(live, load)
    described = f"Map of visitors: 300 in {len(live.discs())} places. The list beside it names them."
    expect(live.part("canvas")).to_have_attribute("aria-label", described)
    assert faults == []


def test_a_frame_that_was_due_before_its_data_came_is_drawn(live: MapPage, faults: list[str]) -> None:
    live.page.emulate_media(reduced_motion="no-preference")
    live.page.evaluate("""() => {
        window.frameOnTime = window.requestAnimationFrame;
        window.requestAnimationFrame = (draw) => window.frameOnTime((now) => draw(now - 5000 * (window.late ? 1 : 0)));
        window.late = true;
        setTimeout(() => { window.late = false; }, 2000);
    }""")
    try:
        put(live, "display(live)", "people(300, is_customer=pl.int_range(300) % 2 == 0)")
        shows_visitors(live)
    finally:
        live.page.evaluate("window.requestAnimationFrame = window.frameOnTime; null")
        live.page.emulate_media(reduced_motion="reduce")
    assert faults == []


@pytest.mark.complains
def test_a_fault_in_one_frame_is_logged_once_and_said_and_the_next_frames_are_drawn(
    live: MapPage, faults: list[str]
) -> None:
    live.show(WORLD)
    live.page.evaluate("""() => {
        window.realFill = CanvasRenderingContext2D.prototype.fill;
        CanvasRenderingContext2D.prototype.fill = () => { throw new Error('no paint left'); };
    }""")
    try:
        live.refresh("people(299)")
        expect(live.part("state")).to_contain_text("The visitors can't be drawn (no paint left)")
        live.refresh("people(298)")
        live.visitors_now("298")
    finally:
        live.page.evaluate("CanvasRenderingContext2D.prototype.fill = window.realFill; null")
    assert [fault.splitlines()[0] for fault in faults] == [
        "datafast_nb: The visitors can't be drawn. Error: no paint left"
    ]
    live.refresh("people(297)")
    shows_visitors(live)
    expect(live.part("state")).not_to_contain_text("can't be drawn")


def test_amounts_in_an_output_are_not_taken_for_formulas(notebook: Notebook) -> None:
    notebook.open(
        "import datafast_nb as dfn\nimport polars as pl\n"
        "from datafast_nb.schema import PAYMENTS\n"
        "paid = pl.DataFrame({'amount': [163.2, 66.15], 'currency': ['USD', 'CAD']})\n"
        "columns = [pl.lit(None, dtype).alias(name) for name, dtype in PAYMENTS.items() if name not in paid.columns]\n"
        "snap = dfn.Snapshot(payments=paid.with_columns(columns).select(PAYMENTS.names()))\n"
        "snap",
        "from IPython.display import HTML\nHTML('$a^2$')",
    )
    notebook.run(1).run(0)
    # What is a formula is drawn as one, so the other would be, too.
    expect(notebook.output(1).locator("mjx-container")).to_be_attached(timeout=PATIENT)
    expect(notebook.output(0)).to_contain_text("CA$66.15 · $163.20")
    expect(notebook.output(0).locator("mjx-container")).to_have_count(0)
