"""The 95 % interval of a mean rate, and whether a sample is enough for one."""

from __future__ import annotations

from typing import Any, Final, Literal

import narwhals.stable.v2 as nw

from datafast_nb.conversion.frames import ratio

Interval = Literal["logit", "normal"]
"""A way to compute the interval of a mean; `breakdown` explains each one."""

Z_95: Final = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, which bounds a two-sided 95 % interval."""

FEWEST: Final = 5
"""The fewest predictions that an interval needs."""

_FARTHEST: Final = 600.0  # log-odds; far beyond, the exponential overflows a float
_RARE: Final = 3.0  # skewness beyond which one rare high rate dominates the mean
_SEEN: Final = 4.0  # such rare rates to be expected in a sample that can tell
ALONE: Final = 0.98  # of the greatest skewness possible at a sample's size: one visitor accounts for all of it
EVEN: Final = 1e-8  # a variance over the squared mean; less is rounding


def with_skewness(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the squared skewness of the rates within groups, of all groups together, as `_skewness_of_all`."""
    groups = _with_third_powers(groups)
    several = nw.col("_size") > 2  # noqa: PLR2004 - two are never skewed
    free = (nw.col("_size") - 1.0) * (nw.col("_size") - 2.0)
    groups = groups.with_columns(
        _free=nw.when(nw.col("_size") > 1).then(nw.col("_size") - 1.0).otherwise(0.0),
        _free_of_third=nw.when(several).then(free / nw.col("_size")).otherwise(0.0),
        _third=nw.when(several).then(nw.col("_third")).otherwise(0.0),
    )
    groups = groups.with_columns(
        _variance=ratio(nw.col("_squares").sum(), nw.col("_free").sum()),
        _third=ratio(nw.col("_third").sum(), nw.col("_free_of_third").sum()),
        _mean=ratio(nw.col("_rate").sum(), nw.col("_size").sum()),
    )
    return _with_squared_skewness(groups, "_skewness_of_all")


def with_interval(groups: nw.LazyFrame[Any], ci: Interval) -> nw.LazyFrame[Any]:
    """Add `predicted_rate_low` and `predicted_rate_high`, clipped to 0…1; null where the sample can't tell.

    This needs `predicted_rate`, the number of `_rates`, the sum of their squared deviations, `_squares`, the sums of
    `poisson_binomial`, and the `_skewness_of_all` groups.
    """
    groups = _with_error(groups)
    mean, error = nw.col("predicted_rate"), nw.col("_error")
    normal = {"low": mean - Z_95 * error, "high": mean + Z_95 * error}
    if ci == "normal":
        return groups.with_columns(**{f"predicted_rate_{end}": value.clip(0.0, 1.0) for end, value in normal.items()})
    chance = nw.when((mean > 0.0) & (mean < 1.0)).then(mean)
    groups = groups.with_columns(_chances=chance / (1.0 - mean), _error_of_odds=error / (chance * (1.0 - mean)))
    groups = groups.with_columns(_away=(student(nw.col("_free")) * nw.col("_error_of_odds")).clip(0.0, _FARTHEST).exp())
    chances, away = nw.col("_chances"), nw.col("_away")
    ends = {"low": chances / (chances + away), "high": chances * away / (1.0 + chances * away)}
    return groups.with_columns(
        **{f"predicted_rate_{end}": nw.coalesce(value, normal[end]).clip(0.0, 1.0) for end, value in ends.items()}
    )


def _with_error(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the standard error of the mean rate as `_error`; null where the sample can't tell how far it may be off.

    A skewness of g arises if a share of about 1 / g² of visitors has a rate far above that of all others. A sample in
    which fewer than four of them are expected estimates their number too poorly, and one without any does not show that
    they exist. So the skewness is that of all groups, or the group's own if that is greater.
    """
    groups = _with_third_powers(groups)
    size = nw.col("_size")
    groups = groups.with_columns(
        _variance=ratio(nw.col("_squares"), size),
        _third=ratio(nw.col("_third"), size),
        _free=nw.when(size >= FEWEST).then(size - 1.0),
    )
    groups = _with_squared_skewness(groups, "_own")
    groups = groups.with_columns(
        _own=nw.col("_own").fill_null(0.0),
        _skewness=nw.max_horizontal(nw.col("_own").fill_null(0.0), nw.col("_skewness_of_all").fill_null(0.0)),
        _greatest=(size - 2.0) * (size - 2.0) / nw.col("_free"),
        _error=(nw.col("_variance") / nw.col("_free")).sqrt(),
    )
    reliable = has_enough_rates(nw.col("_skewness"), size) & (nw.col("_own") < ALONE * nw.col("_greatest"))
    return groups.with_columns(_error=nw.when(reliable).then(nw.col("_error")))


def has_enough_rates(squared_skewness: Any, rates: Any) -> Any:  # noqa: ANN401 - see `student`
    """Return whether enough of any rare high rates are to be expected among this many rates."""
    return (squared_skewness <= _RARE * _RARE) | (rates >= _SEEN * squared_skewness)


def _with_third_powers(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the `_size` of a group, the `_mean` of its rates, and the sum of their cubed deviations, `_third`."""
    groups = groups.with_columns(_size=nw.col("_rates").cast(nw.Float64))
    groups = groups.with_columns(_mean=ratio(nw.col("_rate"), nw.col("_size")).fill_null(0.0))
    mean = nw.col("_mean")
    second = 3.0 * nw.col("_rate_squared") - 2.0 * nw.col("_size") * mean * mean
    return groups.with_columns(_third=nw.col("_rate_cubed") - mean * second)


def _with_squared_skewness(groups: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
    """Add the squared skewness of rates from their `_mean`, `_variance` and `_third`; null where they don't vary."""
    variance, third, mean = (nw.col(each) for each in ("_variance", "_third", "_mean"))
    varied = nw.when(variance > EVEN * mean * mean).then(variance * variance * variance)
    return groups.with_columns(_cube=varied).with_columns(ratio(third * third, nw.col("_cube")).alias(name))


def wilson(successes: nw.Expr, trials: nw.Expr) -> tuple[nw.Expr, nw.Expr]:
    """Return both ends of the 95 % interval of a share, from whole numbers; null if there are no trials.

    Wilson (1927), *Journal of the American Statistical Association* 22; multiplied out, so that no divisions nest: on
    Spark, Narwhals writes both operands of a division several times.
    """
    middle, part = successes + Z_95**2 / 2.0, 1.0 / (trials + Z_95**2)
    half = Z_95 * (ratio(successes * (trials - successes), trials) + Z_95**2 / 4.0).sqrt()
    low, high = (middle - half) * part, (middle + half) * part
    return low.clip(0.0, 1.0), high.clip(0.0, 1.0)


def student(freedom: Any) -> Any:  # noqa: ANN401 - expressions of Narwhals, or of Altair
    """Return the 97.5 % quantile of Student's t distribution, accurate to 1 % from 2 degrees of freedom up.

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


def deviation(tail: nw.Expr) -> nw.Expr:
    """Return √(-2 ln p) of a tail p, which `normal_quantile` needs: in a column of its own, as it is named often."""
    return (-2.0 * tail.log()).sqrt()


def normal_quantile(deviation: nw.Expr) -> nw.Expr:
    """Return the quantile that a standard normal variable exceeds with a probability of up to ½, accurate to 0.0005.

    Abramowitz and Stegun, *Handbook of Mathematical Functions*, 26.2.23.
    """
    t = deviation
    above = 2.515517 + 0.802853 * t + 0.010328 * t * t
    return t - above / (1.0 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t)
