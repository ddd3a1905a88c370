"""Ways in which a server can misbehave, and a demo server that does."""

from __future__ import annotations

import gzip
import itertools
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from datafast_nb.demo import Response, Server, Site

_MEGABYTE = 2**20
_PIECES = 20  # of a body that drips


@dataclass(frozen=True)
class Fault:
    """How a response differs from the regular one.

    Parameters
    ----------
    status
        The status code; None for the regular one.
    body
        The bytes to send; None for the regular body.
    headers
        Headers to set in addition to the regular ones.
    delay
        Seconds before the first byte.
    kept
        The fraction of the body that is sent before the connection is cut; `Content-Length` promises all of it.
    pause
        Seconds between the 20 pieces of the body.
    """

    status: int | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    kept: float = 1.0
    pause: float = 0.0

    def changed(self, regular: Response, closing: threading.Event) -> Response:
        """Return what is sent in the place of the regular response, as late as this fault says."""
        closing.wait(self.delay)
        body = regular.body if self.body is None else self.body
        headers = regular.headers if self.body is None else {"Content-Type": "application/json"}
        assert isinstance(body, bytes)
        headers = {**headers, **self.headers, "Content-Length": str(len(body))}
        status = self.status or (regular.status if self.body is None else 200)
        kept = body if self.kept == 1 else body[: int(len(body) * self.kept)]
        return Response(status, dripping(kept, self.pause, closing) if self.pause else kept, headers)


def dripping(body: bytes, pause: float, closing: threading.Event) -> Iterator[bytes]:
    """Return a body in 20 pieces, with a pause after each, until the server closes."""
    size = -(-len(body) // _PIECES)
    for start in range(0, len(body), max(size, 1)):
        yield body[start : start + size]
        if closing.wait(pause):
            return


class FaultyServer(Server):
    """A demo server that misbehaves when it is told to."""

    def __init__(self, site: Site, **options: Any) -> None:
        self.coming: deque[Fault] = deque()
        self._standing = Fault()
        super().__init__(site, **options)
        self.answer = self._next

    def _next(self, regular: Response) -> Response:
        fault = self.coming.popleft() if self.coming else self._standing
        return fault.changed(regular, self.closing)

    def misbehave(self, fault: Fault, times: int | None = 1) -> None:
        """Let so many of the next responses go wrong, after those that wait already; None for all, until `behave`."""
        if times is None:
            self._standing = fault
        else:
            self.coming.extend(itertools.repeat(fault, times))

    def behave(self) -> None:
        """Answer regularly from now on."""
        self.coming.clear()
        self._standing = Fault()


def serve(site: Site | None = None, **options: Any) -> FaultyServer:
    """Start a server that can misbehave, as `demo.serve` starts one that can't."""
    return FaultyServer(Site() if site is None else site, **options)


def error_body(code: int, message: str | None = None) -> bytes:
    """Return the documented JSON body of an error."""
    body = Response.error(code, message).body
    assert isinstance(body, bytes)
    return body


def status(code: int, message: str | None = None, *, headers: Mapping[str, str] | None = None) -> Fault:
    """Return an error with the documented JSON body."""
    return Fault(code, error_body(code, message), {"Content-Type": "application/json", **(headers or {})})


def html(code: int = 502) -> Fault:
    """Return an error page as a gateway writes it."""
    page = f"<!DOCTYPE html><html><head><title>{code}</title></head><body><h1>Error {code}</h1></body></html>"
    return Fault(code, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def rate_limit(retry_after: float | datetime | None = None) -> Fault:
    """Return status 429; `retry_after` is in seconds, or a time in UTC, which is sent as an HTTP date."""
    if retry_after is None:
        return status(429)
    text = format_datetime(retry_after, usegmt=True) if isinstance(retry_after, datetime) else f"{retry_after:g}"
    return status(429, headers={"Retry-After": text})


def redirect(url: str, code: int = 302) -> Fault:
    """Return a redirect to another address."""
    return Fault(code, b"", {"Location": url})


def delay(seconds: float) -> Fault:
    """Return the regular response, late."""
    return Fault(delay=seconds)


def drip(pause: float) -> Fault:
    """Return the regular response in 20 pieces, with a pause of this many seconds between them."""
    return Fault(pause=pause)


def truncated(kept: float = 0.5) -> Fault:
    """Return the regular response, cut off after a part of the body."""
    return Fault(kept=kept)


def garbage() -> Fault:
    """Return bytes that are neither JSON nor text, declared as JSON."""
    return Fault(200, bytes(range(128, 256)) * 8)


def empty() -> Fault:
    """Return an empty body."""
    return Fault(200, b"")


def bomb(megabytes: int = 300) -> Fault:
    """Return a small body that unpacks to this size."""
    # A gzip stream may have several members, so a member that is compressed once can be sent many times.
    return Fault(200, gzip.compress(b" " * _MEGABYTE) * megabytes, {"Content-Encoding": "gzip"})
