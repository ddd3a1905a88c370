"""How many visitors will convert, if each does so with the predicted probability.

That number is a sum of independent events of different probabilities: it has a Poisson-binomial distribution. Its
quantiles are given here in closed form, from sums alone, so that a database can compute them for millions of visitors.
"""

from __future__ import annotations

from typing import Any, Final

import narwhals.stable.v2 as nw

from datafast_nb.conversion.interval import Z_95

_TAIL: Final = 0.025
_NEXT_TO_ONE: Final = 1.0 + 1e-12  # so that a visitor who is certain to convert has finite odds
_NO_SKEW: Final = 1e-4  # below, Wilson and Hilferty's formula divides by almost zero
_SETTLED: Final = 1e-9  # a variance up to this means that nothing is left to chance

SUMS: Final = ("_rate", "_rate_squared", "_rate_cubed", "_never", "_odds")
"""The sums that `with_expected` needs of each group, besides the number of its `_rates`."""


def terms(rate: nw.Expr) -> dict[str, nw.Expr]:
    """Return the terms to add up over the visitors of a group, by the names in `SUMS`, except the rate itself."""
    against = _NEXT_TO_ONE - rate
    return {
        "_rate_squared": rate * rate,
        "_rate_cubed": rate * rate * rate,
        "_never": against.log(),
        "_odds": rate / against,
    }


def with_expected(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add `expected_conversions`, and 95 % bounds on the number of conversions, as whole numbers.

    The probabilities of none and of one conversion are exact. Beyond that, the number plus a uniform error of ± ½ has
    the same distribution function at every ½, the same mean and third cumulant, and a variance that is greater by 1/12.
    It is approximated by a gamma variable with these moments, whose quantiles are Wilson and Hilferty's (1931), *The
    distribution of chi-square*, Proceedings of the National Academy of Sciences 17. A bound is the exact one or,
    occasionally, the next whole number outside it.
    """
    mean, squares, cubes = (nw.col(name) for name in SUMS[:3])
    groups = groups.with_columns(_chance=mean - squares, _skewed=mean - 3.0 * squares + 2.0 * cubes)
    groups = groups.with_columns(_spread=(nw.col("_chance").clip(0.0, None) + 1.0 / 12.0).sqrt())
    groups = groups.with_columns(_skew=nw.col("_skewed") / nw.col("_spread") ** 3, _none=nw.col("_never").exp())
    groups = groups.with_columns(_at_most_one=nw.col("_none") * (1.0 + nw.col("_odds")))
    groups = _with_quantiles(groups)
    most = nw.col("_rates").cast(nw.Float64)
    bounds = {}
    for name, tail in (("low", _TAIL), ("high", 1.0 - _TAIL)):
        about = (mean + nw.col("_spread") * nw.col(f"_quantile_{name}") - 0.5).ceil()
        bound = nw.when(nw.col("_chance") > _SETTLED).then(about.clip(2.0, None)).otherwise(mean.round())
        bound = nw.when(nw.col("_at_most_one") >= tail).then(nw.lit(1.0)).otherwise(bound)
        bound = nw.when(nw.col("_none") >= tail).then(nw.lit(0.0)).otherwise(bound)
        bounds[f"expected_conversions_{name}"] = nw.min_horizontal(bound, most).cast(nw.Int64)
    return groups.with_columns(expected_conversions=mean, **bounds)


def _with_quantiles(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the quantiles of a standardized gamma variable with `_skew`, from those of the normal distribution."""
    skew, skewed = nw.col("_skew"), nw.when(nw.col("_skew").abs() > _NO_SKEW).then(nw.col("_skew"))
    ends = {"low": -Z_95, "high": Z_95}
    groups = groups.with_columns(
        _skewed=skewed,
        **{f"_root_{name}": (1.0 + skew * (z / 6.0) - skew * skew / 36.0).clip(0.0, None) for name, z in ends.items()},
    )
    roots = {name: nw.col(f"_root_{name}") for name in ends}
    cubes = {name: 2.0 * (root * root * root - 1.0) / nw.col("_skewed") for name, root in roots.items()}
    return groups.with_columns(**{f"_quantile_{name}": cubes[name].fill_null(z) for name, z in ends.items()})
