"""The key that makes a history's pseudonyms: kept beside the tables, never in them."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from datafast_nb.errors import HistoryKeyError
from datafast_nb.history.tables import Tables

VARIABLE: Final = "DATAFAST_HISTORY_KEY"
PROPERTY: Final = "pseudonyms"
"""The property of the tables that tells which key made them; empty where names are stored as they came."""

_LEAST: Final = 16  # bytes


def key_of(tables: Tables, redact: bool | bytes, *, make: bool) -> bytes | None:
    """Give the key to redact with, or None for a history that is not redacted.

    Parameters
    ----------
    tables
        Of which history.
    redact
        What the user said: whether, or the key itself.
    make
        Whether to make a key where there is none yet.
    """
    if redact is False:
        return None
    if isinstance(redact, bytes):
        return _checked(redact, "redact")
    if given := os.environ.get(VARIABLE):
        return _checked(given.encode(), VARIABLE)
    if tables.is_remote:
        raise HistoryKeyError(
            f"An object store is no place for the key of its pseudonyms. Give it as redact=b'…' or in {VARIABLE}: at "
            f"least {_LEAST} bytes, such as the text that secrets.token_hex(32) gives, and keep it."
        )
    return _stored(Path(f"{tables.location}.key"), make=make)


def fingerprint(key: bytes | None) -> str:
    """Give what tells keys apart and does not tell the key."""
    return "" if key is None else hmac.digest(key, b"datafast_nb history", "sha256").hex()[:16]


def check(tables: Tables, key: bytes | None, noted: str) -> None:
    """Refuse to go on with another key than the history was begun with."""
    if fingerprint(key) == noted:
        return
    if key is None:
        raise HistoryKeyError(
            f"The history at {tables} holds pseudonyms, and would get real names now. Open it with redact=True."
        )
    if not noted:
        raise HistoryKeyError(
            f"The history at {tables} holds names as they came; redact=True would mix them with pseudonyms. Open it "
            "without redact, or begin another one."
        )
    raise HistoryKeyError(
        f"This is not the key that the history at {tables} was begun with: the same person would get another "
        "pseudonym. Give the first key, or begin another history."
    )


def _checked(key: bytes, where: str) -> bytes:
    if len(key) < _LEAST:
        raise HistoryKeyError(f"The key in {where} is too short to be secret: give at least {_LEAST} bytes.")
    return key


def _stored(file: Path, *, make: bool) -> bytes:
    """Read the key from its file, readable by its owner alone; make it where it is missing."""
    if not file.exists():
        if not make:
            raise HistoryKeyError(f"The key of the pseudonyms is missing: put it back at {file}, or give redact=b'…'.")
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as new:
            new.write(secrets.token_hex(32))
    return _checked(file.read_bytes().strip(), str(file))
