"""The API key, wrapped so that it is never shown when printed, logged or stored."""

from __future__ import annotations

import base64
import os
import re
from typing import Any, Final, Self

import requests

from datafast_nb.errors import MissingKeyError

VARIABLE: Final = "DATAFAST_API_KEY"
_SHORTEST_SECRET: Final = 12  # characters


class Concealed(str):
    """Text for the libraries that use it, but masked wherever a variable is printed, as in a verbose traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class ApiKey:
    """A secret that authorizes requests and is never shown. It can't be pickled."""

    __slots__ = ("_header",)

    def __init__(self, secret: Concealed) -> None:
        header = Concealed(f"Bearer {secret.strip()}")
        if not (header.isascii() and header.isprintable() and len(header.split(" ")) == 2):  # noqa: PLR2004
            raise MissingKeyError(
                "The API key has spaces or characters that no key has. Copy it again from DataFast's website settings, "
                "without the word Bearer."
            )
        self._header = header

    @classmethod
    def given_or_from_environment(cls, given: Concealed | ApiKey | None) -> ApiKey:
        """Wrap the given key, or the one in ``DATAFAST_API_KEY``."""
        if isinstance(given, ApiKey):
            return given
        secret = given or Concealed(os.getenv(VARIABLE, ""))
        if not secret.strip():
            raise MissingKeyError(
                f"No API key. Set the environment variable {VARIABLE} before you start Jupyter, or pass api_key. "
                "To try it without an account, use datafast_nb.demo.Site()."
            )
        return cls(secret)

    def authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to a request. The requests library calls this, and then ignores a key in ~/.netrc."""
        request.headers["Authorization"] = self._header
        return request

    def blanked_out_of(self, body: bytes) -> bytes:
        """Return a response without the key, in case the service quoted it: unchanged, encoded, or escaped.

        A key as short as the demo site's may be an ordinary word of the response, and is left there.
        """
        secret = self._header.removeprefix("Bearer ").encode()
        if len(secret) < _SHORTEST_SECRET:
            return body
        for form in (secret, *_encoded(self._header.encode()), *_encoded(secret)):
            body = body.replace(form, _BLANK)
        if len(body) <= _LONGEST_LOOK and any(mark in body for mark in _MARKS) and _ESCAPES.search(body):
            body = _escaped(secret).sub(_BLANK, body)
        return body

    def __repr__(self) -> str:
        return "ApiKey('***')"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).given_or_from_environment, (None,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


_BLANK: Final = b"***"
_LONGEST_LOOK: Final = 4 * 2**20  # bytes; searching a longer response for escaped keys takes too long
_MARKS: Final = (b"\\", b"%", b"&")
_DIGITS: Final = rb"(?:2[dDeE]|3[0-9]|[46][1-9a-fA-F]|5[0-9aAfF]|7[0-9aAeE])"  # of letters, digits and -._~
_NAMED: Final = {b"_": rb"lowbar;|UnderBar;", b".": rb"period;"}  # in HTML
_ESCAPES: Final = re.compile(
    rb"\\(?:[uU](?:\{|00%b)|[xX]%b)|%%(?:25){0,3}(?:u00)?%b|&(?:amp;){0,3}(?:#|%b)"
    % (_DIGITS, _DIGITS, _DIGITS, b"|".join(_NAMED.values()))
)
"""Matches a needlessly escaped character of a key: a quick check before the thorough one."""


def _escaped(secret: bytes) -> re.Pattern[bytes]:
    r"""Return the pattern of a secret in which any character may be escaped, even twice.

    As ``\u0064``, ``\u{64}`` or ``\x64`` in JSON and JavaScript, ``%64`` or ``%u0064`` in a URL, ``&#100;`` or
    ``&#x64;`` in HTML, where a few have names.
    """
    forms = []
    for code in secret:
        plain, digits = bytes([code]), b"(?i:%02x)" % code
        named = _NAMED.get(plain, rb"\b\B")  # which is nowhere
        # Each repetition is bounded: endless repetition by a stranger must not be read again from each position.
        script = rb"\\{1,4}(?:[uU]\{?0{0,6}|[xX])%b\}?" % digits
        address = rb"%%(?:25){0,3}(?:u00)?%b" % digits
        page = rb"&(?:amp;){0,3}(?:#(?:0{0,6}%d|[xX]0{0,6}%b);?|%b)" % (code, digits, named)
        forms.append(b"(?:%b|%b|%b|%b)" % (re.escape(plain), script, address, page))
    return re.compile(b"".join(forms))


def _encoded(secret: bytes) -> list[bytes]:
    """Yield a secret in hexadecimal and in base64, without the ends that depend on adjacent text."""
    whole = [base64.b64encode(bytes(skipped) + secret)[-(-skipped * 8 // 6) :] for skipped in range(3)]
    cut = [form.rstrip(b"=")[: -1 if form.endswith(b"=") else None] for form in whole]
    safe = [form.translate(bytes.maketrans(b"+/", b"-_")) for form in cut]
    return [secret.hex().encode(), secret.hex().upper().encode(), *dict.fromkeys(cut + safe)]
