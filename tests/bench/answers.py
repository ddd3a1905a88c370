"""What the live map's kernel side does, part by part."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Final

import polars as pl

from datafast_nb import LiveMap
from datafast_nb.livemap.clusters import Viewport, cluster, marks
from datafast_nb.livemap.colors import Coloring, follow
from datafast_nb.livemap.frame_state import FrameState
from tests.bench.counting import counted_comms
from tests.bench.moments import Moments, Turns, busy, changing, crowd, standing
from tests.bench.refresh import Cost, cost, displayed

WORLD: Final = {"zoom": 2.0, "south": -60.0, "west": -180.0, "north": 75.0, "east": 180.0}
EUROPE: Final = {"zoom": 4.0, "south": 38.0, "west": -12.0, "north": 58.0, "east": 38.0}

SITES: Final = {"in 320 cities": busy, "everywhere": crowd}
"""Where the visitors are: as on the demo site, and at as many places as there are visitors, the most to draw."""


def digesting(visitors: int, of: Moments) -> Callable[[], None]:
    """Return what groups a moment's visitors and finds what is new in it; the moments differ in everything."""
    moments, viewport = cycle([of(visitors, 1), of(visitors, 2)]), Viewport(**WORLD)
    last = FrameState(next(moments))

    def digest() -> None:
        nonlocal last
        scene = FrameState(next(moments))
        scene.news_since(last)
        clusters = cluster(scene.visitors, viewport)
        marks(clusters, viewport, follow(Coloring(), "score", scene.visitors, clusters))
        last = scene

    return digest


def zooming(live: LiveMap) -> Callable[[], None]:
    """Return what a browser says whenever it shows another place: the world, Europe, the world."""
    assert live._view is not None
    front, places = live._view.front, cycle([WORLD, EUROPE])
    return lambda: front._handle_custom_msg({"do": "viewport", "view": "a view", **next(places)}, [])


def answer_costs(visitors: int, of: Moments = busy, rounds: int = 10) -> dict[str, Cost]:
    """Measure a refresh in which everything changed, what is in it, one in which nothing did, and a zoom."""
    source = Turns(changing(visitors, of))
    with counted_comms(), displayed(source) as (live, refresh):
        zoom = zooming(live)
        zoom()
        costs = {"changed": cost(refresh, rounds), "zoom": cost(zoom, rounds)}
        source.moments = standing(visitors, of)
        refresh()
        costs["unchanged"] = cost(refresh, rounds)
    return costs | {"digest": cost(digesting(visitors, of), rounds)}


def answer_table(sizes: tuple[int, ...] = (1_000, 10_000, 100_000)) -> pl.DataFrame:
    """Return one row per number of visitors and where they are."""
    rows = []
    for size in sizes:
        for where, of in SITES.items():
            costs = answer_costs(size, of)
            rows.append(
                {
                    "visitors": size,
                    "who are": where,
                    "all changed: CPU, ms": round(costs["changed"].milliseconds, 1),
                    "clustering and diffing alone, ms": round(costs["digest"].milliseconds, 1),
                    "sent, kB": round(costs["changed"].most_kilobytes, 1),
                    "nothing changed: CPU, ms": round(costs["unchanged"].milliseconds, 1),
                    "sent, bytes": round(costs["unchanged"].kilobytes * 1e3),
                    "a zoom: CPU, ms": round(costs["zoom"].milliseconds, 1),
                    "sent for it, kB": round(costs["zoom"].kilobytes, 1),
                }
            )
    return pl.DataFrame(rows)
