"""The browser's calendar: marks of a time axis stand where the moment was, and say what a zone's clocks showed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Route

from datafast_nb.livemap.front import FOLDER

pytestmark = pytest.mark.browser

_TICKS = """async ([zone, start, end, most]) => {
    const [{clocksOf}, {ticks}] = await Promise.all([import('/zone.js'), import('/ticks.js')]);
    return ticks(Date.parse(start), Date.parse(end), most, clocksOf(zone));
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Give an empty page that can import the map's modules, in a zone of its own."""
    context = browser.new_context(timezone_id="America/St_Johns", locale="en-US")

    def answer(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        if name.endswith(".js"):
            route.fulfill(body=FOLDER.joinpath(name).read_text("utf-8"), content_type="text/javascript")
        else:
            route.fulfill(body="", content_type="text/html")

    page = context.new_page()
    page.route("**/*", answer)
    page.goto("http://127.0.0.1/empty.html")
    yield page
    context.close()


def marks(page: Page, zone: str, start: str, end: str, most: int = 12) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(_TICKS, [zone, start, end, most])
    return found


def labels(page: Page, *span: Any) -> list[str]:
    return [each["label"].replace("\N{NARROW NO-BREAK SPACE}", " ") for each in marks(page, *span)]


def test_an_hour_that_is_there_twice_has_two_marks(page: Page) -> None:
    night = ("Europe/Berlin", "2026-10-24T22:30Z", "2026-10-25T03:30Z", 6)
    assert labels(page, *night) == ["1:00 AM", "2:00 AM", "2:00 AM", "3:00 AM", "4:00 AM"]
    times = [each["time"] for each in marks(page, *night)]
    assert {later - earlier for earlier, later in pairwise(times)} == {3_600_000}


def test_an_hour_that_is_skipped_has_none(page: Page) -> None:
    night = ("Europe/Berlin", "2026-03-28T22:30Z", "2026-03-29T02:30Z", 6)
    assert labels(page, *night) == ["Mar 29", "1:00 AM", "3:00 AM", "4:00 AM"]
    times = [each["time"] for each in marks(page, *night)]
    assert {later - earlier for earlier, later in pairwise(times)} == {3_600_000}


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("Europe/Berlin", "2026-10-23T10:00Z", "2026-10-27T10:00Z"),
        ("America/Sao_Paulo", "2018-11-02T10:00Z", "2018-11-06T10:00Z"),  # where midnight is skipped
        ("Pacific/Auckland", "2026-04-03T00:00Z", "2026-04-07T10:00Z"),
        ("Pacific/Auckland", "2026-09-25T00:00Z", "2026-09-29T10:00Z"),
        ("Asia/Kathmandu", "2026-01-03T00:00Z", "2026-01-06T10:00Z"),
        ("UTC", "2026-01-03T00:00Z", "2026-01-06T10:00Z"),
    ],
)
def test_days_begin_when_they_do_in_the_zone(page: Page, zone: str, start: str, end: str) -> None:
    days = marks(page, zone, start, end, 5)
    assert len(days) in (3, 4, 5)
    for each in days:
        there = datetime.fromtimestamp(each["time"] / 1000, ZoneInfo(zone))
        before = datetime.fromtimestamp(each["time"] / 1000 - 1, ZoneInfo(zone))
        assert there.day != before.day, there
        assert each["label"] == f"{there:%b} {there.day}"


def test_hours_are_round_in_zones_of_odd_minutes(page: Page) -> None:
    assert labels(page, "Asia/Kolkata", "2026-04-02T10:20Z", "2026-04-02T12:40Z", 4) == [
        "4:00 PM",
        "5:00 PM",
        "6:00 PM",
    ]


def test_a_zone_that_the_browser_does_not_know_is_replaced_by_utc(page: Page) -> None:
    said = page.evaluate("import('/zone.js').then(({clocksOf}) => clocksOf('Nowhere/Land').moment(0))")
    assert re.fullmatch(r"Thu, Jan 1, 1970, 12:00:00\sAM UTC", said)
