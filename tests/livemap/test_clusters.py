"""Visitors are grouped into cells that are bounded by the screen, wherever they are."""

from __future__ import annotations

import itertools
import json
import math

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datafast_nb as dfn
from datafast_nb.livemap.clusters import (
    CELL_PIXELS,
    DEEPEST,
    MOST_CELLS,
    MOST_GRID,
    WORLD,
    Viewport,
    bounds,
    cluster,
    marks,
    members,
    project,
    weights,
)
from datafast_nb.livemap.colors import DIVERGING, NO_SCORE, RADII, Coloring
from datafast_nb.widgets.protocol import Clusters, Heat
from tests.livemap.sources import NOON, visitors

SCREEN = Viewport(zoom=2.25, south=-40, west=-200, north=75, east=220)


def at(*places: tuple[float | None, float | None], **columns: object) -> pl.DataFrame:
    """Put one visitor at each latitude and longitude."""
    frame = visitors(len(places), is_customer=False, **columns)
    latitudes, longitudes = (pl.Series(values, dtype=pl.Float64) for values in zip(*places, strict=True))
    return frame.with_columns(latitude=latitudes, longitude=longitudes)


def drawn(frame: pl.DataFrame) -> Clusters:
    """Return the marks of some visitors on the map of the world."""
    return marks(cluster(project(frame), WORLD), WORLD, Coloring())


def test_everyone_with_a_place_is_counted_once() -> None:
    clusters = cluster(project(visitors(5000)), WORLD)
    assert clusters["visitors"].sum() == 5000
    assert clusters["id"].n_unique() == clusters.height


def test_a_cluster_lies_at_the_mean_place_of_its_members() -> None:
    clusters = cluster(project(at((48.0, 11.0), (48.0, 11.0), (48.3, 11.3))), WORLD)
    assert clusters.select("visitors", "latitude", "longitude").row(0) == pytest.approx((3, 48.1, 11.1))


def test_customers_are_counted_and_left_out_of_the_score() -> None:
    frame = at((10.0, 10.0), (10.0, 10.0), score=pl.Series([20.0, 100.0])).with_columns(
        is_customer=pl.Series([False, True])
    )
    row = cluster(project(frame), WORLD).row(0, named=True)
    assert (row["visitors"], row["customers"], row["score"], row["expected_value"]) == (2, 1, 20.0, 1.5)


def test_a_visitor_of_unknown_standing_is_no_customer() -> None:
    row = cluster(project(visitors(1, is_customer=None)), WORLD).row(0, named=True)
    assert row["customers"] == 0


@pytest.mark.parametrize("place", [(None, 1.0), (1.0, None), (math.nan, 1.0), (1.0, math.inf), (None, None)])
def test_who_has_no_place_is_not_drawn(place: tuple[float | None, float | None]) -> None:
    placed = project(at(place))
    assert placed.select("x", "y").row(0) == (None, None)
    assert cluster(placed, WORLD).height == 0
    assert bounds(placed) is None


def test_the_poles_lie_on_the_edge_of_the_projection() -> None:
    placed = project(at((90.0, 0.0), (-90.0, 0.0)))
    assert placed["y"].to_list() == pytest.approx([0.0, 1.0], abs=1e-9)
    assert cluster(placed, Viewport(0, -90, -180, 90, 180))["visitors"].sum() == 2


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=30), st.floats(0, 12))
def test_any_place_is_in_exactly_one_cluster_of_the_whole_world(places: list[tuple[float, float]], zoom: float) -> None:
    everywhere = Viewport(zoom, -90, -180, 90, 180)
    assert cluster(project(at(*places)), everywhere)["visitors"].sum() == len(places)


def test_visitors_on_both_sides_of_the_date_line_are_seen_beside_each_other() -> None:
    fiji = project(at((-17.0, 179.9), (-17.0, -179.9)))
    for middle in (180.0, -180.0, 540.0):
        clusters = cluster(fiji, Viewport(5, -25, middle - 10, -10, middle + 10))
        assert clusters["visitors"].sum() == 2
        assert clusters["longitude"].is_between(middle - 1, middle + 1).all()


def test_a_map_wider_than_the_world_draws_nobody_twice() -> None:
    clusters = cluster(project(visitors(2000)), Viewport(1, -60, -500, 80, 500))
    assert clusters["visitors"].sum() == 2000


def test_what_is_outside_the_view_is_left_out() -> None:
    clusters = cluster(project(at((48.0, 11.0), (-33.0, 151.0))), Viewport(5, 40, 0, 55, 25))
    assert clusters["latitude"].to_list() == [48.0]


