"""The walk from page to page that a visit takes, and when each step happens."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import polars as pl

from datafast_nb.demo.randomness import choose, cumulative, uniform
from datafast_nb.demo.visits import sources

_LINKS: dict[str, dict[str, float]] = {
    "/": {"/pricing": 26, "/features": 26, "/docs": 12, "/blog": 10, "/customers": 8, "/features/live-map": 10,
          "/about": 4, "/signup": 2, "/changelog": 2},
    "/pricing": {"/features": 28, "/": 18, "/docs": 14, "/customers": 14, "/contact": 8, "/checkout": 12, "/signup": 6},
    "/features": {"/pricing": 34, "/features/live-map": 24, "/docs": 18, "/": 14, "/customers": 10},
    "/features/live-map": {"/pricing": 36, "/features": 24, "/docs/getting-started": 22, "/": 18},
    "/blog": {"/blog/measuring-what-matters": 40, "/blog/ten-lessons-from-a-launch": 34, "/": 16, "/pricing": 10},
    "/blog/measuring-what-matters": {"/blog": 34, "/": 26, "/features": 22, "/pricing": 18},
    "/blog/ten-lessons-from-a-launch": {"/": 38, "/blog": 26, "/pricing": 20, "/about": 16},
    "/docs": {"/docs/getting-started": 44, "/docs/api": 32, "/pricing": 14, "/changelog": 10},
    "/docs/getting-started": {"/docs/api": 40, "/docs": 30, "/pricing": 20, "/features": 10},
    "/docs/api": {"/docs": 40, "/docs/getting-started": 34, "/changelog": 16, "/pricing": 10},
    "/customers": {"/pricing": 52, "/features": 28, "/": 20},
    "/changelog": {"/docs": 40, "/features": 36, "/": 24},
    "/about": {"/": 50, "/customers": 26, "/contact": 24},
    "/contact": {"/": 60, "/pricing": 40},
    "/signup": {"/": 40, "/pricing": 36, "/docs/getting-started": 24},
    "/checkout": {"/pricing": 70, "/": 20, "/contact": 10},
    "/account": {"/account/billing": 30, "/docs": 30, "/docs/api": 22, "/changelog": 18},
    "/account/billing": {"/account": 64, "/pricing": 36},
    "/welcome": {},
    "/checkout/thanks": {},
}  # fmt: skip
PAGES = pl.Series(list(_LINKS))
_PURCHASE = ["/pricing", "/checkout", "/checkout/thanks"]  # the last steps of a visit that ends in one
_SIGN_UP = ["/signup", "/welcome"]

_BROWSED_MOST = 9  # pages, before those last steps
_STARTS_AT_ACCOUNT = 0.6  # share of customers' visits
_GOES_ON = 0.76  # chance of another page
_STAYS = 80.0  # seconds on a page: exponential, cut off at the next figure
_STAYS_MOST = 120.0
LONGEST_VISIT = int((_BROWSED_MOST + len(_PURCHASE) - 1) * _STAYS_MOST / 60) + 1  # minutes


class _Links(NamedTuple):
    """The links of all pages in one table, in one group for each page that they start from."""

    targets: pl.Series
    edges: pl.Series


@cache
def _links() -> _Links:
    """Return the links of each page, ready to choose from."""
    rows = [(start, end, weight) for start, ends in _LINKS.items() for end, weight in ends.items()]
    table = pl.DataFrame(rows, schema=["start", "end", "weight"], orient="row")
    place = {page: row for row, page in enumerate(_LINKS)}
    start, end = (table[it].replace_strict(place, return_dtype=pl.UInt32) for it in ("start", "end"))
    return _Links(end, cumulative(table["weight"], start))


def _row(page: str) -> pl.Expr:
    """Return a page as its row in `PAGES`."""
    return pl.lit(list(_LINKS).index(page), dtype=pl.UInt32)


def _landing() -> pl.Expr:
    """Return the first page: the target of the link, or the account page of a customer."""
    landings = pl.Series(sources()["landing"]).replace_strict(list(_LINKS), range(len(_LINKS)), return_dtype=pl.UInt32)
    at_work = pl.col("was_customer") & (uniform("visit", "at work") < _STARTS_AT_ACCOUNT)
    return pl.when(at_work).then(_row("/account")).otherwise(pl.lit(landings).gather(pl.col("origin")))


def _next_page(step: int) -> pl.Expr:
    """Return the page of this step: one that the previous page links to, or one of the last ones."""
    browsing = pl.col("browsed") > step
    last = [
        pl.when(~browsing & pl.col(goal) & (pl.col("browsed") + place == step)).then(_row(page))
        for goal, pages in (("buys", _PURCHASE), ("signs_up", _SIGN_UP))
        for place, page in enumerate(pages)
    ]
    return pl.coalesce(pl.when(browsing).then(_links_from("page", step)), *last)


def _links_from(page: str, step: int) -> pl.Expr:
    """Return a page that the one in this column links to."""
    targets, edges = _links()
    return pl.lit(targets).gather(choose(edges, uniform("visit", "link", step), pl.col(page)))


def _browsed() -> pl.Expr:
    """Return how many pages are viewed before the last steps (geometric, truncated)."""
    geometric = 1 + (1 - uniform("visit", "browsed")).log() / math.log(_GOES_ON)
    return geometric.floor().clip(1, _BROWSED_MOST).cast(pl.Int32)


def _stay(step: int) -> pl.Expr:
    """Return the milliseconds spent on the page of this step, by inverting a truncated exponential distribution."""
    within = 1 - math.exp(-_STAYS_MOST / _STAYS)
    seconds = -_STAYS * (1 - uniform("visit", "stay on", step) * within).log()
    return (seconds * 1000).cast(pl.Int64)


def walk(visits: pl.DataFrame) -> pl.DataFrame:
    """Return every step of these visits: `visit`, `start`, `step`, `page` (a row of `PAGES`), `at` (ms) and `last`."""
    extra = pl.when("buys").then(len(_PURCHASE)).when("signs_up").then(len(_SIGN_UP)).otherwise(0)
    now = (
        visits.lazy()
        .select("visit", "start", "buys", "signs_up", browsed=_browsed(), page=_landing(), at=pl.col("start"))
        .with_columns(left=pl.col("browsed") + extra - 1)
        .collect()
    )
    steps = []
    for step in range(1, _BROWSED_MOST + len(_PURCHASE) + 1):
        steps.append(now.select("visit", "start", "page", "at", step=pl.lit(step), last=pl.col("left") == 0))
        now = (
            now.lazy()
            .filter(pl.col("left") > 0)
            .with_columns(page=_next_page(step), at=pl.col("at") + _stay(step), left=pl.col("left") - 1)
            .collect()
        )
    return pl.concat(steps)
