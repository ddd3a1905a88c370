"""Remembers what was reported, even across restarts, without storing whom it was about."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from datafast_nb.errors import AlertError, AlertsInUseError
from datafast_nb.files import write_whole

if TYPE_CHECKING:
    from filelock import BaseFileLock

MOST: Final = 100_000
"""The most visitors, payments or goals that are remembered for each alert. Beyond it, those that were shown least
recently are forgotten. A forgotten payment or goal can't come again; a forgotten visitor who does is reported again."""

_VERSION: Final = 1
_DIGITS: Final = 16
_OWNER_ONLY: Final = 0o600


class Reported(msgspec.Struct):
    """What is known of one alert.

    Attributes
    ----------
    tags : list of str
        The hashes of what was reported, oldest first.
    sent : list of datetime
        When the last messages were sent.
    active : bool
        Whether traffic was last reported as unusual.
    """

    tags: list[str] = []
    sent: list[datetime] = []
    active: bool = False


class _File(msgspec.Struct):
    """The content of the file."""

    version: int
    key: str
    alerts: dict[str, Reported]


class Memory:
    """What was reported so far, in a small file if there is one.

    Ids are kept as keyed hashes, with a key of this memory's own, and nothing else of a visitor is kept. Used by one
    thread at a time. The file is locked until `close`, or until nothing refers to the memory.

    Parameters
    ----------
    path
        The file; None keeps the memory in this process.

    Raises
    ------
    AlertError
        The file can't be read, or is not one of these.
    AlertsInUseError
        Another watcher uses the file.
    ImportError
        A file is given, but filelock is not installed.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = None if path is None else _locked(path)
        try:
            found = None if path is None or not path.exists() else _read(path)
        except AlertError:
            self.close()  # a traceback may keep this object
            raise
        self._key = secrets.token_bytes(32) if found is None else bytes.fromhex(found.key)
        self._alerts = {} if found is None else found.alerts
        self._known = {name: dict.fromkeys(reported.tags) for name, reported in self._alerts.items()}

    def of(self, alert: str) -> Reported:
        """Return what is known of an alert, by its fingerprint; change it only between two calls of `save`."""
        return self._alerts.setdefault(alert, Reported())

    def is_new(self, alert: str, keys: Iterable[str]) -> list[bool]:
        """Return for each key that is shown now whether it was not reported yet."""
        known = self._known.setdefault(alert, {})
        tags = [self._tag(key) for key in keys]
        reported = [tag in known for tag in tags]
        keep_latest(known, (tag for tag, is_old in zip(tags, reported, strict=True) if is_old), len(tags))
        return [not is_old for is_old in reported]

    def add(self, alert: str, keys: Iterable[str]) -> None:
        """Remember that these were reported."""
        tags = [self._tag(key) for key in keys]
        keep_latest(self._known.setdefault(alert, {}), tags, len(tags))

    def save(self) -> None:
        """Write the file, whole, readable by its owner alone; do nothing once closed.

        Raises
        ------
        OSError
            It can't be written.
        """
        if self._path is None or self._lock is None:
            return
        for name, known in self._known.items():
            self.of(name).tags = list(known)
        content = msgspec.json.encode(_File(_VERSION, self._key.hex(), self._alerts))
        write_whole(self._path, content, mode=_OWNER_ONLY)

    def close(self) -> None:
        """Release the file, so that another watcher can use it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def _tag(self, key: str) -> str:
        return hmac.digest(self._key, key.encode("utf-8", "surrogatepass"), "sha256").hex()[:_DIGITS]


def keep_latest(known: dict[str, None], shown: Iterable[str], least: int = 0) -> None:
    """Move these to the end, as the latest. Keep only the last `MOST` of all, or `least` if that is more."""
    for each in shown:
        known.pop(each, None)
        known[each] = None
    for each in list(islice(known, max(0, len(known) - max(MOST, least)))):
        del known[each]


def fingerprint(*parts: str) -> str:
    """Return what identifies an alert in the file: a hash of what it is about."""
    return sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]


def _locked(path: Path) -> BaseFileLock:
    """Lock a file, by another one beside it, as the file itself is replaced whenever it is written."""
    try:
        from filelock import FileLock, Timeout
    except ImportError as error:
        raise ImportError("A file of what was reported needs filelock: pip install 'datafast_nb[alerts]'.") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(f".{path.name}.lock"), mode=_OWNER_ONLY, is_singleton=False, thread_local=False)
        lock.acquire(blocking=False)
    except Timeout:
        raise AlertsInUseError(
            f"Another watcher remembers in {path} what it reported: stop() it, or give this one another state."
        ) from None
    except OSError as error:
        raise AlertError(f"The file of what was reported can't be written: {path}: {error.strerror}.") from error
    return lock


def _read(path: Path) -> _File:
    """Read the file."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
        bytes.fromhex(found.key)
    except OSError as error:
        raise AlertError(f"The file of what was reported can't be read: {path}: {error.strerror}.") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise AlertError(
            f"{path} is not a file of what was reported: give another path as state, or delete it to start again."
        ) from error
    if found.version != _VERSION:
        raise AlertError(f"{path} was written by a newer datafast_nb: update the package, or give another state.")
    for reported in found.alerts.values():
        reported.sent = [when if when.tzinfo else when.replace(tzinfo=UTC) for when in reported.sent]
    return found
