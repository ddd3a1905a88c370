"""The time bar in the kernel: move a replay in time, and report the moment shown. Independent of any widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, runtime_checkable

import polars as pl

from datafast_nb.livemap.highlights import NO_TRAFFIC, highlights, line_of
from datafast_nb.schema import PAYMENTS, TIMESTAMP
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.widgets.protocol import Choice, Coverage, Gap, Replay

EVERY: Final = 1.0
"""Seconds from an answer to the next request while a replay plays, at any speed."""

SPEEDS: Final = (1.0, 10.0, 60.0, 600.0, 3600.0)
"""The speeds that the time bar offers, in recorded seconds per second."""

_MOST_MOMENTS: Final = 24  # of a span that are saved
_MOST_GAPS: Final = 200  # maximum number of gaps to draw; the longest are kept
_LONGEST_TURN: Final = 40  # characters
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@runtime_checkable
class Replayed(Source, Protocol):
    """A source of the past that can be moved in time, such as ``History.replay``. Safe to use from any thread.

    If it also has ``gaps``, a frame with ``since`` and ``until``, the time bar shows when nothing was recorded; with
    methods ``traffic()`` and ``payments()``, as those of ``History.replay``, it shows traffic and highlights; and with
    ``at(when)``, the snapshot of a moment, a page that is saved has several.
    """

    speed: float
    """Recorded seconds per second."""

    @property
    def start(self) -> datetime:
        """The first recorded moment."""
        ...

    @property
    def end(self) -> datetime:
        """The last recorded moment."""
        ...

    @property
    def now(self) -> datetime:
        """The moment of ``snapshot()``. It changes by itself only while the replay plays."""
        ...

    @property
    def playing(self) -> bool:
        """Whether the replay is playing: neither paused nor at the end."""
        ...

    @property
    def jumps(self) -> int:
        """The number of jumps to another moment so far."""
        ...

    def play(self) -> None:
        """Play; at the end, from the start."""
        ...

    def pause(self) -> None:
        """Stay at the current moment."""
        ...

    def seek(self, when: datetime) -> None:
        """Jump to a moment."""
        ...

    def on_change(self, callback: Callable[[], Any], *, remove: bool = False) -> None:
        """Call a function after each play, pause, seek and change of speed; or remove it again."""
        ...


def replayed(sources: Mapping[str, Source]) -> Replayed | None:
    """Return the source that can be moved in time, if there is one.

    Raises
    ------
    ValueError
        It is one of several sources, which would show different times.
    """
    found = [each for each in sources.values() if isinstance(each, Replayed)]
    if found and len(sources) > 1:
        raise ValueError(
            "A replay is shown on a map of its own: on one map, several websites would be shown at different times. "
            "Make a LiveMap for each."
        )
    return found[0] if found else None


class TimeBar:
    """A replay as the source of a map, which keeps track of the moments of its answers.

    Parameters
    ----------
    replay
        The replay to show.

    Attributes
    ----------
    replay : Replayed
        As above.
    recorded : polars.DataFrame
        How many visitors were there at each recorded moment: ``seen_at`` and ``visitors``.
    coverage : protocol.Coverage
        The longest spans without recorded data, the traffic, and the highlights.
    """

    def __init__(self, replay: Replayed) -> None:
        self.replay = replay
        self._answered: tuple[int | None, datetime] = (None, replay.now)  # jumps before the last answer, and its time
        self._answer: Snapshot | None = None  # the last answer
        self._drawn: int | None = None  # jumps before the moment on the map
        self._sought: str | None = None  # the turn id of the browser's last seek
        gaps = _longest(getattr(replay, "gaps", None))
        self.recorded = replay.traffic() if hasattr(replay, "traffic") else NO_TRAFFIC.to_frame()
        payments = replay.payments() if hasattr(replay, "payments") else PAYMENTS.to_frame()
        self.coverage = Coverage(
            gaps=tuple(Gap(*row) for row in gaps.select(pl.all().dt.epoch("ms")).iter_rows()),
            traffic=line_of(self.recorded, gaps, replay.start, replay.end),
            highlights=highlights(self.recorded, payments, gaps),
        )

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the replay."""
        jumps, when = self.replay.jumps, self.replay.now
        answer = None
        try:
            answer = self.replay.snapshot()
        finally:
            # After a jump during the request, the answer may be from before or after the jump.
            self._answered = (jumps if self.replay.jumps == jumps else None, when)
            self._answer = answer
        return answer

    def moments(self, shown: Snapshot, most: int) -> list[Snapshot]:
        """Return moments of the whole span in order, `shown` among them, with about so many visitors together at most.

        A replay that has no method ``at(when)``, which returns the snapshot of a moment, has only the one shown.
        """
        recorded = self.recorded["seen_at"].to_list() if hasattr(self.replay, "at") else []
        busiest = max(shown.visitors.height, *self.recorded["visitors"], 1)
        wanted, last = min(_MOST_MOMENTS, most // busiest), len(recorded) - 1
        if wanted < 2 or last < 1:  # noqa: PLR2004 - a time bar has two ends
            return [shown]
        places = {round(place * last / (wanted - 1)) for place in range(wanted)}
        others = [self.replay.at(recorded[place]) for place in sorted(places)]  # type: ignore[attr-defined]
        others = [each for each in others if each.fetched_at != shown.fetched_at]
        return sorted([*others, shown], key=lambda each: each.fetched_at)

    def goes_on(self) -> bool:
        """Return whether the last answer follows the moment on the map without a jump, and record it as drawn."""
        before, self._drawn = self._drawn, self._answered[0]
        return self._drawn is not None and self._drawn == before

    def stays(self, shown: Iterable[Snapshot | None]) -> None:
        """Record the last answer as drawn, if it is what is shown: a jump may lead to the same snapshot."""
        if self._answer is not None and any(each is self._answer for each in shown):
            self._drawn = self._answered[0]

    def start_afresh(self) -> None:
        """Treat the next answer as the first."""
        self._answer = self._drawn = None

    def seek(self, milliseconds: float, turn: str) -> None:
        """Jump to a moment, in milliseconds since 1970; `turn` lets the browser recognize that its seek is done."""
        when = _EPOCH + timedelta(milliseconds=milliseconds)
        self._sought = turn[:_LONGEST_TURN]
        self.replay.seek(when)

    def doing(self) -> str:
        """Return the state of the replay, as a sentence for the user."""
        if self.replay.playing:
            return f"Playing at {_times(self.replay.speed)}"
        return "At the end of the replay" if self.replay.now >= self.replay.end else "Paused"

    def state(self) -> Replay:
        """Return the state of the time bar for the browser."""
        replay, playing = self.replay, self.replay.playing
        jumps, when = self._answered
        return Replay(
            start=_milliseconds(replay.start),
            end=_milliseconds(replay.end),
            # Report the moment on the map, not the replay's clock, unless the replay has jumped since.
            now=_milliseconds(when if playing and jumps == replay.jumps else replay.now),
            sought=self._sought,
            playing=playing,
            speed=replay.speed,
            speeds=tuple(Choice(speed, _times(speed)) for speed in sorted({*SPEEDS, replay.speed})),
        )


def _longest(gaps: pl.DataFrame | None) -> pl.DataFrame:
    """Return the longest gaps, in chronological order: ``since`` and ``until``."""
    if gaps is None:
        return pl.DataFrame(schema={"since": TIMESTAMP, "until": TIMESTAMP})
    return gaps.select("since", "until").top_k(_MOST_GAPS, by=pl.col("until") - pl.col("since")).sort("since")


def _milliseconds(when: datetime) -> int:
    return round((when - _EPOCH) / timedelta(milliseconds=1))


def _times(speed: float) -> str:
    return f"{speed:,.10g}×"
