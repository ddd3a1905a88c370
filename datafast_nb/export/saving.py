"""Saves a snapshot, a history, a frame or a result: as csv, xlsx, parquet, json or ndjson."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import narwhals.stable.v2 as nw
import polars as pl
from polars.exceptions import PolarsError

from datafast_nb.export.cells import in_cells, nestable
from datafast_nb.export.redaction import checked_key, redacted
from datafast_nb.export.workbook import workbook
from datafast_nb.files import whole, write_whole
from datafast_nb.history import History
from datafast_nb.history.faults import guarded
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import nearest

Tables = dict[str, pl.LazyFrame]

_OF_THE_DISK: Final = ("os error 27", "os error 28", "os error 122")  # too large a file, no space, over quota

FORMATS: Final = (".csv", ".xlsx", ".parquet", ".json", ".ndjson")
TABLES: Final = ("sessions", "visitors", "events", "payments")
"""The tables of a history that are saved."""


def save(data: Any, path: str | Path, *, redact: bool | bytes = False) -> Path:  # noqa: ANN401 - any frame
    """Write a snapshot, a history, a frame or a result to a file, in the format of the file's extension.

    Parameters
    ----------
    data : Snapshot, History, frame or result
        A frame is one of Polars, eager or lazy, such as ``snap.visitors``, ``dfn.breakdown(snap)`` or
        ``history.sessions()``, or any other that Narwhals reads. A result may also hold several frames, as that of
        ``dfn.calibration`` does.
    path : str or pathlib.Path
        The file: ``.csv``, ``.xlsx``, ``.parquet``, ``.json`` (an array of objects) or ``.ndjson`` (an object a line).
        Data with several tables, such as a snapshot or a history, becomes a workbook with a sheet each, or else a
        folder with a file each: ``now.csv`` gives ``now/visitors.csv``, ``now/events.csv`` and ``now/payments.csv``.
    redact : bool or bytes, default False
        Replace names and addresses with pseudonyms, as ``Snapshot.redacted`` does. Text columns that are not those of a
        snapshot are cleaned as URLs are. To use your own key, pass at least 16 bytes.

    Returns
    -------
    pathlib.Path
        The file, or the folder. It is written completely or, on failure, left as it was.

    Raises
    ------
    TypeError
        `data` can't be saved.
    ValueError
        The extension is unknown, `path` is a folder, or a sheet can't hold so many rows.
    FileNotFoundError
        The folder of the file does not exist.
    ImportError
        The format ``.xlsx`` needs the extra ``export``: ``pip install 'datafast_nb[export]'``.
    HistoryError
        A history can't be read.

    Notes
    -----
    In csv and xlsx, lists are joined by ``;`` and text that a spreadsheet would run as a formula gets an apostrophe in
    front, as OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection); so does what follows a ``;`` or a
    tab inside a text, as some spreadsheets begin a new cell there. Numbers stay numbers. To keep such texts unchanged,
    and lists as lists, save as parquet or json.

    Times keep their zone: in csv and JSON as ISO 8601 with the offset. A time in Excel has no zone: a workbook holds
    the clock time in the column's zone, and shows the zone's name after it. Numbers that are not finite are null in
    JSON, and empty in xlsx.

    A lazy frame is written as it is read, so that a long history needs little memory; but json, xlsx and `redact` need
    all rows at once.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> with TemporaryDirectory() as folder:
    ...     file = dfn.save(dfn.breakdown(snap, by="device"), Path(folder) / "devices.csv", redact=True)
    ...     print(file.read_text()[:22])
    device,visitors,share,
    """
    file = Path(path)
    suffix = checked_suffix(file)
    key = checked_key(redact)
    del redact  # a traceback shows the remaining variables
    with _reading(data):
        tables = _tables(data)
        if key is not None:
            tables = redacted(tables, key)
        if suffix == ".xlsx":
            write_whole(file, workbook({name or "data": table.collect() for name, table in tables.items()}))
            return file
        return _write(tables, file, _WRITERS[suffix])


def checked_suffix(file: Path) -> str:
    """Return the extension of a file in lower case.

    Raises
    ------
    ValueError
        There is no such format, or the file is a folder.
    FileNotFoundError
        The folder of the file does not exist.

    Examples
    --------
    >>> checked_suffix(Path("visitors.CSV"))
    '.csv'
    """
    if file.is_dir():
        raise ValueError(f"{str(file)!r:.200} is a folder: give a file, such as {str(file / 'visitors.csv')!r:.200}.")
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(file.parent)!r:.200} to save {file.name!r:.80} in.")
    suffix = file.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(
            f"{file.name!r:.80} has an unknown format.{nearest(suffix, FORMATS)} There are: {', '.join(FORMATS)}."
        )
    return suffix


@contextmanager
def _reading(data: object) -> Iterator[None]:
    """Turn faults of a history's files into errors of this package, but leave those of the new file unchanged."""
    try:
        yield
    except (FileNotFoundError, PolarsError) as error:
        if not isinstance(data, History) or any(words in str(error) for words in _OF_THE_DISK):
            raise
        with guarded(data.location, "read"):
            raise


