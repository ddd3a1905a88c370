"""How often `unusual` calls a quiet span unusual, and how often it finds a doubled one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from datafast_nb.forecast import traffic_level
from datafast_nb.forecast.unusual import FALSE_ALARMS, p_value
from datafast_nb.forecast.weekly_shape import fitted
from tests.forecast.simulated import shape_of_week
from tests.statistics.forecasts import SITES, Numbers

_DAYS = 28
_SPANS = 6  # of an hour
_PAGES = 4.0  # of a visit


def unusual_table(
    days: int = 100, sites: Sequence[str] = tuple(SITES), arrivals: Sequence[float] = (2.0, 30.0, 60.0, 400.0)
) -> pl.DataFrame:
    """Return the share of quiet ten-minute spans that are called unusual (0.001 or less), and of doubled spans found.

    ``events`` are those of visits of four pages on average: they come in clumps.
    """
    rows = []
    for name in sites:
        for level in arrivals:
            draw = np.random.default_rng(0)
            found = [_of_day(SITES[name](draw, _DAYS + 1), level, draw) for _ in range(days)]
            spans = {"spans": days * 24 * _SPANS}
            rows.append(
                {"site": name, "arrivals per hour": level, **spans, **pl.DataFrame(found).mean().row(0, named=True)}
            )
    return pl.DataFrame(rows)


def _of_day(factors: Numbers, level: float, draw: np.random.Generator) -> dict[str, float]:
    """Return the shares for one day after four weeks."""
    week = np.array(shape_of_week()).reshape(7, 24)[np.arange(len(factors)) % 7]
    mean = np.repeat((level * week * factors)[:, :, None] / _SPANS, _SPANS, axis=2)
    visits = draw.poisson(mean)
    events = visits + draw.negative_binomial(np.maximum(visits, 1e-9), 1 / _PAGES)
    twice = draw.poisson(2 * mean[-1])
    quiet = _called(visits, visits[-1], 1)
    return {
        "quiet": float(quiet.mean()),
        "quiet events": float(_called(events, events[-1], 1).mean()),
        "doubled ten minutes found": float(_called(visits, twice, 1).mean()),
        "doubled hour found": float(_called(visits, twice.sum(axis=1, keepdims=True), _SPANS).mean()),
    }


def _called(counts: Numbers, last: Numbers, spans: int) -> Numbers:
    """Return which spans of the last day are called unusual, learnt from the days before it."""
    hourly = counts[:-1].sum(axis=2).astype(float)
    shape = fitted(hourly, np.ones_like(hourly), np.arange(_DAYS) % 7)
    extra = traffic_level.clumps(hourly, shape.expected)
    known = np.vstack([hourly, np.zeros(24)])
    filtered = traffic_level.followed(known, np.vstack([shape.expected, np.zeros(24)]), extra)
    nothing = np.zeros(0)
    level = traffic_level.level_at(filtered, _DAYS, nothing, nothing, extra)
    found = np.zeros(last.shape)
    for hour in range(24):
        ahead = np.zeros((1, 24))
        ahead[0, hour] = shape.week[_DAYS % 7, hour] * spans / _SPANS
        it = traffic_level.predicted(level, ahead, extra)
        found[hour] = [p_value(it, int(count)) <= FALSE_ALARMS for count in last[hour]]
    return found
