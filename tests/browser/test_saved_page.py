"""A map as one file: opened without a kernel and without a network, it is and says what the map itself does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

import datafast_nb as dfn
from datafast_nb import LiveMap, Snapshot
from tests.livemap.maps import OF_A_VIEW, VIEW, ask, displayed, set_in_browser, settle, shown, state
from tests.livemap.sources import NOON, events, payments, visitors

pytestmark = pytest.mark.browser

WORLD: Final = {"zoom": 1.5, "south": -60, "west": -180, "north": 80, "east": 180}
EUROPE: Final = {"zoom": 4.25, "south": 35, "west": -12, "north": 62, "east": 30}
PACIFIC: Final = {"zoom": 3, "south": -50, "west": 120, "north": 60, "east": 260}
COMPARED: Final = (
    *("clock", "figures", "legend", "filters", "visitors", "events", "payments", "card", "selected"),
    *OF_A_VIEW,
)
LABEL: Final = re.compile("Map of visitors: ")
HOSTILE: Final = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028<!--<script>"
SENT: Final = """async ([place, message, names]) => {
    datafast.send(place); // at once with what is asked: the page's own view may tell where it looks at any time
    if (message.set) {
        datafast.set(message.set, message.to);
        datafast.save_changes();
    } else datafast.send(message);
    await null;
    const parts = names.map((name) => [name, datafast.get(name)]);
    return JSON.parse(JSON.stringify(Object.fromEntries(parts)));
}"""


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return what opens a saved page; fail if it asks for anything, or its console tells an error."""
    pages: list[Page] = []
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            faults.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            faults.append(request.url)

    def open_page(file: Path, **options: Any) -> Page:
        page = browser.new_page(offline=True, viewport={"width": 1280, "height": 860}, **options)
        pages.append(page)
        page.on("console", heard)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", asked)
        page.goto(file.as_uri())
        expect(page.locator(".df-canvas")).to_have_attribute("aria-label", LABEL)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert faults == []


def busy() -> Snapshot:
    """Return a busy moment of the demo site."""
    at = datetime(2026, 2, 6, 15, 20, tzinfo=UTC)
    return dfn.demo.Site(seed=0, visitors=300, start=at, clock=lambda: at).snapshot()


# The same as the map


@pytest.mark.parametrize("redact", [True, False])
def test_a_page_answers_as_the_kernel_does(opened: Callable[..., Page], tmp_path: Path, *, redact: bool) -> None:
    live = shown(busy(), redact=redact)
    page = opened(live.save_html(tmp_path / "now.html", redact=redact))
    ask(live, "facets", open=True)
    ids = [row.id for row in live._view.front.visitors.rows]  # type: ignore[union-attr]
    messages: list[tuple[dict[str, Any], dict[str, Any]]] = [
        *((WORLD, {"set": "color_by", "to": by}) for by in ("score", "expected_value", "is_customer", "channel")),
        # From here on the map moves: the scale of a number would follow it, that of a page stays.
        *((WORLD, {"set": "color_by", "to": by}) for by in ("country_code", "visit_kind", "device")),
        *((WORLD, {"do": "sort", "by": by}) for by in ("value", "time", "newest", "score")),
        (WORLD, {"do": "heat", "on": True}),
        (WORLD, {"do": "select", "id": ids[0]}),
        (WORLD, {"do": "select", "id": ids[7]}),
        (EUROPE, {"do": "deselect"}),
        (PACIFIC, {"do": "filter", "name": "min_score", "value": 40}),
        (EUROPE, {"do": "filter", "name": "country_code", "value": "DE"}),
        (WORLD, {"do": "filter", "name": "text", "value": "GERM"}),
        (WORLD, {"do": "filter", "name": "is_customer", "value": "false"}),
        (EUROPE, {"do": "clear"}),
        (WORLD, {"do": "filter", "name": "text", "value": "an"}),
        (WORLD, {"do": "filter", "name": "min_confidence", "value": 0.6}),
        (WORLD, {"do": "filter", "name": "device", "value": "mobile"}),
        (WORLD, {"do": "filter", "name": "text", "value": None}),
        (WORLD, {"do": "open", "id": "9/4/2", "latitude": 50, "longitude": 10}),
        (EUROPE, {"do": "sort", "by": "score"}),
    ]
    hidden = ("key", "active", "values") if redact else ("key",)  # a redacted map does not repeat what is searched
    for place, message in messages:
        there = answer(page, place, message)
        ask(live, "viewport", **place)
        if "set" in message:
            set_in_browser(live, **{message["set"]: message["to"]})
        else:
            ask(live, message["do"], **{name: value for name, value in message.items() if name != "do"})
        here = {name: value for name, value in state(live).items() if name in COMPARED}
        assert differences(without(here, *hidden), without(there, *hidden)) == [], message
    live.close()


def answer(page: Page, place: dict[str, float], message: dict[str, Any]) -> dict[str, Any]:
    """Let a page look at a place and send it a message; return what it shows then."""
    own = message if "set" in message else {"view": VIEW, **message}
    parts: dict[str, Any] = page.evaluate(SENT, [{"do": "viewport", "view": VIEW, **place}, own, [*COMPARED]])
    return parts | {name: parts[name].get(VIEW) for name in OF_A_VIEW}


