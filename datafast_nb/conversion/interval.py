"""How sure a mean rate is: its 95 % interval."""

from __future__ import annotations

from typing import Any, Final, Literal

import narwhals.stable.v2 as nw

from datafast_nb.conversion.frames import ratio

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
    step = Z_95 / rates.sqrt()
    if interval == "skewness_adjusted":
        spread = (nw.col("_squares") / rates).sqrt()
        skewness = ratio(nw.col("_cubes") / rates, spread * spread * spread).fill_null(0.0)
        below, above = _without_skew(step, skewness, rates), _without_skew(-step, skewness, rates)
    else:
        below, above = step, -step
    return groups.with_columns(
        conversion_rate_low=(mean - deviation * below).clip(0.0, 1.0),
        conversion_rate_high=(mean - deviation * above).clip(0.0, 1.0),
    )


def _without_skew(step: nw.Expr, skewness: nw.Expr, rates: nw.Expr) -> nw.Expr:
    """Undo Hall's transformation of the Studentized mean, which takes the skewness out of its distribution.

    Hall (1992), *On the removal of skewness by transformation*, Journal of the Royal Statistical Society B 54:
    g(t) = t + γt²/3 + γ²t³/27 + γ/(6n) for t = (mean − μ) / s and the skewness γ, which is a cube up to constants.
    """
    cube = 1.0 + skewness * (step - skewness / (6.0 * rates))
    root = nw.when(cube < 0).then(-(cube.abs() ** (1.0 / 3.0))).otherwise(cube.abs() ** (1.0 / 3.0))
    adjusted = 3.0 * (root - 1.0) / nw.when(skewness.abs() > _SYMMETRIC).then(skewness)
    return nw.when(skewness.abs() > _SYMMETRIC).then(adjusted).otherwise(step)
