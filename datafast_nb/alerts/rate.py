"""How often an alert may send messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from datafast_nb.checks import checked_duration
from datafast_nb.errors import AlertError

_RATE: Final = re.compile(r"\s*(\d{1,6})\s*(?:per|/)\s*(\S.*?)\s*")


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of messages within a time.

    Attributes
    ----------
    messages : int
        The most messages.
    within : timedelta
        In any span of this length.
    """

    messages: int
    within: timedelta

    @classmethod
    def of(cls, text: object) -> Rate | None:
        """Parse a rate such as ``1 per 10m`` or ``5 per day``; None stands for no limit.

        Examples
        --------
        >>> Rate.of("2 per 1h")
        Rate(messages=2, within=datetime.timedelta(seconds=3600))
        """
        if text is None:
            return None
        found = _RATE.fullmatch(text) if isinstance(text, str) else None
        wrong = AlertError(f"at_most is {text!r:.60}: give a rate such as '1 per 10m' or '5 per day', or None.")
        if found is None or int(found[1]) < 1:
            raise wrong
        unit = {"minute": "1min", "hour": "1h", "day": "1d", "week": "1w"}.get(found[2], found[2])
        try:
            within = checked_duration(unit if unit[0].isdigit() else f"1{unit}", "at_most")
        except ValueError:
            raise wrong from None
        return cls(int(found[1]), within)

    def next(self, sent: Iterable[datetime]) -> datetime | None:
        """Return when the next message may be sent, given those sent so far; None if at any time."""
        latest = sorted(sent)[-self.messages :]
        return latest[0] + self.within if len(latest) == self.messages else None
