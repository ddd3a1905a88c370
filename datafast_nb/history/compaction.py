"""Merges the many small files that appending leaves into one for each hour of today, and one for each day before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from datafast_nb.history.tables import SORTED_BY, Name, Tables, files

if TYPE_CHECKING:
    from deltalake import DeltaTable

MOST_ROWS: Final = 2_000_000
"""Rows that are merged at once, and so in memory: about half a gigabyte."""


def compact(tables: Tables, table: DeltaTable, name: Name) -> None:
    """Merge the files of each closed day, and of each hour of the last day. Readers notice nothing."""
    for first, last, count in _groups(files(table)).iter_rows():
        if count > 1:
            tables.check_files(table, first, last, afresh=True)  # what is altered must not become a sound file
            span = tables.scan(table, name, first, last, every=True).filter(pl.col("seen_at").is_between(first, last))
            with tables.guarded("read"):
                rows = span.sort(SORTED_BY[name], nulls_last=True).collect()
            tables.replace(table, rows, first, last)


def _groups(found: pl.DataFrame) -> pl.DataFrame:
    """Return the files that belong together: the `first` and `last` moment of each group, and its number of `files`."""
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
