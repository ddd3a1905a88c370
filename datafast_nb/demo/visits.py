"""The times of visits: a Poisson process of newcomers, and their later visits.

Time is divided into minutes. The newcomers of a minute, and everything they will ever do, follow from the seed and the
minute alone. Someone who first came in minute `m` comes back in minute `m + lag` for each row of :data:`RETURNS` that
a draw of that person selects, so the history of anyone is known without simulating the time in between.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from datafast_nb.demo.people import with_system
from datafast_nb.demo.places import cities, read_table, rhythm
from datafast_nb.demo.randomness import choose, cumulative, key, root, uniform
from datafast_nb.demo.sales import SIGN_UP_RATE, effect, true_rate, upgrades

MINUTE = 60_000  # milliseconds
DAY = 24 * 60  # minutes

# A visit's slot is its row here: 0 is the first visit, the others come at about the same time of day. The chance is
# the same for everyone, whether or not the visits in between took place.
RETURNS = pl.DataFrame(
    {
        "lag": [
            0,
            DAY - 23,
            2 * DAY + 37,
            3 * DAY - 11,
            5 * DAY + 52,
            7 * DAY - 41,
            14 * DAY + 19,
            30 * DAY - 7,
        ],
        "chance": [1.0, 0.12, 0.07, 0.06, 0.05, 0.08, 0.06, 0.06],
    }
).with_row_index("slot")
VISITS_PER_PERSON = float(RETURNS["chance"].sum())


@cache
def sources() -> pl.DataFrame:
    """Return where visits come from: referrer, parameters, landing page, true multiplier, in order of `origin`."""
    table = read_table("sources.csv")
    both = effect("referrer", pl.col("referrer")) * effect("campaign", pl.col("utm_campaign"))
    texts = table.select(pl.exclude("new", "returning").cast(pl.String))
    return texts.with_columns(source_effect=both).with_row_index("origin")


@cache
def _source_edges() -> pl.Series:
    """Return the shares of the sources, in one group for newcomers and one for those who return."""
    table = read_table("sources.csv").select("new", "returning").unpivot(variable_name="kind", value_name="share")
    return cumulative(table["share"], (table["kind"] == "returning").cast(pl.UInt32))


def _people(first_minutes: pl.Series, *, seed: int, newcomers: float) -> pl.LazyFrame:
    """Return who comes for the first time in these minutes: `first_minute`, `person`, `moment` within it, and `city`.

    `newcomers` is the mean number of new people per minute over a day.
    """
    minutes = pl.DataFrame({"first_minute": first_minutes}).with_columns(hour=pl.col("first_minute") // 60)
    it = rhythm(tuple(minutes["hour"].unique().sort()))
    size = pl.col("level") * newcomers
    # More candidates than a Poisson draw reaches (6 standard deviations plus 8); the process itself drops the surplus.
    most = (size + 6 * size.sqrt() + 8).ceil().cast(pl.Int64)
    waiting = -(1 - uniform("person", "wait")).log() / pl.col("size")
    city = choose(it.edges, uniform("person", "city"), pl.col("rank")) % cities().height
    return (
        minutes.lazy()
        .join(it.hours.lazy(), on="hour", how="left", maintain_order="left")
        .select("first_minute", "rank", size=size, place=pl.int_ranges(0, most))
        .with_columns(crowd_key=key(root(seed), "crowd", pl.col("first_minute")))
        .explode("place")
        .with_columns(person=key("crowd_key", "person", pl.col("place")))
        .with_columns(moment=waiting)
        .with_columns(moment=pl.col("moment").cum_sum().over("first_minute"))
        .filter(pl.col("moment") < 1)
        .select("first_minute", "person", "moment", city=city.cast(pl.UInt32))
    )


def arrivals(minutes: pl.Series, *, seed: int, newcomers: float) -> pl.LazyFrame:
    """Return who arrives in these minutes (since 1970): `person`, `slot`, `visit`, `start` (ms) and `city`.

    `newcomers` is the mean number of new people per minute over a day.
    """
    if newcomers == 0:
        minutes = minutes.clear()
    crowds = (
        pl.DataFrame({"minute": minutes.cast(pl.Int64)})
        .join(RETURNS, how="cross")
        .with_columns(first_minute=pl.col("minute") - pl.col("lag"))
    )
    people = _people(crowds["first_minute"].unique().sort(), seed=seed, newcomers=newcomers)
    came = (pl.col("slot") == 0) | (uniform("person", "return", pl.col("slot")) < pl.col("chance"))
    offset = pl.when(pl.col("slot") == 0).then(pl.col("moment")).otherwise(uniform("visit", "moment"))
    return (
        crowds.lazy()
        .join(people, on="first_minute", maintain_order="left_right")
        .filter(came)
        .with_columns(visit=key("person", "visit", pl.col("slot")))
        .select(
            "person", "slot", "visit", start=pl.col("minute") * MINUTE + (offset * MINUTE).cast(pl.Int64), city="city"
        )
    )


def with_choices(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Add the `origin` (a row of :func:`sources`), the true `rate`, and whether the visit `wants` to buy or `joins`."""
    returning = (pl.col("slot") > 0).cast(pl.UInt32)
    row = choose(_source_edges(), uniform("visit", "source"), returning) % sources().height
    return (
        visits.with_columns(origin=row.cast(pl.UInt32))
        .with_columns(source_effect=pl.lit(sources()["source_effect"]).gather(pl.col("origin")))
        .with_columns(rate=true_rate())
        .drop("source_effect")
        .with_columns(wants=uniform("visit", "buy") < pl.col("rate"), joins=uniform("visit", "sign up") < SIGN_UP_RATE)
    )


