"""A grid counts and sums what grouping by its cells does."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafast_nb.livemap.grid import Grid

WHOLE = (0.0, 0.0, 1.0, 1.0)
PLACES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 1), st.one_of(st.none(), st.floats(-1e6, 1e6))),
    max_size=40,
)


def grid_of(places: pl.DataFrame, box: tuple[float, float, float, float], across: int) -> Grid:
    return Grid(places["x"].to_numpy(), places["y"].to_numpy(), box, across)


def rows(*places: tuple[float | None, float | None, float | None]) -> pl.DataFrame:
    schema = {"x": pl.Float64, "y": pl.Float64, "value": pl.Float64}
    return pl.DataFrame(list(places), schema=schema, orient="row")


@given(PLACES, st.integers(1, 50))
def test_a_grid_of_the_world_is_what_grouping_gives(
    places: list[tuple[float, float, float | None]], across: int
) -> None:
    frame = rows(*places)
    column, row = ((pl.col(axis) * across).floor().cast(pl.Int64).alias(axis) for axis in "xy")
    expected = (
        frame.group_by(column, row)
        .agg(visitors=pl.len(), mean=pl.col("value").mean())
        .sort("visitors", "y", "x", descending=[True, False, False])
    )
    grid = grid_of(frame, WHOLE, across)
    assert (grid.columns.tolist(), grid.rows.tolist()) == (expected["x"].to_list(), expected["y"].to_list())
    assert grid.visitors.tolist() == expected["visitors"].to_list()
    means = grid.means(frame["value"].to_numpy())
    assert means == pytest.approx(expected["mean"].to_numpy(), rel=1e-9, abs=1e-6, nan_ok=True)
    assert [*map(tuple, np.column_stack([grid.columns, grid.rows])[grid.owners()].tolist())] == [
        (math.floor(x * across), math.floor(y * across)) for x, y, _ in places
    ]


@pytest.mark.parametrize(
    ("box", "copies"),
    [((0.9, 0.0, 1.3, 1.0), [1, 0]), ((-0.2, 0.0, 0.2, 1.0), [0, -1]), ((0.0, 0.0, 1.0, 1.0), [0, 0])],
)
def test_a_cell_is_on_the_copy_of_the_world_that_is_nearest(
    box: tuple[float, float, float, float], copies: list[int]
) -> None:
    grid = grid_of(rows((0.05, 0.5, 1), (0.05, 0.5, 1), (0.95, 0.5, 1)), box, 10)
    assert grid.columns.tolist() == [0, 9]
    assert grid.copies.tolist() == copies


def test_who_is_elsewhere_or_nowhere_is_not_inside() -> None:
    frame = rows((0.5, 0.5, 2.0), (0.9, 0.5, 4.0), (0.5, 0.95, 4.0), (None, None, 8.0), (0.5, None, 8.0))
    grid = grid_of(frame, (0.4, 0.4, 0.6, 0.6), 100)
    assert grid.inside.tolist() == [0]
    assert grid.sums(frame["value"].to_numpy()).tolist() == [2.0]


def test_a_grid_without_anybody_has_no_cells() -> None:
    frame = rows()
    grid = grid_of(frame, WHOLE, 10)
    assert grid.visitors.tolist() == grid.columns.tolist() == grid.owners().tolist() == []
    assert grid.sums(frame["value"].to_numpy()).tolist() == []
    assert grid.means(frame["value"].to_numpy()).tolist() == []
