"""What a model predicts of a snapshot, against the same formula in pandas and NumPy."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import datafast_nb as dfn
from tests.bench.moments import AFTERNOON, busy
from tests.bench.timing import best_milliseconds

if TYPE_CHECKING:
    import pandas as pd

KNOTS = (0.5, 1.0, 2.0, 4.0)  # minutes idle


def learned() -> dfn.forecast.Model:
    """Return a model of two days of the demo site: a regression on rate and activity."""
    with tempfile.TemporaryDirectory() as folder:
        history = dfn.demo.simulate(folder, 2, 5_000, seed=5, end=AFTERNOON, every=300, progress=False)
        model = dfn.learn(history, "6h")
    assert model.formula == "logistic"
    return model


def by_pandas(model: dfn.forecast.Model, visitors: pd.DataFrame, events: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """Compute the same probabilities as one would in pandas, highest first."""
    formula, level = model._learned.formula, model._learned.level.mean
    here = visitors[~visitors["is_customer"].fillna(value=False)].drop_duplicates("visitor_id")
    last = events.groupby("visitor_id")["timestamp"].max()
    begun = here["session_start_time"]
    active = here["visitor_id"].map(last)
    active = active.where(active > begun, begun)
    idle = ((now - active).dt.total_seconds() / 60).clip(0, 10)
    on_site = ((now - begun).dt.total_seconds() / 60).clip(0, 240)
    rate = here["conversion_rate"].fillna(formula.typical_rate).clip(1e-5, 0.99)
    columns = [np.ones(len(here)), np.log(rate / (1 - rate) * (1 - formula.typical_rate) / formula.typical_rate)]
    columns += [here["conversion_rate"].isna(), idle, *((idle - knot).clip(0) for knot in KNOTS)]
    columns += [np.log1p(on_site), np.log1p((here["visit_count"] - 1).clip(0, 50))]
    chance = level / (1 + np.exp(-np.column_stack(columns) @ np.array(formula.coefficients)))
    return here.assign(probability=chance.clip(0, 1)).sort_values("probability", ascending=False)["probability"]


def predict_table(sizes: tuple[int, ...] = (1_000, 10_000, 100_000), rounds: int = 10) -> pl.DataFrame:
    """Return one row per number of visitors: the time of a prediction for each prospect, and of the expected sum."""
    import pandas as pd

    model, rows = learned(), []
    for size in sizes:
        snapshot = busy(size)
        frames = [snapshot.visitors.to_pandas(), snapshot.events.to_pandas()]
        now = pd.Timestamp(snapshot.fetched_at)
        ways = {
            "predict": lambda it=snapshot: model.predict(it),
            "by pandas": lambda its=frames, at=now: by_pandas(model, *its, at),
            "expected": lambda it=snapshot: model.expected(it),
        }
        found = model.predict(snapshot)["probability"].to_numpy()
        np.testing.assert_allclose(found, ways["by pandas"]().to_numpy(), rtol=1e-9)
        best = best_milliseconds(ways, rounds)
        rows.append(
            {
                "visitors": size,
                "events": snapshot.events.height,
                "predict, ms": round(best["predict"], 1),
                "by pandas, ms": round(best["by pandas"], 1),
                "times faster": round(best["by pandas"] / best["predict"], 1),
                "expected, ms": round(best["expected"], 1),
            }
        )
    return pl.DataFrame(rows)
