"""The land as a path of an SVG, for pictures that are drawn without a browser."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from datafast_nb.countries import countries
from datafast_nb.livemap.mercator import ys

_NEAREST: Final = 0.6  # points nearer to each other can't be told apart


def land(place: Callable[[float, float], tuple[float, float]], width: float, height: float) -> str:
    """Draw the countries as one path, of tenths and relative steps, with the world's copies in sight.

    Parameters
    ----------
    place
        Gives the place in the picture of a point of the unit square of Web Mercator.
    width, height
        The picture's size.
    """
    paths = []
    for ring in _rings():
        lefts, tops = [x for x, _ in ring], [y for _, y in ring]
        _, top = place(0, min(tops))
        _, bottom = place(0, max(tops))
        for copy in (-1, 0, 1):
            left, _ = place(min(lefts) + copy, 0)
            right, _ = place(max(lefts) + copy, 0)
            if right > 0 and left < width and bottom > 0 and top < height:
                paths.append(_path([place(x + copy, y) for x, y in ring]))
    return "".join(paths)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Give a closed ring as an SVG path, in tenths, without the points that can't be told apart."""
    kept: list[tuple[int, int]] = []
    for x, y in points:
        point = (round(10 * x), round(10 * y))
        if not kept or math.dist(point, kept[-1]) > 10 * _NEAREST:
            kept.append(point)
    if len(kept) < 3:  # noqa: PLR2004 - fewer points have no area
        return ""
    steps = (f"{(x - before_x) / 10:g} {(y - before_y) / 10:g}" for (before_x, before_y), (x, y) in pairwise(kept))
    return f"M{kept[0][0] / 10:g} {kept[0][1] / 10:g}l{' '.join(steps)}z".replace(" -", "-")


@cache
def _rings() -> list[list[tuple[float, float]]]:
    """Give the rings of all countries, projected as `project` does."""
    rings = []
    for feature in countries()["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        rings += [ring for polygon in polygons for ring in polygon]
    projected = iter(ys(y for ring in rings for _, y in ring))  # in one step: there are hundreds of rings
    return [[(x / 360 + 0.5, y) for (x, _), y in zip(ring, projected, strict=False)] for ring in rings]


@cache
def ink(fill: str) -> str:
    """Give black or white, whichever can be read better on a color (WCAG 2.2, relative luminance)."""
    channels = [int(fill[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]  # noqa: PLR2004
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#fff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000"
