"""A year of a busy site in Polars, DuckDB and Spark: how the time of the same questions grows with the months."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

import datafast_nb as dfn
from datafast_nb.forecast.calibration import EDGES
from datafast_nb.forecast.reliability import bins
from datafast_nb.history.sessions import sessions
from tests import spark

MONTH = timedelta(days=30)
BY = ["device", "channel"]

APPEARED = "SELECT * FROM visitors WHERE change = 'appeared'"

# One row for each visit, as `history.sessions()` makes them, in SQL that DuckDB and Spark speak.
SESSIONS = """
SELECT visitor_id, session_start_time, copy, min(if(change = 'left', NULL, seen_at)) AS first_seen,
    max(if(change = 'left', NULL, seen_at)) AS last_change, max(if(change = 'left', seen_at, NULL)) AS left_at,
    count(if(change = 'left', NULL, 1)) AS states,
    min_by(conversion_rate, if(change = 'left', NULL, seen_at)) AS predicted,
    min_by(expected_value, if(change = 'left', NULL, seen_at)) AS expected_value,
    max_by(current_url, if(change = 'left', NULL, seen_at)) AS exit_url,
    min_by(is_customer, if(change = 'left', NULL, seen_at)) AS was_customer,
    max_by(is_customer, if(change = 'left', NULL, seen_at)) AS is_customer
FROM visitors GROUP BY visitor_id, session_start_time, copy
"""
OUTCOMES = f"""SELECT predicted, expected_value, 0.5e0 * states AS value, NOT was_customer AND is_customer AS converted
FROM ({SESSIONS}) AS visits"""

ROWS_FETCHED = ("collect", "toPandas", "toArrow", "toLocalIterator", "take", "head", "first", "tail")
"""The methods of a Spark frame that bring rows to the driver."""

SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}

Run = Callable[[], Any]


def months_of(history: dfn.History, months: int, folder: Path) -> list[Path]:
    """Write a file of changes for each of some months: those of the history, of other visitors each time."""
    changes, files = history._changes(None, None).collect(), []
    for number in range(months):
        later = pl.col("seen_at", "session_start_time") + number * MONTH
        files.append(folder / f"visitors-{number:02}.parquet")
        changes.with_columns(later, pl.format("{}-{}", "visitor_id", pl.lit(number)).alias("visitor_id")).write_parquet(
            files[-1], row_group_size=100_000
        )
    return files


def by_polars(files: Sequence[Path], to: Path) -> Mapping[str, Run]:
    """Return the questions to Polars' streaming engine."""
    visits = sessions(pl.scan_parquet(files), complete=True)
    outcomes = visits.select(
        "expected_value", predicted="conversion_rate", value=0.5 * pl.col("states"), converted="became_customer"
    )
    return {
        "breakdown": lambda: dfn.breakdown(visits, BY).collect(engine="streaming"),
        "sessions": lambda: visits.sink_parquet(to / "polars.parquet"),
        "calibration": lambda: bins(outcomes, [], EDGES).collect(engine="streaming"),
    }


def by_duckdb(files: Sequence[Path], to: Path, database: duckdb.DuckDBPyConnection) -> Mapping[str, Run]:
    """Return the questions to DuckDB."""
    database.read_parquet([*map(str, files)]).create_view("visitors", replace=True)
    return {
        "breakdown": lambda: dfn.breakdown(database.sql(APPEARED), BY).pl(),
        "sessions": lambda: database.sql(SESSIONS).write_parquet(str(to / "duckdb.parquet")),
        "calibration": lambda: bins(database.sql(OUTCOMES), [], EDGES).pl(),
    }


def by_spark(files: Sequence[Path], to: Path, spark: Any) -> Mapping[str, Run]:
    """Return the questions to Spark."""
    spark.read.parquet(*map(str, files)).createOrReplaceTempView("visitors")
    return {
        "breakdown": lambda: dfn.breakdown(spark.sql(APPEARED), BY).toArrow(),
        "sessions": lambda: spark.sql(SESSIONS).write.mode("overwrite").parquet(str(to / "spark.parquet")),
        "calibration": lambda: bins(spark.sql(OUTCOMES), [], EDGES).toArrow(),
    }


@contextmanager
def counted_fetches() -> Iterator[list[int]]:
    """Note how many rows each call brings to Spark's driver."""
    from pyspark.sql.classic.dataframe import DataFrame

    fetched: list[int] = []
    is_inside = False

    def counting(fetch: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any, **options: Any) -> Any:
            nonlocal is_inside
            if is_inside:  # these call each other
                return fetch(*args, **options)
            is_inside = True
            try:
                rows = fetch(*args, **options)
            finally:
                is_inside = False
            fetched.append(len(rows) if hasattr(rows, "__len__") else 1)
            return rows

        return count

    kept = {name: getattr(DataFrame, name) for name in ROWS_FETCHED}
    for name, fetch in kept.items():
        setattr(DataFrame, name, counting(fetch))
    try:
        yield fetched
    finally:
        for name, fetch in kept.items():
            setattr(DataFrame, name, fetch)


def engine_table(months: Sequence[int] = (1, 3, 12), visitors_per_day: float = 5_000, days: float = 30) -> pl.DataFrame:
    """Return one row per question and number of months, with the seconds that each engine takes."""
    rows = []
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as database, spark.local("*", SETTINGS) as session:
        folder = Path(name)
        history = dfn.demo.simulate(folder / "site", days, visitors_per_day, seed=3, progress=False)
        every = months_of(history, max(months), folder)
        for number in months:
            files = every[:number]
            engines = {
                "Polars": by_polars(files, folder),
                "DuckDB": by_duckdb(files, folder, database),
                "Spark": by_spark(files, folder, session),
            }
            changes = pl.scan_parquet(files).select(pl.len()).collect().item()
            for question in engines["Polars"]:
                with counted_fetches() as fetched:
                    taken = {f"{engine}, s": _seconds(asked[question]) for engine, asked in engines.items()}
                rows.append(
                    {"question": question, "months": number, "changes": changes}
                    | taken
                    | {"rows at Spark's driver": sum(fetched)}
                )
    return pl.DataFrame(rows)


def _seconds(run: Run) -> float:
    """Return how long the faster of two runs takes."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return round(min(times), 2)
