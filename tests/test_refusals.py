"""Who refused: only the service's own JSON is final, and anything else that answers in its place may pass."""

from __future__ import annotations

import codecs
import json

import pytest

from datafast_nb import (
    AuthenticationError,
    Client,
    ConnectionFailedError,
    DataFastError,
    ForbiddenError,
    GatewayError,
    InvalidResponseError,
    NotFoundError,
    RateLimitError,
    RequestError,
    ServerError,
    load,
)
from datafast_nb.errors import RetryLaterError
from datafast_nb.polling import is_final
from tests.raw_server import RawServer, answer, saying

SECRET = "not-a-real-key-but-a-secret"
CHALLENGE = b"<!DOCTYPE html><html><head><title>\n Just a  moment&hellip;\x07</title></head><body>x</body></html>"
OWN = b'{"status":"error","error":{"code":401,"message":"revoked on Monday"}}'


def refused(status: int, body: bytes, kind: bytes = b"text/html; charset=utf-8", *headers: bytes) -> DataFastError:
    """Return what a client raises at an answer."""
    said = answer(body, b"Content-Type: " + kind, *headers, status=b"%d Whatever" % status)
    with RawServer(saying(said)) as server, pytest.raises(DataFastError) as raised:
        Client(SECRET, base_url=server.url, retries=0).snapshot()
    return raised.value


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 407, 410, 418, 451, 200, 204, 226, 511])
@pytest.mark.parametrize(
    ("kind", "body", "excerpt"),
    [
        (b"text/html; charset=utf-8", CHALLENGE, "text/html: Just a moment…"),
        (b"text/plain", b"The deployment could not be found.\n", "text/plain: The deployment could not be found."),
        (b"text/html", b"<title>" + b"x" * 70_000, "text/html: <title>xxx"),
        (b"application/octet-stream", b"\xff\xfe\x00\x80" * 50, "application/octet-stream: "),
    ],
)
def test_a_page_of_something_in_between_says_nothing_about_the_key(
    status: int, kind: bytes, body: bytes, excerpt: str
) -> None:
    body = b"" if status == 204 else body
    error = refused(status, body, kind)
    assert isinstance(error, GatewayError)
    assert isinstance(error, InvalidResponseError)
    assert isinstance(error, RetryLaterError)
    assert f"({status}, " in str(error)
    assert (excerpt if body else "an empty body") in str(error)
    assert "something in between" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 500
    assert "Check DATAFAST_API_KEY" not in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"message":"Forbidden"}',
        b'{"error":"Unauthorized"}',
        b'{"error":{"code":401,"message":"no"}}',
        b'{"status":"error"}',
        b'{"status":"error","error":"no"}',
        b'{"status":"error","message":"no"}',
        b'{"status":"error","error":{}}',
        b'{"status":"error","error":null}',
        b'{"status":401,"error":{"code":401,"message":"no"}}',
        b'{"detail":"Not authenticated","status":"fail"}',
        b'{"code":"NOT_FOUND","errors":[{"code":7003,"message":"no route"}],"success":false}',
        b"[]",
        b'"no"',
        b"null",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"status":"error","error":{"code":401,"message":"cut o',
    ],
)
def test_json_that_is_not_the_services_says_nothing_about_the_key(status: int, body: bytes) -> None:
    error = refused(status, body, b"application/json")
    assert isinstance(error, GatewayError)
    assert not isinstance(error, (AuthenticationError, ForbiddenError, NotFoundError, RequestError))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RequestError), (401, AuthenticationError), (403, ForbiddenError), (404, NotFoundError), (410, RequestError)],
)
@pytest.mark.parametrize(
    "body",
    [
        OWN,
        codecs.BOM_UTF8 + OWN,
        b"\r\n " + OWN + b"\n",
        OWN.replace(b"401", b'"UNAUTHORIZED"'),
        OWN.replace(b'"code":401,', b""),
        OWN.replace(b'"revoked on Monday"', b'["revoked on Monday", "ask again"]'),
        OWN.replace(b"Monday", b"Monday \xe9\\ud800"),
        OWN.replace(b"}}", b'},"requestId":"' + b"x" * 20_000 + b'"}'),
    ],
)
@pytest.mark.parametrize("content_type", [b"application/json", b"application/json; charset=iso-8859-1", b"text/html"])
def test_the_services_own_refusal_is_final_and_in_its_own_words(
    status: int, kind: type[DataFastError], body: bytes, content_type: bytes
) -> None:
    error = refused(status, body, content_type)
    assert type(error) is kind
    assert f"({status}) The service says: revoked on Monday" in str(error)
    assert not isinstance(error, RetryLaterError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (b"401", AuthenticationError),
        (b'"401"', AuthenticationError),
        (b'"UNAUTHORIZED"', AuthenticationError),
        (b'"forbidden"', ForbiddenError),
        (b'"not-found"', NotFoundError),
        (b'"TOO_MANY_REQUESTS"', RateLimitError),
        (b'"INTERNAL_SERVER_ERROR"', ServerError),
        (b'"SOMETHING_ELSE"', InvalidResponseError),
        (b"null", InvalidResponseError),
        (b"1e999", InvalidResponseError),
        (b"[]", InvalidResponseError),
    ],
)
def test_an_error_under_200_keeps_its_kind_and_its_words(code: bytes, kind: type[DataFastError]) -> None:
    error = refused(200, OWN.replace(b"401", code), b"application/json")
    assert type(error) is kind
    if code != b"1e999":
        assert "revoked on Monday" in str(error)


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (500, ServerError), (502, ServerError)])
def test_an_overload_keeps_its_kind_whoever_tells_of_it(status: int, kind: type[DataFastError]) -> None:
    error = refused(status, CHALLENGE)
    assert type(error) is kind
    assert f"({status}, text/html: Just a moment…)" in str(error)


