"""Appends a source's snapshots to a history, in the background, until stopped."""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from datafast_nb.errors import DataFastError
from datafast_nb.history.writer import Appended
from datafast_nb.polling import Follower, Pace, Poller
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import number, plain

LONGEST_WAIT: Final = 60.0
"""The most seconds between two attempts, unless the service asks for more: the endpoint forgets after ten minutes."""

LONGEST_RETRY_AFTER: Final = 3_600.0
"""The most seconds by which the service can delay the next request."""

PATIENCE: Final = 5.0
"""Seconds to wait for the current request when a recording is stopped."""

_log: Final = logging.getLogger(__name__)


class Store(Protocol):
    """The store that a recording appends to."""

    @property
    def location(self) -> str:
        """The location of the store."""

    def append(self, snapshot: Snapshot) -> Appended:
        """Store what is new in a snapshot."""

    def close(self) -> None:
        """Release the store for other writers."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a recording.

    Attributes
    ----------
    snapshots, visitors, events, payments : int
        The numbers of snapshots, changes of visitors, events and payments stored so far.
    failures : int
        How many attempts have failed since the last success.
    gaps : int
        How many times something may have been missed between snapshots.
    last : datetime or None
        The time of the last snapshot.
    fault : str or None
        The error of the last attempt, if it failed.
    waiting_since : datetime or None
        When the current request was sent, if it has had no response for longer than the interval.
    """

    snapshots: int = 0
    visitors: int = 0
    events: int = 0
    payments: int = 0
    failures: int = 0
    gaps: int = 0
    last: datetime | None = None
    fault: str | None = None
    waiting_since: datetime | None = None

    def after(self, appended: Appended, when: datetime) -> Progress:
        """Return the progress after one more snapshot."""
        return Progress(
            self.snapshots + appended.new,
            self.visitors + appended.visitors,
            self.events + appended.events,
            self.payments + appended.payments,
            gaps=self.gaps + (appended.gap_since is not None),
            last=when,
        )


Report = Callable[[str, dict[str, Any]], None]
"""Receives what happened (``stored``, ``failed``, ``waiting``, ``stopped``), with figures. Its errors become
warnings."""


class _Recorder(Follower):
    """Stores each snapshot, and reports it.

    Parameters
    ----------
    store
        Where the snapshots are stored.
    report
        Receives the reports.
    at_exit
        The function registered to end it with the interpreter.
    """

    def __init__(self, store: Store, report: Report, at_exit: Callable[[], None]) -> None:
        self.store = store
        self.progress = Progress()
        self.error: BaseException | None = None  # the error that ended it
        self.ended = threading.Event()
        self._report = report
        self._at_exit = at_exit
        self._storing = threading.Lock()
        self._over = False  # set only while nothing is being stored; nothing is stored afterward
        self._thread: threading.Thread | None = None  # the one that polled, once it has ended

    @property
    def is_this_thread(self) -> bool:
        """Whether the current thread has polled, and is now ending the recording."""
        return threading.current_thread() is self._thread

    def take(self, snapshot: Snapshot) -> None:
        """Store a snapshot, and report it."""
        with self._storing:
            if self._over:
                return
            appended = self.store.append(snapshot)
        self.progress = self.progress.after(appended, snapshot.fetched_at)
        stored = appended._asdict()
        # Of visitors, only what has changed is stored: their number is not that of those who are there.
        figures = {"snapshot": snapshot.fetched_at, "visitor_changes": stored.pop("visitors"), **stored}
        self._announce("stored", {name: value for name, value in figures.items() if value is not None})

    def fail(self, error: BaseException, retry_in: float) -> None:
        """Report a failed attempt."""
        if self._over:
            return
        failures = self.progress.failures + 1
        fault = plain(error if isinstance(error, DataFastError) else f"{type(error).__name__}: {error}", 300)
        self.progress = replace(self.progress, failures=failures, fault=fault)
        self._announce("failed", {"failures": failures, "retry_in": round(retry_in, 1), "message": fault})

    def wait_for(self, since: datetime) -> None:
        """Report a request that is still in flight."""
        if not self._over:
            self._announce("waiting", {"since": since})

    def end(self, error: BaseException | None) -> None:
        """End the recording: it was stopped, its duration is over, or a fault is permanent."""
        self._thread = threading.current_thread()
        self.error = self.error or error
        self.finish()

    def finish(self) -> None:
        """End it after the current append, on its own thread or on one that no longer waits for a request."""
        with self._storing:
            over, self._over = self._over, True
        if over:
            return
        atexit.unregister(self._at_exit)
        reason = {} if self.error is None else {"error": type(self.error).__name__, "message": str(self.error)}
        try:
            self._announce("stopped", {"snapshots": self.progress.snapshots, **reason})
        except BaseException as error:  # noqa: BLE001 - a report that exits, at the end of a recording or before it
            self.error = self.error or error
        finally:
            self._release_store()
            self.ended.set()

    def _release_store(self) -> None:
        """Release the history if a fault ended the recording, as the user may never close it."""
        if self.error is None or not self.is_this_thread:
            return
        try:
            self.store.close()
        except DataFastError as error:  # a claim on an object store that can't be released expires by itself
            _log.warning("The history could not be closed: %s", error)

    def _announce(self, what: str, figures: dict[str, Any]) -> None:
        """Report what happened; a full log, or an error of the callback, does not end the recording."""
        try:
            self._report(what, figures)
        except Exception as error:  # noqa: BLE001 - the report is anybody's
            with contextlib.suppress(Warning):  # if warnings are errors
                warnings.warn(
                    f"The report of a recording failed, but recording continues: {type(error).__name__}: "
                    f"{plain(error, 300)}",
                    RuntimeWarning,
                    stacklevel=2,
                )


