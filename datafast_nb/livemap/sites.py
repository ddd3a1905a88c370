"""Poll one website or several, and combine the results. Independent of any widget."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from datafast_nb.livemap.frame_state import ONE_SITE
from datafast_nb.livemap.status import Moment, Status
from datafast_nb.polling import Follower, Poller, State
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import clock, plain

_BEST_FIRST: Final[tuple[State, ...]] = (
    *("live", "starting", "unrecorded", "waiting", "retrying", "stopped", "unwatched", "refused", "closed"),
)

_HELP = (
    "Give it datafast_nb.connect(), a Client, a demo.Site, or any object with a method snapshot() that returns a "
    "Snapshot; for several websites a list of them, or a mapping of names to them."
)


def named(source: Any) -> dict[str, Source]:  # noqa: ANN401 - the user may pass anything
    """Return the sources by name; the name of a single source is empty.

    Raises
    ------
    TypeError
        An object is not a source.
    ValueError
        There are no sources, or a name is not a string or has no visible characters.
    """
    if isinstance(source, Mapping):
        sources: dict[Any, Any] = dict(source)
    elif isinstance(source, Sequence) and not isinstance(source, (str, bytes)):
        sources = {_own_name(each) or f"site {number}": each for number, each in enumerate(source, start=1)}
        if len(sources) < len(source):
            sources = {f"site {number}": each for number, each in enumerate(source, start=1)}
    else:
        sources = {ONE_SITE: source}
    for each in sources.values():
        if not isinstance(each, Source) or isinstance(each, type):
            raise TypeError(f"LiveMap needs a source of snapshots, not {type(each).__name__}. {_HELP}")
    if not sources:
        raise ValueError(f"LiveMap was given no website. {_HELP}")
    if ONE_SITE not in sources or len(sources) > 1:
        blank = [name for name in sources if not isinstance(name, str) or not plain(name)]
        if blank:
            raise ValueError(f"{blank[0]!r} is not a name for a website: give it a readable one.")
    return sources


def _own_name(source: object) -> str | None:
    """Return the website id of a client, if it has one."""
    name = getattr(source, "website_id", None)
    return name if isinstance(name, str) and plain(name) else None


class _RedrawFollower(Follower):
    """Calls back after each change. A failure to draw must not end the poller."""

    def __init__(self, on_change: Callable[[], None], is_watched: Callable[[], bool]) -> None:
        self._on_change = on_change
        self._is_watched = is_watched

    def is_watched(self) -> bool:
        return self._is_watched()

    def change(self) -> None:
        try:
            self._on_change()
        except BaseException:
            logging.getLogger(__name__).exception("The live map could not be drawn.")


class Sites:
    """A poller for each website. If one fails, the others are not affected.

    Parameters
    ----------
    sources
        The sources by name, as returned by `named`.
    every
        Seconds from an answer to the next request.
    on_change
        Called without arguments after each change of `moments`, on the thread that caused it.
    is_watched
        Returns whether anybody is watching.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        every: float,
        on_change: Callable[[], None],
        is_watched: Callable[[], bool],
    ) -> None:
        follower = _RedrawFollower(on_change, is_watched)
        self.pollers = {name: Poller(each, every, follower, name="live map") for name, each in sources.items()}
        self._lock = threading.Lock()
        self._parts: dict[str, Snapshot | None] = {}
        self._latest: tuple[Snapshot | None, frozenset[str]] = (None, frozenset())

    def each(self, action: Callable[[Poller], None]) -> None:
        """Call a function with each poller."""
        for poller in self.pollers.values():
            action(poller)

    @property
    def are_threaded(self) -> bool:
        """Whether they are polled while other code runs."""
        return all(poller.is_threaded for poller in self.pollers.values())

    def close(self) -> None:
        """End all polling."""
        self.each(Poller.close)

    @property
    def moments(self) -> dict[str, Moment]:
        """The latest snapshot and the status of each site."""
        standings = {name: poller.standing for name, poller in self.pollers.items()}
        return {name: Moment(each.snapshot, Status.of(each)) for name, each in standings.items()}

    @property
    def snapshot(self) -> Snapshot | None:
        """The latest snapshot; for several sites, the latest of each, combined. The same object until one changes."""
        return self.latest()[0]

    def latest(self) -> tuple[Snapshot | None, frozenset[str]]:
        """Return `snapshot`, and the names of the sites in it."""
        parts = {name: moment.snapshot for name, moment in self.moments.items()}
        with self._lock:
            if any(snap is not self._parts.get(name) for name, snap in parts.items()):
                known = {name: snap for name, snap in parts.items() if snap is not None}
                together = known.get(ONE_SITE) or (Snapshot.of_sites(known) if known else None)
                self._parts, self._latest = parts, (together, frozenset(known))
            return self._latest

    @property
    def status(self) -> Status:
        """The status of the polling; for several sites, the best status of any, with live ones first."""
        statuses = [moment.status for moment in self.moments.values()]
        if len(statuses) == 1:
            return statuses[0]
        return min(statuses, key=lambda status: _BEST_FIRST.index(status.state))

    def faults(self, time_zone: str) -> list[str]:
        """Return one sentence for each of several sites that has a problem, with times in a time zone."""
        if len(self.pollers) == 1:
            return []
        moments = self.moments.items()
        worse = {name: each for name, each in moments if each.status.fault or each.status.waiting_since}
        return [
            f"{plain(name, 40)}: {replace(moment.status, time_zone=time_zone)}{_age(moment, time_zone)}"
            for name, moment in worse.items()
        ]


def _age(moment: Moment, time_zone: str) -> str:
    """Return a sentence with the time of the data that stay on the screen."""
    return "" if moment.snapshot is None else f" Its data are from {clock(moment.snapshot.fetched_at, time_zone)}."
