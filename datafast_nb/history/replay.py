"""The past as a source: a clock that runs over a history, can be stopped, set and made faster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

import polars as pl

from datafast_nb.checks import in_utc
from datafast_nb.history.coverage import covered, uncovered
from datafast_nb.snapshot import Snapshot


class Past(Protocol):
    """What is shown again."""

    @property
    def location(self) -> str:
        """Where it is."""

    def at(self, when: datetime) -> Snapshot:
        """Return the snapshot of a moment."""

    def gaps(self) -> pl.DataFrame:
        """Return the times of which something may be missing."""


class Replay:
    """A span of a history that is shown again; made by ``History.replay``. It is a source: give it to ``LiveMap``.

    It plays from the start when made, and stops at the end. Safe to use from several threads.

    Parameters
    ----------
    history
        What is shown.
    start, end
        The first and the last moment (with a time zone).
    speed
        Seconds of the past in one second.
    clock
        Gives the seconds that pass meanwhile.

    Raises
    ------
    ValueError
        `start` comes after `end`, or `speed` is not above 0.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> replay = dfn.History("site-history").replay(speed=60)  # doctest: +SKIP
    >>> live = dfn.LiveMap(replay)  # doctest: +SKIP
    >>> replay.seek(replay.start + timedelta(hours=3))  # doctest: +SKIP
    >>> replay.speed = 600  # doctest: +SKIP
    """

    def __init__(
        self,
        history: Past,
        start: datetime,
        end: datetime,
        speed: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if start > end:
            raise ValueError(f"start, {start}, comes after end, {end}: exchange them.")
        self._history = history
        self._start = start
        self._end = end
        self._clock = clock
        self._turn = threading.RLock()
        self._speed = _checked(speed)
        self._playing = True
        self._jumps = 0
        self._from = start  # where the replay was when it was last touched, at this time of the clock
        self._since = clock()
        self._listeners: tuple[Callable[[], Any], ...] = ()
        self._last: Snapshot | None = None  # what was last shown

    @property
    def start(self) -> datetime:
        """The first moment."""
        return self._start

    @property
    def end(self) -> datetime:
        """The last moment."""
        return self._end

    @property
    def now(self) -> datetime:
        """The moment that is shown now."""
        with self._turn:
            passed = (self._clock() - self._since) * self._speed if self._playing else 0.0
            left = (self._end - self._from).total_seconds()
            return self._end if passed >= left else self._from + timedelta(seconds=passed)

    @property
    def speed(self) -> float:
        """Seconds of the past in one second."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        speed = _checked(value)
        with self._turn:
            self._stand_at(self.now)
            self._speed = speed
        self._tell()

    @property
    def playing(self) -> bool:
        """Whether it goes on: neither paused nor at the end."""
        with self._turn:
            return self._playing and self.now < self._end

    @property
    def jumps(self) -> int:
        """How often it was set to another moment; what came before a jump is not what happened before."""
        return self._jumps

    @property
    def gaps(self) -> pl.DataFrame:
        """The times of the span of which something may be missing: ``since`` and ``until``, in order, not touching."""
        return uncovered(self._start, self._end, covered(self._start, self._end, self._history.gaps()))

    def play(self) -> None:
        """Go on from the moment that is shown; at the end, from the start."""
        with self._turn:
            again = self.now == self._end
            self._stand_at(self._start if again else self.now)
            self._jumps += again
            self._playing = True
        self._tell()

    def pause(self) -> None:
        """Stay at the moment that is shown."""
        with self._turn:
            self._stand_at(self.now)
            self._playing = False
        self._tell()

    def seek(self, when: datetime) -> None:
        """Go to a moment (with a time zone); one outside the span becomes its nearest end."""
        moment = in_utc(when, "when")
        with self._turn:
            self._stand_at(min(max(moment, self._start), self._end))
            self._jumps += 1
        self._tell()

    def on_change(self, callback: Callable[[], Any], *, remove: bool = False) -> None:
        """Call a function after each `play`, `pause`, `seek` and change of `speed`, on the thread that did it.

        ``remove=True`` takes the function off again.
        """
        with self._turn:
            others = tuple(each for each in self._listeners if each != callback)
            self._listeners = others if remove else (*others, callback)

    def snapshot(self) -> Snapshot:
        """Return the snapshot of the moment that is shown; the same object as long as it is the same.

        Raises
        ------
        NotRecordedError
            That moment is in a gap.
        """
        snapshot, last = self._history.at(self.now), self._last
        if last is None or last.fetched_at != snapshot.fetched_at:
            last = self._last = snapshot
        return last

    def _stand_at(self, when: datetime) -> None:
        """Count from a moment on; whoever has come to the end has stopped. The caller holds the turn."""
        self._playing = self.playing
        self._from, self._since = when, self._clock()

    def _tell(self) -> None:
        """Call back, outside the turn: whoever is called may take others."""
        for callback in self._listeners:
            callback()

    def __repr__(self) -> str:
        state = "playing" if self.playing else "paused"
        return f"<Replay of {self._history.location!r} at {self.now:%Y-%m-%d %H:%M:%S} UTC, {state} ×{self._speed:g}>"


def _checked(speed: float) -> float:
    if not isinstance(speed, (int, float)):
        raise TypeError(f"speed is {speed!r:.60}: it must be a number, such as 60 for a minute in a second.")
    if not 0 < speed < float("inf"):
        raise ValueError(f"speed is {speed}: give a number above 0, such as 60 for a minute in a second.")
    return float(speed)
