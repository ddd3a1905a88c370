"""How often the interval of a forecast of sales holds what came, with and without a model of those who are here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, NamedTuple

import polars as pl

from datafast_nb.forecast.counted_hours import counted_hours
from datafast_nb.forecast.model import learn
from datafast_nb.forecast.traffic import HORIZONS, Horizon, forecast
from tests.forecast.simulated import START, World, simulate


class Plan(NamedTuple):
    """How many days of a site a model learns from, at how many moments of how many later days it is asked, and sites.

    The moments are at least a horizon apart.
    """

    learned: int
    unseen: int
    moments: int
    sites: int


PLANS: Final[Mapping[Horizon, Plan]] = {"1h": Plan(7, 2, 12, 26), "1d": Plan(14, 5, 4, 80), "7d": Plan(21, 16, 2, 160)}

FAIR = World(arrivals=60.0, every=300.0)
WORLDS = {
    "as expected": FAIR,
    "overdispersed arrivals": replace(FAIR, overdispersion=0.5),
    "the chance to buy drifts": replace(FAIR, drift=0.3),
}


def with_model_table(
    horizons: Sequence[Horizon] = ("1h", "1d", "7d"), names: Sequence[str] = tuple(WORLDS), first_seed: int = 300
) -> pl.DataFrame:
    """Return the share of moments at which the interval of the next sales held what came, and its width.

    The standard error is that of the share with the model, with sites as the units: the moments of one share a model.
    """
    rows = []
    for horizon in horizons:
        plan = PLANS[horizon]
        for name in names:
            world = replace(WORLDS[name], days=plan.learned + plan.unseen)
            found = [site(replace(world, seed=first_seed + seed), horizon) for seed in range(plan.sites)]
            rows.append(pl.DataFrame({"site": [name], "horizon": [horizon]}).hstack(summary(pl.concat(found))))
    return pl.concat(rows)


def site(world: World, horizon: Horizon) -> pl.DataFrame:
    """Return the forecasts of one site on days that its model never saw, with and without the model."""
    plan, length = PLANS[horizon], HORIZONS[horizon]
    record = simulate(world)
    model = learn(record, horizon, end=START + timedelta(days=plan.learned))
    apart = timedelta(days=plan.unseen) / plan.moments
    rows: list[dict[str, Any]] = []
    for place in range(plan.moments):
        now = START + timedelta(days=plan.learned) + place * apart
        came = counted_hours(record, "sales", now, (timedelta(0), length))["count"].sum()
        row = {"seed": world.seed, "came": came}
        for kind, with_it in (("usual", None), ("model", model)):
            table = forecast(record, horizon, model=with_it, now=now).table
            of_sales = table.filter(measure="sales", period=f"next {horizon}")
            row |= {f"{kind}_{name}": of_sales[name].item() for name in ("mean", "low", "high")}
        rows.append(row)
    return pl.DataFrame(rows)


def summary(found: pl.DataFrame) -> pl.DataFrame:
    """Return the figures of one kind of site."""
    parts = [pl.len().alias("moments"), pl.col("came").mean()]
    for kind in ("usual", "model"):
        held = _held(kind).mean()
        width = (pl.col(f"{kind}_high") - pl.col(f"{kind}_low")).mean()
        error = (pl.col("came") - pl.col(f"{kind}_mean")).pow(2).mean().sqrt()
        ratio = pl.col("came").sum() / pl.col(f"{kind}_mean").sum()
        parts += [held.alias(f"{kind} held"), width.alias(f"{kind} width"), error.alias(f"{kind} error")]
        parts += [ratio.alias(f"{kind} O/E")]
    of_sites = found.group_by("seed").agg(_held("model").mean().alias("held"))
    spread = of_sites.select((pl.col("held").std() / pl.len().sqrt()).alias("standard error"))
    return found.select(parts).hstack(spread)


def _held(kind: str) -> pl.Expr:
    """Return whether the interval held what came."""
    return pl.col("came").is_between(f"{kind}_low", f"{kind}_high")
