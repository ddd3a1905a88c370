"""No request goes into a window that the service has closed, however it says so."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from datafast_nb import Client, RateLimitError, ServerError
from datafast_nb.client.rate_limit import LONGEST, closed_for
from datafast_nb.client.transport import Response
from datafast_nb.demo import Site
from tests import faults
from tests.faults import serve

NOW = datetime(2026, 2, 6, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=40)


def wait(status: int = 429, body: Any = None, **headers: str) -> float | None:
    """Return the seconds that an answer asks for; an underscore in a header's name is a hyphen."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return closed_for(Response(status, given, b"" if body is None else json.dumps(body).encode(), NOW))


@pytest.mark.parametrize(
    "reset",
    [
        f"{LATER.timestamp():.0f}",
        f"{LATER.timestamp() * 1000:.0f}",
        f"{LATER.timestamp():.3f}",
        "40",
        "40, 40",
        "40;w=60",
        f"{LATER.timestamp():.0f},{LATER.timestamp():.0f}",
        LATER.isoformat(),
        format_datetime(LATER, usegmt=True),
    ],
)
@pytest.mark.parametrize("name", ["X-RateLimit-Reset", "x-ratelimit-reset", "RateLimit-Reset", "X-Rate-Limit-Reset"])
def test_the_end_of_the_window_is_read_in_seconds_and_in_milliseconds(name: str, reset: str) -> None:
    assert wait(**{name: reset}) == 40


@pytest.mark.parametrize(
    "body",
    [
        {"status": "error", "error": {"code": 429, "message": "Slow down", "reset": LATER.timestamp()}},
        {"status": "error", "error": {"code": 429, "rateLimit": {"remaining": 0, "reset": LATER.timestamp() * 1000}}},
        {"error": "Too many requests", "x-ratelimit-reset": f"{LATER.timestamp():.0f}"},
        {"headers": {"x-ratelimit-limit": "60", "x-ratelimit-reset": f"{LATER.timestamp():.0f}"}},
        {"resetAt": LATER.isoformat()},
        {"reset_time": "2026-02-06T12:00:40Z"},
        {"error": {"retryAfter": 40}},
        {"retry_after": "40"},
    ],
)
def test_the_body_may_say_it_alone(body: Any) -> None:
    assert wait(body=body) == 40


def test_the_later_of_what_is_said_counts() -> None:
    assert wait(Retry_After="5", X_RateLimit_Reset=f"{LATER.timestamp():.0f}") == 40
    assert wait(Retry_After="90", X_RateLimit_Reset=f"{LATER.timestamp():.0f}") == 90


def test_the_clock_of_the_service_counts_where_ours_is_wrong() -> None:
    theirs = NOW + timedelta(days=3)
    ends = f"{theirs.timestamp() + 25:.0f}"
    assert wait(Date=format_datetime(theirs, usegmt=True), X_RateLimit_Reset=ends) == 25
    date = format_datetime(theirs + timedelta(seconds=25), usegmt=True)
    assert wait(Date=format_datetime(theirs, usegmt=True), Retry_After=date) == 25


