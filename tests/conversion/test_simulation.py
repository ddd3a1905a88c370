"""Groups drawn from known rates: shrunk rates are closer to the truth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import datafast_nb as dfn


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


def groups_with_rates(spread: float, *, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw 400 groups of 2 to 60 predictions each; return these and the true rate of each group."""
    data = draws([2 + place * 7 % 59 for place in range(400)], 2 / 0.025, seed=seed)
    uniform = pl.col("device").hash(seed).cast(pl.Float64) / 2**64
    # Uniform around 0.025, with the spread as a share of it.
    factor = 1 + spread * (2 * uniform - 1) * 3**0.5
    rates = data.select("device").unique().select("device", true_rate=0.025 * factor)
    return data.with_columns(pl.col("conversion_rate") * factor), rates


def errors(data: pl.DataFrame, rates: pl.DataFrame, baseline: dfn.Baseline | None) -> tuple[float, float]:
    """Return the mean squared error of the raw and of the shrunk rates, in units of 0.025²."""
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


def test_without_a_baseline_it_is_drawn_toward_the_credibility_weighted_mean() -> None:
    """This follows Bühlmann and Gisler (2005), section 4.5, computed here with NumPy."""
    data, _ = groups_with_rates(0.5)
    rates = {name: part["conversion_rate"].to_numpy() for (name,), part in data.group_by("device")}
    size = np.array([len(each) for each in rates.values()])
    mean = np.array([each.mean() for each in rates.values()])
    within = sum(((each - each.mean()) ** 2).sum() for each in rates.values()) / (size - 1).sum()
    total = (size * mean).sum() / size.sum()
    between = ((size * (mean - total) ** 2).sum() - (len(size) - 1) * within) / (
        size.sum() - (size**2).sum() / size.sum()
    )
    credibility = size * between / (size * between + within)
    center = (credibility * mean).sum() / credibility.sum()
    expected = pl.DataFrame({"device": list(rates), "expected": center + credibility * (mean - center)})
    table = dfn.breakdown(data, "device").join(expected, on="device")
    assert table["predicted_rate_shrunk"].to_numpy() == pytest.approx(table["expected"].to_numpy(), rel=1e-9)
    assert center != pytest.approx(total, rel=1e-3)


def test_baseball_as_efron_and_morris_have_it() -> None:
    """Eighteen batters after 45 times at bat each: Efron and Morris (1975), table 1; the truth is the season's.

    Hits are rates of 0 or 1 here. Each average is drawn to the grand one by the same share, and the sum of squared
    errors falls to about a third: theirs, of transformed averages, by a factor of 3.5.
    """
    hits = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]
    season = [0.346, 0.298, 0.276, 0.222, 0.273, 0.270, 0.263, 0.210, 0.269]
    season += [0.230, 0.264, 0.256, 0.303, 0.264, 0.226, 0.285, 0.316, 0.200]
    rows = pl.DataFrame(
        [(f"{place:02}", float(turn < made)) for place, made in enumerate(hits) for turn in range(45)],
        schema={"device": pl.String, "conversion_rate": pl.Float64},
        orient="row",
    )
    table = dfn.breakdown(rows.with_columns(**columns()), "device").sort("device")
    raw, shrunken = (table[name].to_numpy() for name in ("predicted_rate", "predicted_rate_shrunk"))
    assert len({round(each, 9) for each in table["credibility"]}) == 1
    assert shrunken.mean() == pytest.approx(raw.mean())
    errors = [float(((each - season) ** 2).sum()) for each in (raw, shrunken)]
    assert errors[0] / errors[1] > 3