def _tables(data: Any) -> Tables:  # noqa: ANN401 - any frame
    """Return the frames to save by name; a single frame has the empty name."""
    if isinstance(data, Snapshot):
        return {name: getattr(data, name).lazy() for name in TABLES if name != "sessions"}
    if isinstance(data, History):
        return {name: getattr(data, name)() for name in TABLES}
    if is_dataclass(data):
        held = {it.name: getattr(data, it.name) for it in fields(data)}
        found = {name: it.lazy() for name, it in held.items() if isinstance(it, (pl.DataFrame, pl.LazyFrame))}
        if found:
            return found
    return {"": _in_polars(data)}


def _in_polars(data: Any) -> pl.LazyFrame:  # noqa: ANN401 - any frame
    """Return any frame as a lazy Polars frame, with its own dtypes."""
    try:
        frame = nw.from_native(data)
    except TypeError as error:
        raise TypeError(
            f"save takes a Snapshot, a History, a frame or a result, not {type(data).__name__}. Charts are saved by "
            "dfn.charts.save, maps by their save_html and save_image."
        ) from error
    if frame.implementation.is_polars():
        native: pl.LazyFrame = frame.lazy().to_native()
        return native
    eager = frame.collect("polars") if isinstance(frame, nw.LazyFrame) else frame
    return eager.to_polars().lazy()


def _write(tables: Tables, file: Path, write: Callable[[pl.LazyFrame, Path], object]) -> Path:
    """Write a file, or a folder with a file for each table: all of them or none."""
    if [*tables] == [""]:
        with whole(file) as new:
            write(tables[""], new)
        return file
    folder = file.with_suffix("")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{str(folder)!r:.200} is a file: the tables need a folder of this name. Give another name.")
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        with ExitStack() as all_of_them:
            for name, table in tables.items():
                write(table, all_of_them.enter_context(whole(folder / f"{name}{file.suffix}")))
    except BaseException:
        if is_new:
            with suppress(OSError):  # such as what another program put there meanwhile; the first error counts
                folder.rmdir()
        raise
    return folder


def _write_csv(table: pl.LazyFrame, file: Path) -> None:
    in_cells(table).sink_csv(file)


def _write_parquet(table: pl.LazyFrame, file: Path) -> None:
    table.sink_parquet(file)


def _write_json(table: pl.LazyFrame, file: Path) -> None:
    nestable(table).collect().write_json(file)


def _write_ndjson(table: pl.LazyFrame, file: Path) -> None:
    nestable(table).sink_ndjson(file)


_WRITERS: Final[Mapping[str, Callable[[pl.LazyFrame, Path], None]]] = MappingProxyType(
    {".csv": _write_csv, ".parquet": _write_parquet, ".json": _write_json, ".ndjson": _write_ndjson}
)
