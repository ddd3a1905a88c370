"""The API key, wrapped so that nothing that prints, logs or stores it shows it."""

from __future__ import annotations

import os
from typing import Any, Final, Self

import requests

from datafast_nb.errors import MissingKeyError

VARIABLE: Final = "DATAFAST_API_KEY"
_SHORTEST_SECRET: Final = 12  # characters


class Concealed(str):
    """Text to whatever library uses it, and masked wherever a variable is printed, as in a verbose traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class ApiKey:
    """A secret that authorizes requests and is never shown. It does not leave the process in a pickle either."""

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
        """Wrap the key that was given, or the one in ``DATAFAST_API_KEY``."""
        if isinstance(given, ApiKey):
            return given
        secret = given or Concealed(os.environ.get(VARIABLE, ""))
        if not secret.strip():
            raise MissingKeyError(
                f"No API key. Set the environment variable {VARIABLE} before you start Jupyter, or pass api_key. "
                "To go without an account: datafast_nb.demo.Site()."
            )
        return cls(secret)

    def authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to a request; requests calls this, and then leaves a key in ~/.netrc alone."""
        request.headers["Authorization"] = self._header
        return request

    def blanked_out_of(self, body: bytes) -> bytes:
        """Give an answer without the key, should the service have quoted it.

        A key as short as the demo site's may be a word of the answer's own, and is left there.
        """
        secret = self._header.removeprefix("Bearer ").encode()
        return body if len(secret) < _SHORTEST_SECRET else body.replace(secret, b"***")

    def __repr__(self) -> str:
        return "ApiKey('***')"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).given_or_from_environment, (None,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self
