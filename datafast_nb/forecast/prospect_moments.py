"""Who was on the site at each of many moments of a record, and who of them bought within a horizon."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from datafast_nb.forecast.features import minutes, rate, visits_before
from datafast_nb.forecast.record import Record
from datafast_nb.history.changes import happened
from datafast_nb.history.coverage import coverage
from datafast_nb.history.moments import MOMENT
from datafast_nb.schema import WINDOW

_MOST_ROWS: Final = 300_000
_LEAST_APART: Final = timedelta(minutes=1)


def moments(history: Record, horizon: timedelta, start: datetime | None, end: datetime | None) -> pl.Series:
    """Return the times of snapshots whose horizon was watched without a gap, at equal distances and in order.

    They are at least a minute apart, and so far that there are about 300,000 visitors in all.
    """
    watched = coverage(history, start, end)
    polls = history.collect(history.polls(start, end).select("seen_at", "visitors").sort("seen_at"))
    within = polls.join_asof(watched, left_on="seen_at", right_on="from")
    within = within.filter(pl.col("seen_at") + horizon <= pl.col("until"))
    minute = within.group_by(pl.col("seen_at").dt.truncate(_LEAST_APART), maintain_order=True).first()
    rows = int(minute["visitors"].sum())
    apart = max(1, -(-rows // _MOST_ROWS))
    return within.filter(pl.col("seen_at").dt.truncate(_LEAST_APART).is_first_distinct())["seen_at"].gather_every(apart)


def prospect_moments(
    history: Record,
    bought: pl.DataFrame,
    at: pl.Series,
    horizon: timedelta,
    start: datetime | None,
    end: datetime | None,
) -> pl.DataFrame:
    """Return a row for each prospect who is shown at each of these moments.

    Parameters
    ----------
    history
        A record.
    bought
        The first purchases: ``visitor_id`` and ``converted_at``.
    at
        Moments, as `moments` returns them.
    horizon
        How long after the moment a purchase counts.
    start, end
        The span of the record.

    Returns
    -------
    polars.DataFrame
        ``visitor`` (a number), ``moment``, the columns of ``features.FEATURES``, and whether they ``converted``.
    """
    stays = _stays(history, start, end).filter(~pl.col("is_customer")).drop("is_customer")
    times = pl.lit(at)
    first, stop = times.search_sorted(pl.col("seen_at")), times.search_sorted(pl.col("until"))
    present = (
        stays.with_columns(first=first.cast(pl.Int64), stop=stop.cast(pl.Int64))
        .filter(pl.col("first") < pl.col("stop"))
        .join(bought.lazy(), on="visitor_id", how="left")
        .with_columns(visitor=pl.col("visitor_id").rank("dense"), place=pl.int_ranges("first", "stop"))
        .explode("place")
        .with_columns(moment=times.gather(pl.col("place")))
        .sort("moment")
    )
    events = history.events(start, end).select("visitor_id", active_at=happened()).drop_nulls().sort("active_at")
    active = pl.max_horizontal("active_at", "session_start_time")
    within = pl.col("converted_at").is_between("moment", pl.col("moment") + horizon, closed="right")
    rows = present.join_asof(
        events,
        left_on="moment",
        right_on="active_at",
        by="visitor_id",
        tolerance=WINDOW,
        check_sortedness=False,
    ).select(
        "visitor",
        "moment",
        "predicted_rate",
        minutes_idle=minutes(active, pl.col("moment")),
        minutes_on_site=minutes(pl.col("session_start_time"), pl.col("moment")),
        visits_before="visits_before",
        converted=within.fill_null(value=False),
    )
    return history.collect(rows)


def _stays(history: Record, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Return each state of each visitor, with the moment `until` which it was shown."""
    left = history.sessions(start, end).select("visitor_id", "first_seen", "left_at").drop_nulls("visitor_id")
    states = (
        history.visitors(start, end)
        .select(
            "visitor_id",
            "seen_at",
            pl.col("session_start_time").cast(MOMENT),
            is_customer=pl.col("is_customer").fill_null(value=False),
            predicted_rate=rate(),
            visits_before=visits_before(),
        )
        .drop_nulls("visitor_id")
        .sort("seen_at")
        .join_asof(
            left.sort("first_seen"),
            left_on="seen_at",
            right_on="first_seen",
            by="visitor_id",
            check_sortedness=False,
        )
    )
    following = pl.col("seen_at").shift(-1).over("visitor_id", order_by="seen_at")
    last = pl.lit(datetime.max).dt.replace_time_zone("UTC").cast(MOMENT)
    until = pl.min_horizontal(following, "left_at").fill_null(last)
    return states.with_columns(until=until).drop("first_seen", "left_at")
