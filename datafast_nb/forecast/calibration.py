"""Calibration: whether the predictions in a history come true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal, get_args

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_choice, checked_duration
from datafast_nb.conversion import with_dimensions
from datafast_nb.conversion.funnel import Goal, Payment
from datafast_nb.forecast.agreement import ENOUGH_POWER, ERROR, with_agreement
from datafast_nb.forecast.dimensions import checked_dimensions, columns_of, derived
from datafast_nb.forecast.outcomes import (
    CONVERTED_BEFORE,
    COUNTED,
    RECOGNIZED,
    Conversion,
    Money,
    by_visitor,
    conversions,
    money,
    visits,
    with_outcomes,
)
from datafast_nb.forecast.record import Record
from datafast_nb.forecast.reliability import BIN, bins, scores, with_bins
from datafast_nb.text import number

Unit = Literal["visitor", "visit"]
"""The unit of a prediction: a visitor, with all of their visits, or each single visit."""

EDGES: Final = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""The edges of the bins of predicted rates: finer where most predictions are."""

VERDICTS: Final = {
    "agrees": "they agree",
    "too low": "they do not agree: the predictions are too low",
    "too high": "they do not agree: the predictions are too high",
    "can't tell": "can't tell whether they agree",
}
"""The sentence for each verdict."""

