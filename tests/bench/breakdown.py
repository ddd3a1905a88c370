"""A breakdown by two dimensions, against the same in pandas and in DuckDB; and what it costs in memory from Parquet."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from datafast_nb import Baseline, breakdown
from datafast_nb.conversion import MEASURES, SHRINKAGE
from tests.bench.timing import best_milliseconds

if TYPE_CHECKING:
    import pandas as pd

Way = Callable[[], Any]

OURS = "datafast_nb"
BY = ["country_code", "device"]
BASELINE = Baseline(conversion_rate=0.025, average_value=100.0)
PREDICTIONS = ("score", "confidence", "conversion_rate", "expected_value")
BOUNDS = ("expected_conversions_low", "expected_conversions_high")
COMPARED = tuple(name for name in MEASURES if name not in {*SHRINKAGE, *BOUNDS})
COUNTRIES = 100

# The same figures, as one would write them in SQL. Numbers that are not finite and customers are left out.
QUERY = """
WITH measured AS (
    SELECT country_code, device, coalesce(is_customer, false) AS customer,
        NOT customer AND isfinite(score) AS counted,
        CASE WHEN counted THEN score END AS score,
        CASE WHEN counted AND isfinite(confidence) THEN confidence END AS confidence,
        CASE WHEN counted AND isfinite(conversion_rate) THEN conversion_rate END AS rate,
        CASE WHEN counted AND isfinite(expected_value) THEN expected_value END AS value
    FROM {visitors}
), grouped AS (
    SELECT country_code, device, count(*) AS visitors, sum(customer::INT) AS customers, count(measured.score) AS scored,
        sum((measured.confidence >= 0.5)::INT) AS confident, avg(measured.score) AS score,
        avg(measured.confidence) AS confidence, avg(rate) AS predicted_rate,
        1.959963984540054 * stddev_samp(rate) / sqrt(count(rate)) AS margin,
        sum(rate) AS expected_conversions, sum(value) AS expected_value
    FROM measured GROUP BY ALL
)
SELECT country_code, device, visitors, visitors / sum(visitors) OVER () AS share, customers, scored, confident, score,
    confidence, predicted_rate, greatest(predicted_rate - margin, 0) AS predicted_rate_low,
    least(predicted_rate + margin, 1) AS predicted_rate_high, predicted_rate / 0.025 AS lift,
    coalesce(expected_conversions, 0) AS expected_conversions, coalesce(expected_value, 0) AS expected_value,
    expected_value / nullif(scored, 0) AS value_per_visitor
FROM grouped ORDER BY expected_value DESC, country_code, device
"""


def visitors(rows: int) -> pl.DataFrame:
    """Return visitors with the columns that a breakdown by country and device needs."""
    uniform = [pl.int_range(rows, eager=True).hash(place).cast(pl.Float64) / 2**64 for place in range(7)]
    place, device, customer, scored, one, two, three = uniform
    codes = pl.Series([f"{chr(65 + code // 10)}{chr(65 + code % 10)}" for code in range(COUNTRIES)])
    rate = one * two * 0.1
    prediction = pl.DataFrame(
        {"score": three * 100, "confidence": one, "conversion_rate": rate, "expected_value": rate * 100}
    )
    return pl.DataFrame(
        {
            "country_code": codes.gather((place**3 * COUNTRIES).cast(pl.UInt32)),
            "device": pl.Series(["desktop", "mobile", "tablet"]).gather((device**2 * 3).cast(pl.UInt32)),
            "is_customer": customer < 0.05,
        }
    ).hstack(prediction.select(pl.when(scored < 0.94).then(pl.all())))


def by_pandas(data: pd.DataFrame) -> pd.DataFrame:
    """Compute the same figures as one would in pandas."""
    import numpy as np

    customer = data["is_customer"].fillna(False).astype(bool)
    counted = ~customer & np.isfinite(data["score"])
    measured = data[BY].assign(
        customer=customer, **{name: data[name].where(counted & np.isfinite(data[name])) for name in PREDICTIONS}
    )
    measured["confident"] = measured["confidence"] >= 0.5
    groups = measured.groupby(BY, dropna=False)
    table = groups.agg(
        visitors=("customer", "size"),
        customers=("customer", "sum"),
        scored=("score", "count"),
        confident=("confident", "sum"),
        score=("score", "mean"),
        confidence=("confidence", "mean"),
        predicted_rate=("conversion_rate", "mean"),
        deviation=("conversion_rate", "std"),
        rates=("conversion_rate", "count"),
        expected_conversions=("conversion_rate", "sum"),
        expected_value=("expected_value", "sum"),
    ).reset_index()
    margin = 1.959963984540054 * table["deviation"] / np.sqrt(table["rates"])
    table["share"] = table["visitors"] / table["visitors"].sum()
    table["predicted_rate_low"] = (table["predicted_rate"] - margin).clip(0, 1)
    table["predicted_rate_high"] = (table["predicted_rate"] + margin).clip(0, 1)
    table["lift"] = table["predicted_rate"] / 0.025
    table["value_per_visitor"] = table["expected_value"] / table["scored"].where(table["scored"] > 0)
    order = ["expected_value", *BY]
    return table.sort_values(order, ascending=[False, True, True])[[*BY, *COMPARED]]


def by_duckdb(database: duckdb.DuckDBPyConnection, source: str) -> list[tuple[Any, ...]]:
    """Compute the same figures as one would in DuckDB."""
    return database.execute(QUERY.format(visitors=source)).fetchall()


def ways_of(path: Path, database: duckdb.DuckDBPyConnection, *, with_pandas: bool) -> dict[tuple[str, str], Way]:
    """Return what is to be timed, by where the data are and what computes."""
    data, file = pl.read_parquet(path), f"read_parquet('{path}')"
    database.execute(f"CREATE TABLE visitors AS SELECT * FROM {file}")
    ways: dict[tuple[str, str], Way] = {
        ("memory", OURS): lambda: breakdown(data, BY, baseline=BASELINE, ci="normal"),
        ("memory", "DuckDB"): lambda: by_duckdb(database, "visitors"),
        ("Parquet", OURS): lambda: breakdown(pl.scan_parquet(path), BY, baseline=BASELINE, ci="normal").collect(),
        ("Parquet", "DuckDB"): lambda: by_duckdb(database, file),
    }
    if with_pandas:
        import pandas as pd

        frame = pd.read_parquet(path)
        ways["memory", "pandas"] = lambda: by_pandas(frame)
        ways["Parquet", "pandas"] = lambda: by_pandas(pd.read_parquet(path))
    return ways


def rows_of(result: Any) -> list[tuple[Any, ...]]:
    """Return a table's groups and contract figures as plain rows."""
    if isinstance(result, pl.DataFrame):
        return result.select(*BY, *COMPARED).rows()
    return result if isinstance(result, list) else list(result.itertuples(index=False, name=None))


