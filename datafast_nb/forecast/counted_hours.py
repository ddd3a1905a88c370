"""The counts of the hours before and after a forecast, in the same steps as the forecast."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import polars as pl

from datafast_nb.forecast.happenings import between, of_history
from datafast_nb.forecast.outcomes import money
from datafast_nb.forecast.record import Record
from datafast_nb.forecast.takings import amounts
from datafast_nb.forecast.traffic import last_moment
from datafast_nb.history.coverage import coverage, only_watched, watched_seconds
from datafast_nb.history.moments import MOMENT, following

ForecastMeasure = Literal["visitors", "sales", "revenue"]
"""A measure of a forecast."""

_HOUR: Final = timedelta(hours=1)
_WHOLE: Final = 0.99  # of an hour; one that was watched for less has no count


def counted_hours(
    history: Record,
    measure: ForecastMeasure,
    now: datetime,
    span: tuple[timedelta, timedelta],
    rates: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Return what was counted in each hour of a record around a moment: `start`, `end` and `count`.

    Parameters
    ----------
    history
        The record.
    measure
        What to count: visitors whose visit began (once in each hour), sales, or revenue.
    now
        The moment; hours are counted from it.
    span
        How long before and after it to count. Hours that were not watched as a whole are null, and those beyond the
        end of the record are left out.
    rates
        As for `forecast`.
    """
    before, after = (int(it / _HOUR) for it in span)
    after = min(after, max(0, int((last_moment(history) - now) / _HOUR)))
    hours = pl.select(place=pl.int_range(-before, after)).with_columns(
        start=pl.lit(now).cast(MOMENT) + pl.col("place") * _HOUR
    )
    edges = hours["start"].append(pl.Series([now + after * _HOUR], dtype=MOMENT))
    stretches = coverage(history, None, None)
    rows = only_watched(_rows(history, measure, edges[-1], rates).lazy(), stretches).collect()
    place = (pl.col("at") - pl.lit(now).cast(MOMENT)).dt.total_microseconds() // int(_HOUR / timedelta.resolution)
    found = rows.group_by(place=place).agg(count=_total(measure))
    watched = watched_seconds(edges, stretches) / _HOUR.total_seconds()
    whole = hours.with_columns(watched=watched).join(found, on="place", how="left", maintain_order="left")
    count = pl.when(pl.col("watched") >= _WHOLE).then(pl.col("count").fill_null(0.0))
    return whole.select("start", end=pl.col("start") + _HOUR, count=count)


def _total(measure: ForecastMeasure) -> pl.Expr:
    """Return the total of an hour's rows."""
    if measure == "visitors":
        named = pl.col("visitor_id").drop_nulls().n_unique() + pl.col("visitor_id").null_count()
        return named.cast(pl.Float64)
    if measure == "sales":
        return pl.max_horizontal(pl.col("paid").sum(), pl.len() - pl.col("paid").sum()).cast(pl.Float64)
    return pl.col("amount").sum()


def _rows(history: Record, measure: ForecastMeasure, end: datetime, rates: Mapping[str, float] | None) -> pl.DataFrame:
    """Return the rows to count, with their time, `at`."""
    known = following(end + _HOUR)  # the latest events may have been seen a little later
    if measure == "revenue":
        found = money(history, rates or {}, None, known, renewals=False)
        of, _ = amounts(found, 1.0, rates)
        column = pl.lit(None, pl.Float64) if of is None else pl.col(of.column)
        return found.paid.select(pl.col("at").cast(MOMENT), amount=column)
    all_rows = between(of_history(history, None, known, []), None, end)
    if measure == "visitors":
        return all_rows.visits
    kinds = ((all_rows.sold, False), (all_rows.paid, True))
    return pl.concat(rows.select("at", paid=pl.lit(paid)) for rows, paid in kinds)
