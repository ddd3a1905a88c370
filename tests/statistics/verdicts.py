"""How often a calibration finds fault with fair predictions, and with those that are 20 % too low or too high."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from datafast_nb.forecast.agreement import ENOUGH_POWER, with_agreement
from datafast_nb.forecast.calibration import EDGES
from datafast_nb.forecast.reliability import BIN, bins, scores, with_bins
from tests.statistics.alarms import demo_shape
from tests.statistics.samples import Shape

SIZES = (300, 2_000, 10_000)
TRUE = {"fair": 1.0, "20 % too low": 1.2, "20 % too high": 0.8}


def verdicts_table(seeds: int = 400, sizes: Sequence[int] = SIZES) -> pl.DataFrame:
    """Return how often calibrations find a fault, by size.

    Rates are drawn from those of the demo site, and outcomes by these rates times the true ratio. ``a bin outside`` is
    how often a bin's mean prediction is outside of its own 95 % interval, ``a bin beyond noise`` how often one is so.
    """
    shape = demo_shape()
    rows = []
    for size in sizes:
        for name, ratio in TRUE.items():
            found = pl.DataFrame(_calibrated(shape, size, ratio, seeds))
            rows.append({"predictions": size, "truth": name, **found.mean().row(0, named=True)})
    return pl.DataFrame(rows)


def _calibrated(shape: Shape, size: int, ratio: float, seeds: int) -> list[dict[str, float]]:
    """Draw the outcomes of one site for each seed, and say what its calibration finds."""
    draw = np.random.default_rng(0)
    predicted = shape.draw(draw, size * seeds)
    outcomes = pl.DataFrame(
        {"predicted": predicted, "converted": draw.uniform(size=len(predicted)) < predicted * ratio}
    )
    outcomes = outcomes.with_columns(seed=pl.int_range(pl.len()) // size, expected_value=1.0, value=0.0)
    binned: pl.LazyFrame = nw.to_native(with_bins(nw.from_native(outcomes.lazy()), EDGES))
    rates = binned.select("seed", *BIN, "predicted").collect().partition_by("seed")
    tables, wholes = (make(outcomes, ["seed"], EDGES).sort("seed").partition_by("seed") for make in (bins, scores))
    return [_found(*each, ratio) for each in zip(tables, wholes, rates, strict=True)]


def _found(table: pl.DataFrame, whole: pl.DataFrame, rates: pl.DataFrame, ratio: float) -> dict[str, float]:
    """Say what the calibration of one site finds."""
    each, of_all = with_agreement(table, rates, BIN), with_agreement(whole, rates, [])
    it = of_all.row(0, named=True)
    inside = pl.col("predicted_rate").is_between("observed_rate_low", "observed_rate_high")
    return {
        "found": float(not it["within_noise"]),
        "power told": it["power"],
        "says that they agree": float(it["within_noise"] and it["power"] >= ENOUGH_POWER),
        "a bin outside": float(not each.select(inside.all()).item()),
        "a bin beyond noise": float(not each["within_noise"].all()),
        "ratio held": float(it["observed_over_expected_low"] <= ratio <= it["observed_over_expected_high"]),
    }
