"""The four Delta Lake tables of a history, and their faults. No other module uses Delta Lake.

``polls`` has one row for each snapshot, written last: a row of the other three counts only if its ``seen_at`` is not
after the last poll. So the four tables change as one, and the leftovers of a crash are never read.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar
from urllib.request import url2pathname

import polars as pl

from datafast_nb.errors import HistoryFormatError, HistoryStorageError
from datafast_nb.history.checksums import FILE, LOG, OWNER_ONLY_FOLDER, Checksums
from datafast_nb.history.faults import guarded
from datafast_nb.history.moments import MOMENT, literal
from datafast_nb.schema import EVENTS, PAYMENTS, TIMESTAMP, VISITORS
from datafast_nb.text import plain

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake._internal import DeltaFileSystemHandler

_Read = TypeVar("_Read")

Name = Literal["visitors", "events", "payments", "polls"]

FORMAT: Final = 1
"""The version of these tables that this package writes, and the latest that it reads."""

RETIMED: Final = pl.List(pl.Struct({"id": pl.String(), "timestamp": MOMENT}))
"""Events or payments whose shown time differs from the stored one."""

POLLS: Final = pl.Schema(
    {
        "seen_at": MOMENT,
        "count": pl.Int64(),
        "has_predictions": pl.Boolean(),
        "conversion_rate": pl.Float64(),
        "average_value": pl.Float64(),
        "visitors": pl.Int64(),
        "events": pl.Int64(),
        "payments": pl.Int64(),
        "problems": pl.Int64(),
        "states_since": MOMENT,
        "events_since": MOMENT,
        "payments_since": MOMENT,
        "gap_since": MOMENT,
        "events_retimed": RETIMED,
        "payments_retimed": RETIMED,
    }
)
"""One row per snapshot: its figures, how many rows its frames had, and how far back they reach.

``states_since`` is when the oldest state that was still true was written. ``events_since`` and ``payments_since`` are
the times of the oldest ones shown. ``gap_since`` is the start of the gap before this poll, if there is one.
``events_retimed`` and ``payments_retimed`` are those that are stored with another time than was shown then.
"""

RETENTION: Final = 24
"""Hours for which a file that was merged into another is kept for readers …"""

KEPT: Final = 250
"""… as long as each table has at most this many of them …"""

GRACE: Final = 30.0
"""… but for at least these seconds, however many there are."""

_HOURS: Final = (RETENTION, 12, 6, 3, 1)

_FIRST: Final = {"seen_at": MOMENT}
SCHEMAS: Final[dict[Name, pl.Schema]] = {
    "visitors": pl.Schema({**_FIRST, "change": pl.String(), "copy": pl.Int64(), **VISITORS}),
    "events": pl.Schema({**_FIRST, **EVENTS}),
    "payments": pl.Schema({**_FIRST, **PAYMENTS}),
    "polls": POLLS,
}
"""The columns of each table. Delta Lake keeps times in microseconds; `scan` gives those of ``schema`` back."""


_NEEDED: Final[dict[Name, tuple[str, ...]]] = {
    "visitors": ("seen_at", "change", "copy", "visitor_id"),
    "events": ("seen_at", "event_id", "timestamp"),
    "payments": ("seen_at", "payment_id", "timestamp"),
    "polls": ("seen_at", "visitors", "events", "payments", "states_since", "events_since", "payments_since"),
}
"""Columns without which nothing can be read. Any other column may be missing, and is then null."""


class Rows(NamedTuple):
    """Rows to add to the four tables, with their columns, in any order."""

    visitors: pl.DataFrame
    events: pl.DataFrame
    payments: pl.DataFrame
    polls: pl.DataFrame


class Checked(NamedTuple):
    """The result of a check that found no damage.

    Attributes
    ----------
    files : int
        How many files were read, of the tables and, in a folder, of their logs.
    without_checksum : int
        How many of them have no checksum, so that the check only knows that they can be read.
    """

    files: int
    without_checksum: int


SORTED_BY: Final[dict[Name, tuple[str, ...]]] = {
    # The rows of a visitor are adjacent, so that unchanged values compress to almost nothing.
    "visitors": ("visitor_id", "seen_at"),
    "events": ("visitor_id", "timestamp"),
    "payments": ("timestamp",),
    "polls": ("seen_at",),
}
"""How the rows of a large file are sorted."""

_MEASURED: Final[dict[Name, str]] = {
    "visitors": "seen_at",
    "events": "seen_at,timestamp",
    "payments": "seen_at,timestamp",
    "polls": "seen_at",
}
_GIVEN_TIMES: Final = ("session_start_time", "timestamp")
_PROPERTY: Final = "datafast_nb."
_CONFIGURATION: Final = {
    "delta.checkpointInterval": "100",
    # A reader that is opening a table then opens it again; an open table needs no log.
    "delta.logRetentionDuration": "interval 10 seconds",
    "delta.deletedFileRetentionDuration": f"interval {RETENTION} hours",
    f"{_PROPERTY}format": str(FORMAT),
}
_PATIENCE: Final = {"timeout": "30s", "connect_timeout": "5s", "max_retries": "3", "retry_timeout": "60s"}
"""Timeouts of an object store: about a minute in all."""

_UNREADABLE: Final = re.compile(r"[\[\]^|\\\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")
"""The characters of a folder's name that Delta Lake does not take literally."""

