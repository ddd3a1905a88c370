"""Writes files atomically."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SHARING: Final = os.name == "nt"
"""Whether the system refuses to replace a file that another program, such as a virus scanner, is reading."""

_TRIES: Final = 20
_PAUSE: Final = 0.05  # seconds until the next one


def write_whole(file: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file atomically: readers see either the old content or the new, even after a crash.

    Parameters
    ----------
    file
        The file to write. A symbolic link stays one; anything that is not a regular file, such as a pipe, is written
        to directly.
    content
        The whole content.
    mode
        Its permissions, regardless of the umask; by default those of the existing file, or the system's default for
        a new one.
    """
    with whole(file, mode) as new:
        new.write_bytes(content)


@contextlib.contextmanager
def whole(file: Path, mode: int | None = None) -> Iterator[Path]:
    """Give the path to write a file at; it takes the file's place at the end, unless there is an error.

    Parameters are those of `write_whole`.
    """
    if file.exists() and not file.is_file():
        yield file
        return
    target = file.resolve() if file.is_symlink() else file
    if mode is None and target.exists():
        mode = target.stat().st_mode & 0o777
    new = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600))
        yield new
        with new.open("rb+") as it:
            os.fsync(it.fileno())
        if mode is not None:
            new.chmod(mode)
        _replace(new, target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _replace(new: Path, target: Path) -> None:
    """Put a file into another one's place; wait for those who are reading it, where the system does not."""
    for _ in range(_TRIES - 1 if _SHARING else 0):
        try:
            new.replace(target)
        except PermissionError:
            time.sleep(_PAUSE)
        else:
            return
    new.replace(target)
