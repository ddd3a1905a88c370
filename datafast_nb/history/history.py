"""A history of snapshots: the public class of this package."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import polars as pl

from datafast_nb.checks import checked_duration, in_utc
from datafast_nb.errors import HistoryError, HistoryInUseError, HistoryKeyError, NotRecordedError
from datafast_nb.history import pseudonyms
from datafast_nb.history.changes import IDS, STILL
from datafast_nb.history.moments import MOMENT, before, following, literal
from datafast_nb.history.rebuild import snapshot_at
from datafast_nb.history.recorder import Recording, Report, progress_bar
from datafast_nb.history.replay import Replay
from datafast_nb.history.sessions import sessions
from datafast_nb.history.tables import SCHEMAS, Checked, Name, Rows, Tables, as_given, files
from datafast_nb.history.writer import Appended, Forgotten, Writer
from datafast_nb.polling import checked_every
from datafast_nb.privacy import concealed
from datafast_nb.schema import VISITORS, WINDOW
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import duration, number

if TYPE_CHECKING:
    from deltalake import DeltaTable

_NAMES: Final[tuple[Name, ...]] = ("visitors", "events", "payments", "polls")
_CHUNK: Final = 360  # moments that are read at once: an hour at ten-second intervals


@dataclass(frozen=True, slots=True)
class Info:
    """A summary of what a history holds.

    Attributes
    ----------
    start, end : datetime
        Its first and its last snapshot, in UTC.
    rows, bytes, files : dict of str to int
        For each table: ``visitors``, ``events``, ``payments`` and ``polls``. Bytes are those of the data only.
    gaps : int
        How many gaps there are; see `History.gaps`.
    missing : timedelta
        The total duration of the gaps.
    files_on_disk, bytes_on_disk : int or None
        For the whole folder, including the logs and merged files that are kept for readers. None for an object store,
        which would have to list them.
    """

    start: datetime
    end: datetime
    rows: dict[str, int]
    bytes: dict[str, int]
    files: dict[str, int]
    gaps: int
    missing: timedelta
    files_on_disk: int | None = None
    bytes_on_disk: int | None = None

    def __str__(self) -> str:
        size = sum(self.bytes.values()) / 1e6
        on_disk = self.bytes_on_disk
        changes = number(self.rows["visitors"], "change of visitors", "changes of visitors")
        whole = "" if on_disk is None else f" ({on_disk / 1e6:,.1f} MB in {self.files_on_disk:,} files on disk)"
        return (
            f"{number(self.rows['polls'], 'snapshot')} from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} "
            f"UTC: {changes}, {number(self.rows['events'], 'event')}, {number(self.rows['payments'], 'payment')}, "
            f"{size:,.1f} MB{whole}, {number(self.gaps, 'gap')}"
        )


class _Opened:
    """The tables at one version of the polls; each is opened when it is first requested."""

    def __init__(self, polls: DeltaTable, stamp: object) -> None:
        self.stamp = stamp  # of the tables, before they were opened
        self.version = (polls.metadata().id, polls.version())
        self.newest: datetime | None = files(polls)["last"].max()  # type: ignore[assignment]
        self.tables: dict[Name, DeltaTable] = {"polls": polls}
        self.hour: _Hour | None = None  # in which the moment last requested is
        self.last: tuple[datetime, Snapshot] | None = None  # the snapshot last requested, and the time of its poll


class _Hour(NamedTuple):
    """The rows of which the snapshots of an hour are made: a replay reads them once, not at each step."""

    start: datetime
    end: datetime
    polls: pl.DataFrame
    tables: list[pl.LazyFrame]


class History:
    """The snapshots of one website, kept for as long as you like.

    Four Delta Lake tables, which any engine that reads Delta Lake can open: ``polls`` has a row for each snapshot,
    ``visitors`` one for each change of a visitor (``appeared``, ``changed``, ``left``; and ``still``, once an hour
    while nothing changes), ``events`` and ``payments`` one for each, however often it was shown.
    Needs the extra ``history``: ``pip install 'datafast_nb[history]'``.

    Parameters
    ----------
    location : str or path
        A folder, or a URL in an object store, such as ``s3://bucket/site``. Credentials come from the store's usual
        environment variables. Nothing is created there before the first `append`.
    redact : bool or bytes, optional
        Store pseudonyms in place of names and e-mail addresses, as ``Snapshot.redacted`` makes them. They stay the
        same within the history, and can't be reversed without its key. With True, the key is the value of
        ``DATAFAST_HISTORY_KEY``, or a file beside the folder, ``<location>.key``, made at the first append. Keep that
        file from anyone who must not know the names. To use your own key, pass at least 16 bytes. A full name that is
        also in other text, such as a URL, is blanked out there while a visitor or payer with that name is shown, and
        afterward as long as this object records (the last 10,000 names and addresses). A name that is in no column of
        names is not recognized.
    storage_options : mapping of str to str, optional
        Options for the object store, such as ``{"aws_region": "eu-west-1", "timeout": "2min"}``, as the package
        deltalake accepts them. The default timeout is about a minute.

    Notes
    -----
    One object at a time writes to a history, from its first `append` until `close`; any number may read. Small files
    are merged into large ones. The small ones are kept for a day, so that a frame requested in the morning can be
    collected in the evening, but only the last 250 of each table: with frequent recording, collect a frame within that
    many appends. ``info().bytes_on_disk`` counts them too.

    Each file has a checksum, in the file ``SHA256SUMS`` of the folder, and is verified before it is first read, when it
    is merged, and by `check`. If a file is damaged between requesting a frame and collecting it, Polars raises its own
    error; `History.collect` raises one of this package instead. An object store has its own checksums.

    In a folder, only their owner can access the files.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> site = dfn.demo.Site(seed=0, speed=60)
    >>> with TemporaryDirectory() as folder, dfn.History(folder) as history:
    ...     appended = history.append(site.snapshot())
    ...     visitors = history.visitors().collect()
    >>> appended.visitors == visitors.height
    True
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        redact: bool | bytes = False,
        storage_options: Mapping[str, str] | None = None,
    ) -> None:
        kind, given = type(redact).__name__, concealed(redact)
        del redact  # a traceback shows the remaining variables
        self._tables = Tables(location, storage_options)
        if given is None:
            raise TypeError(f"redact takes True, or your own key as bytes, not {kind}.")
        self._redact = pseudonyms.checked(given)
        self._writer: Writer | None = None
        self._turn = threading.Lock()
        self._recording: Recording | None = None
        self._opened: _Opened | None = None

    @property
    def location(self) -> str:
        """The location of the tables."""
        return self._tables.location

    def append(self, snapshot: Snapshot) -> Appended:
        """Store what is new in a snapshot: all of it or, on failure, nothing.

        A row is written whenever a visitor appears, changes or leaves. Each event and payment is stored once, by id, as
        it was first shown. Appending the same snapshot again changes nothing; snapshots are identified by their time,
        to the millisecond. The rows of ``Snapshot.problems`` are counted, not stored.

        Parameters
        ----------
        snapshot
            A snapshot of one website, later than the last one.

        Returns
        -------
        Appended
            Whether the snapshot was new, how many rows it added, and the gap before it, if any.

        Raises
        ------
        HistoryInUseError
            Another writer is active there.
        HistoryOrderError
            The snapshot is older than the last one.
        HistoryStorageError
            No space, no permission, or no connection. Append again once that is resolved.
        HistoryFormatError
            The tables are damaged, or their version is too new.
        HistoryKeyError
            The key of the pseudonyms is not that of the history.
        """
        if "site" in snapshot.visitors.columns:
            raise ValueError(
                "This snapshot is of several websites. Keep one history for each, and append its snapshots there."
            )
        with self._turn:
            writer = self._writer or self._begin()
            return writer.append(snapshot)

    def extend(self, rows: Rows) -> None:
        """Store many snapshots at once, as rows of the four tables: all of them or, on failure, none.

        Use it to make or convert a history. It refuses one with pseudonyms, as names are stored unchanged.

        Parameters
        ----------
        rows
            Rows with the columns of the tables, all of snapshots later than the last one. The first row of each visit
            says ``appeared``: a visit without one is missing in `sessions`.
        """
        if self._redact is not False:
            raise HistoryKeyError("extend stores names unchanged, but this history holds pseudonyms: use append.")
        with self._turn:
            (self._writer or self._begin()).extend(rows)

    def record(
        self,
        source: Source,
        every: timedelta | str | float = 10,
        duration: timedelta | str | float | None = None,
        *,
        progress: bool = True,
        report: Report | None = None,
    ) -> Recording:
        """Append a source's snapshots at an interval, in the background, until stopped.

        After a fault, it retries at increasing intervals, but often enough that a short fault loses nothing: the next
        snapshot shows what happened in the last ten minutes. Longer interruptions are listed in `gaps`.

        Parameters
        ----------
        source
            A client, or any other source.
        every
            The time between snapshots, in seconds, as a timedelta or as text such as ``"30s"``; at most five minutes.
        duration
            How long to record, in the same forms; by default until ``stop()``.
        progress
            Whether to show a progress bar.
        report
            Called on the recording's thread with what happened (``"stored"``, ``"failed"``, ``"stopped"``) and its
            figures; called on another thread with ``"waiting"`` while a request hangs.

        Returns
        -------
        Recording
            It has ``stop()``, ``wait()``, ``progress``, ``running`` and ``error``.

        Raises
        ------
        DataFastError
            As raised by `append` if recording can't begin, such as `HistoryInUseError`.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> history = dfn.History("site-history")  # doctest: +SKIP
        >>> recording = history.record(dfn.connect())  # doctest: +SKIP
        >>> recording.stop()  # doctest: +SKIP
        """
        if not isinstance(source, Source):
            raise TypeError(f"record takes a source, such as dfn.connect(): {type(source).__name__} has no snapshot().")
        step = checked_every(every)
        span = None if duration is None else checked_duration(duration, "duration")
        with self._turn:
            if self._recording is not None and self._recording.running:
                raise HistoryInUseError("This history is already being recorded: stop that first, with its stop().")
            if self._writer is None:
                self._begin()
            if report is None:
                total = None if span is None else math.ceil(span / step)
                report = progress_bar(total) if progress else _silent
            self._recording = Recording(self, source, step, span, report)
            return self._recording

    def forget_after(self, when: datetime) -> Forgotten:
        """Permanently remove everything recorded after a moment, such as by a clock that ran ahead.

        It removes all of it or, on failure, nothing; after a crash, the next writer finishes the job. The files that
        held it are deleted in the same way as merged ones.

        Parameters
        ----------
        when
            The last moment to keep (with a time zone).

        Returns
        -------
        Forgotten
            How many rows were removed.

        Raises
        ------
        NotRecordedError
            There is no history at this location.
        HistoryInUseError
            Another writer is active there.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> from datetime import UTC, datetime
        >>> history = dfn.History("site-history")  # doctest: +SKIP
        >>> history.forget_after(datetime.now(UTC))  # doctest: +SKIP
        Forgotten(snapshots=3, visitors=12, events=9, payments=0)
        """
        moment = in_utc(when, "when")
        with self._turn:
            if self._writer is None:
                self._open("polls")
            return (self._writer or self._begin()).forget_after(moment)

    def check(self) -> Checked:
        """Read every file of the history, and verify its checksum.

        Returns
        -------
        Checked
            How many files were read, and how many of them have no checksum, such as those of another program: these are
            only known to be readable.

        Raises
        ------
        HistoryFormatError
            Files are missing or altered; the message names them.
        NotRecordedError
            There is no history at this location.
        """
        checked = self._tables.check()
        if checked is None:
            raise self._nothing()
        return checked

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Collect a frame of this history; faults of its files raise the errors of this package.

        Parameters
        ----------
        frame
            A frame that `visitors` or a similar method returned, or one derived from it.

        Raises
        ------
        HistoryError
            A file is gone, damaged, or can't be reached.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> history = dfn.History("site-history")  # doctest: +SKIP
        >>> history.collect(history.payments().select("amount"))  # doctest: +SKIP
        """
        with self._tables.guarded("read"):
            return frame.collect()

    def close(self) -> None:
        """Stop recording, and let others write. Reading still works, and the next `append` opens the history again."""
        if self._recording is not None:
            self._recording.stop()
        with self._turn:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"History({self.location!r})"

    def visitors(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return every state of every visitor: a row when they appeared, and one whenever anything about them changed.

        Parameters
        ----------
        start, end
            Only rows seen from `start` until before `end` (with a time zone); files without such rows are not read.

        Returns
        -------
        polars.LazyFrame
            The columns of ``schema.VISITORS``; then ``seen_at`` (the time of the snapshot that showed it first) and
            ``change`` (``appeared`` or ``changed``). For one row per visit, use `sessions`.

        Raises
        ------
        NotRecordedError
            There is no history at this location.
        """
        rows = self._changes(start, end).filter(pl.col("change") != "left")
        return as_given(rows).select(*VISITORS.names(), "seen_at", "change")

    def events(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return every event once.

        Parameters
        ----------
        start, end
            Only events from `start` until before `end` (with a time zone); files without any are not read. An event
            without a time counts at the moment it was first seen.

        Returns
        -------
        polars.LazyFrame
            The columns of ``schema.EVENTS``, and ``seen_at``: the time of the snapshot that showed it first.

        Raises
        ------
        NotRecordedError
            There is no history at this location.
        """
        return self._records("events", start, end)

    def payments(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return every payment once.

        Parameters
        ----------
        start, end
            Only payments from `start` until before `end` (with a time zone); files without any are not read. A payment
            without a time counts at the moment it was first seen.

        Returns
        -------
        polars.LazyFrame
            The columns of ``schema.PAYMENTS``, and ``seen_at``: the time of the snapshot that showed it first.

        Raises
        ------
        NotRecordedError
            There is no history at this location.
        """
        return self._records("payments", start, end)

    def sessions(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return one row for each visit: who came, and how the visit continued.

        Parameters
        ----------
        start, end
            Only rows seen from `start` until before `end` (with a time zone); the states of a visit before and after
            are ignored. Files without such rows are not read.

        Returns
        -------
        polars.LazyFrame
            The columns of ``schema.VISITORS`` as they were when the visit was first seen; then ``first_seen``,
            ``last_change`` and ``left_at`` (times of snapshots; the last is null for visitors who were still there),
            ``states`` (how many were seen), ``exit_url`` (the last page), and ``became_customer``.

        Raises
        ------
        NotRecordedError
            There is no history at this location.
        """
        return as_given(sessions(self._changes(start, end), complete=start is None))

    def polls(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return one row for each snapshot.

        Parameters
        ----------
        start, end
            Only snapshots from `start` until before `end` (with a time zone).

        Returns
        -------
        polars.LazyFrame
            ``seen_at`` (the time of the snapshot); ``count``, ``has_predictions``, ``conversion_rate`` and
            ``average_value`` as the service gave them; ``visitors``, ``events``, ``payments`` and ``problems`` (how
            many there were); and ``gap_since``, the start of the gap before the snapshot, null if there is none.

        Raises
        ------
        NotRecordedError
            There is no history at this location.
        """
        return _between(self._rows("polls", start, end), "seen_at", start, end)

    def at(self, when: datetime) -> Snapshot:
        """Return the snapshot of a moment, as the endpoint would have shown it: the last one until then.

        Repeated calls return the same object if the snapshot is the same and nothing was stored since.

        The rows are those of the appended snapshot in another order: events and payments are newest first, and those
        without a time come last. They are as they were first shown. An event that left the list before an older one
        stays in it, in place of the oldest; an event that was listed twice appears once.

        Parameters
        ----------
        when
            A time with a time zone.

        Raises
        ------
        NotRecordedError
            Nothing was recorded within ten minutes before that moment.
        """
        moment, opened = in_utc(when, "when"), self._current()
        hour = self._hour_of(moment, opened)
        found = _shown_at([moment], hour.polls)
        if not found.height:
            raise NotRecordedError(self._nearest(moment, opened))
        poll: dict[str, Any] = found.row(0, named=True)
        last = opened.last
        if last is None or last[0] != poll["seen_at"]:
            last = opened.last = (poll["seen_at"], snapshot_at(poll, *hour.tables))
        return last[1]

    def snapshots(
        self, start: datetime | None = None, end: datetime | None = None, every: timedelta | str | float | None = None
    ) -> Iterator[Snapshot]:
        """Yield the snapshots one after another.

        Parameters
        ----------
        start, end
            Only snapshots from `start` until before `end` (with a time zone); by default, the whole history.
        every
            The time between snapshots, in seconds, as a timedelta or as text such as ``"1h"``: each is then the one
            that `at` returns, and moments without a snapshot are left out. By default, every appended snapshot once.
        """
        if every is None:
            moments = self.collect(self.polls(start, end).select("seen_at"))["seen_at"].sort().to_list()
        else:
            step = checked_duration(every, "every")
            span = self._span_of_polls()
            first = span[0] if start is None else max(span[0], in_utc(start, "start"))
            last = span[1] if end is None else min(span[1], before(in_utc(end, "end"), timedelta.resolution))
            moments = [first + step * place for place in range((last - first) // step + 1)]
        for place in range(0, len(moments), _CHUNK):
            opened = self._current()
            some = moments[place : place + _CHUNK]
            polls = _shown_at(some, self._polls_of(some[0], some[-1], opened))
            tables = self._tables_of(polls, opened)
            for poll in polls.iter_rows(named=True):
                yield snapshot_at(poll, *tables)

    def replay(self, start: datetime | None = None, end: datetime | None = None, speed: float = 1.0) -> Replay:
        """Replay a span of the past, as a source for ``LiveMap``.

        Parameters
        ----------
        start, end
            The first and the last moment (with a time zone); by default those of the history.
        speed
            How many seconds of the past to play per second.

        Returns
        -------
        Replay
            It has ``play()``, ``pause()``, ``seek(when)``, ``now``, ``speed`` and ``playing``.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> live = dfn.LiveMap(history.replay(speed=60), every=1)  # doctest: +SKIP
        """
        span = self._span_of_polls()
        first = span[0] if start is None else max(span[0], in_utc(start, "start"))
        last = span[1] if end is None else min(span[1], in_utc(end, "end"))
        if first > last:
            raise NotRecordedError(
                f"Nothing was recorded in this span. The history goes from {span[0]:%Y-%m-%d %H:%M} to "
                f"{span[1]:%Y-%m-%d %H:%M} UTC."
            )
        return Replay(self, first, last, speed)

    def gaps(self) -> pl.DataFrame:
        """Return the spans in which something may be missing.

        The endpoint shows ten minutes. If the next snapshot came later than that, or if its list of events no longer
        reached back to the previous one, events and payments in between may have been missed.

        Returns
        -------
        polars.DataFrame
            ``since``, ``until`` and ``duration`` of each gap, in order of time.
        """
        found = self.polls().filter(pl.col("gap_since").is_not_null()).sort("seen_at")
        return self.collect(
            found.select(since="gap_since", until="seen_at", duration=pl.col("seen_at") - pl.col("gap_since"))
        )

    def info(self) -> Info:
        """Return the numbers of rows, bytes and files, the span and the gaps; the result prints as a sentence."""
        gaps = self.gaps()
        missing: Any = gaps["duration"].sum()
        of = {name: files(self._open(name)) for name in _NAMES}
        on_disk = self._tables.size_on_disk() or (None, None)
        return Info(
            *self._span_of_polls(),
            rows={name: int(found["rows"].sum()) for name, found in of.items()},
            bytes={name: int(found["bytes"].sum()) for name, found in of.items()},
            files={name: found.height for name, found in of.items()},
            gaps=gaps.height,
            missing=missing or timedelta(0),
            files_on_disk=on_disk[0],
            bytes_on_disk=on_disk[1],
        )

    def _begin(self) -> Writer:
        """Become the writer of this history."""
        self._writer = Writer(self._tables, self._redact)
        return self._writer

    def _open(self, name: Name) -> DeltaTable:
        table = self._tables.open(name)
        if table is None:
            raise self._nothing()
        return table

    def _nothing(self) -> NotRecordedError:
        return NotRecordedError(f"There is no history at {self.location} yet. Start one with append or record.")

    def _current(self) -> _Opened:
        """Open the polls; reuse what was opened before if they have not changed."""
        stamp, before = self._tables.stamp(), self._opened
        if before is not None and stamp is not None and before.stamp == stamp:
            return before
        now = _Opened(self._open("polls"), stamp)
        if before is not None and before.version == now.version:
            before.stamp = stamp
            return before
        self._opened = now
        return now

    def _rows(
        self, name: Name, start: datetime | None = None, end: datetime | None = None, opened: _Opened | None = None
    ) -> pl.LazyFrame:
        """Return the rows of a table that belong to a completed append.

        If `start` or `end` is given, only rows seen from or until then will be requested.
        """
        # The polls first, so that the other tables hold at least what these polls completed.
        opened = opened or self._current()
        if opened.newest is None:
            raise NotRecordedError(f"The history at {self.location} exists, but holds no snapshot yet.")
        span = (start and in_utc(start, "start"), end and in_utc(end, "end"))
        rows = self._scanned(name, span, opened)
        return rows if name == "polls" else rows.filter(pl.col("seen_at") <= literal(opened.newest))

    def _scanned(self, name: Name, span: tuple[datetime | None, datetime | None], opened: _Opened) -> pl.LazyFrame:
        """Scan a table; open it again if it was open for so long that its files may have been merged and deleted."""
        kept = opened.tables.get(name)
        if kept is not None:
            try:
                return self._tables.scan(kept, name, *span)
            except HistoryError:
                if name == "polls":
                    raise
        table = opened.tables[name] = self._open(name)
        return self._tables.scan(table, name, *span)

    def _changes(self, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
        """Return the rows of visitors that show a change."""
        return _between(self._rows("visitors", start, end), "seen_at", start, end).filter(pl.col("change") != STILL)

    def _span_of_polls(self) -> tuple[datetime, datetime]:
        """Return the times of the first and the last snapshot."""
        times = self.collect(self.polls().select(start=pl.col("seen_at").min(), end=pl.col("seen_at").max()))
        return times["start"].item(), times["end"].item()

    def _records(self, name: Name, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
        rows = _between(self._rows(name), "timestamp", start, end)
        return as_given(rows).select(*SCHEMAS[name].names()[1:], "seen_at")

    def _hour_of(self, moment: datetime, opened: _Opened) -> _Hour:
        """Return the rows of the hour that a moment is in; those read last are kept."""
        hour = opened.hour  # another thread may set it at any time
        if hour is None or not hour.start <= moment < hour.end:
            start = moment.replace(minute=0, second=0, microsecond=0)
            end = following(start.replace(minute=59, second=59, microsecond=999_999))
            polls = self._polls_of(start, end, opened)
            hour = opened.hour = _Hour(start, end, polls, self._tables_of(polls, opened))
        return hour

    def _polls_of(self, first: datetime, last: datetime, opened: _Opened) -> pl.DataFrame:
        """Return the polls that are shown from one moment to another, in order."""
        span = (before(first, WINDOW), following(last))
        return self.collect(_between(self._rows("polls", *span, opened), "seen_at", *span).sort("seen_at"))

    def _tables_of(self, polls: pl.DataFrame, opened: _Opened) -> list[pl.LazyFrame]:
        """Return the rows that some snapshots consist of."""
        names = ("visitors", "events", "payments")
        return [self._rows_of(name, polls, opened).lazy() for name in names] if polls.height else []

    def _rows_of(self, name: Any, polls: pl.DataFrame, opened: _Opened) -> pl.DataFrame:  # noqa: ANN401 - a name
        """Read the rows of a table that some snapshots consist of."""
        last: Any = polls["seen_at"].max()
        since: Any = polls["states_since" if name == "visitors" else f"{name}_since"].min()
        if name == "visitors":
            first = last if since is None else since
            rows = self._rows(name, first, last, opened)
            return self.collect(rows.filter(pl.col("seen_at").is_between(literal(first), literal(last))))
        retimed = polls[f"{name}_retimed"].explode().struct.field("id").drop_nulls().unique()
        shown = pl.col("timestamp").is_null() | (pl.col("timestamp") >= literal(since))
        if len(retimed):  # an id may be in any file, so all are read
            shown = shown | pl.col(IDS[name]).is_in(retimed.implode())
        return self.collect(self._rows(name, end=last, opened=opened).filter(pl.col("seen_at") <= literal(last), shown))

    def _nearest(self, when: datetime, opened: _Opened) -> str:
        """Return the error for a moment without a record; it names the nearest snapshots."""
        polls = self._rows("polls", opened=opened)
        earlier, later = (
            self.collect(polls.filter(side).select(time)).item()
            for side, time in (
                (pl.col("seen_at") <= when, pl.col("seen_at").max()),
                (pl.col("seen_at") > when, pl.col("seen_at").min()),
            )
        )
        known = " and ".join(f"{time:%Y-%m-%d %H:%M:%S}" for time in (earlier, later) if time is not None)
        return (
            f"Nothing was recorded within {duration(WINDOW.total_seconds())} before {when:%Y-%m-%d %H:%M:%S} UTC. "
            f"The nearest snapshots are from {known} UTC; gaps() lists what is missing."
        )


def _silent(what: str, figures: dict[str, Any]) -> None:
    """Report nothing."""


def _shown_at(moments: list[datetime], polls: pl.DataFrame) -> pl.DataFrame:
    """Return the poll shown at each of some sorted moments; none for moments without a record."""
    wanted = pl.DataFrame({"when": moments}, schema={"when": MOMENT})
    rows = wanted.join_asof(polls, left_on="when", right_on="seen_at", tolerance=WINDOW, coalesce=False)
    return rows.filter(pl.col("seen_at").is_not_null())


def _between(rows: pl.LazyFrame, column: str, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Keep the rows of a span; if the column is null, use `seen_at`."""
    for edge, name, holds in ((start, "start", pl.Expr.ge), (end, "end", pl.Expr.lt)):
        if edge is not None:
            moment = literal(in_utc(edge, name))
            inside = holds(pl.col(column), moment)
            stand_in = pl.col(column).is_null() & holds(pl.col("seen_at"), moment)
            rows = rows.filter(inside if column == "seen_at" else inside | stand_in)
    return rows