def test_a_cluster_at_the_edge_counts_all_its_members() -> None:
    placed = project(visitors(20_000))
    whole = {row["id"]: row["visitors"] for row in cluster(placed, SCREEN).iter_rows(named=True)}
    moved = Viewport(SCREEN.zoom, SCREEN.south, SCREEN.west + 3, SCREEN.north, SCREEN.east + 3)
    for row in cluster(placed, moved).iter_rows(named=True):
        assert whole.get(row["id"], row["visitors"]) == row["visitors"]


@pytest.mark.parametrize("zoom", [0, 1.25, 2.25, 5, 12])
def test_the_number_of_clusters_is_bounded_by_the_screen(zoom: float) -> None:
    width, height = 1600 * 360 / 256 / 2**zoom, 460 * 180 / 256 / 2**zoom
    view = Viewport(zoom, max(-85, -height / 2), -width / 2, min(85, height / 2), width / 2)
    crowd = visitors(
        200_000,
        latitude=pl.lit(view.south) + (view.north - view.south) * (pl.int_range(200_000) * 0.754877666 % 1),
        longitude=(pl.lit(view.west) + (view.east - view.west) * (pl.int_range(200_000) * 0.569840291 % 1)).clip(
            -180, 180
        ),
    )
    clusters = cluster(project(crowd), view)
    assert 0 < clusters.height <= MOST_CELLS
    assert len(msgspec.json.encode(marks(clusters, view, Coloring()))) < 100_000


def test_zooming_in_splits_clusters() -> None:
    placed = project(at((48.1, 11.6), (48.4, 10.9)))
    assert cluster(placed, Viewport(3, 30, -20, 60, 40)).height == 1
    assert cluster(placed, Viewport(9, 47, 10, 49, 13)).height == 2


def test_thousands_at_one_point_are_one_cluster_at_any_zoom() -> None:
    placed = project(visitors(5000, latitude=52.52, longitude=13.4))
    for zoom in (0, 4, 12):
        assert cluster(placed, Viewport(zoom, 50, 10, 55, 15))["visitors"].to_list() == [5000]


def test_the_members_of_a_cluster_are_those_it_counts() -> None:
    placed = project(visitors(3000))
    for row in cluster(placed, SCREEN).head(20).iter_rows(named=True):
        assert members(placed, row["id"]).height == row["visitors"]


def test_the_same_visitors_give_the_same_drawing_in_any_order() -> None:
    frame = visitors(2000)
    drawings = [drawn(each) for each in (frame, frame, frame.reverse())]
    assert drawings[0] == drawings[1] == drawings[2]


def test_a_mark_says_where_how_large_which_color_and_how_many() -> None:
    found = drawn(at((48.0, 11.0), score=65.0))
    assert found.id[0].count("/") == 2
    assert (found.latitude, found.longitude, found.radius) == ((48.0,), (11.0,), (RADII[0],))
    assert (found.color, found.customers, found.visitors) == ((DIVERGING[88],), (0,), (1,))


def test_the_share_of_customers_is_told_and_the_unscored_are_gray() -> None:
    frame = at((10.0, 10.0), (10.0, 10.0), (10.0, 10.0), score=None).with_columns(
        is_customer=pl.Series([True, False, None])
    )
    found = drawn(frame)
    assert (found.color, found.customers, found.visitors) == ((NO_SCORE,), (1,), (3,))


@pytest.mark.parametrize("score", [-5.0, 0.0, 100.0, 1e9, math.nan, math.inf, -math.inf])
def test_an_absurd_score_still_has_a_color(score: float) -> None:
    found = drawn(at((10.0, 10.0), score=score))
    assert set(found.color) <= {*DIVERGING, NO_SCORE}
    json.dumps(msgspec.to_builtins(found), allow_nan=False)


@pytest.mark.parametrize("width", [480, 1000, 1600, 3840])
def test_no_circle_covers_another_and_each_has_room_for_its_number(width: int) -> None:
    view = Viewport(math.log2(width / 256), -50, -180, 75, 180)
    site = dfn.demo.Site(seed=0, visitors=10_000, start=NOON, clock=lambda: NOON)
    found = marks(cluster(project(site.snapshot().visitors), view), view, Coloring())
    pixels = 256 * 2**view.zoom
    ys = [0.5 - math.atanh(math.sin(math.radians(latitude))) / 2 / math.pi for latitude in found.latitude]
    circles = [*zip((x / 360 * pixels for x in found.longitude), (y * pixels for y in ys), found.radius, strict=True)]
    assert all(math.dist(a[:2], b[:2]) > a[2] + b[2] for a, b in itertools.combinations(circles, 2))
    assert all(radius >= 8 for radius, visitors in zip(found.radius, found.visitors, strict=True) if visitors > 1)
    assert all(radius >= 12 for radius, visitors in zip(found.radius, found.visitors, strict=True) if visitors > 99)


