"""Writes files atomically."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


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
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    target = file.resolve() if file.is_symlink() else file
    if mode is None and target.exists():
        mode = target.stat().st_mode & 0o777
    new = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
        with os.fdopen(descriptor, "wb") as it:
            it.write(content)
            it.flush()
            os.fsync(it.fileno())
        if mode is not None:
            new.chmod(mode)
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
