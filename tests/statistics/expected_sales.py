"""How often the interval of what a model expects from those here now holds what comes, on days that it never saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl

from datafast_nb.forecast.model import Model, learn
from tests.forecast.simulated import START, Simulated, World, simulate

LEARNED = 10  # days
UNSEEN = 4
HORIZON = timedelta(hours=6)

WORLDS = {
    "as expected": World(),
    "overdispersed arrivals": World(overdispersion=0.5),
    "the chance to buy drifts": World(drift=0.3),
    "half of all return": World(returning=0.5),
    "predictions twice too high": World(bias=2.0),
    "predictions that know nothing": World(informed=False),
    "a change midway": World(change=(1.5, 0.5)),
}


def expected_table(seeds: int = 4, moments: int = 90, arrivals: float = 300.0) -> pl.DataFrame:
    """Give how often the interval holds how many of a snapshot's prospects bought, and the ratio to the mean."""
    rows = []
    for name, world in WORLDS.items():
        found = []
        for seed in range(seeds):
            days = float(LEARNED + UNSEEN)
            record = simulate(replace(world, days=days, arrivals=arrivals, seed=100 + seed))
            end = START + timedelta(days=LEARNED)
            found.append(told(record, learn(record, HORIZON, end=end), moments))
        rows.append(summary(name, pl.concat(found)))
    return pl.DataFrame(rows)


def told(record: Simulated, model: Model, moments: int) -> pl.DataFrame:
    """Give what is expected and what came at moments of the days after those that were learned from."""
    polls = record.polls(model.end + 2 * model.horizon, record.end - model.horizon).collect()["seen_at"]
    rows = []
    for when in polls.gather_every(max(1, len(polls) // moments)):
        found = model.expected(record.at(when))
        bought = record.bought(when, model.horizon)
        paid = float(bought["amount"].sum())
        rows.append((found.conversions, found.conversions_low, found.conversions_high, bought.height))
        rows[-1] += (found.revenue, found.revenue_low, found.revenue_high, paid)  # type: ignore[assignment]
    names = ("mean", "low", "high", "came", "revenue", "revenue_low", "revenue_high", "paid")
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(formula=pl.lit(model.formula))


def summary(name: str, found: pl.DataFrame) -> dict[str, Any]:
    """Give the figures of one kind of site."""
    held = found.select(
        held=pl.col("came").is_between("low", "high").mean(),
        revenue_held=pl.col("paid").is_between("revenue_low", "revenue_high").mean(),
        below=(pl.col("came") < pl.col("low")).mean(),
        above=(pl.col("came") > pl.col("high")).mean(),
    ).row(0, named=True)
    return {
        "site": name,
        "formulas": ", ".join(sorted(found["formula"].unique())),
        "moments": found.height,
        "expected": found["mean"].mean(),
        "observed over expected": found["came"].sum() / found["mean"].sum(),
        **held,
        "width": (found["high"] - found["low"]).mean(),
    }
