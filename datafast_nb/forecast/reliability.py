"""Aggregates predictions and what came true, for any frame that Narwhals supports.

The score is Brier's (*Monthly Weather Review* 78, 1950), the mean squared distance of a probability from what happened
(1 or 0). Its decomposition is Murphy's (*Journal of Applied Meteorology* 12, 1973), with the term that makes it exact
if the predictions of a bin differ (Stephenson, Coelho and Jolliffe, *Weather and Forecasting* 23, 2008). The
intervals are Wilson's (*Journal of the American Statistical Association* 22, 1927).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import narwhals.stable.v2 as nw

from datafast_nb.conversion.frames import counts, number, opened, ratio, require
from datafast_nb.conversion.interval import wilson

NEEDED: Final = ("predicted", "converted", "expected_value", "value")
FIRST: Final = "first_predicted"
"""The prediction that decides the bin of a row, if a frame has it: `predicted` may depend on what came later."""
BIN: Final = ("bin_low", "bin_high")

_SUMS: Final = ("predictions", "conversions", "_predicted", "_squares", "_hits", "expected_value", "observed_value")


def bins(outcomes: Any, by: Sequence[str], edges: Sequence[float]) -> Any:  # noqa: ANN401 - the caller's kind of frame
    """Return one row for each bin of predicted rates in each group.

    Parameters
    ----------
    outcomes : frame
        One row for each prediction: `predicted` (rows without a probability are left out), `converted` (whether it came
        true), `expected_value`, `value` (what was paid), and the `by` columns. Lazy frames stay lazy.
    by
        Columns to group by, if any.
    edges
        The edges of the bins: a rate is in the bin whose lower edge it has reached.

    Returns
    -------
    frame
        `by`, ``bin_low``, ``bin_high``, ``predictions``, ``conversions``, ``predicted_rate`` (mean), ``observed_rate``
        with ``observed_rate_low`` and ``observed_rate_high``, ``expected_conversions``, ``expected_value`` and
        ``observed_value``.
    """
    frame, restore = opened(outcomes)
    require(frame, (*NEEDED, *by), "a calibration")
    table = _with_rates(_binned(frame, by, edges))
    columns = [*by, *BIN, *_FIGURES]
    return restore(table.select(*columns).sort(*by, "bin_low", nulls_last=True))


def scores(outcomes: Any, by: Sequence[str], edges: Sequence[float]) -> Any:  # noqa: ANN401 - the caller's kind of frame
    """Return one row for each group, or one row in all; parameters as in `bins`.

    Returns
    -------
    frame
        The columns of `bins` without those of the bin; then ``brier``, ``reliability``, ``resolution``,
        ``uncertainty`` and ``within_bins``, where ``brier = reliability - resolution + uncertainty + within_bins``;
        and ``skill``, 1 for perfect predictions and 0 for those that always equal the mean rate.
    """
    frame, restore = opened(outcomes)
    require(frame, (*NEEDED, *by), "a calibration")
    keys = list(by) or ["_all"]
    binned = _binned(frame, by, edges).with_columns(_all=nw.lit(1))
    count = nw.col("predictions")
    rate = ratio(nw.col("conversions"), count)
    binned = binned.with_columns(
        _distance=count * (ratio(nw.col("_predicted"), count) - rate) ** 2, _spread=count * rate**2
    )
    groups = binned.group_by(keys).agg(*(nw.col(name).sum() for name in (*_SUMS, "_distance", "_spread")))
    groups = _with_rates(groups.with_columns(counts("predictions", "conversions")))
    mean = nw.col("observed_rate")
    groups = groups.with_columns(
        brier=ratio(nw.col("_squares") - 2.0 * nw.col("_hits") + nw.col("conversions"), count),
        reliability=ratio(nw.col("_distance"), count),
        resolution=ratio(nw.col("_spread"), count) - mean**2,
        uncertainty=mean * (1.0 - mean),
    )
    groups = groups.with_columns(
        within_bins=nw.col("brier") - nw.col("reliability") + nw.col("resolution") - nw.col("uncertainty"),
        skill=1.0 - ratio(nw.col("brier"), nw.col("uncertainty")),
    )
    columns = [*by, *_FIGURES, "brier", "reliability", "resolution", "uncertainty", "within_bins", "skill"]
    ordered = groups.sort("predictions", *by, descending=[True, *(False for _ in by)], nulls_last=True)
    return restore(ordered.select(*columns))


_FIGURES: Final = (
    "predictions",
    "conversions",
    "predicted_rate",
    "observed_rate",
    "observed_rate_low",
    "observed_rate_high",
    "expected_conversions",
    "expected_value",
    "observed_value",
)


def with_bins(frame: nw.LazyFrame[Any], edges: Sequence[float]) -> nw.LazyFrame[Any]:
    """Add `bin_low`, `bin_high`, the probability `_p` and the outcome `_o`; leave out rows without one of these."""
    predicted, hit = nw.col("_p"), nw.col("_o")
    first = FIRST if FIRST in frame.collect_schema().names() else "predicted"
    low, high = nw.lit(float(edges[0])), nw.lit(float(edges[1]))
    for lower, upper in pairwise(edges[1:]):
        reached = _probability(first) >= lower
        low = nw.when(reached).then(nw.lit(float(lower))).otherwise(low)
        high = nw.when(reached).then(nw.lit(float(upper))).otherwise(high)
    each = frame.with_columns(_p=_probability("predicted"), _o=nw.col("converted").cast(nw.Float64)).filter(
        ~predicted.is_null() & ~hit.is_null()
    )
    return each.with_columns(bin_low=low, bin_high=high)


def _binned(frame: nw.LazyFrame[Any], by: Sequence[str], edges: Sequence[float]) -> nw.LazyFrame[Any]:
    """Add up the sums that each bin of each group needs."""
    predicted, hit = nw.col("_p"), nw.col("_o")
    each = with_bins(frame, edges).with_columns(_pp=predicted * predicted, _po=predicted * hit)
    return each.group_by(*by, *BIN).agg(
        predictions=nw.col("_p").count().cast(nw.Int64),
        conversions=nw.col("_o").sum().cast(nw.Int64),
        _predicted=nw.col("_p").sum(),
        _squares=nw.col("_pp").sum(),
        _hits=nw.col("_po").sum(),
        expected_value=number("expected_value").sum(),
        observed_value=_finite("value").sum(),
    )


def _with_rates(table: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the rates, and Wilson's interval of the observed rate."""
    count, hits = nw.col("predictions").cast(nw.Float64), nw.col("conversions").cast(nw.Float64)
    low, high = wilson(hits, count)
    return table.with_columns(
        predicted_rate=ratio(nw.col("_predicted"), count),
        observed_rate=ratio(hits, count),
        observed_rate_low=low,
        observed_rate_high=high,
        expected_conversions=nw.col("_predicted"),
    )


def _probability(column: str) -> nw.Expr:
    """Return a column as floats, with null for numbers that are not probabilities."""
    value = nw.col(column).cast(nw.Float64)
    return nw.when(value.is_between(0.0, 1.0)).then(value)


def _finite(column: str) -> nw.Expr:
    """Return a column as floats, with null for numbers that are not finite."""
    value = nw.col(column).cast(nw.Float64)
    return nw.when(value.is_finite()).then(value)
