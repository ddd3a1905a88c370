"""How often an interval of `breakdown` holds the truth."""

from __future__ import annotations

import numpy as np
import polars as pl

import datafast_nb as dfn
from tests.statistics.samples import SHAPES, frame

SIZES = (5, 10, 30, 100, 1_000)


def coverage_table(visitors: int = 400_000, seed: int = 0) -> pl.DataFrame:
    """Return how often the interval of the mean rate holds it, by size and shape: of those groups that have one.

    Each row is a table of groups of one size, of as many as `visitors` make, but 200 at least.
    """
    rows = []
    for name, shape in SHAPES.items():
        for size in SIZES:
            draw = np.random.default_rng(seed)
            groups = max(200, min(6_000, visitors // size))
            data = frame(shape.draw(draw, groups * size), np.repeat(np.arange(groups), size))
            found = {ci: _covered(data, shape.mean, ci) for ci in ("logit", "normal")}
            rows.append({"shape": name, "visitors": size, "groups": groups, **found["logit"]})
            rows[-1]["normal"] = found["normal"]["covered"]
    return pl.DataFrame(rows)


def _covered(data: pl.DataFrame, truth: float, ci: str) -> dict[str, float | None]:
    """Return the share of groups that have an interval, and how many of these intervals hold the truth."""
    table = dfn.breakdown(data, "device", ci=ci)  # type: ignore[call-overload]
    told = table.filter(pl.col("predicted_rate_low").is_not_null())
    held = told.select(pl.lit(truth).is_between("predicted_rate_low", "predicted_rate_high").mean()).item()
    return {"told": told.height / table.height, "covered": held}


def conversions_table(turns: int = 400, seed: int = 1) -> pl.DataFrame:
    """Return how often the bounds of the expected conversions hold what comes, if the predictions hold."""
    rows = []
    for name, shape in SHAPES.items():
        for size in SIZES:
            draw = np.random.default_rng(seed)
            rates = np.minimum(shape.draw(draw, turns * size), 1.0).reshape(turns, size)
            came = (draw.uniform(size=(turns, size)) < rates).sum(axis=1)
            table = dfn.breakdown(frame(rates.ravel(), np.repeat(np.arange(turns), size)), "device")
            conversions = pl.DataFrame({"device": [str(turn) for turn in range(turns)], "came": came})
            bounds = ("expected_conversions_low", "expected_conversions_high", "predicted_rate_low")
            found = table.join(conversions, on="device")
            share = pl.col("came") / size
            rows.append(
                {
                    "shape": name,
                    "visitors": size,
                    "expected": found["expected_conversions"].mean(),
                    "held": found.select(pl.col("came").is_between(*bounds[:2]).mean()).item(),
                    "held by the interval of the mean rate": found.drop_nulls(bounds[2])
                    .select(share.is_between("predicted_rate_low", "predicted_rate_high").mean())
                    .item(),
                }
            )
    return pl.DataFrame(rows)
