"""How often the 95 % intervals of `forecast` hold what came, on sites of known traffic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from datafast_nb.forecast import traffic_level
from datafast_nb.forecast.takings import Amounts, takings
from datafast_nb.forecast.traffic_level import Predictive
from datafast_nb.forecast.usual_traffic import Learned, learned
from tests.forecast.simulated import shape_of_week
from tests.statistics.randomized import randomized

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Factors = Callable[[np.random.Generator, int], Numbers]

WEEKS: Final = 4
_DAYS: Final = 7 * WEEKS + 16
_MOMENTS: Final = 4  # of each site


def _alike(draw: np.random.Generator, days: int) -> Numbers:
    return np.ones((days, 24))


def _by_hour(draw: np.random.Generator, days: int) -> Numbers:
    return draw.gamma(1 / 0.3, 0.3, (days, 24))


def _by_day(draw: np.random.Generator, days: int) -> Numbers:
    return np.repeat(draw.gamma(1 / 0.09, 0.09, (days, 1)), 24, axis=1)


def _drifting(draw: np.random.Generator, days: int) -> Numbers:
    return np.repeat(np.exp(np.cumsum(draw.normal(0, 0.05, (days, 1)), axis=0)), 24, axis=1)


def _changed(draw: np.random.Generator, days: int) -> Numbers:
    return np.where(np.arange(days)[:, None] >= days // 3, 2.0, 1.0) * np.ones((1, 24))


SITES: Final[dict[str, Factors]] = {
    "independent": _alike,
    "hours differ": _by_hour,
    "days differ": _by_day,
    "drifting": _drifting,
    "doubled in between": _changed,
}


def forecasts_table(
    moments: int = 600,
    sites: Sequence[str] = tuple(SITES),
    arrivals: Sequence[float] = (1.0, 60.0, 400.0),
    hours: Sequence[int] = (1, 24, 168),
) -> pl.DataFrame:
    """Return how often the interval holds what came, and how often it should: about 95 %, as counts are whole."""
    rows = []
    for name in sites:
        for level in arrivals:
            draw = np.random.default_rng(0)
            found: list[dict[str, float]] = []
            while len(found) < moments * len(hours):
                found += _of_site(SITES[name](draw, _DAYS), level, hours, draw)
            table = pl.DataFrame(found).group_by("hours").mean().sort("hours")
            rows += [{"site": name, "arrivals per hour": level, **row} for row in table.iter_rows(named=True)]
    return pl.DataFrame(rows)


def _of_site(factors: Numbers, level: float, hours: Sequence[int], draw: np.random.Generator) -> list[dict[str, float]]:
    """Forecast at some moments of one site after four weeks."""
    week = np.tile(np.array(shape_of_week()), len(factors) // 7 + 1)[: factors.size]
    came = draw.poisson(level * week * factors.ravel()).astype(float)
    found = []
    for now in draw.integers(168 * WEEKS, len(came) - max(hours), _MOMENTS):
        day, hour = divmod(int(now), 24)
        known = (np.arange((day + 1) * 24) < now).reshape(-1, 24).astype(float)
        found += _forecast(came, known, (day, hour), hours)
    return found


def _forecast(
    came: Numbers, known: Numbers, now: tuple[int, int], hours: Sequence[int], base: Learned | None = None
) -> list[dict[str, float]]:
    """Forecast from one moment on, and compare with what came."""
    day, hour = now
    usual = _learned(came, known, base)
    found = []
    for length in hours:
        it = _ahead(usual, now, length)
        low, high = traffic_level.interval(it)
        meant = traffic_level.cumulative(it, high) - traffic_level.cumulative(it, low - 1)
        total = came[day * 24 + hour :][:length].sum()
        width = (high - low) / max(traffic_level.mean_of(it), 1e-9)
        reached = (traffic_level.cumulative(it, total - 1), traffic_level.cumulative(it, total))
        row = {"held": float(low <= total <= high), "meant": meant, "randomized": randomized(*reached), "width": width}
        found.append({"hours": length, **row})
    return found


class _Usual(NamedTuple):
    """What was learned from the hours of a record, days × 24."""

    counts: Numbers
    of: Learned


def _learned(came: Numbers, known: Numbers, base: Learned | None = None) -> _Usual:
    """Learn from the hours that are known."""
    counts = came[: known.size].reshape(known.shape) * known
    return _Usual(counts, learned(counts, known, np.arange(len(known)) % 7, base))


def _ahead(usual: _Usual, now: tuple[int, int], length: int) -> Predictive:
    """Forecast the count of the hours after a record."""
    day, hour = now
    shape, extra, filtered = usual.of
    level = traffic_level.level_at(filtered, day, usual.counts[day], shape.expected[day], extra)
    ahead = np.zeros(-(-(hour + length) // 24) * 24)
    ahead[hour : hour + length] = 1.0
    expected = ahead.reshape(-1, 24) * shape.week[(day + np.arange(len(ahead) // 24)) % 7]
    surprise = traffic_level.surprise(usual.counts, shape.expected, extra, filtered, (hour, length))
    return traffic_level.predicted(level, expected, extra, surprise)


def measures_table(
    sites: int = 600,
    names: Sequence[str] = tuple(SITES),
    arrivals: Sequence[float] = (60.0, 400.0),
    hours: Sequence[int] = (24, 168),
) -> pl.DataFrame:
    """Return how often the intervals of visitors, sales and revenue held what came, at one moment of each site.

    Of the visitors, 3 % buy, for amounts that vary. As each site has one moment, no two depend on each other.
    """
    rows = []
    for name in names:
        for level in arrivals:
            draw = np.random.default_rng(2)
            found = [
                row for _ in range(sites) for row in _measures_of_site(SITES[name](draw, _DAYS), level, hours, draw)
            ]
            table = pl.DataFrame(found).group_by("hours", "measure", maintain_order=True).mean()
            rows += [{"site": name, "arrivals per hour": level, **row} for row in table.iter_rows(named=True)]
    return pl.DataFrame(rows)


def _measures_of_site(
    factors: Numbers, level: float, hours: Sequence[int], draw: np.random.Generator
) -> list[dict[str, Any]]:
    """Forecast visitors, sales and revenue at one moment of a site after four weeks."""
    week = np.tile(np.array(shape_of_week()), len(factors) // 7 + 1)[: factors.size]
    visits = draw.poisson(level * week * factors.ravel())
    sold = draw.binomial(visits, 0.03)
    now = int(draw.integers(168 * WEEKS, 168 * WEEKS + 24))
    paid = draw.lognormal(3.5, 0.8, int(sold[: now + max(hours)].sum()))
    before = int(sold[:now].sum())
    day, hour = divmod(now, 24)
    known = (np.arange((day + 1) * 24) < now).reshape(-1, 24).astype(float)
    of_visits = _learned(visits.astype(float), known)
    of_sales = _learned(sold.astype(float), known, of_visits.of)
    of = Amounts(paid[:before], np.zeros(0), 1.0, "amount", "USD")
    found: list[dict[str, Any]] = []
    for length in hours:
        came = {name: float(it[now : now + length].sum()) for name, it in (("visitors", visits), ("sales", sold))}
        came["revenue"] = float(paid[before : before + int(came["sales"])].sum())
        of_each = {name: _ahead(it, (day, hour), length) for name, it in (("visitors", of_visits), ("sales", of_sales))}
        ends = {name: (traffic_level.mean_of(it), *traffic_level.interval(it)) for name, it in of_each.items()}
        ends["revenue"] = takings(of_each["sales"], of)
        for name, (mean, low, high) in ends.items():
            off = {"below": float(came[name] < low), "above": float(came[name] > high)}
            held = 1.0 - sum(off.values())
            found.append({"hours": length, "measure": name, "held": held, **off, "width": (high - low) / mean})
    return found


def sales_table(
    records: int = 300, overdispersions: Sequence[float] = (0.0, 0.5), days: Sequence[int] = (7, 28)
) -> pl.DataFrame:
    """Return how often the interval of the next hour's sales holds what came: of 120 visitors an hour, 3.5 % buy.

    The number of visitors in an hour has the variance mean + overdispersion × mean².
    """
    rows = []
    for more in overdispersions:
        for before in days:
            draw = np.random.default_rng(1)
            found = [row for _ in range(records) for row in _sales_of_site(before, more, draw)]
            rows.append({"overdispersion": more, "days": before, **pl.DataFrame(found).mean().row(0, named=True)})
    return pl.DataFrame(rows)


def _sales_of_site(days: int, more: float, draw: np.random.Generator) -> list[dict[str, float]]:
    """Forecast the sales of some hours of the two days after a record."""
    mean = 120.0 * np.resize(np.array(shape_of_week()), (days + 2, 24))
    came = draw.poisson(mean * draw.gamma(1 / more, more, mean.shape) if more else mean)
    sold = draw.binomial(came, 0.035).astype(float)
    found = []
    for now in draw.integers(days * 24, (days + 2) * 24 - 1, _MOMENTS):
        day, hour = divmod(int(now), 24)
        known = (np.arange((day + 1) * 24) < now).reshape(-1, 24).astype(float)
        visits = learned(came[: day + 1] * known, known, np.arange(day + 1) % 7)
        found += _forecast(sold.ravel(), known, (day, hour), [1], visits)
    return found
