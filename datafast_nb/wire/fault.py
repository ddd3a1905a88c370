"""The body of a response that reports an error."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from datafast_nb.wire.text import without_lone_surrogates


class Fault(NamedTuple):
    """An error as the service reports it: the HTTP status that it names, and its message.

    Others report errors in JSON too; `documented` is whether the body has the shape that the service documents.
    """

    code: int | None = None
    message: str | None = None
    documented: bool = False


class FaultResponse(Struct, gc=False):
    """The body of a response that reports an error."""

    status: str | None = None
    error: Any = None
    message: Any = None


_LONGEST_FAULT: Final = 2**20
"""The most bytes of a body that may be an error; nobody writes a longer error message."""

_FAULT_CODES: Final = {
    "BAD_REQUEST": 400,
    "INVALID_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "UNAUTHENTICATED": 401,
    "INVALID_API_KEY": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "TOO_MANY_REQUESTS": 429,
    "RATE_LIMITED": 429,
    "RATE_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
    "INTERNAL_SERVER_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}
"""The HTTP status for each word that may replace an error's code."""


def read_fault(body: bytes) -> Fault | None:
    """Return the error that a body reports, or None if the body is not an error.

    The code may be a number, digits or a word such as ``UNAUTHORIZED``; the message may be text, or lists and objects
    of text.
    """
    if len(body) > _LONGEST_FAULT:
        return None
    try:
        text = without_lone_surrogates(body.decode("utf-8-sig", errors="replace"))
        response = msgspec.json.decode(text, type=FaultResponse)
        failed = (response.status or "").strip().lower() == "error"
        if not failed and not response.error:  # null, false or empty: no error
            return None
        fault = _fault(response.error, response.message)
    except (msgspec.DecodeError, RecursionError):
        return None
    named = isinstance(response.error, dict) and bool(response.error.keys() & {"code", "message"})
    return fault._replace(documented=failed and named)


def _fault(error: Any, message: Any) -> Fault:  # noqa: ANN401 - any JSON
    """Return the code and the message of an error, whatever its shape."""
    errors = error if isinstance(error, list) else [error]
    codes = [each["code"] for each in errors if isinstance(each, dict) and each.get("code") is not None]
    words = _words_of([each.get("message") if isinstance(each, dict) else each for each in errors])
    words = words or _words_of(message) or _words_of([code for code in codes if isinstance(code, str)])
    return Fault(next(filter(None, map(_fault_code, codes)), None), words or None)


def _fault_code(code: Any) -> int | None:  # noqa: ANN401
    """Return the HTTP status that an error's code stands for: a number, digits or a word."""
    word = re.sub(r"[\s-]+", "_", str(code).strip()).upper().removesuffix(".0")
    number = int(word) if re.fullmatch(r"[0-9]{3}", word) else _FAULT_CODES.get(word)
    return number if number is not None and _HTTP_STATUS[0] <= number <= _HTTP_STATUS[1] else None


_HTTP_STATUS: Final = (400, 599)


def _words_of(value: Any) -> str:  # noqa: ANN401
    """Return the text in a value, joining the parts of a list or an object."""
    if isinstance(value, dict):
        parts = [f"{name}: {words}" for name, part in value.items() if (words := _words_of(part))]
        return "; ".join(parts)
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words_of, value)))
    return "" if value is None else str(value)


def one_line(text: str) -> str:
    """Return foreign text for use in a message: short, on one line, without control characters."""
    printable = "".join(character if character.isprintable() else " " for character in text[:1000])
    return " ".join(printable.split())[:300]
