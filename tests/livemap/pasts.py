"""Short histories that are replayed."""

from __future__ import annotations

from datetime import timedelta
from tempfile import mkdtemp

import datafast_nb as dfn
from datafast_nb.history import Replay
from tests.history.moments import START


def demo_replay(days: float = 1.5, at: float = 0.8, visitors_per_day: float = 3_000) -> Replay:
    """Replay the demo site, which was not recorded for a fifth of the time, and stop at a share of it."""
    location, length = mkdtemp(), timedelta(days=days)
    dfn.demo.simulate(location, 0.4 * days, visitors_per_day, end=START - 0.6 * length, every=60, progress=False)
    later = dfn.demo.simulate(mkdtemp(), 0.4 * days, visitors_per_day, end=START, every=60, progress=False)
    with dfn.History(location) as history:
        for snapshot in later.snapshots(every=590):
            history.append(snapshot)
    replay = history.replay(speed=60)
    replay.pause()
    replay.seek(replay.start + at * (replay.end - replay.start))
    return replay
