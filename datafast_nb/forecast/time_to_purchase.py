"""How long visitors take to buy: the estimate of Kaplan and Meier.

Most visitors of a record have not bought when it ends, and some of them will. Leaving them out makes buying look
frequent and fast, and counting them as never buying makes it look rare. The estimate counts each as long as they were
watched: Kaplan and Meier, *Journal of the American Statistical Association* 53 (1958). Its variance is Greenwood's
(*Reports on Public Health and Medical Subjects* 33, 1926), and its interval that of log(−log) of the share who have not
bought: Kalbfleisch and Prentice, *The Statistical Analysis of Failure Time Data* (1980), section 1.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_duration
from datafast_nb.conversion import Z_95
from datafast_nb.conversion.frames import opened, require
from datafast_nb.conversion.funnel import Payment
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast.dimensions import checked_dimensions
from datafast_nb.forecast.newcomers import LEFT_OUT, newcomers, reasons, with_conversions
from datafast_nb.forecast.outcomes import COUNTED, conversions, money
from datafast_nb.forecast.record import Record
from datafast_nb.text import duration, number

_CURVE: Final = ("hours", "at_risk", "purchases", "censored", "purchased", "purchased_low", "purchased_high")
_SHARE: Final = ("purchased", "purchased_low", "purchased_high")
_HOUR: Final = 3_600_000_000  # microseconds


@dataclass(frozen=True, slots=True, repr=False)
class TimeToPurchase:
    """The share of visitors who have bought, by the time since they were first seen.

    Attributes
    ----------
    curve : polars.DataFrame
        In each group: a row at 0 hours, one for each time at which somebody bought, and one for the longest time that
        anybody was watched. ``hours`` since first seen; ``at_risk``, the visitors who were watched that long and had
        not bought before; ``purchases`` at that time; ``censored``, how many had stopped being watched before it;
        ``purchased``, the share who have bought by then (0 to 1), with its 95 % interval ``purchased_low`` and
        ``purchased_high``, null before the first purchase and once all have bought.
    groups : polars.DataFrame
        A row for each group, largest first: ``visitors``, ``purchases``, those ``censored_at_end`` (they had not bought
        when the record ended) and ``censored_at_gap`` (before a gap), and ``longest_hours``, the longest time that
        anybody was watched.
    coverage : polars.DataFrame
        One row: all ``visitors`` with an id, those ``counted``, and those left out because they were ``truncated``
        (they first came before the record began), ``seen_late`` (they first came in a gap), ``customers`` when first
        seen, ``converted_before`` they were seen, or ``recognized`` as customers without a known payment; and the sales
        ``unmatched`` to a visitor, by which the shares may be too low.
    """

    curve: pl.DataFrame
    groups: pl.DataFrame
    coverage: pl.DataFrame

    def within(self, time: timedelta | str | float) -> pl.DataFrame:
        """Return the share of each group who have bought within a time of first being seen.

        Parameters
        ----------
        time
            A timedelta, seconds, or text such as ``"7d"``.

        Returns
        -------
        polars.DataFrame
            A row for each group, largest first: ``purchased``, ``purchased_low`` and ``purchased_high``; null if nobody
            was watched that long, unless all had bought.
        """
        hours = checked_duration(time, "time") / timedelta(hours=1)
        names = [name for name in self.curve.columns if name not in _CURVE]
        reached = self.curve.filter(pl.col("hours") <= hours)
        share = pl.col(_SHARE).last()
        if names:
            last = reached.group_by(names, maintain_order=True).agg(share)
            shares = self.groups.join(last, on=names, how="left", nulls_equal=True, maintain_order="left")
        else:
            shares = self.groups.hstack(reached.select(share))
        watched = (pl.col("longest_hours") >= hours) | (pl.col("purchased") == 1)
        return shares.select(*names, *(pl.when(watched).then(name).alias(name) for name in _SHARE))

    def __repr__(self) -> str:
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """Describe how many bought, who is censored, and who is left out, in a sentence each."""
        seen = self.coverage.row(0, named=True)
        bought = int(self.groups["purchases"].sum())
        at_end, at_gap = (int(self.groups[f"censored_at_{where}"].sum()) for where in ("end", "gap"))
        left_out = "; ".join(f"{seen[name]:,} {words}" for name, words in LEFT_OUT.items() if seen[name])
        sentences = [
            f"Of {number(seen[COUNTED], 'new visitor')} {bought:,} bought while they were watched",
            *([self._longest()] if self.groups.height == 1 else []),
            f"{at_end:,} had not bought when the record ended, {at_gap:,} before a gap",
            f"left out of {number(seen['visitors'], 'visitor')}: {left_out or 'none'}",
        ]
        sentences += [f"{number(seen['unmatched'], 'sale')} can't be matched to a visitor"] if seen["unmatched"] else []
        return [f"{text[:1].upper()}{text[1:]}." for text in sentences]

    def _longest(self) -> str:
        """Return the share at the longest of the usual times that was watched, in words."""
        longest = self.groups["longest_hours"].item()
        usual = [hours for hours in (1, 24, 7 * 24, 28 * 24) if hours <= longest] or [longest]
        it: dict[str, Any] = self.curve.filter(pl.col("hours") <= usual[-1]).row(-1, named=True)
        low, high = it["purchased_low"], it["purchased_high"]
        sure = "" if low is None or high is None else f" (95 % interval {low:.2%} to {high:.2%})"
        return f"Within {duration(usual[-1] * 3600)} of being first seen {it['purchased']:.2%} buy{sure}"


def time_to_purchase(
    history: Record,
    by: str | Sequence[str] | None = None,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> TimeToPurchase:
    """Estimate how many visitors have bought by the time since they were first seen.

    A visitor counts if their first visit was recorded from its beginning. They are watched until they buy, until the
    record ends, or until the next gap, in which they may have bought unseen.

    Parameters
    ----------
    history
        A history.
    by
        Dimensions to compare by, as in ``breakdown``: columns of the visitors, or ``channel``, ``page``,
        ``visit_kind``, ``score_band``, ``confidence_band``; as they were when the visitor was first seen.
    start, end
        Only visitors and purchases seen from `start` until before `end` (with a time zone). Visitors who came before
        are truncated, and those who have not bought by then are censored.

    Returns
    -------
    TimeToPurchase
        ``curve``, ``groups`` and ``coverage``; ``within(time)``; it prints as a sentence.

    Raises
    ------
    TooLittleRecordedError
        Nobody's first visit was recorded from its beginning.
    ValueError
        A dimension is unknown.

    Notes
    -----
    A purchase is a payment above 0 that is not a renewal; it is matched to a visitor as `calibration` does. A visitor
    without a number of visits counts as new.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.2, visitors_per_day=500, progress=False)
    ...     found = dfn.time_to_purchase(history)
    >>> found.curve.columns[:4]
    ['hours', 'at_risk', 'purchases', 'censored']
    """
    names = checked_dimensions(by)
    paid = money(history, {}, start, end, renewals=False)
    first = conversions(history, Payment(), paid.sold, start, end)
    every = with_conversions(newcomers(history, names, start, end), first, by_payment=True)
    counted = every.filter(pl.col("kept") == COUNTED)
    if counted.is_empty():
        raise TooLittleRecordedError(_why_nobody(every))
    coverage = pl.DataFrame([reasons(every) | {"unmatched": paid.unmatched}])
    bought = (pl.col("converted_at") <= pl.col("until")).fill_null(value=False)
    ends = pl.when(bought).then("converted_at").otherwise("until")
    times = counted.select(
        *names, "ends_at_gap", bought=bought, hours=(ends - pl.col("since")).dt.total_microseconds() / _HOUR
    )
    groups = _groups(times, names)
    return TimeToPurchase(kaplan_meier(times, names), groups, coverage)


def _why_nobody(every: pl.DataFrame) -> str:
    """Return why nobody can be counted, and what to record."""
    left_out = "; ".join(
        f"{count:,} {LEFT_OUT[name]}" for name, count in reasons(every).items() if count and name in LEFT_OUT
    )
    return (
        f"Nobody's first visit was recorded from its beginning (of {number(every.height, 'visitor')}: "
        f"{left_out or 'nobody came'}). Record for longer, without a gap: history.record(client)."
    )


def _groups(times: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return the figures of each group, largest first."""
    figures = {
        "visitors": pl.len().cast(pl.Int64),
        "purchases": pl.col("bought").sum().cast(pl.Int64),
        "censored_at_end": (~pl.col("bought") & ~pl.col("ends_at_gap")).sum().cast(pl.Int64),
        "censored_at_gap": (~pl.col("bought") & pl.col("ends_at_gap")).sum().cast(pl.Int64),
        "longest_hours": pl.col("hours").max(),
    }
    if not names:
        return times.select(**figures)
    order = [True, *(False for _ in names)]
    return times.group_by(names).agg(**figures).sort("visitors", *names, descending=order, nulls_last=True)


