"""The secret that makes pseudonyms, wrapped so that it is never printed or logged."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Iterator
from typing import Any, Final, Self

SHORTEST_KEY: Final = 16  # bytes


class Key(bytes):
    """A secret that makes pseudonyms: bytes for ``hmac``, but masked wherever a variable is printed.

    A verbose traceback shows the variables of every frame, so wrap a key before anything can fail.
    A key can't be pickled.

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
        """Return the key if it is long enough to be a secret.

        Raises
        ------
        ValueError
            It has fewer than 16 bytes.
        """
        if len(self) < SHORTEST_KEY:
            raise ValueError(
                f"The key in {where} is too short to be secret: give at least {SHORTEST_KEY} bytes, such as "
                "secrets.token_bytes(32), and keep it. The same key gives the same pseudonyms."
            )
        return self

    def tag(self, value: str) -> str:
        """Return the start of a value's keyed hash."""
        (tag,) = self.tags([value])
        return tag

    def tags(self, values: Iterable[str]) -> Iterator[str]:
        """Yield the start of each value's keyed hash."""
        keyed = hmac.new(self, digestmod="sha256")  # which hashes the key once, not again for each value
        for value in values:
            one = keyed.copy()
            one.update(value.encode())
            yield one.hexdigest()[:10]


PROCESS_KEY: Final = Key(secrets.token_bytes(32))
"""The default key; it lasts as long as this Python process."""


def concealed(secret: object) -> bool | Key | None:
    """Wrap bytes as a key. Return a Boolean unchanged, and None for anything else, such as text."""
    return Key(secret) if isinstance(secret, bytes) else secret if isinstance(secret, bool) else None
