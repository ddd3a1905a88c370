"""Replays a history as a source: a clock that runs over it, and can be paused, set and sped up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import polars as pl

from datafast_nb.checks import checked_positive, in_utc
from datafast_nb.history.coverage import covered, uncovered
from datafast_nb.schema import PAYMENTS
from datafast_nb.snapshot import Snapshot

_LEAST: Final = timedelta(milliseconds=1)  # after the last moment of a span, which belongs to it


class Past(Protocol):
    """A history that can be replayed."""

    @property
    def location(self) -> str:
        """The location of the history."""

    def at(self, when: datetime) -> Snapshot:
        """Return the snapshot of a moment."""

    def gaps(self) -> pl.DataFrame:
        """Return the spans in which something may be missing."""

    def polls(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return one row for each snapshot."""

    def payments(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        """Return every payment once."""

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Return the rows of a frame of the history."""


class Replay:
    """A replayed span of a history; made by ``History.replay``. It is a source: pass it to ``LiveMap``.

    It starts playing when made, and stops at the end. It is safe to use from several threads.

    Parameters
    ----------
    history
        The history to replay.
    start, end
        The first and the last moment (with a time zone).
    speed
        How many seconds of the past to play per second.
    clock
        Returns the current time in seconds.

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
            raise ValueError(f"start, {start}, is after end, {end}: swap them.")
        self._history = history
        self._start = start
        self._end = end
        self._clock = clock
        self._turn = threading.RLock()
        self._speed = checked_positive(speed, "speed")
        self._playing = True
        self._jumps = 0
        self._from = start  # the position when the replay was last changed, at this time of the clock
        self._since = clock()
        self._callbacks: tuple[Callable[[], Any], ...] = ()
        self._last: Snapshot | None = None  # the last one shown

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
        """The current moment of the replay."""
        with self._turn:
            passed = (self._clock() - self._since) * self._speed if self._playing else 0.0
            left = (self._end - self._from).total_seconds()
            return self._end if passed >= left else self._from + timedelta(seconds=passed)

    @property
    def speed(self) -> float:
        """How many seconds of the past play per second."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        speed = checked_positive(value, "speed")
        with self._turn:
            self._stand_at(self.now)
            self._speed = speed
        self._call_back()

    @property
    def playing(self) -> bool:
        """Whether it is playing: neither paused nor at the end."""
        with self._turn:
            return self._playing and self.now < self._end

    @property
    def jumps(self) -> int:
        """The number of jumps to another moment; what was shown before a jump is not what happened before."""
        return self._jumps

    @property
    def gaps(self) -> pl.DataFrame:
        """The parts of the span in which something may be missing: ``since`` and ``until``, in order and disjoint."""
        return uncovered(self._start, self._end, covered(self._start, self._end, self._history.gaps()))

    def traffic(self) -> pl.DataFrame:
        """Return how many visitors were there at each recorded moment of the span: ``seen_at`` and ``visitors``."""
        polls = self._history.polls(self._start, self._end + _LEAST)
        return self._history.collect(polls.select("seen_at", "visitors").sort("seen_at"))

    def payments(self) -> pl.DataFrame:
        """Return the payments of the span, with the columns of ``schema.PAYMENTS``."""
        made = self._history.payments(self._start, self._end + _LEAST).filter(
            pl.col("timestamp").is_between(self._start, self._end)
        )
        return self._history.collect(made.select(*PAYMENTS))

    def play(self) -> None:
        """Continue from the current moment; at the end, start again."""
        with self._turn:
            again = self.now == self._end
            self._stand_at(self._start if again else self.now)
            self._jumps += again
            self._playing = True
        self._call_back()

    def pause(self) -> None:
        """Stay at the current moment."""
        with self._turn:
            self._stand_at(self.now)
            self._playing = False
        self._call_back()

    def seek(self, when: datetime) -> None:
        """Go to a moment (with a time zone), or to the nearest end of the span if the moment is outside."""
        moment = in_utc(when, "when")
        with self._turn:
            self._stand_at(min(max(moment, self._start), self._end))
            self._jumps += 1
        self._call_back()

    def on_change(self, callback: Callable[[], Any], *, remove: bool = False) -> None:
        """Call a function after each `play`, `pause`, `seek` and change of `speed`, on the thread that made it.

        ``remove=True`` unregisters the function.
        """
        with self._turn:
            others = tuple(each for each in self._callbacks if each != callback)
            self._callbacks = others if remove else (*others, callback)

    def snapshot(self) -> Snapshot:
        """Return the snapshot of the current moment; an unchanged snapshot is the same object.

        Raises
        ------
        NotRecordedError
            The current moment is in a gap.
        """
        snapshot, last = self._history.at(self.now), self._last
        if last is None or last.fetched_at != snapshot.fetched_at:
            last = self._last = snapshot
        return last

    def at(self, when: datetime) -> Snapshot:
        """Return the snapshot of another moment (with a time zone); the replay stays where it is.

        Raises
        ------
        NotRecordedError
            The moment is in a gap, or outside of what was recorded.
        """
        return self._history.at(when)

    def _stand_at(self, when: datetime) -> None:
        """Continue from a moment; a replay at its end stops. The caller holds the lock."""
        self._playing = self.playing
        self._from, self._since = when, self._clock()

    def _call_back(self) -> None:
        """Call the callbacks, outside the lock, as they may take other locks."""
        for callback in self._callbacks:
            callback()

    def __repr__(self) -> str:
        state = "playing" if self.playing else "paused"
        return f"<Replay of {self._history.location!r} at {self.now:%Y-%m-%d %H:%M:%S} UTC, {state} ×{self._speed:g}>"
