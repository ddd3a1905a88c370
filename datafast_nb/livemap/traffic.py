"""How many visitors there were, minute by minute: as a map saw them, or as they were recorded. Knows no widget."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from datafast_nb.widgets.protocol import Traffic

MINUTES: Final = 30
"""How many minutes are shown."""

_HOLDS: Final = 9
"""The most minutes without a request that the number before them stands for: as long as the service shows visitors."""

_SCHEMA: Final = pl.Schema({"minute": pl.Int64(), "visitors": pl.Int64()})


class Minutes:
    """The numbers of visitors in the minutes of a map or of a recording.

    Parameters
    ----------
    recorded
        The moments of a recording, with ``seen_at`` and ``visitors``; None for a map that records its own.
    """

    def __init__(self, recorded: pl.DataFrame | None = None) -> None:
        self._minutes = _SCHEMA.to_frame()
        if recorded is not None:
            minute = pl.col("seen_at").dt.epoch("s") // 60
            each = recorded.group_by(minute=minute).agg(pl.col("visitors").mean().round().cast(pl.Int64))
            self._minutes = each.drop_nulls().sort("minute")

    def note(self, when: datetime, visitors: int) -> None:
        """Record how many visitors there are; of several moments in a minute, the last counts."""
        now = _minute(when)
        kept = self._minutes.filter(pl.col("minute").is_between(now - MINUTES + 1, now - 1))
        self._minutes = pl.concat([kept, pl.DataFrame({"minute": [now], "visitors": [visitors]}, schema=_SCHEMA)])

    def until(self, when: datetime) -> Traffic:
        """Return the minutes up to a moment: from the first that is known, at most `MINUTES`."""
        now = _minute(when)
        known = self._minutes.filter(pl.col("minute").is_between(now - MINUTES + 1, now))
        if known.is_empty():
            return Traffic()
        every = pl.DataFrame({"minute": pl.int_range(known["minute"][0], now + 1, eager=True)})
        shown = every.join(known, on="minute", how="left", maintain_order="left")
        return Traffic(
            until=now * 60_000, visitors=tuple(shown["visitors"].fill_null(strategy="forward", limit=_HOLDS))
        )


def _minute(when: datetime) -> int:
    """Return the number of a moment's minute since 1970."""
    return int(when.timestamp() // 60)