class Recording:
    """A recording in the background; made by ``History.record``.

    It ends when `stop` is called, when its history is closed, when its duration is over, at a permanent fault, or with
    the interpreter.
    """

    def __init__(
        self,
        store: Store,
        source: Source,
        every: timedelta,
        duration: timedelta | None,
        report: Report,
    ) -> None:
        self._recorder = _Recorder(store, report, self.stop)
        self._poller = Poller(
            source,
            every.total_seconds(),
            self._recorder,
            pace=Pace(LONGEST_WAIT, LONGEST_RETRY_AFTER, steady=True, gaps=False),
            duration=math.inf if duration is None else duration.total_seconds(),
            name="recording",
        )
        atexit.register(self.stop)
        self._poller.start()

    @property
    def progress(self) -> Progress:
        """The progress so far."""
        return replace(self._recorder.progress, waiting_since=self._poller.standing.waiting_since)

    @property
    def running(self) -> bool:
        """Whether it is still recording."""
        return not self._recorder.ended.is_set()

    @property
    def error(self) -> BaseException | None:
        """The fault that ended it, if any."""
        return self._recorder.error

    def stop(self) -> None:
        """Stop after the current append.

        The current request is also waited for, but only for five seconds; a later response is not stored.
        """
        self._poller.stop()
        if not self._is_own_thread() and not self.wait(PATIENCE):
            self._poller.close()
            self._recorder.finish()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the recording has ended, or for `timeout` seconds; return whether it has ended.

        On the recording's own thread, as in its `report`, return at once.
        """
        if not self._is_own_thread():
            self._recorder.ended.wait(timeout)
        return not self.running

    def _is_own_thread(self) -> bool:
        return self._poller.is_this_thread or self._recorder.is_this_thread

    def __repr__(self) -> str:
        now, error = self.progress, self.error
        state = "recording" if self.running else "stopped"
        if error is not None:
            state += f" by {type(error).__name__}: {plain(error, 300)}"
        elif self.running:
            state += f", trying again: {now.fault}" if now.fault else ""
            state += f", waiting since {now.waiting_since:%H:%M:%S} UTC for an answer" if now.waiting_since else ""
        return f"<Recording to {self._recorder.store.location!r}: {number(now.snapshots, 'snapshot')}, {state}>"


def progress_bar(total: int | None) -> Report:
    """Return a report that draws a progress bar until the recording ends."""
    from tqdm.auto import tqdm

    bar = tqdm(total=total, unit=" snapshots", desc="Recording")
    counts = {"events": 0, "payments": 0, "gaps": 0}

    def report(what: str, figures: dict[str, Any]) -> None:
        if what == "stored":
            counts["events"] += figures["events"]
            counts["payments"] += figures["payments"]
            counts["gaps"] += "gap_since" in figures
            bar.set_postfix(counts, refresh=False)
            bar.update(1)
        elif what == "failed":
            bar.set_postfix_str(figures["message"])
        elif what == "waiting":
            bar.set_postfix_str(f"waiting since {figures['since']:%H:%M:%S} UTC for an answer")
        else:
            bar.close()

    return report
