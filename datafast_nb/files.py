"""Writes a file whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(file: Path, content: bytes, mode: int | None = None) -> None:
    """Put a file in place in one step: whoever looks sees the old one or the new one, also after a crash.

    Parameters
    ----------
    file
        Where to write it. A symbolic link stays one; what is no regular file, such as a pipe, is written to as it is.
    content
        All that shall be in it.
    mode
        Its permissions, whatever the umask says; by default those of the file that was there, or those that the
        system gives to a new one.
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