def without(value: Any, *names: str) -> Any:
    """Return a value without some fields, wherever they are."""
    if isinstance(value, dict):
        return {name: without(each, *names) for name, each in value.items() if name not in names}
    return [without(each, *names) for each in value] if isinstance(value, (list, tuple)) else value


def differences(here: Any, there: Any, path: str = "") -> list[str]:
    """Return where two values differ by more than the last digit: degrees have two decimals on a small map."""
    if isinstance(here, dict) and isinstance(there, dict):
        names = [*dict.fromkeys([*here, *there])]
        return [it for name in names for it in differences(here.get(name), there.get(name), f"{path}.{name}")]
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = enumerate(zip(here, there, strict=True))
        return [it for place, pair in pairs for it in differences(*pair, f"{path}[{place}]")]
    if isinstance(here, float) and isinstance(there, (int, float)):
        return [] if math.isclose(here, there, rel_tol=1e-6, abs_tol=0.0101) else [f"{path}: {here} is {there}"]
    return [] if here == there else [f"{path}: {here!r:.200} is {there!r:.200}"]


# As a person has it


def test_it_is_the_map_with_its_lists_cards_and_filters(opened: Callable[..., Page], tmp_path: Path) -> None:
    live = shown(busy())
    page = opened(live.save_html(tmp_path / "now.html", title="A busy hour"))
    live.close()
    expect(page.get_by_role("heading", name="A busy hour")).to_be_visible()
    expect(page.get_by_text("Names are left out.")).to_be_visible()
    expect(page.get_by_text("As of 6 Feb 2026, 15:20 UTC")).to_be_visible()
    assert page.evaluate("document.querySelector('.leaflet-container').clientHeight") > 400
    total = live_total(page)
    page.get_by_role("button", name="Filters").click()
    page.locator(".df-conditions").get_by_label("Country").select_option("DE")
    expect(page.locator(".df-matched")).to_have_text(f"{live_total(page)} of {total} visitors")
    page.get_by_role("button", name="Fit to the visitors").click()
    page.get_by_role("listbox", name="Visitors").get_by_role("option").first.click()
    expect(page.locator(".df-panel")).to_contain_text(", Germany")
    page.locator(".df-back").click()
    page.get_by_role("button", name="Remove filter").click()
    expect(page.locator(".df-matched")).to_have_text("")
    page.get_by_role("button", name="Globe").click()
    expect(page.locator(".df-on-globe")).to_be_visible()


def live_total(page: Page) -> int:
    """Return the number of visitors in the header."""
    return int(page.locator(".df-figure strong").first.inner_text().replace(",", ""))


def test_hostile_text_is_text(opened: Callable[..., Page], tmp_path: Path) -> None:
    strange = {"display_name": HOSTILE, "city": HOSTILE, "current_url": HOSTILE, "utm_campaign": HOSTILE}
    row = {"visitor_id": "v0", "timestamp": NOON, "type": HOSTILE, "path": HOSTILE, "extra_data": HOSTILE}
    paid = {"amount": 5.0, "currency": HOSTILE, "name": HOSTILE, "timestamp": NOON}
    snap = Snapshot(visitors(12, **strange), events(row), payments(paid), fetched_at=NOON)
    live = shown(snap, color_by="channel")
    live.filter(utm_campaign=HOSTILE)
    page = opened(live.save_html(tmp_path / "now.html", title=HOSTILE, redact=False))
    live.close()
    assert page.title().startswith("</script><script>alert(1)")
    expect(page.locator("h1")).to_contain_text("<img src=x onerror=alert(2)>")
    assert page.evaluate("document.querySelectorAll('img[src=x], main script').length") == 0
    page.get_by_role("listbox", name="Visitors").get_by_role("option").first.click()
    expect(page.locator(".df-panel")).to_contain_text("</script><script>alert(1)")


def test_the_moments_of_a_replay_are_on_its_time_bar(opened: Callable[..., Page], tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as history:
        for minute in range(30):
            count = 3 + minute
            history.append(Snapshot(visitors(count), fetched_at=NOON + timedelta(minutes=minute), count=count))
    replay = history.replay()
    replay.pause()
    replay.seek(NOON + timedelta(minutes=10))
    live = displayed(LiveMap(replay))
    settle(live)
    page = opened(live.save_html(tmp_path / "then.html"))
    live.close()
    assert live_total(page) == 13
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(page.locator(".df-figure strong").first).to_have_text("32")
    slider.press("Home")
    expect(page.locator(".df-figure strong").first).to_have_text("3")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".df-figure strong").first).not_to_have_text("3")
    page.get_by_role("button", name="Pause").click()


def test_a_page_is_dark_where_its_reader_likes_it_dark(opened: Callable[..., Page], tmp_path: Path) -> None:
    live = shown(busy())
    file = live.save_html(tmp_path / "now.html")
    live.close()
    expect(opened(file, color_scheme="dark").locator(".df-dark")).to_be_visible()
    expect(opened(file, color_scheme="light").locator(".df-dark")).to_have_count(0)
