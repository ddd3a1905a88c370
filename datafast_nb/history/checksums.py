"""A checksum for each file of a history in a folder, in the form that ``sha256sum --check`` reads.

The file ``SHA256SUMS`` is made once all tables exist, so it also distinguishes a history that lost its tables from one
that was never begun. The writer adds a line for each new file after the append that wrote it. Files without a line,
such as new ones or those of another program, are not verified.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from datafast_nb.errors import HistoryFormatError
from datafast_nb.files import write_whole

FILE: Final = "SHA256SUMS"
LOG: Final = "_delta_log"

OWNER_ONLY: Final = 0o600
OWNER_ONLY_FOLDER: Final = 0o700

_LINE: Final = re.compile(r"([0-9a-f]{64})  ([a-z]+/[\w./=+-]+)", re.ASCII)
_ENTRY: Final = re.compile(r"(\d{20})\.(json|checkpoint(\..+)?\.parquet)")
_SUMMED: Final = re.compile(rf"part-[^/]+\.parquet|{LOG}/{_ENTRY.pattern}")

_NAMED: Final = 5  # the most files named in a message

Stamp = tuple[int, int, int]


class Checksums:
    """The checksums of one folder. A verified file is not read again while its metadata stays the same.

    Parameters
    ----------
    folder
        Where the history is.
    tables
        The names of its tables, which are subfolders.
    """

    def __init__(self, folder: Path, tables: Iterable[str]) -> None:
        self._folder = folder
        self._tables = tuple(tables)
        self._sound: dict[str, Stamp] = {}
        self._turn = threading.Lock()
        self._read: tuple[Stamp, dict[str, str]] | None = None
        self._is_whole = True  # whether the last line is complete

    @property
    def exist(self) -> bool:
        """Whether the history was begun."""
        return (self._folder / FILE).exists()

    def known(self) -> dict[str, str]:
        """Read the checksum of each file, by its path in the folder. An incomplete last line is skipped."""
        file = self._folder / FILE
        with self._turn:
            stamp = _stamp(file)
            if stamp is None:
                return {}
            if self._read is None or self._read[0] != stamp:
                known = self._parsed(file.read_bytes())
                self._read = stamp, known
                self._sound = {path: found for path, found in self._sound.copy().items() if path in known}
            return self._read[1]

    def _parsed(self, content: bytes) -> dict[str, str]:
        *lines, _ = content.decode("utf-8", "replace").split("\n")
        found = [_LINE.fullmatch(line) for line in lines]
        broken = next((number for number, line in enumerate(found, 1) if line is None), None)
        if broken is not None:
            raise HistoryFormatError(
                f"The checksums of the history at {self._folder} are damaged: line {broken} of {FILE}. Restore "
                "that file from a copy. Or remove it, if you trust the others: the next writer makes it again."
            )
        return {line[2]: line[1] for line in found if line is not None}

    def check_log(self, table: str) -> None:
        """Refuse a table whose log is damaged: an entry is empty, altered, or missing at the end."""
        known = self.known()  # before the folder is listed, so that every known file is there
        every = ((path, _stamp(self._folder / path)) for path in self._files(f"{table}/{LOG}"))
        found = {path: stamp for path, stamp in every if stamp is not None}  # one may disappear meanwhile
        self._check_end(table, known, found)
        empty = sorted(path for path, stamp in found.items() if path.endswith(".json") and not stamp[0])
        if empty:
            raise self._damaged(
                f"{empty[0]} is empty, perhaps after a power cut. If it is the newest one there, remove it, and the "
                "append that was interrupted is forgotten. Otherwise restore it from a copy"
            )
        self.check(path for path in found if path in known)

    def _check_end(self, table: str, known: dict[str, str], found: dict[str, Stamp]) -> None:
        """Refuse a log whose newest entries are missing.

        One entry of the polls may be missing: removing the one that a power cut left empty forgets one append. If the
        file that it added is missing too, the whole table is an older copy.
        """
        newest = max((number for path in found if (number := _number(path, table)) is not None), default=-1)
        gone = sorted(path for path in known if (number := _number(path, table)) is not None and number > newest)
        removed = table == "polls" and gone and _number(gone[-1], table) == newest + 1
        if gone and not (removed and all(map(self._is_there, known))):
            raise self._damaged(f"{gone[0]} is missing. Restore it from a copy")

    def check(self, paths: Iterable[str], *, afresh: bool = False) -> None:
        """Refuse files that differ from their checksums; skip files without one.

        Parameters
        ----------
        paths
            The files to verify.
        afresh
            Read files again even if they look the same as when they were last verified.
        """
        known = self.known()
        altered = []
        for path in paths:
            stamp = _stamp(self._folder / path)
            if path not in known or stamp is None or (not afresh and self._sound.get(path) == stamp):
                continue
            if self._digest(path) in (known[path], None):
                self._sound[path] = stamp
            else:
                altered.append(path)
        if altered:
            more = f" and {len(altered) - _NAMED:,} more" if len(altered) > _NAMED else ""
            raise self._damaged(
                f"{', '.join(altered[:_NAMED])}{more} is not as it was written, unless its line in {FILE} was altered. "
                "Restore it from a copy"
            )

    def log_of(self, table: str) -> list[str]:
        """Return the entries of a table's log."""
        return [path for path in self._files(f"{table}/{LOG}") if _number(path, table) is not None]

    def note(self) -> None:
        """Add the checksums of new files, and make the files readable only by their owner."""
        known = dict(self.known())
        lines = []
        for table in self._tables:  # a hint that is rewritten repeatedly, and has no checksum
            private(self._folder / table / LOG / "_last_checkpoint", OWNER_ONLY)
        for path in self._all():
            if path not in known:
                private(self._folder / path, OWNER_ONLY)
                stamp, digest = _stamp(self._folder / path), self._digest(path)
                if stamp is not None and digest is not None:
                    self._sound[path], known[path] = stamp, digest
                    lines.append(_line(digest, path))
        if lines and self._is_whole:
            self._is_whole = False  # until all are written, as a full disk may accept only some
            with (self._folder / FILE).open("ab") as file:
                file.write("".join(lines).encode())
            self._is_whole = True
            self._remember(known)
        elif lines:
            self.begin()

    def begin(self) -> None:
        """Rewrite the file, with a line for each file that exists."""
        here = set(self._all())
        known = {path: digest for path, digest in self.known().items() if path in here}
        self._sound = {path: stamp for path, stamp in self._sound.items() if path in here}
        content = "".join(_line(digest, path) for path, digest in known.items())
        write_whole(self._folder / FILE, content.encode(), OWNER_ONLY)
        self._is_whole = True
        self._remember(known)
        self.note()

    def _remember(self, known: dict[str, str]) -> None:
        """Remember what was written, so that it need not be read."""
        stamp = _stamp(self._folder / FILE)
        with self._turn:
            self._read = None if stamp is None else (stamp, known)

    def _all(self) -> Iterator[str]:
        """Return all files that have a checksum or need one."""
        for table in self._tables:
            for folder in (table, f"{table}/{LOG}"):
                for path in self._files(folder):
                    if _SUMMED.fullmatch(path.removeprefix(f"{table}/")):
                        yield path

    def _files(self, folder: str) -> list[str]:
        """Return the files of a folder."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(self._folder / folder) as entries:
            return [f"{folder}/{entry.name}" for entry in entries if entry.is_file()]
        return []

    def _is_there(self, path: str) -> bool:
        """Return whether a file exists, if it holds rows of the polls."""
        return not path.startswith("polls/part-") or (self._folder / path).exists()

    def _digest(self, path: str) -> str | None:
        """Return the checksum of a file, or None if it is missing."""
        with contextlib.suppress(FileNotFoundError), (self._folder / path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
        return None

    def _damaged(self, what: str) -> HistoryFormatError:
        return HistoryFormatError(
            f"The history at {self._folder} is damaged: {what}. The other files are untouched; check() reports more."
        )


def private(path: Path, mode: int) -> None:
    """Make a file or folder accessible only to its owner, if the system supports such permissions."""
    if os.name == "posix":
        with contextlib.suppress(FileNotFoundError):
            path.chmod(mode)


def _line(digest: str, path: str) -> str:
    return f"{digest}  {path}\n"


def _stamp(file: Path) -> Stamp | None:
    """Return the metadata that changes whenever a file does, or None if it is missing."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _number(path: str, table: str) -> int | None:
    """Return the number of an entry of a table's log, or None for any other file."""
    found = _ENTRY.fullmatch(path.removeprefix(f"{table}/{LOG}/"))
    return None if found is None else int(found[1])
