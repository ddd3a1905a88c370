"""Turns a response without a map into its typed error: who answered, what they said, and what to do."""

from __future__ import annotations

import html
import json
import re
from typing import Final

from datafast_nb.client.rate_limit import TOO_MANY
from datafast_nb.client.transport import Response
from datafast_nb.errors import (
    AuthenticationError,
    DataFastError,
    ForbiddenError,
    GatewayError,
    InvalidResponseError,
    NotFoundError,
    RateLimitError,
    RequestError,
    ServerError,
)
from datafast_nb.wire import Fault, one_line

_REFUSALS: Final[dict[int, tuple[type[DataFastError], str]]] = {
    400: (RequestError, "The service did not understand the request. An account token needs website_id."),
    401: (AuthenticationError, "The API key is missing or not valid. Check DATAFAST_API_KEY, or api_key."),
    403: (
        ForbiddenError,
        "The key may not read this website. Grant it the permission analytics:read, or resume tracking in DataFast.",
    ),
    404: (NotFoundError, "The website was not found. Check website_id (DATAFAST_WEBSITE_ID) and base_url."),
}
_PASSING: Final = (408, 409, 421, 423, 425)  # a request that came too late, too early, or beside another one
_PROXY_WANTS_A_USER: Final = 407
_NETWORK_WANTS_A_LOGIN: Final = 511
_EXCERPT: Final = 80  # characters
_TITLE: Final = re.compile(r"<title\b[^>]{0,200}>(.{0,1000}?)</title", re.DOTALL | re.IGNORECASE)


def refusal(answer: Response, fault: Fault | None, wait: float | None) -> DataFastError:
    """Return the error for a response without a map.

    Parameters
    ----------
    answer
        What came back.
    fault
        The error that its body reports, if any.
    wait
        Seconds until the service accepts the next request, if it says so.
    """
    of_service = fault is not None and fault.documented
    status = answer.status
    reason = one_line(fault.message or "") if fault else ""
    quoted = f" The service says: {reason}" if reason else ""
    source = f" ({status}){quoted}" if of_service else f" ({_described(answer)})"
    if (status in _PASSING and of_service) or (status >= 500 and status != _NETWORK_WANTS_A_LOGIN):  # noqa: PLR2004
        advice = "The service failed on its side, which is usually temporary. Try again later."
        return ServerError(advice + source, wait)
    if status == TOO_MANY:
        again = "" if wait is None else f" The next request is accepted in {wait:.0f} s."
        return RateLimitError(f"Too many requests. Ask less often.{again}{source}", wait)
    if 300 <= status < 400:  # noqa: PLR2004
        return GatewayError(
            "The response is a redirect, which is not followed, so that the key reaches no other host. The login page "
            "of a network redirects until you sign in, and a gateway while the service is down. If this persists, set "
            f"base_url to the address of the API. ({status})",
            wait,
        )
    if not of_service or status == _NETWORK_WANTS_A_LOGIN:
        return _from_in_between(answer, wait)
    if status < 300:  # noqa: PLR2004
        return InvalidResponseError(f"The response of the service holds no map. Check base_url.{source}")
    kind, advice = _REFUSALS.get(status, (RequestError, "The service refuses the request. Check base_url."))
    return kind(advice + source)


def _from_in_between(answer: Response, wait: float | None) -> GatewayError:
    """Return the error for a response that is not the service's own."""
    advice = "check base_url and the network"
    if answer.status == _PROXY_WANTS_A_USER:
        advice = "give the proxy's user and password in HTTPS_PROXY"
    return GatewayError(
        "This response is not the service's own: something in between, such as a CDN, a platform, a proxy or a login "
        f"page, answered in its place ({_described(answer)}). It says nothing about the API key and may be temporary; "
        f"if it persists, {advice}.",
        wait,
    )


def _described(answer: Response) -> str:
    """Describe a response briefly: its status, its type, and its title or how it begins."""
    kind = one_line(answer.headers.get("Content-Type", "").partition(";")[0])[:_EXCERPT] or "no content type"
    text = answer.body[: 1 << 14].decode(json.detect_encoding(answer.body[:4]), errors="replace")
    title = _TITLE.search(text)
    start = one_line(html.unescape(title[1]) if title else text)
    words = (start[: _EXCERPT - 1] + "…" if len(start) > _EXCERPT else start) or "an empty body"
    return f"{answer.status}, {kind}: {words}"
