"""A cell that shows a map and is run again: the kernel and the page let go of what there was of the old map."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser


def test_a_map_that_was_let_go_of_is_shown_again_where_it_is_displayed(live: MapPage) -> None:
    live.show("people(30)")
    live.python("first = live")
    live.run()
    live.until(lambda: live.python("print(first._view)") == "None")
    output = live.run_beside("first")
    expect(output.locator(".df-canvas")).to_be_visible()
    expect(output.locator(".df-status")).to_have_attribute("data-state", "live")
    live.python("first.close()")


_MODELS = """async () => {
    const {rendermime} = window.jupyterapp.shell.currentWidget.content;
    const renderer = rendermime.createRenderer('application/vnd.jupyter.widget-view+json', {});
    const manager = await renderer._manager.promise;
    return Object.keys(manager._models).length;
}"""
_KEPT = """
import gc, weakref
kept = globals().get("kept", [])
kept.append(weakref.ref(live))
def still_there():
    gc.collect()
    return sum(each() is not None for each in kept)
"""


def test_running_the_cell_again_leaves_no_models_in_the_page_and_no_maps_in_the_kernel(live: MapPage) -> None:
    def models() -> int:
        return int(live.page.evaluate(_MODELS))

    live.show("people(200)").python("kept = []")
    at_first = models()
    for _ in range(5):
        live.run().python(_KEPT)
    live.until(lambda: models() == at_first)
    live.until(lambda: live.number("still_there()") <= 4)  # the present one, and those that IPython calls _, __ and ___


_COUNT = "function () { return this.filter((each) => each.matches('.datafast-map')).length; }"


def test_running_the_cell_again_leaves_nothing_of_the_old_maps_in_the_page(live: MapPage) -> None:
    inspector = live.page.context.new_cdp_session(live.page)

    def maps() -> int:
        """Count the maps that the page still has, shown or not; the query collects the garbage first."""
        prototype = inspector.send("Runtime.evaluate", {"expression": "HTMLDivElement.prototype"})["result"]["objectId"]
        found = inspector.send("Runtime.queryObjects", {"prototypeObjectId": prototype, "objectGroup": "maps"})
        count = inspector.send(
            "Runtime.callFunctionOn",
            {
                "objectId": found["objects"]["objectId"],
                "functionDeclaration": _COUNT,
                "returnByValue": True,
            },
        )
        inspector.send("Runtime.releaseObjectGroup", {"objectGroup": "maps"})
        return int(count["result"]["value"])

    live.show("people(200)")
    at_first = maps()
    for _ in range(4):
        live.run()
    live.until(lambda: maps() <= at_first)
