"""Web Mercator (EPSG:3857), scaled to the unit square: x from the date line eastward, y from the northern end down."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import polars as pl

EDGE: Final = 85.0511287798066
"""The latitude at which the square ends, in degrees."""


def x_of(longitude: pl.Expr) -> pl.Expr:
    """Return the x of longitudes in degrees; one beyond ±180 is on a copy of the world."""
    return longitude / 360 + 0.5


def y_of(latitude: pl.Expr) -> pl.Expr:
    """Return the y of latitudes in degrees; those beyond `EDGE` lie on it."""
    return 0.5 - latitude.clip(-EDGE, EDGE).radians().sin().arctanh() / (2 * math.pi)


def ys(latitudes: Iterable[float]) -> list[float]:
    """Return the y of each latitude in degrees.

    Examples
    --------
    >>> [round(y, 3) for y in ys([60, 0, -90])]
    [0.29, 0.5, 1.0]
    """
    given = pl.DataFrame({"latitude": [*latitudes]}, schema={"latitude": pl.Float64})
    return given.select(y=y_of(pl.col("latitude")))["y"].to_list()


def latitude_at(y: pl.Expr) -> pl.Expr:
    """Return the latitude of each y, in degrees."""
    return (2 * math.pi * (0.5 - y)).tanh().arcsin().degrees()