@pytest.mark.parametrize(("width", "circles"), [(376, 3), (490, 4), (620, 5), (1024, 5)])
def test_western_europe_is_more_than_one_circle_on_a_map_of_the_world(width: int, circles: int) -> None:
    site = dfn.demo.Site(seed=0, visitors=400, start=NOON, clock=lambda: NOON)
    view = Viewport(math.log2(width / 256), -50, -180, 75, 180)
    europe = cluster(project(site.snapshot().visitors), view).filter(
        pl.col("latitude").is_between(36, 60), pl.col("longitude").is_between(-10, 16)
    )
    assert europe.height >= circles
    assert europe["visitors"].max() < 0.6 * europe["visitors"].sum()  # type: ignore[operator]


def test_the_largest_circle_is_smaller_where_the_world_is() -> None:
    crowd = project(visitors(50, latitude=48.0, longitude=2.0))
    views = [Viewport(math.log2(width / 256), -50, -180, 75, 180) for width in (380, 800, 1_600, 3_200)]
    radii = [marks(cluster(crowd, view), view, Coloring()).radius[0] for view in views]
    assert radii == sorted(radii)
    assert radii[0] < radii[1] < radii[2] == radii[3]


def test_larger_clusters_are_drawn_larger_within_limits_and_below_smaller_ones() -> None:
    crowd = pl.concat([visitors(500, latitude=40.0, longitude=0.0), visitors(5, latitude=-20.0, longitude=100.0)])
    lone = visitors(1, latitude=60.0, longitude=-100.0)
    radii = [*drawn(pl.concat([lone, crowd])).radius]
    assert radii == sorted(radii, reverse=True)
    assert RADII[0] == radii[-1] < radii[0] <= RADII[1]


def test_nobody_is_an_empty_drawing() -> None:
    assert drawn(visitors(0)).id == ()
    assert weights(cluster(project(visitors(0)), WORLD), WORLD.zoom) == Heat()


# Where things lie


def test_a_cluster_on_the_date_line_lies_on_the_date_line() -> None:
    clusters = cluster(project(at((-17.0, 180.0), (-17.0, -179.9))), Viewport(5, -25, -190, -10, -170))
    assert clusters["visitors"].sum() == 2
    assert clusters["longitude"].is_between(-181, -179).all()


@pytest.mark.parametrize("place", [(1e300, 10.0), (10.0, 1e300), (-500.0, 4000.0), (91.0, 181.0), (10.0, 540.0)])
def test_an_absurd_place_is_on_the_map_or_nowhere(place: tuple[float, float]) -> None:
    found = drawn(at(place))
    assert all(abs(latitude) <= 90 for latitude in found.latitude)
    assert all(abs(longitude) <= 180 for longitude in found.longitude)


def test_the_corners_of_where_visitors_are() -> None:
    assert bounds(project(at((48.0, 11.0), (-33.0, 151.0), (None, 4.0)))) == [
        [-33.0, pytest.approx(11.0)],
        [48.0, pytest.approx(151.0)],
    ]


def test_a_cluster_keeps_its_name_while_the_map_moves() -> None:
    placed = project(visitors(3000))
    moved = Viewport(SCREEN.zoom, SCREEN.south + 5, SCREEN.west + 20, SCREEN.north, SCREEN.east + 20)
    names = [set(cluster(placed, view)["id"]) for view in (SCREEN, moved)]
    assert len(names[0] & names[1]) > 0.8 * len(names[0])


@given(st.floats(0, 14), st.floats(-80, 75), st.floats(-400, 400), st.floats(0.01, 160), st.floats(0.01, 700))
def test_any_viewport_has_a_limited_number_of_cells(
    zoom: float, south: float, west: float, height: float, width: float
) -> None:
    view = Viewport(zoom, south, west, min(85.0, south + height), west + width)
    left, top, right, bottom = view.box
    across = view.cells_across(CELL_PIXELS)
    assert across == 9 or (right - left) * (bottom - top) * across**2 <= MOST_GRID


PACIFIC = {
    "Suva": (-18.1, 178.4),
    "Apia": (-13.8, -171.8),
    "Anadyr": (64.7, 177.5),
    "Anchorage": (61.2, -149.9),
    "Auckland": (-36.8, 174.8),
}


