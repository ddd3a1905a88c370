"""What the colors mean: scales that do not flicker, categories that keep their color, and a legend that says so."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, get_args

import polars as pl
import pytest

from datafast_nb.livemap.clusters import WORLD, cluster
from datafast_nb.livemap.colors import (
    CATEGORIES,
    CUSTOMER,
    DIVERGING,
    NO_SCORE,
    RISING,
    ColorBy,
    Coloring,
    follow,
)
from datafast_nb.livemap.frame_state import FrameState
from datafast_nb.snapshot import Snapshot
from tests.livemap.sources import people

PLACES = [(48.0, 11.0), (-33.0, 151.0), (40.0, -100.0), (0.0, 20.0), (60.0, 60.0), (-40.0, -65.0), (35.0, 139.0)]


def colored(last: Coloring, by: Any, **columns: Sequence[Any]) -> tuple[Coloring, list[str]]:
    """Color visitors who are far apart; give how, and their colors."""
    count = len(next(iter(columns.values())))
    here = people(
        count,
        is_customer=pl.Series(columns.pop("is_customer", [False] * count)),
        latitude=pl.Series([latitude for latitude, _ in PLACES[:count]]),
        longitude=pl.Series([longitude for _, longitude in PLACES[:count]]),
        **{name: pl.Series(values) for name, values in columns.items()},
    )
    category = by if by in CATEGORIES else None
    visitors = FrameState(here).with_dimensions(by)
    clusters = cluster(visitors, WORLD, category=category)
    coloring = follow(last, by, visitors, clusters)
    colors = clusters.with_columns(color=coloring.colors()).sort("latitude")["color"]
    order = sorted(range(count), key=lambda number: PLACES[number][0])
    return coloring, [color for _, color in sorted(zip(order, colors, strict=True))]


# Numbers


def test_scores_have_the_colors_of_the_scale() -> None:
    _, colors = colored(Coloring(), "score", score=[0.0, 50.2, 100.0, None])
    assert colors == [DIVERGING[0], DIVERGING[50], DIVERGING[100], NO_SCORE]


@pytest.mark.parametrize("by", ["score", "expected_value", "is_customer"])
def test_an_absurd_number_still_has_a_color(by: str) -> None:
    absurd = [math.nan, math.inf, -math.inf, -1.0, 1e300, None]
    coloring, colors = colored(Coloring(), by, score=absurd, expected_value=absurd)
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)
    assert math.isfinite(coloring.top)


def test_customers_are_shown_by_their_share() -> None:
    _, colors = colored(Coloring(), "is_customer", is_customer=[True, False, None])
    assert colors[0] == CUSTOMER
    assert colors[1] == colors[2] != CUSTOMER


def test_what_is_worth_more_is_further_up_the_scale() -> None:
    coloring, colors = colored(Coloring(), "expected_value", expected_value=[0.0, 5.0, 20.0])
    assert coloring.top == 20
    assert colors == [RISING[0], RISING[50], RISING[100]]


def test_a_rising_and_falling_value_does_not_make_the_scale_flicker() -> None:
    coloring, tops = Coloring(), []
    for most in (30.0, 31.0, 49.0, 50.0, 45.0, 38.0, 51.0, 60.0, 40.0, 21.0):
        coloring, _ = colored(coloring, "expected_value", expected_value=[most, 1.0])
        tops.append(coloring.top)
    assert tops == [50, 50, 50, 50, 50, 50, 100, 100, 100, 100]


def test_a_scale_that_is_far_too_large_shrinks() -> None:
    coloring, _ = colored(Coloring("expected_value", top=10_000.0), "expected_value", expected_value=[30.0])
    assert coloring.top == 50


def test_one_visitor_without_a_number_does_not_reset_the_scale() -> None:
    before, _ = colored(Coloring(), "expected_value", expected_value=[400.0, 30.0])
    after, _ = colored(before, "expected_value", expected_value=[400.0, math.nan])
    assert after.top == before.top == 500


@pytest.mark.parametrize(
    ("values", "top"), [([None, None], 1), ([0.0], 1), ([0.2], 1), ([1.1], 2), ([99_000.0], 100_000)]
)
def test_the_scale_ends_at_a_round_amount(values: list[float | None], top: float) -> None:
    assert colored(Coloring(), "expected_value", expected_value=values)[0].top == top


def test_the_scale_rises_without_a_jump() -> None:
    channels = [[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in RISING]
    steps = [max(abs(a - b) for a, b in zip(*pair, strict=True)) for pair in pairwise(channels)]
    assert max(steps) < 12
    lightness = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in channels]
    assert all(later > before - 1 for before, later in pairwise(lightness))  # of 255


def apart(one: str, other: str) -> float:
    """Return how different two colors look: CIE76, in the space L*a*b*, where 2.3 can just be told apart."""
    return math.dist(lab(one), lab(other))


def lab(color: str) -> tuple[float, float, float]:
    """Return a color in CIE L*a*b*, for daylight (D65)."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    ]
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(a * b for a, b in zip(row, linear, strict=True)) for row in rows]
    x, y, z = (
        value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116
        for value in (xyz[0] / 0.9505, xyz[1], xyz[2] / 1.089)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("others", [[20.0, 80.0], [40.0, 62.0], [0.0, 100.0], []])
def test_a_little_less_than_average_and_a_little_more_look_different(others: list[float]) -> None:
    _, (below, above, *_) = colored(Coloring(), "score", score=[45.0, 60.0, *others])
    assert apart(below, above) > 40


def test_the_scale_is_stretched_over_the_means_that_occur() -> None:
    narrow, _ = colored(Coloring(), "score", score=[44.0, 50.0, 53.0, 58.0])
    wide, _ = colored(Coloring(), "score", score=[5.0, 50.0, 77.0, 99.0])
    assert (narrow.middle, narrow.reach) == (50, 10)
    assert (wide.middle, wide.reach) == (50, 50)


@pytest.mark.parametrize("score", [50.0, 51.0, None])
def test_a_lone_visitor_leaves_a_scale_with_two_ends(score: float | None) -> None:
    coloring, _ = colored(Coloring(), "score", score=[score])
    assert coloring.reach == 5
    ramp = coloring.legend().ramp
    assert ramp is not None
    assert (ramp.low, ramp.high) == ("45 or less", "55 or more")


def test_places_with_a_visitor_each_do_not_stretch_the_scale() -> None:
    crowd = people(90, latitude=48.0, longitude=11.0, score=54.0, is_customer=False)
    lone = people(1, visitor_id="lone", latitude=-33.0, longitude=151.0, score=99.0, is_customer=False)
    visitors = FrameState(Snapshot(pl.concat([crowd.visitors, lone.visitors]))).visitors
    assert follow(Coloring(), "score", visitors, cluster(visitors, WORLD)).reach == 5


def test_means_that_rise_and_fall_do_not_make_the_middle_of_the_scale_flicker() -> None:
    coloring, reaches = Coloring("device"), []
    for away in (9.0, 11.0, 9.0, 14.0, 8.0, 4.0):
        coloring, _ = colored(coloring, "score", score=[50 + away])
        reaches.append(coloring.reach)
    assert reaches == [10, 15, 15, 15, 15, 5]


@pytest.mark.parametrize("scale", [RISING, DIVERGING])
def test_who_sees_no_red_or_green_sees_the_order_of_the_colors(scale: tuple[str, ...]) -> None:
    """They tell blue from yellow, of which red and green are equal parts."""
    channels = [[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in scale]
    yellow = [(red + green) / 2 - blue for red, green, blue in channels]
    assert all(later > before - 2 for before, later in pairwise(yellow))
    assert yellow[-1] - yellow[0] > 200


def test_the_legend_has_the_colors_of_the_circles() -> None:
    coloring, colors = colored(Coloring(), "score", score=[20.0, 50.0, 80.0])
    ramp = coloring.legend().ramp
    assert ramp is not None
    assert [ramp.colors[0], ramp.colors[5], ramp.colors[-1]] == colors
    assert (ramp.low, ramp.high) == ("20 or less", "80 or more")


def test_a_probability_is_colored_by_its_ratio_to_the_mean_of_all() -> None:
    clusters = pl.DataFrame({"visitors": [1, 1, 1, 1], "probability": [0.01, 0.02, 0.04, None]})
    visitors = pl.DataFrame({"probability": [0.01, 0.02, 0.03, None]})
    coloring = follow(Coloring(), "probability", visitors, clusters)
    assert (coloring.middle, coloring.reach) == (0.02, 2)
    colors = clusters.select(color=coloring.colors())["color"].to_list()
    assert colors == [DIVERGING[0], DIVERGING[50], DIVERGING[100], NO_SCORE]
    ramp = coloring.legend().ramp
    assert ramp is not None
    assert (ramp.low, ramp.high) == ("1.0% or less", "4.0% or more")


@pytest.mark.parametrize("by", CATEGORIES)
def test_a_visitor_in_a_list_has_the_color_of_a_circle_that_stands_for_them_alone(by: Any) -> None:
    devices = ["mobile", "desktop", None]
    coloring, circles = colored(
        Coloring(), by, device=devices, referrer=["a.example", "b.example", None], country_code=["DE", "FR", None]
    )
    here = people(
        3,
        device=pl.Series(devices),
        referrer=pl.Series(["a.example", "b.example", None]),
        country_code=pl.Series(["DE", "FR", None]),
        is_customer=False,
    )
    listed = coloring.with_color(FrameState(here).with_dimensions("channel", "visit_kind"))
    assert listed["color"].to_list() == circles


# Categories


def test_each_common_category_has_a_color_and_the_rest_are_other() -> None:
    names = [f"device {number}" for number in range(7)]
    coloring, colors = colored(Coloring(), "device", device=names)
    assert len(coloring.categories) == 6
    assert len(set(colors)) == 7
    assert colors.count(NO_SCORE) == 1


def test_a_category_keeps_its_color_as_long_as_it_is_there() -> None:
    coloring, first = colored(Coloring(), "device", device=["mobile", "mobile", "desktop", "tablet"])
    coloring, second = colored(coloring, "device", device=["tablet", "tablet", "desktop", "watch", "mobile"])
    assert second[0] == second[1] == first[3]
    assert second[2] == first[2]
    assert second[4] == first[0]
    assert second[3] not in first


def test_the_color_of_a_category_that_left_is_given_to_another() -> None:
    coloring = Coloring()
    for number in range(30):
        coloring, colors = colored(coloring, "device", device=[f"device {number}", f"device {number + 1}"])
        assert NO_SCORE not in colors


def test_a_rare_category_that_has_a_color_keeps_it_though_others_become_common() -> None:
    before = Coloring("device", ("rare", "a", "b", "c", "d", "e"))
    after, _ = colored(before, "device", device=["rare", "x", "x", "x", "a", "b", "c"])
    assert after.categories[0] == "rare"


def test_another_thing_to_tell_starts_anew() -> None:
    before = Coloring("device", ("mobile",))
    after, _ = colored(before, "visit_kind", visit_count=[1, 2, 2])
    assert after.categories == ("returning", "new")


@pytest.mark.parametrize("by", CATEGORIES)
def test_unknown_categories_are_other(by: str) -> None:
    _, colors = colored(Coloring(), by, device=[None, None], referrer=[None, None], visit_count=[None, None])
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)


def test_nobody_has_no_category() -> None:
    coloring = follow(Coloring("device", ("mobile",)), "device", *[FrameState(people(0)).visitors] * 2)
    assert coloring.categories == ()


def test_nothing_to_color_by_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"There is no color 'color'\. .*There are: score, "):
        follow(Coloring(), "color", pl.DataFrame(), pl.DataFrame())  # type: ignore[arg-type]


