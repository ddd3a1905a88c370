"""Which events belong to one visit, and the group of a visitor when they first came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import narwhals.stable.v2 as nw

from datafast_nb.conversion.dimensions import one_row_per_group, with_derived
from datafast_nb.conversion.events import SEEN, milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

PAUSE: Final = 1_800_000.0
"""Milliseconds without an event after which a visit is over: half an hour, as usual in web analytics."""

_BEGAN: Final = "session_start_time"
_NEVER: Final = 1e18  # milliseconds


def with_visits(events: nw.LazyFrame[Any], visitors: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any]:
    """Add to rows with `visitor_id` and `_time` the number of their `_visit`, and when it began, `_session` (ms).

    A visit begins where the visitors' ``session_start_time`` says so, and after half an hour without an event. Without
    visitors, or before a visitor's first known session, `_session` is null.
    """
    rows = events.with_columns(_row=nw.lit(1), _begins=nw.lit(None, dtype=nw.Float64))
    if visitors is not None and has_sessions(visitors):
        rows = nw.concat([rows, _beginnings(visitors, rows)])
    order = ("_time", "_row")
    before = nw.col("_time").shift(1).over("visitor_id", order_by=order)
    rows = rows.with_columns(_before=before)
    paused = (nw.col("_before").is_null() | (nw.col("_time") - nw.col("_before") > PAUSE)).fill_null(value=True)
    first = (paused | (nw.col("_row") == 0)).cast(nw.Int64)
    rows = rows.with_columns(_first=first, _begins=nw.col("_begins").fill_null(-_NEVER)).with_columns(
        _visit=nw.col("_first").cum_sum().over("visitor_id", order_by=order),
        _session=nw.col("_begins").cum_max().over("visitor_id", order_by=order),
    )
    known = nw.when(nw.col("_session") > -_NEVER).then(nw.col("_session"))
    return rows.filter(nw.col("_row") == 1).with_columns(_session=known).drop("_row", "_begins", "_before", "_first")


def has_sessions(visitors: nw.LazyFrame[Any]) -> bool:
    """Return whether the frame tells when visits began."""
    return isinstance(visitors.collect_schema().get(_BEGAN), nw.Datetime)


def _beginnings(visitors: nw.LazyFrame[Any], rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return a row for the beginning of each visit, which comes before the events of its moment."""
    schema = rows.collect_schema()
    known = visitors.select("visitor_id", _time=milliseconds(visitors, _BEGAN))
    known = known.filter(~nw.col("visitor_id").is_null() & ~nw.col("_time").is_null()).unique()
    own = {"_row": nw.lit(0), "_begins": nw.col("_time")}
    nothing = {name: nw.lit(None, dtype=dtype) for name, dtype in schema.items() if name not in ("visitor_id", "_time")}
    return known.with_columns(**{**nothing, **own}).select(*schema)


def first_touch(
    visitors: nw.LazyFrame[Any], names: Sequence[str], *, each_visit: bool
) -> tuple[nw.LazyFrame[Any], list[str]]:
    """Return the group of each visitor or visit when first seen, and the columns to join it by."""
    schema = visitors.collect_schema()
    times = {f"_at_{name}": milliseconds(visitors, name) for name in SEEN if isinstance(schema.get(name), nw.Datetime)}
    rows = visitors.with_columns(**{name: time.fill_null(_NEVER) for name, time in times.items()})
    keys = ["visitor_id"]
    if each_visit and has_sessions(visitors):
        rows, keys = rows.with_columns(_session=milliseconds(visitors, _BEGAN)), ["visitor_id", "_session"]
    rows = with_derived(rows, names)
    order = [*times, *(name for name in names if name != "dimension_matches")] or ["visitor_id"]
    first = rows.filter(nw.col("visitor_id").is_first_distinct().over(*keys, order_by=order))
    return one_row_per_group(first, names).select(*keys, *names).unique(), keys
