"""Poll a source for snapshots at an interval, in one thread, and decide when to wait, back off or give up.

Where no thread can be started, as in a browser, a task of the event loop polls instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, Final, Literal, NamedTuple

from polars.exceptions import PanicException

from datafast_nb.checks import checked_duration
from datafast_nb.errors import (
    AuthenticationError,
    DataFastError,
    ForbiddenError,
    HistoryFormatError,
    HistoryInUseError,
    HistoryKeyError,
    MissingKeyError,
    NotFoundError,
    NotRecordedError,
    RequestError,
    RetryLaterError,
)
from datafast_nb.schema import WINDOW
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import duration as in_words
from datafast_nb.text import plain

State = Literal["starting", "live", "waiting", "unrecorded", "retrying", "stopped", "unwatched", "refused", "closed"]
"""The state of a poller; `Standing` describes each value."""

LOOK_EVERY: Final = 5.0
"""Seconds between two checks whether anybody is watching."""

SOON: Final = 2.0
"""Seconds that a request may take before it counts as waiting, even if the interval is shorter."""

_LONGEST_FAULT: Final = 300  # characters
_log: Final = logging.getLogger(__name__)

_FINAL: Final = (
    AuthenticationError,
    ForbiddenError,
    HistoryFormatError,
    HistoryInUseError,
    HistoryKeyError,
    ImportError,
    MissingKeyError,
    NotFoundError,
    RequestError,
)


class Pace(NamedTuple):
    """The pace of polling.

    Attributes
    ----------
    longest_wait : float
        Maximum seconds between failing attempts, before random spread, unless the service asks for more.
    longest_retry_after : float
        Maximum seconds by which the service can postpone the next attempt.
    steady : bool
        Whether the interval runs from one request to the next, and no wait is longer than planned. By default, the
        interval runs from an answer to the next request.
    gaps : bool
        Whether the source may have gaps: a `NotRecordedError` is then no failure.
    """

    longest_wait: float = 300.0
    longest_retry_after: float = 86_400.0
    steady: bool = False
    gaps: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """The current state of a poller. Immutable: a change makes a new one.

    Attributes
    ----------
    snapshot : Snapshot or None
        The latest snapshot.
    state : str
        ``starting``: no answer yet. ``live``: the last request succeeded, and the next follows. ``waiting``: a request
        has had no answer for longer than the interval. ``unrecorded``: nothing was recorded at the moment, as in a gap
        of a replay. ``retrying``: the last request failed, and the next follows at `retry_at`. ``stopped``: stopped by
        a person. ``unwatched``: nobody is watching. ``refused``: a permanent error; asking again can't help.
        ``closed``: closed; it can't be started again.
    every : float
        Seconds from one request to the next while requests succeed.
    error : BaseException or None
        The error of the last request, if it failed.
    failures : int
        The number of failures since the last success.
    retry_at : datetime or None
        When the next attempt follows, in UTC, while ``retrying``; None while it is being made.
    waiting_since : datetime or None
        When the unanswered request was sent, in UTC, while ``waiting``.
    """

    snapshot: Snapshot | None
    state: State
    every: float
    error: BaseException | None = None
    failures: int = 0
    retry_at: datetime | None = None
    waiting_since: datetime | None = None


class Follower:
    """The hooks that a poller calls; override what you need, as each does nothing by default.

    They are called outside the poller's lock. An exception that a hook raises on the poller's thread ends the poller,
    except one from `take`.
    """

    def is_watched(self) -> bool:
        """Return whether anybody is watching. Called every few seconds; if nobody is, polling pauses until `watch`."""
        return True

    def take(self, snapshot: Snapshot) -> None:
        """Handle a snapshot. If this raises an exception, the attempt counts as failed."""

    def fail(self, error: BaseException, retry_in: float) -> None:
        """Handle an attempt that failed with a temporary error; the next follows in `retry_in` seconds."""

    def wait_for(self, since: datetime) -> None:
        """Handle a request that has had no answer for longer than the interval. Called on a separate thread."""

    def change(self) -> None:
        """Handle a change of `Poller.standing`. Called on the thread that caused it.

        Read `standing` itself, so that a late call can't restore an earlier state.
        """

    def end(self, error: BaseException | None) -> None:
        """Handle the end of automatic requests.

        `error` is given if it is permanent, or if a hook of this object raised it.
        """


class Poller:
    """Polls a source for snapshots at an interval, one request at a time.

    Its thread, or its task, runs only while there is a request to make or to wait for: stopped, refused or closed, it
    costs nothing.

    Parameters
    ----------
    source
        Where the snapshots come from.
    every
        Seconds from an answer to the next request.
    follower
        The hooks to call.
    pace
        The pace of polling.
    duration
        Seconds after which the poller closes.
    name
        A name for people to read, such as ``recording``.
    """

    def __init__(
        self,
        source: Source,
        every: float,
        follower: Follower,
        *,
        pace: Pace = Pace(),  # noqa: B008 - never changed
        duration: float = inf,
        name: str = "polling",
    ) -> None:
        self._source = source
        self._every = every
        self._follower = follower
        self._pace = pace
        self._name = name
        # Reentrant, because the garbage collector may close the poller at any line, even while the lock is held.
        self._condition = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._task: asyncio.Task[None] | None = None  # in place of the thread
        self._woken = asyncio.Event()  # for the task
        self._ends = time.monotonic() + duration
        self._due: float | None = None  # time of the next request, on the monotonic clock; None: none is planned
        self._sent = self._answered = time.monotonic()
        self._failures = 0
        self._requested = False  # whether to make the next request even if nobody is watching
        self._again = False  # whether to make another request after the one in flight
        self._stopped = self._unwatched = self._refused = self._closed = False
        self._snapshot: Snapshot | None = None
        self._error: BaseException | None = None
        self._retry_at: datetime | None = None
        self._requested_at: datetime | None = None  # when the request in flight was sent
        self._waiting_since: datetime | None = None
        self._publish()

    @property
    def standing(self) -> Standing:
        """The latest snapshot and the state of the polling, consistent with each other."""
        return self._standing

    @property
    def is_this_thread(self) -> bool:
        """Whether the calling thread is the poller's own."""
        return threading.current_thread() is self._thread

    @property
    def is_threaded(self) -> bool:
        """Whether it polls while other code runs: False only while a task polls."""
        return self._task is None

    def start(self) -> None:
        """Make a request now, and continue at the interval."""
        with self._condition:
            self._stopped = self._unwatched = self._refused = False
            self._ask_now()
        self._follower.change()

    def stop(self) -> None:
        """Stop making requests until asked to. The answer to a request in flight is still used."""
        with self._condition:
            self._stopped = True
            self._rest()
        self._follower.change()

    def move(self, *, on: bool) -> None:
        """Request data again after the source was moved in time; then continue if `on`, or stop.

        If a request is in flight, the new one follows it.
        """
        with self._condition:
            self._stopped, self._unwatched, self._refused = not on, False, False
            self._again = True
            self._ask_now()
        self._follower.change()

    def refresh(self) -> None:
        """Make one extra request now. If a request is in flight, it counts as this one."""
        with self._condition:
            self._refused = False
            self._ask_now()
        self._follower.change()

    def watch(self) -> None:
        """Resume with a new request, if polling is paused only because nobody was watching."""
        with self._condition:
            if not self._unwatched:
                return
            self._unwatched = False
            if self._resting():
                self._publish()
            else:
                self._ask_now()
        self._follower.change()

    def set_every(self, seconds: float) -> None:
        """Change the interval, counted from the last answer. A planned retry keeps its time."""
        with self._condition:
            self._every = seconds
            if self._due is not None and not self._requested and self._standing.state == "live":
                self._due = self._answered + seconds
            self._publish()
            self._wake()
        self._follower.change()

    def close(self) -> None:
        """Close the poller permanently. The answer to a request in flight is dropped."""
        if self._closed or sys.is_finalizing():
            return  # at interpreter shutdown, a thread may have been frozen while it held the lock
        with self._condition:
            self._closed = True
            self._rest()

    def _resting(self) -> bool:
        """Return whether automatic requests are off."""
        return self._stopped or self._unwatched or self._refused or self._closed

    def _ask_now(self) -> None:
        """Plan a request for now, and start the thread if it is not running."""
        if self._closed:
            raise RuntimeError(f"This {self._name} is closed. Make a new one.")
        self._due = time.monotonic()
        self._requested = True
        self._retry_at = None
        self._publish()
        if self._task is None and (self._thread is None or not self._thread.is_alive()):
            self._begin()
        self._wake()

    def _begin(self) -> None:
        """Start the thread; where none can be started, start the task."""
        self._thread = threading.Thread(target=self._run, name=f"datafast_nb {self._name}", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = loop = None
            with contextlib.suppress(RuntimeError):
                loop = asyncio.get_running_loop()
            if loop is None:
                raise
            self._task = loop.create_task(self._run_as_task(), name=f"datafast_nb {self._name}")

    def _wake(self) -> None:
        """Let the thread or the task look at what is planned."""
        self._condition.notify_all()
        if self._task is not None:
            self._woken.set()

    def _rest(self) -> None:
        """Cancel the planned request, which ends the thread."""
        self._due = None
        self._publish()
        self._wake()

    def _publish(self) -> None:
        """Publish the current state as one immutable `Standing`."""
        flags: dict[State, bool] = {
            "closed": self._closed,
            "refused": self._refused,
            "stopped": self._stopped,
            "unwatched": self._unwatched,
            "waiting": self._waiting_since is not None,
            "unrecorded": self._is_gap(self._error),
            "retrying": self._error is not None,
            "starting": self._snapshot is None,
        }
        state: State = next((name for name, holds in flags.items() if holds), "live")
        self._standing = Standing(
            self._snapshot, state, self._every, self._error, self._failures, self._retry_at, self._waiting_since
        )

    def _run(self) -> None:
        """Make planned requests until none is left."""
        with self._ending():
            while self._wait_for_turn():
                self._take(self._ask())

    async def _run_as_task(self) -> None:
        """Make planned requests until none is left; each blocks the event loop, as nothing else runs meanwhile."""
        with self._ending():
            while True:
                watched = self._follower.is_watched()
                self._woken.clear()
                wait = self._until_turn(watched=watched)
                if wait is None:
                    return
                if wait:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), wait)
                else:
                    self._take(self._ask())
                    await asyncio.sleep(0)

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """Tell the follower of the end of automatic requests, or of an error that a hook raised."""
        try:
            yield
            if self._unwatched:
                self._follower.change()
        except BaseException as error:
            is_cut_off = not self.is_threaded and isinstance(error, (asyncio.CancelledError, GeneratorExit))
            self.close()
            self._follower.end(None if is_cut_off else error)
            if is_cut_off:  # the event loop of the task ends
                raise
        else:
            self._follower.end(self._error if self._refused else None)

    def _ask(self) -> Snapshot | BaseException:
        """Make one request; if it takes longer than the interval, report that it is waiting."""
        self._requested_at = since = datetime.now(UTC)
        overdue = threading.Timer(max(self._every, SOON), self._report_waiting, (since,))
        overdue.daemon = True
        try:
            if self.is_threaded:
                overdue.start()
            return checked(self._source.snapshot())
        # A failing source must be shown and not kill the thread; a Polars panic is not an Exception.
        except BaseException as error:  # noqa: BLE001
            return error
        finally:
            overdue.cancel()
            with self._condition:
                self._requested_at = self._waiting_since = None
                self._publish()

    def _report_waiting(self, since: datetime) -> None:
        """Report a request that is still in flight."""
        with self._condition:
            if self._requested_at is not since or self._closed:
                return
            self._waiting_since = since
            self._publish()
        self._follower.wait_for(since)
        self._follower.change()

    def _wait_for_turn(self) -> bool:
        """Wait until the next request is due. Return False if none is planned: this thread must then end."""
        while True:
            watched = self._follower.is_watched()  # outside our lock, because the call takes other locks
            with self._condition:
                wait = self._until_turn(watched=watched)
                if not wait:
                    return wait is not None
                self._condition.wait(wait)

    def _until_turn(self, *, watched: bool) -> float | None:
        """Return the seconds until the next look; 0 if a request is due; None if none is planned, which is the end."""
        with self._condition:
            now = time.monotonic()
            if self._due is not None and now >= self._ends:
                self._closed = True
                self._rest()
            elif self._due is not None and not (self._requested or watched):
                self._unwatched = True
                self._rest()
            if self._due is None:
                self._thread = self._task = None
                return None
            if self._due <= now:
                self._requested = self._again = False
                self._sent = now
                return 0
            return min(self._due - now, self._ends - now, LOOK_EVERY)

    def _take(self, outcome: Snapshot | BaseException) -> None:
        """Pass an answer on, record the outcome, and plan the next request; do nothing once closed."""
        if isinstance(outcome, Snapshot) and not self._closed:
            try:
                self._follower.take(outcome)
            except (Exception, PanicException) as error:  # noqa: BLE001 - reported and retried
                outcome = error
        with self._condition:
            if self._closed:
                return
            delay = self._note(outcome)
            failures, refused = self._failures, self._refused
            self._publish()
        if isinstance(outcome, BaseException) and failures:
            if failures == 1:
                log_unexpected(outcome)
            if not refused:
                self._follower.fail(outcome, delay)
        self._follower.change()

    def _note(self, outcome: Snapshot | BaseException) -> float:
        """Record an outcome as the current state, plan the next request, and return the seconds until then."""
        self._answered = time.monotonic()
        delay = self._every
        if isinstance(outcome, Snapshot):
            self._snapshot, self._error, self._failures = outcome, None, 0
            if self._pace.steady:
                delay = max(0.0, self._sent + self._every - self._answered)
        elif self._is_gap(outcome):
            # Nothing is wrong, but a snapshot of another moment must not be shown for this one.
            self._snapshot, self._error, self._failures = None, outcome, 0
        else:
            self._error = outcome
            self._refused = is_final(outcome)
            self._failures += 1
            retry_after = outcome.retry_after if isinstance(outcome, RetryLaterError) else None
            delay = back_off(self._failures, self._every, retry_after, random.random(), self._pace)  # noqa: S311 - no secret
        self._plan(delay)
        return delay

    def _is_gap(self, outcome: Snapshot | BaseException | None) -> bool:
        """Return whether the source says that nothing was recorded at the moment."""
        return self._pace.gaps and isinstance(outcome, NotRecordedError)

    def _plan(self, delay: float) -> None:
        """Plan the request after an answer, `delay` seconds later; at once if one was asked for meanwhile."""
        self._requested = self._again
        rests = self._resting()
        self._due = self._answered if self._again else None if rests else self._answered + delay
        self._retry_at = datetime.now(UTC) + timedelta(seconds=delay) if self._failures and not rests else None


