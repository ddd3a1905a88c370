"""The HTTP client: fetches the realtime map of one website, with its key, retries and limits."""

from __future__ import annotations

import ipaddress
import json
import math
import os
import time
from datetime import datetime
from typing import Any, Final, Self
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from datafast_nb import wire
from datafast_nb.api_key import ApiKey, Concealed
from datafast_nb.checks import checked_positive, checked_whole
from datafast_nb.client.rate_limit import TOO_MANY, closed_for
from datafast_nb.client.refusals import refusal
from datafast_nb.client.transport import OK, Response, TooLateError, Transport
from datafast_nb.client.unanswered import unanswered
from datafast_nb.errors import ConnectionFailedError, GatewayError, RateLimitError, RetryLaterError
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import duration

DEFAULT_BASE_URL: Final = "https://datafa.st/api/v1"
_PATH: Final = "/analytics/realtime/map"
_LONGEST_ERROR: Final = 1 << 16  # bytes; a longer body with status 200 is a map


class Client:
    """The realtime map of a website over HTTP. A client is a source: pass it to ``LiveMap``.

    Parameters
    ----------
    api_key : str, optional
        The website's key or an account token; by default the environment variable ``DATAFAST_API_KEY``.
    website_id : str, optional
        Which website, for account tokens; by default ``DATAFAST_WEBSITE_ID``, or the key's own website.
    base_url : str, optional
        The address of the API; by default ``DATAFAST_BASE_URL``, or the service itself. It must be https, unless the
        host is this machine, so that the key is never sent unencrypted.
    timeout : float or tuple of float, optional
        Seconds to wait for a connection and between two pieces of the response: one number, or (connect, read).
    retries : int, optional
        How many times to retry a request after a fault that may be temporary: 429, 5xx, or no connection.
    deadline : float, optional
        Seconds for the whole call, including retries and waits for the service's rate limit.
    max_bytes : int, optional
        Longest response to accept, in bytes after decompression.

    Raises
    ------
    MissingKeyError
        No key was given, or it contains characters that no key has.
    TypeError
        A limit is not a number.
    ValueError
        `base_url` is not https, a limit is not positive, or `retries` is under 0.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> with dfn.demo.serve() as server:
    ...     client = dfn.Client("demo", base_url=server.url)
    ...     snap = client.snapshot()
    >>> snap.visitors.width
    35
    """

    def __init__(
        self,
        api_key: str | ApiKey | None = None,
        *,
        website_id: str | None = None,
        base_url: str | None = None,
        timeout: float | tuple[float, float] = (3.05, 30),
        retries: int = 3,
        deadline: float = 60.0,
        max_bytes: int = 256 * 2**20,
    ) -> None:
        if isinstance(api_key, str):
            api_key = Concealed(api_key)  # from here on no variable shows it, even if the next line raises
        api_key = ApiKey.given_or_from_environment(api_key)
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        self._base_url = _checked_url(_setting(base_url, "DATAFAST_BASE_URL") or DEFAULT_BASE_URL)
        self._website_id = _setting(website_id, "DATAFAST_WEBSITE_ID")
        self._api_key = api_key
        self._timeout = (checked_positive(connect, "timeout"), checked_positive(read, "timeout"))
        self._retries = checked_whole(retries, "retries", 0)
        self._deadline = checked_positive(deadline, "deadline")
        self._max_bytes = math.ceil(checked_positive(max_bytes, "max_bytes"))
        self._opens_at = 0.0  # when the service takes the next request, on the monotonic clock
        self._transport = self._new_transport()

    @property
    def base_url(self) -> str:
        """The address of the API."""
        return self._base_url

    @property
    def website_id(self) -> str | None:
        """The website asked for, or None where the key implies it."""
        return self._website_id

    def snapshot(self, *, strict: bool = False) -> Snapshot:
        """Fetch a snapshot of who is on the website now, with one GET of the realtime map.

        Parameters
        ----------
        strict
            Raise on the first value that no column can hold, instead of noting it in ``Snapshot.problems``.

        Raises
        ------
        DataFastError
            Depending on the fault: ``AuthenticationError`` (401), ``ForbiddenError`` (403), ``NotFoundError`` (404) and
            ``RequestError`` (any other 4xx) where the service itself says so; ``GatewayError`` where something in
            between answers; ``RateLimitError`` (429), ``ServerError`` (5xx), ``ConnectionFailedError`` and
            ``InvalidResponseError``.
        """
        ends = time.monotonic() + self._deadline
        body, fetched_at = self._fetch()
        left = max(0.0, ends - time.monotonic())
        return Snapshot.from_json(body, strict=strict, fetched_at=fetched_at, deadline=left)

    def close(self) -> None:
        """Close the connections that are kept open between calls."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        website = f", website_id={self._website_id!r}" if self._website_id else ""
        return f"Client({self._api_key!r}{website}, base_url={self._base_url!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in {"_transport", "_opens_at"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._opens_at = 0.0
        self._transport = self._new_transport()

    def _new_transport(self) -> Transport:
        direct = _is_loopback(self._base_url)
        return Transport(self._base_url + _PATH, timeout=self._timeout, max_bytes=self._max_bytes, direct=direct)

    def _fetch(self) -> tuple[bytes, datetime]:
        """Ask until there is a response, a permanent fault, or no time left."""
        ends = time.monotonic() + self._deadline
        closed = self._opens_at - time.monotonic()
        if closed >= self._deadline:
            raise RateLimitError(
                f"Too many requests: the service accepts the next one in {closed:.0f} s. Ask less often.", closed
            )
        if closed > 0:
            time.sleep(closed)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=_wait,
            stop=tenacity.stop_after_attempt(self._retries + 1)
            | tenacity.stop_before_delay(max(0.0, ends - time.monotonic())),
            reraise=True,
        )
        return retrying(self._ask_once, ends)

    def _ask_once(self, ends: float) -> tuple[bytes, datetime]:
        """Send one request; return the map in the response, or raise the error that it reports."""
        try:
            answer = self._blanked(self._transport.get(self._parameters(), self._api_key.authorize, ends))
        except TooLateError:
            raise ConnectionFailedError(
                f"The response was not complete within {duration(self._deadline)}. Try again, or raise deadline."
            ) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            error = unanswered(fault, self._base_url, direct=_is_loopback(self._base_url))
        else:
            return self._map_of(answer)
        raise error  # without its cause, which holds the request and with it the key

    def _map_of(self, answer: Response) -> tuple[bytes, datetime]:
        """Return the body that holds the map, or raise the error that the response stands for."""
        body = answer.body
        may_be_fault = answer.status != OK or (len(body) <= _LONGEST_ERROR and b"error" in body)
        fault = wire.read_fault(body) if may_be_fault else None
        if answer.status == OK and fault is not None and fault.documented:
            answer = answer._replace(status=fault.code or OK)
        wait = closed_for(answer)
        limited = answer.status in {OK, TOO_MANY} and wait is not None
        self._opens_at = time.monotonic() + (wait or 0.0) if limited else 0.0
        if answer.status == OK and fault is None and _begins_as_object(body):
            return body, answer.received_at
        raise refusal(answer, fault, wait)

    def _blanked(self, answer: Response) -> Response:
        """Return a response without the key, before any variable holds it."""
        blanked = self._api_key.blanked_out_of
        headers = {name.title(): blanked(value.encode()).decode() for name, value in answer.headers.items()}
        return answer._replace(headers=headers, body=blanked(answer.body))

    def _parameters(self) -> dict[str, str]:
        return {"websiteId": self._website_id} if self._website_id else {}


def _may_pass(error: BaseException) -> bool:
    """Return whether the same request may succeed a little later."""
    if isinstance(error, GatewayError):
        return False  # a gateway's page rarely goes away within seconds, and a wrong base_url looks the same
    return isinstance(error, RetryLaterError) or (isinstance(error, ConnectionFailedError) and error.may_pass)


_back_off = tenacity.wait_exponential(multiplier=0.5, max=20) + tenacity.wait_random(0, 0.5)


def _wait(state: tenacity.RetryCallState) -> float:
    """Return how long to wait: as the service asks, and at least the exponential back-off with jitter."""
    error = state.outcome.exception() if state.outcome else None
    return max(_back_off(state), getattr(error, "retry_after", None) or 0.0)


def _begins_as_object(body: bytes) -> bool:
    """Return whether a body may be a JSON object, in any Unicode encoding."""
    start = body[:64].decode(json.detect_encoding(body[:4]), errors="replace")
    return start.lstrip("\ufeff \t\r\n").startswith("{")


def _setting(given: str | None, variable: str) -> str | None:
    """Return a setting, or the one in the environment, without surrounding blanks such as a file's last newline."""
    return (given or "").strip() or os.getenv(variable, "").strip() or None


def _checked_url(url: str) -> str:
    """Return the base URL without a trailing slash; refuse one that would send the key unencrypted."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("base_url holds a user, a query or a fragment; give only scheme, host and path.")
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ValueError(f"base_url must be a URL such as {DEFAULT_BASE_URL}.")
    if parts.scheme == "http" and not _is_loopback(url):
        raise ValueError(
            f"base_url must begin with https://, or the key would be sent unencrypted to {parts.hostname}."
        )
    return url.rstrip("/")


def _is_loopback(url: str) -> bool:
    """Return whether a URL points to this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
