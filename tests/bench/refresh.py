"""One refresh of the live map, against the two ways in which ipyleaflet maps are usually drawn."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import comm
import polars as pl
from comm.base_comm import BaseComm
from ipyleaflet import CircleMarker, GeoJSON, LayerGroup, Map

from datafast_nb import LiveMap, Snapshot
from datafast_nb.demo import Site


class CountingComm(BaseComm):
    """A comm that packs each message as the kernel does, and counts instead of sending."""

    sent = 0
    messages = 0

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        packed = json.dumps({"data": data, "metadata": metadata, **keys}, default=str)
        CountingComm.sent += len(packed) + sum(len(buffer) for buffer in buffers or ())
        CountingComm.messages += 1


@contextmanager
def counted_comms() -> Iterator[None]:
    """Let all widgets made meanwhile send through a comm that counts."""
    create = comm.create_comm
    comm.create_comm = CountingComm
    try:
        yield
    finally:
        comm.create_comm = create


class Alternating:
    """A source that gives two moments of a busy site in turn, without any work of its own."""

    def __init__(self, visitors: int) -> None:
        site = Site(seed=1, visitors=visitors)
        self._moments = [site.snapshot(), Site(seed=2, visitors=visitors).snapshot()]
        self.turns = 0

    def snapshot(self) -> Snapshot:
        """Give the next of the two."""
        self.turns += 1
        return self._moments[self.turns % 2]


def live_map(source: Alternating) -> Callable[[], None]:
    """Give one refresh of the package's map."""
    live = LiveMap(source, interval=86_400)
    live._repr_mimebundle_()  # as displaying does

    def refresh() -> None:
        before = live.snapshot
        live.refresh()
        while live.snapshot is before or live.status.state != "live":
            time.sleep(0.001)
        with live._drawing:  # the drawing of this moment has ended
            pass

    return refresh


def places(snap: Snapshot) -> pl.DataFrame:
    """Give the visitors that can be drawn."""
    return snap.visitors.drop_nulls(["latitude", "longitude"])


def one_feature_each(source: Alternating) -> Callable[[], None]:
    """Give one refresh of a GeoJSON layer with a feature for each visitor."""
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

    assert shown.layers
    return refresh


def one_marker_each(source: Alternating) -> Callable[[], None]:
    """Give one refresh of a layer group with a CircleMarker for each visitor."""
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

    assert shown.layers
    return refresh


def cost(refresh: Callable[[], None], rounds: int) -> dict[str, float]:
    """Measure a refresh: the least processor time, and the most that was sent."""
    refresh()
    milliseconds, sent, messages = [], [], []
    for _ in range(rounds):
        CountingComm.sent = CountingComm.messages = 0
        start = time.process_time()
        refresh()
        milliseconds.append((time.process_time() - start) * 1e3)
        sent.append(CountingComm.sent)
        messages.append(CountingComm.messages)
    return {"ms": min(milliseconds), "kB": max(sent) / 1e3, "messages": max(messages)}


def refresh_table(sizes: tuple[int, ...] = (1_000, 10_000, 100_000)) -> pl.DataFrame:
    """Give one row per number of visitors and way of drawing."""
    rows = []
    with counted_comms():
        for size in sizes:
            source = Alternating(size)
            ways = {
                "datafast_nb": live_map,
                "a GeoJSON feature each": one_feature_each,
                "a CircleMarker each": one_marker_each,
            }
            costs = {name: cost(way(source), rounds=5 if size < 100_000 else 3) for name, way in ways.items()}
            ours = costs["datafast_nb"]
            rows += [
                {
                    "visitors": size,
                    "drawn as": name,
                    "kernel CPU, ms": round(each["ms"], 1),
                    "sent, kB": round(each["kB"], 1),
                    "messages": each["messages"],
                    "times our CPU": round(each["ms"] / ours["ms"], 1),
                    "times our bytes": round(each["kB"] / ours["kB"], 1),
                }
                for name, each in costs.items()
            ]
    return pl.DataFrame(rows)