_LEFT_OUT: Final = ("customers", "unscored", "seen_late", "left_early", "unfinished", CONVERTED_BEFORE, RECOGNIZED)
_AGREEMENT: Final = (
    "observed_over_expected",
    "observed_over_expected_low",
    "observed_over_expected_high",
    "p_value",
    "within_noise",
)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The comparison of predictions with what came true.

    Attributes
    ----------
    bins : polars.DataFrame
        The reliability table: one row for each bin of predicted rates in each group. ``bin_low``, ``bin_high``;
        ``predictions``, how many there are (visitors or visits: see ``unit``); ``conversions``; ``predicted_rate``
        (mean); ``observed_rate`` with its 95 % interval (Wilson) ``observed_rate_low`` and ``observed_rate_high``;
        ``expected_conversions``, ``expected_value``, ``observed_value`` (USD, net of refunds);
        ``observed_over_expected``, the conversions over those expected, with its 95 % interval
        ``observed_over_expected_low`` and ``_high``; ``p_value``, how often fair predictions are at least as far from
        what came true; and ``within_noise``, whether chance explains such a row in a table of that many rows.
    scores : polars.DataFrame
        The same for each group as a whole; ``power``, how often the test would find that 20 % more, or 20 % fewer,
        convert than was predicted (the smaller of the two); ``verdict``; and ``brier`` with its parts: ``reliability``
        (0 is best), ``resolution``, ``uncertainty`` and ``within_bins``, where ``brier = reliability - resolution +
        uncertainty + within_bins``; and ``skill`` against always predicting the mean rate. The verdict is ``too low``
        or ``too high`` (of the predictions) beyond noise; ``agrees`` within it, if an error of 20 % would be found at
        least 8 times out of 10; and otherwise ``can't tell``.
    coverage : polars.DataFrame
        One row: all ``visits``, and those that were ``counted``; those left out because they were by ``customers``,
        ``unscored`` (without a prediction from 0 to 1), ``seen_late`` (they began while nothing was recorded),
        ``left_early`` (before the `age`), ``unfinished`` (the horizon goes beyond what was recorded),
        ``converted_before`` the prediction was shown, or ``recognized`` as customers without a known payment;
        ``payments``, those that could be ``matched`` to a visitor, the sales that are ``unmatched``, and the payments
        ``unpriced`` (matched, but their currency has no rate). If any is unpriced, every ``observed_value`` is null.
    unit : {"visitor", "visit"}
        The unit of a row.
    """

    bins: pl.DataFrame
    scores: pl.DataFrame
    coverage: pl.DataFrame
    unit: Unit = "visitor"

    def __str__(self) -> str:
        seen = self.coverage.row(0, named=True)
        left_out = ", ".join(f"{seen[name]:,} {name.replace('_', ' ')}" for name in _LEFT_OUT if seen[name])
        sentence = (
            f"{seen['counted']:,} of {number(seen['visits'], 'visit')} counted ({left_out or 'none left out'}); "
            f"{seen['matched']:,} of {number(seen['payments'], 'payment')} matched to a visitor"
        )
        if self.scores.height == 1:
            it = self.scores.row(0, named=True)
            rows = number(it["predictions"], self.unit)
            within = f"({it['observed_rate_low']:.2%} to {it['observed_rate_high']:.2%})"
            parts = [
                self.verdict(it),
                f"predicted {it['predicted_rate']:.2%}, came true {it['observed_rate']:.2%} {within} of {rows}",
                self.unseen(it),
                f"Brier score {it['brier']:.4f}",
                sentence,
            ]
            sentence = "; ".join(filter(None, parts))
        return sentence

    def verdict(self, group: Mapping[str, Any]) -> str:
        """Describe whether predictions and conversions in a row of ``scores`` agree, and which error would be found."""
        sentence = f"{group['conversions']:,} converted, {group['expected_conversions']:,.1f} were expected"
        if group["observed_over_expected"] is not None:
            ratio = [group[f"observed_over_expected{end}"] for end in ("", "_low", "_high")]
            sentence += f" (observed over expected {ratio[0]:.2f}, 95 % interval {ratio[1]:.2f} to {ratio[2]:.2f})"
        power = f"an error of {ERROR:.0%} would be found {group['power']:.0%} of the time"
        return f"{sentence}: {VERDICTS[group['verdict']]}; {power}"

    def unseen(self, group: Mapping[str, Any]) -> str:
        """Describe the most that may have converted, with hidden conversions; return empty text if none are hidden."""
        hidden = self.coverage["unmatched"].item() + self.coverage[RECOGNIZED].item()
        if not hidden or not group["predictions"]:
            return ""
        most = min(group["conversions"] + hidden, group["predictions"])
        return (
            f"{hidden:,} more {'sale' if hidden == 1 else 'sales'} or new customers can't be traced to a visit: if all "
            f"were of these, {most / group['predictions']:.2%} converted"
        )


def calibration(  # noqa: PLR0913 - each is a choice of its own, and has a usual value
    history: Record,
    by: str | Sequence[str] | None = None,
    *,
    unit: Unit = "visitor",
    converted: Conversion = "customer",
    horizon: timedelta | str | float = "1h",
    age: timedelta | str | float | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    edges: Sequence[float] = EDGES,
    rates: Mapping[str, float] | None = None,
) -> Calibration:
    """Compare the predicted conversion rates in a history with the observed ones.

    A visit counts with the first prediction that was shown for it, if it was seen from its beginning, was not by a
    customer, had not converted yet, and was recorded without a gap until the end of the horizon. A visitor converts at
    most once, which is credited to one visit: the latest that began before.

    Parameters
    ----------
    history
        A history with at least some thousand visits; fewer can't give a verdict.
    by
        Dimensions to compare by, as in ``breakdown``: columns of the visitors, or ``channel``, ``page``,
        ``visit_kind``, ``score_band``, ``confidence_band``.
    unit
        ``"visitor"``: a row per person (in each group). If a person has several visits that count, their predictions p
        are combined to 1 − ∏ (1 − p), the probability that at least one of the visits converts; the bin is that of the
        first. ``"visit"``: a row per visit.
    converted
        What counts as a conversion: ``"customer"`` (a visitor becomes a customer by a payment), ``dfn.goal(name)``, or
        ``dfn.payment()``. A payment counts if its amount is above 0: a trial is not a conversion, nor is a refund. A
        payment belongs to the visitor of its event or of its e-mail address; if several share the address, to the one
        seen latest before it. It belongs to the visitor of its name only if that is unique and no address contradicts.
        A visitor who becomes a customer without a payment may be an old customer who logged in: that is not a
        conversion, and the visit is left out.
    horizon
        How long after the start of the visit a conversion counts, if it came after the prediction was shown: a
        timedelta, seconds, or text such as ``"1h"``.
    age
        Test the predictions at this age of the visit instead, such as ``"2m"``, for visitors who were still there; the
        horizon begins then.
    start, end
        Only visits and conversions seen from `start` until before `end` (with a time zone).
    edges
        The edges of the bins of predicted rates: ascending, from 0 to 1.
    rates
        USD for one unit of each currency, such as ``{"EUR": 1.1}``; without it, only payments in USD have a
        value.

    Returns
    -------
    Calibration
        ``bins``, ``scores`` and ``coverage``; it prints as a sentence.

    Notes
    -----
    Visits by one person are not independent. As a person converts at most once, and later visits do not count, the
    number of conversions varies no more than if they were: the intervals and tests also hold with ``unit="visit"``.

    Visitors who bought before a snapshot showed a prediction for them are left out, as ``converted_before``. So quick
    buyers are missing, and the others buy less often than all visitors do: a service that predicts for all looks a
    little too high. With a snapshot every ten seconds, this affects almost nobody; with fewer snapshots, more visitors.

    A refund is subtracted from the value of the visit that it refunds. Sales that can't be matched may belong to any
    visitor: they are reported, and if they could explain the difference, predictions are not called too high.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> history = dfn.demo.simulate("site-history", days=7)  # doctest: +SKIP
    >>> print(dfn.calibration(history))  # doctest: +SKIP
    """
    names = checked_dimensions(by)
    checked_choice(unit, get_args(Unit), "unit")
    _check(converted, edges)
    span = checked_duration(horizon, "horizon")
    shown_at = None if age is None else checked_duration(age, "age", zero=True)
    renewals = isinstance(converted, Payment) and converted.renewals
    found = money(history, rates or {}, start, end, renewals=renewals)
    seen = with_dimensions(visits(history, start, end, span, shown_at, columns_of(names)), *derived(names))
    first = conversions(history, converted, found.sold, start, end)
    every = with_outcomes(seen, first, found.paid, by_payment_alone=converted == "customer")
    coverage = _coverage(every["kept"], found, by_goal=isinstance(converted, Goal))
    outcomes = every.filter(pl.col("kept") == COUNTED)
    outcomes = by_visitor(outcomes, names) if unit == "visitor" else outcomes
    if coverage["unpriced"].item():
        outcomes = outcomes.with_columns(value=pl.lit(None, pl.Float64))
    hidden = coverage["unmatched"].item() + coverage[RECOGNIZED].item()
    return Calibration(*compared(outcomes, names, edges, hidden), coverage, unit)


def compared(
    outcomes: pl.DataFrame, names: Sequence[str], edges: Sequence[float], hidden: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tables ``bins`` and ``scores`` of a calibration, given how many conversions may be `hidden`."""
    binned: pl.LazyFrame = nw.to_native(with_bins(nw.from_native(outcomes.lazy()), edges))
    rates = binned.select(*names, *BIN, predicted="_p").collect()
    groups = _valued(scores(outcomes, names, edges), outcomes)
    of_bins = with_agreement(_valued(bins(outcomes, names, edges), outcomes), rates, [*names, *BIN])
    of_groups, columns = with_agreement(groups, rates, names), groups.columns
    first = columns.index("brier")
    order = [*columns[:first], *_AGREEMENT, "power", "verdict", *columns[first:]]
    return of_bins.drop("power"), _with_verdict(of_groups, rates, names, hidden).select(order)


