"""A cell that shows a map and is run again: the kernel lets go of what the browser had of the old map."""

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
