"""One refresh of the live map, against the usual ways of drawing every visitor."""

from __future__ import annotations

import gc
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import polars as pl
from ipyleaflet import CircleMarker, GeoJSON, LayerGroup, Map

from datafast_nb import LiveMap, Snapshot
from datafast_nb.livemap.colors import RISING
from datafast_nb.snapshot import Source
from tests.bench.counting import counted_comms, counted_traffic
from tests.bench.moments import Moments, Turns, busy, changing, drifting, standing

Way = Callable[[Turns], AbstractContextManager[Callable[[], None]]]
"""Draws a source's moments: opened, it gives a function that refreshes once."""

OURS = "datafast_nb"


@contextmanager
def displayed(source: Source) -> Iterator[tuple[LiveMap, Callable[[], None]]]:
    """Display a live map, and give it with a function that refreshes it and returns when that is drawn."""
    live = LiveMap(source, every=86_400)
    drawn = threading.Semaphore(0)
    live.on_update(lambda _: drawn.release())
    live._repr_mimebundle_()  # as displaying does

    def refresh() -> None:
        live.refresh()
        assert drawn.acquire(timeout=60), str(live.status)

    try:
        assert drawn.acquire(timeout=60), str(live.status)  # the first moment
        yield live, refresh
    finally:
        live.close()


@contextmanager
def live_map(source: Turns) -> Iterator[Callable[[], None]]:
    """Draw with the package's map."""
    with displayed(source) as (_, refresh):
        yield refresh


def places(snap: Snapshot) -> pl.DataFrame:
    """Return the visitors that can be drawn."""
    return snap.visitors.drop_nulls(["latitude", "longitude"])


@contextmanager
def one_feature_each(source: Turns) -> Iterator[Callable[[], None]]:
    """Draw with a GeoJSON layer that has a feature for each visitor."""
    layer = GeoJSON(data={"type": "FeatureCollection", "features": []})
    shown = Map(layers=(layer,))

    def refresh() -> None:
        layer.data = {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
                    "properties": {"city": row["city"], "score": row["score"], "style": {"radius": 5}},
                }
                for row in places(source.snapshot()).iter_rows(named=True)
            ],
        }

    yield refresh
    shown.close()
    layer.close()


@contextmanager
def one_marker_each(source: Turns) -> Iterator[Callable[[], None]]:
    """Draw with a layer group that has a CircleMarker for each visitor."""
    group = LayerGroup()
    shown = Map(layers=(group,))

    def refresh() -> None:
        earlier = group.layers
        group.layers = tuple(
            CircleMarker(location=(row["latitude"], row["longitude"]), radius=5)
            for row in places(source.snapshot()).iter_rows(named=True)
        )
        for marker in earlier:
            marker.close()

    yield refresh
    shown.close()
    for widget in (group, *group.layers):
        widget.close()


@contextmanager
def one_scatterplot(source: Turns) -> Iterator[Callable[[], None]]:
    """Draw with lonboard: a layer whose Arrow table has a row for each visitor, replaced by the next."""
    import lonboard
    import numpy as np

    colors = np.array([list(bytes.fromhex(color[1:])) for color in RISING], dtype=np.uint8)
    shown = lonboard.Map(layers=[])

    def refresh() -> None:
        here = places(source.snapshot())
        table = here.select(
            "city", "score", geometry=pl.concat_arr(pl.col("longitude", "latitude").cast(pl.Float32))
        ).to_arrow(compat_level=pl.CompatLevel.oldest())
        point = {"ARROW:extension:name": "geoarrow.point"}
        table = table.cast(table.schema.set(2, table.schema.field("geometry").with_metadata(point)))
        scores = here["score"].fill_null(0).round().cast(pl.UInt8).to_numpy()
        earlier = shown.layers
        with warnings.catch_warnings(action="ignore"):  # longitude and latitude are what it takes them for
            layer = lonboard.ScatterplotLayer(table, get_fill_color=colors[scores], get_radius=5, radius_units="pixels")
        shown.layers = [layer]
        for each in earlier:
            each.close()

    yield refresh
    for widget in (*shown.layers, shown):
        widget.close()


WAYS: Mapping[str, Way] = {
    OURS: live_map,
    "a GeoJSON feature each (ipyleaflet)": one_feature_each,
    "a CircleMarker each (ipyleaflet)": one_marker_each,
    "a ScatterplotLayer (lonboard)": one_scatterplot,
}


@dataclass(frozen=True)
class Cost:
    """What something costs: the least processor time of some rounds, and what was sent in the one that sent the median.

    `most_kilobytes` is the most that was sent in one.
    """

    milliseconds: float
    kilobytes: float
    most_kilobytes: float
    messages: int
    states: frozenset[str]


def cost(action: Callable[[], object], rounds: int) -> Cost:
    """Measure an action of this process, all its threads together."""
    costs = []
    for _ in range(rounds):
        gc.collect()
        with counted_traffic() as traffic:
            start = time.process_time()
            action()
            spent = time.process_time() - start
        costs.append((spent * 1e3, traffic))
    sizes = sorted((traffic for _, traffic in costs), key=lambda traffic: traffic.size)
    sent, most = sizes[(len(sizes) - 1) // 2], sizes[-1].size / 1e3
    return Cost(min(spent for spent, _ in costs), sent.size / 1e3, most, sent.messages, frozenset(sent.states))


def refresh_costs(visitors: int, way: Way, of: Moments, rounds: int) -> tuple[Cost, Cost, Cost]:
    """Measure a refresh in which everything changed, one in which a tenth did, and one in which nothing did."""
    source = Turns(changing(visitors, of))
    with counted_comms(), way(source) as refresh:
        refresh()
        changed = cost(refresh, rounds)
        source.moments = drifting(visitors, of)
        refresh()
        drifted = cost(refresh, rounds)
        source.moments = standing(visitors, of)
        refresh()
        return changed, drifted, cost(refresh, rounds=1)


def refresh_table(
    sizes: tuple[int, ...] = (1_000, 10_000, 100_000),
    ways: Mapping[str, Way] = WAYS,
    of: Moments = busy,
    rounds: int = 10,
) -> pl.DataFrame:
    """Return one row per number of visitors and way of drawing.

    The package's map draws the panel and the figures as well, the other ways nothing but the visitors.
    """
    rows = []
    for size in sizes:
        few = max(1, min(rounds, 20_000 // size))  # a marker each takes many seconds
        costs = {
            name: refresh_costs(size, way, of, few if way is one_marker_each else rounds) for name, way in ways.items()
        }
        ours, *_ = costs[OURS]
        rows += [
            {
                "visitors": size,
                "drawn as": name,
                "kernel CPU, ms": round(each.milliseconds, 1),
                "sent, kB": round(each.most_kilobytes, 1),
                "messages": each.messages,
                "sent if a tenth changed, kB": round(part.kilobytes, 1),
                "sent if nothing changed, kB": round(still.kilobytes, 1),
                "times our CPU": round(each.milliseconds / ours.milliseconds, 1),
                "times our bytes": round(each.most_kilobytes / ours.most_kilobytes, 1),
            }
            for name, (each, part, still) in costs.items()
        ]
    return pl.DataFrame(rows)
