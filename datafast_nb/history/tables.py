"""The four Delta Lake tables of a history, and what can go wrong with them. The only module that knows Delta Lake.

``polls`` has one row for each snapshot, written last: a row of the other three counts only if its ``seen_at`` is not
after the last poll. So four tables change as one, and what a crash left behind is never read.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.request import url2pathname

import polars as pl

from datafast_nb.errors import HistoryError, HistoryFormatError, HistoryInUseError, HistoryStorageError
from datafast_nb.formats import plain
from datafast_nb.schema import EVENTS, PAYMENTS, TIMESTAMP, VISITORS

if TYPE_CHECKING:
    from deltalake import DeltaTable

Name = Literal["visitors", "events", "payments", "polls"]

FORMAT: Final = 1
"""Which version of these tables this package writes, and the latest that it reads."""

MOMENT: Final = pl.Datetime("us", "UTC")

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
    }
)
"""One row per snapshot: its figures, how many rows its frames had, and how far back they reach.

``states_since`` is when the oldest state was written that was still true, ``events_since`` and ``payments_since`` are
the times of the oldest ones shown, and ``gap_since`` is set where nothing is known of the time from there to this poll.
"""

RETENTION: Final = 24
"""Hours for which a file that was merged into another stays, for readers who still need it."""

_FIRST: Final = {"seen_at": MOMENT}
SCHEMAS: Final[dict[Name, pl.Schema]] = {
    "visitors": pl.Schema({**_FIRST, "change": pl.String(), "copy": pl.Int64(), **VISITORS}),
    "events": pl.Schema({**_FIRST, **EVENTS}),
    "payments": pl.Schema({**_FIRST, **PAYMENTS}),
    "polls": POLLS,
}
"""The columns of each table. Delta Lake keeps times in microseconds; `scan` gives those of ``schema`` back."""


class Rows(NamedTuple):
    """Rows to add to the four tables, in their columns; any order."""

    visitors: pl.DataFrame
    events: pl.DataFrame
    payments: pl.DataFrame
    polls: pl.DataFrame


SORTED_BY: Final[dict[Name, tuple[str, ...]]] = {
    # One visitor's rows follow each other, so that what stays the same costs next to nothing.
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
    "delta.logRetentionDuration": "interval 1 hours",
    "delta.deletedFileRetentionDuration": f"interval {RETENTION} hours",
    f"{_PROPERTY}format": str(FORMAT),
}
_PATIENCE: Final = {"timeout": "30s", "connect_timeout": "5s", "max_retries": "3", "retry_timeout": "60s"}
"""How long an object store is waited for: about a minute."""

_UNREADABLE: Final = re.compile(r"[\[\]^|\\\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")
"""What Delta Lake does not take literally in a folder's name."""

_OWN_FILE: Final = re.compile(r"(^|/)(part-[^/]+\.parquet|_delta_log/[^/]+\.tmp)$")
_COMPRESSION_LEVEL: Final = 6
_MISSING: Final = "A history needs Delta Lake, which is not installed. Get it with: pip install 'datafast_nb[history]'"


class _Fault(NamedTuple):
    """What a fault is known by in the words of Delta Lake or the system, and what to say about it."""

    words: tuple[str, ...]
    kind: type[HistoryError]
    says: str


_DAMAGED: Final = _Fault(
    ("generic delta kernel error",),
    HistoryFormatError,
    "A table of the history at {at} is damaged, perhaps by a file that was written by half. Every file of its "
    "_delta_log must be whole: restore what is missing or broken from a copy.",
)
_OF_THE_SYSTEM: Final = _Fault(("connect", "generic"), HistoryStorageError, "The history at {at} can't be {done}.")
_FAULTS: Final = (
    _Fault(
        ("metadata changed",),
        HistoryInUseError,
        "Another writer has taken over the history at {at}. Record with one writer at a time; reading is free.",
    ),
    _Fault(
        ("no space left", "disk quota", "file too large", "os error 28", "os error 27", "os error 122"),
        HistoryStorageError,
        "No space left for the history at {at}. Make room.",
    ),
    _Fault(
        ("permission denied", "read-only file system", "accessdenied", "forbidden", "os error 13", "os error 30"),
        HistoryStorageError,
        "The history at {at} can't be {done}: permission denied. Check who owns it.",
    ),
    _Fault(
        ("timed out", "connect error", "connection refused", "connection reset", "dns error"),
        HistoryStorageError,
        "The store of the history at {at} could not be reached, or did not answer in time. Check its address and the "
        "network; storage_options with another timeout waits longer.",
    ),
    _Fault(
        ("unsupported", "reader version", "writer version", "reader feature", "writer feature", "table feature"),
        HistoryFormatError,
        "The tables at {at} use a feature of Delta Lake that the installed deltalake does not know. Upgrade it: pip "
        "install -U deltalake.",
    ),
    _DAMAGED,
    _OF_THE_SYSTEM,
)