# The legend


@pytest.mark.parametrize("by", get_args(ColorBy))
def test_the_legend_says_what_the_colors_mean(by: Any) -> None:
    legend = Coloring(by, ("a", "b") if by in CATEGORIES else ()).legend()
    assert legend.title
    assert (legend.ramp is None) == (by in CATEGORIES)
    if by in CATEGORIES:
        assert [swatch.label for swatch in legend.swatches] == ["a", "b"]
        assert len({swatch.color for swatch in legend.swatches}) == 2
    else:
        assert legend.ramp.low != legend.ramp.high
        assert legend.ramp.note


def test_the_legend_names_the_amount_at_the_end_of_the_scale() -> None:
    assert Coloring("expected_value", top=500.0).legend().ramp.high == "$500.00 or more"
    assert Coloring("expected_value", top=20_000.0).legend().ramp.high == "$20,000 or more"


def test_the_legend_speaks_of_others_only_where_there_are_some() -> None:
    few, _ = colored(Coloring(), "device", device=["mobile", "desktop"])
    many, _ = colored(Coloring(), "device", device=[f"device {number}" for number in range(7)])
    unknown, _ = colored(Coloring(), "device", device=["mobile", None])
    others = [[swatch.label for swatch in each.legend().swatches].count("other") for each in (few, many, unknown)]
    assert others == [0, 1, 1]


def test_the_legend_cuts_and_cleans_the_names_of_categories() -> None:
    (swatch,) = Coloring("device", ("<b>\u202e\x00" + "x" * 10_000,)).legend().swatches
    assert swatch.label == "<b> " + "x" * 27 + "…"
