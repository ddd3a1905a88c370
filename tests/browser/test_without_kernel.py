"""What map and explorer say when no kernel is behind them: opened from a file, after a restart, after its end."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Lab, Notebook, next_frame
from tests.browser.map_page import PATIENT, RECORDER

pytestmark = pytest.mark.browser

MAP: Final = "import datafast_nb as dfn\nsite = dfn.demo.Site(seed=0)\ndfn.LiveMap(site, every=5, height=260)"
EXPLORER: Final = "dfn.Explorer(site.snapshot(), by='device')"
KERNEL: Final = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
SHOWN: Final = "window.drawn.frames.at(-1)?.discs.length > 9"


@pytest.fixture
def notebook(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Return a notebook with a map and an explorer that are live."""
    with Notebook.window(lab, browser, width=1280, height=1500, motion=True) as notebook:
        notebook.page.add_init_script(RECORDER)
        # A test need not wait until a kernel has been silent for long.
        notebook.page.add_init_script("""{
            const now = performance.now.bind(performance);
            window.passed = 0;
            performance.now = () => now() + window.passed;
        }""")
        notebook.open(MAP, EXPLORER).run(0).run(1)
        expect(notebook.page.locator(".datafast-map .df-status")).to_have_attribute("data-state", "live")
        notebook.page.wait_for_function(SHOWN, timeout=PATIENT, polling=200)
        yield notebook


@pytest.fixture
def faults(notebook: Notebook) -> list[str]:
    """Return what is thrown in the page, as it comes."""
    seen: list[str] = []
    notebook.page.on("pageerror", lambda error: seen.append(str(error)))
    return seen


def says(notebook: Notebook, state: str, words: str) -> None:
    """Wait until the map says how it stands, and not that it is live."""
    page = notebook.page
    expect(page.locator(".datafast-map .df-status")).to_have_attribute("data-state", state, timeout=PATIENT)
    expect(page.locator(".datafast-map .df-state")).to_have_text(re.compile(words))
    expect(page.locator(".df-updated")).to_be_hidden()
    expect(page.locator(".df-figure dt").first).to_have_text("Visitors")


def use(notebook: Notebook) -> None:
    """Do all sorts of things with a map that has no kernel."""
    page = notebook.page
    for name in ("Pause", "Refresh now", "Fit to the visitors", "Zoom in"):
        page.locator(".datafast-map").get_by_role("button", name=name).click()
    page.locator(".datafast-map .df-row").first.click()
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + 200, box["y"] + 130
    page.mouse.click(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=4)
    page.mouse.up()
    next_frame(page)  # in which an error would come


def test_a_notebook_that_is_opened_again_says_of_when_its_map_is(notebook: Notebook, faults: list[str]) -> None:
    page = notebook.page
    save_state = "window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')"
    page.evaluate(f"{save_state}.then(() => null)")
    try:
        page.locator(".datafast-map .df-row").first.click()
        expect(page.locator(".df-card")).to_be_visible()
        page.evaluate("window.jupyterapp.commands.execute('docmanager:save').then(() => null)")
    finally:
        page.evaluate(f"{save_state}.then(() => null)")
    page.evaluate(f"{KERNEL}.restart()")
    notebook.visit(page.url)
    says(notebook, "saved", r"^Saved \d\d:\d\d UTCrun the cell to continue$")
    page.wait_for_function(SHOWN, timeout=PATIENT, polling=200)
    expect(page.locator(".datafast-explorer .df-state")).to_have_text(
        "Saved · run the cell to continue", timeout=PATIENT
    )
    for part in (".df-bar input", ".df-controls select", ".df-tools select", ".datafast-explorer .df-asked select"):
        assert page.locator(part).first.evaluate("(node) => Boolean(node.closest('[inert]'))"), f"{part} takes input"
    page.get_by_role("button", name="Back to the lists").click()
    expect(page.locator(".df-card")).to_be_hidden()
    times = page.locator(".df-row .df-time").all_inner_texts()
    page.evaluate("window.passed = 600_000")
    use(notebook)
    assert page.locator(".df-row .df-time").all_inner_texts() == times, "the time goes on"
    assert faults == []


ENDS: Final[dict[str, tuple[str, str, str]]] = {
    "restart": (f"{KERNEL}.restart().then(() => null)", "restarted", "The kernel has restarted"),
    "death": (
        f"{KERNEL}.requestExecute({{code: 'import os; os._exit(1)'}}); null",
        "restarted",
        "The kernel has restarted",
    ),
    "end": ("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()", "ended", "The kernel has ended"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_map_says_that_its_kernel_is_no_more(notebook: Notebook, faults: list[str], end: str) -> None:
    how, state, words = ENDS[end]
    notebook.page.evaluate(how)
    if end == "death":  # of which JupyterLab tells in a dialog, over the whole page
        notebook.page.locator(".jp-Dialog").get_by_role("button", name="Ok").click(timeout=PATIENT)
    says(notebook, state, rf"^{words}data of \d\d:\d\d UTCrun the cell to continue$")
    expect(notebook.page.locator(".datafast-explorer .df-state")).to_have_text(f"{words} · run the cell to continue")
    use(notebook)
    assert faults == []


def test_a_kernel_that_another_page_restarts_is_missed_and_a_busy_one_is_not(notebook: Notebook) -> None:
    page, lab = notebook.page, notebook.lab
    status = page.locator(".datafast-map .df-status")
    page.evaluate(f"""() => {{
        const kernel = {KERNEL}, ask = kernel.requestCommInfo;
        window.asked = 0;
        kernel.requestCommInfo = (...content) => {{
            window.asked += 1;
            return ask.apply(kernel, content);
        }};
    }}""")
    # No data arrive either while the interpreter's lock is held.
    busy = "import re; re.match('(a+)+$', 'a' * 26 + 'b')"
    page.evaluate(f"(code) => {{ {KERNEL}.requestExecute({{code}}); }}", busy)
    page.evaluate("window.passed += 60_000")
    page.wait_for_function("window.asked > 0", timeout=PATIENT)
    expect(status).to_have_attribute("data-state", "live")
    address = f"{lab.url}/api/kernels/{page.evaluate(KERNEL + '.id')}/restart?token={lab.token}"
    request = urllib.request.Request(address, method="POST", headers={"Authorization": f"token {lab.token}"})
    urllib.request.urlopen(request, timeout=60).close()
    page.evaluate("window.passed += 60_000")
    says(notebook, "restarted", "^The kernel has restarted")
