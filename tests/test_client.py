"""The client against a real server on loopback, with every way in which that server can fail."""

from __future__ import annotations

import copy
import json
import logging
import math
import pickle
import traceback
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from IPython.core.ultratb import VerboseTB

from datafast_nb import (
    AuthenticationError,
    Client,
    ConnectionFailedError,
    DataFastError,
    ForbiddenError,
    GatewayError,
    InvalidResponseError,
    MissingKeyError,
    NotFoundError,
    RateLimitError,
    RequestError,
    ServerError,
    Source,
    __version__,
)
from datafast_nb.demo import Site
from tests import faults
from tests.faults import FaultyServer, serve

SECRET = "not-a-real-key-but-a-secret"


@pytest.fixture(scope="module")
def site() -> Site:
    quiet = Site(visitors=20)
    quiet.body()  # the first takes longer than the timeouts of these tests
    return quiet


@pytest.fixture
def server(site: Site) -> Iterator[FaultyServer]:
    with serve(site, api_key=SECRET) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATAFAST_API_KEY", "DATAFAST_WEBSITE_ID", "DATAFAST_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_one_get_of_the_endpoint_gives_a_snapshot(server: FaultyServer) -> None:
    before = datetime.now(UTC)
    snap = server.client().snapshot()
    request = server.requests[-1]
    assert snap.visitors.height
    assert snap.problems.is_empty()
    assert before <= snap.fetched_at <= datetime.now(UTC)
    assert len(server.requests) == 1
    assert request.path == "/api/v1/analytics/realtime/map"
    assert request.user_agent == f"datafast_nb/{__version__}"
    assert isinstance(server.client(), Source)


def test_settings_come_from_the_environment(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFAST_API_KEY", f" {SECRET}\n")
    monkeypatch.setenv("DATAFAST_BASE_URL", server.url + "/")
    monkeypatch.setenv("DATAFAST_WEBSITE_ID", "demo")
    assert Client().snapshot().visitors.height
    assert server.requests[-1].query == {"websiteId": ["demo"]}


def test_arguments_win_over_the_environment(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATAFAST_API_KEY", "DATAFAST_WEBSITE_ID"):
        monkeypatch.setenv(name, "other")
    monkeypatch.setenv("DATAFAST_BASE_URL", "https://other.invalid")
    assert Client(SECRET, website_id="demo", base_url=server.url).snapshot().visitors.height


def test_the_service_itself_is_asked_by_default() -> None:
    client = Client(SECRET)
    assert (client.base_url, client.website_id) == ("https://datafa.st/api/v1", None)


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_the_error_says_where_to_put_it(key: str | None) -> None:
    with pytest.raises(MissingKeyError, match="DATAFAST_API_KEY"):
        Client(key)


@pytest.mark.parametrize(
    "key", [f"Bearer {SECRET}", f"{SECRET} twice", f"{SECRET}\r\nHost: x", f"{SECRET}é", f"{SECRET}\x00"]
)
def test_a_key_that_can_not_be_one_is_refused_without_being_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFAST_API_KEY", key.replace("\x00", "\x01"))  # the environment holds no NUL
    for given in (key, None):
        with pytest.raises(MissingKeyError) as raised:
            Client(given)
        assert SECRET not in str(raised.value)
        assert SECRET not in repr(variables(raised.value))


@pytest.mark.parametrize(
    "url",
    [
        "http://datafa.st/api/v1",
        "http://127.0.0.1.evil.example/api",
        "ftp://127.0.0.1",
        "datafa.st",
        "https://user:pass@datafa.st",
        "https://datafa.st/api?x=1",
    ],
)
def test_a_base_url_that_would_give_the_key_away_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as raised:
        Client(SECRET, base_url=url)
    assert "pass" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:1/api", "http://127.0.0.1:1", "http://[::1]:1/api", "https://x.example"]
)
def test_http_is_for_this_machine_alone(url: str) -> None:
    assert Client(SECRET, base_url=url).base_url == url


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"timeout": 0}, ValueError),
        ({"timeout": (1, -1)}, ValueError),
        ({"timeout": math.nan}, ValueError),
        ({"timeout": None}, TypeError),
        ({"retries": -1}, ValueError),
        ({"retries": 1.5}, TypeError),
        ({"deadline": 0}, ValueError),
        ({"deadline": "60"}, TypeError),
        ({"max_bytes": 0}, ValueError),
    ],
)
def test_limits_that_limit_nothing_are_refused_by_name(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(options))):
        Client(SECRET, **options)