def ended_after(times: Any, by: Sequence[str]) -> Any:  # noqa: ANN401 - the caller's kind of frame
    """Return of how many visitors of each group nothing is known after so many hours, and how many bought then.

    Parameters
    ----------
    times : frame
        One row for each visitor: the `by` columns, `hours`, and whether they `bought` then. Lazy frames stay lazy.
    by
        The columns to group by.

    Returns
    -------
    frame
        `by`, `hours`, ``purchases`` and ``ended``, those who bought among them.
    """
    frame, restore = opened(times)
    require(frame, ("hours", "bought", *by), "a time to purchase")
    hits = frame.with_columns(_hit=nw.col("bought").cast(nw.Int64))
    counts = hits.group_by(*by, "hours").agg(purchases=nw.col("_hit").sum(), ended=nw.len())
    return restore(counts.with_columns(nw.col("purchases", "ended").cast(nw.Int64)))


def kaplan_meier(times: pl.DataFrame, names: Sequence[str] = ()) -> pl.DataFrame:
    """Return the curve of each group from rows with `hours` and whether the visitor `bought` then.

    With d purchases among n at risk, the share who have not bought is S = ∏ (1 − d/n). The variance of log S is
    Greenwood's ∑ d/(n (n − d)), and S to the power exp(± 1.96 √variance / log S) bounds the interval.
    """
    keys = list(names)
    whole = {"_group": pl.lit(0)} if not keys else {}
    rows = times.with_columns(**whole)
    keys = keys or ["_group"]
    counted: pl.DataFrame = ended_after(rows, keys)
    begin = rows.select(keys).unique().with_columns(hours=0.0, purchases=pl.lit(0, pl.Int64), ended=pl.lit(0, pl.Int64))
    steps = (
        pl.concat([counted, begin.select(counted.columns)])
        .group_by(*keys, "hours")
        .agg(pl.col("purchases", "ended").sum())
        .sort(*keys, "hours", nulls_last=True)
    )
    ended, purchases = pl.col("ended"), pl.col("purchases")
    steps = steps.with_columns(at_risk=ended.sum().over(keys) - ended.cum_sum().over(keys) + ended)
    risk = pl.col("at_risk").cast(pl.Float64)
    alive = (1.0 - purchases / risk).cum_prod().over(keys)
    greenwood = (purchases / (risk * (risk - purchases))).cum_sum().over(keys)
    before = purchases.cum_sum().over(keys) - purchases
    steps = steps.with_columns(
        _alive=alive, _error=greenwood.sqrt(), censored=ended.sum().over(keys) - pl.col("at_risk") - before
    )
    apart = (pl.lit(Z_95) * pl.col("_error") / pl.col("_alive").log()).exp()  # below 1, as the logarithm is negative
    known = (pl.col("_alive") > 0) & (pl.col("_alive") < 1)
    steps = steps.with_columns(
        purchased=1.0 - pl.col("_alive"),
        purchased_low=pl.when(known).then(1.0 - pl.col("_alive").pow(apart)),
        purchased_high=pl.when(known).then(1.0 - pl.col("_alive").pow(1.0 / apart)),
    )
    last = pl.col("hours") == pl.col("hours").max().over(keys)
    kept = steps.filter((purchases > 0) | (pl.col("hours") == 0) | last)
    return kept.select(*names, *_CURVE)
