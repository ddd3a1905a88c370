"""The time bar's side of the kernel: moves a source of the past in time, and tells what is shown. Knows no widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, runtime_checkable

import polars as pl

from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.widgets.protocol import Choice, Coverage, Gap, Replay

EVERY: Final = 1.0
"""Seconds from an answer to the next request while a replay plays, at whatever speed."""

SPEEDS: Final = (1.0, 10.0, 60.0, 600.0, 3600.0)
"""Seconds of the past in one second that the time bar offers."""

_MOST_GAPS: Final = 200  # that are drawn, the longest
_LONGEST_TURN: Final = 40  # characters
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@runtime_checkable
class Replayed(Source, Protocol):
    """A source of the past that can be moved in time, such as ``History.replay`` gives. Safe to use from any thread.

    Where it also has ``gaps``, a frame of ``since`` and ``until``, the time bar shows of when nothing is known.
    """

    speed: float
    """Seconds of the past in one second."""

    @property
    def start(self) -> datetime:
        """The first moment."""
        ...

    @property
    def end(self) -> datetime:
        """The last moment."""
        ...

    @property
    def now(self) -> datetime:
        """The moment that ``snapshot()`` gives; it stays the same unless it plays."""
        ...

    @property
    def playing(self) -> bool:
        """Whether it goes on: neither paused nor at the end."""
        ...

    @property
    def jumps(self) -> int:
        """How often it was set to another moment."""
        ...

    def play(self) -> None:
        """Go on; at the end, from the start."""
        ...

    def pause(self) -> None:
        """Stay at the moment that is shown."""
        ...

    def seek(self, when: datetime) -> None:
        """Go to a moment."""
        ...

    def on_change(self, callback: Callable[[], Any], *, remove: bool = False) -> None:
        """Call a function after each of these, and after a change of speed; or no more."""
        ...


def replayed(sources: Mapping[str, Source]) -> Replayed | None:
    """Give the one source that can be moved in time, if there is one.

    Raises
    ------
    ValueError
        It is one of several: they would show different times.
    """
    found = [each for each in sources.values() if isinstance(each, Replayed)]
    if found and len(sources) > 1:
        raise ValueError(
            "A replay is shown on a map of its own: on one map, several websites would be shown at different times. "
            "Make a LiveMap for each."
        )
    return found[0] if found else None


class TimeBar:
    """A replay as its map asks it: a source that knows which moments its answers are of.

    Parameters
    ----------
    replay
        What is shown.

    Attributes
    ----------
    replay : Replayed
        As above.
    coverage : protocol.Coverage
        The longest spans of which nothing is known.
    """

    def __init__(self, replay: Replayed) -> None:
        self.replay = replay
        self._answered: tuple[int | None, datetime] = (None, replay.now)  # the jumps before the last answer; of when
        self._answer: Snapshot | None = None  # the last one
        self._drawn: int | None = None  # the jumps before what is on the map
        self._sought: str | None = None  # the turn of the browser's last seek
        self.coverage = Coverage(_longest(getattr(replay, "gaps", None)))

    def snapshot(self) -> Snapshot:
        """Ask the replay."""
        jumps, when = self.replay.jumps, self.replay.now
        answer = None
        try:
            answer = self.replay.snapshot()
        finally:
            # A jump amid the request: nobody knows which side of it the answer is of.
            self._answered = (jumps if self.replay.jumps == jumps else None, when)
            self._answer = answer
        return answer

    def goes_on(self) -> bool:
        """Say whether the last answer comes after what is on the map, without a jump; it is on the map from now on."""
        before, self._drawn = self._drawn, self._answered[0]
        return self._drawn is not None and self._drawn == before

    def stays(self, shown: Iterable[Snapshot | None]) -> None:
        """Take the last answer as being on the map, if it is what is shown: a jump may lead to the same poll."""
        if self._answer is not None and any(each is self._answer for each in shown):
            self._drawn = self._answered[0]

    def start_afresh(self) -> None:
        """Take the next answer for the first one."""
        self._answer = self._drawn = None

    def seek(self, milliseconds: float, turn: str) -> None:
        """Go to a moment, counted from 1970, in a turn by which the browser knows that it was done."""
        when = _EPOCH + timedelta(milliseconds=milliseconds)
        self._sought = turn[:_LONGEST_TURN]
        self.replay.seek(when)

    def doing(self) -> str:
        """Say what the replay does, as a sentence for the reader."""
        if self.replay.playing:
            return f"Playing at {_times(self.replay.speed)}"
        return "At the end of the replay" if self.replay.now >= self.replay.end else "Paused"

    def state(self) -> Replay:
        """Return what the browser shows."""
        replay, playing = self.replay, self.replay.playing
        jumps, when = self._answered
        return Replay(
            start=_milliseconds(replay.start),
            end=_milliseconds(replay.end),
            # What is on the map, and not what the clock says meanwhile; unless that is elsewhere by now.
            now=_milliseconds(when if playing and jumps == replay.jumps else replay.now),
            sought=self._sought,
            playing=playing,
            speed=replay.speed,
            speeds=tuple(Choice(speed, _times(speed)) for speed in sorted({*SPEEDS, replay.speed})),
        )


def _longest(gaps: pl.DataFrame | None) -> tuple[Gap, ...]:
    """Return the longest gaps, in the order of time."""
    if gaps is None:
        return ()
    longest = gaps.select("since", "until").top_k(_MOST_GAPS, by=pl.col("until") - pl.col("since")).sort("since")
    return tuple(Gap(*row) for row in longest.select(pl.all().dt.epoch("ms")).iter_rows())


def _milliseconds(when: datetime) -> int:
    return round((when - _EPOCH) / timedelta(milliseconds=1))


def _times(speed: float) -> str:
    return f"{speed:,.10g}×"
