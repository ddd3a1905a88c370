"""The moves of visits from page to page, and the pages where visits end."""

from __future__ import annotations

from typing import Any, Final, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_whole
from datafast_nb.conversion.events import PAGEVIEW, opened_events
from datafast_nb.conversion.frames import AnyFrame, Frame, opened
from datafast_nb.conversion.visits import with_visits
from datafast_nb.snapshot import Snapshot

OTHER_PAGES: Final = "other pages"
_KEYS: Final = ("from_page", "to_page", "is_other_from", "is_other_to")


@overload
def transitions(data: Snapshot, *, top: int | None = 12) -> pl.DataFrame: ...
@overload
def transitions(data: Frame, *, top: int | None = 12, visitors: pl.DataFrame | pl.LazyFrame | None = None) -> Frame: ...
@overload
def transitions(data: AnyFrame, *, top: int | None = 12, visitors: AnyFrame | None = None) -> AnyFrame: ...
def transitions(data: Snapshot | AnyFrame, *, top: int | None = 12, visitors: AnyFrame | None = None) -> AnyFrame:
    """Count the moves of visits from each page to the next, and the pages where visits ended.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, or a frame of events with the columns ``event_id``, ``type``, ``visitor_id``, ``timestamp`` and
        ``path``.
    top : int or None, default 12
        Keep this many pages, those viewed most often, and combine all others under the name ``other pages``; None for
        all.
    visitors : frame, optional
        With a frame of events: the visitors, whose ``session_start_time`` tells when visits began.

    Returns
    -------
    frame
        One row for each pair of pages that follow each other in a visit, and one for the last page of visits: most
        common first, ties by pages:

        ==================== ==========================================================================
        ``from_page``        the page
        ``to_page``          the next page of the visit; null where the visit has none
        ``moves``            how often a visit went this way
        ``visits``           the visits that went this way at least once
        ``visitors``         the people who made these visits
        ``views``            all views of ``from_page``: its moves add up to them
        ``share``            ``moves`` over ``views``, 0 to 1; where ``to_page`` is null, the page's drop-off
        ``is_other_from``,   whether the page stands for all other pages, unlike one of that name
        ``is_other_to``
        ==================== ==========================================================================

        A Polars ``DataFrame`` for a snapshot; for a frame, a frame of the same kind, which stays lazy if it is lazy.

    Raises
    ------
    ValueError
        The frame lacks a column, or `top` is less than 1.

    Notes
    -----
    A visit begins where the visitors' ``session_start_time`` says so, and after half an hour without an event. A page
    that is reloaded counts once. From one of the other pages to another is a move from ``other pages`` to itself. In a
    snapshot, whose events reach back ten minutes, a visitor who is still on a page has no next page yet: what looks
    like a drop-off includes those who are still here.

    See Also
    --------
    datafast_nb.journeys : Whole paths, from the first page on.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> table = dfn.transitions(dfn.demo.Site(seed=0).snapshot(), top=3)
    >>> table.columns[:4]
    ['from_page', 'to_page', 'moves', 'visits']
    """
    if top is not None:
        checked_whole(top, "top", 1)
    events, restore = opened_events(data, "transitions")
    if isinstance(data, Snapshot):
        visitors = data.visitors
    people = None if visitors is None else opened(visitors, by_polars=True)[0]
    moves = _named(_moves(with_visits(events, people)), top)
    table = moves.group_by(*_KEYS).agg(
        moves=nw.len(), visits=nw.col("_whole_visit").n_unique(), visitors=nw.col("visitor_id").n_unique()
    )
    views = nw.col("moves").sum().over("from_page", "is_other_from")
    counts = nw.col("moves", "visits", "visitors", "views").cast(nw.Int64)
    table = table.with_columns(views=views).with_columns(counts, share=nw.col("moves") / nw.col("views"))
    columns = ("from_page", "to_page", "moves", "visits", "visitors", "views", "share", "is_other_from", "is_other_to")
    descending = [True, False, False, False, False]
    return restore(table.select(*columns).sort("moves", *_KEYS, descending=descending, nulls_last=True))


def _moves(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return each view of a page, reloads left out, with the `_next` page of the visit; null for its last."""
    visit, order = ["visitor_id", "_visit"], ["_time", "_event"]
    views = events.filter((nw.col("_type") == PAGEVIEW) & ~nw.col("_page").is_null())
    views = views.with_columns(_before=nw.col("_page").shift(1).over(*visit, order_by=order))
    views = views.filter(nw.col("_before").is_null() | (nw.col("_before") != nw.col("_page")))
    whole = nw.concat_str([nw.col("visitor_id").cast(nw.String), nw.col("_visit").cast(nw.String)], separator="\n")
    return views.with_columns(_next=nw.col("_page").shift(-1).over(*visit, order_by=order), _whole_visit=whole)


def _named(moves: nw.LazyFrame[Any], top: int | None) -> nw.LazyFrame[Any]:
    """Add the columns of `_KEYS`: the pages that are viewed most often by their names, all others under one."""
    nobody = nw.lit(value=False)
    if top is None:
        return moves.with_columns(
            from_page=nw.col("_page"), to_page=nw.col("_next"), is_other_from=nobody, is_other_to=nobody
        )
    pages = moves.group_by("_page").agg(_views=nw.len())
    pages = pages.with_columns(_less=-nw.col("_views").cast(nw.Int64), _one=nw.lit(1))
    ranked = pages.with_columns(_rank=nw.col("_one").cum_sum().over(order_by=["_less", "_page"]))
    kept = ranked.filter(nw.col("_rank") <= top).select("_page")
    first = kept.with_columns(_first=nw.lit(1))
    second = kept.select(_next=nw.col("_page"), _second=nw.lit(1))
    found = moves.join(first, on="_page", how="left").join(second, on="_next", how="left")
    other_from = nw.col("_first").is_null()
    other_to = nw.col("_second").is_null() & ~nw.col("_next").is_null()
    return found.with_columns(
        from_page=nw.when(other_from).then(nw.lit(OTHER_PAGES)).otherwise(nw.col("_page")),
        to_page=nw.when(other_to).then(nw.lit(OTHER_PAGES)).otherwise(nw.col("_next")),
        is_other_from=other_from,
        is_other_to=other_to,
    )