_ENTRY: Final = re.compile(r"^\d{20}\.(json|checkpoint)")
"""The names of the entries of a log."""

_GONE: Final = re.compile("(?i)not found|no such file|no table metadata or protocol")
_ATTEMPTS: Final = 5
_PAUSE: Final = 0.02
"""How often, and after how many seconds, opening a table is retried if an entry of its log was removed meanwhile."""

_SETTLED: Final = 2.0
"""Seconds after which the time of a folder tells all changes apart: FAT stores times in steps of two seconds."""

_OWN_FILE: Final = re.compile(r"(^|/)(part-[^/]+\.parquet|_delta_log/[^/]+\.tmp)$")
_COMPRESSION_LEVEL: Final = 6
_MISSING: Final = "A history needs Delta Lake, which is not installed. Get it with: pip install 'datafast_nb[history]'"


class Tables:
    """The tables at one location.

    Parameters
    ----------
    location
        A folder, or the URL of a place in an object store.
    storage_options
        Options for the object store, as Delta Lake takes them; they override those of the environment.
    """

    def __init__(self, location: str | os.PathLike[str], storage_options: Mapping[str, str] | None = None) -> None:
        text = os.fspath(location)
        self.is_remote = "://" in text and not text.startswith("file://")
        self.location = text.rstrip("/") if self.is_remote else _folder(text)
        given = {key.lower(): value for key, value in (storage_options or {}).items()}
        self._options = {**_PATIENCE, **given} if self.is_remote else None
        self._sums = None if self.is_remote else Checksums(Path(self.location), SCHEMAS)
        self._met = False  # whether all tables existed at the last check
        self._complete: dict[Name, int] = {}  # in an object store: the version whose files all existed
        # The files and the columns of a table at a version.
        self._listed: dict[Name, tuple[DeltaTable, int, pl.DataFrame]] = {}
        self._schemas: dict[Name, tuple[DeltaTable, int, pl.Schema]] = {}

    def __str__(self) -> str:
        return self.location

    def guarded(self, done: str) -> AbstractContextManager[None]:
        """Turn errors of libraries and the system into those of this package."""
        return guarded(self.location, done)

    def open(self, name: Name) -> DeltaTable | None:
        """Open a table as it is now; None if there is no history.

        Raises
        ------
        HistoryFormatError
            A table of the history is missing or damaged.
        """
        with self.guarded("read"):
            if not (self.is_remote and self._met) and not self.are_there():
                return None
            table = self._opened(name)
            if table is None:
                if self.are_there():  # by the names of its files, but Delta Lake finds no table there
                    raise HistoryFormatError(
                        f"The history at {self.location} is damaged: the {LOG} of the table {name} can't be read. "
                        "Restore it from a copy. What is left is untouched."
                    )
                return None
        return self._checked(table)

    def stamp(self) -> tuple[tuple[int, int], ...] | None:
        """Return what changes whenever a table does; None if that can't be told.

        It is the metadata of the folders of the logs, as each commit adds a file to one. A folder that changed just now
        may change again without looking different, and an object store has no folders.
        """
        if self.is_remote:
            return None
        try:
            found = [Path(self.location, name, LOG).stat() for name in SCHEMAS]
        except OSError:
            return None
        settled = max(it.st_mtime for it in found) + _SETTLED < time.time()
        return tuple((it.st_ino, it.st_mtime_ns) for it in found) if settled else None

    def are_there(self) -> bool:
        """Return whether the history was begun; refuse one with missing tables, and change nothing.

        Tables are made one after the other, then the checksums, and only then rows. So if only the first tables exist,
        without rows, their creation was interrupted. Anything else is damage.
        """
        _library()
        with self.guarded("read"):
            missing = {name: why for name in SCHEMAS if (why := self._why_missing(name))}
            present = [name for name in SCHEMAS if name not in missing]
            opened = [self._checked(found) for name in present if missing and (found := self._opened(name))]
            first = list(SCHEMAS)[: len(present)]
            had_rows = any(table.version() for table in opened) or any(map(self._has_data, missing))
            if missing and (self._was_begun() or present != first or had_rows):
                raise HistoryFormatError(
                    f"The history at {self.location} is damaged: "
                    f"{', '.join(f'of the table {name} {why}' for name, why in missing.items())}. Restore what is "
                    "missing from a copy, or start another history elsewhere. Nothing was changed, and what is left "
                    "is untouched."
                )
            if missing and self._met and not self.is_remote:
                raise HistoryStorageError(
                    f"The history is no longer at {self.location}: its folder was moved or removed. Open it where it "
                    "is now, or put it back."
                )
        self._met = not missing
        return self._met

    def _why_missing(self, name: Name) -> str | None:
        """Return what is missing of a table, or None for a complete one."""
        if self.is_remote:
            found = _library().DeltaTable.is_deltatable(f"{self.location}/{name}", self._options)
            return None if found else "the log is gone"
        names: list[str] = []
        for folder, what in ((name, "the folder"), (f"{name}/{LOG}", LOG)):
            try:
                names = os.listdir(Path(self.location, folder))  # noqa: PTH208 - what is forbidden is not missing
            except (FileNotFoundError, NotADirectoryError):
                return f"{what} is gone"
        return None if any(map(_ENTRY.search, names)) else f"{LOG} is empty"

    def _has_data(self, name: Name) -> bool:
        """Return whether the folder of a table without a log holds rows."""
        return not self.is_remote and any(map(_OWN_FILE.search, map(str, Path(self.location, name).glob("*.parquet"))))

    def _was_begun(self) -> bool:
        """Return whether all tables existed at some time."""
        if self._sums is not None:
            return self._sums.exist
        try:
            self._store().open_input_file(FILE)
        except FileNotFoundError:
            return False
        return True

    def _store(self) -> DeltaFileSystemHandler:
        """Return the object store of Delta Lake: the public class in deltalake 1.6.6 needs pyarrow, this one not."""
        from deltalake._internal import DeltaFileSystemHandler

        return DeltaFileSystemHandler(self.location, self._options)

    def _opened(self, name: Name) -> DeltaTable | None:
        """Open a table; again, if an entry of its log was removed between being listed and being read."""
        delta = _library()
        for left in reversed(range(_ATTEMPTS)):
            try:
                if self._sums is not None:
                    self._sums.check_log(name)
                table: DeltaTable = delta.DeltaTable(f"{self.location}/{name}", storage_options=self._options)
            except delta.exceptions.TableNotFoundError:
                return None
            except (delta.exceptions.DeltaError, OSError) as error:
                if not left or not _GONE.search(str(error)):
                    raise
                time.sleep(_PAUSE)
            else:
                return table
        return None

    def check_place(self) -> None:
        """Refuse to make tables in folders that already hold something else."""
        if self.is_remote:
            return
        with self.guarded("written"):
            for folder in (Path(self.location, name) for name in SCHEMAS):
                if folder.is_dir() and any(folder.iterdir()) and not (folder / LOG).exists():
                    raise HistoryStorageError(
                        f"{folder} holds files that don't belong to a history, and nothing was written there. Choose "
                        "another location, such as a new folder."
                    )

    def make_folder(self, within: str = "") -> None:
        """Make the history's folder, or one in it, for its owner only. An existing folder stays as it is."""
        if not self.is_remote:
            Path(self.location, within).mkdir(OWNER_ONLY_FOLDER, parents=not within, exist_ok=True)

    def create(self, name: Name, properties: dict[str, str]) -> DeltaTable:
        """Make a table, or open an existing one."""
        with self.guarded("written"):
            for folder in ("", name, f"{name}/{LOG}"):
                self.make_folder(folder)
            delta = _library()
            own = {f"{_PROPERTY}{key}": value for key, value in properties.items()}
            measured = {"delta.dataSkippingStatsColumns": _MEASURED[name]}
            table: DeltaTable = delta.DeltaTable.create(
                f"{self.location}/{name}",
                schema=delta.Schema.from_arrow(pl.Schema(_stored(SCHEMAS[name]))),
                mode="ignore",
                name=name,
                configuration={**_CONFIGURATION, **measured, **own},
                storage_options=self._options,
                raise_if_key_not_exists=False,
            )
        return self._checked(table)

    def begin(self) -> None:
        """Note that all tables exist, and the checksums of their files."""
        with self.guarded("written"):
            if self._sums is not None:
                self._sums.begin()
            elif not self._was_begun():
                stream: Any = self._store().open_output_stream(FILE)
                stream.close()
        self._met = True

    def note(self) -> None:
        """Store the checksums of what has been written since. An object store has its own."""
        if self._sums is not None:
            with self.guarded("written"):
                self._sums.note()

    def scan(
        self,
        table: DeltaTable,
        name: Name,
        first: datetime | None = None,
        last: datetime | None = None,
        *,
        every: bool = False,
    ) -> pl.LazyFrame:
        """Return a table as a lazy frame, as it is stored: all its times are in microseconds.

        Parameters
        ----------
        table, name
            Which table, and what it is called.
        first, last
            If only rows seen from the first to the last moment will be requested, other files may be damaged.
        every
            Whether to include the columns that other programs have added.
        """
        self.check_files(table, first, last)
        with self.guarded("read"):
            # Of these options, Polars takes this one as a number, and Delta Lake as text.
            number = None if self._options is None else {"max_retries": int(self._options["max_retries"])}
            found = table if self.is_remote else _with_paths(table)
            columns = self._columns(table, name)
            return pl.scan_delta(found, storage_options=number).select(
                *columns, *([pl.exclude(SCHEMAS[name].names())] if every else [])
            )

    def _columns(self, table: DeltaTable, name: Name) -> list[pl.Expr]:
        """Return the columns of a table that belong to a history; refuse a table whose columns don't fit.

        Another version of this package, or another program, may have left out a column or changed its type.
        """
        found = _of_version(self._schemas, table, name, lambda it: pl.Schema(it.schema()))
        columns = []
        for column, dtype in _stored(SCHEMAS[name]).items():
            there = found.get(column)
            if there is None and column not in _NEEDED[name]:
                columns.append(pl.lit(None, dtype).alias(column))
            elif there is not None and _fits(there, dtype):
                columns.append(pl.col(column).cast(dtype))
            else:
                what = "is missing" if there is None else f"is {there} and should be {dtype}"
                raise HistoryFormatError(
                    f"The history at {self.location} can't be read: the column {column!r} of the table {name} {what}. "
                    "Another program has changed that table: undo it there (Delta Lake's RESTORE), or restore it from "
                    "a copy. Nothing was changed."
                )
        return columns

    def check_files(
        self,
        table: DeltaTable,
        first: datetime | None = None,
        last: datetime | None = None,
        *,
        afresh: bool = False,
    ) -> None:
        """Refuse missing or altered files before they are read.

        In an object store, which has its own checksums, only check that they exist.

        Parameters
        ----------
        table
            Which table.
        first, last
            Only files with rows seen from the first to the last moment.
        afresh
            Also read files again that were verified before.
        """
        name: Any = table.table_uri.rstrip("/").rpartition("/")[2]
        if self._sums is None:
            self._check_complete(table, name, afresh=afresh)
            return
        found = self._files(table, name)
        if first is not None:
            found = found.filter(pl.col("last") >= literal(first))
        if last is not None:
            found = found.filter(pl.col("first") <= literal(last))
        for path, size in found.select("path", "bytes").iter_rows():
            self._check_size(f"{name}/{path}", size)
        with self.guarded("read"):
            self._sums.check((f"{name}/{path}" for path in found["path"]), afresh=afresh)

    def _files(self, table: DeltaTable, name: Name) -> pl.DataFrame:
        """Return the files of a table, as `files` does: to list them takes longer than to filter."""
        return _of_version(self._listed, table, name, files)

    def check(self) -> Checked | None:
        """Read every file; return None if no history was begun."""
        faults: list[str] = []
        found = []
        for name in SCHEMAS:
            try:
                table = self.open(name)
                if table is None:
                    return None
                found.append(self._check_table(table, name))
            except HistoryFormatError as error:
                faults.append(str(error))
        if faults:
            raise HistoryFormatError(" ".join(faults))
        return Checked(*(sum(each) for each in zip(*found, strict=True)))

    def _check_table(self, table: DeltaTable, name: Name) -> Checked:
        """Read the files of a table; those without a checksum are read by Polars."""
        paths = files(table)["path"].to_list()
        self.check_files(table, afresh=True)
        log, known = [], set[str]()
        if self._sums is not None:
            log, known = self._sums.log_of(name), set(self._sums.known())
            with self.guarded("read"):
                self._sums.check(log, afresh=True)
        unknown = [path for path in paths if f"{name}/{path}" not in known]
        if unknown:
            with self.guarded("read"):
                rows = self.scan(table, name, every=True)
                rows.select(pl.all().count()).collect(engine="streaming")
        return Checked(len(paths) + len(log), len(unknown) + sum(it not in known for it in log))

    def _check_size(self, path: str, size: int) -> None:
        """Refuse a file whose size differs from the log."""
        try:
            found = Path(self.location, path).stat().st_size
        except FileNotFoundError:
            found = None
        if found != size:
            state = "is missing" if found is None else f"has {found:,} bytes instead of {size:,}"
            raise HistoryFormatError(
                f"The history at {self.location} is damaged: {path} {state}. Restore it from a copy. The other files "
                "are untouched."
            )

    def _check_complete(self, table: DeltaTable, name: Name, *, afresh: bool) -> None:
        """Refuse a table of which files are missing in the object store."""
        version = table.version()
        if self._complete.get(name) == version and not afresh:
            return
        with self.guarded("read"):
            gone = table.repair(dry_run=True)["files_removed"]
        if gone:
            raise HistoryFormatError(
                f"The history at {self.location} is damaged: {name}/{gone[0]} is missing. Restore it from a copy. The "
                "other files are untouched."
            )
        self._complete[name] = version

    def refresh(self, table: DeltaTable) -> None:
        """Update a table with what was committed since it was opened."""
        with self.guarded("read"):
            table.update_incremental()

    def append(self, table: DeltaTable, rows: pl.DataFrame) -> None:
        """Add rows, in one commit; also the columns that an earlier version did not have."""
        with self.guarded("written"):
            self._write(table, rows, mode="append")

    def replace(self, table: DeltaTable, rows: pl.DataFrame, first: datetime, last: datetime) -> None:
        """Replace all rows seen from `first` to `last`, in one commit."""
        with self.guarded("written"):
            before = files(table)["path"]
            predicate = f"seen_at >= '{first.isoformat()}' AND seen_at <= '{last.isoformat()}'"
            self._write(table, rows, mode="overwrite", predicate=predicate)
            if not self.is_remote:  # their age counts from now on
                for path in before.filter(~before.is_in(files(table)["path"].implode())):
                    os.utime(_path(table, path))

    def _write(self, table: DeltaTable, rows: pl.DataFrame, **how: Any) -> None:  # noqa: ANN401 - options of deltalake
        """Write rows with the types of the table."""
        delta = _library()
        there = pl.Schema(table.schema())
        stored = rows.cast(_stored(rows.schema))  # type: ignore[arg-type]
        delta.write_deltalake(
            table,
            stored.cast({name: there[name] for name in rows.columns if name in there}),
            schema_mode=None if there.names() == rows.columns else "merge",
            writer_properties=delta.WriterProperties(compression="ZSTD", compression_level=_COMPRESSION_LEVEL),
            **how,
        )

    def remove_after(self, table: DeltaTable, last: datetime | None) -> None:
        """Remove the rows seen after a moment; None removes all."""
        with self.guarded("written"):
            newest: Any = files(table)["last"].max()
            if newest is not None and (last is None or newest > last):
                self.check_files(table, last, afresh=True)  # an altered file would be rewritten as a valid one
                table.delete(None if last is None else f"seen_at > '{last.isoformat()}'")

    def check_left_behind(self, table: DeltaTable, polls: DeltaTable, last: datetime | None) -> None:
        """Refuse rows later than the last poll that come from more than one append.

        An interrupted append leaves only its own rows, and an interrupted `remove_after` those after the polls that it
        removed first. Any others have lost their polls: the table of polls is an older copy.
        """
        found = files(table)
        later = found if last is None else found.filter(pl.col("last") > last)
        if later.height < 2:  # noqa: PLR2004 - each append brings a file at least
            return
        with self.guarded("read"):
            newest = next((it for it in polls.history() if it.get("operation") in {"WRITE", "DELETE"}), {})
            appends = (it for it in table.history() if it.get("operationParameters", {}).get("mode") == "Append")
            brought = next(appends, {}).get("operationMetrics", {}).get("num_added_files", 1)
        if later.height > brought and newest.get("operation") != "DELETE":
            name = table.table_uri.rstrip("/").rpartition("/")[2]
            until = "none" if last is None else f"none after {last:%Y-%m-%d %H:%M:%S} UTC"
            raise HistoryFormatError(
                f"The history at {self.location} is damaged: the table {name} has rows of later snapshots than the "
                f"table polls, which has {until}. One of the two is an older copy: restore both from the same copy. "
                "Nothing was changed."
            )

    def clean(self, table: DeltaTable, *, thoroughly: bool = False) -> None:
        """Delete the files that no reader needs anymore, and optionally those that belong to no commit.

        If any of the latter are not this package's, all of them stay.
        """
        with self.guarded("written"):
            bounds: Any = {"retention_hours": self._hours(table), "enforce_retention_duration": False}
            ours = thoroughly and all(map(_OWN_FILE.search, table.vacuum(dry_run=True, full=True, **bounds)))
            if ours or table.vacuum(dry_run=True, **bounds):
                table.vacuum(dry_run=False, full=ours, **bounds)
            if not self.is_remote:
                self._clean_folder(table)

    def _hours(self, table: DeltaTable) -> int:
        """Return how long merged files are kept: a day, or less in an object store with too many of them."""
        if not self.is_remote:
            return RETENTION
        freely: Any = {"dry_run": True, "enforce_retention_duration": False}
        merged = len(table.vacuum(retention_hours=0, **freely))
        fitting = (it for it in _HOURS if merged - len(table.vacuum(retention_hours=it, **freely)) <= KEPT)
        return next(fitting, _HOURS[-1])

    def _clean_folder(self, table: DeltaTable) -> None:
        """Delete the oldest merged files beyond the limit, and the leftovers of interrupted writes."""
        live = set(files(table)["path"])
        merged = [
            (file.stat().st_mtime, file) for file in _path(table, "").glob("part-*.parquet") if file.name not in live
        ]
        before = time.time() - GRACE
        for modified, file in sorted(merged, reverse=True)[KEPT:]:
            if modified < before:
                file.unlink(missing_ok=True)
        table.cleanup_metadata()

    def size_on_disk(self) -> tuple[int, int] | None:
        """Return the number of all files and their bytes; None for an object store, which would have to list them."""
        if self.is_remote:
            return None
        sizes = []
        for folder, _, names in os.walk(self.location):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    sizes.append(Path(folder, name).stat().st_size)
        return len(sizes), sum(sizes)

    def set_property(self, table: DeltaTable, key: str, value: str) -> None:
        """Set a property of a table. Writers that opened it before can no longer write to it."""
        with self.guarded("written"):
            table.alter.set_table_properties({f"{_PROPERTY}{key}": value}, raise_if_not_exists=False)

    def _checked(self, table: DeltaTable) -> DeltaTable:
        """Refuse a table made by a newer version of this package, or by another program."""
        with self.guarded("read"):
            found = properties_of(table).get("format", "")
        if not found.isdecimal():
            raise HistoryFormatError(
                f"{table.table_uri} is a Delta Lake table, but not one of a history. Choose another location."
            )
        if int(found) > FORMAT:
            raise HistoryFormatError(
                f"The history at {self.location} was written by a newer version of datafast_nb (format {found}; this "
                f"one reads up to {FORMAT}). Upgrade: pip install -U datafast_nb. Nothing was changed."
            )
        return table


