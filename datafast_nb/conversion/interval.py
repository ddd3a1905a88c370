"""How sure a mean rate is: its 95 % interval."""

from __future__ import annotations

from typing import Any, Final, Literal

import narwhals.stable.v2 as nw

Interval = Literal["normal", "skewness_adjusted"]
"""A way to get the interval of a mean; `breakdown` says when which one holds."""

Z_95: Final = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, which bounds a two-sided 95 % interval."""

_SYMMETRIC: Final = 1e-6  # skewness below which the adjustment changes nothing, and divides by almost zero


def with_interval(groups: nw.LazyFrame[Any], interval: Interval) -> nw.LazyFrame[Any]:
    """Add `conversion_rate_low` and `conversion_rate_high`, cut to 0…1; null for fewer than two rates.

    Needs `conversion_rate`, the number of `_rates` and the sums of powers of their deviation, `_squares` and `_cubes`.
    """
    rates, mean = nw.col("_rates").cast(nw.Float64), nw.col("conversion_rate")
    deviation = nw.when(nw.col("_rates") > 1).then(nw.col("_squares") / (rates - 1.0)).sqrt()
    groups = groups.with_columns(_deviation=deviation, _below=Z_95 / rates.sqrt())
    groups = groups.with_columns(_above=-nw.col("_below"))
    if interval == "skewness_adjusted":
        spread = (nw.col("_squares") / rates).sqrt()
        groups = groups.with_columns(_spread=nw.when(nw.col("_squares") > 0).then(spread))
        spread = nw.col("_spread")
        groups = groups.with_columns(_skewness=nw.col("_cubes") / rates / (spread * spread * spread))
        groups = _without_skew(_without_skew(groups, "_below"), "_above")
    return groups.with_columns(
        conversion_rate_low=(mean - nw.col("_deviation") * nw.col("_below")).clip(0.0, 1.0),
        conversion_rate_high=(mean - nw.col("_deviation") * nw.col("_above")).clip(0.0, 1.0),
    )


def _without_skew(groups: nw.LazyFrame[Any], step: str) -> nw.LazyFrame[Any]:
    """Undo Hall's transformation of the Studentized mean, which takes the skewness out of its distribution.

    Hall (1992), *On the removal of skewness by transformation*, Journal of the Royal Statistical Society B 54:
    g(t) = t + γt²/3 + γ²t³/27 + γ/(6n) for t = (mean − μ) / s and the skewness γ, which is a cube up to constants.
    """
    skewness, rates = nw.col("_skewness"), nw.col("_rates").cast(nw.Float64)
    groups = groups.with_columns(_cube=1.0 + skewness * (nw.col(step) - skewness / (6.0 * rates)))
    groups = groups.with_columns(_root=nw.col("_cube").abs() ** (1.0 / 3.0))
    root = nw.when(nw.col("_cube") < 0).then(-nw.col("_root")).otherwise(nw.col("_root"))
    adjusted = 3.0 * (root - 1.0) / nw.when(skewness.abs() > _SYMMETRIC).then(skewness)
    return groups.with_columns(nw.coalesce(adjusted, nw.col(step)).alias(step))
