"""The benchmarks run, and what they are about holds; the figures themselves are for ``python -m tests.bench``."""

from __future__ import annotations

import duckdb
import pytest

from datafast_nb import breakdown
from tests.bench.breakdown import BASELINE, BY, FIGURES, by_duckdb, memory_table, visitors
from tests.bench.load import load_table
from tests.bench.refresh import refresh_table


def test_loading_is_faster_than_by_hand() -> None:
    table = load_table((2_000,))
    assert table["times faster"].item() > 1.5, table


def test_a_refresh_sends_less_than_a_feature_for_each_visitor_and_hardly_more_at_ten_times_the_visitors() -> None:
    table = refresh_table((500, 5_000)).rows_by_key(["visitors", "drawn as"], named=True, unique=True)
    few, many = (table[size, "datafast_nb"]["sent, kB"] for size in (500, 5_000))
    assert many < 2 * few
    assert many < table[5_000, "a GeoJSON feature each"]["sent, kB"] / 10
    assert table[500, "a CircleMarker each"]["messages"] > 500


def test_a_breakdown_gives_what_one_computes_by_hand_in_sql() -> None:
    data = visitors(20_000)
    table = breakdown(data, BY, baseline=BASELINE).select(*BY, *FIGURES)
    with duckdb.connect() as database:
        database.from_arrow(data.to_arrow()).create("visitors")
        by_hand = by_duckdb(database, "visitors")
    assert [row[:2] for row in table.iter_rows()] == [row[:2] for row in by_hand]
    for row, expected in zip(table.iter_rows(), by_hand, strict=True):
        assert row[2:] == pytest.approx(tuple(map(float, expected[2:])), rel=1e-9)


def test_a_breakdown_of_a_parquet_file_takes_less_memory_lazily() -> None:
    table = memory_table(3_000_000).rows_by_key("read", named=True, unique=True)
    peaks = {read: row["peak memory, MB"] - table["not at all"]["peak memory, MB"] for read, row in table.items()}
    assert peaks["lazily"] < peaks["eagerly"] / 2, table
