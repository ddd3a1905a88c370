"""HTTP: one website's realtime map, fetched with its key, retries and limits."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from datafast_nb import wire
from datafast_nb._version import __version__
from datafast_nb.api_key import ApiKey, Concealed
from datafast_nb.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DataFastError,
    ForbiddenError,
    InvalidResponseError,
    NotFoundError,
    RateLimitError,
    RequestError,
    RetryLaterError,
    ServerError,
)
from datafast_nb.snapshot import Snapshot

DEFAULT_BASE_URL: Final = "https://datafa.st/api/v1"
_PATH: Final = "/analytics/realtime/map"
_CHUNK: Final = 1 << 16
_OK: Final = 200
_ERROR_START: Final = 200  # an error body says so within this many bytes

_REFUSALS: Final[dict[int, tuple[type[DataFastError], str]]] = {
    400: (RequestError, "The service did not understand the request. An account token needs website_id."),
    401: (AuthenticationError, "The API key is missing or not valid. Check DATAFAST_API_KEY, or api_key."),
    403: (
        ForbiddenError,
        "The key may not read this website. Give it the permission analytics:read, or resume tracking in DataFast.",
    ),
    404: (NotFoundError, "The website was not found. Check website_id (DATAFAST_WEBSITE_ID) and base_url."),
}


class Client:
    """A website's realtime map over HTTP. It is a source: give it to ``LiveMap``.

    Parameters
    ----------
    api_key : str, optional
        The website's key or an account token; by default the environment variable ``DATAFAST_API_KEY``.
    website_id : str, optional
        Which website, for account tokens; by default ``DATAFAST_WEBSITE_ID``, or the key's own website.
    base_url : str, optional
        Where the API is; by default ``DATAFAST_BASE_URL``, or the service itself. It must be https, unless the
        host is this machine: the key must not travel in the clear.
    timeout : float or tuple of float, optional
        Seconds to wait for a connection and between two pieces of the answer: one number, or (connect, read).
    retries : int, optional
        How often a request is tried again after a fault that may pass: 429, 5xx, or no connection.
    deadline : float, optional
        Seconds for the whole call, retries included. Headers that trickle in one by one are not counted.
    max_bytes : int, optional
        Longest answer to accept, in bytes after decompression.

    Raises
    ------
    MissingKeyError
        No key was given, or it has characters that no key has.
    ValueError
        `base_url` is not https, or a limit is not positive.

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
            api_key = Concealed(api_key)  # from here on no variable shows it, also if the next line raises
        api_key = ApiKey.given_or_from_environment(api_key)
        timeout = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        if min(*timeout, deadline, max_bytes) <= 0 or retries < 0:
            raise ValueError("timeout, deadline and max_bytes must be above 0, and retries 0 or more.")
        self._base_url = _checked_url(base_url or os.environ.get("DATAFAST_BASE_URL") or DEFAULT_BASE_URL)
        self._website_id = website_id or os.environ.get("DATAFAST_WEBSITE_ID") or None
        self._api_key = api_key
        self._timeout = timeout
        self._retries = retries
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._session = self._new_session()

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self._base_url

    @property
    def website_id(self) -> str | None:
        """The website asked for, or None where the key implies it."""
        return self._website_id

    def snapshot(self, *, strict: bool = False) -> Snapshot:
        """Fetch who is on the website now: one GET of the realtime map.

        Parameters
        ----------
        strict
            Raise on the first value that no column can hold, instead of noting it in ``Snapshot.problems``.

        Raises
        ------
        DataFastError
            By kind: ``AuthenticationError`` (401), ``ForbiddenError`` (403), ``NotFoundError`` (404),
            ``RateLimitError`` (429), ``ServerError`` (5xx), ``RequestError`` (any other 4xx),
            ``ConnectionFailedError`` and ``InvalidResponseError``.
        """
        body, fetched_at = self._fetch()
        return Snapshot.from_json(body, strict=strict, fetched_at=fetched_at)

    def close(self) -> None:
        """Close the connections that are kept open between calls."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        website = f", website_id={self._website_id!r}" if self._website_id else ""
        return f"Client({self._api_key!r}{website}, base_url={self._base_url!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_session"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._session = self._new_session()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.headers.update({"Accept": "application/json", "User-Agent": f"datafast_nb/{__version__}"})
        session.trust_env = not _is_loopback(urlsplit(self._base_url).hostname)  # no proxy can reach this machine
        return session

    def _fetch(self) -> tuple[bytes, datetime]:
        """Ask until there is an answer, a fault that will not pass, or no time left."""
        ends = time.monotonic() + self._deadline
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=_wait,
            stop=tenacity.stop_after_attempt(self._retries + 1) | tenacity.stop_before_delay(self._deadline),
            reraise=True,
        )
        return retrying(self._ask_once, ends)

    def _ask_once(self, ends: float) -> tuple[bytes, datetime]:
        # The frames of requests and urllib3 hold the request's headers, and a verbose traceback prints the variables
        # of every frame. So whatever is raised there ends here, and an error without their frames begins.
        try:
            return self._exchange(ends)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            late = time.monotonic() >= ends
            host = urlsplit(self._base_url).hostname
            error: BaseException = self._too_late() if late else _connection_failed(fault, host)
        except BaseException as known:  # noqa: BLE001 - raised again at once: our own errors, KeyboardInterrupt
            error = known
        error.__context__ = None
        raise error.with_traceback(None)

    def _exchange(self, ends: float) -> tuple[bytes, datetime]:
        """Send one request and read its answer."""
        connect, read = self._timeout
        left = max(0.001, ends - time.monotonic())
        response = self._session.get(
            self._base_url + _PATH,
            params={"websiteId": self._website_id} if self._website_id else None,
            auth=self._api_key.authorize,
            timeout=(min(connect, left), min(read, left)),
            allow_redirects=False,
            stream=True,
        )
        with contextlib.closing(response):
            fetched_at = datetime.now(UTC)
            body = self._api_key.blanked_out_of(b"".join(self._pieces(response, ends)))
        fault = wire.read_fault(body) if response.status_code != _OK or b'"error"' in body[:_ERROR_START] else None
        if response.status_code == _OK and fault is None:
            return body, fetched_at
        raise self._refusal(response, fault)

    def _pieces(self, response: requests.Response, ends: float) -> Iterator[bytes]:
        """Read the body, decompressed, within the limits of size and time."""
        size = 0
        # read1 gives what has arrived; read would wait for a whole chunk, and a trickle would outlast any deadline.
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            size += len(piece)
            socket = getattr(response.raw.connection, "sock", None)
            if socket is not None:  # wait for the next piece no longer than there is time for the whole
                socket.settimeout(max(0.001, min(self._timeout[1], ends - time.monotonic())))
            if size > self._max_bytes:
                raise InvalidResponseError(
                    f"The answer is longer than {self._max_bytes:,} bytes. If the site is that busy, raise max_bytes."
                )
            if time.monotonic() > ends:
                raise self._too_late()
            yield piece

    def _too_late(self) -> ConnectionFailedError:
        """Say that the time for the whole call has run out."""
        return ConnectionFailedError(
            f"The answer was not complete within {self._deadline:g} s. Try again, or raise deadline."
        )

    def _refusal(self, response: requests.Response, fault: wire.Fault | None) -> DataFastError:
        """Turn an answer without a map into its typed error: what the service said, and what to do."""
        status = (fault.code if fault and response.status_code == _OK else None) or response.status_code
        said = wire.one_line(fault.message or "") if fault else ""
        told = f" ({status})" + (f" The service says: {said}" if said else "")
        wait = _retry_after(response.headers.get("Retry-After"))
        if status >= 500:  # noqa: PLR2004
            return ServerError(
                f"The service failed on its side, which mostly passes by itself: ask again later.{told}", wait
            )
        if status == 429:  # noqa: PLR2004
            return RateLimitError(f"Too many requests. Ask less often.{told}", wait)
        if 300 <= status < 400:  # noqa: PLR2004
            return ConnectionFailedError(
                "The service answered with a redirect, which is refused: the key must reach no other host. "
                f"Set base_url to where the API is.{told}",
                may_pass=False,
            )
        if status < 300:  # noqa: PLR2004
            return InvalidResponseError(f"The service answered without a map. Check base_url.{told}")
        kind, advice = _REFUSALS.get(status, (RequestError, "The service refuses the request. Check base_url."))
        return kind(advice + told)


def _may_pass(error: BaseException) -> bool:
    """Say whether the same request may succeed a little later."""
    return isinstance(error, RetryLaterError) or (isinstance(error, ConnectionFailedError) and error.may_pass)


_back_off = tenacity.wait_exponential(multiplier=0.5, max=20) + tenacity.wait_random(0, 0.5)


def _wait(state: tenacity.RetryCallState) -> float:
    """Wait as long as the service asks for, and never shorter than the exponential back-off with jitter."""
    error = state.outcome.exception() if state.outcome else None
    return max(_back_off(state), getattr(error, "retry_after", None) or 0.0)


def _retry_after(header: str | None) -> float | None:
    """Read ``Retry-After`` in either form of RFC 9110, section 10.2.3: seconds, or a date."""
    if header is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", header.strip()):
        return float(header)
    with contextlib.suppress(ValueError, OverflowError):
        when = parsedate_to_datetime(header)
        return max(0.0, (when.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    return None


def _connection_failed(fault: Exception, host: str | None) -> ConnectionFailedError:
    """Say in words why no answer arrived."""
    match fault:
        case requests.exceptions.SSLError():
            return ConnectionFailedError(
                f"No secure connection to {host}: its certificate or TLS was refused. Check base_url, the clock, and "
                "whether a proxy needs its own certificate (REQUESTS_CA_BUNDLE).",
                may_pass=False,
            )
        case requests.exceptions.ProxyError():
            reason = "The proxy refused the connection. Check HTTPS_PROXY."
        case requests.exceptions.ConnectTimeout():
            reason = "No connection within the time allowed. Check the network, or raise timeout."
        case requests.exceptions.Timeout() | urllib3.exceptions.TimeoutError():
            reason = "No answer within the time allowed. Try again, or raise timeout."
        case urllib3.exceptions.DecodeError():
            reason = "The answer could not be decompressed. Try again."
        case urllib3.exceptions.ProtocolError():
            reason = "The answer broke off. Try again."
        case _:
            reason = "No connection. Check the network and base_url."
    return ConnectionFailedError(f"{host} could not be reached. {reason}")


def _checked_url(url: str) -> str:
    """Give the base URL without a trailing slash, or refuse one that would send the key in the clear."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("base_url holds a user, a query or a fragment; give scheme, host and path alone.")
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ValueError(f"base_url must be a URL such as {DEFAULT_BASE_URL}.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError(
            f"base_url must begin with https://, or the key would travel in the clear to {parts.hostname}."
        )
    return url.rstrip("/")


def _is_loopback(host: str | None) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
