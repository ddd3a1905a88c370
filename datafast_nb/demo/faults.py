"""Ways in which a server can misbehave."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

import msgspec

_MEGABYTE = 2**20
_REASONS = {
    400: "Bad parameter",
    401: "Missing or invalid API key",
    403: "Missing permission",
    404: "Website not found",
    429: "Too many requests",
    500: "Internal server error",
}


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


def error_body(code: int, message: str | None = None) -> bytes:
    """Return the documented JSON body of an error."""
    message = message or _REASONS.get(code, "Server-side issue")
    return msgspec.json.encode({"status": "error", "error": {"code": code, "message": message}})


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