@pytest.mark.parametrize("date", ["1 Jan 1970", "yesterday", "", "Fri, 06 Feb 9999 12:00:00 GMT"])
def test_a_date_that_can_not_be_is_left_out(date: str) -> None:
    assert wait(Date=date, X_RateLimit_Reset=f"{LATER.timestamp():.0f}") == 40


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 06 Feb 2026 12:00:40 GMT",
        "Fri, 06 Feb 2026 12:00:40",
        "Fri, 06 Feb 2026 12:00:40 -0000",
        "Fri, 06 Feb 2026 12:00:40 UTC",
        "Fri, 06 Feb 2026 14:00:40 +0200",
        "Friday, 06-Feb-26 12:00:40 GMT",
        "Fri Feb  6 12:00:40 2026",
    ],
)
def test_a_date_without_a_zone_is_utc(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            assert wait(503, Retry_After=text) == 40
        finally:
            monkeypatch.undo()
            time.tzset()


@pytest.mark.parametrize(
    "reset",
    ["99999999999999999999", "1e30", "-5", "nan", "inf", "soon", "", "9" * 400, "4102444800", "4102444800000", "0x10"],
)
def test_an_end_that_can_not_be_right_costs_no_more_than_one_window(reset: str) -> None:
    assert (wait(X_RateLimit_Reset=reset) or 0.0) <= 60


@pytest.mark.parametrize("text", ["999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "99999999.5"])
def test_nobody_can_ask_for_more_than_an_hour(text: str) -> None:
    assert wait(Retry_After=text) == LONGEST == 3_600


@pytest.mark.parametrize("reset", ["9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_date_far_away_counts_for_one_window(reset: str) -> None:
    assert wait(X_RateLimit_Reset=reset) == 60


def test_a_header_that_comes_twice_counts() -> None:
    assert wait(Retry_After="40, 40") == 40
    assert wait(200, X_RateLimit_Remaining="0, 0", X_RateLimit_Reset="40, 40") == 40


def test_an_end_that_is_over_asks_for_nothing() -> None:
    assert not wait(X_RateLimit_Reset=f"{NOW.timestamp() - 40:.0f}")


def test_the_last_request_of_a_window_tells_too() -> None:
    reset = f"{LATER.timestamp():.0f}"
    assert wait(200, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset) == 40
    assert wait(200, X_RateLimit_Remaining="1", X_RateLimit_Reset=reset) is None
    assert wait(200, X_RateLimit_Remaining="0", X_RateLimit_Reset=f"{NOW.timestamp() + 3000:.0f}") == 60
    assert wait(200, X_RateLimit_Remaining="0") is None
    assert wait(500, X_RateLimit_Reset=reset) is None


@pytest.mark.parametrize("body", [[], "reset", None, {"reset": {"reset": {"reset": []}}}, {"reset": None}])
def test_a_body_that_says_nothing_is_no_fault(body: Any) -> None:
    assert wait(body=body) is None


# At the wire


def closed(seconds: float, unit: int = 1_000) -> faults.Fault:
    """Return a 429 as the service sends it: the end of the window, and no ``Retry-After``."""
    ends = datetime.now(UTC).timestamp() + seconds
    limits = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{ends * unit:.0f}"}
    return faults.status(429, headers=limits)


@pytest.fixture(scope="module")
def site() -> Site:
    """Return a site that keeps what it has simulated."""
    return Site(visitors=100)


@pytest.mark.parametrize("unit", [1, 1_000])
def test_no_request_goes_into_a_closed_window(site: Site, sleeps: list[float], unit: int) -> None:
    with serve(site) as server:
        server.misbehave(closed(20, unit))
        client = server.client()
        assert client.snapshot().visitors.height
        assert len(server.requests) == 2
        assert 18 <= sum(sleeps) <= 22
        client.snapshot()
        assert len(sleeps) == 1, "the window is open again"


def test_a_window_beyond_the_deadline_is_left_to_whoever_polls(site: Site, sleeps: list[float]) -> None:
    with serve(site) as server:
        server.misbehave(closed(30))
        client = server.client(deadline=5)
        for _ in range(3):
            with pytest.raises(RateLimitError) as raised:
                client.snapshot()
            assert raised.value.retry_after is not None
            assert 25 <= raised.value.retry_after <= 31
        assert len(server.requests) == 1
    assert sleeps == []


def test_after_the_last_request_of_a_window_the_next_call_waits(site: Site, sleeps: list[float]) -> None:
    with serve(site) as server:
        body = server.site.body()
        ends = datetime.now(UTC).timestamp() + 30
        limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{ends:.0f}"}
        server.misbehave(faults.Fault(200, body, limits))
        client = server.client()
        client.snapshot()
        assert sleeps == []
        client.snapshot()
        assert len(sleeps) == 1
        assert 25 <= sleeps[0] <= 31


def test_a_window_that_closed_on_one_copy_is_no_matter_of_another(site: Site) -> None:
    import copy

    with serve(site) as server:
        server.misbehave(closed(3_000))
        client = server.client(deadline=5)
        with pytest.raises(RateLimitError):
            client.snapshot()
        assert copy.copy(client).snapshot().visitors.height


def test_a_limit_that_comes_under_200_is_waited_for_too(site: Site, sleeps: list[float]) -> None:
    with serve(site) as server:
        server.misbehave(faults.Fault(200, faults.error_body(429), {"Retry-After": "20"}))
        assert server.client().snapshot().visitors.height
        assert len(server.requests) == 2
    assert sum(sleeps) >= 20


def test_a_fault_of_the_service_closes_no_window(site: Site, sleeps: list[float]) -> None:
    with serve(site) as server:
        server.misbehave(faults.status(503, headers={"Retry-After": "3000"}))
        client = server.client()
        with pytest.raises(ServerError):
            client.snapshot()
        assert client.snapshot().visitors.height
        assert isinstance(client, Client)
    assert sleeps == []