def test_a_page_in_between_may_say_when_it_goes() -> None:
    error = refused(403, CHALLENGE, b"text/html", b"Retry-After: 90")
    assert isinstance(error, RetryLaterError)
    assert error.retry_after == 90


def test_a_redirect_may_pass_and_may_say_when() -> None:
    error = refused(302, b"", b"text/html", b"Location: https://login.invalid/", b"Retry-After: 90")
    assert isinstance(error, GatewayError)
    assert error.retry_after == 90
    assert "redirect" in str(error)


@pytest.mark.parametrize("status", [b"403 No", b"302 Found", b"511 Log in"])
def test_a_page_in_between_is_not_asked_for_again_within_the_call(status: bytes) -> None:
    with RawServer(saying(answer(CHALLENGE, status=status))) as server:
        with pytest.raises(GatewayError):
            Client(SECRET, base_url=server.url).snapshot()
        assert len(server.requests) == 1


def test_a_proxy_that_wants_a_user_is_called_so() -> None:
    assert "HTTPS_PROXY" in str(refused(407, b"", b"text/html"))


def test_the_type_of_a_page_can_not_write_on_the_screen() -> None:
    error = refused(403, b"no", b"text/\x1b[31m" + b"x" * 5_000)
    assert isinstance(error, (GatewayError, ConnectionFailedError))
    assert str(error).isprintable()
    assert len(str(error)) < 500


@pytest.mark.parametrize("none", [None, False, "", {}, [], 0])
def test_a_map_in_an_error_s_clothes_is_still_a_map(monkeypatch: pytest.MonkeyPatch, none: object) -> None:
    body = json.dumps({"status": "success", "error": none, "data": {"count": 3, "visitors": []}}).encode()
    with RawServer(saying(answer(body))) as server:
        monkeypatch.setenv("DATAFAST_API_KEY", SECRET)
        monkeypatch.setenv("DATAFAST_BASE_URL", f"  {server.url}/\n")
        assert load().count == 3


@pytest.mark.parametrize("status", [408, 409, 421, 423, 425])
def test_a_request_that_came_too_late_or_too_early_is_made_again(status: int) -> None:
    body = json.dumps({"status": "error", "error": {"code": status, "message": "Not now"}}).encode()
    error = refused(status, body, b"application/json")
    assert isinstance(error, ServerError)
    assert not is_final(error)
    assert "Not now" in str(error)
