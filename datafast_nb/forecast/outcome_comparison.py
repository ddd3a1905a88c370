"""Compares which campaign's visitors buy more, with an answer that stays valid however often you look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_duration
from datafast_nb.conversion.frames import opened, require
from datafast_nb.conversion.funnel import Goal, Payment
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast.anytime import ALPHA, Strata, odds_ratios, rate_interval
from datafast_nb.forecast.dimensions import checked_dimensions
from datafast_nb.forecast.newcomers import newcomers, reasons, with_conversions
from datafast_nb.forecast.outcomes import COUNTED, conversions, money
from datafast_nb.forecast.record import Record
from datafast_nb.history.coverage import coverage
from datafast_nb.history.moments import MOMENT
from datafast_nb.text import duration, number, plain

BETTER: Final = "better"
WORSE: Final = "worse"
NOT_YET: Final = "not yet"

UNFINISHED: Final = "unfinished"
CUT_OFF: Final = "cut_off"

_HOUR: Final = "1h"
_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class OutcomeComparison:
    """How many visitors of each campaign, or another group, converted, and whether that differs from the others.

    Attributes
    ----------
    groups : polars.DataFrame
        A row for each group, largest first: ``visitors``; ``conversions``; ``rate`` (0 to 1), with ``rate_low`` and
        ``rate_high``, which hold with a probability of 95 % at all times together; ``odds_ratio``, the odds to convert
        over those of all others who came in the same hours, with ``odds_ratio_low`` and ``odds_ratio_high``, which hold
        at all times and for all groups together (null: not known, or without a bound); and ``verdict``: ``better`` or
        ``worse`` than the others, or ``not yet``.
    coverage : polars.DataFrame
        One row: all ``visitors`` with an id, those ``counted``, and those left out: ``truncated``, ``seen_late``,
        ``customers``, ``converted_before`` and ``recognized``, as `TimeToPurchase` explains them; ``unfinished`` (not
        yet watched for the horizon) and ``cut_off`` (by a gap); and the sales ``unmatched`` to a visitor.
    horizon : timedelta
        For how long each visitor was watched.
    """

    groups: pl.DataFrame
    coverage: pl.DataFrame
    horizon: timedelta

    def __repr__(self) -> str:
        names = self.groups.columns[: self.groups.columns.index("visitors")]
        found = {verdict: self.groups.filter(verdict=verdict) for verdict in (BETTER, WORSE, NOT_YET)}
        whose = f"{number(self.coverage[COUNTED].item(), 'new visitor')} in {number(self.groups.height, 'group')}"
        sentences = [f"{whose}, each watched for {duration(self.horizon.total_seconds())}"]
        for verdict in (BETTER, WORSE):
            sentences += [
                _sentence(row, names, verdict) for row in found[verdict].head(_MOST_NAMED).iter_rows(named=True)
            ]
            more = found[verdict].height - _MOST_NAMED
            sentences += [f"{more:,} more {'is' if more == 1 else 'are'} {verdict}"] if more > 0 else []
        sentences += [f"Not yet known: {number(found[NOT_YET].height, 'group')}"] if found[NOT_YET].height else []
        return ". ".join(sentences) + "."


def _sentence(row: dict[str, Any], names: Sequence[str], verdict: str) -> str:
    """Return what is known of a group that differs from the others."""
    name = " · ".join("(none)" if row[it] is None else plain(row[it], 40) for it in names)
    ends = [row["odds_ratio_low"] or 0.0, row["odds_ratio_high"]]
    within = f"{ends[0]:.2f} or more" if ends[1] is None else f"{ends[0]:.2f} to {ends[1]:.2f}"
    return f"{name} is {verdict}: {row['rate']:.2%} converted, at {within} times the odds of the others"


def compare_outcomes(
    history: Record,
    by: str | Sequence[str] = "utm_campaign",
    *,
    converted: Goal | Payment | None = None,
    horizon: timedelta | str | float = "1d",
    start: datetime | None = None,
    end: datetime | None = None,
) -> OutcomeComparison:
    """Compare how many new visitors of each group converted, as often as you like.

    Look every day, and stop when there is a verdict: of comparisons of groups that do not differ, at most 5 % ever get
    one, however long they run and whatever the number of groups.

    Parameters
    ----------
    history
        A history.
    by
        Dimensions to compare, as in ``breakdown``; as they were when the visitor was first seen.
    converted
        What counts as a conversion: by default a payment above 0 that is not a renewal; or ``dfn.goal(name)``.
    horizon
        How long after being first seen a conversion counts: a timedelta, seconds, or text such as ``"1h"``. A visitor
        counts once they were watched that long, without a gap.
    start, end
        Only visitors first seen from `start`, and what was seen until before `end` (with a time zone). Choose `start`
        before you look.

    Returns
    -------
    OutcomeComparison
        ``groups`` and ``coverage``; it prints as a sentence.

    Raises
    ------
    TooLittleRecordedError
        Nobody was watched for the horizon.
    ValueError
        A dimension is unknown, or the horizon is not above 0.

    Notes
    -----
    The interval of a rate is the beta-binomial confidence sequence of Robbins (1970). The odds ratio compares a group
    with the others who came in the same hour, given how many of them all converted (Fisher's noncentral hypergeometric
    distribution), by a mixture of odds ratios, which gives a confidence sequence in the same way (Howard, Ramdas,
    McAuliffe and Sekhon 2021). So neither the hour of the day nor a change of the site counts for or against a group.
    An hour counts once all of its visitors were watched.

    The 5 % are shared in the order in which groups were first seen: the k-th has 5 % / (k (k + 1)), so that a new group
    changes no verdict on an old one. If there are only two, their verdicts are one, at the level of the first.

    Visitors do not choose a campaign at random: a difference between groups is not the effect of a campaign.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.3, visitors_per_day=1_000, progress=False)
    ...     found = dfn.compare_outcomes(history, horizon="1h")
    >>> set(found.groups["verdict"]) <= {"better", "worse", "not yet"}
    True
    """
    names = checked_dimensions(by)
    if not names:
        raise ValueError("Give at least one dimension to compare, such as by='utm_campaign'.")
    what, watch = _checked_conversion(converted), checked_duration(horizon, "horizon")
    paid = money(history, {}, start, end, renewals=isinstance(what, Payment) and what.renewals)
    first = conversions(history, what, paid.sold, start, end)
    every = with_conversions(newcomers(history, names, start, end), first, by_payment=isinstance(what, Payment))
    every = _watched(every, watch, coverage(history, start, end)["until"].max())  # type: ignore[arg-type]
    figures = reasons(every) | {name: int((every["kept"] == name).sum()) for name in (UNFINISHED, CUT_OFF)}
    if not figures[COUNTED]:
        raise TooLittleRecordedError(
            f"None of {number(every.height, 'visitor')} was watched from their first visit for "
            f"{duration(watch.total_seconds())}, without a gap. Record for longer: history.record(client); or give a "
            "shorter time, such as horizon='1h'."
        )
    figures |= {"unmatched": 0 if isinstance(what, Goal) else paid.unmatched}
    counted = every.filter(pl.col("kept") == COUNTED)
    groups = _compared(counted_by_hour(counted, names), _in_order(counted, names), names)
    return OutcomeComparison(groups, pl.DataFrame([figures]), watch)


def _checked_conversion(converted: object) -> Goal | Payment:
    """Return what counts as a conversion; raise an error for anything else."""
    if converted is None:
        return Payment()
    if not isinstance(converted, (Goal, Payment)):
        raise TypeError(f"converted takes dfn.goal(name) or dfn.payment(), not {converted!r:.60}.")
    return converted


def _watched(visitors: pl.DataFrame, horizon: timedelta, record_ended: datetime | None) -> pl.DataFrame:
    """Add the `hour` of each visitor and whether they `converted`; do not count who was not watched to the end.

    An hour counts as a whole, once even its last visitor was watched: whether it counts depends on no outcome.
    """
    hour = pl.col("since").dt.truncate(_HOUR)
    over = hour.dt.offset_by(_HOUR) + horizon <= pl.lit(record_ended, MOMENT)
    seen = pl.col("since") + horizon <= pl.col("until")
    counted = pl.col("kept") == COUNTED
    return visitors.with_columns(
        hour=hour,
        converted=(pl.col("converted_at") <= pl.col("since") + horizon).fill_null(value=False),
        kept=pl.when(counted & ~over.fill_null(value=False))
        .then(pl.lit(UNFINISHED))
        .when(counted & ~seen.fill_null(value=False))
        .then(pl.lit(CUT_OFF))
        .otherwise("kept"),
    )


def _in_order(counted: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return the groups in the order in which they were first seen, numbered from 0 on."""
    first = counted.group_by(names).agg(_first=pl.col("since").min())
    return first.sort("_first", *names).drop("_first").with_row_index("group")


