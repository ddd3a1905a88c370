"""Sends messages to one destination, in a thread of its own, so that a slow one delays nobody."""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, Final, Literal

from datafast_nb.alerts.addresses import harmless
from datafast_nb.alerts.destinations import Destination, NotSentError
from datafast_nb.alerts.message import News
from datafast_nb.polling import Pace, back_off

MOST_WAITING: Final = 100
"""The most messages that wait for a destination; further ones are dropped, and counted."""

FIRST_WAIT: Final = 2.0
"""Seconds until a message is sent again after the first failure; the wait doubles with each further one."""

PACE: Final = Pace(longest_wait=300.0, longest_retry_after=3_600.0)
"""The longest waits between two attempts."""

GIVE_UP: Final = 3_600.0
"""Seconds after which a message that could not be sent is dropped: later it would be no news."""

Report = Callable[[str, dict[str, Any]], None]
"""Receives what happened (``sent``, ``failed``, ``recovered``, ``dropped``) and figures."""

State = Literal["ready", "retrying", "closed"]

_log: Final = logging.getLogger(__name__)


class Channel:
    """A destination with the messages that wait for it.

    Its thread starts with it and in its context, so that a notebook shows what a function prints under the cell that
    began to watch, and not under the one that ran last.

    Parameters
    ----------
    destination
        Where the messages are sent to.
    report
        Receives each failure and each recovery, once.
    name
        Its name; by default that of the destination.
    """

    def __init__(self, destination: Destination, report: Report, name: str | None = None) -> None:
        self.name = destination.name if name is None else name
        self.fault: str | None = None
        self.sent = 0
        self.dropped = 0
        self._destination = destination
        self._report = report
        self._waiting: deque[tuple[float, News]] = deque()
        self._condition = threading.Condition()
        self._closed = self._over = False
        run, name = partial(copy_context().run, self._run), f"datafast_nb channel {self.name}"
        self._thread = threading.Thread(target=run, name=name, daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        """Whether the last message was accepted."""
        return "closed" if self._closed else "ready" if self.fault is None else "retrying"

    def put(self, news: News) -> None:
        """Send a message soon; drop it if too many wait. Never blocks."""
        with self._condition:
            is_full = len(self._waiting) >= MOST_WAITING
            if not (is_full or self._closed):
                self._waiting.append((time.monotonic(), news))
                self._condition.notify_all()
                return
        self._drop(1)

    def finish(self) -> None:
        """Accept no more messages, and end after trying each waiting one once. Never blocks."""
        if sys.is_finalizing():
            return  # a thread may have been frozen while it held the lock
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def close(self, patience: float) -> None:
        """Finish within some seconds; then drop the messages that still wait."""
        if sys.is_finalizing():
            return
        self.finish()
        ends, is_own = time.monotonic() + patience, threading.current_thread() is self._thread
        with self._condition:
            if not is_own:
                self._condition.wait_for(lambda: self._over or not self._waiting, patience)
            left, self._over = len(self._waiting), True
            self._waiting.clear()
            self._condition.notify_all()
        if left:
            self._drop(left)
        if not is_own:
            self._thread.join(max(0.0, ends - time.monotonic()))

    def _run(self) -> None:
        """Send one message after the other, until closed."""
        failures = 0
        while (found := self._next()) is not None:
            since, news = found
            try:
                self._destination.send(news)
            except NotSentError as error:
                failures += 1
                wait = back_off(failures, FIRST_WAIT, error.retry_after, random.random(), PACE)  # noqa: S311 - no secret
                self._fail(str(error), wait, too_late=time.monotonic() + wait - since > GIVE_UP)
            except BaseException as error:  # noqa: BLE001 - a destination must not end the thread, such as by an exit
                self._fail(harmless(error), 0.0, too_late=True)
            else:
                failures = 0
                self._succeed()

    def _next(self) -> tuple[float, News] | None:
        """Wait for a message, and return it without taking it off; None if there will be none."""
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting or self._over:
                self._over = True
                self._condition.notify_all()
                return None
            return self._waiting[0]

    def _take_off(self) -> None:
        """Take off the message that was sent, or given up."""
        with self._condition:
            if self._waiting:
                self._waiting.popleft()
            self._condition.notify_all()

    def _succeed(self) -> None:
        """Note that a message was sent."""
        recovered, self.fault = self.fault is not None, None
        self.sent += 1
        self._take_off()
        if recovered:
            self._announce("recovered", {"channel": self.name})

    def _fail(self, fault: str, wait: float, *, too_late: bool) -> None:
        """Note that a message was not sent, report the first of several failures, and wait."""
        is_first, self.fault = self.fault is None, fault
        if is_first:
            self._announce("failed", {"channel": self.name, "message": fault, "retry_in": round(wait, 1)})
        if too_late or self._closed:
            self._take_off()
            self._drop(1)
            return
        with self._condition:
            self._condition.wait_for(lambda: self._over or self._closed, wait)

    def _drop(self, count: int) -> None:
        """Count messages that were not sent; report the first."""
        self.dropped += count
        if self.dropped == count:
            self._announce("dropped", {"channel": self.name, "count": count})

    def _announce(self, what: str, figures: dict[str, Any]) -> None:
        """Report what happened; a report that fails must not end the channel."""
        try:
            self._report(what, figures)
        except Exception:  # noqa: BLE001 - the report is anybody's
            _log.exception("The report of a watcher failed.")
