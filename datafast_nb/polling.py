"""Asks a source for snapshots at an interval, in one thread: waiting, backing off, and what asking again can't help."""

from __future__ import annotations

import random
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, Final, Literal, NamedTuple

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
    NotRecordedError,
    RequestError,
    RetryLaterError,
)
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import plain

State = Literal["starting", "live", "waiting", "unrecorded", "retrying", "stopped", "unwatched", "refused", "closed"]
"""How a polling stands; `Standing` says what each means."""

LOOK_EVERY: Final = 5.0
"""Seconds between two looks whether somebody watches."""

SOON: Final = 2.0
"""Seconds within which an answer is not waited for, however short the interval."""

_LONGEST_FAULT: Final = 300  # characters

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
    """How fast a polling goes on.

    Attributes
    ----------
    longest_wait : float
        Seconds between two attempts at most while they fail, before they are spread, unless the service asks for more.
    longest_asked : float
        Seconds that the service can put the next attempt off.
    steady : bool
        Whether the interval counts from one request to the next; by default, from an answer.
    """

    longest_wait: float = 300.0
    longest_asked: float = 86_400.0
    steady: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a polling stands. Never changed, only replaced.

    Attributes
    ----------
    snapshot : Snapshot or None
        The last answer.
    state : str
        ``starting``: no answer yet. ``live``: the last request succeeded, and the next follows. ``waiting``: a request
        has had no answer for longer than the interval. ``unrecorded``: nothing is known of the moment, as in a gap of a
        replay. ``retrying``: the last request failed, and the next follows at `retry_at`. ``stopped``: by a person.
        ``unwatched``: nobody looks any more. ``refused``: asking again can't help. ``closed``: for good.
    every : float
        Seconds from one request to the next while all is well.
    error : BaseException or None
        What the last request failed with, where it did.
    failures : int
        How many have failed since the last success.
    retry_at : datetime or None
        When the next attempt follows, in UTC, while ``retrying``; None while it is being made.
    waiting_since : datetime or None
        When the request was sent that is still without an answer, in UTC, while ``waiting``.
    """

    snapshot: Snapshot | None
    state: State
    every: float
    error: BaseException | None = None
    failures: int = 0
    retry_at: datetime | None = None
    waiting_since: datetime | None = None


class Follower:
    """Whom a poller tells of what comes: each method does nothing by itself.

    They are called outside the poller's lock. What one of them raises on the poller's thread ends it, but for an error
    of `take`.
    """

    def is_watched(self) -> bool:
        """Return whether somebody looks: asked every few seconds; when nobody does, polling rests until `watch`."""
        return True

    def take(self, snapshot: Snapshot) -> None:
        """Take an answer. Where this raises an error, the attempt has failed."""

    def fail(self, error: BaseException, retry_in: float) -> None:
        """Hear that an attempt failed with an error that may pass, and the seconds until the next."""

    def wait_for(self, since: datetime) -> None:
        """Hear of a request that has had no answer for longer than the interval; on a thread of its own."""

    def change(self) -> None:
        """Hear that `Poller.standing` is another; on the thread that brought it about.

        It reads `standing` itself, so that a call that comes late can't bring an earlier one back.
        """

    def end(self, error: BaseException | None) -> None:
        """Hear that no request follows by itself.

        With an error where that can't pass by itself, or where a method of this object has raised it.
        """


class Poller:
    """Asks a source for snapshots at an interval, never twice at once.

    Its thread lives only while there is a request to make or to wait for: stopped, refused or closed, it costs nothing.

    Parameters
    ----------
    source
        Where the snapshots come from.
    every
        Seconds from an answer to the next request.
    follower
        Who is told.
    pace
        How fast it goes on.
    duration
        Seconds after which it is closed.
    name
        What it is to a reader, such as ``recording``.
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
        # Reentrant, because the garbage collector may close the poller in the middle of any line, even one of these.
        self._condition = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._ends = time.monotonic() + duration
        self._due: float | None = None  # when the next request is made, on the monotonic clock; None: none is planned
        self._asked = self._answered = time.monotonic()
        self._failures = 0
        self._wished = False  # that the next request is made, whether somebody watches or not
        self._again = False  # that another one is made after the one in flight
        self._stopped = self._unwatched = self._refused = self._closed = False
        self._snapshot: Snapshot | None = None
        self._error: BaseException | None = None
        self._retry_at: datetime | None = None
        self._asked_at: datetime | None = None  # when the request in flight was sent
        self._waiting_since: datetime | None = None
        self._publish()

    @property
    def standing(self) -> Standing:
        """The last answer and how it stands, as one consistent whole."""
        return self._standing

    @property
    def is_this_thread(self) -> bool:
        """Whether it is the poller's thread that asks."""
        return threading.current_thread() is self._thread

    def start(self) -> None:
        """Ask now, and go on at the interval."""
        with self._condition:
            self._stopped = self._unwatched = self._refused = False
            self._ask_now()
        self._follower.change()

    def stop(self) -> None:
        """Make no further request until told to; the answer to one in flight is taken."""
        with self._condition:
            self._stopped = True
            self._rest()
        self._follower.change()

    def move(self, *, on: bool) -> None:
        """Ask anew for what has been set to another moment, after a request in flight; then go `on`, or stop."""
        with self._condition:
            self._stopped, self._unwatched, self._refused = not on, False, False
            self._again = True
            self._ask_now()
        self._follower.change()

    def refresh(self) -> None:
        """Ask now, once more than planned; a request in flight counts as this one."""
        with self._condition:
            self._refused = False
            self._ask_now()
        self._follower.change()

    def watch(self) -> None:
        """Go on with a fresh request, if polling rests only because nobody looked."""
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
        """Change the interval; it counts from the last answer. A retry keeps its time."""
        with self._condition:
            self._every = seconds
            if self._due is not None and not self._wished and self._standing.state == "live":
                self._due = self._answered + seconds
            self._publish()
            self._condition.notify_all()
        self._follower.change()

    def close(self) -> None:
        """End the thread, for good. The answer to a request in flight is dropped."""
        if self._closed or sys.is_finalizing():
            return  # at the interpreter's end a thread may have been frozen with the lock in its hands
        with self._condition:
            self._closed = True
            self._rest()

    def _resting(self) -> bool:
        """Return whether no request follows by itself."""
        return self._stopped or self._unwatched or self._refused or self._closed

    def _ask_now(self) -> None:
        """Plan a request for now, and see that there is a thread to make it."""
        if self._closed:
            raise RuntimeError(f"This {self._name} is closed. Make a new one.")
        self._due = time.monotonic()
        self._wished = True
        self._retry_at = None
        self._publish()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=f"datafast_nb {self._name}", daemon=True)
            self._thread.start()
        self._condition.notify_all()

    def _rest(self) -> None:
        """Plan no request, which ends the thread."""
        self._due = None
        self._publish()
        self._condition.notify_all()

    def _publish(self) -> None:
        """Make one immutable standing of the present state."""
        flags: dict[State, bool] = {
            "closed": self._closed,
            "refused": self._refused,
            "stopped": self._stopped,
            "unwatched": self._unwatched,
            "waiting": self._waiting_since is not None,
            "unrecorded": isinstance(self._error, NotRecordedError),
            "retrying": self._error is not None,
            "starting": self._snapshot is None,
        }
        state: State = next((name for name, holds in flags.items() if holds), "live")
        self._standing = Standing(
            self._snapshot, state, self._every, self._error, self._failures, self._retry_at, self._waiting_since
        )

    def _run(self) -> None:
        """Make each request that is planned, until none is."""
        try:
            while self._wait_for_turn():
                self._take(self._ask())
            if self._unwatched:
                self._follower.change()
        except BaseException as error:  # noqa: BLE001 - kept for whoever follows
            self.close()
            self._follower.end(error)
        else:
            self._follower.end(self._error if self._refused else None)

    def _ask(self) -> Snapshot | BaseException:
        """Make one request; while it hangs for longer than the interval, say since when."""
        self._asked_at = since = datetime.now(UTC)
        overdue = threading.Timer(max(self._every, SOON), self._say_that_it_waits, (since,))
        overdue.daemon = True
        try:
            overdue.start()
            return checked(self._source.snapshot())
        # A source that breaks is a fault to show, not a dead thread; a panic of Polars is no Exception.
        except BaseException as error:  # noqa: BLE001
            return error
        finally:
            overdue.cancel()
            with self._condition:
                self._asked_at = self._waiting_since = None

    def _say_that_it_waits(self, since: datetime) -> None:
        """Tell of a request that is still in flight."""
        with self._condition:
            if self._asked_at is not since or self._closed:
                return
            self._waiting_since = since
            self._publish()
        self._follower.wait_for(since)
        self._follower.change()

    def _wait_for_turn(self) -> bool:
        """Wait until the next request is due. False: none is planned, and this thread is the poller's no more."""
        while True:
            watched = self._follower.is_watched()  # outside the lock: it takes others
            with self._condition:
                now = time.monotonic()
                if self._due is not None and now >= self._ends:
                    self._closed = True
                    self._rest()
                elif self._due is not None and not (self._wished or watched):
                    self._unwatched = True
                    self._rest()
                if self._due is None:
                    self._thread = None
                    return False
                if self._due <= now:
                    self._wished = self._again = False
                    self._asked = now
                    return True
                self._condition.wait(min(self._due - now, self._ends - now, LOOK_EVERY))

    def _take(self, outcome: Snapshot | BaseException) -> None:
        """Hand an answer on, make its outcome the present state, and plan the next request; nothing, once closed."""
        if isinstance(outcome, Snapshot) and not self._closed:
            try:
                self._follower.take(outcome)
            except (Exception, PanicException) as error:  # noqa: BLE001 - told, and tried again
                outcome = error
        with self._condition:
            if self._closed:
                return
            delay = self._note(outcome)
            refused = self._refused
            self._publish()
        if isinstance(outcome, BaseException) and not refused and not isinstance(outcome, NotRecordedError):
            self._follower.fail(outcome, delay)
        self._follower.change()

    def _note(self, outcome: Snapshot | BaseException) -> float:
        """Make an outcome the present state, and plan the next request; give the seconds until then."""
        self._answered = time.monotonic()
        delay = self._every
        if isinstance(outcome, Snapshot):
            self._snapshot, self._error, self._failures = outcome, None, 0
            if self._pace.steady:
                delay = max(0.0, self._asked + self._every - self._answered)
        elif isinstance(outcome, NotRecordedError):
            # Nothing is wrong, but what was known of another moment does not hold for this one.
            self._snapshot, self._error, self._failures = None, outcome, 0
        else:
            self._error = outcome
            self._refused = is_final(outcome)
            self._failures += 1
            asked = outcome.retry_after if isinstance(outcome, RetryLaterError) else None
            delay = back_off(self._failures, self._every, asked, random.random(), self._pace)  # noqa: S311 - no secret
        self._plan(delay)
        return delay

    def _plan(self, delay: float) -> None:
        """Plan the request after an answer, seconds from now; at once if it was wished for since."""
        self._wished = self._again
        rests = self._resting()
        self._due = self._answered if self._again else None if rests else self._answered + delay
        self._retry_at = datetime.now(UTC) + timedelta(seconds=delay) if self._failures and not rests else None


