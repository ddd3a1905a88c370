"""Explains why no response arrived, or none that can be read."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import requests
import urllib3

from datafast_nb.client.transport import CA_BUNDLE
from datafast_nb.errors import ConnectionFailedError
from datafast_nb.wire import one_line

_NO_CERTIFICATES: Final = re.compile(r"NO_CERTIFICATE_OR_CRL_FOUND|\[X509|PEM lib|Permission denied")
_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d{3} ?[^'\"]{0,80})")
_INVALID_URL: Final = (requests.exceptions.InvalidURL, http.client.InvalidURL)  # the latter from urllib3 2.6
_NOT_HTTP: Final = (
    http.client.BadStatusLine,
    http.client.LineTooLong,
    http.client.UnknownProtocol,
    urllib3.exceptions.HeaderParsingError,
    urllib3.exceptions.InvalidHeader,
)


def unanswered(fault: Exception, url: str, *, direct: bool) -> ConnectionFailedError:
    """Return the typed error for a fault of the network, a proxy, TLS, or the HTTP of the other side.

    Parameters
    ----------
    fault
        The exception of requests, urllib3 or the operating system.
    url
        The address that was requested.
    direct
        Whether proxies were bypassed.
    """
    causes = list(_causes(fault))
    proxied = not direct and requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)) is not None
    host = f"{urlsplit(url).hostname}{' (through the proxy of HTTPS_PROXY)' if proxied else ''}"
    known = _of_settings(causes, proxied=proxied) or _of_proxy(fault, causes) or _of_answer(fault, causes, host)
    return known or _of_way(fault, host)


def _of_settings(causes: list[BaseException], *, proxied: bool) -> ConnectionFailedError | None:
    """Return the error for a setting of the environment that prevents any request."""
    text = " ".join(map(str, causes))
    bundle = next(filter(os.getenv, CA_BUNDLE), None)
    of_tls = isinstance(causes[0], requests.exceptions.SSLError)
    if bundle and ("certificate bundle, invalid path" in text or (of_tls and _NO_CERTIFICATES.search(text))):
        return ConnectionFailedError(
            f"{bundle} names no file of certificates that can be read: {one_line(os.getenv(bundle, ''))}. Correct or "
            "unset it.",
            may_pass=False,
        )
    if any("SOCKS" in str(cause) for cause in causes if isinstance(cause, requests.exceptions.InvalidSchema)):
        return ConnectionFailedError(
            "The proxy of HTTPS_PROXY or ALL_PROXY is a SOCKS proxy, which needs another library: "
            "pip install 'requests[socks]'.",
            may_pass=False,
        )
    if proxied and any(isinstance(cause, _INVALID_URL) for cause in causes):
        return ConnectionFailedError(
            "The address of the proxy (HTTPS_PROXY or ALL_PROXY) can't be read. Give one such as http://host:port.",
            may_pass=False,
        )
    return None


def _of_proxy(fault: Exception, causes: list[BaseException]) -> ConnectionFailedError | None:
    """Return the error for a proxy that can't be reached, or that refuses."""
    if not isinstance(fault, requests.exceptions.ProxyError):
        return None
    refusal = _TUNNEL.search(" ".join(map(str, causes)))
    if refusal is None:
        return ConnectionFailedError("The proxy could not be reached. Check HTTPS_PROXY, and whether the proxy is up.")
    reason = one_line(refusal[1])
    advice = "give its user and password in HTTPS_PROXY" if reason.startswith("407") else "ask whoever runs it"
    return ConnectionFailedError(f"The proxy refused to open the way to the service ({reason}): {advice}.")


def _of_answer(fault: Exception, causes: list[BaseException], host: str) -> ConnectionFailedError | None:
    """Return the error for a response that began but can't be read."""
    if isinstance(fault, requests.exceptions.SSLError):
        return ConnectionFailedError(
            f"No secure connection to {host}: its certificate or TLS was refused. Check base_url, the clock, and "
            "whether a proxy needs its own certificate (REQUESTS_CA_BUNDLE).",
            may_pass=False,
        )
    if any(map(_is_malformed, causes)):
        return ConnectionFailedError(
            f"{host} answered with something that is not HTTP. Check base_url, and what is in between; try again."
        )
    if isinstance(fault, urllib3.exceptions.DecodeError):
        return ConnectionFailedError(f"The response of {host} could not be decompressed. Try again.")
    if any(isinstance(cause, http.client.RemoteDisconnected) for cause in causes):
        return ConnectionFailedError(f"{host} closed the connection without an answer. Try again.")
    if any(isinstance(cause, (urllib3.exceptions.ProtocolError, ConnectionResetError)) for cause in causes):
        return ConnectionFailedError(f"The response of {host} broke off. Try again.")
    return None


def _of_way(fault: Exception, host: str) -> ConnectionFailedError:
    """Return the error for a host that sent nothing at all."""
    match fault:
        case requests.exceptions.ConnectTimeout():
            reason = "No connection within the time allowed. Check the network, or raise timeout."
        case requests.exceptions.Timeout() | urllib3.exceptions.TimeoutError():
            return ConnectionFailedError(
                f"{host} did not respond within the time allowed. Try again, or raise timeout."
            )
        case _:
            reason = "No connection. Check the network and base_url."
    return ConnectionFailedError(f"{host} could not be reached. {reason}")


def _is_malformed(cause: BaseException) -> bool:
    """Return whether http.client or urllib3 raises this for a response that breaks the rules of HTTP."""
    if isinstance(cause, http.client.RemoteDisconnected):
        return False
    if isinstance(cause, ValueError) and "base 16" in str(cause):  # the length of a chunk
        return not str(cause).endswith(": b''")  # which stands for the end of the connection
    return isinstance(cause, _NOT_HTTP) or type(cause) is http.client.HTTPException  # too many headers


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that it was caused by or made from."""
    left, seen = [fault], set[int]()
    while left:
        error = left.pop()
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        inner = [*error.args, error.__cause__, error.__context__, getattr(error, "reason", None)]
        left += [each for each in inner if isinstance(each, BaseException)]