@pytest.mark.parametrize(
    ("status", "error", "advice"),
    [
        (400, RequestError, "website_id"),
        (401, AuthenticationError, "DATAFAST_API_KEY"),
        (403, ForbiddenError, "analytics:read"),
        (404, NotFoundError, "website_id"),
        (418, RequestError, "base_url"),
        (429, RateLimitError, "less often"),
        (500, ServerError, "again later"),
        (503, ServerError, "again later"),
    ],
)
def test_each_status_has_its_error_and_advice(
    server: FaultyServer, status: int, error: type[DataFastError], advice: str
) -> None:
    server.misbehave(faults.status(status, "as it is"))
    with pytest.raises(error, match=advice) as raised:
        server.client(retries=0).snapshot()
    assert str(status) in str(raised.value)
    assert "The service says: as it is" in str(raised.value)
    assert not isinstance(raised.value, GatewayError)


def test_the_wrong_key_and_the_wrong_website_have_their_errors(server: FaultyServer) -> None:
    with pytest.raises(AuthenticationError):
        server.client(api_key="other").snapshot()
    with pytest.raises(NotFoundError):
        server.client(website_id="other").snapshot()
    assert len(server.requests) == 2, "neither is tried again"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"status": "error", "error": {"code": 401, "message": "no"}}', AuthenticationError),
        (b'{"status": "error", "error": {"code": 500, "message": "no"}}', ServerError),
        (b'{"status": "error", "error": "no"}', InvalidResponseError),
        (b'{"status": "error"}', InvalidResponseError),
        (b"", InvalidResponseError),
        (b"[]", InvalidResponseError),
        (b"<html>Sign in to the hotel's network</html>", InvalidResponseError),
        (b"\xff" * 10, InvalidResponseError),
        (b"[" * 1_000_000, InvalidResponseError),
        (b'{"data":{"visitors":' + b"[" * 1_000_000, InvalidResponseError),
    ],
)
def test_an_answer_under_200_that_is_no_map_ends_in_its_typed_error(
    server: FaultyServer, body: bytes, error: type[DataFastError]
) -> None:
    server.misbehave(faults.Fault(200, body))
    with pytest.raises(error):
        server.client(retries=0).snapshot()


def test_a_fault_that_passes_is_tried_again_with_growing_pauses(server: FaultyServer, sleeps: list[float]) -> None:
    server.misbehave(faults.status(500), times=2)
    server.misbehave(faults.truncated())
    assert server.client().snapshot().visitors.height
    assert len(server.requests) == 4
    assert [round(sleep, 1) >= least for sleep, least in zip(sleeps, (0.5, 1.0, 2.0), strict=True)] == [True] * 3
    assert max(sleeps) <= 2.5


def test_after_the_last_retry_the_error_is_raised(server: FaultyServer, sleeps: list[float]) -> None:
    server.misbehave(faults.status(502), times=None)
    with pytest.raises(ServerError):
        server.client(retries=2).snapshot()
    assert len(server.requests) == 3
    assert len(sleeps) == 2


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_in_both_forms(server: FaultyServer, sleeps: list[float], form: str) -> None:
    server.misbehave(faults.rate_limit(9 if form == "seconds" else datetime.now(UTC) + timedelta(seconds=9)))
    assert server.client().snapshot().visitors.height
    assert len(sleeps) == 1
    assert 7 <= sleeps[0] <= 9


