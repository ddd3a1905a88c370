"""Merges the many small files left by appends into one for each hour of today, and one for each earlier day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from datafast_nb.history.tables import SORTED_BY, Name, Tables, files

if TYPE_CHECKING:
    from deltalake import DeltaTable

MOST_ROWS: Final = 2_000_000
"""The number of rows that are merged in memory at once: about half a gigabyte."""


def compact(tables: Tables, table: DeltaTable, name: Name) -> None:
    """Merge the files of each closed day, and of each hour of the last day. Readers are not affected."""
    for first, last, count in _groups(files(table)).iter_rows():
        if count > 1:
            tables.check_files(table, first, last, afresh=True)  # an altered file must not be rewritten as a valid one
            span = tables.scan(table, name, first, last, every=True).filter(pl.col("seen_at").is_between(first, last))
            with tables.guarded("read"):
                rows = span.sort(SORTED_BY[name], nulls_last=True).collect()
            tables.replace(table, rows, first, last)


def _groups(found: pl.DataFrame) -> pl.DataFrame:
    """Return the groups of files to merge: `first` and `last` moment, and the number of `files`."""
    day = pl.col("last").dt.truncate("1d")
    bucket = pl.when(day < day.max()).then(day).otherwise(pl.col("last").dt.truncate("1h"))
    return (
        found.sort("first")
        .with_columns(bucket=bucket)
        .with_columns(part=pl.col("rows").cum_sum().over("bucket") // MOST_ROWS)
        .group_by("bucket", "part", maintain_order=True)
        .agg(pl.col("first").min(), pl.col("last").max(), files=pl.len())
        .select("first", "last", "files")
    )
