"""The service's view of one moment: who was active in the last ten minutes, and what happened in that time."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from datafast_nb.demo.pages import PAGES
from datafast_nb.demo.people import visitor_id, with_identity, with_place
from datafast_nb.demo.places import cities
from datafast_nb.demo.predictions import with_prediction
from datafast_nb.demo.randomness import hexadecimal, key, uniform
from datafast_nb.demo.sales import MONTH, RENEWALS, is_monthly, may_buy, months_kept, with_purchase
from datafast_nb.demo.visits import DAY, MINUTE, ledger, sources

WINDOW = 10 * MINUTE  # milliseconds
MOST_EVENTS = 200_000  # the newest ones; reached at about 50,000 visitors
OF_EVENTS = (
    *("visitor_id", "known_country", "referrer", "customer_name", "display_name"),
    *("buys", "signs_up", "plan", "amount", "currency"),
)
"""What `events_of` takes of each visit."""

_DEMO_PAGE = "/features/live-map"
_WATCHES_DEMO = 0.15  # chance of the goal `watch_demo` on a visit to that page
_NICKNAMED = 0.5  # share of visitors without a profile who are shown under a random name
_SHOWS_NAME = 0.5  # share of payments with a display name
_VISIBLE = 0.97  # share of payments that are shown to the public


class Activity(NamedTuple):
    """The visitors, the events and the payments of ten minutes, newest first."""

    visitors: pl.DataFrame
    events: pl.DataFrame
    payments: pl.DataFrame


def _object_id(parent: str | pl.Expr, name: str, number: int | pl.Expr = 0) -> pl.Expr:
    """Return an identifier of 24 hexadecimal digits."""
    high, low = (hexadecimal(key(parent, f"{name} {half}", number)) for half in ("high", "low"))
    return high + low.str.slice(0, 8)


def with_origin(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Add the referrer and the parameters of a visit."""
    origins = sources().lazy().drop("landing", "source_effect")
    return visits.join(origins, on="origin", how="left", maintain_order="left")


