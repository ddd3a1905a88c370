"""The card of a watcher in JupyterLab, as a person in a browser sees it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook
from tests.browser.map_page import SECONDS

pytestmark = pytest.mark.browser

SETUP = """
import datafast_nb as dfn

heard = []

def unplugged(notice):
    raise OSError("<b>the phone is unplugged</b>")

site = dfn.demo.Site(seed=0, visitors=200, speed=60)
alert = dfn.Alert("score > 60", notify=[heard.append, unplugged, print], at_most=None)
watcher = dfn.watch(site, alert, every=1)
""".strip()


def test_its_card_counts_while_it_watches_and_says_what_fails_and_that_it_has_ended(notebook: Notebook) -> None:
    notebook.open(SETUP, "watcher", "print('done')").run(0).run(1).run(2)
    card = notebook.output(1).get_by_role("group", name="Watcher")
    expect(card).to_contain_text("watchinglive", timeout=20 * SECONDS)
    expect(card).to_contain_text("unplugged fails: OSError: <b>the phone is unplugged</b>", timeout=20 * SECONDS)
    told = card.get_by_text("messages", exact=True).locator("..")
    before = told.text_content() or ""
    assert re.fullmatch(r"messages[1-9]\d*", before)
    expect(told).not_to_have_text(before, timeout=20 * SECONDS)
    expect(notebook.output(0)).to_contain_text("buys with a probability")  # where it began to watch
    expect(notebook.output(0)).to_contain_text("Failed (channel: unplugged")
    expect(notebook.output(2)).to_have_text("done\n")  # though it ran last
    notebook.python("watcher.stop()")
    expect(card).to_contain_text("watchingstopped", timeout=20 * SECONDS)
    expect(told).to_have_text("messages" + notebook.python("print(f'{watcher.status.messages:,}')"))
    assert notebook.python("print(len(heard) == watcher.status.messages > 0)") == "True"


def test_its_card_says_what_is_wrong_with_the_source(notebook: Notebook) -> None:
    setup = (
        "import datafast_nb as dfn\nfrom datafast_nb.errors import AuthenticationError, ServerError\n"
        "class Down:\n    error = ServerError('The service is down (503).')\n"
        "    def snapshot(self):\n        raise self.error\n"
        "source = Down()\nwatcher = dfn.watch(source, dfn.Alert(), every=1)"
    )
    notebook.open(setup, "watcher").run(0).run(1)
    card = notebook.output(1).get_by_role("group", name="Watcher")
    expect(card).to_contain_text("watchingretrying", timeout=20 * SECONDS)
    expect(card).to_contain_text("The service is down (503).")
    notebook.python("source.error = AuthenticationError('The key is not accepted (401).')")
    expect(card).to_contain_text("watchingrefused", timeout=60 * SECONDS)
    expect(card).to_contain_text("The key is not accepted (401).")
