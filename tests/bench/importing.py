"""What importing costs, in fresh interpreters."""

from __future__ import annotations

import subprocess
import sys

import polars as pl

from tests.bench.timing import best_milliseconds

SNAPSHOT = "import datafast_nb as dfn; snap = dfn.demo.Site(seed=0).snapshot()"
STATEMENTS = (
    "pass",
    "import polars",
    "import datafast_nb",
    "from datafast_nb import Snapshot",
    "from datafast_nb import Client",
    "from datafast_nb import LiveMap",
    "from datafast_nb import charts",
    "import altair",
    SNAPSHOT,
    f"{SNAPSHOT}; dfn.charts.breakdown(snap, 'channel').to_dict()",
)


def import_table(rounds: int = 5) -> pl.DataFrame:
    """Return one row per import statement."""
    best = best_milliseconds(
        {
            statement: lambda statement=statement: subprocess.run([sys.executable, "-c", statement], check=True)
            for statement in STATEMENTS
        },
        rounds,
    )
    return pl.DataFrame(
        [
            {
                "statement": statement,
                "ms": round(best[statement] - best["pass"]),
                "ms more than import polars": round(best[statement] - best["import polars"]),
            }
            for statement in STATEMENTS[1:]
        ]
    )
