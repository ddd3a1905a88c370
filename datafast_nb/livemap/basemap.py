"""The base map under the visitors: the land, drawn from the package's own data, or tiles that the user chose."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, TypeAlias

import xyzservices
from ipyleaflet import GeoJSON, Layer, TileLayer, basemap_to_tiles
from xyzservices import TileProvider

from datafast_nb.countries import countries
from datafast_nb.widgets.shared import Shared

PANE: Final = "land"
"""The Leaflet pane of the land. With its own canvas, it is not redrawn whenever the visitors are."""

# Leaflet reads pane and interactivity from the style; ipyleaflet sets `pane` too late for a layer's first data.
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
"""None for only the land, ``"osm"`` or another name in xyzservices, one of its providers, or a layer."""


def checked(basemap: Basemap) -> TileProvider | Layer | None:
    """Return the provider or layer of a base map, without creating a layer.

    Raises
    ------
    ValueError
        No provider has that name.
    TypeError
        The value can't be a base map.
    """
    found = _provider(basemap) if isinstance(basemap, str) else basemap
    if found is not None and not isinstance(found, (TileProvider, Layer)):
        raise TypeError(
            f"basemap is {type(basemap).__name__}: it must be None for only the land, a name such as 'osm', "
            "a provider of xyzservices, or an ipyleaflet layer."
        )
    return found


def layer_of(basemap: Basemap) -> Layer:
    """Return the layer to put under the visitors. Raises the same errors as `checked`."""
    found = checked(basemap)
    if found is None:
        return LAND.get()
    if isinstance(found, Layer):
        return found
    tiles: TileLayer = basemap_to_tiles(found)
    tiles.base = True
    return tiles


def is_theirs(layer: Layer, basemap: Basemap) -> bool:
    """Return whether a base map's layer belongs to the user or to all maps, and not only to one map."""
    return layer is basemap or LAND.is_it(layer)


def _provider(name: str) -> TileProvider:
    """Return the provider with a name."""
    try:
        return xyzservices.providers.query_name("OpenStreetMap.Mapnik" if name.lower() == "osm" else name)
    except ValueError as error:
        raise ValueError(
            f"{name!r} is not a base map. Try 'osm', 'OpenTopoMap', 'Esri.WorldGrayCanvas' or another name of "
            "xyzservices.providers, or None for only the land."
        ) from error


@cache
def land(*, around: bool = True) -> dict[str, Any]:
    """Return the countries as one GeoJSON feature; with `around`, also the parts that a view across ±180° shows.

    Leaflet draws a shape once, on the first copy of the world. Without the extra parts, a map that was dragged across
    the date line, or is wider than the world, would show water in place of the land of the next copy.
    """
    polygons: list[list[Ring]] = []
    for feature in countries()["features"]:
        geometry = feature["geometry"]
        parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        for polygon in parts:
            polygons.append(polygon)
            if not around:
                continue
            middle = (min(x for x, _ in polygon[0]) + max(x for x, _ in polygon[0])) / 2
            polygons.append(_moved(polygon, -360 if middle > 0 else 360))
    shape = {"type": "MultiPolygon", "coordinates": polygons}
    feature = {"type": "Feature", "properties": {"style": _STYLE}, "geometry": shape}
    return {"type": "FeatureCollection", "features": [feature]}


def _moved(polygon: list[Ring], degrees: float) -> list[Ring]:
    """Return a polygon moved east by some degrees."""
    return [[[round(x + degrees, 2), y] for x, y in ring] for ring in polygon]


LAND: Final = Shared(lambda: GeoJSON(data=land(), name="Land", base=True))
"""The land's layer. Its data are larger than the rest of a map, so all maps share one."""
