"""One GET and its response, within limits of time and size. Other modules interpret the response."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from http.client import HTTPMessage
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, NamedTuple

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.util.response import assert_header_parsing

from datafast_nb._version import __version__
from datafast_nb.errors import InvalidResponseError

OK: Final = 200
_CHUNK: Final = 1 << 16
_LONGEST_ERROR: Final = 1 << 16
"""Bytes to read of a response that is not a map: enough for the message of the service or a gateway."""

_GRACE: Final = 1.0
"""Seconds after the deadline at which an attempt to connect that nobody waits for ends."""

CA_BUNDLE: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Response(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


class TooLateError(Exception):
    """The time for a response ran out."""


class Transport:
    """Sends requests to one address, over connections that are kept open; safe to use from several threads.

    Parameters
    ----------
    url
        The address to request.
    timeout
        Seconds to wait for a connection, and between two pieces of the response.
    max_bytes
        Longest body to accept, in bytes after decompression.
    direct
        Whether to bypass proxies, as for this machine, which no proxy can reach.
    """

    def __init__(self, url: str, *, timeout: tuple[float, float], max_bytes: int, direct: bool) -> None:
        self._url = url
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._session = _new_session(direct=direct)

    def get(
        self, parameters: Mapping[str, str], authorize: Callable[[requests.PreparedRequest], Any], ends: float
    ) -> Response:
        """Send one request and return its response by a moment of the monotonic clock, whatever the other side does.

        The request runs in its own thread. At `ends` the socket is shut down and the thread is abandoned: no resolver,
        no trickling headers and no endless body can hold up the caller.

        Raises
        ------
        TooLateError
            The response is not complete at that moment.
        InvalidResponseError
            The body is too long.
        Exception
            Any error of requests, urllib3 or the operating system, without the frames that hold the key.
        """
        exchange = _Exchange(lambda: self._ask(parameters, authorize, ends))
        exchange.start()
        try:
            exchange.join(max(0.0, ends - time.monotonic()))
        finally:
            exchange.abandon()
        return exchange.answer()

    def close(self) -> None:
        """Close the connections that are kept open between requests."""
        self._session.close()

    def _ask(
        self, parameters: Mapping[str, str], authorize: Callable[[requests.PreparedRequest], Any], ends: float
    ) -> Response:
        connect, read = self._timeout
        left = max(0.0, ends - time.monotonic()) + _GRACE  # an unfinished connection can't be shut down
        response = self._session.get(
            self._url,
            params=parameters,
            auth=authorize,
            timeout=(min(connect, left), read),
            allow_redirects=False,
            stream=True,
        )
        with contextlib.closing(response):
            received_at = datetime.now(UTC)
            body = b"" if 300 <= response.status_code < 400 else b"".join(self._pieces(response))  # noqa: PLR2004
            return Response(response.status_code, response.headers, body, received_at)

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        """Yield the decompressed body in pieces; only its start if it is not a map."""
        size = 0
        # read1 returns what has arrived, and http.client then limits the length of the lines between chunks.
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            size += len(piece)
            yield piece
            if response.status_code != OK and size >= _LONGEST_ERROR:
                return
            if size > self._max_bytes:
                raise InvalidResponseError(
                    f"The response is longer than {self._max_bytes:,} bytes. If the site is that busy, raise max_bytes."
                )


class _Exchange(threading.Thread):
    """A request and its response, on a thread that can be abandoned at any time."""

    def __init__(self, ask: Callable[[], Response]) -> None:
        super().__init__(name="datafast_nb request", daemon=True)
        self._ask = ask
        self._lock = threading.Lock()
        self._over = False
        self._line: socket.socket | None = None  # a second handle on the connection in use
        self._outcome: Response | BaseException = TooLateError()

    def run(self) -> None:
        """Send the request and keep the outcome."""
        try:
            outcome: Response | BaseException = self._ask()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            outcome = error
        self._end(outcome)

    def hold(self, line: Any) -> None:  # noqa: ANN401 - a socket, or TLS around one
        """Keep hold of the socket of the request; refuse to continue once nobody waits for it."""
        with self._lock:
            if self._over:
                line.close()
                raise TimeoutError("Nobody is waiting for this request anymore.")
            self._abandon()
            self._line = socket.socket(fileno=socket.dup(line.fileno()))

    def abandon(self) -> None:
        """Stop waiting: a request that is still under way is too late, and its connection is shut down."""
        self._end(TooLateError(), cut=True)

    def answer(self) -> Response:
        """Return the response, or raise the error that came instead."""
        outcome = self._outcome
        if isinstance(outcome, BaseException):
            # The frames of requests and urllib3 hold the request's headers, and a verbose traceback prints the
            # variables of every frame. So the traceback starts here.
            outcome.__context__ = None
            raise outcome.with_traceback(None)
        return outcome

    def _end(self, outcome: Response | BaseException, *, cut: bool = False) -> None:
        with self._lock:
            if self._over:
                return
            self._over, self._outcome = True, outcome
            if cut and self._line is not None:
                with contextlib.suppress(OSError):  # the other side closed it first
                    self._line.shutdown(socket.SHUT_RDWR)
            self._abandon()

    def _abandon(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _Watched(HTTPConnection):
    """A connection that reports its socket to the exchange on whose thread it is used."""

    def _new_conn(self) -> socket.socket:
        line = super()._new_conn()
        _report(line)  # before the tunnel through a proxy and the TLS handshake, which may also hang
        return line

    def request(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - whatever urllib3 gives
        """Send a request, also over a connection that was kept open."""
        if self.sock is not None:
            _report(self.sock)
        super().request(*arguments, **options)

    def getresponse(self) -> Any:  # noqa: ANN401 - urllib3 and http.client differ in it
        """Read the status and the headers; raise if a malformed line has hidden the length of the body."""
        response: Any = super().getresponse()
        if not {"content-length", "transfer-encoding"} & {name.lower() for name in response.headers}:
            assert_header_parsing(_headers_as_read(response))
        return response

    def send(self, data: Any) -> None:  # noqa: ANN401 - whatever http.client takes
        """Send data without debug output, in which http.client would print the key."""
        level, self.debuglevel = self.debuglevel, 0
        try:
            super().send(data)
        finally:
            self.debuglevel = level


def _headers_as_read(response: Any) -> HTTPMessage:  # noqa: ANN401 - urllib3 and http.client differ in it
    """Return the headers with the faults in them, which urllib3 2.8.0 only logs: it has no public way to them."""
    headers: HTTPMessage = response._original_response.msg  # noqa: SLF001
    return headers


def _report(line: Any) -> None:  # noqa: ANN401 - a socket, or TLS around one
    """Report the socket to the exchange of this thread."""
    exchange = threading.current_thread()
    if isinstance(exchange, _Exchange):
        exchange.hold(line)


@cache
def _watched(kind: type[HTTPConnection]) -> type[HTTPConnection]:
    """Return a watched variant of a class of connections, which may use TLS or a proxy."""
    return type(kind.__name__, (_Watched, kind), {})


class _Adapter(HTTPAdapter):
    """Opens watched connections."""

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> urllib3.HTTPConnectionPool:  # noqa: ANN401
        """Return the pool for a request."""
        pool = super().get_connection_with_tls_context(*arguments, **options)
        if not issubclass(pool.ConnectionCls, _Watched):
            pool.ConnectionCls = _watched(pool.ConnectionCls)
        return pool


class _Session(requests.Session):
    """A session that follows no redirect, and reads neither its body nor its address."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return no address: with one, requests would read the whole body."""


def _new_session(*, direct: bool) -> requests.Session:
    session = _Session()
    session.headers.update({"Accept": "application/json", "User-Agent": f"datafast_nb/{__version__}"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", _Adapter())
    session.mount("https://", _Adapter())
    if direct:
        session.trust_env = False
        session.verify = next(filter(None, map(os.getenv, CA_BUNDLE)), True)
    return session
