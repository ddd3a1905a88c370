"""What a model knows about a prospect at a moment, and the columns of its regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from datafast_nb.conversion.idle import idle
from datafast_nb.schema import RANGES
from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEATURES: Final = ("predicted_rate", "minutes_idle", "minutes_on_site", "visits_before")
"""The service's rate, minutes since the last event and since the visit began, and the number of earlier visits."""

ACTIVITY: Final = 7
"""The number of columns of `activity`."""

_KNOWN: Final = ("is_customer", "visit_count", "conversion_rate", "expected_value", "score", "confidence")
_KNOTS: Final = (0.5, 1.0, 2.0, 4.0)  # minutes idle at which the slope may change
_MOST_IDLE: Final = 10.0  # minutes: the service shows nobody who is idle for longer
_MOST_ON_SITE: Final = 240.0
_MOST_VISITS: Final = 50.0
_LEAST_RATE: Final = 1e-5
_MOST_RATE: Final = 0.99


def rate() -> pl.Expr:
    """Return the service's rate, with null for values that are not probabilities."""
    return pl.when(pl.col("conversion_rate").is_between(*RANGES["conversion_rate"])).then("conversion_rate")


def visits_before() -> pl.Expr:
    """Return the number of visits before this one."""
    return (pl.col("visit_count") - 1).clip(0).cast(pl.Float64)


def minutes(since: pl.Expr, until: pl.Expr) -> pl.Expr:
    """Return the minutes from one moment to another, 0 at least."""
    return ((until - since).dt.total_milliseconds() / 60_000).clip(0.0)


def prospects(snapshot: Snapshot) -> pl.DataFrame:
    """Return the prospects of a snapshot, each once, with `FEATURES` and the service's own figures."""
    now = pl.lit(snapshot.fetched_at)
    here = idle(snapshot, *_KNOWN).filter(~pl.col("is_customer").fill_null(value=False))
    return here.with_columns(
        predicted_rate=rate(),
        minutes_on_site=minutes(pl.col("session_start_time"), now),
        visits_before=visits_before(),
    ).collect()


def log_odds(rates: Numbers) -> Numbers:
    """Return the logarithm of the odds, kept finite."""
    import numpy as np

    known = np.clip(rates, _LEAST_RATE, _MOST_RATE)
    logarithm: Numbers = np.log(known / (1.0 - known))
    return logarithm


def column(frame: pl.DataFrame, name: str) -> Numbers:
    """Return a feature as an array; NaN where it is not known."""
    result: Numbers = frame[name].cast(pl.Float64).to_numpy()
    return result


def activity(frame: pl.DataFrame) -> list[Numbers]:
    """Return the columns of a regression on what a prospect does, `ACTIVITY` in number, each about 0 to 3.

    Idle time has a slope that changes at some knots, as a line of segments; time on site and earlier visits are
    logarithms. What is not known counts as 0.
    """
    import numpy as np

    def known(name: str, most: float) -> Numbers:
        return np.clip(np.nan_to_num(column(frame, name)), 0.0, most)

    waited = known("minutes_idle", _MOST_IDLE)
    segments = [waited, *(np.maximum(waited - knot, 0.0) for knot in _KNOTS)]
    counted = known("minutes_on_site", _MOST_ON_SITE), known("visits_before", _MOST_VISITS)
    return [*segments, *(np.log(1.0 + it) for it in counted)]
