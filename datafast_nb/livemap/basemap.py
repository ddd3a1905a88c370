"""The land under the visitors: countries as one GeoJSON layer, without a tile server."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from datafast_nb.countries import countries

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
