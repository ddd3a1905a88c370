"""How often `compare` finds a change where there is none, and one where there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import polars as pl

import datafast_nb as dfn
from tests.statistics.samples import SHAPES, Rates, Shape, frame

GROUPS = 20
SIZES = {
    "30 and 30": [(30, 30)] * GROUPS,
    "many and few": [(max(5, 400 // place), max(5, 380 // place)) for place in range(1, GROUPS + 1)],
    "10 and 200": [(10, 200)] * GROUPS,
}


def demo_shape(seed: int = 3) -> Shape:
    """Return the predictions of a demo website to draw from."""
    site = dfn.demo.Site(seed=seed, visitors=20_000, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC))
    prospects = site.snapshot().visitors.filter(~pl.col("is_customer"))
    rates = prospects["conversion_rate"].drop_nulls().to_numpy()
    return Shape(lambda draw, size: draw.choice(rates, size), float(rates.mean()))


def alarms_table(
    seeds: int = 400, shapes: Mapping[str, Shape] | None = None, sizes: Sequence[str] = tuple(SIZES)
) -> pl.DataFrame:
    """Return how often, of unchanged pairs of 20 groups, one at least is beyond noise; and before the control.

    ``found`` is how often a group is whose rates were halved, the largest of the twenty.
    """
    rows = []
    for name, shape in (shapes or {**SHAPES, "the demo site's": demo_shape()}).items():
        for size in sizes:
            pair = [_pair(shape, SIZES[size], seed) for seed in range(seeds)]
            tables = [dfn.compare(*it, by="device") for it in pair]
            beyond = [(~it["within_noise"].drop_nulls()).any() for it in tables]
            outside = [((it["change_low"] > 0) | (it["change_high"] < 0)).any() for it in tables]
            halved = [dfn.compare(before, _halved(after), by="device") for before, after in pair[: seeds // 4]]
            found = [it.filter(device="0")["within_noise"].item() is False for it in halved]
            told = np.mean([it["within_noise"].count() for it in tables]) / GROUPS
            rows.append({"shape": name, "sizes": size, "told": told, "false alarms": np.mean(beyond)})
            rows[-1] |= {"an interval without 0": np.mean(outside), "found": np.mean(found)}
    return pl.DataFrame(rows)


def _pair(shape: Shape, pairs: list[tuple[int, int]], seed: int) -> list[pl.DataFrame]:
    """Draw both moments of one comparison."""
    draw = np.random.default_rng(seed)
    sides: list[list[int]] = [list(side) for side in zip(*pairs, strict=True)]
    return [frame(shape.draw(draw, sum(side)), np.repeat(np.arange(len(side)), side)) for side in sides]


def _halved(after: pl.DataFrame) -> pl.DataFrame:
    """Halve the rates of the first group."""
    rate = pl.col("conversion_rate")
    return after.with_columns(pl.when(pl.col("device") == "0").then(rate / 2).otherwise(rate))


def effects_table(seeds: int = 400, size: int = 600) -> pl.DataFrame:
    """Return how often the intervals of the mix and conversion effects hold the true ones.

    Five groups whose shares and rates both change; the truth is the split of the true shares and rates.
    """
    shares = np.array([[0.4, 0.2, 0.2, 0.1, 0.1], [0.3, 0.3, 0.15, 0.1, 0.15]])
    means = np.array([[0.02, 0.03, 0.04, 0.01, 0.05], [0.025, 0.03, 0.03, 0.012, 0.05]])
    level, site = means.mean(axis=0), (shares * means).sum(axis=1).mean()
    truth = {
        "mix": (shares[1] - shares[0]) * (level - site),
        "conversion": shares.mean(axis=0) * (means[1] - means[0]),
    }
    held: dict[str, list[Rates]] = {name: [] for name in truth}
    for seed in range(seeds):
        draw = np.random.default_rng(seed)
        sides = []
        for share, mean in zip(shares, means, strict=True):
            groups = draw.choice(5, size, p=share)
            sides.append(frame(draw.gamma(4, mean[groups] / 4), groups))
        table = dfn.compare(*sides, by="device").sort("device")
        for name, true in truth.items():
            low, high = (table[f"{name}_effect_{end}"].to_numpy() for end in ("low", "high"))
            held[name].append((low <= true) & (true <= high))
    return pl.DataFrame([{"effect": name, "covered": float(np.mean(it))} for name, it in held.items()])
