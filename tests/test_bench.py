"""The benchmarks run, and what they are about holds; the figures themselves are for ``python -m tests.bench``."""

from __future__ import annotations

from tests.bench.breakdown import breakdown_table, memory_table
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


def test_a_breakdown_is_what_one_computes_in_sql_and_not_much_slower_than_duckdb() -> None:
    table = breakdown_table(1_000_000, with_pandas=False).rows_by_key(["from", "by"], named=True, unique=True)
    assert table["memory", "DuckDB"]["times ours"] > 0.5, table
    assert table["Parquet", "DuckDB"]["times ours"] > 0.5, table


def test_a_breakdown_of_a_parquet_file_takes_less_memory_lazily() -> None:
    table = memory_table(3_000_000).rows_by_key("read", named=True, unique=True)
    peaks = {read: row["peak memory, MB"] - table["not at all"]["peak memory, MB"] for read, row in table.items()}
    assert peaks["lazily"] < peaks["eagerly"] / 2, table