def is_final(error: BaseException) -> bool:
    """Return whether asking again can't help until a person has changed something.

    So it is where the service itself refuses the key, the website or the request, or a history can't be written or
    read as it is. What something in between answers, such as a gateway, may pass.

    Examples
    --------
    >>> from datafast_nb.errors import GatewayError, NotFoundError
    >>> is_final(NotFoundError("No such website.")), is_final(GatewayError("A login page answered."))
    (True, False)
    """
    return isinstance(error, _FINAL)


def back_off(failures: int, every: float, retry_after: float | None, chance: float, pace: Pace = Pace()) -> float:  # noqa: B008
    """Return the seconds to wait after a failed attempt.

    The wait doubles with each failure in a row, up to the longest of the pace, and is spread by a quarter to both sides
    so that many don't come back at the same moment. Where the service named a wait, it is at least that, within bounds.

    Parameters
    ----------
    failures
        How many attempts in a row have failed, from 1.
    every
        Seconds between two requests when all is well.
    retry_after
        What the service asked for, in seconds, if it did.
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
    planned = min(every * 2.0 ** min(failures - 1, 30), max(pace.longest_wait, every)) * (0.75 + chance / 2)
    return planned if retry_after is None else max(planned, min(float(retry_after), pace.longest_asked))


def checked(answer: Any) -> Snapshot:  # noqa: ANN401 - what a source of anybody's gave
    """Return a source's answer if it is a snapshot."""
    if not isinstance(answer, Snapshot):
        raise TypeError(f"The source's snapshot() gave {type(answer).__name__}, not a datafast_nb.Snapshot.")
    return answer


def sentence(error: BaseException) -> str:
    """Say what went wrong; the package's own errors are sentences already."""
    text = plain(error, _LONGEST_FAULT)
    if not isinstance(error, DataFastError):
        text = f"The source failed: {': '.join(part for part in (type(error).__name__, text) if part)}"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
