"""How often a comparison of campaigns gets a verdict, if one looks every day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from datafast_nb.forecast.anytime import Strata, alternatives
from datafast_nb.forecast.outcome_comparison import levels

HOURS = 24
RATE = 0.03
BY_HOUR = 1 + 0.8 * np.sin(np.arange(HOURS) / HOURS * 2 * np.pi)

# Of each scenario: the visitors of each group an hour, the odds of the first against the others, and what differs.
SCENARIOS: dict[str, dict[str, Any]] = {
    "2 equal groups": {"arrivals": [8, 8]},
    "5 equal groups": {"arrivals": [10, 4, 2, 1, 0.5]},
    "the rate trebles midway": {"arrivals": [8, 8], "change": 3.0},
    "groups come at different hours, whose rates differ": {"arrivals": [8, 8], "apart": True},
    "two groups of five come midway, and the rate trebles": {"arrivals": [8, 4, 2, 4, 4], "late": 2, "change": 3.0},
    "the first of 2 has odds of 1.5": {"arrivals": [8, 8], "odds": 1.5},
    "the first of 2 has odds of 2": {"arrivals": [8, 8], "odds": 2.0},
    "the first of 5 has odds of 2": {"arrivals": [3, 3, 3, 3, 3], "odds": 2.0},
}


def looks_table(seeds: int = 400, days: int = 30, scenarios: Sequence[str] = tuple(SCENARIOS)) -> pl.DataFrame:
    """Give how often any group ever gets a verdict, looking every day, and the median day of the first one.

    ``with the usual test`` is how often a chi-squared test of each group at 5 % would have, looking as often.
    """
    rows = []
    for name in scenarios:
        first, usual = _first_verdicts(np.random.default_rng(8), seeds, days, **SCENARIOS[name])
        found = first < days
        rows.append(
            {
                "scenario": name,
                "ever a verdict": found.mean(),
                "median day": float(np.median(first[found]) + 1) if found.any() else None,
                "with the usual test": usual.mean(),
            }
        )
    return pl.DataFrame(rows)


def _first_verdicts(
    draw: np.random.Generator,
    seeds: int,
    days: int,
    arrivals: Sequence[float],
    *,
    odds: float = 1.0,
    change: float = 1.0,
    apart: bool = False,
    late: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Give for each seed the day of the first verdict on any group, and whether the usual test ever had one."""
    hours, groups = days * HOURS, len(arrivals)
    mean = np.tile(np.array(arrivals, dtype=float)[:, None], hours)
    rate = np.tile(RATE * np.where(np.arange(hours) >= hours / 2, change, 1.0), (groups, 1))
    rate[0] = rate[0] * odds / (1 - rate[0] + rate[0] * odds)
    if apart:
        level = np.tile(BY_HOUR, days)
        mean *= np.stack([level, 2 - level])
        rate *= level
    if late:
        mean[-late:, : hours // 2] = 0
    visitors = draw.poisson(mean, (seeds, groups, hours))
    conversions = draw.binomial(visitors, rate)
    evidence = _evidence(visitors, conversions, days)
    limits = -np.log(np.stack([_levels(seed) for seed in visitors]))
    beyond = (evidence >= limits[:, :, None]).any(axis=1)
    first = np.where(beyond.any(axis=1), beyond.argmax(axis=1), days)
    return first, _usual(visitors, conversions, days)


def _levels(visitors: np.ndarray) -> np.ndarray:
    """Give the level of each group, by when it was first seen."""
    order = np.argsort(np.argsort((visitors > 0).argmax(axis=1), kind="stable"))
    return np.asarray(levels(len(visitors)))[order]


def _evidence(visitors: np.ndarray, conversions: np.ndarray, days: int) -> np.ndarray:
    """Give the log evidence against equal odds of each seed and group, at the end of each day."""
    everybody = np.broadcast_to(visitors.sum(axis=1, keepdims=True), visitors.shape)
    bought = np.broadcast_to(conversions.sum(axis=1, keepdims=True), visitors.shape)
    told = (bought > 0) & (visitors > 0) & (visitors < everybody)
    cell = np.broadcast_to(np.arange(visitors.shape[2]) // HOURS, visitors.shape)
    cell = cell + days * np.arange(visitors.shape[0] * visitors.shape[1]).reshape(*visitors.shape[:2], 1)
    strata = Strata(conversions[told], visitors[told], bought[told], everybody[told])

    def so_far(log_odds: float) -> np.ndarray:
        likelihood = strata.log_likelihood(log_odds)[0]
        of_days = np.bincount(cell[told], weights=likelihood, minlength=visitors.shape[0] * visitors.shape[1] * days)
        return of_days.reshape(*visitors.shape[:2], days).cumsum(axis=2)

    grid, weights = alternatives()
    mixture = None
    for value, weight in zip(grid, weights, strict=True):
        each = so_far(value) + weight
        mixture = each if mixture is None else np.logaddexp(mixture, each)
    return np.asarray(mixture) - so_far(0.0)


def _usual(visitors: np.ndarray, conversions: np.ndarray, days: int) -> np.ndarray:
    """Say for each seed whether the usual test of any group against the others is ever beyond 5 %."""
    n, x = (it.reshape(*it.shape[:2], days, HOURS).sum(axis=3).cumsum(axis=2) for it in (visitors, conversions))
    all_n, all_x = n.sum(axis=1, keepdims=True), x.sum(axis=1, keepdims=True)
    rate = all_x / np.maximum(all_n, 1)
    spread = np.sqrt(np.maximum(rate * (1 - rate) * (1 / np.maximum(n, 1) + 1 / np.maximum(all_n - n, 1)), 1e-12))
    z = (x / np.maximum(n, 1) - (all_x - x) / np.maximum(all_n - n, 1)) / spread
    return np.asarray((np.abs(z) > 1.96).any(axis=(1, 2)))
