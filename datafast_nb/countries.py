"""The countries of the world: their codes, and their shapes for the base map and the choropleth.

The file beside this module is Natural Earth's 1:110m countries (public domain, naturalearthdata.com) without
Antarctica, cut at the antimeridian, with coordinates to 0.01 degrees. A feature's id is the country's ISO 3166-1
alpha-2 code, or its name where it has no code. At this scale countries smaller than about Luxembourg have no shape.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
import polars as pl

ALIASES: Final = {"UK": "GB", "EL": "GR"}
"""Codes that the European Union uses instead of those of ISO."""

NO_COUNTRIES: Final = (
    "",
    "-",
    "--",
    "A1",
    "A2",
    "AP",
    "EU",
    "EZ",
    "O1",
    "QO",
    "T1",
    "T2",
    "UN",
    "XA",
    "XB",
    "XX",
    "ZZ",
)
"""Codes that geolocation returns instead of a country's (for anonymous proxies, satellites, Tor, a continent), and
codes of CLDR that stand for no country."""


def codes(given: pl.Expr) -> pl.Expr:
    """Return country codes as in ISO 3166-1 alpha-2: in upper case, ``GB`` for ``UK``, null where none is known.

    Text that is not a two-letter code stays unchanged, except for surrounding blanks.

    Examples
    --------
    >>> import polars as pl
    >>> pl.select(codes(pl.lit(pl.Series(["de", " UK ", "T1", "Germany", None])))).to_series().to_list()
    ['DE', 'GB', None, 'Germany', None]
    """
    code = given.str.strip_chars()
    upper = code.str.to_uppercase().replace({**ALIASES, **dict.fromkeys(NO_COUNTRIES)})
    return pl.when(code.str.len_chars() <= 2).then(upper).otherwise(code)  # noqa: PLR2004


def known(given: pl.Series) -> pl.Series:
    """Return a column of country codes as `codes` does; return a column that is already correct unchanged."""
    distinct = given.unique()
    if all(code is None or _is_tidy(code) for code in distinct):
        return given
    tidy = pl.select(codes(pl.lit(distinct))).to_series()
    return given.replace_strict(distinct, tidy, return_dtype=pl.String)


def _is_tidy(code: str) -> bool:
    """Return whether this is a country's code as in ISO 3166-1 alpha-2."""
    return len(code) == 2 and code.isascii() and code.isupper() and code not in ALIASES and code not in NO_COUNTRIES  # noqa: PLR2004


@cache
def countries() -> dict[str, Any]:
    """Return the countries as a GeoJSON feature collection; do not modify it."""
    return msgspec.json.decode(files("datafast_nb").joinpath("countries.geojson").read_bytes(), type=dict[str, Any])


@cache
def shaped() -> frozenset[str]:
    """Return the ids of all shapes: the ISO 3166-1 alpha-2 codes of the countries that can be drawn."""
    return frozenset(feature["id"] for feature in countries()["features"])
