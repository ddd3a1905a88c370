"""Print the tables: ``python -m tests.bench``."""

from __future__ import annotations

import polars as pl

from tests.bench.load import load_table


def main() -> None:
    """Measure, and print what was measured."""
    with pl.Config(tbl_formatting="MARKDOWN", tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_cols=-1, tbl_width_chars=200):
        print("\nLoad: a response's body to three frames, against json.loads and Polars by hand\n")
        print(load_table())


if __name__ == "__main__":
    main()
