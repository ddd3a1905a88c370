"""Whatever the other side does, a call ends at its deadline, in bounded memory, with a typed error."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from datafast_nb import Client, ConnectionFailedError, GatewayError, InvalidResponseError
from datafast_nb.demo import Site
from tests import faults
from tests.faults import serve
from tests.livemap.maps import until
from tests.raw_server import GENEROUS, Caller, RawServer, answer, saying
from tests.responses import example

SECRET = "not-a-real-key-but-a-secret"
START = b"HTTP/1.1 200 OK\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"

Talk = Callable[[Caller], None]


def endless(start: bytes, then: bytes, pause: float = 0.0) -> Talk:
    def talk(caller: Caller) -> None:
        caller.say(start)
        caller.keep_saying(then, pause)

    return talk


def stalling(start: bytes) -> Talk:
    def talk(caller: Caller) -> None:
        caller.say(start)
        caller.wait()

    return talk


ENDLESS: dict[str, Talk] = {
    "nothing": Caller.wait,
    "a status line, byte by byte": endless(b"HTTP/1.1 200 ", b"O", 0.02),
    "a header, byte by byte": endless(START + b"X-Long: ", b"a", 0.02),
    "headers, one by one": endless(START, b"X: y\r\n", 0.02),
    "100 Continue": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 Early Hints": endless(b"", b"HTTP/1.1 100 Continue\r\nLink: x\r\n\r\n", 0.01),
    "a body, byte by byte": endless(START + b"Content-Length: 1000000\r\n\r\n", b" ", 0.02),
    "a body that stalls": stalling(START + b"Content-Length: 1000000\r\n\r\n {"),
    "a body, byte by byte, on a connection that closes": endless(START + b"Connection: close\r\n\r\n", b" ", 0.02),
    "an error's body, byte by byte": endless(b"HTTP/1.1 403 No\r\nContent-Length: 1000000\r\n\r\n", b" ", 0.02),
    "chunks": endless(CHUNKED, b"1\r\n \r\n", 0.02),
    "the extension of a chunk": endless(CHUNKED + b"1;", b"a", 0.02),
    "trailers": endless(CHUNKED + b"0\r\n", b"X: y\r\n"),
    "trailers, byte by byte": endless(CHUNKED + b"0\r\nX: ", b"y", 0.02),
}


def none_left() -> bool:
    return not any(thread.name == "datafast_nb request" for thread in threading.enumerate())


@pytest.mark.parametrize("talk", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_answer_ends_at_the_deadline_and_so_does_its_connection(talk: Talk) -> None:
    with RawServer(talk) as server:
        with pytest.raises(ConnectionFailedError, match="deadline"):
            Client(SECRET, base_url=server.url, deadline=0.3).snapshot()
        assert server.hung_up.acquire(timeout=GENEROUS), "the server still has somebody to talk to"
    until(none_left)


@pytest.mark.parametrize(
    "talk", [Caller.wait, endless(b"\x16\x03\x03\x40\x00\x02", b"\0", 0.02)], ids=["silent", "slow"]
)
def test_a_handshake_ends_at_the_deadline(talk: Talk) -> None:
    with RawServer(talk, hears_first=False) as server:
        client = Client(SECRET, base_url=server.url.replace("http", "https"), deadline=0.3, timeout=(60, 60))
        with pytest.raises(ConnectionFailedError, match="deadline"):
            client.snapshot()
        assert server.hung_up.acquire(timeout=GENEROUS)
    until(none_left)


@pytest.mark.parametrize(
    "talk", [Caller.wait, endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.02)], ids=["silent", "slow"]
)
def test_the_tunnel_through_a_proxy_ends_at_the_deadline(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(talk) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(ConnectionFailedError, match="deadline"):
            Client(SECRET, base_url="https://service.invalid", deadline=0.3, timeout=(60, 60)).snapshot()
        assert proxy.hung_up.acquire(timeout=GENEROUS)
        assert proxy.requests[0].startswith(b"CONNECT service.invalid:443")
        assert SECRET.encode() not in b"".join(proxy.requests)


def test_a_name_that_is_never_found_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()

    def look_up(*_: Any, **__: Any) -> Any:
        found.wait(GENEROUS)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(ConnectionFailedError, match="deadline"):
        Client(SECRET, base_url="https://service.invalid", deadline=0.3).snapshot()
    found.set()
    until(none_left)


def test_a_request_that_nobody_waits_for_any_more_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    found, look_up = threading.Event(), socket.getaddrinfo

    def slowly(*arguments: Any, **options: Any) -> Any:
        found.wait(GENEROUS)
        return look_up(*arguments, **options)

    with RawServer(saying(answer(b"{}"))) as server:
        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        with pytest.raises(ConnectionFailedError, match="deadline"):
            Client(SECRET, base_url=server.url, deadline=0.2).snapshot()
        found.set()
        assert server.hung_up.acquire(timeout=GENEROUS)
        assert server.requests == []


def test_a_call_that_is_interrupted_ends_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with RawServer(Caller.wait) as server:
        client = Client(SECRET, base_url=server.url)
        join = threading.Thread.join
        monkeypatch.setattr(threading.Thread, "join", lambda *_: until(lambda: bool(server.requests)) or interrupted())
        with pytest.raises(KeyboardInterrupt):
            client.snapshot()
        monkeypatch.setattr(threading.Thread, "join", join)
        assert server.hung_up.acquire(timeout=GENEROUS)
    until(none_left)


MALFORMED: dict[str, bytes] = {
    "no status line": b"hello\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no number": b"HTTP/1.1 OK\r\n\r\n",
    "an endless line": b"HTTP/1.1 200 " + b"O" * 100_000,
    "an endless header": START + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    "ten thousand headers": START + b"X: y\r\n" * 10_000 + b"\r\n",
    "a line among the headers": START + b"this is no header\r\nContent-Length: 2\r\n\r\n{}",
    "headers that are none": START + b"<html>\r\n\r\n" + b"x" * 100,
    "two lengths": START + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    "the length of a chunk": CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n",
    "the end of a chunk": CHUNKED + b"5\r\nhello,and more\r\n0\r\n\r\n",
    "an endless chunk's line": CHUNKED + b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("said", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_http_is_called_so(said: bytes) -> None:
    with (
        RawServer(saying(said)) as server,
        pytest.raises(ConnectionFailedError, match="something that is not HTTP") as raised,
    ):
        Client(SECRET, base_url=server.url, retries=0).snapshot()
    assert raised.value.may_pass
    assert "o connection" not in str(raised.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "without an answer"),
        (START + b"Content-Length: 100\r\n\r\nhello", "broke off"),
        (CHUNKED + b"5\r\nhel", "broke off"),
        (CHUNKED + b"5\r\nhello\r\n", "broke off"),
        (START + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "decompressed"),
    ],
)
def test_an_answer_that_breaks_off_is_called_so(said: bytes, words: str) -> None:
    with RawServer(saying(said)) as server, pytest.raises(ConnectionFailedError, match=words) as raised:
        Client(SECRET, base_url=server.url, retries=0).snapshot()
    assert "o connection" not in str(raised.value)


@pytest.mark.parametrize(
    "location",
    [
        b"",
        b"/",
        b"//",
        b"http://[",
        b"http://[::1",
        b"http://a:b:c/",
        b"http://\xff\xfe/",
        b"http://" + b"a" * 300,
        b"http://.example..com",
        b"https://user:pass@other.example/%zz",
        b"javascript:alert(1)",
        b"\xe2\x80\xae",
        b"http://x/" + b"y" * 60_000,
    ],
)
@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Elsewhere", b"308 Elsewhere", b"304 Same"])
def test_wherever_a_redirect_leads_it_is_refused(location: bytes, status: bytes) -> None:
    with (
        RawServer(saying(answer(b"", b"Location: " + location, status=status))) as server,
        pytest.raises(GatewayError, match="redirect"),
    ):
        Client(SECRET, base_url=server.url).snapshot()
    assert len(server.requests) == 1


BOMB = gzip.compress(b" " * 2**20) * 400


@pytest.mark.parametrize(
    ("status", "encoding", "body", "error"),
    [
        (302, "gzip", BOMB, GatewayError),
        (403, "gzip", BOMB, GatewayError),
        (500, "gzip", BOMB, Exception),
        (200, "gzip, gzip", gzip.compress(BOMB), InvalidResponseError),
        (200, "gzip", BOMB, InvalidResponseError),
    ],
)
def test_no_body_unpacks_to_more_than_its_limit(
    status: int, encoding: str, body: bytes, error: type[Exception]
) -> None:
    headers = {"Content-Encoding": encoding, "Location": "/elsewhere"}
    with serve(Site(visitors=0)) as server:
        server.misbehave(faults.Fault(status, body, headers), times=None)
        client = server.client(max_bytes=8 * 2**20, retries=0)
        tracemalloc.start()
        with pytest.raises(error):
            client.snapshot()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 40 * 2**20


def test_a_connection_is_used_again_after_it_was_watched() -> None:
    import msgspec

    body = msgspec.json.encode(example())
    with RawServer(lambda caller: caller.say(answer(body))) as server:
        client = Client(SECRET, base_url=server.url)
        for _ in range(3):
            assert client.snapshot().visitors.height
        assert len(server.requests) == 3
        client.close()
        assert server.hung_up.acquire(timeout=GENEROUS)
        assert not server.hung_up.acquire(blocking=False), "there was more than one connection"
