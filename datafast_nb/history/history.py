"""A history of snapshots: the face of this package."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from datafast_nb.checks import in_utc
from datafast_nb.errors import HistoryError, HistoryInUseError, HistoryKeyError, NotRecordedError
from datafast_nb.history import pseudonyms
from datafast_nb.history.changes import IDS, STILL, WINDOW
from datafast_nb.history.moments import MOMENT, before, following
from datafast_nb.history.rebuild import snapshot_at
from datafast_nb.history.recorder import Recording, Report, check_times, progress_bar, seconds
from datafast_nb.history.replay import Replay
from datafast_nb.history.sessions import sessions
from datafast_nb.history.tables import SCHEMAS, Checked, Name, Rows, Tables, as_given, files
from datafast_nb.history.writer import Appended, Forgotten, Writer
from datafast_nb.privacy import concealed
from datafast_nb.schema import VISITORS
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import duration

if TYPE_CHECKING:
    from deltalake import DeltaTable

_NAMES: Final[tuple[Name, ...]] = ("visitors", "events", "payments", "polls")
_LONGEST: Final = 1e10  # seconds: longer than all time that a moment can tell
_CHUNK: Final = 360  # moments that are read at once: an hour, every ten seconds


@dataclass(frozen=True, slots=True)
class Info:
    """What a history holds.

    Attributes
    ----------
    start, end : datetime
        Its first and its last snapshot, in UTC.
    rows, bytes, files : dict of str to int
        Of each table: ``visitors``, ``events``, ``payments`` and ``polls``. Bytes are those of the data alone.
    gaps : int
        How many gaps there are; see `History.gaps`.
    missing : timedelta
        How long they are together.
    files_on_disk, bytes_on_disk : int or None
        Of the whole folder: with the logs, and with merged files that are kept for readers. None for an object store,
        where they would have to be listed.
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
        whole = "" if on_disk is None else f" ({on_disk / 1e6:,.1f} MB in {self.files_on_disk:,} files on disk)"
        return (
            f"{self.rows['polls']:,} snapshots from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC: "
            f"{self.rows['visitors']:,} changes of visitors, {self.rows['events']:,} events, "
            f"{self.rows['payments']:,} payments, {size:,.1f} MB{whole}, {self.gaps} gap(s)"
        )


class _Opened:
    """The tables as they are as long as the polls have one version; each is opened when it is first asked for."""

    def __init__(self, polls: DeltaTable) -> None:
        self.version = (polls.metadata().id, polls.version())
        self.newest: datetime | None = files(polls)["last"].max()  # type: ignore[assignment]
        self.tables: dict[Name, DeltaTable] = {"polls": polls}
        self.last: tuple[datetime, Snapshot] | None = None  # the snapshot last asked for, and its poll's time


