"""How often the interval of a forecast of sales holds what came, with and without a model of those who are here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl

from datafast_nb.forecast.counted_hours import counted_hours
from datafast_nb.forecast.model import learn
from datafast_nb.forecast.traffic import forecast
from tests.forecast.simulated import START, World, simulate

LEARNED = 7  # days
UNSEEN = 2
HOUR = timedelta(hours=1)

FAIR = World(days=LEARNED + UNSEEN, arrivals=120.0, every=300.0)
WORLDS = {
    "as expected": FAIR,
    "overdispersed arrivals": replace(FAIR, overdispersion=0.5),
    "the chance to buy drifts": replace(FAIR, drift=0.3),
}


def with_model_table(seeds: int = 26, moments: int = 12) -> pl.DataFrame:
    """Return the share of moments at which the interval of the next hour's sales held what came, and its width."""
    rows = []
    for name, world in WORLDS.items():
        found = pl.concat([site(replace(world, seed=300 + seed), moments) for seed in range(seeds)])
        rows.append(pl.DataFrame({"site": [name]}).hstack(summary(found)))
    return pl.concat(rows)


def site(world: World, moments: int) -> pl.DataFrame:
    """Return the forecasts of one site on days that its model never saw, with and without the model."""
    record = simulate(world)
    model = learn(record, HOUR, end=START + timedelta(days=LEARNED))
    rows: list[dict[str, Any]] = []
    for place in range(moments):
        now = START + timedelta(days=LEARNED) + (place + 0.5) * timedelta(days=UNSEEN) / (moments + 1)
        came = counted_hours(record, "sales", now, (timedelta(0), HOUR))["count"].item()
        row = {"came": came}
        for kind, with_it in (("usual", None), ("model", model)):
            table = forecast(record, "1h", model=with_it, now=now).table.filter(measure="sales", period="next 1h")
            row |= {f"{kind}_{name}": table[name].item() for name in ("mean", "low", "high")}
        rows.append(row)
    return pl.DataFrame(rows)


def summary(found: pl.DataFrame) -> pl.DataFrame:
    """Return the figures of one kind of site."""
    parts = [pl.len().alias("moments"), pl.col("came").mean()]
    for kind in ("usual", "model"):
        held = pl.col("came").is_between(f"{kind}_low", f"{kind}_high").mean()
        width = (pl.col(f"{kind}_high") - pl.col(f"{kind}_low")).mean()
        error = (pl.col("came") - pl.col(f"{kind}_mean")).pow(2).mean().sqrt()
        ratio = pl.col("came").sum() / pl.col(f"{kind}_mean").sum()
        parts += [held.alias(f"{kind} held"), width.alias(f"{kind} width"), error.alias(f"{kind} error")]
        parts += [ratio.alias(f"{kind} O/E")]
    return found.select(parts)
