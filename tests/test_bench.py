"""The benchmarks run, and what they are about holds; the figures themselves are for ``python -m tests.bench``."""

from __future__ import annotations

import gc
import sys
from importlib.util import find_spec
from itertools import pairwise

import polars as pl
import pytest

from datafast_nb.livemap.clusters import Viewport, cluster, marks
from datafast_nb.livemap.colors import Coloring
from datafast_nb.livemap.frame_state import FrameState
from tests.bench.answers import WORLD, answer_costs
from tests.bench.breakdown import breakdown_table, parquet_table
from tests.bench.counting import counted_comms
from tests.bench.history import append_table, history_table
from tests.bench.load import load_table
from tests.bench.moments import Turns, busy, crowd, passing
from tests.bench.refresh import (
    OURS,
    Cost,
    cost,
    displayed,
    live_map,
    one_feature_each,
    one_marker_each,
    refresh_table,
)


@pytest.fixture(scope="module")
def costs() -> dict[str, Cost]:
    """Measure a map of 100,000 visitors at as many places."""
    return answer_costs(100_000, crowd, rounds=2)


def test_loading_is_faster_than_by_hand() -> None:
    table = load_table((2_000,))
    assert table["times faster"].item() > 1.5, table


def test_a_refresh_of_100_000_visitors_sends_less_than_100_kB(costs: dict[str, Cost]) -> None:  # noqa: N802
    assert costs["changed"].kilobytes < 100
    assert costs["changed"].messages <= 2


def test_a_refresh_in_which_nothing_changed_sends_nothing_but_the_clock(costs: dict[str, Cost]) -> None:
    unchanged = costs["unchanged"]
    assert unchanged.states == {"clock"}
    assert unchanged.messages == 1
    assert unchanged.kilobytes < 0.2


def test_the_same_visitors_are_always_the_same_marks() -> None:
    # Many of them share a city, so a mean may lie where rounding could go either way.
    visitors, viewport = FrameState(busy(1_000)).visitors, Viewport(**WORLD)
    drawn = {str(marks(cluster(visitors, viewport), Coloring())) for _ in range(500)}
    assert len(drawn) == 1


def test_a_zoom_is_answered_with_the_clusters_alone(costs: dict[str, Cost]) -> None:
    assert costs["zoom"].states == {"clusters"}
    assert costs["zoom"].kilobytes < costs["changed"].kilobytes / 3
    assert costs["zoom"].milliseconds < costs["changed"].milliseconds / 3


def test_clustering_and_diffing_are_far_less_work_than_to_go_through_the_visitors(costs: dict[str, Cost]) -> None:
    visitors = crowd(100_000).visitors
    assert costs["digest"].milliseconds < cost(visitors.rows, rounds=2).milliseconds / 5


def test_a_hundred_times_the_visitors_are_hardly_more_to_send(costs: dict[str, Cost]) -> None:
    few = answer_costs(1_000, crowd, rounds=1)
    assert costs["changed"].kilobytes < 1.5 * few["changed"].kilobytes


def test_a_feature_for_each_visitor_costs_more_work_and_far_more_bytes() -> None:
    table = refresh_table((10_000,), {OURS: live_map, "theirs": one_feature_each}, crowd, rounds=3)
    theirs = table.row(1, named=True)
    assert theirs["times our CPU"] > 1.3, table
    assert theirs["times our bytes"] > 10, table


def test_a_marker_for_each_visitor_costs_more_work_bytes_and_messages() -> None:
    table = refresh_table((1_000,), {OURS: live_map, "theirs": one_marker_each}, crowd, rounds=2)
    theirs = table.row(1, named=True)
    assert theirs["times our CPU"] > 2, table
    assert theirs["times our bytes"] > 5, table
    assert theirs["messages"] > 1_000, table


def scenes() -> int:
    """Count the scenes that are kept, by maps of other tests too."""
    gc.collect()
    return sum(isinstance(each, FrameState) for each in gc.get_objects())


def test_memory_is_flat_over_hundreds_of_refreshes() -> None:
    before = scenes()
    with counted_comms(), displayed(Turns(passing(100))) as (_, refresh):
        blocks = []
        for number in range(1, 401):
            refresh()
            if number % 100 == 0:
                gc.collect()
                blocks.append(sys.getallocatedblocks())
        kept = scenes() - before
    assert kept <= 2, "the last one, and the one before while its drawing ends"
    # What a refresh keeps shows in every hundred of them; what else goes on in this process only in some.
    assert min(later - earlier for earlier, later in pairwise(blocks)) < 200, "every refresh keeps something"


def test_a_breakdown_is_what_one_computes_in_sql_not_much_slower_than_in_duckdb_or_in_pandas() -> None:
    # A tenth of the benchmark's rows, where what a call costs by itself still shows.
    least = {"DuckDB": 0.3, "pandas": 0.8}
    table = breakdown_table(1_000_000, with_pandas=find_spec("pandas") is not None)
    for row in table.filter(pl.col("by") != "datafast_nb").iter_rows(named=True):
        assert row["times ours"] > least[row["by"]], table


def test_a_history_is_small_and_quick_beside_every_snapshot_kept_whole() -> None:
    table = history_table(0.2, 300, 12)
    ours, parquet, json = table.rows(named=True)
    assert ours["bytes a row"] < 40, table
    assert parquet["times ours"] > 30, table
    assert json["times ours"] > 150, table
    assert parquet["breakdown of all visits, s"] > 3 * ours["breakdown of all visits, s"], table


def test_an_append_costs_little_more_than_writing_its_rows() -> None:
    table = append_table(1_000, 40)
    assert table["ms"][0] < 5 * table["ms"][1], table


def test_a_breakdown_of_a_parquet_file_takes_less_than_half_of_the_memory_lazily() -> None:
    table = parquet_table(6_000_000).rows_by_key("read", named=True, unique=True)
    peaks = {read: row["peak memory, MB"] - table["not at all"]["peak memory, MB"] for read, row in table.items()}
    assert peaks["lazily"] < peaks["eagerly"] / 2, table