class History:
    """The snapshots of one website, kept for as long as you like.

    Four Delta Lake tables, which any engine that reads Delta Lake can open: ``polls`` has a row for each snapshot,
    ``visitors`` one for each change of a visitor (``appeared``, ``changed``, ``left``; and ``still``, once an hour
    while nothing changes), ``events`` and ``payments`` one for each, however often it was shown.
    Needs the extra ``history``: ``pip install 'datafast_nb[history]'``.

    Parameters
    ----------
    location : str or path
        A folder, or the URL of a place in an object store, such as ``s3://bucket/site``. Credentials come from the
        store's usual environment variables. Nothing is made there before the first `append`.
    redact : bool or bytes, optional
        Store pseudonyms in place of names and e-mail addresses, as ``Snapshot.redacted`` makes them. They stay the
        same within the history, and can't be reversed without its key: with True that is the value of
        ``DATAFAST_HISTORY_KEY``, or a file beside the folder, ``<location>.key``, made at the first append. Whoever
        shall not know the names must not get that file. A key of your own can be given as bytes, at least 16. A full
        name that also stands in other text, such as a URL, is blanked out there while somebody of that name is shown,
        and afterwards as long as this object records (the last 10,000 names and addresses); a name that nobody has
        there is not known.
    storage_options : mapping of str to str, optional
        Options for the object store, such as ``{"aws_region": "eu-west-1", "timeout": "2min"}``, as the package
        deltalake takes them. By default it is waited for about a minute.

    Notes
    -----
    One object writes to a history at a time, from its first `append` until `close`; any number may read. Small files
    are merged into large ones. They stay for a day, so that a frame that was asked for in the morning can be collected
    in the evening; but of each table only the 250 that were merged last, so where much is recorded a frame should be
    collected within as many appends. ``info().bytes_on_disk`` counts them too.

    Each file has a checksum, in the file ``SHA256SUMS`` of the folder, and is held against it before it is first read,
    when it is merged, and by `check`. What happens to a file between asking for a frame and collecting it is told by
    Polars in its own words; `collect` says it in those of this package. An object store has checksums of its own.

    In a folder, all files are for their owner alone.

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
        del redact  # a traceback shows what is still there
        self._tables = Tables(location, storage_options)
        if given is None:
            raise TypeError(f"redact takes True, or a key of your own as bytes, not {kind}.")
        self._redact = pseudonyms.checked(given)
        self._writer: Writer | None = None
        self._turn = threading.Lock()
        self._recording: Recording | None = None
        self._opened: _Opened | None = None

    @property
    def location(self) -> str:
        """Where the tables are."""
        return self._tables.location

    def append(self, snapshot: Snapshot) -> Appended:
        """Store what is new in a snapshot: all of it or, if that fails, nothing.

        Of a visitor a row is written when one appears, changes or leaves; events and payments are kept once, by id, as
        they were first shown. The same snapshot again changes nothing; snapshots are told apart by their time, to the
        millisecond. What is in ``Snapshot.problems`` is counted,
        not kept.

        Parameters
        ----------
        snapshot
            Of one website, and later than the last one.

        Returns
        -------
        Appended
            Whether the snapshot was new, how many rows it brought, and the gap before it, if any.

        Raises
        ------
        HistoryInUseError
            Another writer is at work there.
        HistoryOrderError
            The snapshot is older than the last one.
        HistoryStorageError
            No space, no permission, no connection. Append again when that has passed.
        HistoryFormatError
            The tables are damaged, or of a newer version.
        HistoryKeyError
            The pseudonyms' key is not that of the history.
        """
        if "site" in snapshot.visitors.columns:
            raise ValueError("This snapshot is of several websites. Keep a history for each, and append theirs.")
        with self._turn:
            writer = self._writer or self._begin()
            return writer.append(snapshot)

    def extend(self, rows: Rows) -> None:
        """Store many snapshots at once, as rows of the four tables: all of them or, if that fails, none.

        For those who make or convert a history. Not for one with pseudonyms: names are stored as they are.

        Parameters
        ----------
        rows
            In the columns of the tables, all of snapshots later than the last one.
        """
        if self._redact is not False:
            raise HistoryKeyError("extend stores names as they are, and this history is of pseudonyms: use append.")
        with self._turn:
            (self._writer or self._begin()).extend(rows)

    def record(
        self,
        source: Source,
        every: timedelta | float = 10,
        duration: timedelta | float | None = None,
        *,
        progress: bool = True,
        report: Report | None = None,
    ) -> Recording:
        """Append a source's snapshots at an interval, in the background, until told to stop.

        After a fault it asks again, at longer and longer intervals but often enough that a short fault costs nothing:
        the next snapshot shows what happened in the last ten minutes. What was longer is found in `gaps`.

        Parameters
        ----------
        source
            A client, or any other source.
        every
            The time from one snapshot to the next, in seconds or as a timedelta; five minutes at most.
        duration
            How long to record; by default until ``stop()``.
        progress
            Whether to show a progress bar.
        report
            Called on the recording's thread with what happened (``"stored"``, ``"failed"``, ``"stopped"``) and its
            figures; and on another with ``"waiting"``, while a request hangs.

        Returns
        -------
        Recording
            Its ``stop()``, ``wait()``, ``progress``, ``running`` and ``error``.

        Raises
        ------
        DataFastError
            As `append` raises it where no recording can begin, such as `HistoryInUseError`.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> history = dfn.History("site-history")  # doctest: +SKIP
        >>> recording = history.record(dfn.connect())  # doctest: +SKIP
        >>> recording.stop()  # doctest: +SKIP
        """
        if not isinstance(source, Source):
            raise TypeError(f"record takes a source, such as dfn.connect(): {type(source).__name__} has no snapshot().")
        check_times(every, duration)
        with self._turn:
            if self._recording is not None and self._recording.running:
                raise HistoryInUseError("This history is being recorded already: stop that first, with its stop().")
            if self._writer is None:
                self._begin()
            if report is None:
                total = None if duration is None else math.ceil(seconds(duration, "duration") / seconds(every, "every"))
                report = progress_bar(total) if progress else _silent
            self._recording = Recording(self, source, every, duration, report)
            return self._recording

    def forget_after(self, when: datetime) -> Forgotten:
        """Remove what was recorded of the time after a moment, such as by a clock that ran ahead: for good.

        All of it or, if that fails, nothing: until it is done, a crash leaves the rest to the next writer. The files
        that held it are deleted as merged ones are.

        Parameters
        ----------
        when
            The last moment that is kept (with a time zone).

        Returns
        -------
        Forgotten
            How many rows were removed.

        Raises
        ------
        NotRecordedError
            There is no history at this location.
        HistoryInUseError
            Another writer is at work there.

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
        """Read every file of the history, and hold it against its checksum.

        Returns
        -------
        Checked
            How many files were read, and how many of them have no checksum, such as those of another program: of these
            is known that they can be read.

        Raises
        ------
        HistoryFormatError
            Files are missing or altered: it names them.
        NotRecordedError
            There is no history at this location.
        """
        checked = self._tables.check()
        if checked is None:
            raise self._nothing()
        return checked

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Collect a frame of this history; where its files fail, in the words of this package.

        Parameters
        ----------
        frame
            What `visitors` and the others gave, or what was made of it.

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
        """Stop recording, and let others write. Reading goes on, and the next `append` opens the history again."""
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
        """Return every state of every visitor: a row when one appeared, and one whenever anything about them changed.

        Parameters
        ----------
        start, end
            Only what was seen from `start` until before `end` (with a time zone); files without any are not read.

        Returns
        -------
        polars.LazyFrame
            The columns of ``schema.VISITORS``; then ``seen_at`` (the time of the snapshot that showed it first) and
            ``change`` (``appeared`` or ``changed``). For one row per visit, take `sessions`.

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
            Only what happened from `start` until before `end` (with a time zone); files without any are not read. An
            event without a time counts as of the moment it was seen.

        Returns
        -------
        polars.LazyFrame
            The columns of ``schema.EVENTS``, and ``seen_at``: the time of the snapshot that showed it first.
        """
        return self._records("events", start, end)

    def payments(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return every payment once; parameters as in `events`.

        Returns
        -------
        polars.LazyFrame
            The columns of ``schema.PAYMENTS``, and ``seen_at``: the time of the snapshot that showed it first.
        """
        return self._records("payments", start, end)

    def sessions(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return one row for each visit: who came, and how it went on.

        Parameters
        ----------
        start, end
            Only what was seen from `start` until before `end` (with a time zone); what a visit was before and after
            is not looked at. Files without any are not read.

        Returns
        -------
        polars.LazyFrame
            The columns of ``schema.VISITORS`` as they were when the visit was first seen; then ``first_seen``,
            ``last_change`` and ``left_at`` (times of snapshots; the last is null for who was still there),
            ``states`` (how many were seen), ``exit_url`` (the last page), and ``became_customer``.
        """
        return as_given(sessions(self._changes(start, end)))

    def polls(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return one row for each snapshot: ``seen_at``, and the figures of that moment."""
        return _between(self._rows("polls", start, end), "seen_at", start, end)

    def at(self, when: datetime) -> Snapshot:
        """Return the snapshot of a moment, as the endpoint would have shown it: the last one until then.

        It is the same object as before where it is the same snapshot and nothing was stored since.

        Rows are those of the snapshot that was appended, in another order: events and payments newest first, and
        last those without a time. They are as they were first shown. An event that left the list before an older one
        did stays, and takes the place of the oldest; one that was in the list twice is there once.

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
        found = self._polls_at([moment], opened)
        if not found.height:
            raise NotRecordedError(self._nearest(moment, opened))
        poll: datetime = found["seen_at"].item()
        last = opened.last
        if last is None or last[0] != poll:
            (snapshot,) = self._rebuilt(found, opened)
            last = opened.last = (poll, snapshot)
        return last[1]

    def snapshots(
        self, start: datetime | None = None, end: datetime | None = None, every: timedelta | float | None = None
    ) -> Iterator[Snapshot]:
        """Return one snapshot after the other.

        Parameters
        ----------
        start, end
            From the first until before the second (with a time zone); by default of the whole history.
        every
            The time from one to the next, in seconds or as a timedelta: each is then the one that `at` gives, and
            moments of which nothing is known are left out. By default every snapshot that was appended, once.
        """
        if every is None:
            moments = self.collect(self.polls(start, end).select("seen_at"))["seen_at"].sort().to_list()
        else:
            step = max(timedelta(seconds=min(seconds(every, "every"), _LONGEST)), timedelta.resolution)
            span = self._span_of_polls()
            first = span[0] if start is None else max(span[0], in_utc(start, "start"))
            last = span[1] if end is None else min(span[1], before(in_utc(end, "end"), timedelta.resolution))
            moments = [first + step * place for place in range((last - first) // step + 1)]
        for place in range(0, len(moments), _CHUNK):
            opened = self._current()
            yield from self._rebuilt(self._polls_at(moments[place : place + _CHUNK], opened), opened)

    def replay(self, start: datetime | None = None, end: datetime | None = None, speed: float = 1.0) -> Replay:
        """Show a span of the past again, as a source for ``LiveMap``.

        Parameters
        ----------
        start, end
            Its first and its last moment (with a time zone); by default those of the history.
        speed
            Seconds of the past in one second.

        Returns
        -------
        Replay
            Its ``play()``, ``pause()``, ``seek(when)``, ``now``, ``speed`` and ``playing``.

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
        """Return the times of which something may be missing.

        The endpoint shows ten minutes. Where the next snapshot came later than that, or where its list of events no
        longer reached back to the one before, events and payments in between may have been missed.

        Returns
        -------
        polars.DataFrame
            ``since``, ``until`` and ``duration`` of each gap, in the order of time.
        """
        found = self.polls().filter(pl.col("gap_since").is_not_null()).sort("seen_at")
        return self.collect(
            found.select(since="gap_since", until="seen_at", duration=pl.col("seen_at") - pl.col("gap_since"))
        )

    def info(self) -> Info:
        """Return rows, bytes, files, span and gaps; printed, a sentence."""
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
        return NotRecordedError(f"There is no history at {self.location} yet. Begin one with append or record.")

    def _current(self) -> _Opened:
        """Open the polls, and with them what they say has not changed since it was last opened."""
        now, before = _Opened(self._open("polls")), self._opened
        if before is not None and before.version == now.version:
            return before
        self._opened = now
        return now

    def _rows(
        self, name: Name, start: datetime | None = None, end: datetime | None = None, opened: _Opened | None = None
    ) -> pl.LazyFrame:
        """Return the rows of a table that belong to a completed append.

        Where `start` or `end` is given, only those seen from then, or until then, are going to be asked for.
        """
        opened = opened or self._current()  # the polls first: the other tables hold at least what these polls completed
        if opened.newest is None:
            raise NotRecordedError(f"The history at {self.location} has been made, and holds no snapshot yet.")
        span = (start and in_utc(start, "start"), end and in_utc(end, "end"))
        rows = self._scanned(name, span, opened)
        return rows if name == "polls" else rows.filter(pl.col("seen_at") <= opened.newest)

    def _scanned(self, name: Name, span: tuple[datetime | None, datetime | None], opened: _Opened) -> pl.LazyFrame:
        """Scan a table; anew, if files of one that has been open for long are merged by now, and deleted."""
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
        """Return the rows of the visitors that tell something new."""
        return _between(self._rows("visitors", start, end), "seen_at", start, end).filter(pl.col("change") != STILL)

    def _span_of_polls(self) -> tuple[datetime, datetime]:
        """Return the times of the first and the last snapshot."""
        times = self.collect(self.polls().select(start=pl.col("seen_at").min(), end=pl.col("seen_at").max()))
        return times["start"].item(), times["end"].item()

    def _records(self, name: Name, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
        rows = _between(self._rows(name), "timestamp", start, end)
        return as_given(rows).select(*SCHEMAS[name].names()[1:], "seen_at")

    def _polls_at(self, moments: list[datetime], opened: _Opened) -> pl.DataFrame:
        """Return the poll that each of some moments, in order, shows; none for those of which nothing is known."""
        span = (before(moments[0], WINDOW), following(moments[-1]))
        polls = self.collect(_between(self._rows("polls", *span, opened), "seen_at", *span).sort("seen_at"))
        wanted = pl.DataFrame({"when": moments}, schema={"when": MOMENT})
        rows = wanted.join_asof(polls, left_on="when", right_on="seen_at", tolerance=WINDOW, coalesce=False)
        return rows.filter(pl.col("seen_at").is_not_null())

    def _rebuilt(self, polls: pl.DataFrame, opened: _Opened) -> Iterator[Snapshot]:
        """Return the snapshot of each poll, in order."""
        if not polls.height:
            return
        tables = [self._rows_of(name, polls, opened) for name in ("visitors", "events", "payments")]
        for poll in polls.iter_rows(named=True):
            yield snapshot_at(poll, *(table.lazy() for table in tables))

    def _rows_of(self, name: Any, polls: pl.DataFrame, opened: _Opened) -> pl.DataFrame:  # noqa: ANN401 - a name
        """Read what some snapshots are made of."""
        last: Any = polls["seen_at"].max()
        since: Any = polls["states_since" if name == "visitors" else f"{name}_since"].min()
        if name == "visitors":
            first = last if since is None else since
            rows = self._rows(name, first, last, opened)
            return self.collect(rows.filter(pl.col("seen_at").is_between(first, last)))
        retimed = polls[f"{name}_retimed"].explode().struct.field("id").drop_nulls().unique()
        shown = (
            pl.col("timestamp").is_null()
            | (pl.col("timestamp") >= pl.lit(since, MOMENT))
            | pl.col(IDS[name]).is_in(retimed.implode())
        )
        return self.collect(self._rows(name, end=last, opened=opened).filter(pl.col("seen_at") <= last, shown))

    def _nearest(self, when: datetime, opened: _Opened) -> str:
        """Say when something is known, nearest to a moment."""
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
            f"The nearest snapshots are from {known} UTC; gaps() tells what is missing."
        )


def _silent(what: str, figures: dict[str, Any]) -> None:
    """Report nothing."""


def _between(rows: pl.LazyFrame, column: str, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Keep the rows of a span; where the column is null, `seen_at` stands in."""
    for edge, name, holds in ((start, "start", pl.Expr.ge), (end, "end", pl.Expr.lt)):
        if edge is not None:
            moment = pl.lit(in_utc(edge, name), MOMENT)
            inside = holds(pl.col(column), moment)
            stand_in = pl.col(column).is_null() & holds(pl.col("seen_at"), moment)
            rows = rows.filter(inside if column == "seen_at" else inside | stand_in)
    return rows
