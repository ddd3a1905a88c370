"""How often `unusual` calls a quiet span unusual, and how often it finds a doubled one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from datafast_nb.forecast import traffic_level
from datafast_nb.forecast.agreement import discovered
from datafast_nb.forecast.traffic_level import Predictive
from datafast_nb.forecast.unusual import FALSE_ALARMS, p_value
from datafast_nb.forecast.usual_traffic import Learned, learned
from tests.forecast.simulated import shape_of_week
from tests.statistics.forecasts import SITES, Numbers

_DAYS = 28
_TODAYS = 40  # as the day after a record might be
_SPANS = 6  # of an hour
_PAGES = 4.0  # of a visit
_GROUPS: Final = (0.4, 0.25, 0.15, 0.1, 0.07, 0.03)  # of the visitors


def unusual_table(
    records: int = 40, sites: Sequence[str] = tuple(SITES), arrivals: Sequence[float] = (2.0, 30.0, 60.0, 400.0)
) -> pl.DataFrame:
    """Return the share of quiet ten-minute spans that are called unusual (0.001 or less), and of doubled spans found.

    Of each hour of a day, one span is looked at. ``events`` are those of visits of four pages on average: they come in
    clumps.
    """
    rows = []
    for name in sites:
        for level in arrivals:
            draw = np.random.default_rng(0)
            found = [_of_record(name, level, draw) for _ in range(records)]
            spans = {"spans": records * _TODAYS * 24}
            rows.append(
                {"site": name, "arrivals per hour": level, **spans, **pl.DataFrame(found).mean().row(0, named=True)}
            )
    return pl.DataFrame(rows)


def groups_table(
    records: int = 3, sites: Sequence[str] = tuple(SITES), arrivals: Sequence[float] = (60.0, 400.0)
) -> pl.DataFrame:
    """Return the share of quiet ten-minute spans with anything unusual, of the site or its groups (0.001 or less)."""
    rows = []
    for name in sites:
        for level in arrivals:
            draw = np.random.default_rng(0)
            shares = [float(_any_of_groups(name, level, draw).mean()) for _ in range(records)]
            spans = {"spans": records * _TODAYS * 24}
            rows.append({"site": name, "arrivals per hour": level, **spans, "any": float(np.mean(shares))})
    return pl.DataFrame(rows)


def _site(name: str, level: float, draw: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Return the mean of each hour of a record, days × 24, and of the hours of days that may follow it, days × 24."""
    week = np.array(shape_of_week()).reshape(7, 24)
    before = SITES[name](draw, _DAYS)
    after = SITES[name](draw, _TODAYS) if name in {"hours differ", "days differ"} else before[-1:].repeat(_TODAYS, 0)
    if name == "drifting":
        after = after * np.exp(draw.normal(0, 0.05, (_TODAYS, 1)))
    return level * week[np.arange(_DAYS) % 7] * before, level * week[_DAYS % 7] * after


def _events(visits: Numbers, draw: np.random.Generator) -> Numbers:
    """Draw the pages of visits."""
    return visits + draw.negative_binomial(np.maximum(visits, 1e-9), 1 / _PAGES)


def _of_record(name: str, level: float, draw: np.random.Generator) -> dict[str, float]:
    """Return the shares for the days that may follow a record of four weeks."""
    before, after = _site(name, level, draw)
    visits, span, twice = (draw.poisson(it) for it in (before, after / _SPANS, after * 2))
    of_visits = _learned(visits)
    of_events, usual = _learned(_events(visits, draw), of_visits), _usual(of_visits, 1 / _SPANS)
    return {
        "quiet": _called(usual, span),
        "quiet events": _called(_usual(of_events, 1 / _SPANS), _events(span, draw)),
        "doubled ten minutes found": _called(usual, draw.poisson(after * 2 / _SPANS)),
        "doubled hour found": _called(_usual(of_visits, 1.0), twice),
    }


def _learned(counts: Numbers, base: Learned | None = None) -> Learned:
    """Learn from a record of four weeks, before the day after it."""
    known, watched = (np.vstack([days, np.zeros(24)]) for days in (counts.astype(float), np.ones(counts.shape)))
    return learned(known, watched, np.arange(_DAYS + 1) % 7, base)


def _usual(it: Learned, hours: float) -> list[Predictive]:
    """Return what is usual in a part of each hour of the day after a record."""
    level = traffic_level.level_at(it.filtered, _DAYS, np.zeros(0), np.zeros(0), it.extra)
    ahead = np.diag(it.shape.week[_DAYS % 7] * hours)
    return [traffic_level.predicted(level, ahead[hour : hour + 1], it.extra) for hour in range(24)]


def _called(usual: list[Predictive], counts: Numbers) -> float:
    """Return the share of counts, days × 24, that are called unusual."""
    ends = np.array([_ends(it) for it in usual])
    return float(((counts <= ends[:, 0]) | (counts >= ends[:, 1])).mean())


def _ends(it: Predictive) -> tuple[int, int]:
    """Return the counts from which on a span is unusual: this one and fewer, and this one and more."""
    middle = traffic_level.quantile(it, 0.5)
    return _first(it, middle, -1), _first(it, middle, 20 * middle + 1_000)


def _first(it: Predictive, near: int, far: int) -> int:
    """Return the first count on the way from a usual one to one that is not that is unusual."""
    while abs(far - near) > 1:
        between = (near + far) // 2
        near, far = (near, between) if p_value(it, between) <= FALSE_ALARMS else (between, far)
    return far


def _any_of_groups(name: str, level: float, draw: np.random.Generator) -> Numbers:
    """Return in which spans of the days after a record anything is unusual: 14 counts are looked at."""
    before, after = _site(name, level, draw)
    visits, span = ([draw.poisson(share * it) for share in _GROUPS] for it in (before, after / _SPANS))
    records, spans = ([it, [_events(one, draw) for one in it]] for it in (visits, span))
    rows: list[tuple[int, int, float]] = []
    base: Learned | None = None
    for of_measure, came in zip(records, spans, strict=True):
        base = _learned(sum(of_measure), base)  # events learn from visits, and groups from the site
        of_each = [(base, sum(came)), *((_learned(one, base), it) for one, it in zip(of_measure, came, strict=True))]
        for of_one, counts in of_each:
            rows += _p_values(_usual(of_one, 1 / _SPANS), counts, len(rows) // counts.size)
    table = pl.DataFrame(rows, schema=["which", "span", "p_value"], orient="row")
    found = table.with_columns(found=discovered(pl.col("p_value"), FALSE_ALARMS).over("span"))
    any_found: Numbers = found.group_by("span").agg(pl.col("found").any())["found"].to_numpy()
    return any_found


def _p_values(usual: list[Predictive], counts: Numbers, which: int) -> list[tuple[int, int, float]]:
    """Return the p-value of each count, days × 24, with the number of its span."""
    rows = []
    for hour, it in enumerate(usual):
        known = {int(count): p_value(it, int(count)) for count in np.unique(counts[:, hour])}
        rows += [(which, day * 24 + hour, known[int(count)]) for day, count in enumerate(counts[:, hour])]
    return rows
