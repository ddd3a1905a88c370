"""How sure a mean rate is: its 95 % interval."""

from __future__ import annotations

from typing import Any, Final, Literal

import narwhals.stable.v2 as nw

Interval = Literal["normal", "logit"]
"""A way to get the interval of a mean; `breakdown` says when which one holds."""

Z_95: Final = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, which bounds a two-sided 95 % interval."""

_FARTHEST: Final = 700.0  # log-odds; beyond, the exponential is more than a float holds


def with_interval(groups: nw.LazyFrame[Any], ci: Interval) -> nw.LazyFrame[Any]:
    """Add `predicted_rate_low` and `predicted_rate_high`, cut to 0…1; null for fewer than two rates.

    Needs `predicted_rate`, the number of `_rates` and the sum of squares of their deviation, `_squares`.
    """
    rates, mean = nw.col("_rates").cast(nw.Float64), nw.col("predicted_rate")
    variance = nw.when(nw.col("_rates") > 1).then(nw.col("_squares") / (rates - 1.0))
    groups = groups.with_columns(_error=(variance / rates).sqrt())
    error = nw.col("_error")
    normal = {"low": mean - Z_95 * error, "high": mean + Z_95 * error}
    if ci == "normal":
        return groups.with_columns(**{f"predicted_rate_{end}": value.clip(0.0, 1.0) for end, value in normal.items()})
    inside = (mean > 0.0) & (mean < 1.0)
    groups = groups.with_columns(
        _inside=nw.when(inside).then(mean), _error_of_odds=nw.when(inside).then(error / (mean * (1.0 - mean)))
    )
    groups = groups.with_columns(_away=(student(rates - 1.0) * nw.col("_error_of_odds")).clip(0.0, _FARTHEST))
    against = (1.0 - nw.col("_inside")) / nw.col("_inside")
    for end, away in (("low", nw.col("_away")), ("high", -nw.col("_away"))):
        back = 1.0 / (1.0 + against * away.exp())
        groups = groups.with_columns(nw.coalesce(back, normal[end]).clip(0.0, 1.0).alias(f"predicted_rate_{end}"))
    return groups


def student(freedom: nw.Expr) -> nw.Expr:
    """Give the 97.5 % quantile of Student's t distribution, to 1 % from 2 degrees of freedom on.

    By its expansion in the normal quantile: Abramowitz and Stegun, *Handbook of Mathematical Functions*, 26.7.5.
    """
    z = Z_95
    return (
        z
        + (z**3 + z) / 4.0 / freedom
        + (5 * z**5 + 16 * z**3 + 3 * z) / 96.0 / freedom**2
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384.0 / freedom**3
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160.0 / freedom**4
    )
