"""The benchmarks run, and what they are about holds; the figures themselves are for ``python -m tests.bench``."""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb import Snapshot
from datafast_nb.livemap.clusters import Viewport, cluster, marks
from datafast_nb.livemap.colors import Coloring
from datafast_nb.livemap.frame_state import FrameState
from tests.bench.answers import WORLD, answer_costs, zooming
from tests.bench.breakdown import breakdown_table, parquet_table
from tests.bench.counting import counted_comms
from tests.bench.engines import by_duckdb, by_polars, months_of
from tests.bench.history import append_table, history_table
from tests.bench.load import load_table
from tests.bench.moments import Turns, busy, crowd, drifting, passing
from tests.bench.month import Run, lively, month_table, polling
from tests.bench.predicting import predict_table
from tests.bench.questions import question_table
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
from tests.responses import of_visitors


@pytest.fixture(scope="module")
def costs() -> dict[str, Cost]:
    """Measure a map of 100,000 visitors at as many places."""
    return answer_costs(100_000, crowd, rounds=2)


def test_loading_is_faster_than_by_hand() -> None:
    table = load_table((2_000,))
    assert table["times faster"].item() > 1.5, table


def test_predicting_gives_the_same_as_by_hand_and_is_faster() -> None:
    table = predict_table((20_000,), rounds=3)
    assert table["times faster"].item() > 1.5, table


# A response that has other types than it should have, in every record.
DRIFTS: Final[dict[str, tuple[type | tuple[type, ...], Callable[[Any], object]]]] = {
    "numbers for texts": (str, lambda _: 7),
    "lists of texts": (str, lambda value: [value]),
    "objects for texts": (str, lambda value: {"value": value}),
    "words for numbers": ((int, float), lambda _: "n/a"),
    "lists of numbers": ((int, float), lambda value: [value]),
    "words for flags": (bool, lambda _: "maybe"),
}


def drifted(value: Any, kind: type | tuple[type, ...], other: Callable[[Any], object]) -> Any:
    """Return a JSON value with other values for all of a kind."""
    if isinstance(value, dict):
        return {name: drifted(member, kind, other) for name, member in value.items()}
    if isinstance(value, list):
        return [drifted(member, kind, other) for member in value]
    return other(value) if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) else value


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_of_all_values_of_a_kind_costs_at_most_four_times_a_clean_body(drift: str) -> None:
    clean = of_visitors(3_000)
    response = json.loads(clean)
    body = json.dumps({**response, "data": drifted(response["data"], *DRIFTS[drift])})
    with warnings.catch_warnings(action="ignore"):
        assert Snapshot.from_json(body).problem_count > 9_000
        # Each beside the other, as a machine is not always as fast.
        ratios = [cpu(Snapshot.from_json, body) / cpu(Snapshot.from_json, clean) for _ in range(7)]
    assert statistics.median(ratios) <= 4, ratios


def cpu(read: Callable[[Any], object], body: bytes | str) -> float:
    """Measure how many seconds of the processor it takes to read a body."""
    begun = time.process_time()
    read(body)
    return time.process_time() - begun


def test_a_refresh_of_100_000_visitors_sends_less_than_25_kB(costs: dict[str, Cost]) -> None:  # noqa: N802
    assert costs["changed"].most_kilobytes < 25
    assert costs["changed"].messages <= 2


@pytest.mark.parametrize("visitors", [1_000, 100_000])
def test_a_refresh_in_which_a_tenth_changed_sends_less_than_5_kB(visitors: int) -> None:  # noqa: N802
    with counted_comms(), displayed(Turns(drifting(visitors))) as (live, refresh):
        zooming(live)()
        refresh()
        sent = cost(refresh, rounds=12)
    assert sent.kilobytes < 5
    assert sent.most_kilobytes < 15  # now and then, all of it


def test_a_refresh_in_which_nothing_changed_sends_nothing_but_the_clock(costs: dict[str, Cost]) -> None:
    unchanged = costs["unchanged"]
    assert unchanged.states == {"clock"}
    assert unchanged.messages == 1
    assert unchanged.kilobytes < 0.2