class Tables:
    """The tables at one location.

    Parameters
    ----------
    location
        A folder, or the URL of a place in an object store.
    storage_options
        Options for the object store, as Delta Lake takes them; they win over those of the environment.
    """

    def __init__(self, location: str | os.PathLike[str], storage_options: Mapping[str, str] | None = None) -> None:
        text = os.fspath(location)
        self.is_remote = "://" in text and not text.startswith("file://")
        self.location = text.rstrip("/") if self.is_remote else _folder(text)
        given = {key.lower(): value for key, value in (storage_options or {}).items()}
        self._options = {**_PATIENCE, **given} if self.is_remote else None

    def __str__(self) -> str:
        return self.location

    def open(self, name: Name) -> DeltaTable | None:
        """Open a table as it is now; None where there is none."""
        with self.guarded("read"):
            delta = _library()
            try:
                table: DeltaTable = delta.DeltaTable(f"{self.location}/{name}", storage_options=self._options)
            except delta.exceptions.TableNotFoundError:
                if not self.is_remote:
                    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                        next(Path(self.location, name).iterdir(), None)  # what is forbidden is not what is missing
                return None
        return self._checked(table, name)

    def check_place(self) -> None:
        """Refuse to make tables in folders that hold something else already."""
        if self.is_remote:
            return
        with self.guarded("written"):
            for folder in (Path(self.location, name) for name in SCHEMAS):
                if folder.is_dir() and any(folder.iterdir()) and not (folder / "_delta_log").exists():
                    raise HistoryStorageError(
                        f"{folder} holds files that are none of a history's, and nothing was made there. Choose "
                        "another location, such as a new folder."
                    )

    def create(self, name: Name, properties: dict[str, str]) -> DeltaTable:
        """Make a table, or open it where it is there already."""
        with self.guarded("written"):
            if not self.is_remote:
                Path(self.location).mkdir(parents=True, exist_ok=True)
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
        return self._checked(table, name)

    def scan(self, table: DeltaTable, name: Name) -> pl.LazyFrame:
        """Give a table lazily, as it is stored: all its times are in microseconds."""
        if not self.is_remote:
            self._check_files(table, name)
        with self.guarded("read"):
            # Of these options, Polars takes this one as a number, and Delta Lake as text.
            number = None if self._options is None else {"max_retries": int(self._options["max_retries"])}
            found = table if self.is_remote else _with_paths(table)
            return pl.scan_delta(found, storage_options=number).select(SCHEMAS[name].names())

    def _check_files(self, table: DeltaTable, name: Name) -> None:
        """Refuse files that are not as long as the table's log says, before a reader stumbles over them."""
        folder = Path(self.location) / name
        for path, size in files(table).select("path", "bytes").iter_rows():
            file = folder / path
            found = file.stat().st_size if file.exists() else None
            if found != size:
                state = "is missing" if found is None else f"has {found:,} bytes instead of {size:,}"
                raise HistoryFormatError(
                    f"The history at {self.location} is damaged: {file.relative_to(self.location)} {state}. Restore it "
                    "from a copy. The other files are untouched."
                )

    def _check_log(self, name: Name) -> None:
        """Refuse an empty entry in a log: Delta Lake takes it for a change of nothing, and would lose what it said."""
        if self.is_remote:
            return
        with os.scandir(Path(self.location, name, "_delta_log")) as entries:
            empty = sorted(it.name for it in entries if it.name.endswith(".json") and not it.stat().st_size)
        if empty:
            raise HistoryFormatError(
                f"The history at {self.location} is damaged: {name}/_delta_log/{empty[0]} is empty, as a power cut may "
                "leave it. If it is the newest one there, remove it, and the append that was broken off is forgotten. "
                "Otherwise restore it from a copy. What was stored before is untouched."
            )

    def refresh(self, table: DeltaTable) -> None:
        """Take note of what was committed since a table was opened."""
        with self.guarded("read"):
            table.update_incremental()

    def append(self, table: DeltaTable, rows: pl.DataFrame) -> None:
        """Add rows, in one commit."""
        with self.guarded("written"):
            delta = _library()
            delta.write_deltalake(table, _as_stored(rows), mode="append", writer_properties=_writing(delta))

    def replace(self, table: DeltaTable, rows: pl.DataFrame, first: datetime, last: datetime) -> None:
        """Put rows in place of all those seen from `first` to `last`, in one commit."""
        with self.guarded("written"):
            delta = _library()
            delta.write_deltalake(
                table,
                _as_stored(rows),
                mode="overwrite",
                predicate=f"seen_at >= '{first.isoformat()}' AND seen_at <= '{last.isoformat()}'",
                writer_properties=_writing(delta),
            )

    def remove_after(self, table: DeltaTable, last: datetime | None) -> None:
        """Remove the rows seen after a moment; None removes all."""
        with self.guarded("written"):
            newest: Any = files(table)["last"].max()
            if newest is not None and (last is None or newest > last):
                table.delete(None if last is None else f"seen_at > '{last.isoformat()}'")

    def clean(self, table: DeltaTable, *, thoroughly: bool = False) -> None:
        """Delete the files that no reader needs any more; thoroughly, also those that no commit ever named.

        Where there are files of others among those, all that no commit named stay.
        """
        with self.guarded("written"):
            bounds: Any = {"retention_hours": RETENTION, "enforce_retention_duration": False}
            ours = thoroughly and all(map(_OWN_FILE.search, table.vacuum(dry_run=True, full=True, **bounds)))
            table.vacuum(dry_run=False, full=ours, **bounds)

    def set_property(self, table: DeltaTable, key: str, value: str) -> None:
        """Set a property of a table. Whoever opened it before can't write to it any more."""
        with self.guarded("written"):
            table.alter.set_table_properties({f"{_PROPERTY}{key}": value}, raise_if_not_exists=False)

    @contextlib.contextmanager
    def guarded(self, done: str) -> Iterator[None]:
        """Turn what Delta Lake and the system raise into the errors of this package."""
        try:
            yield
        except HistoryError:
            raise
        except Exception as error:
            if not isinstance(error, OSError) and not type(error).__module__.endswith("_internal"):
                raise
            raise self._error(error, done) from error

    def _error(self, error: Exception, done: str) -> HistoryError:
        """Say what happened, what was kept, and what to do."""
        said = str(error).lower()
        other = _OF_THE_SYSTEM if isinstance(error, OSError) else _DAMAGED
        fault = next((it for it in _FAULTS if any(word in said for word in it.words)), other)
        says = fault.says.format(at=self.location, done=done)
        return fault.kind(f"{says} What was stored before is untouched. ({plain(error, 300)})")

    def _checked(self, table: DeltaTable, name: Name) -> DeltaTable:
        """Refuse a table that a newer version of this package made, that is none of ours, or whose log has a hole."""
        with self.guarded("read"):
            self._check_log(name)
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
    """Give the path of a folder, or refuse one that Delta Lake can't find again."""
    is_url = text.startswith("file://")
    folder = Path(url2pathname(text.removeprefix("file://")) if is_url else text).expanduser().resolve()
    if wrong := next((found for part in folder.parts[1:] if (found := _UNREADABLE.search(part))), None):
        raise HistoryStorageError(
            f"A history can't be kept in {plain(str(folder), 300)}: Delta Lake does not read folders with "
            f"{wrong.group()!r} in their name. Choose another name."
        )
    return str(folder)


