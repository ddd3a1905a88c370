"""Groups drawn from known rates: intervals hold the truth as often as they say, and shrinkage is nearer to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn

SAMPLES = 6_000


def draws(sizes: list[int], concentration: float, *, mean: float = 0.025, seed: int = 0) -> pl.DataFrame:
    """Draw groups of predictions around their own known rates; the lower the concentration, the more skewed.

    A rate is a gamma variable of shape `mean · concentration`, here a sum of exponentials: so that is a whole number.
    """
    shape = round(mean * concentration)
    groups = pl.DataFrame({"device": [str(place) for place in range(len(sizes))], "size": sizes})
    rows = groups.select(pl.col("device").repeat_by("size").explode())
    uniform = [pl.int_range(pl.len()).hash(seed * 100 + place).cast(pl.Float64) / 2**64 for place in range(shape)]
    rate = pl.sum_horizontal(-(1 - each).clip(1e-18).log() for each in uniform) * (mean / shape)
    return rows.with_columns(conversion_rate=rate, **columns())


def columns() -> dict[str, pl.Expr]:
    return {
        "is_customer": pl.lit(value=False),
        "score": pl.lit(50.0),
        "confidence": pl.lit(0.6),
        "expected_value": pl.lit(1.0),
    }


def coverage(data: pl.DataFrame, truth: float, interval: Any) -> float:
    """Give the share of groups whose interval holds the true rate."""
    table = dfn.breakdown(data, "device", ci=interval)
    held = pl.lit(truth).is_between("predicted_rate_low", "predicted_rate_high")
    return float(table.select(held.mean()).item())


# The skewness of a sum of k exponentials is 2 / √k: 0.5, 0.8 and 2.
@pytest.mark.parametrize(
    ("size", "shape", "interval"),
    [
        (30, 16, "normal"),
        (50, 6, "normal"),
        (100, 1, "normal"),
        (30, 16, "logit"),
        (30, 6, "logit"),
        (30, 2, "logit"),
        (50, 1, "logit"),
        (200, 1, "logit"),
    ],
)
def test_the_interval_holds_the_true_rate_in_93_to_97_of_100_groups(size: int, shape: int, interval: str) -> None:
    data = draws([size] * SAMPLES, shape / 0.025)
    assert 0.93 <= coverage(data, 0.025, interval) <= 0.97


def test_for_small_groups_of_skewed_rates_the_logit_interval_holds_and_the_normal_one_does_not() -> None:
    data = draws([30] * 20_000, 1 / 0.025)
    assert coverage(data, 0.025, "normal") < 0.93 < coverage(data, 0.025, "logit")


# The rates of desktops have the longer tail: a few visitors of one campaign, of whom most samples of 30 show none.
@pytest.mark.parametrize(("device", "size"), [("mobile", 30), ("desktop", 100)])
def test_the_logit_interval_holds_for_groups_drawn_from_the_demo_site_s_predictions(device: str, size: int) -> None:
    site = dfn.demo.Site(seed=3, visitors=20_000, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC))
    prospect = ~pl.col("is_customer") & pl.col("score").is_not_null()
    predictions = site.snapshot().visitors.filter(prospect, pl.col("device") == device)
    groups = (pl.int_range(pl.len()) // size).cast(pl.String)
    drawn = predictions.sample(size * SAMPLES, with_replacement=True, seed=1).with_columns(device=groups)
    truth = float(predictions.select(pl.col("conversion_rate").mean()).item())
    assert 0.93 <= coverage(drawn, truth, "logit") <= 0.97
    assert coverage(drawn, truth, "normal") < coverage(drawn, truth, "logit")


def groups_with_rates(spread: float, *, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw 400 groups of 2 to 60 predictions each, and give these and the true rate of each group."""
    data = draws([2 + place * 7 % 59 for place in range(400)], 2 / 0.025, seed=seed)
    uniform = pl.col("device").hash(seed).cast(pl.Float64) / 2**64
    # Uniform around 0.025, with the spread as a share of it.
    factor = 1 + spread * (2 * uniform - 1) * 3**0.5
    rates = data.select("device").unique().select("device", true_rate=0.025 * factor)
    return data.with_columns(pl.col("conversion_rate") * factor), rates


def errors(data: pl.DataFrame, rates: pl.DataFrame, baseline: dfn.Baseline | None) -> tuple[float, float]:
    """Give the mean squared error of the raw and of the shrunken rates, in units of 0.025²."""
    table = dfn.breakdown(data, "device", baseline=baseline).join(rates, on="device")
    raw, shrunken = (
        table.select(((pl.col(name) - pl.col("true_rate")) / 0.025).pow(2).mean()).item()
        for name in ("predicted_rate", "predicted_rate_shrunk")
    )
    return raw, shrunken


@pytest.mark.parametrize(
    "baseline", [None, 0.025, 0.035], ids=["without a baseline", "with it", "with one that is off"]
)
@pytest.mark.parametrize("spread", [0.0, 0.1, 0.3, 0.5])
def test_shrunken_rates_are_nearer_to_the_truth_than_raw_ones(spread: float, baseline: float | None) -> None:
    known = None if baseline is None else dfn.Baseline(baseline, None)
    raw, shrunken = errors(*groups_with_rates(spread), known)
    assert shrunken < raw
    if spread <= 0.1 and baseline != 0.035:
        assert shrunken < raw / 3


def test_a_large_group_keeps_its_rate_and_a_small_one_is_drawn_to_the_baseline() -> None:
    data, _ = groups_with_rates(0.3)
    table = dfn.breakdown(data, "device", baseline=dfn.Baseline(0.025, None)).sort("scored")
    assert table["credibility"].is_sorted()
    assert table["credibility"][0] < 0.3
    assert table["credibility"][-1] > 0.8
    moved = (table["predicted_rate_shrunk"] - 0.025).abs() <= (table["predicted_rate"] - 0.025).abs()
    assert moved.all()


def test_groups_of_one_prediction_each_tell_nothing_beyond_the_baseline() -> None:
    data = draws([1] * 50, 80)
    shrunken = dfn.breakdown(data, "device", baseline=dfn.Baseline(0.02, None))["predicted_rate_shrunk"]
    assert shrunken.to_list() == pytest.approx([0.02] * 50)


def test_a_single_group_without_a_baseline_keeps_its_rate() -> None:
    row = dfn.breakdown(draws([10], 80), "device").row(0, named=True)
    assert row["predicted_rate_shrunk"] == pytest.approx(row["predicted_rate"])