@pytest.mark.parametrize(
    ("towns", "west", "east"),
    [
        (("Suva", "Apia"), 178.4 - 360, -171.8),
        (("Auckland", "Suva"), 174.8, 178.4),
        (("Auckland", "Anchorage"), 174.8 - 360, -149.9),
        (tuple(PACIFIC), 174.8 - 360, -149.9),
        (("Apia", "Anchorage"), -171.8, -149.9),
    ],
)
def test_neighbors_across_the_date_line_have_the_narrowest_box(
    towns: tuple[str, ...], west: float, east: float
) -> None:
    box = bounds(project(at(*(PACIFIC[town] for town in towns))))
    assert box is not None
    assert (box[0][1], box[1][1]) == pytest.approx((west, east))
    assert box[0][0] == min(PACIFIC[town][0] for town in towns)


def test_visitors_all_round_the_world_have_the_box_that_ends_at_the_date_line() -> None:
    box = bounds(project(at((48.0, 2.0), (28.6, 77.2), (35.7, 139.7), (-36.8, 174.8), (34.0, -118.2), (40.7, -74.0))))
    assert box == [[-36.8, pytest.approx(-118.2)], [48.0, pytest.approx(174.8)]]


@given(st.lists(st.floats(-180, 180), min_size=1, max_size=12))
def test_everybody_is_in_the_box_on_one_copy_of_the_world(longitudes: list[float]) -> None:
    box = bounds(project(at(*((0.0, longitude) for longitude in longitudes))))
    assert box is not None
    (_, west), (_, east) = box
    assert -180 <= (west + east) / 2 <= 180
    assert west <= east
    for longitude in longitudes:
        assert any(west - 1e-9 <= longitude + turn <= east + 1e-9 for turn in (-360, 0, 360))


# Categories and heat


def test_a_cluster_has_the_commonest_category_of_its_members() -> None:
    devices = pl.Series(["mobile", "desktop", "mobile", None, None, None])
    placed = project(at(*[(48.0, 11.0)] * 6).with_columns(device=devices))
    assert cluster(placed, WORLD, category="device")["category"].to_list() == ["mobile"]


def test_of_categories_that_are_equally_common_it_is_always_the_same() -> None:
    placed = project(visitors(2000, device=pl.format("device {}", pl.int_range(2000) % 7)))
    drawings = [cluster(each, WORLD, category="device")["category"].to_list() for each in (placed, placed.reverse())]
    assert drawings[0] == drawings[1]


def test_where_no_category_is_known_there_is_none() -> None:
    placed = project(visitors(200, device=None))
    assert set(cluster(placed, WORLD, category="device")["category"]) == {None}


def test_the_heat_is_what_the_visitors_are_worth() -> None:
    places = [(48.0, 11.0), (48.0, 11.0), (-33.0, 151.0), (40.0, -100.0)]
    frame = at(*places).with_columns(expected_value=pl.Series([40.0, 60.0, 25.0, 0.0]))
    heat = weights(cluster(project(frame), WORLD), DEEPEST)
    points = zip(heat.latitude, heat.longitude, heat.weight, strict=True)
    assert sorted(points) == [(-33.0, 151.0, 0.5), (48.0, 11.0, 1.0)]


@pytest.mark.parametrize("zoom", [0, 2.5, 13, DEEPEST])
def test_the_heat_is_as_hot_at_every_zoom(zoom: float) -> None:
    clusters = cluster(project(at((48.0, 11.0), (-33.0, 151.0))), WORLD)
    for weight in weights(clusters, zoom).weight:
        assert weight * 2.0 ** -min(DEEPEST - zoom, 12) == pytest.approx(1.0, rel=0.01)


def test_an_absurd_worth_spoils_neither_the_heat_nor_the_marks() -> None:
    absurd = pl.Series([math.nan, math.inf, -math.inf, -5.0, 1e308, 4.0])
    places = [(48.0, 11.0), (-33.0, 151.0), (40.0, -100.0), (0.0, 0.0), (60.0, 60.0), (-50.0, -60.0)]
    clusters = cluster(project(at(*places).with_columns(expected_value=absurd)), WORLD)
    shown = [weights(clusters, 3.25), marks(clusters, WORLD, Coloring("expected_value"))]
    json.dumps(msgspec.to_builtins(shown), allow_nan=False)
    assert all(0 <= weight <= 1 for weight in weights(clusters, DEEPEST).weight)
