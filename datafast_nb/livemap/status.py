"""The status of the polling of a website, in words for the user."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Self

from datafast_nb.errors import NotRecordedError
from datafast_nb.polling import Standing, State, sentence
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import clock, duration

_UNRECORDED: Final = "Nothing was recorded at this moment."  # the same for all sites, so that it is said once


@dataclass(frozen=True, slots=True)
class Status:
    """The status of the polling. As text, it is a sentence for the user.

    Attributes
    ----------
    state : str
        ``starting``: no answer yet. ``live``: the last request succeeded, and the next follows. ``waiting``: a request
        has had no answer for longer than the interval. ``unrecorded``: nothing was recorded at the moment, as in a gap
        of a replay. ``retrying``: the last request failed, and the next follows at `retry_at`. ``stopped``: stopped by
        a person, or a replay that is paused or at its end. ``unwatched``: nobody is watching. ``refused``: a permanent
        error; asking again can't help. ``closed``: closed; it can't be started again.
    every : float
        Seconds from an answer to the next request.
    fault : str or None
        What went wrong with the last request, if it failed.
    retry_at : datetime or None
        When the next attempt follows, in UTC, while ``retrying``; None while it is being made.
    replay : str or None
        The state of a replay, such as ``Playing at 60×``; None if the source is not a replay.
    waiting_since : datetime or None
        When the unanswered request was sent, in UTC, while ``waiting``.
    time_zone : str
        The time zone of times in the sentence.
    """

    state: State
    every: float
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
            "live": self.replay or f"Live · every {duration(self.every)}",
            "waiting": " ".join(part for part in (self.fault, waiting) if part),
            "unrecorded": ". ".join(part for part in (self.replay, self.fault) if part),
            "retrying": f"{self.fault} {again}",
            "stopped": ". ".join(part for part in (self.replay or "Paused", self.fault) if part),
            "unwatched": "Paused while nobody is watching",
            "refused": f"Stopped. {self.fault}",
            "closed": "Closed",
        }
        return sentences[self.state]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Return the status for the standing of a poller."""
        error = standing.error
        fault = None if error is None else _UNRECORDED if isinstance(error, NotRecordedError) else sentence(error)
        return cls(standing.state, standing.every, fault, standing.retry_at, waiting_since=standing.waiting_since)


class Moment(NamedTuple):
    """The latest snapshot of a website, and the status of its polling."""

    snapshot: Snapshot | None
    status: Status
