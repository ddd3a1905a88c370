"""A cell that shows a map and is run again leaves nothing of the old map behind, in the kernel or in the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import MapPage

pytestmark = pytest.mark.browser

_MODELS = "len(ipywidgets.widgets.widget._instances)"
_COMMS = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel._comms.size"


def test_running_the_cell_again_leaves_no_models_of_the_old_map(live: MapPage) -> None:
    live.show("people(30)")
    models, comms = live.number(_MODELS), live.page.evaluate(_COMMS)
    for _ in range(3):
        live.run()
    live.until(lambda: live.number(_MODELS) == models)
    live.until(lambda: live.page.evaluate(_COMMS) == comms)


def test_a_map_that_was_let_go_of_is_shown_again_where_it_is_displayed(live: MapPage) -> None:
    live.show("people(30)")
    live.python("first = live")
    live.run()
    live.until(lambda: live.python("print(first._view)") == "None")
    output = live.run_beside("first")
    expect(output.locator(".df-canvas")).to_be_visible()
    expect(output.locator(".df-status")).to_have_attribute("data-state", "live")
    live.python("first.close()")