def _folder(text: str) -> str:
    """Return the path of a folder, or refuse one that Delta Lake can't find again."""
    is_url = text.startswith("file://")
    folder = Path(url2pathname(text.removeprefix("file://")) if is_url else text).expanduser().resolve()
    if wrong := next((found for part in folder.parts[1:] if (found := _UNREADABLE.search(part))), None):
        raise HistoryStorageError(
            f"A history can't be kept in {plain(str(folder), 300)}: Delta Lake does not read folders with "
            f"{wrong.group()!r} in their name. Choose another name."
        )
    return str(folder)


def _with_paths(table: DeltaTable) -> DeltaTable:
    """Return a local table whose files are known by their paths: Delta Lake encodes them, Polars wants them plain.

    Polars 2.1.0 gets them from deltalake 1.6.6 by ``file_uris``, and reads them unchanged.
    """
    found = copy.copy(table)
    found.file_uris = lambda *given: [url2pathname(uri) for uri in table.file_uris(*given)]  # type: ignore[method-assign]
    return found


def properties_of(table: DeltaTable) -> dict[str, str]:
    """Return this package's own properties of a table."""
    found = table.metadata().configuration
    return {key.removeprefix(_PROPERTY): value for key, value in found.items() if key.startswith(_PROPERTY)}


