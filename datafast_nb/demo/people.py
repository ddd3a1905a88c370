"""The people who visit: everything about a person that stays the same from one visit to the next."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import msgspec
import polars as pl

from datafast_nb.demo.places import cities, read_file
from datafast_nb.demo.randomness import choose, cumulative, hexadecimal, key, text, uniform

_TABLET_SHARE = 0.04
_UNPLACED_SHARE = 0.04  # visitors whose IP address leads to no city
_COUNTRY_ONLY_SHARE = 0.015  # those among them whose country is known nevertheless

_APPLE_DESKTOPS = 0.65  # how much smaller Apple's share is on desktops than on phones
_DESKTOP_SYSTEMS = {"Windows": 86, "Linux": 10, "Chrome OS": 4}  # beside Mac OS
_BROWSERS = {
    "Windows": {"Chrome": 64, "Edge": 20, "Firefox": 11, "Opera": 5},
    "Mac OS": {"Chrome": 54, "Safari": 36, "Firefox": 8, "Edge": 2},
    "Linux": {"Chrome": 56, "Firefox": 44},
    "Chrome OS": {"Chrome": 100},
    "iOS": {"Mobile Safari": 84, "Chrome": 16},
    "Android": {"Chrome": 78, "Samsung Internet": 16, "Firefox": 4, "Opera": 2},
}

_MAIL_HOSTS = pl.Series(["example.com", "example.org"])


@cache
def _words(kind: str) -> pl.Series:
    """Return the words of a kind. A family name joins two of them, so that no real person has it."""
    return pl.Series(msgspec.json.decode(read_file("words.json"))[kind])


class _Browsers(NamedTuple):
    """The names of browsers, in one group for each operating system."""

    systems: list[str]
    names: pl.Series
    edges: pl.Series


@cache
def _browsers() -> _Browsers:
    """Return the browsers of each operating system, ready to choose from."""
    rows = [(rank, name, share) for rank, it in enumerate(_BROWSERS.values()) for name, share in it.items()]
    table = pl.DataFrame(rows, schema=["rank", "name", "share"], orient="row")
    return _Browsers(list(_BROWSERS), table["name"], cumulative(table["share"], table["rank"]))


def with_system(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Add `country_code`, `device`, `os` and `browser` to visits that have a `person` and a `city`."""
    habits = cities().select("country_code", "mobile_share", "apple_share").with_row_index("city").lazy()
    return (
        visits.join(habits, on="city", how="left", maintain_order="left")
        .with_columns(device=_device())
        .with_columns(os=_os())
        .with_columns(browser=_browser())
        .drop("mobile_share", "apple_share")
    )


def _device() -> pl.Expr:
    """Return the kind of device that a person uses."""
    draw, mobile = uniform("person", "device"), pl.col("mobile_share")
    return (
        pl.when(draw < mobile)
        .then(pl.lit("mobile"))
        .when(draw < mobile + _TABLET_SHARE)
        .then(pl.lit("tablet"))
        .otherwise(pl.lit("desktop"))
    )


def _os() -> pl.Expr:
    """Return the operating system of a person's device."""
    is_desktop = pl.col("device") == "desktop"
    apple_share = pl.col("apple_share") * pl.when(is_desktop).then(_APPLE_DESKTOPS).otherwise(1.0)
    is_apple = uniform("person", "apple") < apple_share
    names, shares = pl.Series(list(_DESKTOP_SYSTEMS)), pl.Series(list(_DESKTOP_SYSTEMS.values()))
    other = pl.lit(names).gather(choose(cumulative(shares), uniform("person", "desktop system")))
    return (
        pl.when(is_apple & is_desktop)
        .then(pl.lit("Mac OS"))
        .when(is_apple)
        .then(pl.lit("iOS"))
        .when(is_desktop)
        .then(other)
        .otherwise(pl.lit("Android"))
    )


def _browser() -> pl.Expr:
    """Return the browser of a person: one that runs on the operating system."""
    systems, names, edges = _browsers()
    rank = pl.col("os").replace_strict(systems, range(len(systems)), return_dtype=pl.UInt32)
    return pl.lit(names).gather(choose(edges, uniform("person", "browser"), rank))


def with_place(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Add what the service knows of the place: `region`, coordinates, `city`'s name; null where it knows nothing.

    `known_country` is the country as the service sees it, `country_code` the true one.
    """
    places = cities().select("city_name", "region", "latitude", "longitude")
    draw = uniform("person", "place")
    columns = ["city_name", "region", "latitude", "longitude"]
    return (
        visits.join(places.with_row_index("city").lazy(), on="city", how="left", maintain_order="left")
        .with_columns(pl.when(draw >= _UNPLACED_SHARE).then(pl.col(*columns)))
        .with_columns(known_country=known_country())
    )


def known_country() -> pl.Expr:
    """Return the country as the service sees it: null for visitors without a known place."""
    hidden = uniform("person", "place") < _UNPLACED_SHARE - _COUNTRY_ONLY_SHARE
    return pl.when(~hidden).then(pl.col("country_code"))


def visitor_id() -> pl.Expr:
    """Return a version 4 UUID (RFC 9562), made from two draws."""
    high, low = hexadecimal(key("person", "id", 0)), hexadecimal(key("person", "id", 1))
    variant = text("person", "variant", pl.Series(["8", "9", "a", "b"]))
    return pl.concat_str(
        high.str.slice(0, 8),
        pl.lit("-"),
        high.str.slice(8, 4),
        pl.lit("-4"),
        high.str.slice(13, 3),
        pl.lit("-"),
        variant,
        low.str.slice(1, 3),
        pl.lit("-"),
        low.str.slice(4, 12),
    )


def with_identity(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Add `name`, `email`, `user_id` and `nickname`: who a person is, whether or not the site knows it."""
    family = text("person", "family start", _words("family_start")) + text("person", "family end", _words("family_end"))
    number = (uniform("person", "mail number") * 10_000).cast(pl.Int64).cast(pl.String)
    mail = pl.concat_str(
        pl.col("name").str.to_lowercase().str.replace(" ", "."),
        number,
        pl.lit("@"),
        text("person", "mail host", _MAIL_HOSTS),
    )
    return visits.with_columns(
        name=text("person", "given", _words("given")) + pl.lit(" ") + family,
        nickname=text("person", "mood", _words("mood")) + pl.lit(" ") + text("person", "animal", _words("animal")),
        user_id=pl.lit("user_") + hexadecimal(key("person", "user")).str.slice(0, 10),
    ).with_columns(email=mail)
