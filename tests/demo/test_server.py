"""The loopback server, at the level of HTTP."""

import gc
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import requests

from datafast_nb import demo
from datafast_nb.demo import Response, Site
from tests import faults
from tests.faults import FaultyServer, serve
from tests.loopback import TIMEOUT, get, is_error


@pytest.fixture
def server(site: Site) -> Iterator[FaultyServer]:
    with serve(site) as running:
        yield running


@pytest.fixture
def frozen_site(moment: datetime) -> Site:
    """Return a site whose clock stands still."""
    return Site(seed=0, start=moment, clock=lambda: moment)


def test_it_gives_the_sites_body(frozen_site: Site) -> None:
    with serve(frozen_site) as server:
        response = get(server)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.content == frozen_site.body()


def test_it_listens_on_loopback_only_and_chooses_its_port(server: FaultyServer, site: Site) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    assert server.url.endswith("/api/v1")
    with serve(site) as other:
        assert other.url != server.url


def test_it_compresses_for_those_who_accept_it(frozen_site: Site) -> None:
    with serve(frozen_site) as server:
        packed = get(server, headers={"Accept-Encoding": "gzip"})
        plain = get(server, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", "Basic demo", "Bearer demo2", "demo", "Bearer démo"]
)
def test_a_missing_or_wrong_key_is_refused(server: FaultyServer, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    response = requests.get(server.url + "/analytics/realtime/map", headers=headers, timeout=TIMEOUT)
    assert is_error(response, 401)


def test_the_key_can_be_chosen(site: Site) -> None:
    with serve(site, api_key="another") as server:
        assert get(server, key="another").ok
        assert is_error(get(server), 401)
        assert server.client().snapshot().visitors.height > 0


def test_an_unknown_website_is_not_found(site: Site) -> None:
    with serve(site, website_id="shop") as server:
        assert get(server, params={"websiteId": "shop"}).ok
        assert get(server).ok
        assert is_error(get(server, params={"websiteId": "other"}), 404)


@pytest.mark.parametrize("path", ["/", "/analytics/realtime", "/analytics/realtime/map/more"])
def test_an_unknown_path_is_not_found(server: FaultyServer, path: str) -> None:
    assert is_error(get(server, path), 404)


def test_requests_are_remembered_without_the_key(server: FaultyServer) -> None:
    get(server, params={"websiteId": "demo"}, headers={"User-Agent": "somebody/1"})
    requests.get(server.url + "/elsewhere", timeout=TIMEOUT)
    first, second = server.requests
    assert (first.path, first.query) == ("/api/v1/analytics/realtime/map", {"websiteId": ["demo"]})
    assert first.user_agent == "somebody/1"
    assert (first.has_key, second.has_key) == (True, False)
    assert second.path == "/api/v1/elsewhere"
    assert abs(datetime.now(UTC) - first.time) < timedelta(minutes=1)


def test_no_representation_holds_the_key(site: Site) -> None:
    with serve(site, api_key="a-secret-of-mine") as server:
        get(server, key="a-secret-of-mine")
        assert "a-secret-of-mine" not in repr(server) + repr(server.requests) + repr(server.client())


def test_another_site_can_take_its_place(server: FaultyServer, moment: datetime) -> None:
    server.site = Site(visitors=0, start=moment)
    assert get(server).json()["data"]["visitors"] == []


def test_what_is_answered_can_be_replaced_and_is_regular_again(frozen_site: Site) -> None:
    with demo.serve(frozen_site) as server:
        server.answer = lambda _: Response.error(503, "So sorry")
        assert is_error(get(server), 503)
        server.answer = lambda regular: replace(regular, headers={**regular.headers, "X-Told": "so"})
        told = get(server)
        assert (told.content, told.headers["X-Told"]) == (frozen_site.body(), "so")
        server.answer = None
        assert get(server).content == frozen_site.body()


def test_an_answer_in_pieces_without_a_length_ends_with_the_connection(frozen_site: Site) -> None:
    with demo.serve(frozen_site) as server:
        server.answer = lambda _: Response(body=iter([b"{", b"}"]))
        response = get(server)
    assert (response.content, "Content-Length" in response.headers) == (b"{}", False)


def test_closing_ends_waiting_responses_and_idle_connections(site: Site) -> None:
    server = serve(site)
    server.misbehave(faults.delay(600))
    with requests.Session() as session, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, server)
        while server.coming:
            time.sleep(0.01)
        assert session.get(server.url + "/idle", timeout=TIMEOUT).status_code == 404
        server.close()
        server.close()
        assert wait([waiting], TIMEOUT).done
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(server.url, timeout=TIMEOUT)
    assert repr(server).startswith("<Server closed")


def test_requests_are_answered_side_by_side(server: FaultyServer) -> None:
    server.misbehave(faults.delay(600))
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(get, server)
        while server.coming:
            time.sleep(0.01)
        assert get(server).ok
        assert not stuck.done()
        server.close()


def test_nothing_is_written_to_the_terminal(server: FaultyServer, capfd: pytest.CaptureFixture[str]) -> None:
    server.misbehave(faults.truncated())
    with pytest.raises(requests.exceptions.RequestException):
        get(server)
    get(server)
    get(server, "/nowhere")
    server.close()
    assert capfd.readouterr() == ("", "")


def test_what_a_server_and_its_client_keep_does_not_grow(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr("datafast_nb.demo.server._REQUESTS_KEPT", 20)
    with serve(Site(visitors=5, clock=lambda: moment)) as server:
        server.misbehave(faults.Fault(200, server.site.body()), times=None)  # made once
        client, blocks = server.client(), []
        for number in range(1, 161):
            client.snapshot()
            if number % 40 == 0:
                gc.collect()
                blocks.append(sys.getallocatedblocks())
        assert len(server.requests) == 20
    # What each request keeps shows in all of them; what else goes on in this process only in some.
    assert min(later - earlier for earlier, later in pairwise(blocks)) < 80, blocks
