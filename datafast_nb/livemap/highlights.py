"""The overview of a recording: its traffic as a line, and the moments worth a look. Knows no widget."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import polars as pl

from datafast_nb.currencies import coded
from datafast_nb.schema import TIMESTAMP
from datafast_nb.text import duration, money, number
from datafast_nb.widgets.protocol import Highlight

NO_TRAFFIC: Final = pl.Schema({"seen_at": TIMESTAMP, "visitors": pl.Int64()})
"""The columns of the traffic of a recording."""

POINTS: Final = 240
"""The most points of the line."""

_LEAST_GAP: Final = 600.0  # seconds, as long as what the service shows


def line_of(recorded: pl.DataFrame, gaps: pl.DataFrame, start: datetime, end: datetime) -> tuple[float | None, ...]:
    """Return the mean number of visitors in equal parts of a span; null for parts whose middle is in a gap."""
    length = (end - start).total_seconds()
    if recorded.height < 2 or length <= 0:  # noqa: PLR2004 - a line needs two points
        return ()
    points = min(POINTS, recorded.height)
    share = (pl.col("seen_at") - pl.lit(start)).dt.total_milliseconds() / (1000 * length)
    part = (share * points).floor().clip(0, points - 1).cast(pl.Int64)
    means = recorded.group_by(part=part).agg(pl.col("visitors").mean().round(1))
    every = pl.DataFrame({"part": pl.int_range(points, eager=True)})
    line = every.join(means, on="part", how="left", maintain_order="left")
    middle = pl.lit(start).dt.cast_time_unit("us") + pl.duration(seconds=(pl.col("part") + 0.5) * length / points)
    missing = pl.any_horizontal(
        False, *(middle.is_between(since, until, closed="none") for since, until in gaps.rows())
    )
    return tuple(line.select(pl.when(~missing).then(pl.col("visitors").interpolate().round(1))).to_series())


def highlights(recorded: pl.DataFrame, payments: pl.DataFrame, gaps: pl.DataFrame) -> tuple[Highlight, ...]:
    """Return the largest sale, the busiest minute and the end of the longest gap, as far as there are any.

    Parameters
    ----------
    recorded
        How many visitors were there at each moment: ``seen_at`` and ``visitors``.
    payments
        The payments, with the columns of ``schema.PAYMENTS``. Amounts of different currencies can't be compared: the
        largest is of the currency with most payments.
    gaps
        The spans without recorded data: ``since`` and ``until``.
    """
    found = (*_largest_sale(payments), *_busiest_minute(recorded), *_longest_gap(gaps))
    return tuple(sorted(found, key=lambda each: each.at))


def _largest_sale(payments: pl.DataFrame) -> Iterator[Highlight]:
    made = coded(payments).filter(pl.col("amount") > 0, pl.col("amount").is_finite(), pl.col("timestamp").is_not_null())
    commonest = made["currency"].drop_nulls().mode().sort()
    own = made.filter(pl.col("currency") == commonest[0]) if commonest.len() else made
    for amount, currency, at in own.top_k(1, by="amount").select("amount", "currency", _epoch("timestamp")).rows():
        yield Highlight(f"Largest sale: {money(amount, currency, exact=True)}", at)


def _busiest_minute(recorded: pl.DataFrame) -> Iterator[Highlight]:
    for visitors, at in recorded.top_k(1, by="visitors").select("visitors", _epoch("seen_at")).rows():
        if visitors:
            yield Highlight(f"Busiest minute: {number(visitors, 'visitor')}", at)


def _longest_gap(gaps: pl.DataFrame) -> Iterator[Highlight]:
    length = (pl.col("until") - pl.col("since")).dt.total_seconds().alias("seconds")
    for seconds, at in gaps.select(length, _epoch("until")).top_k(1, by="seconds").rows():
        if seconds >= _LEAST_GAP:
            yield Highlight(f"After the longest gap: {duration(seconds)}", at)


def _epoch(column: str) -> pl.Expr:
    return pl.col(column).dt.epoch("ms")
