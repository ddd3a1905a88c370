"""The faults that the tests make a server have are those that they are named after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests

from datafast_nb.demo import Site
from tests import faults
from tests.faults import FaultyServer, serve
from tests.loopback import TIMEOUT, get, is_error

MOMENT = datetime(2026, 2, 6, 15, 3, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def site() -> Site:
    """Return a site whose clock stands still."""
    return Site(seed=0, start=MOMENT, clock=lambda: MOMENT)


@pytest.fixture
def server(site: Site) -> Iterator[FaultyServer]:
    with serve(site) as running:
        yield running


def test_a_status_comes_with_the_documented_body(server: FaultyServer) -> None:
    server.misbehave(faults.status(503), times=2)
    assert is_error(get(server), 503)
    assert is_error(get(server), 503)
    assert get(server).ok


def test_faults_come_in_the_order_in_which_they_were_asked_for(server: FaultyServer) -> None:
    for code in (400, 403, 500):
        server.misbehave(faults.status(code))
    assert [get(server).status_code for _ in range(4)] == [400, 403, 500, 200]


def test_a_standing_fault_lasts_until_the_server_behaves(server: FaultyServer) -> None:
    server.misbehave(faults.status(500), times=None)
    assert [get(server).status_code for _ in range(3)] == [500] * 3
    server.behave()
    assert get(server).ok


def test_a_gateway_answers_in_html(server: FaultyServer) -> None:
    server.misbehave(faults.html(502))
    response = get(server)
    assert response.status_code == 502
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


def test_a_rate_limit_tells_when_to_come_back(server: FaultyServer) -> None:
    when = datetime(2026, 2, 6, 15, 4, tzinfo=UTC)
    for retry_after in (7, when, None):
        server.misbehave(faults.rate_limit(retry_after))
    seconds, date, silent = get(server), get(server), get(server)
    assert is_error(seconds, 429)
    assert seconds.headers["Retry-After"] == "7"
    assert parsedate_to_datetime(date.headers["Retry-After"]) == when
    assert "Retry-After" not in silent.headers


def test_a_truncated_body_breaks_off(server: FaultyServer) -> None:
    server.misbehave(faults.truncated(0.5))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(server)
    assert get(server).ok


def test_garbage_is_no_json(server: FaultyServer) -> None:
    server.misbehave(faults.garbage())
    response = get(server)
    assert response.status_code == 200
    with pytest.raises(UnicodeDecodeError):
        response.content.decode()


def test_an_empty_body_is_empty(server: FaultyServer) -> None:
    server.misbehave(faults.empty())
    response = get(server)
    assert (response.status_code, response.content) == (200, b"")


def test_a_redirect_leads_elsewhere_and_the_other_server_sees_whether_the_key_came_along(
    server: FaultyServer, site: Site
) -> None:
    with serve(site) as other:
        server.misbehave(faults.redirect(other.url + "/analytics/realtime/map", 307), times=2)
        refused = get(server, allow_redirects=False)
        assert refused.status_code == 307
        assert refused.headers["Location"].startswith(other.url)
        get(server)
        assert len(other.requests) == 1


def test_a_bomb_is_small_until_it_is_unpacked(server: FaultyServer) -> None:
    server.misbehave(faults.bomb(megabytes=20))
    response = get(server, stream=True)
    assert int(response.headers["Content-Length"]) < 100_000
    assert sum(len(it) for it in response.iter_content(2**16)) == 20 * 2**20


def test_a_delayed_response_runs_into_the_clients_timeout(server: FaultyServer) -> None:
    server.misbehave(faults.delay(30))
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(server.url, timeout=(TIMEOUT, 0.1))


def test_a_body_that_drips_arrives_whole_in_pieces(site: Site) -> None:
    with serve(site) as server:
        server.misbehave(faults.drip(0.01))
        response = get(server, stream=True, headers={"Accept-Encoding": "identity"})
        pieces = list(response.raw.stream(2**20, decode_content=False))
    assert b"".join(pieces) == site.body()
