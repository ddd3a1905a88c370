"""Make the shapes on the map of the world, `charts/countries.topojson`, from `countries.geojson`, both in the package.

Run `python topology.py` after a change to the GeoJSON file, and commit what it writes. Each ring becomes one arc of the
TopoJSON specification 1.0 (section 2.1.4), in steps of a tenth of a degree: half the size of GeoJSON.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent / "datafast_nb"
SOURCE = PACKAGE / "countries.geojson"
TARGET = PACKAGE / "charts" / "countries.topojson"


def arc(ring: list[list[float]]) -> list[list[int]]:
    """Return a ring's first point and the steps from each point to the next, without those that go nowhere."""
    points = [(round(longitude * 10), round(latitude * 10)) for longitude, latitude in ring]
    steps = [[x - before_x, y - before_y] for (before_x, before_y), (x, y) in pairwise([(0, 0), *points])]
    return [steps[0], *(step for step in steps[1:] if step != [0, 0])]


def topology(countries: dict[str, Any]) -> dict[str, Any]:
    """Return a GeoJSON feature collection of polygons as TopoJSON."""
    arcs: list[list[list[int]]] = []

    def index(ring: list[list[float]]) -> list[int]:
        arcs.append(arc(ring))
        return [len(arcs) - 1]

    shapes = []
    for feature in countries["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        shape = {"type": "MultiPolygon", "arcs": [[index(ring) for ring in polygon] for polygon in polygons]}
        shapes.append({**shape, "id": feature["id"], "properties": {"name": feature["properties"]["name"]}})
    return {
        "type": "Topology",
        "transform": {"scale": [0.1, 0.1], "translate": [0, 0]},
        "objects": {"countries": {"type": "GeometryCollection", "geometries": shapes}},
        "arcs": arcs,
    }


def encoded() -> str:
    """Return the text of the file, on one line."""
    countries = json.loads(SOURCE.read_text(encoding="utf-8"))
    return json.dumps(topology(countries), ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    TARGET.write_text(encoded(), encoding="utf-8", newline="")
