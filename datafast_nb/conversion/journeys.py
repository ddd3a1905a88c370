"""The paths that visits take through the site."""

from __future__ import annotations

from typing import Any, Final, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_whole
from datafast_nb.conversion.events import PAGEVIEW, opened_events
from datafast_nb.conversion.frames import AnyFrame, Frame, opened
from datafast_nb.conversion.visits import with_visits
from datafast_nb.snapshot import Snapshot

_ARROW: Final = " → "
_MOST_PAGES: Final = 20


@overload
def journeys(data: Snapshot, *, top: int | None = 20, length: int = 5) -> pl.DataFrame: ...
@overload
def journeys(
    data: Frame, *, top: int | None = 20, length: int = 5, visitors: pl.DataFrame | pl.LazyFrame | None = None
) -> Frame: ...
@overload
def journeys(
    data: AnyFrame, *, top: int | None = 20, length: int = 5, visitors: AnyFrame | None = None
) -> AnyFrame: ...
def journeys(
    data: Snapshot | AnyFrame, *, top: int | None = 20, length: int = 5, visitors: AnyFrame | None = None
) -> AnyFrame:
    """Return the most common paths from page to page, each within one visit.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, or a frame of events with the columns ``event_id``, ``type``, ``visitor_id``, ``timestamp`` and
        ``path``.
    top : int or None, default 20
        Return at most this many paths; None for all.
    length : int, default 5
        How many pages of a visit to follow, from the first on; at most 20.
    visitors : frame, optional
        With a frame of events: the visitors, whose ``session_start_time`` tells when visits began.

    Returns
    -------
    frame
        One row for each path, most common first, ties by pages:

        ============================ ====================================================================
        ``path``                     the pages with arrows between them, for reading; ends in ``…`` if the
                                     visits went on
        ``pages``                    how many pages it has, up to `length`
        ``goes_on``                  whether its visits went on to pages beyond `length`
        ``visits``, ``share``        visits that took it; their share of all visits with a page view, 0 to 1
        ``visitors``                 the people who made these visits
        ``median_seconds``           median time from its first page to its last, in seconds
        ``page_1``, … ``page_5``     its pages, null after the last; `length` such columns
        ============================ ====================================================================

    Raises
    ------
    ValueError
        The frame lacks a column, `top` is less than 1, or `length` is not 1 to 20.

    Notes
    -----
    A visit begins where the visitors' ``session_start_time`` says so, and after half an hour without an event. A page
    that is reloaded counts once. The events of a snapshot reach back ten minutes, so a path may have begun earlier.
    Page views at the same moment are ordered by their ids.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> table = dfn.journeys(dfn.demo.Site(seed=0).snapshot(), top=3, length=2)
    >>> table.columns
    ['path', 'pages', 'goes_on', 'visits', 'share', 'visitors', 'median_seconds', 'page_1', 'page_2']
    """
    if top is not None:
        checked_whole(top, "top", 1)
    checked_whole(length, "length", 1, _MOST_PAGES)
    events, restore = opened_events(data, "journeys")
    if isinstance(data, Snapshot):
        visitors = data.visitors
    people = None if visitors is None else opened(visitors, by_polars=True)[0]
    pages = [f"page_{number}" for number in range(1, length + 1)]
    paths = (
        _walks(with_visits(events, people), pages)
        .group_by(*pages, "goes_on")
        .agg(
            visits=nw.len(),
            visitors=nw.col("visitor_id").n_unique(),
            pages=nw.col("_pages").max(),
            median_seconds=nw.col("_seconds").median(),
        )
        .with_columns(nw.col("visits", "visitors", "pages").cast(nw.Int64))
    )
    more = nw.when(nw.col("goes_on")).then(nw.lit("…"))
    table = paths.with_columns(
        path=nw.concat_str([*(nw.col(page) for page in pages), more], separator=_ARROW, ignore_nulls=True),
        share=nw.col("visits") / nw.col("visits").sum(),
    ).sort("visits", *pages, "goes_on", descending=[True] + [False] * (length + 1), nulls_last=True)
    table = table.select("path", "pages", "goes_on", "visits", "share", "visitors", "median_seconds", *pages)
    return restore(table if top is None else table.head(top))


def _walks(events: nw.LazyFrame[Any], pages: list[str]) -> nw.LazyFrame[Any]:
    """Return one row per visit: the pages in order, whether there were more, and the seconds they took."""
    visit, order = ["visitor_id", "_visit"], ["_time", "_event"]
    views = events.filter((nw.col("_type") == PAGEVIEW) & ~nw.col("_page").is_null())
    before = nw.col("_page").shift(1).over(*visit, order_by=order)
    moves = views.with_columns(_before=before, _one=nw.lit(1))
    moves = moves.filter(nw.col("_before").is_null() | (nw.col("_before") != nw.col("_page")))
    moves = moves.with_columns(_place=nw.col("_one").cum_sum().over(*visit, order_by=order))
    within = nw.col("_place") <= len(pages)
    cells = {page: nw.when(nw.col("_place") == place).then(nw.col("_page")) for place, page in enumerate(pages, 1)}
    return (
        moves.with_columns(**cells, _within=nw.when(within).then(nw.col("_time")))
        .group_by(*visit)
        .agg(
            *(nw.col(page).max() for page in pages),
            _all=nw.len(),
            _first=nw.col("_within").min(),
            _last=nw.col("_within").max(),
        )
        .with_columns(
            goes_on=nw.col("_all") > len(pages),
            _pages=nw.when(nw.col("_all") > len(pages)).then(nw.lit(len(pages))).otherwise(nw.col("_all")),
            _seconds=(nw.col("_last") - nw.col("_first")) / 1000.0,
        )
    )
