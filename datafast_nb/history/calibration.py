"""Do the predictions come true? Nobody but a history can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, get_args

import polars as pl

from datafast_nb.conversion import Derived, dimension_names, with_dimensions
from datafast_nb.conversion.funnel import Goal, Payment
from datafast_nb.history.history import History
from datafast_nb.history.outcomes import (
    CONVERTED_BEFORE,
    COUNTED,
    Conversion,
    conversions,
    payments,
    visits,
    with_outcomes,
)
from datafast_nb.history.reliability import bins, scores
from datafast_nb.schema import VISITORS

EDGES: Final = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Where the bins of predicted rates begin and end: finer where most predictions are."""

VERDICTS: Final = {True: "agree", False: "do not agree (by chance, 1 fair predictor in 20 would not)"}
"""What is said of a prediction within the 95 % interval of what came true, and of one outside."""

_DERIVED: Final[tuple[Derived, ...]] = get_args(Derived)
_NO_DIMENSION: Final = (
    "score",
    "confidence",
    "dimension_matches",
    "conversion_rate",
    "average_value",
    "expected_value",
)
_LEFT_OUT: Final = ("customers", "unscored", "seen_late", "unfinished", CONVERTED_BEFORE)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How predictions compare with what came true.

    Attributes
    ----------
    bins : polars.DataFrame
        The reliability table: one row for each bin of predicted rates, of each group. ``bin_low``, ``bin_high``,
        ``sessions``, ``conversions``, ``predicted_rate`` (mean), ``observed_rate`` with its 95 % interval (Wilson)
        ``observed_rate_low`` and ``observed_rate_high``, ``expected_conversions``, ``expected_value``,
        ``observed_value`` (USD), and ``agrees``: whether the mean prediction is within the interval.
    scores : polars.DataFrame
        The same for each group as a whole, and ``brier`` with its parts: ``reliability`` (0 is best),
        ``resolution``, ``uncertainty`` and ``within_bins``, where ``brier = reliability - resolution + uncertainty +
        within_bins``; and ``skill`` against always saying the mean rate.
    coverage : polars.DataFrame
        One row: ``visits`` in all, and those that were ``counted``; those left out because they were ``customers``
        already, ``unscored`` (without a prediction from 0 to 1), ``seen_late`` (they began while nobody recorded),
        ``unfinished`` (the horizon goes beyond what was recorded) or ``converted_before`` they were first seen;
        ``payments``, those that could be ``matched`` to a visitor, and those ``unpriced`` (their currency has no rate).
        Where a matched payment is unpriced, every ``observed_value`` is null.
    """

    bins: pl.DataFrame
    scores: pl.DataFrame
    coverage: pl.DataFrame

    def __str__(self) -> str:
        seen = self.coverage.row(0, named=True)
        left_out = ", ".join(f"{seen[name]:,} {name.replace('_', ' ')}" for name in _LEFT_OUT if seen[name])
        matched = f"{seen['matched']:,} of {seen['payments']:,} payments matched to a visitor"
        sentence = (
            f"{seen['counted']:,} of {seen['visits']:,} visits counted ({left_out or 'none left out'}); {matched}"
        )
        if self.scores.height == 1:
            it = self.scores.row(0, named=True)
            sentence = (
                f"predicted {it['predicted_rate']:.2%}, came true {it['observed_rate']:.2%} "
                f"({it['observed_rate_low']:.2%} to {it['observed_rate_high']:.2%}): "
                f"they {VERDICTS[bool(it['agrees'])]}; Brier score {it['brier']:.4f}; {sentence}"
            )
        return sentence


def calibration(
    history: History,
    by: str | Sequence[str] | None = None,
    *,
    converted: Conversion = "customer",
    horizon: timedelta = timedelta(hours=1),
    start: datetime | None = None,
    end: datetime | None = None,
    edges: Sequence[float] = EDGES,
    rates: Mapping[str, float] | None = None,
) -> Calibration:
    """Compare the predicted conversion rates of a history's visits with how many converted.

    A visit counts once, with the prediction that was shown when it was first seen, if it was seen from its beginning,
    was no customer's, had not converted yet, and was recorded without a gap until the horizon was over. Of a visitor's
    visits, each counts; what a visitor paid counts once, in the latest visit begun before.

    Parameters
    ----------
    history
        A history with some thousand visits, or the intervals will be wide.
    by
        Dimensions to compare by, as in ``breakdown``: columns of the visitors, or ``channel``, ``page``,
        ``visit_kind``, ``score_band``, ``confidence_band``.
    converted
        What counts as a conversion: ``"customer"`` (`is_customer` turns true), ``dfn.goal(name)``, or
        ``dfn.payment()``, matched to the visitor by e-mail address or name. What can't be matched counts as none; where
        several visitors have the address, the payment is that of the one seen latest before it.
    horizon
        How long after the visit began a conversion of that visitor counts, if it came after the visit was first seen.
    start, end
        Only visits and conversions seen from `start` until before `end` (with a time zone).
    edges
        Where the bins of predicted rates begin and end: ascending, from 0 to 1.
    rates
        USD for one unit of each currency, such as ``{"EUR": 1.1}``; without it, only payments in USD have a
        value.

    Returns
    -------
    Calibration
        ``bins``, ``scores`` and ``coverage``; printed, a sentence.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> history = dfn.demo.simulate("site-history", days=7)  # doctest: +SKIP
    >>> print(dfn.calibration(history))  # doctest: +SKIP
    """
    names = [] if by is None else dimension_names(by)
    _check(converted, horizon, edges, names)
    renewals = isinstance(converted, Payment) and converted.renewals
    paid = payments(history, rates or {}, start, end, renewals=renewals)
    seen = with_dimensions(visits(history, start, end, horizon), *(it for it in _DERIVED if it in names))
    needed = ["visitor_id", "since", "first_seen", "predicted", "expected_value", "kept"]
    every = seen.select(list(dict.fromkeys([*names, *needed]))).collect()
    reached = conversions(history, converted, paid.lazy(), start, end)
    every = with_outcomes(every.lazy(), reached, paid.lazy(), horizon).collect()
    coverage = _coverage(every["kept"], paid)
    outcomes = every.filter(pl.col("kept") == COUNTED)
    if coverage["unpriced"].item():
        outcomes = outcomes.with_columns(value=pl.lit(None, pl.Float64))
    of_bins, of_groups = (_valued(make(outcomes, names, edges), outcomes) for make in (bins, scores))
    return Calibration(of_bins, of_groups, coverage)


def _check(converted: object, horizon: timedelta, edges: Sequence[float], names: list[str]) -> None:
    """Refuse what can't be meant."""
    if converted != "customer" and not isinstance(converted, (Goal, Payment)):
        raise TypeError(f"converted takes 'customer', dfn.goal(name) or dfn.payment(), not {converted!r:.60}.")
    if not isinstance(horizon, timedelta) or horizon <= timedelta(0):
        raise ValueError(f"horizon is {horizon!r:.60}: give a timedelta above 0, such as timedelta(hours=1).")
    if len(edges) < 2 or edges[0] != 0 or edges[-1] != 1 or any(a >= b for a, b in pairwise(edges)):  # noqa: PLR2004
        raise ValueError("edges must ascend from 0 to 1, such as edges=[0, 0.01, 0.1, 1].")
    known = [*(name for name in VISITORS.names() if name not in _NO_DIMENSION), *_DERIVED]
    for name in names:
        if name not in known:
            raise ValueError(f"{name!r:.60} is no dimension to compare by. There are: {', '.join(known)}.")


def _coverage(kept: pl.Series, paid: pl.DataFrame) -> pl.DataFrame:
    """Count what was counted, what was left out and why, and what could be matched."""
    matched = paid.filter(pl.col("visitor_id").is_not_null())
    figures: dict[str, Any] = {"visits": len(kept)}
    figures |= {name: int((kept == name).sum()) for name in (COUNTED, *_LEFT_OUT)}
    figures |= {"payments": paid.height, "matched": matched.height, "unpriced": matched["value"].null_count()}
    return pl.DataFrame([figures])


def _valued(table: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Leave observed values out where they could not be known."""
    known = outcomes["value"].null_count() == 0
    return table if known else table.with_columns(observed_value=pl.lit(None, pl.Float64))
