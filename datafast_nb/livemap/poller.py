"""Asks a source for snapshots at an interval, in one thread. Knows no widget."""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from datafast_nb.errors import (
    AuthenticationError,
    DataFastError,
    ForbiddenError,
    MissingKeyError,
    NotFoundError,
    NotRecordedError,
    RetryLaterError,
)
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import clock, duration, plain

State = Literal["starting", "live", "waiting", "unrecorded", "retrying", "stopped", "unwatched", "refused", "closed"]

LONGEST_WAIT: Final = 300.0
"""Seconds between two attempts at most, unless the service asks for more."""

_UNRECORDED: Final = "Nothing was recorded at this moment."  # the same at all of them: a reader hears it once
_LONGEST_FAULT: Final = 300  # characters
_LONGEST_ASKED: Final = 86_400.0  # seconds that a service can put the next attempt off

LOOK_EVERY: Final = 5.0
"""Seconds between two looks whether somebody watches."""

SOON: Final = 2.0
"""Seconds within which an answer is not waited for, however short the interval."""

# Asking again can't help until a person has changed something.
_FINAL: Final = (MissingKeyError, AuthenticationError, ForbiddenError, NotFoundError)


@dataclass(frozen=True, slots=True)
class Status:
    """How the polling stands; as text, a sentence for the reader.

    Attributes
    ----------
    state : str
        ``starting``: no answer yet. ``live``: the last request succeeded, and the next follows. ``waiting``: a request
        has had no answer for longer than the interval. ``unrecorded``: nothing is known of the moment, as in a gap of a
        replay. ``retrying``: the last request failed, and the next follows at `retry_at`. ``stopped``: by a person; or
        a replay that is paused or at its end. ``unwatched``: nobody looks any more. ``refused``: by the service, and
        asking again can't help. ``closed``: for good.
    interval : float
        Seconds from an answer to the next request.
    fault : str or None
        What the last request failed with, where it did.
    retry_at : datetime or None
        When the next attempt follows, in UTC, while ``retrying``; None while it is being made.
    replay : str or None
        What a replay does, such as ``Playing at 60×``; None where the source is none.
    waiting_since : datetime or None
        When the request was sent that is still without an answer, in UTC, while ``waiting``.
    time_zone : str
        Of times in the sentence.
    """

    state: State
    interval: float
    fault: str | None = None
    retry_at: datetime | None = None
    replay: str | None = None
    waiting_since: datetime | None = None
    time_zone: str = "UTC"

    def __str__(self) -> str:
        again = "Trying again now." if self.retry_at is None else f"Next try at {clock(self.retry_at, self.time_zone)}."
        since = self.waiting_since
        waiting = "" if since is None else f"Waiting since {clock(since, self.time_zone)} for an answer."
        sentences: dict[State, str] = {
            "starting": "Loading…",
            "live": self.replay or f"Live · every {duration(self.interval)}",
            "waiting": " ".join(part for part in (self.fault, waiting) if part),
            "unrecorded": ". ".join(part for part in (self.replay, self.fault) if part),
            "retrying": f"{self.fault} {again}",
            "stopped": ". ".join(part for part in (self.replay or "Paused", self.fault) if part),
            "unwatched": "Paused while nobody looks",
            "refused": f"Stopped. {self.fault}",
            "closed": "Closed",
        }
        return sentences[self.state]


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known: the last good snapshot, and how the polling stands. Never changed, only replaced."""

    snapshot: Snapshot | None
    status: Status


class Poller:
    """Asks a source for snapshots at an interval, never twice at once.

    Its thread lives only while there is a request to make or to wait for: stopped, refused or closed, it costs nothing.

    Parameters
    ----------
    source
        Where the snapshots come from.
    interval
        Seconds from an answer to the next request.
    on_change
        Called without arguments after each change of `moment`, on the thread that brought it about. It reads `moment`
        itself, so that a call that comes late can't bring an earlier moment back.
    is_watched
        Says whether somebody looks. It is asked every few seconds; when nobody does, polling rests until `watch`.
    """

    def __init__(
        self,
        source: Source,
        interval: float,
        on_change: Callable[[], None],
        is_watched: Callable[[], bool] = lambda: True,
    ) -> None:
        self._source = source
        self._interval = interval
        self._on_change = on_change
        self._is_watched = is_watched
        # Reentrant, because the garbage collector may close the poller in the middle of any line, even one of these.
        self._condition = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._due: float | None = None  # when the next request is made, on the monotonic clock; None: none is planned
        self._answered = time.monotonic()
        self._failures = 0
        self._wished = False  # that the next request is made, whether somebody watches or not
        self._again = False  # that another one is made after the one in flight
        self._stopped = self._unwatched = self._refused = self._closed = self._unrecorded = False
        self._snapshot: Snapshot | None = None
        self._fault: str | None = None
        self._retry_at: datetime | None = None
        self._asked_at: datetime | None = None  # when the request in flight was sent
        self._waiting_since: datetime | None = None
        self._publish()

    @property
    def moment(self) -> Moment:
        """The last good snapshot and the status, as one consistent pair."""
        return self._moment

    def start(self) -> None:
        """Ask now, and go on at the interval."""
        with self._condition:
            self._stopped = self._unwatched = self._refused = False
            self._ask_now()
        self._on_change()

    def pause(self) -> None:
        """Make no further request until told to."""
        with self._condition:
            self._stopped = True
            self._rest()
        self._on_change()

    def move(self, *, on: bool) -> None:
        """Ask anew for what has been set to another moment, after a request in flight; then go `on`, or pause."""
        with self._condition:
            self._stopped, self._unwatched, self._refused = not on, False, False
            self._again = True
            self._ask_now()
        self._on_change()

    def refresh(self) -> None:
        """Ask now, once more than planned; a request in flight counts as this one."""
        with self._condition:
            self._refused = False
            self._ask_now()
        self._on_change()

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
        self._on_change()

    def set_interval(self, seconds: float) -> None:
        """Change the interval; it counts from the last answer. A retry keeps its time."""
        with self._condition:
            self._interval = seconds
            if self._due is not None and not self._wished and self._moment.status.state == "live":
                self._due = self._answered + seconds
            self._publish()
            self._condition.notify_all()
        self._on_change()

    def close(self) -> None:
        """End the thread, for good. The answer to a request in flight is dropped."""
        if self._closed or sys.is_finalizing():
            return  # at the interpreter's end a thread may have been frozen with the lock in its hands
        with self._condition:
            self._closed = True
            self._rest()

    def _resting(self) -> bool:
        """Say whether no request follows by itself."""
        return self._stopped or self._unwatched or self._refused or self._closed

    def _ask_now(self) -> None:
        """Plan a request for now, and see that there is a thread to make it."""
        if self._closed:
            raise RuntimeError("This live map is closed. Make a new one: LiveMap(source).")
        self._due = time.monotonic()
        self._wished = True
        self._retry_at = None
        self._publish()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="datafast_nb live map", daemon=True)
            self._thread.start()
        self._condition.notify_all()

    def _rest(self) -> None:
        """Plan no request, which ends the thread."""
        self._due = None
        self._publish()
        self._condition.notify_all()

    def _publish(self) -> None:
        """Make one immutable moment of the present state."""
        flags: dict[State, bool] = {
            "closed": self._closed,
            "refused": self._refused,
            "stopped": self._stopped,
            "unwatched": self._unwatched,
            "waiting": self._waiting_since is not None,
            "unrecorded": self._unrecorded,
            "retrying": self._fault is not None,
            "starting": self._snapshot is None,
        }
        state: State = next((name for name, holds in flags.items() if holds), "live")
        status = Status(state, self._interval, self._fault, self._retry_at, waiting_since=self._waiting_since)
        self._moment = Moment(self._snapshot, status)

    def _run(self) -> None:
        """Make each request that is planned, until none is."""
        while self._wait_for_turn():
            if self._take(self._ask()):
                self._tell()
        if self._unwatched:
            self._tell()

    def _ask(self) -> Snapshot | BaseException:
        """Make one request; while it hangs for longer than the interval, say since when."""
        self._asked_at = since = datetime.now(UTC)
        overdue = threading.Timer(max(self._interval, SOON), self._say_that_it_waits, (since,))
        overdue.daemon = True
        try:
            overdue.start()
            return checked(self._source.snapshot())
        # A source that breaks is a fault to show, not a dead thread; a panic of Polars is no Exception.
        except BaseException as error:  # noqa: BLE001
            return error
        finally:
            overdue.cancel()

    def _say_that_it_waits(self, since: datetime) -> None:
        """Tell of a request that is still in flight."""
        with self._condition:
            if self._asked_at is not since or self._closed:
                return
            self._waiting_since = since
            self._publish()
        self._tell()

    def _tell(self) -> None:
        """Call back; what can't be drawn now is no reason to end."""
        try:
            self._on_change()
        except BaseException:
            logging.getLogger(__name__).exception("The live map could not be drawn.")

    def _wait_for_turn(self) -> bool:
        """Wait until the next request is due. False: none is planned, and this thread is the poller's no more."""
        while True:
            watched = self._is_watched()  # outside the lock: it takes others
            with self._condition:
                if self._due is not None and not (self._wished or watched):
                    self._unwatched = True
                    self._rest()
                if self._due is None:
                    self._thread = None
                    return False
                left = self._due - time.monotonic()
                if left <= 0:
                    self._wished = self._again = False
                    return True
                self._condition.wait(min(left, LOOK_EVERY))

    def _take(self, outcome: Snapshot | BaseException) -> bool:
        """Make an outcome the present moment and plan the next request; False if nobody wants it any more."""
        with self._condition:
            self._asked_at = self._waiting_since = None
            if self._closed:
                return False
            self._answered = time.monotonic()
            self._unrecorded = isinstance(outcome, NotRecordedError)
            if isinstance(outcome, Snapshot):
                self._snapshot, self._fault, self._failures, delay = outcome, None, 0, self._interval
            elif self._unrecorded:  # nothing is wrong, but what was known of another moment does not hold for this one
                self._snapshot, self._fault, self._failures, delay = None, _UNRECORDED, 0, self._interval
            else:
                self._fault = sentence(outcome)
                self._refused = isinstance(outcome, _FINAL)
                self._failures += 1
                asked = outcome.retry_after if isinstance(outcome, RetryLaterError) else None
                delay = back_off(self._failures, self._interval, asked, random.random())  # noqa: S311 - no secret
            self._plan(delay)
            self._publish()
            return True

    def _plan(self, delay: float) -> None:
        """Plan the request after an answer, seconds from now; at once if it was wished for since."""
        self._wished = self._again
        rests = self._resting()
        self._due = self._answered if self._again else None if rests else self._answered + delay
        retries = self._fault is not None and not (rests or self._unrecorded)
        self._retry_at = datetime.now(UTC) + timedelta(seconds=delay) if retries else None


