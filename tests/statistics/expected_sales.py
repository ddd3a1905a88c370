"""How often the interval of what a model expects from those here now holds what comes, on days that it never saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from datafast_nb.forecast.model import Model, learn
from tests.forecast.simulated import START, Simulated, World, simulate
from tests.statistics.randomized import randomized

LEARNED = 7  # days
UNSEEN = 2
HORIZON = timedelta(hours=6)

FAIR = World(days=LEARNED + UNSEEN, arrivals=200.0, every=600.0, rate=0.1)
WORLDS = {
    "as expected": FAIR,
    "few sales": replace(FAIR, rate=0.02),
    "overdispersed arrivals": replace(FAIR, overdispersion=0.5),
    "the chance to buy drifts": replace(FAIR, drift=0.3),
    "half of all return": replace(FAIR, returning=0.5),
    "predictions twice too high": replace(FAIR, bias=2.0),
    "predictions that know nothing": replace(FAIR, informed=False),
    "a change midway": replace(FAIR, change=(1.5, 0.5)),
}


def expected_table(seeds: int = 26, moments: int = 12, worlds: Iterable[str] = WORLDS) -> pl.DataFrame:
    """Give how often the interval holds how many of a snapshot's prospects bought, and the ratio to the mean.

    Each seed is a site of its own, asked at moments on days that the model never saw.
    """
    rows = []
    for name in worlds:
        found = [site(replace(WORLDS[name], seed=100 + seed), moments) for seed in range(seeds)]
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
        snapshot = record.at(when)
        found, bought = model.expected(snapshot), record.bought(when, model.horizon)
        came, chances = bought.height, np.append(model.chances(snapshot), np.zeros(bought.height + 1))
        low, high = found.conversions_low, found.conversions_high
        rows.append(
            {
                "mean": found.conversions,
                "low": low,
                "high": high,
                "came": came,
                "meant": chances[low : high + 1].sum(),
                "randomized": randomized(chances[:came].sum(), chances[: came + 1].sum()),
                "revenue": found.revenue,
                "revenue_low": found.revenue_low,
                "revenue_high": found.revenue_high,
                "paid": float(bought["amount"].sum()),
                "formula": model.formula,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def summary(name: str, found: pl.DataFrame) -> dict[str, Any]:
    """Give the figures of one kind of site; ± is a standard error, as sites differ."""
    held = found.select(
        pl.col("meant").mean(),
        held=pl.col("came").is_between("low", "high").mean(),
        randomized=pl.col("randomized").mean(),
        below=(pl.col("came") < pl.col("low")).mean(),
        above=(pl.col("came") > pl.col("high")).mean(),
        revenue_held=pl.col("paid").is_between("revenue_low", "revenue_high").mean(),
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
