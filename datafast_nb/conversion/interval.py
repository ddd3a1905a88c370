"""How sure a mean rate is: its 95 % interval, and whether there is one."""

from __future__ import annotations

from typing import Any, Final, Literal

import narwhals.stable.v2 as nw

from datafast_nb.conversion.frames import ratio

Interval = Literal["logit", "normal"]
"""A way to get the interval of a mean; `breakdown` says what each one is."""

Z_95: Final = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, which bounds a two-sided 95 % interval."""

FEWEST: Final = 5
"""Predictions that an interval takes."""

_FARTHEST: Final = 700.0  # log-odds; beyond, the exponential is more than a float holds
_RARE: Final = 3.0  # skewness beyond which one rare high rate rules the mean
_SEEN: Final = 4.0  # times such a rare rate is to be expected in a sample that can tell
_ALONE: Final = 0.98  # of the greatest skewness that a sample of its size can have: one visitor is all of it
_EVEN: Final = 1e-8  # of a variance, over the squared mean: less is rounding


def with_skewness(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the `_skewness` of the rates within groups, of all groups together."""
    rates = nw.col("_rates").cast(nw.Float64)
    groups = groups.with_columns(_third=_third_powers())
    groups = groups.with_columns(
        _free_of_mean=nw.when(rates > 1).then(rates - 1.0).otherwise(0.0),
        _free_of_third=nw.when(rates > 2).then(ratio((rates - 1.0) * (rates - 2.0), rates)).otherwise(0.0),  # noqa: PLR2004
        _third_of_several=nw.when(rates > 2).then(nw.col("_third")).otherwise(0.0),  # noqa: PLR2004
    )
    groups = groups.with_columns(
        _variance_of_all=ratio(nw.col("_squares").sum(), nw.col("_free_of_mean").sum()),
        _third_of_all=ratio(nw.col("_third_of_several").sum(), nw.col("_free_of_third").sum()),
        _mean_of_all=ratio(nw.col("_rate").sum(), rates.sum()),
    )
    return groups.with_columns(
        _skewness=_skewness(nw.col("_third_of_all"), nw.col("_variance_of_all"), nw.col("_mean_of_all"))
    )


def with_interval(groups: nw.LazyFrame[Any], ci: Interval) -> nw.LazyFrame[Any]:
    """Add `predicted_rate_low` and `predicted_rate_high`, cut to 0…1; null where the sample can't tell.

    Needs `predicted_rate`, the number of `_rates`, the sum of squares of their deviation, `_squares`, the sums of
    `poisson_binomial`, and the `_skewness` of all groups.
    """
    groups = groups.with_columns(_third=_third_powers())
    rates, mean = nw.col("_rates").cast(nw.Float64), nw.col("predicted_rate")
    groups = groups.with_columns(_error=(ratio(nw.col("_squares"), (rates - 1.0) * rates)).sqrt())
    groups = groups.with_columns(_told=nw.when(_can_tell()).then(nw.col("_error")))
    error = nw.col("_told")
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


def _can_tell() -> nw.Expr:
    """Say whether the sample can tell how far its mean may be off.

    A skewness of g is what a share of about 1 / g² of visitors makes whose rate is far above that of all others. A
    sample in which fewer than four of them are to be expected knows their number too badly, and one that holds none
    does not know of them: so the skewness is that of all groups, or the group's own where that is greater.
    """
    rates = nw.col("_rates").cast(nw.Float64)
    mean = nw.col("predicted_rate")
    own = _skewness(nw.col("_third") / rates, nw.col("_squares") / rates, mean).fill_null(0.0)
    skewness = nw.max_horizontal(own * own, (nw.col("_skewness") * nw.col("_skewness")).fill_null(0.0))
    greatest = (rates - 2.0) * (rates - 2.0) / (rates - 1.0)
    alone = own * own >= _ALONE * greatest
    return (nw.col("_rates") >= FEWEST) & _shows_the_rare(skewness, rates) & ~alone


def can_tell_of(skewness: nw.Expr, rates: nw.Expr) -> nw.Expr:
    """Say whether so many rates can tell the mean of such skewed ones; null counts as not skewed."""
    return _shows_the_rare((skewness * skewness).fill_null(0.0), rates)


def _shows_the_rare(squared_skewness: nw.Expr, rates: nw.Expr) -> nw.Expr:
    """Say whether enough of the rare high rates, if there are any, are to be expected in a sample."""
    return (squared_skewness <= _RARE * _RARE) | (rates >= _SEEN * squared_skewness)


def _third_powers() -> nw.Expr:
    """Give the sum of the third powers of the rates' deviation from their mean."""
    rates = nw.col("_rates").cast(nw.Float64)
    mean = ratio(nw.col("_rate"), rates).fill_null(0.0)
    return nw.col("_rate_cubed") - 3.0 * mean * nw.col("_rate_squared") + 2.0 * rates * mean * mean * mean


def _skewness(third: nw.Expr, variance: nw.Expr, mean: nw.Expr) -> nw.Expr:
    """Give the skewness of rates that vary at all; null elsewhere."""
    varied = nw.when(variance > _EVEN * mean * mean).then(variance)
    return ratio(third, varied * varied.sqrt())


def wilson(successes: nw.Expr, trials: nw.Expr) -> tuple[nw.Expr, nw.Expr]:
    """Give both ends of the 95 % interval of a share, from whole numbers; null where there are no trials.

    Wilson (1927), *Journal of the American Statistical Association* 22.
    """
    share, more = ratio(successes, trials), ratio(nw.lit(Z_95**2), trials)
    middle, half = share + more / 2.0, ((share * (1.0 - share) + more / 4.0) * more).sqrt()
    low, high = (middle - half) / (more + 1.0), (middle + half) / (more + 1.0)
    return low.clip(0.0, 1.0), high.clip(0.0, 1.0)


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


def normal_quantile(tail: nw.Expr) -> nw.Expr:
    """Give the quantile that a standard normal variable exceeds with a probability of up to ½, to 0.0005.

    Abramowitz and Stegun, *Handbook of Mathematical Functions*, 26.2.23.
    """
    t = (-2.0 * tail.log()).sqrt()
    above = 2.515517 + 0.802853 * t + 0.010328 * t * t
    return t - above / (1.0 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t)
