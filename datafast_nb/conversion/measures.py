"""The measures of a group of visitors, computed from sums: groups can be combined, and no average is averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import narwhals.stable.v2 as nw

from datafast_nb.conversion.dimensions import CONFIDENT
from datafast_nb.conversion.frames import counts, flag, in_range, ratio, require
from datafast_nb.conversion.interval import Interval, with_interval
from datafast_nb.conversion.people import counted, people, with_people
from datafast_nb.conversion.poisson_binomial import SUMS, terms, with_expected

if TYPE_CHECKING:
    from collections.abc import Sequence

Measure = Literal[
    "visitors",
    "share",
    "customers",
    "scored",
    "confident",
    "score",
    "confidence",
    "predicted_rate",
    "predicted_rate_low",
    "predicted_rate_high",
    "lift",
    "expected_conversions",
    "expected_conversions_low",
    "expected_conversions_high",
    "expected_value",
    "value_per_visitor",
    "predicted_rate_shrunk",
    "credibility",
]
"""A measure of `breakdown`: a column that follows those of the group."""

MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
"""The columns of `breakdown` that follow those of the group."""

PREDICTIONS: Final = ("score", "confidence", "conversion_rate", "expected_value")
_COUNTS: Final = ("scored", "confident", "_confidences", "_rates", "_values")
_SUMS: Final = ("_score", "_confidence", "expected_value", *SUMS)


def with_predictions(
    frame: nw.LazyFrame[Any],
    *,
    include_customers: bool = False,
    once: bool = False,
    purpose: str = "the breakdown",
) -> nw.LazyFrame[Any]:
    """Add the predictions of scored prospects; they are null for everyone else, so that aggregates skip them.

    `once` means that each visitor has one row, as in an opened snapshot.
    """
    require(frame, ("is_customer", *PREDICTIONS), purpose)
    customer = flag("is_customer")
    scored = in_range("score")
    counted = scored if include_customers else ~customer & scored
    rated = {f"_{name}": nw.when(counted & in_range(name)).then(nw.col(name).cast(nw.Float64)) for name in PREDICTIONS}
    return with_people(
        frame.with_columns(_customer=customer.cast(nw.Int64), **rated).with_columns(
            _confident=(nw.col("_confidence") >= CONFIDENT).cast(nw.Int64), **terms(nw.col("_conversion_rate"))
        ),
        once=once,
    )


def aggregates(frame: nw.LazyFrame[Any]) -> list[nw.Expr]:
    """Return the aggregates that every measure is computed from, for a frame from `with_predictions`."""
    rate = nw.col("_conversion_rate")
    return [
        *people(frame),
        nw.col("_score").count().alias("scored"),
        nw.col("_confident").sum().alias("confident"),
        nw.col("_confidence").count().alias("_confidences"),
        rate.count().alias("_rates"),
        nw.col("_score").sum().alias("_score"),
        nw.col("_confidence").sum().alias("_confidence"),
        rate.sum().alias("_rate"),
        *(nw.col(name).sum() for name in SUMS[1:]),
        nw.col("_expected_value").count().alias("_values"),
        nw.col("_expected_value").sum().alias("expected_value"),
        rate.var(ddof=1).alias("_variance"),
    ]


def with_moments(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Turn all aggregates into sums: the variance of the rates becomes the sum of their squared deviations."""
    groups = counted(groups).with_columns(counts(*_COUNTS), nw.col(*_SUMS).fill_null(0.0))
    deviation = nw.col("_variance") * (nw.col("_rates").cast(nw.Float64) - 1.0)
    return groups.with_columns(_squares=nw.when(nw.col("_rates") > 1).then(deviation).otherwise(0.0))


def pooled(groups: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Combine groups of the same name, as if their visitors had been one group from the start.

    The sums of squares move to the common mean: Chan, Golub and LeVeque (1979), *Updating formulae and a pairwise
    algorithm for computing sample variances*.
    """
    rates = nw.col("_rates").cast(nw.Float64)
    mean = ratio(nw.col("_rate").sum().over(*names), rates.sum().over(*names))
    moved = groups.with_columns(_moved=(ratio(nw.col("_rate"), rates) - mean).fill_null(0.0))
    away = nw.col("_moved")
    return (
        moved.with_columns(_squares=nw.col("_squares") + rates * away * away)
        .group_by(*names)
        .agg(
            *(nw.col(name).sum() for name in ("visitors", "customers", *_COUNTS, *_SUMS, "_squares")),
            *(nw.col(name).max() for name in ("_total", "_center", "_within", "_between", "_skewness_of_all")),
        )
        .with_columns(counts("visitors", "customers", *_COUNTS))
    )


def with_measures(groups: nw.LazyFrame[Any], baseline_rate: float | None, ci: Interval = "logit") -> nw.LazyFrame[Any]:
    """Add the measures that are computed from the sums."""
    rates, scored = nw.col("_rates"), nw.col("scored")
    groups = groups.with_columns(
        share=nw.col("visitors") / nw.col("_total"),
        score=ratio(nw.col("_score"), scored),
        confidence=ratio(nw.col("_confidence"), nw.col("_confidences")),
        predicted_rate=ratio(nw.col("_rate"), rates),
        value_per_visitor=ratio(nw.col("expected_value"), nw.col("_values")),
    ).with_columns(lift=ratio(nw.col("predicted_rate"), nw.lit(baseline_rate, dtype=nw.Float64)))
    return with_interval(with_expected(groups), ci)
