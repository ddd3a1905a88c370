"""The countries of the world as shapes: the base map, and the choropleth.

The file beside this module is Natural Earth's 1:110m countries (public domain, naturalearthdata.com) without
Antarctica, cut at the antimeridian, with coordinates to 0.01 degrees. A feature's id is the country's ISO 3166-1
alpha-2 code, or its name where it has no code. At this scale countries smaller than about Luxembourg have no shape.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


@cache
def countries() -> dict[str, Any]:
    """Give the countries as a GeoJSON feature collection; read it, don't change it."""
    return msgspec.json.decode(files("datafast_nb").joinpath("countries.geojson").read_bytes(), type=dict[str, Any])


@cache
def shaped() -> frozenset[str]:
    """Give the ids of all shapes: the ISO 3166-1 alpha-2 codes of the countries that can be drawn."""
    return frozenset(feature["id"] for feature in countries()["features"])