def _with_paths(table: DeltaTable) -> DeltaTable:
    """Give a local table whose files are known by their paths: Delta Lake encodes them, Polars wants them plain."""
    found = copy.copy(table)
    found.file_uris = lambda *given: [url2pathname(uri) for uri in table.file_uris(*given)]  # type: ignore[method-assign]
    return found


def properties_of(table: DeltaTable) -> dict[str, str]:
    """Give this package's own properties of a table."""
    found = table.metadata().configuration
    return {key.removeprefix(_PROPERTY): value for key, value in found.items() if key.startswith(_PROPERTY)}


def files(table: DeltaTable) -> pl.DataFrame:
    """Give the files of a table: `path`, `bytes`, `rows`, and the `first` and `last` moment seen in each."""
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    if not actions.height:
        return pl.DataFrame(
            schema={"path": pl.String, "bytes": pl.Int64, "rows": pl.Int64, "first": MOMENT, "last": MOMENT}
        )
    return actions.select(
        "path",
        bytes="size_bytes",
        rows="num_records",
        first=pl.col("min.seen_at").cast(MOMENT),
        last=pl.col("max.seen_at").cast(MOMENT),
    ).sort("first")


def as_given(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Give the times that the service gave the precision of ``schema`` again; those of polls keep theirs."""
    given = [name for name in rows.collect_schema().names() if name in _GIVEN_TIMES]
    return rows.with_columns(pl.col(given).cast(TIMESTAMP))


def _stored(schema: pl.Schema) -> dict[str, pl.DataType]:
    """Give the types that Delta Lake keeps."""
    return {name: MOMENT if dtype == TIMESTAMP else dtype for name, dtype in schema.items()}


def _as_stored(rows: pl.DataFrame) -> pl.DataFrame:
    """Give rows the types that Delta Lake keeps."""
    return rows.cast(_stored(rows.schema))  # type: ignore[arg-type]


def _library() -> ModuleType:
    """Import Delta Lake, or say how to get it."""
    try:
        import deltalake
    except ImportError as error:
        raise ImportError(_MISSING) from error
    return deltalake


def _writing(delta: ModuleType) -> object:
    """Say how files are to be written."""
    return delta.WriterProperties(compression="ZSTD", compression_level=_COMPRESSION_LEVEL)
