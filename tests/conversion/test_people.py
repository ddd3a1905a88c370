"""Visitors are people: a person with several rows counts once, and the map and the explorer count the same way."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

import datafast_nb as dfn
from tests.conversion.tables import likelihood, visitors

ROWS = (
    {"visitor_id": "a", "device": "mobile", **likelihood(50, 0.6, 0.01, 1)},
    {"visitor_id": "a", "device": "mobile", **likelihood(50, 0.6, 0.02, 2)},
    {"visitor_id": "a", "device": "desktop", "is_customer": True},
    {"visitor_id": "b", "device": "desktop", "is_customer": True},
    {"visitor_id": "b", "device": "desktop", "is_customer": True},
    {"visitor_id": None, "device": "desktop", "is_customer": True},
    {"visitor_id": None, "device": "desktop"},
    {"visitor_id": "b", "device": "tablet"},
    {"visitor_id": "c", "device": "tablet"},
)
FRAME = visitors(*ROWS)
COUNTED = [("desktop", 4, 3, 4 / 5), ("mobile", 1, 0, 1 / 5), ("tablet", 2, 0, 2 / 5)]


def counted(table: pl.DataFrame) -> list[tuple[object, ...]]:
    return table.sort("device").select("device", "visitors", "customers", "share").rows()


def test_a_group_counts_people_and_sums_rows() -> None:
    table = dfn.breakdown(FRAME, "device")
    assert counted(table) == [tuple(row) for row in COUNTED]
    assert table.filter(device="mobile").select("scored", "expected_value").rows() == [(2, 3.0)]
    assert dfn.summary(FRAME).select("visitors", "customers", "prospects").rows() == [(5, 3, 2)]


def test_databases_count_alike() -> None:
    with duckdb.connect() as database:
        assert counted(dfn.breakdown(database.from_arrow(FRAME.to_arrow()), "device").pl()) == counted(
            dfn.breakdown(FRAME.lazy(), "device").collect()
        )


def test_somebody_in_two_of_the_others_is_one() -> None:
    table = dfn.breakdown(FRAME, "device", top=1, order_by="expected_value")
    assert table.select("device", "visitors", "customers", "is_other").rows() == [
        ("mobile", 1, 0, False),
        ("other", 5, 3, True),  # a, b, c and two without an id
    ]


def test_the_same_id_on_two_sites_is_two_people() -> None:
    frame = FRAME.with_columns(site=pl.Series(["x", "y", "y", "x", "x", "x", "x", "x", "x"]))
    assert dfn.breakdown(frame, "device").filter(device="mobile")["visitors"].item() == 2
    with duckdb.connect() as database:
        relation = dfn.breakdown(database.from_arrow(frame.to_arrow()), "device")
        assert counted(relation.pl()) == counted(dfn.breakdown(frame, "device"))


def test_a_frame_without_ids_counts_rows() -> None:
    assert dfn.breakdown(FRAME.drop("visitor_id"), "device").sort("device")["visitors"].to_list() == [5, 2, 2]


def test_a_snapshot_lists_somebody_twice_and_everything_counts_them_once() -> None:
    snap = dfn.Snapshot(FRAME)
    assert dfn.summary(snap).select("visitors", "expected_value").rows() == [(5, 1.0)]
    explorer = dfn.Explorer(snap, by="device", measure="visitors")
    assert explorer.table["visitors"].sum() == 5
    assert explorer.table["expected_value"].sum() == 1.0


def test_a_comparison_counts_people() -> None:
    table = dfn.compare(FRAME, FRAME, by="device")
    assert table.sort("device")["visitors_before"].to_list() == [4, 1, 2]


@pytest.mark.parametrize("name", ["breakdown", "drivers"])
def test_matched_dimensions_count_people(name: str) -> None:
    frame = FRAME.with_columns(dimension_matches=pl.lit(["device"]))
    table = dfn.drivers(frame, min_visitors=0) if name == "drivers" else dfn.breakdown(frame, "dimension_matches")
    assert table["visitors"].sum() == (7 if name == "drivers" else 5)
