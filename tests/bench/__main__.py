"""Print the tables: ``python -m tests.bench``."""

from __future__ import annotations

import sys

import polars as pl

from tests.bench.breakdown import breakdown_table, memory_table
from tests.bench.importing import import_table
from tests.bench.load import load_table
from tests.bench.refresh import refresh_table

TABLES = {
    "load": ("From a response's body to three frames, against json.loads and Polars by hand", load_table),
    "refresh": ("One refresh of the map in the kernel, against the usual ways with ipyleaflet", refresh_table),
    "breakdown": ("A breakdown by country and device, against the same in pandas and DuckDB", breakdown_table),
    "memory": ("Peak memory of a breakdown of a Parquet file", memory_table),
    "import": ("Importing, in a fresh interpreter", import_table),
}


def main(names: list[str]) -> None:
    """Measure, and print what was measured."""
    for name in names or TABLES:
        title, measure = TABLES[name]
        print(f"\n{title}\n")
        with pl.Config(
            tbl_formatting="MARKDOWN",
            tbl_hide_column_data_types=True,
            tbl_hide_dataframe_shape=True,
            tbl_cols=-1,
            tbl_rows=-1,
            tbl_width_chars=200,
            fmt_str_lengths=80,
        ):
            print(measure())


if __name__ == "__main__":
    main(sys.argv[1:])
