"""How often the interval of what a model expects from those here now holds what comes, on days that it never saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl

from datafast_nb.forecast.model import Model, learn
from tests.forecast.simulated import START, Simulated, World, simulate

LEARNED = 7  # days
UNSEEN = 2
HORIZON = timedelta(hours=6)

FAIR = World(days=LEARNED + UNSEEN, arrivals=200.0, every=600.0)
WORLDS = {
    "as expected": FAIR,
    "overdispersed arrivals": replace(FAIR, overdispersion=0.5),
    "the chance to buy drifts": replace(FAIR, drift=0.3),
    "half of all return": replace(FAIR, returning=0.5),
    "predictions twice too high": replace(FAIR, bias=2.0),
    "predictions that know nothing": replace(FAIR, informed=False),
    "a change midway": replace(FAIR, change=(1.5, 0.5)),
}


def expected_table(seeds: int = 26, moments: int = 12) -> pl.DataFrame:
    """Give how often the interval holds how many of a snapshot's prospects bought, and the ratio to the mean.

    Each seed is a site of its own, asked at moments on days that the model never saw.
    """
    rows = []
    for name, world in WORLDS.items():
        found = [site(replace(world, seed=100 + seed), moments) for seed in range(seeds)]
        rows.append(summary(name, pl.concat(found)))
    return pl.DataFrame(rows)


def site(world: World, moments: int) -> pl.DataFrame:
    """Give what is expected and what came at moments of one site."""
    record = simulate(world)
    model = learn(record, HORIZON, end=START + timedelta(days=LEARNED))
    return told(record, model, moments).with_columns(seed=pl.lit(world.seed))


def told(record: Simulated, model: Model, moments: int) -> pl.DataFrame:
    """Give what is expected and what came at moments of the days after those that were learned from."""
    polls = record.polls(model.end + model.horizon, record.end - model.horizon).collect()["seen_at"]
    rows = []
    for when in polls.gather_every(max(1, len(polls) // moments)).head(moments):
        found, bought = model.expected(record.at(when)), record.bought(when, model.horizon)
        count = (found.conversions, found.conversions_low, found.conversions_high, bought.height)
        rows.append((*count, found.revenue, found.revenue_low, found.revenue_high, float(bought["amount"].sum())))
    names = ("mean", "low", "high", "came", "revenue", "revenue_low", "revenue_high", "paid")
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(formula=pl.lit(model.formula))


def summary(name: str, found: pl.DataFrame) -> dict[str, Any]:
    """Give the figures of one kind of site; ± is a standard error, as sites differ."""
    held = found.select(
        held=pl.col("came").is_between("low", "high").mean(),
        revenue_held=pl.col("paid").is_between("revenue_low", "revenue_high").mean(),
        below=(pl.col("came") < pl.col("low")).mean(),
        above=(pl.col("came") > pl.col("high")).mean(),
    ).row(0, named=True)
    sites = found.group_by("seed").agg(pl.col("came", "mean").sum())
    ratio = sites["came"].sum() / sites["mean"].sum()
    return {
        "site": name,
        "formulas": ", ".join(sorted(found["formula"].unique())),
        "moments": found.height,
        "expected": found["mean"].mean(),
        "observed over expected": ratio,
        "±": float((sites["came"] - ratio * sites["mean"]).std() or 0.0) * len(sites) ** 0.5 / sites["mean"].sum(),
        **held,
        "revenue": found["paid"].sum() / found["revenue"].sum(),
        "width": (found["high"] - found["low"]).mean(),
    }
