"""The secret that makes pseudonyms, wrapped so that nothing that prints or logs it shows it."""

from __future__ import annotations

import hmac
import secrets
from typing import Any, Final, Self

SHORTEST_KEY: Final = 16  # bytes


class Key(bytes):
    """A secret that makes pseudonyms: bytes to ``hmac``, and masked wherever a variable is printed.

    A verbose traceback shows the variables of every frame; so wrap a key before anything can fail.
    It does not leave the process in a pickle.

    Examples
    --------
    >>> from datafast_nb.privacy import Key
    >>> Key(b"a key of my own, long enough")
    Key('***')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Key('***')"

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return format(repr(self), form)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:  # noqa: ANN401
        raise TypeError("The key of the pseudonyms stays in its process: it is not pickled or copied.")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def checked(self, where: str) -> Self:
        """Give the key if it is long enough to be a secret.

        Raises
        ------
        ValueError
            It has fewer than 16 bytes.
        """
        if len(self) < SHORTEST_KEY:
            raise ValueError(
                f"The key in {where} is too short to be secret: give at least {SHORTEST_KEY} bytes, such as those of "
                "secrets.token_bytes(32), and keep them. The same key gives the same pseudonyms."
            )
        return self

    def tag(self, value: str) -> str:
        """Give the start of a value's keyed hash."""
        return hmac.digest(self, value.encode(), "sha256").hex()[:10]


PROCESS_KEY: Final = Key(secrets.token_bytes(32))
"""The key of whoever gives none: it lasts as long as this Python process."""


def concealed(secret: object) -> bool | Key | None:
    """Wrap bytes as a key. A flag stays one, and anything else, such as text, is no key: None."""
    return Key(secret) if isinstance(secret, bytes) else secret if isinstance(secret, bool) else None
