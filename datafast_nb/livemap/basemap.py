"""What lies under the visitors: the land, drawn from the package itself, or tiles that a user chose."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, TypeAlias

import xyzservices
from ipyleaflet import GeoJSON, Layer, TileLayer, basemap_to_tiles
from xyzservices import TileProvider

from datafast_nb.countries import countries
from datafast_nb.widgets.shared import Shared

PANE: Final = "land"
"""The land's layer of the page: with a canvas of its own, it is not drawn again whenever the visitors are."""

# Leaflet takes pane and interactivity from the style; ipyleaflet's own `pane` comes too late for a layer's first data.
_STYLE: Final = {
    "pane": PANE,
    "interactive": False,
    "color": "#c6d0d5",
    "weight": 0.7,
    "fillColor": "#f8f9f9",
    "fillOpacity": 1,
}

Ring = list[list[float]]
Basemap: TypeAlias = "str | TileProvider | Layer | None"
"""None for the land alone; ``"osm"`` or another name that xyzservices knows; one of its providers; a layer."""


def checked(basemap: Basemap) -> TileProvider | Layer | None:
    """Look up what a name stands for, without making a layer of it.

    Raises
    ------
    ValueError
        No provider has that name.
    TypeError
        It is nothing that can be a base map.
    """
    found = _provider(basemap) if isinstance(basemap, str) else basemap
    if found is not None and not isinstance(found, (TileProvider, Layer)):
        raise TypeError(
            f"basemap is {type(basemap).__name__}: it must be None for the land alone, a name such as 'osm', "
            "a provider of xyzservices, or an ipyleaflet layer."
        )
    return found


def layer_of(basemap: Basemap) -> Layer:
    """Give the layer to lie under the visitors; it raises what `checked` does."""
    found = checked(basemap)
    if found is None:
        return LAND.get()
    if isinstance(found, Layer):
        return found
    tiles: TileLayer = basemap_to_tiles(found)
    tiles.base = True
    return tiles


def is_theirs(layer: Layer, basemap: Basemap) -> bool:
    """Say whether the layer of a base map has other owners than its map: the user, or all maps."""
    return layer is basemap or LAND.is_it(layer)


def _provider(name: str) -> TileProvider:
    """Find a provider by its name."""
    try:
        return xyzservices.providers.query_name("OpenStreetMap.Mapnik" if name.lower() == "osm" else name)
    except ValueError as error:
        raise ValueError(
            f"{name!r} is no base map. Try 'osm', 'OpenTopoMap', 'Esri.WorldGrayCanvas' or another name of "
            "xyzservices.providers, or None for the land alone."
        ) from error


@cache
def land() -> dict[str, Any]:
    """Give the countries as one GeoJSON feature, with the halves of the world that a view across ±180° shows.

    Leaflet draws a shape once, on the world's first copy. Dragged across the date line, or wider than the world, the
    map would show water where the next copy's land is.
    """
    polygons: list[list[Ring]] = []
    for feature in countries()["features"]:
        geometry = feature["geometry"]
        parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        for polygon in parts:
            polygons.append(polygon)
            middle = (min(x for x, _ in polygon[0]) + max(x for x, _ in polygon[0])) / 2
            polygons.append(_moved(polygon, -360 if middle > 0 else 360))
    shape = {"type": "MultiPolygon", "coordinates": polygons}
    feature = {"type": "Feature", "properties": {"style": _STYLE}, "geometry": shape}
    return {"type": "FeatureCollection", "features": [feature]}


def _moved(polygon: list[Ring], degrees: float) -> list[Ring]:
    """Move a polygon eastwards."""
    return [[[round(x + degrees, 2), y] for x, y in ring] for ring in polygon]


LAND: Final = Shared(lambda: GeoJSON(data=land(), name="Land", base=True))
"""The land's layer, whose data weigh more than all else of a map: one for all."""