def _of_version(
    kept: dict[Name, tuple[DeltaTable, int, _Read]], table: DeltaTable, name: Name, read: Callable[[DeltaTable], _Read]
) -> _Read:
    """Return what is read of a table, once for each of its versions."""
    version, last = table.version(), kept.get(name)
    if last is None or last[0] is not table or last[1] != version:
        last = kept[name] = table, version, read(table)
    return last[2]


def files(table: DeltaTable) -> pl.DataFrame:
    """Return the files of a table: `path`, `bytes`, `rows`, and the `first` and `last` moment seen in each."""
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    if not actions.height:
        return pl.DataFrame(
            schema={"path": pl.String, "bytes": pl.Int64, "rows": pl.Int64, "first": MOMENT, "last": MOMENT}
        )
    measured = {"num_records", "min.seen_at", "max.seen_at"}
    if (
        not measured.issubset(actions.columns)
        or actions.filter(
            pl.col("num_records").is_null() | (pl.col("max.seen_at").is_null() & (pl.col("num_records") > 0))
        ).height
    ):
        raise HistoryFormatError(
            f"{table.table_uri} has files without statistics of seen_at, which another program has written. Make it "
            "write them: they are in the table's property delta.dataSkippingStatsColumns. Nothing was changed."
        )
    return actions.select(
        "path",
        bytes="size_bytes",
        rows="num_records",
        first=pl.col("min.seen_at").cast(MOMENT),
        last=pl.col("max.seen_at").cast(MOMENT),
    ).sort("first")


def as_given(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the service's own times in the precision of ``schema``; those of the polls keep theirs."""
    given = [name for name in rows.collect_schema().names() if name in _GIVEN_TIMES]
    return rows.with_columns(pl.col(given).cast(TIMESTAMP))


def _stored(schema: pl.Schema) -> dict[str, pl.DataType]:
    """Return the types as Delta Lake stores them."""
    return {name: MOMENT if dtype == TIMESTAMP else dtype for name, dtype in schema.items()}


def _path(table: DeltaTable, name: str) -> Path:
    """Return the path of a file in the folder of a table."""
    return Path(_folder(table.table_uri)) / name


def _fits(found: pl.DataType, wanted: pl.DataType) -> bool:
    """Return whether values of one type can be converted to another without loss."""
    if isinstance(found, pl.Datetime) and isinstance(wanted, pl.Datetime):
        return found.time_zone == wanted.time_zone
    if wanted.is_float():
        return found.is_numeric()
    return found == wanted or (found.is_integer() and wanted.is_integer())


def _library() -> ModuleType:
    """Import Delta Lake, or say how to get it."""
    try:
        import deltalake
    except ImportError as error:
        raise ImportError(_MISSING) from error
    return deltalake
