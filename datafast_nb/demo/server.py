"""A loopback HTTP server that speaks the endpoint's wire format, for a simulated site."""

from __future__ import annotations

import contextlib
import gzip
import hmac
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec

from datafast_nb.client import Client
from datafast_nb.demo.site import Site

PREFIX = "/api/v1"
ENDPOINT = "/analytics/realtime/map"

_PATIENCE = 30.0  # seconds a connection may stay idle
_REQUESTS_KEPT = 1_000  # the latest ones; about half a megabyte
_REASONS = {
    400: "Bad parameter",
    401: "Missing or invalid API key",
    403: "Missing permission",
    404: "Website not found",
    429: "Too many requests",
    500: "Internal server error",
}


@dataclass(frozen=True)
class Request:
    """A request that the server received, without the key."""

    time: datetime
    path: str
    query: dict[str, list[str]]
    user_agent: str | None
    has_key: bool
    """Whether it came with an `Authorization` header."""


@dataclass(frozen=True)
class Response:
    """What the server sends; see :attr:`Server.answer`.

    Parameters
    ----------
    status
        The status code.
    body
        The bytes to send, at once or piece by piece.
    headers
        The headers. Without a ``Content-Length``, bytes get theirs.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @classmethod
    def error(cls, code: int, message: str | None = None) -> Self:
        """Return an error with the documented JSON body.

        Examples
        --------
        >>> Response.error(401).body
        b'{"status":"error","error":{"code":401,"message":"Missing or invalid API key"}}'
        """
        message = message or _REASONS.get(code, "Server-side issue")
        return cls(code, msgspec.json.encode({"status": "error", "error": {"code": code, "message": message}}))


class _Listener(ThreadingHTTPServer):
    """The listening socket; tracks its open connections, so that they can be closed."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: Server, port: int) -> None:
        self.owner = owner
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's signature
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's signature
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's signature
        if not isinstance(sys.exception(), ConnectionError):  # a client that disconnects is not an error
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    server: _Listener

    def do_GET(self) -> None:
        """Answer a request."""
        owner = self.server.owner
        owner.requests.append(self._received())
        response = self._regular()
        self._send(response if owner.answer is None else owner.answer(response))

    def _received(self) -> Request:
        """Return the record of this request."""
        parts = urlsplit(self.path)
        return Request(
            time=datetime.now(UTC),
            path=parts.path,
            query=parse_qs(parts.query),
            user_agent=self.headers.get("User-Agent"),
            has_key="Authorization" in self.headers,
        )

    def _regular(self) -> Response:
        """Return the regular response, compressed if the client accepts that."""
        owner = self.server.owner
        parts = urlsplit(self.path)
        if parts.path != PREFIX + ENDPOINT:
            return Response.error(404, "Not found")
        if not owner.accepts(self.headers.get("Authorization", "")):
            return Response.error(401)
        if parse_qs(parts.query).get("websiteId", [owner.website_id]) != [owner.website_id]:
            return Response.error(404)
        body = owner.site.body()
        if "gzip" not in self.headers.get("Accept-Encoding", ""):
            return Response(body=body)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return Response(body=gzip.compress(body, compresslevel=1), headers=headers)

    def _send(self, response: Response) -> None:
        """Send a response; close the connection if the response is shorter or longer than it says."""
        headers, pieces = dict(response.headers), response.body
        if isinstance(pieces, bytes):
            headers.setdefault("Content-Length", str(len(pieces)))
            pieces = [pieces]
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        sent = sum(self.wfile.write(piece) for piece in pieces)
        if str(sent) != headers.get("Content-Length"):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        """Log nothing."""


class Server:
    """A loopback HTTP server for a site; made by :func:`serve`, and running until it is closed.

    Parameters
    ----------
    site
        The site to serve; it can be replaced by another one at any time.
    api_key
        The key to accept.
    website_id
        The only website that it knows.
    port
        0 lets the system choose.

    Attributes
    ----------
    answer
        Takes the regular response, and returns the one to send instead, or None for the regular one. Set it to see how
        a client handles an error, for example ``server.answer = lambda _: Response.error(500)``.
    """

    def __init__(self, site: Site, *, api_key: str = "demo", website_id: str = "demo", port: int = 0) -> None:
        self.site = site
        self.website_id = website_id
        self.requests: deque[Request] = deque(maxlen=_REQUESTS_KEPT)
        self.answer: Callable[[Response], Response] | None = None
        self.closing = threading.Event()
        self._api_key = api_key
        self._listener = _Listener(self, port)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), name="datafast-demo-server", daemon=True
        )
        self._thread.start()

    def __repr__(self) -> str:
        state = "closed" if self.closing.is_set() else f"at {self.url}"
        return f"<Server {state}, for {self.site!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self._listener.server_port}{PREFIX}"

    def client(self, **options: Any) -> Client:  # noqa: ANN401 - whatever Client takes
        """Return a client of this server with the right key; the options are those of :class:`Client`."""
        own = {"api_key": self._api_key, "website_id": self.website_id, "base_url": self.url}
        return Client(**{**own, **options})

    def accepts(self, authorization: str) -> bool:
        """Return whether an `Authorization` header holds the key."""
        return hmac.compare_digest(authorization.encode(), f"Bearer {self._api_key}".encode())

    def close(self) -> None:
        """Stop listening and close every connection; closing again does nothing."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._listener.shutdown()
        self._listener.server_close()
        for connection in list(self._listener.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()


def serve(site: Site | None = None, *, api_key: str = "demo", website_id: str = "demo", port: int = 0) -> Server:
    """Start a loopback HTTP server for a simulated site.

    A client stamps its snapshots with the wall clock, while the response is in site time. The two agree for a site
    that runs at speed 1 and starts now.

    Parameters
    ----------
    site
        By default, `Site()`.
    api_key
        The key to accept.
    website_id
        The only website that it knows; a request may omit it.
    port
        0 lets the system choose.

    Returns
    -------
    Server
        Already running; a context manager that closes itself.

    Examples
    --------
    >>> with serve(Site(visitors=50)) as server:
    ...     snapshot = server.client().snapshot()
    >>> snapshot.has_predictions
    True
    """
    return Server(Site() if site is None else site, api_key=api_key, website_id=website_id, port=port)