def _past(returning: pl.LazyFrame) -> pl.LazyFrame:
    """Return what the person of each later visit did earlier."""
    earlier = (
        returning.rename({"slot": "now", "visit": "current"})
        .with_columns(slot=pl.int_ranges(0, pl.col("now")))
        .explode("slot")
        .with_columns(pl.col("slot").cast(pl.UInt32))
        .join(RETURNS.select("slot", "chance").lazy(), on="slot", how="left", maintain_order="left")
        .filter((pl.col("slot") == 0) | (uniform("person", "return", pl.col("slot")) < pl.col("chance")))
        .with_columns(visit=key("person", "visit", pl.col("slot")))
    )
    return (
        with_choices(earlier)
        .group_by("current")
        .agg(
            earlier_visits=pl.len(),
            was_customer=pl.col("wants").any(),
            had_profile=(pl.col("wants") | pl.col("joins")).any(),
        )
    )


def ledger(minutes: pl.Series, *, seed: int, newcomers: float, only: pl.Expr | None = None) -> pl.DataFrame:
    """Return the visits that start in these minutes, with their history and their outcome.

    `only` selects some of them by the columns of :func:`arrivals`.

    In addition to the columns of :func:`arrivals`: the person's system, `origin`, `visit_count`, `was_customer`,
    `had_profile`, `conversion_rate` (the true probability; null for a customer), `buys` and `signs_up`.
    """
    came = arrivals(minutes, seed=seed, newcomers=newcomers)
    visits = with_system(came if only is None else came.filter(only)).collect()
    past = _past(visits.lazy().filter(pl.col("slot") > 0))
    prospect = ~pl.col("was_customer")
    return (
        with_choices(visits.lazy())
        .join(past, left_on="visit", right_on="current", how="left", maintain_order="left")
        .with_columns(
            pl.col("was_customer", "had_profile").fill_null(value=False),
            visit_count=pl.col("earlier_visits").fill_null(0).cast(pl.Int64) + 1,
        )
        .with_columns(
            conversion_rate=pl.when(prospect).then(pl.col("rate")),
            buys=pl.when(prospect).then(pl.col("wants")).otherwise(upgrades()),
        )
        .with_columns(signs_up=pl.col("joins") & ~pl.col("buys") & ~pl.col("had_profile"))
        .drop("rate", "wants", "joins", "earlier_visits")
        .collect()
    )
