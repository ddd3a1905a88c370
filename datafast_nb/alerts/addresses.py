"""The address of a channel: a URL that may hold a token, and so is never shown."""

from __future__ import annotations

import os
import re
from typing import Any, Final, NoReturn

from datafast_nb.api_key import Concealed
from datafast_nb.errors import AlertError
from datafast_nb.text import plain

_SCHEME: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]{0,31})://")
_VARIABLE: Final = re.compile(r"\s*env:([A-Za-z_][A-Za-z0-9_]*)\s*")
# What may be a secret in an error message: a URL, part of one, or a long word with signs or digits.
_MAYBE_SECRET: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+|(?:url|path): ?\S+|/\S{8,}|\S*[0-9_=%@]\S*\S{8,}")


class Address:
    """A URL to send to. It is never shown, and can't be pickled; the variable that holds it is shown."""

    __slots__ = ("_url", "_variable", "scheme")

    def __init__(self, url: str, variable: str = "") -> None:
        self._url = Concealed(url.strip())
        self._variable = variable
        found = _SCHEME.match(url)
        self.scheme = found[1].lower() if found else ""

    @classmethod
    def of(cls, text: Concealed) -> Address:
        """Wrap a URL, or the one in an environment variable, given as ``env:NAME``.

        Raises
        ------
        AlertError
            It is not a URL, or the variable is not set.
        """
        variable = _VARIABLE.fullmatch(text)
        address = cls(Concealed(os.environ.get(variable[1], "")), variable[1]) if variable else cls(text)
        if variable and not address.reveal():
            raise AlertError(f"The environment variable {variable[1]} is not set: put the URL to notify into it.")
        if not address.scheme:
            raise AlertError(
                "notify takes a function, print, 'desktop', or a URL such as ntfy://host/topic, mailto://… or "
                "https://…; the given text is none of these"
                + (f" (in the environment variable {variable[1]})." if variable else ".")
            )
        return address

    def reveal(self) -> str:
        """Return the URL, for the library that sends to it."""
        return self._url

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self._url == other._url

    def __hash__(self) -> int:
        return hash(self._url)

    def __repr__(self) -> str:
        return f"{self.scheme}://***{f' (env:{self._variable})' if self._variable else ''}"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:  # noqa: ANN401
        raise TypeError("The URL of a channel stays in its process: it is not pickled or copied.")

    def __deepcopy__(self, memo: dict[int, Any]) -> Address:
        return self


def concealed(given: Any) -> Any:  # noqa: ANN401 - text, and what holds it
    """Mask texts, also those in lists and tables, wherever a variable is printed, as in a verbose traceback."""
    if isinstance(given, str):
        return Concealed(given)
    if isinstance(given, dict):
        return {name: concealed(value) for name, value in given.items()}
    return [concealed(each) for each in given] if isinstance(given, (list, tuple, set)) else given


def harmless(error: BaseException) -> str:
    """Describe an error without anything that may be a secret, such as the URL in an error of requests.

    Examples
    --------
    >>> harmless(ValueError("no route to https://example.com/hook/T0K3N"))
    'ValueError: no route to ***'
    """
    words = _MAYBE_SECRET.sub("***", plain(error, 200))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