def test_a_retry_after_beyond_the_deadline_raises_at_once(server: FaultyServer, sleeps: list[float]) -> None:
    server.misbehave(faults.rate_limit(3600))
    with pytest.raises(RateLimitError) as raised:
        server.client().snapshot()
    assert raised.value.retry_after == 3600
    assert (len(server.requests), sleeps) == (1, [])


@pytest.mark.parametrize("header", ["soon", "-5", "1e3", "", "Fri, 31 Dec 9999 23:59:59 -2300"])
def test_a_retry_after_that_says_nothing_is_none(server: FaultyServer, header: str) -> None:
    server.misbehave(faults.status(429, headers={"Retry-After": header}))
    with pytest.raises(RateLimitError) as raised:
        server.client(retries=0).snapshot()
    assert raised.value.retry_after is None


def test_a_redirect_is_refused_and_the_key_reaches_no_other_host(server: FaultyServer) -> None:
    with serve(Site(visitors=0), api_key=SECRET) as other:
        server.misbehave(faults.redirect(other.url), times=None)
        with pytest.raises(GatewayError, match="redirect"):
            server.client().snapshot()
        assert len(other.requests) == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.truncated(0.5), ConnectionFailedError),
        (faults.truncated(0.0), ConnectionFailedError),
        (faults.garbage(), InvalidResponseError),
        (faults.empty(), InvalidResponseError),
        (faults.html(200), InvalidResponseError),
        (faults.Fault(200, b"not gzip", {"Content-Encoding": "gzip"}), ConnectionFailedError),
    ],
)
def test_a_broken_answer_ends_in_its_typed_error(
    server: FaultyServer, fault: faults.Fault, error: type[DataFastError]
) -> None:
    server.misbehave(fault, times=None)
    with pytest.raises(error):
        server.client(retries=0).snapshot()


def test_an_answer_that_does_not_begin_in_time_ends_in_an_error(server: FaultyServer) -> None:
    server.misbehave(faults.delay(2.0), times=None)
    with pytest.raises(ConnectionFailedError):
        server.client(retries=0, timeout=(5, 0.3)).snapshot()


def test_a_small_body_that_unpacks_to_a_huge_one_stops_at_the_limit(server: FaultyServer) -> None:
    server.misbehave(faults.bomb(megabytes=400))
    client = server.client(max_bytes=8 * 2**20)
    tracemalloc.start()
    with pytest.raises(InvalidResponseError, match="max_bytes"):
        client.snapshot()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80 * 2**20


def test_a_closed_port_is_a_connection_that_failed() -> None:
    with serve(Site(visitors=0)) as gone:
        client = gone.client(retries=0)
    with pytest.raises(ConnectionFailedError, match=r"127\.0\.0\.1"):
        client.snapshot()


