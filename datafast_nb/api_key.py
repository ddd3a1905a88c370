"""The API key, wrapped so that nothing that prints, logs or stores it shows it."""

from __future__ import annotations

import os
from typing import Any, Final, Self

import requests

from datafast_nb.errors import MissingKeyError

VARIABLE: Final = "DATAFAST_API_KEY"


class ApiKey:
    """A secret that authorizes requests and is never shown. It does not leave the process in a pickle either."""

    __slots__ = ("_header",)

    def __init__(self, secret: str) -> None:
        header = _Header(f"Bearer {secret.strip()}")
        usable = header.isascii() and header.isprintable() and len(header.split(" ")) == 2  # noqa: PLR2004
        secret = ""  # no frame of the traceback below holds it
        if not usable:
            raise MissingKeyError(
                "The API key has spaces or characters that no key has. Copy it again from DataFast's website settings."
            )
        self._header = header

    @classmethod
    def given_or_from_environment(cls, given: str | ApiKey | None) -> ApiKey:
        """Wrap the key that was given, or the one in ``DATAFAST_API_KEY``."""
        if isinstance(given, ApiKey):
            return given
        given = given or os.environ.get(VARIABLE) or ""
        if not given.strip():
            raise MissingKeyError(
                f"No API key. Set the environment variable {VARIABLE} before you start Jupyter, or pass api_key. "
                "To go without an account: datafast_nb.demo.Site()."
            )
        wrapped, given = cls(given), None
        return wrapped

    def authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to a request; requests calls this, and then leaves a key in ~/.netrc alone."""
        request.headers["Authorization"] = self._header
        return request

    def hidden_in(self, text: str) -> str:
        """Give a text with the key, should it appear there, blanked out."""
        return text.replace(self._header.removeprefix("Bearer "), "***")

    def __repr__(self) -> str:
        return "ApiKey('***')"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).given_or_from_environment, (None,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class _Header(str):
    """The header's value: text to the HTTP library, and masked wherever a local variable is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'Bearer ***'"
