"""Engines that outgrow one machine read the same tables, and the same analysis runs on their frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.forecast.attribution import AttributionModel, credited
from datafast_nb.forecast.calibration import EDGES
from datafast_nb.forecast.cohorts import returned
from datafast_nb.forecast.counting import by_quarter
from datafast_nb.forecast.outcome_comparison import counted_by_hour
from datafast_nb.forecast.reliability import bins, scores
from datafast_nb.forecast.time_to_purchase import ended_after
from datafast_nb.history.tables import Tables
from tests.spark import collected

END = datetime(2026, 2, 6, 15, tzinfo=UTC)

# What counts: an append that was broken off has left rows which are later than the last poll.
STATES = "FROM visitors WHERE change <> 'left' AND seen_at <= (SELECT max(seen_at) FROM polls)"

# One row for each visit, as `history.sessions()` makes them, in SQL that both engines speak.
VISITS = f"""
SELECT min_by(device, seen_at) AS device, min_by(conversion_rate, seen_at) AS predicted,
    min_by(expected_value, seen_at) AS expected_value, 0.5e0 * count(*) AS value,
    NOT min_by(is_customer, seen_at) AND max_by(is_customer, seen_at) AS converted
{STATES} GROUP BY visitor_id, session_start_time
"""

OUTCOMES = pl.DataFrame(
    {
        "device": ["desktop", "mobile"] * 500,
        "predicted": [0.001 * (place % 97) for place in range(998)] + [None, float("nan")],
        "converted": [None] + [place % 13 == 0 for place in range(999)],
        "expected_value": [0.5 * (place % 7) for place in range(1_000)],
        "value": [9.0 if place % 13 == 0 else 0.0 for place in range(1_000)],
    }
)


class Engine(NamedTuple):
    """Asks in SQL, takes a Polars frame, and gives one back."""

    sql: Callable[[str], Any]
    frame: Callable[[pl.DataFrame], Any]
    collect: Callable[[Any], pl.DataFrame]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    recorded = dfn.demo.simulate(tmp_path_factory.mktemp("site"), 0.25, 2_000, end=END, progress=False)
    tables = Tables(recorded.location)
    visitors = tables.open("visitors")
    assert visitors is not None
    crumbs = tables.scan(visitors, "visitors").head(5).with_columns(seen_at=END.replace(hour=16)).collect()
    tables.append(visitors, crumbs.cast({"seen_at": pl.Datetime("us", "UTC")}))
    return recorded


def files(history: dfn.History, table: str) -> list[str]:
    """Return the files of a table as its log names them."""
    return DeltaTable(f"{history.location}/{table}").file_uris()


@pytest.fixture(scope="module", params=["DuckDB", "Spark"])
def engine(request: pytest.FixtureRequest, history: dfn.History) -> Iterator[Engine]:
    """Return an engine that sees the four tables by their names."""
    tables = {name: files(history, name) for name in history.info().rows}
    if request.param == "Spark":
        spark = request.getfixturevalue("spark")
        for name, paths in tables.items():
            spark.read.parquet(*paths).createOrReplaceTempView(name)
        yield Engine(spark.sql, lambda frame: spark.createDataFrame(frame.to_arrow()), collected)
        return
    with duckdb.connect() as database:
        for name, paths in tables.items():
            database.read_parquet(paths).create_view(name)
        yield Engine(database.sql, lambda frame: database.from_arrow(frame.to_arrow()), duckdb.DuckDBPyRelation.pl)


def same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert expected.height
    assert_frame_equal(found, expected, rel_tol=1e-9, abs_tol=1e-12)


def test_each_table_has_the_same_rows(engine: Engine, history: dfn.History) -> None:
    for name, count in history.info().rows.items():
        assert engine.collect(engine.sql(f"SELECT count(*) AS rows FROM {name}")).item() == count


def test_times_are_the_same_moments(engine: Engine, history: dfn.History) -> None:
    last = history.events().select(pl.col("timestamp", "seen_at").max().cast(pl.Datetime("us", "UTC"))).collect()
    found = engine.collect(engine.sql("SELECT max(timestamp) AS timestamp, max(seen_at) AS seen_at FROM events"))
    assert found.select(pl.all().dt.convert_time_zone("UTC")).rows() == last.rows()


def test_a_breakdown_of_the_visitors_is_the_same(engine: Engine, history: dfn.History) -> None:
    by = ["device", "channel"]
    found = engine.collect(dfn.breakdown(engine.sql(f"SELECT * {STATES}"), by))
    expected = dfn.breakdown(history.visitors(), by).collect()
    same(found.sort(by), expected.sort(by))  # groups of equal value differ in a sum's last digit


@pytest.mark.parametrize("make", [bins, scores])
def test_a_calibration_adds_up_the_visits_alike(engine: Engine, history: dfn.History, make: Any) -> None:
    visits = history.sessions().select(
        "device",
        "expected_value",
        predicted="conversion_rate",
        converted="became_customer",
        value=0.5 * pl.col("states"),
    )
    expected = make(visits, ["device"], EDGES).collect()
    assert expected["conversions"].sum() > 5
    same(engine.collect(make(engine.sql(VISITS), ["device"], EDGES)), expected)


@pytest.mark.parametrize("make", [bins, scores])
def test_a_calibration_leaves_out_what_is_missing_alike(engine: Engine, make: Any) -> None:
    expected = make(OUTCOMES, [], EDGES)
    assert expected["predictions"].sum() == 997
    same(make(OUTCOMES.lazy(), [], EDGES).collect(), expected)
    same(engine.collect(make(engine.frame(OUTCOMES), [], EDGES)), expected)


@pytest.mark.parametrize("model", ["first", "last", "linear", "position"])
def test_purchases_are_credited_alike(engine: Engine, history: dfn.History, model: AttributionModel) -> None:
    visits = history.visitors().select("visitor_id", "device", since="seen_at").collect()
    last = visits.group_by("visitor_id", maintain_order=True).agg(at=pl.col("since").max()).sort("visitor_id")
    sales = last.head(200).with_row_index("sale").cast({"sale": pl.Int64})
    expected = credited(visits, sales, ["device"], model).sort("sale", "device")
    assert expected["sale"].n_unique() == 200
    found = engine.collect(credited(engine.frame(visits), engine.frame(sales), ["device"], model))
    same(found.sort("sale", "device"), expected)


def test_who_comes_back_is_counted_alike(engine: Engine, history: dfn.History) -> None:
    visits = history.visitors().select("visitor_id", since="seen_at").collect()
    edges = [END - timedelta(hours=hours) for hours in (6, 5, 4, 3, 2, 1, 0)]
    expected = returned(visits, edges).sort("first", "later")
    assert expected.height > 4
    same(engine.collect(returned(engine.frame(visits), edges)).sort("first", "later"), expected)


def test_outcomes_are_counted_by_hour_alike(engine: Engine, history: dfn.History) -> None:
    visits = history.sessions().select(
        "utm_campaign", "device", hour=pl.col("first_seen").dt.hour().cast(pl.Int64), converted="became_customer"
    )
    by = ["utm_campaign", "device"]
    expected = counted_by_hour(visits, by).collect().sort(*by, "hour")
    assert expected["conversions"].sum() > 5
    same(engine.collect(counted_by_hour(engine.frame(visits.collect()), by)).sort(*by, "hour"), expected)


def test_times_to_a_purchase_are_counted_alike(engine: Engine, history: dfn.History) -> None:
    visits = history.sessions().select("device", hours=pl.col("states").cast(pl.Float64), bought="became_customer")
    expected = ended_after(visits, ["device"]).collect().sort("device", "hours")
    assert expected["purchases"].sum() > 5
    same(engine.collect(ended_after(engine.frame(visits.collect()), ["device"])).sort("device", "hours"), expected)


def test_what_happens_is_counted_by_the_quarter_of_an_hour_alike(engine: Engine) -> None:
    at = [END + timedelta(seconds=100 * place) for place in range(-100, 100)]  # each ninth is at an edge
    rows = pl.DataFrame({"at": at, "amount": [0.5] * 200}, schema_overrides={"at": pl.Datetime("us", "UTC")})
    expected = rows.group_by_dynamic("at", every="15m").agg(pl.col("amount").sum())
    found = engine.collect(by_quarter(engine.frame(rows))).sort("quarter")
    assert found["quarter"].to_list() == (expected["at"].dt.epoch("s") // 900).to_list()
    assert found["amount"].to_list() == expected["amount"].to_list()
    assert by_quarter(rows.lazy()).collect().sort("quarter").equals(found)