def test_proxies_are_left_out_on_the_way_to_this_machine(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert server.client().snapshot().visitors.height


def test_a_netrc_file_does_not_replace_the_key(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert server.client().snapshot().visitors.height


def test_the_connection_is_kept_and_can_be_closed(server: FaultyServer) -> None:
    with server.client() as client:
        client.snapshot()
        assert client.snapshot().visitors.height
    assert client.snapshot().visitors.height, "a closed client opens a new connection"


def test_strict_raises_where_a_value_fits_no_column(server: FaultyServer) -> None:
    server.misbehave(faults.Fault(200, b'{"data": {"visitors": [{"latitude": "north"}]}}'))
    with pytest.raises(InvalidResponseError) as raised:
        server.client().snapshot(strict=True)
    assert raised.value.path == "$.data.visitors[0].latitude"


def variables(error: BaseException) -> list[tuple[str, object]]:
    """Return the variables of each frame of a traceback but the test's own, as ``%xmode Verbose`` prints them."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][1:]
    return [item for frame in frames for item in frame.f_locals.items() if item[0] != "self"]


def verbose(error: BaseException) -> str:
    """Return the traceback as ``%xmode Verbose`` prints it, with the variables of each frame."""
    formatter = VerboseTB(theme_name="nocolor", include_vars=True)
    return "\n".join(formatter.structured_traceback(type(error), error, error.__traceback__))


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(401),
        faults.status(500),
        faults.truncated(),
        faults.garbage(),
        faults.delay(1.0),
        faults.redirect("/"),
    ],
)
def test_no_traceback_shows_the_key(server: FaultyServer, fault: faults.Fault) -> None:
    client = server.client(retries=1, timeout=(1, 0.2))
    server.misbehave(fault, times=None)
    with pytest.raises(DataFastError) as raised:
        client.snapshot()
    printed = verbose(raised.value)
    assert "client.snapshot()" in printed
    assert SECRET not in printed


def test_no_traceback_shows_the_key_when_the_reader_interrupts(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("http.client.HTTPResponse.begin", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        server.client().snapshot()
    assert SECRET not in verbose(raised.value)


@pytest.mark.parametrize("options", [{"base_url": "http://datafa.st"}, {"retries": -1}])
def test_no_variable_of_the_constructor_shows_the_key(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        Client(SECRET, **options)
    assert "api_key" in dict(variables(raised.value))
    assert SECRET not in repr(variables(raised.value))


def test_neither_repr_nor_state_nor_pickle_nor_log_shows_the_key(
    server: FaultyServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    client = server.client()
    client.snapshot()
    logging.getLogger(__name__).info("%s %r %s", client, client, vars(client))
    assert SECRET not in caplog.text
    assert SECRET not in repr(client) + repr(vars(client)) + repr(copy.deepcopy(client))
    monkeypatch.setenv("DATAFAST_API_KEY", SECRET)
    pickled = pickle.dumps(client)
    assert SECRET.encode() not in pickled
    assert pickle.loads(pickled).snapshot().visitors.height
    monkeypatch.delenv("DATAFAST_API_KEY")
    with pytest.raises(MissingKeyError):
        pickle.loads(pickled)


def test_the_headers_of_a_request_are_masked_where_they_are_printed(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def spy(self: requests.Session, request: requests.PreparedRequest, **options: object) -> requests.Response:
        seen.append(request)
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", spy)
    server.client().snapshot()
    assert SECRET not in repr(seen[0].headers)


def test_an_error_that_quotes_the_key_is_cleaned(server: FaultyServer) -> None:
    server.misbehave(faults.status(401, f"The key {SECRET} is not valid"))
    with pytest.raises(AuthenticationError, match=r"The key \*\*\* is not valid"):
        server.client().snapshot()


@pytest.mark.parametrize(
    "body",
    [
        f"Bearer {SECRET} is not valid here".encode(),
        json.dumps({"data": {"count": SECRET}}).encode(),
        json.dumps({"data": {"visitors": "x" * 300}, "status": "error", "message": f"no {SECRET}"}).encode(),
        json.dumps({"status": "error", "message": "x" * 290 + SECRET}).encode(),
    ],
)
def test_no_error_holds_the_key_whatever_the_answer_quotes(server: FaultyServer, body: bytes) -> None:
    server.misbehave(faults.Fault(200, body))
    with pytest.raises(InvalidResponseError) as raised:
        server.client().snapshot(strict=True)
    assert SECRET[:8] not in str(raised.value)
    assert SECRET[:8] not in repr(variables(raised.value))


def test_what_the_service_says_can_not_write_control_characters(server: FaultyServer) -> None:
    server.misbehave(faults.status(404, "\x1b[31mred\x1b[0m\u202e\x07\nsecond"))
    with pytest.raises(NotFoundError, match=r"red \[0m second") as raised:
        server.client().snapshot()
    assert str(raised.value).isprintable()


def test_what_the_service_says_is_kept_short_and_on_one_line(server: FaultyServer) -> None:
    server.misbehave(faults.status(404, "no\n" * 10_000))
    with pytest.raises(NotFoundError) as raised:
        server.client().snapshot()
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_deep_copy_still_has_the_key(server: FaultyServer) -> None:
    assert copy.deepcopy(server.client()).snapshot().visitors.height
    assert json.loads(server.site.body())["status"] == "success"
