"""Print the tables: ``python -m tests.bench``, or some of them: ``python -m tests.bench refresh "month map"``.

A name's first word alone stands for all that begin with it: ``python -m tests.bench month``.
"""

from __future__ import annotations

import sys

import polars as pl

from tests.bench.answers import answer_table
from tests.bench.breakdown import breakdown_table, parquet_table
from tests.bench.demo_site import body_table
from tests.bench.engines import engine_table
from tests.bench.first import first_table
from tests.bench.history import append_table, history_table
from tests.bench.importing import import_table
from tests.bench.load import drift_table, load_table
from tests.bench.memory import memory_table
from tests.bench.month import lively_recorder_table, map_table, still_recorder_table
from tests.bench.predicting import predict_table
from tests.bench.questions import question_table
from tests.bench.redacting import redact_table
from tests.bench.refresh import refresh_table

TABLES = {
    "load": ("From a response's body to three frames, against json.loads and Polars by hand", load_table),
    "drift": ("A body in which a field is of another type in every record, against a clean one", drift_table),
    "redact": ("Pseudonyms for visitors who all have names, against the keyed hashes alone", redact_table),
    "refresh": (
        "One refresh of the map in the kernel, against drawing every visitor with other libraries",
        refresh_table,
    ),
    "answers": ("What the live map does in the kernel, part by part", answer_table),
    "memory": ("A live map of 1,000 visitors, all of them others at each refresh", memory_table),
    "month still": (
        "A recorder of a site on which nothing happens: its memory after so many appends",
        still_recorder_table,
    ),
    "month lively": (
        "A recorder of a site on which much happens: its memory after so many appends",
        lively_recorder_table,
    ),
    "month map": ("A map, its client and a demo server in one process: their memory after so many polls", map_table),
    "breakdown": ("A breakdown by country and device, against the same in pandas and DuckDB", breakdown_table),
    "parquet": ("Peak memory of a breakdown of a Parquet file", parquet_table),
    "history": (
        "A month of snapshots, one every ten seconds; where fewer were measured, the figures are multiplied",
        history_table,
    ),
    "questions": ("Questions to a month of a site with 5,000 visits a day, as processor time", question_table),
    "engines": ("A year of that site, in Polars, DuckDB and a local Spark", engine_table),
    "append": ("Appending a snapshot to a history in a folder", append_table),
    "predict": ("A model's prediction for each prospect of a snapshot, against the same in pandas", predict_table),
    "first": ("How long the first cell of a fresh kernel takes to show what it shows", first_table),
    "demo": ("The first response of the demo site, beside msgspec's encoding of what it holds", body_table),
    "import": ("Importing, in a fresh interpreter", import_table),
}


def main(names: list[str]) -> None:
    """Measure, and print what was measured."""
    for name, (title, measure) in TABLES.items():
        if names and name not in names and name.split()[0] not in names:
            continue
        print(f"\n{title}\n")
        with pl.Config(
            tbl_formatting="MARKDOWN",
            tbl_hide_column_data_types=True,
            tbl_hide_dataframe_shape=True,
            tbl_cols=-1,
            tbl_rows=-1,
            tbl_width_chars=250,
            fmt_str_lengths=80,
        ):
            print(measure())


if __name__ == "__main__":
    main(sys.argv[1:])
