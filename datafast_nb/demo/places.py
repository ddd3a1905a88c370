"""The places that visitors come from, and the hours when they are active.

`cities.csv` is a selection from GeoNames (https://www.geonames.org/), licensed under CC BY 4.0; its region codes are
ISO 3166-2. `countries.csv` holds the simulation's assumptions about each country.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

import polars as pl

from datafast_nb.demo.randomness import cumulative

_MORNING_TO_NIGHT = 0.8  # the largest deviation of an hour's traffic from the day's mean
_BUSIEST_HOUR = 15.0  # local time


def read_file(name: str) -> bytes:
    """Return a data file of this package."""
    return resources.files(__package__).joinpath(name).read_bytes()


def read_table(name: str) -> pl.DataFrame:
    """Return a data file of this package as a frame."""
    return pl.read_csv(read_file(name), comment_prefix="#", infer_schema_length=None)


@cache
def cities() -> pl.DataFrame:
    """Return the cities, with the properties of their country and their share of the site's visitors (`weight`)."""
    table = read_table("cities.csv").join(
        read_table("countries.csv"), on="country_code", how="left", maintain_order="left"
    )
    visits = pl.col("population") * pl.col("audience")
    return table.rename({"city": "city_name"}).with_columns(weight=visits / visits.sum())


class Rhythm(NamedTuple):
    """How busy the site is in some hours: `level` (mean 1 over a day) and each city's share of it."""

    hours: pl.DataFrame  # hour, level, rank
    edges: pl.Series  # one group of cities for each rank


def _local_hours(hours: tuple[int, ...]) -> pl.DataFrame:
    """Return the local time (hours, 0 to 24) in the middle of each UTC hour, one row per hour and time zone."""
    zones = cities()["time_zone"].unique().sort()
    moment = (pl.col("hour") * 3_600_000 + 1_800_000).cast(pl.Datetime("ms", "UTC"))
    local = [moment.dt.convert_time_zone(zone).dt for zone in zones]
    return (
        pl.DataFrame({"hour": hours}, schema={"hour": pl.Int64})
        .select(
            "hour",
            *(((it.hour() + it.minute() / 60.0).alias(zone)) for it, zone in zip(local, zones, strict=True)),
        )
        .unpivot(index="hour", variable_name="time_zone", value_name="local")
    )


@lru_cache(maxsize=32)  # a site that is polled asks for the same hours again and again
def rhythm(hours: tuple[int, ...]) -> Rhythm:
    """Return the rhythm of these hours, counted from 1970-01-01 UTC and sorted."""
    phase = (pl.col("local") - _BUSIEST_HOUR) * (2 * math.pi / 24)
    table = (
        pl.DataFrame({"hour": hours}, schema={"hour": pl.Int64})
        .with_row_index("rank")
        .join(cities().with_row_index("city").select("city", "time_zone", "weight"), how="cross")
        .join(_local_hours(hours), on=["hour", "time_zone"], how="left", maintain_order="left")
        .with_columns(busy=pl.col("weight") * (1 + _MORNING_TO_NIGHT * phase.cos()))
    )
    levels = table.group_by("hour", "rank", maintain_order=True).agg(level=pl.col("busy").sum())
    return Rhythm(levels, cumulative(table["busy"], table["rank"]))
