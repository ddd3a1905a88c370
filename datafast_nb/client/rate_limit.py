"""When the service accepts the next request, read from the several ways in which a response may say so."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from datafast_nb.client.transport import Response

TOO_MANY: Final = 429

LONGEST: Final = 3_600.0
"""The most seconds by which a response can delay the next request."""

_WINDOW: Final = 60.0
"""Seconds that a window of the service lasts; also assumed if the reported end can't be right."""

_MILLISECONDS: Final = 1e11  # an epoch above this is in milliseconds
_EPOCH: Final = 1e9  # a number below this is not an epoch, but seconds from now
_DEPTH: Final = 4  # levels of a body that are searched
_MORE: Final = r"\s*(?:[,;].*)?"  # after a value: the same header again, or parameters of the value


def closed_for(answer: Response) -> float | None:
    """Return the seconds until the service accepts the next request, or None where the response does not say.

    ``Retry-After`` counts with any refusal; the end of the window (``x-ratelimit-reset``, in seconds or milliseconds
    since 1970) counts where the window is used up. The body of a 429 response may say the same.
    """
    local, served = answer.received_at, _date(answer.headers.get("Date"))
    fields = dict(_fields(_parsed(answer.body))) if answer.status == TOO_MANY else {}
    fields |= {name: value for name, value in map(_named, answer.headers.items()) if name}
    waits = []
    if answer.status >= 300:  # noqa: PLR2004
        waits.append(_retry_after(str(fields.get("retryafter", "")), served or local))
    if answer.status == TOO_MANY or _number(fields.get("remaining")) == 0:
        waits.append(_until(fields.get("reset"), [moment for moment in (served, local) if moment]))
    known = [wait for wait in waits if wait is not None]
    longest = LONGEST if answer.status >= 300 else _WINDOW  # noqa: PLR2004
    return min(max(known), longest) if known else None


def _retry_after(text: str, now: datetime) -> float | None:
    """Read ``Retry-After`` in either form of RFC 9110, section 10.2.3: seconds, or a date."""
    if found := re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)" + _MORE, text):
        return float(found[1])
    when = _date(text)
    return None if when is None else max(0.0, (when - now).total_seconds())


def _date(text: str | None) -> datetime | None:
    """Read an HTTP date; without a zone, or with the unknown zone -0000, it is UTC."""
    with contextlib.suppress(ValueError, OverflowError, TypeError, IndexError):
        when = parsedate_to_datetime(text or "")
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return None


def _until(reset: object, clocks: list[datetime]) -> float | None:
    """Return the seconds to the end of a window, by the service's clock, or by ours where only that makes sense."""
    number = _number(reset)
    if number is not None:
        end = number / 1_000 if number >= _MILLISECONDS else number
    else:
        when = _date(str(reset))
        with contextlib.suppress(ValueError):
            when = when or datetime.fromisoformat(str(reset))
        if when is None:
            return None
        number = end = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    left = [end - clock.timestamp() for clock in clocks] if number >= _EPOCH else [number]
    sensible = [each for each in left if 0 <= each <= LONGEST]
    return sensible[0] if sensible else _WINDOW if min(left) > 0 else None


def _number(value: object) -> float | None:
    """Read a number that may be given as text."""
    found = re.fullmatch(r"\s*(-?[0-9]{1,20}(?:\.[0-9]{1,20})?)" + _MORE, str(value))
    return None if found is None or isinstance(value, bool) else float(found[1])


_NAMES: Final = re.compile(r"(?:x-?)?(?:rate-?limit-?)?(remaining|reset)(?:-?at|-?time)?|(retry-?after)")


def _named(item: tuple[str, Any]) -> tuple[str, Any]:
    """Return the standard name and the value of a header or body field; an empty name for any other field."""
    found = _NAMES.fullmatch(item[0].lower().replace("_", "-"))
    return ((found[1] or found[2]).replace("-", ""), item[1]) if found else ("", None)


def _fields(value: Any, depth: int = _DEPTH) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any JSON
    """Search a body for what it says about the limit."""
    if not isinstance(value, Mapping) or depth == 0:
        return
    for item in value.items():
        name, field_value = _named(item)
        if name and not isinstance(field_value, Mapping):
            yield name, field_value
        yield from _fields(item[1], depth - 1)


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read a body as JSON; None if it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
