"""Timing of alternatives, side by side."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping


def best_milliseconds(
    alternatives: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Time each alternative in turn, round by round, and give the best of each in milliseconds.

    Taking turns spreads a slow moment of the machine over all of them; the best is the least disturbed.
    """
    best = dict.fromkeys(alternatives, float("inf"))
    for _ in range(rounds):
        for name, run in alternatives.items():
            gc.collect()
            start = clock()
            run()
            best[name] = min(best[name], (clock() - start) * 1e3)
    return best
