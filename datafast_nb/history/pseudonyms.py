"""Replaces names with pseudonyms, and manages their key, which is stored beside the tables, never in them."""

from __future__ import annotations

import hmac
import os
import secrets
import shlex
import stat
from pathlib import Path
from typing import Final

from datafast_nb.errors import HistoryKeyError
from datafast_nb.files import write_whole
from datafast_nb.history.checksums import OWNER_ONLY
from datafast_nb.history.tables import Tables
from datafast_nb.privacy import SHORTEST_KEY, Key, people
from datafast_nb.snapshot import Snapshot

VARIABLE: Final = "DATAFAST_HISTORY_KEY"
PROPERTY: Final = "pseudonyms"
"""The property of the tables that identifies the key of their pseudonyms; empty if names are stored unchanged."""

NAMES: Final = 10_000
"""The most names and addresses to remember, as each costs time at every snapshot."""


class Redactor:
    """Redacts one snapshot after the other.

    It remembers the latest full names and addresses: the name of a payment that is no longer shown may still be in the
    URL of its visitor. They are only in memory, as they must not reach the disk.
    """

    def __init__(self, key: Key) -> None:
        self._key = key
        self._met: dict[str, None] = {}  # oldest first

    def redact(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot without names."""
        met = dict.fromkeys(people((snapshot.visitors, snapshot.events, snapshot.payments)))
        before = [name for name in self._met if name not in met]
        self._met = dict.fromkeys([*before[max(0, len(before) + len(met) - NAMES) :], *met])
        return snapshot.redacted(self._key, names=self._met)


def checked(redact: bool | Key) -> bool | Key:
    """Return the user's choice; refuse a key that is too short to be secret."""
    return _checked(redact, "redact") if isinstance(redact, Key) else redact


def key_of(tables: Tables, redact: bool | Key, *, make: bool) -> Key | None:
    """Return the key to redact with, or None for a history that is not redacted.

    Parameters
    ----------
    tables
        The tables of the history.
    redact
        The user's choice: whether to redact, or the key itself.
    make
        Whether to make a key if there is none yet.
    """
    if redact is False:
        return None
    if isinstance(redact, Key):
        return redact
    if given := Key(os.getenv(VARIABLE, "").encode()):  # not os.environ: a verbose traceback would show all of it
        return _checked(given, VARIABLE)
    if tables.is_remote:
        raise HistoryKeyError(
            f"The key of the pseudonyms can't be kept in an object store. Give it as redact=b'…' or in {VARIABLE}: at "
            f"least {SHORTEST_KEY} bytes, such as the text of secrets.token_hex(32), and keep it."
        )
    with tables.guarded("opened with its key"):
        return _stored(Path(f"{tables.location}.key"), make=make)


def fingerprint(key: Key | None) -> str:
    """Return a fingerprint of the key, which does not reveal it."""
    return "" if key is None else hmac.digest(key, b"datafast_nb history", "sha256").hex()[:16]


def check(tables: Tables, key: Key | None, noted: str) -> None:
    """Refuse any key other than the one that the history was started with."""
    if fingerprint(key) == noted:
        return
    if key is None:
        raise HistoryKeyError(
            f"The history at {tables} holds pseudonyms, but would now receive real names. Open it with redact=True."
        )
    if not noted:
        raise HistoryKeyError(
            f"The history at {tables} holds unchanged names; redact=True would mix them with pseudonyms. Open it "
            "without redact, or start another one."
        )
    raise HistoryKeyError(
        f"This is not the key that the history at {tables} was started with: the same person would get another "
        "pseudonym. Give the original key, or start another history."
    )


def _checked(key: Key, where: str) -> Key:
    try:
        return key.checked(where)
    except ValueError as error:
        raise HistoryKeyError(str(error)) from None


def _stored(file: Path, *, make: bool) -> Key:
    """Read the key from its file, which only its owner may read; make the file if it is missing."""
    if not file.exists():
        if not make:
            raise HistoryKeyError(f"The key of the pseudonyms is missing: put it back at {file}, or give redact=b'…'.")
        _write(file, Key(secrets.token_hex(32).encode()))
    _check_private(file)
    return _checked(Key(file.read_bytes().strip()), str(file))


def _check_private(file: Path) -> None:
    """Refuse a key that others can read, if the system supports such permissions."""
    mode = file.stat().st_mode
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise HistoryKeyError(
            f"Others can read the key of the pseudonyms, and so find out who is who: its mode is {mode & 0o777:o}. "
            f"Make it private: chmod 600 {shlex.quote(str(file))}"
        )


def _write(file: Path, key: Key) -> None:
    """Write a key atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, key, OWNER_ONLY)