def checked_every(every: timedelta | str | float) -> timedelta:
    """Return the time between two requests; refuse one that would miss what the endpoint shows."""
    found = checked_duration(every, "every")
    if found > WINDOW / 2:
        window = WINDOW.total_seconds()
        raise ValueError(
            f"every is {in_words(found.total_seconds())}, but the endpoint forgets after {in_words(window)}: ask at "
            f"least every {in_words(window / 2)}, so that one fault costs nothing."
        )
    return found


def is_final(error: BaseException) -> bool:
    """Return whether an error is permanent: asking again can't help until a person changes something.

    An error is permanent if the service itself refuses the key, the website or the request, or if a history can't be
    written or read in its current form. An error from something in between, such as a gateway, may be temporary.

    Examples
    --------
    >>> from datafast_nb.errors import GatewayError, NotFoundError
    >>> is_final(NotFoundError("No such website.")), is_final(GatewayError("A login page answered."))
    (True, False)
    """
    return isinstance(error, _FINAL)


def back_off(failures: int, every: float, retry_after: float | None, chance: float, pace: Pace = Pace()) -> float:  # noqa: B008
    """Return the seconds to wait after a failed attempt.

    The wait doubles with each consecutive failure, up to the longest of the pace. It is spread by up to a quarter in
    both directions, or only down if the pace is steady, so that many clients don't return at the same moment. If the
    service asked for a wait, the result is at least that, within bounds.

    Parameters
    ----------
    failures
        The number of consecutive failed attempts, from 1.
    every
        Seconds between two requests while they succeed.
    retry_after
        The wait that the service asked for, in seconds, if any.
    chance
        A random number from 0 to 1.
    pace
        The longest waits.

    Examples
    --------
    >>> [back_off(n, 10, None, 0.5) for n in (1, 2, 3, 20)]
    [10.0, 20.0, 40.0, 300.0]
    >>> back_off(1, 10, 120, 0.5)
    120.0
    """
    spread = chance / 4 if pace.steady else chance / 2
    planned = min(every * 2.0 ** min(failures - 1, 30), max(pace.longest_wait, every)) * (0.75 + spread)
    return planned if retry_after is None else max(planned, min(float(retry_after), pace.longest_retry_after))


def checked(answer: Any) -> Snapshot:  # noqa: ANN401 - a source may return anything
    """Return a source's answer if it is a snapshot."""
    if not isinstance(answer, Snapshot):
        raise TypeError(f"The source's snapshot() gave {type(answer).__name__}, not a datafast_nb.Snapshot.")
    return answer


def log_unexpected(error: BaseException) -> None:
    """Log a source's error with its traceback, unless it is one of the package's own, which say what is wrong."""
    if not isinstance(error, DataFastError):
        _log.error("The source failed.", exc_info=error)


def sentence(error: BaseException) -> str:
    """Return a sentence that says what went wrong. The package's own errors are sentences already."""
    text = plain(error, _LONGEST_FAULT)
    if not isinstance(error, DataFastError):
        text = f"The source failed: {': '.join(part for part in (type(error).__name__, text) if part)}"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