def test_the_same_visitors_are_always_the_same_marks() -> None:
    # Many of them share a city, so a mean may lie where rounding could go either way.
    visitors, viewport = FrameState(busy(1_000)).visitors, Viewport(**WORLD)
    drawn = {str(marks(cluster(visitors, viewport), viewport, Coloring())) for _ in range(200)}
    assert len(drawn) == 1


def test_a_zoom_is_answered_with_the_clusters_and_their_scale_alone(costs: dict[str, Cost]) -> None:
    assert costs["zoom"].states <= {"clusters", "legend"}
    assert costs["zoom"].kilobytes < costs["changed"].kilobytes / 2
    assert costs["zoom"].milliseconds < costs["changed"].milliseconds / 2


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
        for number in range(1, 241):
            refresh()
            if number % 60 == 0:
                gc.collect()
                blocks.append(sys.getallocatedblocks())
        kept = scenes() - before
    assert kept <= 2, "the last one, and the one before while its drawing ends"
    # What a refresh keeps shows in each sixty of them; what else goes on in this process only in some.
    assert min(later - earlier for earlier, later in pairwise(blocks)) < 120, "every refresh keeps something"


@pytest.mark.parametrize("run", [lively, polling])
def test_a_long_run_is_measured_at_each_mark(run: Run) -> None:
    table = month_table(run, (2, 4, 6))
    assert table.columns == ["memory", "after 2", "after 4", "after 6"]
    assert table["after 6"].min() > 0, table  # type: ignore[operator]


def test_a_breakdown_is_what_one_computes_in_sql_not_much_slower_than_in_duckdb_or_in_pandas() -> None:
    # A tenth of the benchmark's rows, where what a call costs by itself still shows.
    least = {"DuckDB": 0.3, "pandas": 0.8}
    table = breakdown_table(1_000_000, rounds=3, with_pandas=find_spec("pandas") is not None)
    for row in table.filter(pl.col("by") != "datafast_nb").iter_rows(named=True):
        assert row["times ours"] > least[row["by"]], table


def test_a_history_is_small_and_quick_beside_every_snapshot_kept_whole() -> None:
    table = history_table(0.2, 300, 12)
    ours, parquet, json = table.rows(named=True)
    assert ours["bytes a row"] < 40, table
    assert parquet["times ours"] > 30, table
    assert json["times ours"] > 150, table
    assert parquet["breakdown of all visits, s"] > 3 * ours["breakdown of all visits, s"], table


def test_questions_to_a_history_have_the_same_answers_in_duckdb() -> None:
    table = question_table(0.2, 500, 1)
    assert table["CPU, ms"].min() > 0, table  # type: ignore[operator]


def test_months_of_a_history_give_the_same_in_polars_and_duckdb(tmp_path: Path) -> None:
    history = dfn.demo.simulate(tmp_path / "site", 0.2, 500, progress=False)
    files = months_of(history, 3, tmp_path)
    visits = history.sessions().collect().height
    with duckdb.connect() as database:
        ours, theirs = by_polars(files, tmp_path), by_duckdb(files, tmp_path, database)
        assert ours["breakdown"]()["visitors"].sum() == theirs["breakdown"]()["visitors"].sum() >= 3
        assert_frame_equal(ours["calibration"](), theirs["calibration"](), rel_tol=1e-9)
        theirs["sessions"]()
    ours["sessions"]()
    assert [pl.read_parquet(tmp_path / f"{it}.parquet").height for it in ("polars", "duckdb")] == [3 * visits] * 2


def test_an_append_costs_little_more_than_writing_its_rows() -> None:
    table = append_table(1_000, 20)
    assert table["ms"][0] < 5 * table["ms"][1], table


def test_a_breakdown_of_a_parquet_file_takes_less_than_half_of_the_memory_lazily() -> None:
    table = parquet_table(6_000_000).rows_by_key("read", named=True, unique=True)
    peaks = {read: row["peak memory, MB"] - table["not at all"]["peak memory, MB"] for read, row in table.items()}
    assert peaks["lazily"] < peaks["eagerly"] / 2, table
