"""Asks a source for snapshots at an interval and appends each, in one thread, until it is told to stop."""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import random
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

from polars.exceptions import PanicException

from datafast_nb.errors import (
    AuthenticationError,
    DataFastError,
    ForbiddenError,
    HistoryFormatError,
    HistoryInUseError,
    HistoryKeyError,
    MissingKeyError,
    NotFoundError,
    RetryLaterError,
)
from datafast_nb.history.changes import WINDOW
from datafast_nb.history.writer import Appended
from datafast_nb.text import duration as in_words
from datafast_nb.text import plain

if TYPE_CHECKING:
    from datafast_nb.history.history import History
    from datafast_nb.snapshot import Snapshot, Source

LONGEST_WAIT: Final = 60.0
"""Seconds between two attempts at most, unless the service asks for more: the endpoint forgets after ten minutes."""

LONGEST_ASKED: Final = 3_600.0
"""Seconds that the service may ask to be left alone for."""

SOON: Final = 2.0
"""Seconds within which an answer is not waited for, however short the interval."""

PATIENCE: Final = 5.0
"""Seconds that a request under way is waited for when a recording is stopped."""

_log: Final = logging.getLogger(__name__)

# Asking again can't help until a person has changed something.
FINAL: Final = (
    AuthenticationError,
    ForbiddenError,
    HistoryFormatError,
    HistoryInUseError,
    HistoryKeyError,
    ImportError,
    MissingKeyError,
    NotFoundError,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How a recording stands.

    Attributes
    ----------
    snapshots, visitors, events, payments : int
        What was stored so far: snapshots, changes of visitors, events and payments.
    failures : int
        Attempts that have failed since the last success.
    gaps : int
        How often something may have been missed in between.
    last : datetime or None
        The time of the last snapshot.
    fault : str or None
        What the last attempt failed with, if it did.
    waiting_since : datetime or None
        When the request was sent that has had no answer for longer than the interval, if there is one.
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
        """Give the progress one snapshot later."""
        return Progress(
            self.snapshots + appended.new,
            self.visitors + appended.visitors,
            self.events + appended.events,
            self.payments + appended.payments,
            gaps=self.gaps + (appended.gap_since is not None),
            last=when,
        )


Report = Callable[[str, dict[str, Any]], None]
"""Takes what happened (``stored``, ``failed``, ``waiting``, ``stopped``) and its figures; its errors are warnings."""


class Recording:
    """A recording in the background; made by ``History.record``.

    It ends when `stop` is called, when its history is closed, when its time is over, when a fault can't pass by itself,
    or with the interpreter.
    """

    def __init__(
        self,
        history: History,
        source: Source,
        every: timedelta | float,
        duration: timedelta | float | None,
        report: Report,
    ) -> None:
        self._history = history
        self._source = source
        self._every = seconds(every, "every")
        self._ends = math.inf if duration is None else time.monotonic() + seconds(duration, "duration")
        self._report = report
        self._stop = threading.Event()
        self._storing = threading.Lock()
        self._asking = threading.Lock()
        self._asked_at: datetime | None = None  # when the request in flight was sent
        self._over = False  # set while nothing is being stored: from then on nothing is
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._progress = Progress()
        self._thread = threading.Thread(target=self._run, name="datafast_nb recorder", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    @property
    def progress(self) -> Progress:
        """How it stands."""
        return self._progress

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return not self._ended.is_set()

    @property
    def error(self) -> BaseException | None:
        """What ended it, where that was a fault."""
        return self._error

    def stop(self) -> None:
        """Finish the append at hand, and end.

        A request that is under way is waited for as well, but only five seconds: what it brings later is not stored.
        """
        self._stop.set()
        if threading.current_thread() is not self._thread and not self.wait(PATIENCE):
            self._finish()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, or for some seconds; says whether it has ended."""
        if threading.current_thread() is not self._thread:
            self._ended.wait(timeout)
        return not self.running

    def __repr__(self) -> str:
        now = self._progress
        state = "recording" if self.running else "stopped"
        if self._error is not None:
            state += f" by {type(self._error).__name__}: {plain(self._error, 300)}"
        elif self.running:
            state += f", trying again: {now.fault}" if now.fault else ""
            state += f", waiting since {now.waiting_since:%H:%M:%S} UTC for an answer" if now.waiting_since else ""
        return f"<Recording to {self._history.location!r}: {now.snapshots:,} snapshots, {state}>"

    def _run(self) -> None:
        """Ask and append, at a steady rate."""
        due = time.monotonic()
        try:
            while not self._stop.is_set() and time.monotonic() < self._ends:
                wait = self._once()
                due = max(due + self._every, time.monotonic()) if wait is None else time.monotonic() + wait
                self._stop.wait(min(due, self._ends) - time.monotonic())
        except BaseException as error:  # noqa: BLE001 - kept for whoever asks
            self._error = error
        finally:
            self._finish()

    def _finish(self) -> None:
        """End it, once the append at hand is done: by itself, or by whoever waits no longer for a request."""
        with self._storing:
            over, self._over = self._over, True
        if over:
            return
        atexit.unregister(self.stop)
        reason = {} if self._error is None else {"error": type(self._error).__name__, "message": str(self._error)}
        try:
            self._tell("stopped", {"snapshots": self._progress.snapshots, **reason})
        except BaseException as error:  # noqa: BLE001 - a report that exits, at the end of a recording or before it
            self._error = self._error or error
        finally:
            self._let_go()
            self._ended.set()

    def _let_go(self) -> None:
        """Let others write, if it was a fault that ended it: nobody may come to close the history."""
        if self._error is None or threading.current_thread() is not self._thread:
            return
        try:
            self._history.close()
        except DataFastError as error:  # a claim on an object store that can't be given back runs out by itself
            _log.warning("The history could not be closed: %s", error)

    def _tell(self, what: str, figures: dict[str, Any]) -> None:
        """Report what happened; a log that is full, or an error of whoever is told, does not end the recording."""
        try:
            self._report(what, figures)
        except Exception as error:  # noqa: BLE001 - the report is anybody's
            with contextlib.suppress(Warning):  # where warnings are errors
                warnings.warn(
                    f"The report of a recording failed, and recording goes on: {type(error).__name__}: "
                    f"{plain(error, 300)}",
                    RuntimeWarning,
                    stacklevel=2,
                )

    def _ask(self) -> Snapshot:
        """Make one request; if it hangs for longer than the interval, tell since when."""
        self._asked_at = since = datetime.now(UTC)
        overdue = threading.Timer(max(self._every, SOON), self._tell_that_it_waits, (since,))
        overdue.daemon = True
        try:
            overdue.start()
            return self._source.snapshot()
        finally:
            overdue.cancel()
            with self._asking:
                self._asked_at = None
                self._progress = replace(self._progress, waiting_since=None)

    def _tell_that_it_waits(self, since: datetime) -> None:
        """Tell of a request that is still in flight."""
        with self._asking:
            if self._asked_at is not since or self._over:
                return
            self._progress = replace(self._progress, waiting_since=since)
        self._tell("waiting", {"since": since})

    def _once(self) -> float | None:
        """Store one snapshot, and give None; after a fault that may pass, the seconds to wait."""
        try:
            snapshot = self._ask()
            with self._storing:
                if self._over:
                    return None
                appended = self._history.append(snapshot)
        except FINAL:
            raise
        # Whatever a source or a disk may do, recording goes on.
        except (Exception, PanicException) as error:  # noqa: BLE001
            if self._over:
                return None
            failures = self._progress.failures + 1
            fault = plain(error if isinstance(error, DataFastError) else f"{type(error).__name__}: {error}", 300)
            self._progress = replace(self._progress, failures=failures, fault=fault)
            asked = error.retry_after if isinstance(error, RetryLaterError) else None
            wait = _back_off(failures, self._every, asked)
            self._tell("failed", {"failures": failures, "retry_in": round(wait, 1), "message": fault})
            return wait
        self._progress = self._progress.after(appended, snapshot.fetched_at)
        figures = {"snapshot": snapshot.fetched_at, **appended._asdict()}
        self._tell("stored", {name: value for name, value in figures.items() if value is not None})
        return None


def seconds(value: timedelta | float, name: str) -> float:
    """Give a time in seconds, or refuse what is not above 0."""
    if isinstance(value, bool) or not isinstance(value, (timedelta, Real)):
        raise TypeError(f"{name} takes seconds or a timedelta, such as {name}=10, not {value!r:.60}.")
    given = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if not 0 < given < math.inf:
        raise ValueError(f"{name} is {value}: give seconds above 0, or a timedelta.")
    return given


def check_times(every: timedelta | float, duration: timedelta | float | None) -> None:
    """Refuse an interval that would miss what the endpoint shows, and times that are none."""
    window = WINDOW.total_seconds()
    if seconds(every, "every") > window / 2:
        raise ValueError(
            f"every is {in_words(seconds(every, 'every'))}, and the endpoint forgets after {in_words(window)}: ask at "
            f"least every {in_words(window / 2)}, so that one fault costs nothing."
        )
    if duration is not None:
        seconds(duration, "duration")


def _back_off(failures: int, every: float, asked: float | None) -> float:
    """Give the seconds to wait after a fault: doubled each time within bounds, or as many as the service asks for."""
    planned = min(every * 2.0 ** min(failures - 1, 30), max(LONGEST_WAIT, every))
    return max(planned * random.uniform(0.75, 1.0), min(asked or 0.0, LONGEST_ASKED))  # noqa: S311 - no secret


def progress_bar(total: int | None) -> Report:
    """Give a report that draws a progress bar until the recording ends."""
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