def _with_verdict(table: pl.DataFrame, rates: pl.DataFrame, names: Sequence[str], hidden: int) -> pl.DataFrame:
    """Add the `verdict`; predictions are not called too high if hidden conversions could explain the difference."""
    too_low = pl.col("conversions") > pl.col("expected_conversions")
    most = table.drop(_AGREEMENT, "power").with_columns(
        pl.min_horizontal(pl.col("conversions") + hidden, "predictions")
    )
    certain = with_agreement(most, rates, names) if hidden else table
    still = ~certain["within_noise"] & (certain["conversions"] < certain["expected_conversions"])
    enough = pl.col("power") >= ENOUGH_POWER
    return table.with_columns(
        verdict=pl.when(~pl.col("within_noise") & too_low)
        .then(pl.lit("too low"))
        .when(~pl.col("within_noise") & still)
        .then(pl.lit("too high"))
        .when(pl.col("within_noise") & enough)
        .then(pl.lit("agrees"))
        .otherwise(pl.lit("can't tell"))
    )


def _check(converted: object, edges: Sequence[float]) -> None:
    """Refuse invalid arguments."""
    if converted != "customer" and not isinstance(converted, (Goal, Payment)):
        raise TypeError(f"converted takes 'customer', dfn.goal(name) or dfn.payment(), not {converted!r:.60}.")
    if len(edges) < 2 or edges[0] != 0 or edges[-1] != 1 or any(a >= b for a, b in pairwise(edges)):  # noqa: PLR2004
        raise ValueError("edges must ascend from 0 to 1, such as edges=[0, 0.01, 0.1, 1].")


def _coverage(kept: pl.Series, found: Money, *, by_goal: bool) -> pl.DataFrame:
    """Return how many visits were counted or left out, and why, and how many payments were matched."""
    matched = found.paid.filter(pl.col("visitor_id").is_not_null())
    figures: dict[str, Any] = {"visits": len(kept)}
    figures |= {name: int((kept == name).sum()) for name in (COUNTED, *_LEFT_OUT)}
    figures |= {"payments": found.paid.height, "matched": matched.height}
    figures |= {"unmatched": 0 if by_goal else found.unmatched, "unpriced": matched["value"].null_count()}
    return pl.DataFrame([figures])


def _valued(table: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Set observed values to null if they are unknown."""
    known = outcomes["value"].null_count() == 0
    return table if known else table.with_columns(observed_value=pl.lit(None, pl.Float64))