def breakdown_table(rows: int = 10_000_000, rounds: int = 5, *, with_pandas: bool = True) -> pl.DataFrame:
    """Return one row per way and place of the data, with the time of each and the ratio to the package's."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        path = Path(folder) / "visitors.parquet"
        visitors(rows).write_parquet(path)
        ways = ways_of(path, database, with_pandas=with_pandas)
        expected = rows_of(ways["memory", OURS]())
        for way in ways.values():
            assert_same(rows_of(way()), expected)
        best = best_milliseconds({" ".join(way): run for way, run in ways.items()}, rounds)
    return pl.DataFrame(
        [
            {
                "visitors": rows,
                "from": place,
                "by": name,
                "ms": round(best[f"{place} {name}"], 1),
                "times ours": round(best[f"{place} {name}"] / best[f"{place} {OURS}"], 2),
            }
            for place, name in sorted(ways)
        ]
    )


def assert_same(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    """See to it that all ways compute the same, before their times are compared."""
    assert [row[: len(BY)] for row in found] == [row[: len(BY)] for row in expected]
    for one, other in zip(found, expected, strict=True):
        figures = zip(one[len(BY) :], other[len(BY) :], strict=True)
        assert all(math.isclose(float(a), float(b), rel_tol=1e-9) for a, b in figures), (one, other)


_MEASURED = """
import re, sys
import polars as pl
from datafast_nb import breakdown
read, path = sys.argv[1:]
if read == "eagerly":
    breakdown(pl.read_parquet(path), ["country_code", "device"])
elif read == "lazily":
    breakdown(pl.scan_parquet(path), ["country_code", "device"]).collect()
try:  # on Linux ru_maxrss begins with what the parent process had when it forked
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
except OSError:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1))
"""


def parquet_table(rows: int = 10_000_000) -> pl.DataFrame:
    """Return one row for each way to read a Parquet file, with the peak memory of a process that does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visitors.parquet"
        visitors(rows).write_parquet(path)
        peaks = {read: _peak_megabytes(read, path) for read in ("not at all", "eagerly", "lazily")}
    return pl.DataFrame(
        [
            {
                "visitors": rows,
                "read": read,
                "peak memory, MB": round(peak, 1),
                "of the eager one's": round(peak / peaks["eagerly"], 2),
            }
            for read, peak in peaks.items()
        ]
    )


def _peak_megabytes(read: str, path: Path) -> float:
    """Run a breakdown in a process of its own, and give the most memory it had."""
    command = [sys.executable, "-c", _MEASURED, read, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024 / 1e6
