"""How the polling of a website stands, in words for a reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Self

from datafast_nb.errors import NotRecordedError
from datafast_nb.polling import Standing, State, sentence
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import clock, duration

_UNRECORDED: Final = "Nothing was recorded at this moment."  # the same at all of them: a reader hears it once


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

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Return how a polling stands, in words."""
        error = standing.error
        fault = None if error is None else _UNRECORDED if isinstance(error, NotRecordedError) else sentence(error)
        return cls(standing.state, standing.every, fault, standing.retry_at, waiting_since=standing.waiting_since)


class Moment(NamedTuple):
    """What is known of a website: the last good snapshot, and how the polling stands."""

    snapshot: Snapshot | None
    status: Status