def back_off(failures: int, interval: float, retry_after: float | None, chance: float) -> float:
    """Give the seconds to wait after a failed attempt.

    The wait doubles with each failure in a row, up to `LONGEST_WAIT`, and is spread by a quarter to both sides so that
    many maps don't come back at the same moment. Where the service named a wait, it is at least that,
    but no more than a day.

    Parameters
    ----------
    failures
        How many attempts in a row have failed, from 1.
    interval
        Seconds between two requests when all is well.
    retry_after
        What the service asked for, in seconds, if it did.
    chance
        A random number from 0 to 1.

    Examples
    --------
    >>> [back_off(n, 10, None, 0.5) for n in (1, 2, 3, 20)]
    [10.0, 20.0, 40.0, 300.0]
    >>> back_off(1, 10, 120, 0.5)
    120.0
    """
    planned = min(interval * 2.0 ** min(failures - 1, 30), max(LONGEST_WAIT, interval)) * (0.75 + chance / 2)
    return planned if retry_after is None else max(planned, min(float(retry_after), _LONGEST_ASKED))


def checked(answer: Snapshot) -> Snapshot:
    """Give a source's answer if it is a snapshot."""
    if not isinstance(answer, Snapshot):
        raise TypeError(f"The source's snapshot() gave {type(answer).__name__}, not a datafast_nb.Snapshot.")
    return answer


def sentence(error: BaseException) -> str:
    """Say what went wrong; the package's own errors are sentences already."""
    text = plain(error, _LONGEST_FAULT)
    if not isinstance(error, DataFastError):
        text = f"The source failed: {': '.join(part for part in (type(error).__name__, text) if part)}"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
