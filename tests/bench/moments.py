"""Moments of busy sites, and a source that gives them without any work of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl
from polars import selectors

from datafast_nb import Snapshot
from datafast_nb.demo import Site

AFTERNOON = datetime(2026, 2, 6, 17, tzinfo=UTC)  # when more visitors are on the demo site than in its mean
STEP = timedelta(seconds=10)

Moments = Callable[[int, int], Snapshot]
"""Gives a moment of a site: how many visitors, and a seed."""


class Turns:
    """A source that gives the next of some moments at each request."""

    def __init__(self, moments: Iterator[Snapshot]) -> None:
        self.moments = moments

    def snapshot(self) -> Snapshot:
        return next(self.moments)


@cache
def busy(visitors: int, seed: int = 1) -> Snapshot:
    """Return a moment of the demo site with exactly so many visitors, and the events of these."""
    whole = Site(seed, visitors=visitors, clock=lambda: AFTERNOON).snapshot()
    first = whole.visitors.head(visitors)
    assert first.height == visitors, "the demo site has fewer visitors at this hour"
    events = whole.events.filter(pl.col("visitor_id").is_in(first["visitor_id"].implode()))
    return Snapshot(first, events, whole.payments, fetched_at=AFTERNOON)


@cache
def crowd(visitors: int, seed: int = 1) -> Snapshot:
    """Return a moment of so many visitors at as many places all over the world: copies of a few, quickly made."""
    few = busy(1_000, seed)
    number = pl.int_range(pl.len())
    everyone = pl.concat([few.visitors] * -(-visitors // few.visitors.height)).head(visitors)
    spread = everyone.with_columns(
        pl.format("{}-{}", "visitor_id", number).alias("visitor_id"),
        latitude=-50 + 115 * (number * 0.754877666 % 1),  # the R2 sequence, which leaves no gaps
        longitude=-180 + 360 * (number * 0.569840291 % 1),
    )
    return Snapshot(spread, few.events, few.payments, fetched_at=AFTERNOON)


def changing(visitors: int, of: Moments = busy) -> Iterator[Snapshot]:
    """Return moments of two sites in turn, so that all visitors, events and payments are others each time."""
    return _later(itertools.cycle([of(visitors, 1), of(visitors, 2)]))


def drifting(visitors: int, of: Moments = busy) -> Iterator[Snapshot]:
    """Return moments in each of which another tenth of the visitors, of their events and of the payments changes."""
    one, other = of(visitors, 1), of(visitors, 2)
    tenths = [*range(10), *range(10, 0, -1)]
    return _later(itertools.cycle([_mixed(one, other, tenth) for tenth in tenths]))


def standing(visitors: int, of: Moments = busy) -> Iterator[Snapshot]:
    """Return one moment again and again, each time as if it had been fetched later."""
    return _later(itertools.repeat(of(visitors, 1)))


def passing(visitors: int) -> Iterator[Snapshot]:
    """Return moments of which each has visitors, events and payments that none before had."""
    return (_renamed(moment, turn) for turn, moment in enumerate(changing(visitors)))


def _mixed(one: Snapshot, other: Snapshot, tenths: int) -> Snapshot:
    """Return a moment with so many tenths of another."""
    theirs = pl.int_range(pl.len()) % 10 < tenths
    visitors = pl.concat([one.visitors.filter(~theirs), other.visitors.filter(theirs)])
    here = pl.col("visitor_id").is_in(visitors["visitor_id"].implode())
    events = pl.concat([one.events.filter(here), other.events.filter(here)])
    payments = pl.concat([one.payments.filter(~theirs), other.payments.filter(theirs)])
    return Snapshot(visitors, events, payments, fetched_at=AFTERNOON)


def _later(moments: Iterator[Snapshot]) -> Iterator[Snapshot]:
    """Return each moment a later time than the one before."""
    for turn, moment in enumerate(moments):
        yield Snapshot(moment.visitors, moment.events, moment.payments, fetched_at=AFTERNOON + turn * STEP)


def _renamed(moment: Snapshot, turn: int) -> Snapshot:
    """Return a moment whose ids are of this turn alone."""
    frames = (
        frame.with_columns(selectors.ends_with("_id") + f"-{turn}")
        for frame in (moment.visitors, moment.events, moment.payments)
    )
    return Snapshot(*frames, fetched_at=moment.fetched_at)
