"""A response of the demo site, beside the least work for it: to encode what it holds."""

from __future__ import annotations

import msgspec
import polars as pl

from datafast_nb.demo import Site
from tests.bench.moments import AFTERNOON
from tests.bench.timing import best_milliseconds


def body_table(sizes: tuple[int, ...] = (1_000, 10_000, 100_000), rounds: int = 2) -> pl.DataFrame:
    """Return one row per mean number of visitors, with the first response of a site."""
    rows = []
    for size in sizes:
        body = Site(1, visitors=size).body(AFTERNOON)
        content = msgspec.json.decode(body)
        best = best_milliseconds(
            {
                "first": lambda size=size: Site(1, visitors=size).body(AFTERNOON),
                "encoding": lambda content=content: msgspec.json.encode(content),
            },
            rounds,
        )
        rows.append(
            {
                "visitors": len(content["data"]["visitors"]),
                "megabytes": round(len(body) / 1e6, 1),
                "body, ms": round(best["first"]),
                "msgspec's encoding alone, ms": round(best["encoding"], 1),
                "times it": round(best["first"] / best["encoding"], 1),
            }
        )
    return pl.DataFrame(rows)
