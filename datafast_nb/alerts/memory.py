"""Remembers what was told, also over restarts, without knowing whom it was about."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from datafast_nb.errors import AlertError
from datafast_nb.files import write_whole

MOST: Final = 20_000
"""The most visitors, payments or goals that are remembered for each alert; the oldest are forgotten first."""

_VERSION: Final = 1
_DIGITS: Final = 16


class Told(msgspec.Struct):
    """What is known of one alert.

    Attributes
    ----------
    tags : list of str
        The hashes of what was told, oldest first.
    sent : list of datetime
        When the last messages were sent.
    active : bool
        Whether traffic was last told to be unusual.
    """

    tags: list[str] = []
    sent: list[datetime] = []
    active: bool = False


class _File(msgspec.Struct):
    """The content of the file."""

    version: int
    key: str
    alerts: dict[str, Told]


class Memory:
    """What was told so far, in a small file if there is one.

    Ids are kept as keyed hashes, with a key of this memory's own, and nothing else of a visitor is kept. Used by one
    thread at a time.

    Parameters
    ----------
    path
        The file; None keeps the memory in this process.

    Raises
    ------
    AlertError
        The file can't be read, or is no such file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        found = None if path is None or not path.exists() else _read(path)
        self._key = secrets.token_bytes(32) if found is None else bytes.fromhex(found.key)
        self._alerts = {} if found is None else found.alerts
        self._known = {name: dict.fromkeys(told.tags) for name, told in self._alerts.items()}

    def of(self, alert: str) -> Told:
        """Return what is known of an alert, by its fingerprint; change it only between two calls of `save`."""
        return self._alerts.setdefault(alert, Told())

    def is_new(self, alert: str, keys: Iterable[str]) -> list[bool]:
        """Return for each key whether it was not told yet."""
        known = self._known.setdefault(alert, {})
        return [self._tag(key) not in known for key in keys]

    def add(self, alert: str, keys: Iterable[str]) -> None:
        """Remember that these were told."""
        known = self._known.setdefault(alert, {})
        known.update(dict.fromkeys(self._tag(key) for key in keys))
        for tag in list(known)[: max(0, len(known) - MOST)]:
            del known[tag]

    def save(self) -> None:
        """Write the file, whole, readable by its owner alone.

        Raises
        ------
        OSError
            It can't be written.
        """
        if self._path is None:
            return
        for name, known in self._known.items():
            self.of(name).tags = list(known)
        content = msgspec.json.encode(_File(_VERSION, self._key.hex(), self._alerts))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, content, mode=0o600)

    def _tag(self, key: str) -> str:
        return hmac.digest(self._key, key.encode("utf-8", "surrogatepass"), "sha256").hex()[:_DIGITS]


def fingerprint(*parts: str) -> str:
    """Return what identifies an alert in the file: a hash of what it is about."""
    return sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]


def _read(path: Path) -> _File:
    """Read the file."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
        bytes.fromhex(found.key)
    except OSError as error:
        raise AlertError(f"The file of what was told can't be read: {path}: {error.strerror}.") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise AlertError(
            f"{path} is no file of what was told: give another path as state, or delete it to begin anew."
        ) from error
    if found.version != _VERSION:
        raise AlertError(f"{path} was written by a newer datafast_nb: update the package, or give another state.")
    for told in found.alerts.values():
        told.sent = [when if when.tzinfo else when.replace(tzinfo=UTC) for when in told.sent]
    return found
