"""The past as a source: a clock that runs over a history, can be stopped, set and made faster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from datafast_nb.history.history import History


class Replay:
    """A span of a history that is shown again; made by ``History.replay``. It is a source: give it to ``LiveMap``.

    It plays from the start when made, and stays at the end when it gets there. Safe to use from several threads.
    """

    def __init__(
        self,
        history: History,
        start: datetime,
        end: datetime,
        speed: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._history = history
        self._start = start
        self._end = end
        self._clock = clock
        self._turn = threading.RLock()
        self._speed = _checked(speed)
        self._playing = True
        self._from = start  # where the replay was when it was last touched, at this time of the clock
        self._since = clock()

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
        with self._turn:
            self.seek(self.now)
            self._speed = _checked(value)

    @property
    def playing(self) -> bool:
        """Whether it goes on: neither paused nor at the end."""
        return self._playing and self.now < self._end

    def play(self) -> None:
        """Go on from the moment that is shown; at the end, from the start."""
        with self._turn:
            self.seek(self._start if self.now == self._end else self.now)
            self._playing = True

    def pause(self) -> None:
        """Stay at the moment that is shown."""
        with self._turn:
            self.seek(self.now)
            self._playing = False

    def seek(self, when: datetime) -> None:
        """Go to a moment (with a time zone); one outside the span becomes its nearest end."""
        if when.tzinfo is None:
            raise ValueError("when has no time zone; give one, such as when.replace(tzinfo=datetime.UTC).")
        with self._turn:
            self._from = min(max(when.astimezone(UTC), self._start), self._end)
            self._since = self._clock()

    def snapshot(self) -> Snapshot:
        """Give the snapshot of the moment that is shown.

        Raises
        ------
        NotRecordedError
            That moment is in a gap.
        """
        return self._history.at(self.now)

    def __repr__(self) -> str:
        state = "playing" if self.playing else "paused"
        return f"<Replay of {self._history.location!r} at {self.now:%Y-%m-%d %H:%M:%S} UTC, {state} ×{self._speed:g}>"


def _checked(speed: float) -> float:
    if not 0 < speed < float("inf"):
        raise ValueError(f"speed is {speed}: give a number above 0, such as 60 for a minute in a second.")
    return float(speed)
