"""The key of the pseudonyms is long enough, and shown by nothing."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from IPython.core.ultratb import VerboseTB

import datafast_nb as dfn
from datafast_nb.privacy import Key
from tests.history.moments import snapshot

KEY = b"the secret of this very test"


@pytest.mark.parametrize("key", [b"", b"short", b"k" * 15])
def test_a_short_key_is_refused_with_what_to_do(key: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        dfn.Snapshot().redacted(key)
    with pytest.raises(ValueError, match="at least 16 bytes"):
        dfn.History(tmp_path / "site", redact=key)
    assert not list(tmp_path.iterdir())


def test_a_key_that_is_text_is_refused() -> None:
    with pytest.raises(TypeError, match="as bytes, not str"):
        dfn.Snapshot().redacted("a key of my own, long enough")  # type: ignore[arg-type]


def test_a_short_key_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFAST_HISTORY_KEY", "short-secret")
    command = [sys.executable, "-m", "datafast_nb", "record", str(tmp_path / "site"), "--demo", "--redact"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2
    assert "at least 16 bytes" in ended.stdout
    assert "short-secret" not in ended.stdout + ended.stderr


def test_a_key_is_not_printed_pickled_or_copied() -> None:
    key = Key(KEY)
    assert KEY.decode() not in f"{key} {key!r} {key!s} {[key]} {key:>20}"
    assert copy.deepcopy({"key": key})["key"] is copy.copy(key) is key
    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(key)


def given() -> bytes:
    """Return the key; no variable of a test holds it."""
    return KEY


def fail(*_: object, **__: object) -> None:
    """Break whatever is replaced by it."""
    raise ZeroDivisionError


def verbose(error: BaseException) -> str:
    """Return a traceback as ``%xmode Verbose`` prints it, and all variables and attributes of the package's frames."""
    formatter = VerboseTB(theme_name="nocolor", include_vars=True)
    printed = "\n".join(formatter.structured_traceback(type(error), error, error.__traceback__))
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if "datafast_nb" in frame.f_code.co_filename]
    values = [value for frame in frames for value in frame.f_locals.values()]
    inner = [getattr(value, "__dict__", None) for value in values]
    return f"{printed}\n{values!r}\n{inner!r}"


SNAP = snapshot(0, [{"visitorId": "a", "customerName": "Jane Doe", "currentUrl": "/jane-doe"}])
BROKEN = [
    "hmac.new",
    "datafast_nb.privacy.frames.people",
    "datafast_nb.privacy.frames.blanked",
    "datafast_nb.privacy.frames._alike",
    "datafast_nb.history.writer.news",
    "datafast_nb.history.writer.Tables.create",
    "datafast_nb.history.pseudonyms.fingerprint",
]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("source", ["by hand", "environment", "file", "made"])
def test_a_verbose_traceback_shows_no_key(
    broken: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "environment":
        monkeypatch.setenv("DATAFAST_HISTORY_KEY", given().decode())
    if source == "file":
        (tmp_path / "site.key").write_bytes(given())
        (tmp_path / "site.key").chmod(0o600)
        monkeypatch.setattr("datafast_nb.history.pseudonyms.Path.exists", lambda path: path.suffix == ".key")
    if source == "made":
        monkeypatch.setattr("secrets.token_hex", lambda _: given().decode())
    monkeypatch.setattr(broken, fail)
    with pytest.raises(ZeroDivisionError) as raised:
        dfn.History(tmp_path / "site", redact=given() if source == "by hand" else True).append(SNAP)
    printed = verbose(raised.value)
    assert "append(SNAP)" in printed
    assert KEY.decode() not in printed


@pytest.mark.parametrize("broken", [place for place in BROKEN if ".history." not in place])
def test_a_verbose_traceback_of_a_snapshot_shows_no_key(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broken, fail)
    with pytest.raises(ZeroDivisionError) as raised:
        SNAP.redacted(given())
    assert KEY.decode() not in verbose(raised.value)


@pytest.mark.parametrize("change", [bytes.decode, lambda key: key[:15]])
def test_a_verbose_traceback_of_a_refused_key_shows_nothing_of_it(change: Any, tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)) as raised:
        SNAP.redacted(change(given()))
    assert KEY.decode()[:15] not in verbose(raised.value)
    with pytest.raises((TypeError, ValueError)) as raised:
        dfn.History(tmp_path / "site", redact=change(given()))
    assert KEY.decode()[:15] not in verbose(raised.value)


def test_a_verbose_traceback_of_a_key_that_cannot_be_written_shows_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda size: given().decode() if size > 16 else "ab" * size)
    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(ZeroDivisionError) as raised:
        dfn.History(tmp_path / "site", redact=True).append(SNAP)
    assert KEY.decode() not in verbose(raised.value)