def counted_by_hour(visitors: Any, by: Sequence[str]) -> Any:  # noqa: ANN401 - the caller's kind of frame
    """Return how many visitors each group had in each hour, and how many of them converted.

    Parameters
    ----------
    visitors : frame
        One row for each visitor: the `by` columns, the `hour` they came in, and whether they `converted`. Lazy frames
        stay lazy.
    by
        The columns to group by.

    Returns
    -------
    frame
        `by`, `hour`, ``visitors``, ``conversions``.
    """
    frame, restore = opened(visitors)
    require(frame, ("hour", "converted", *by), "a comparison of outcomes")
    hits = frame.with_columns(_hit=nw.col("converted").cast(nw.Int64))
    counts = hits.group_by(*by, "hour").agg(visitors=nw.len().cast(nw.Int64), conversions=nw.col("_hit").sum())
    return restore(counts.with_columns(nw.col("conversions").cast(nw.Int64)))


def _compared(hours: pl.DataFrame, groups: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return the table of the groups, from their counts of each hour."""
    import numpy as np

    rows = hours.join(groups, on=names, nulls_equal=True).with_columns(
        everybody=pl.col("visitors").sum().over("hour"), all_conversions=pl.col("conversions").sum().over("hour")
    )
    total = rows.group_by("group").agg(pl.col("visitors", "conversions").sum()).sort("group")
    hits, trials = (total[name].to_numpy() for name in ("conversions", "visitors"))
    low, high = rate_interval(hits, trials)
    some = (pl.col("all_conversions") > 0) & (pl.col("all_conversions") < pl.col("everybody"))
    compared = rows.filter(some, pl.col("visitors") < pl.col("everybody"))
    strata = Strata(*(compared[it].to_numpy() for it in ("conversions", "visitors", "all_conversions", "everybody")))
    of = odds_ratios(strata, compared["group"].cast(pl.Int64).to_numpy(), levels(groups.height))
    known = np.bincount(compared["group"].to_numpy(), minlength=groups.height) > 0
    ratios = {"odds_ratio": of.ratio, "odds_ratio_low": of.low, "odds_ratio_high": of.high}
    ends = [pl.col(f"odds_ratio_{end}") for end in ("low", "high")]
    verdict = pl.when(ends[0] > 1).then(pl.lit(BETTER)).when(ends[1] < 1).then(pl.lit(WORSE)).otherwise(pl.lit(NOT_YET))
    table = groups.join(total, on="group", maintain_order="left").with_columns(
        pl.Series("rate_low", low), pl.Series("rate_high", high), rate=pl.col("conversions") / pl.col("visitors")
    )
    table = table.with_columns(
        pl.Series(name, np.where(known & np.isfinite(it), it, np.nan)) for name, it in ratios.items()
    )
    order = [True, *(False for _ in names)]
    return (
        table.with_columns(pl.col(*ratios).fill_nan(None))
        .with_columns(verdict=verdict)
        .sort("visitors", *names, descending=order, nulls_last=True)
        .select(*names, "visitors", "conversions", "rate", "rate_low", "rate_high", *ratios, "verdict")
    )


def levels(groups: int) -> Any:  # noqa: ANN401 - an array
    """Return the level of each group in the order of their appearance: 5 % in all, however many there will be.

    The k-th has 5 % / (k (k + 1)), of which the sum is 5 %. Of two groups both have that of the first, as each one's
    others are the other: it is the same comparison.
    """
    import numpy as np

    places = np.arange(1, groups + 1)
    each = ALPHA / (places * (places + 1.0))
    return np.full(2, each[0]) if groups == 2 else each  # noqa: PLR2004 - a pair