def with_order(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Add the `plan`, `monthly`, `amount` and `currency` of what a visit would buy; needs its origin."""
    prices = cities().select("currency", "price_level").with_row_index("city").lazy()
    priced = visits.join(prices, on="city", how="left", maintain_order="left")
    return with_purchase(priced).drop("price_level")


def subscribers(minutes: pl.Series, *, seed: int, newcomers: float) -> pl.DataFrame:
    """Return the visits in these minutes that started a renewing subscription, with the `months` it is kept."""
    likely = may_buy() & is_monthly() & (months_kept() > 0)
    buyers = ledger(minutes, seed=seed, newcomers=newcomers, only=likely).lazy().filter("buys")
    return with_identity(with_order(with_origin(buyers))).with_columns(months=months_kept()).collect()


def count_active(steps: pl.DataFrame, now: int) -> int:
    """Return how many visitors took a step in the ten minutes before `now` (ms)."""
    return steps.filter(_is_recent(now))["visit"].n_unique()


def _visitors(visits: pl.DataFrame, recent: pl.DataFrame, bias: float) -> pl.DataFrame:
    """Return the active visitors, each with the page of their last step."""
    latest = recent.lazy().group_by("visit").agg(pl.col("page", "at").last(), ended=pl.col("last").any())
    active = visits.lazy().join(latest, on="visit", how="inner", maintain_order="left")
    named = described(active, bias).with_columns(page=pl.lit(PAGES).gather(pl.col("page")))
    return named.sort("at", "visit", descending=True).collect()


def described(visits: pl.LazyFrame, bias: float) -> pl.LazyFrame:
    """Add what the service reports about visits that may already have `ended`."""
    active = visits.with_columns(
        is_customer=pl.col("was_customer") | (pl.col("buys") & pl.col("ended")),
        has_profile=pl.col("had_profile") | (pl.col("ended") & (pl.col("buys") | pl.col("signs_up"))),
    )
    known = with_identity(with_origin(with_place(with_prediction(active, bias=bias))))
    random_name = pl.when(uniform("person", "nickname") < _NICKNAMED).then(pl.col("nickname"))
    return known.with_columns(
        visitor_id=visitor_id(),
        customer_name=pl.when("is_customer").then(pl.col("name")),
        customer_email=pl.when("is_customer").then(pl.col("email")),
        display_name=pl.when("has_profile").then(pl.col("name")).otherwise(random_name),
    )


def _events(visitors: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """Return the newest page views and goals reached."""
    if recent.height > MOST_EVENTS:  # each step is an event at least
        recent = recent.filter(pl.col("at") >= pl.col("at").top_k(MOST_EVENTS).min())
    return events_of(recent.join(visitors.select("visit", *OF_EVENTS), on="visit")).head(MOST_EVENTS)


def events_of(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the page views and the goals reached in steps of described visits, with `extra` as JSON text."""
    seen = steps.with_columns(page=pl.lit(PAGES).gather(pl.col("page")))
    at_demo = (pl.col("page") == _DEMO_PAGE) & (uniform("visit", "demo", pl.col("step")) < _WATCHES_DEMO)
    goals = {
        "pageview": (pl.lit(value=True), pl.lit("{}")),
        "watch_demo": (at_demo, pl.lit('{"seconds":42}')),
        "signup": (pl.col("last") & pl.col("signs_up"), pl.lit('{"plan":"Free"}')),
        "payment": (pl.col("last") & pl.col("buys"), pl.struct("plan", "currency").struct.json_encode()),
    }
    kinds = [
        seen.filter(reached).with_columns(type=pl.lit(goal), extra=extra, goal=pl.lit(place))
        for place, (goal, (reached, extra)) in enumerate(goals.items())
    ]
    return (
        pl.concat(kinds)
        .sort("at", "goal", "visit", descending=True)
        .with_columns(
            event_id=_object_id("visit", "event", pl.col("step") * len(goals) + pl.col("goal")),
            amount=pl.when(pl.col("type") == "payment").then(pl.col("amount")),
        )
    )


def _payments(visitors: pl.DataFrame, recent: pl.DataFrame, subscriptions: pl.DataFrame, now: int) -> pl.DataFrame:
    """Return the purchases of active visitors, and the renewals of subscriptions that began months ago."""
    done = recent.lazy().filter("last").select("visit", "at")
    bought = visitors.lazy().filter("buys").drop("at").join(done, on="visit")
    due = [renewals(subscriptions.lazy(), month).filter(_is_recent(now)) for month in range(1, RENEWALS + 1)]
    return payments_of(bought, *due).collect()


def payments_of(bought: pl.LazyFrame, *due: pl.LazyFrame) -> pl.LazyFrame:
    """Return the payments of visits that ended in one, and of renewals; newest first."""
    purchases = bought.with_columns(
        payment_id=_object_id("visit", "payment"), renewal=pl.lit(value=False), is_new=~pl.col("was_customer")
    )
    columns = ["payment_id", "at", "name", "email", "amount", "currency", "renewal", "is_new", "shown_name", "visible"]
    draw = uniform("visit", "payment shows name")
    return (
        pl.concat([purchases, *due], how="diagonal")
        .with_columns(
            shown_name=pl.when(draw < _SHOWS_NAME).then(pl.col("name")), visible=uniform("visit", "visible") < _VISIBLE
        )
        .select(columns)
        .sort("at", "payment_id", descending=True)
    )


def renewals(subscriptions: pl.LazyFrame, month: int) -> pl.LazyFrame:
    """Return the renewals that are due after this many months, at the time of day at which the visit began."""
    return subscriptions.filter(pl.col("months") >= month).with_columns(
        at=pl.col("start") + month * MONTH * DAY * MINUTE,
        payment_id=_object_id("visit", "renewal", month),
        renewal=pl.lit(value=True),
        is_new=pl.lit(value=False),
    )


def _is_recent(now: int) -> pl.Expr:
    """Return whether `at` is in the ten minutes before `now`."""
    return pl.col("at").is_between(now - WINDOW, now, closed="right")


def activity(
    visits: pl.DataFrame, steps: pl.DataFrame, subscriptions: pl.DataFrame, *, now: int, bias: float = 1.0
) -> Activity:
    """Return what is visible at `now` (ms), from the ledger, its walks and the result of :func:`subscribers`.

    `bias` is the bias of the predictions.
    """
    recent = steps.filter(_is_recent(now))
    visitors = _visitors(visits, recent, bias)
    ordered = with_order(visitors.lazy()).collect()
    return Activity(visitors, _events(ordered, recent), _payments(ordered, recent, subscriptions, now))
