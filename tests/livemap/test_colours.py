"""What the colours mean: scales that do not flicker, categories that keep their colour, and a legend that says so."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, get_args

import polars as pl
import pytest

from datafast_nb.livemap.clusters import WORLD, collect
from datafast_nb.livemap.colours import (
    CATEGORIES,
    CUSTOMER,
    NO_SCORE,
    SCORE_COLOURS,
    ColorBy,
    Colouring,
    follow,
    score_colour,
)
from datafast_nb.livemap.scene import Scene
from tests.livemap.sources import people

PLACES = [(48.0, 11.0), (-33.0, 151.0), (40.0, -100.0), (0.0, 20.0), (60.0, 60.0), (-40.0, -65.0), (35.0, 139.0)]


def coloured(last: Colouring, by: Any, **columns: Sequence[Any]) -> tuple[Colouring, list[str]]:
    """Colour visitors who are far apart; give how, and their colours."""
    count = len(next(iter(columns.values())))
    here = people(
        count,
        is_customer=pl.Series(columns.pop("is_customer", [False] * count)),
        latitude=pl.Series([latitude for latitude, _ in PLACES[:count]]),
        longitude=pl.Series([longitude for _, longitude in PLACES[:count]]),
        **{name: pl.Series(values) for name, values in columns.items()},
    )
    category = by if by in CATEGORIES else None
    visitors = Scene(here).with_dimensions(by)
    clusters = collect(visitors, WORLD, category=category)
    colouring = follow(last, by, visitors, clusters)
    colours = clusters.with_columns(colour=colouring.colours()).sort("latitude")["colour"]
    order = sorted(range(count), key=lambda number: PLACES[number][0])
    return colouring, [colour for _, colour in sorted(zip(order, colours, strict=True))]


# Numbers


def test_scores_have_the_colours_of_the_scale() -> None:
    _, colours = coloured(Colouring(), "score", score=[0.0, 50.2, 100.0, None])
    assert colours == [SCORE_COLOURS[0], SCORE_COLOURS[50], SCORE_COLOURS[100], NO_SCORE]


@pytest.mark.parametrize("by", ["score", "expected_value", "is_customer"])
def test_an_absurd_number_still_has_a_colour(by: str) -> None:
    absurd = [math.nan, math.inf, -math.inf, -1.0, 1e300, None]
    colouring, colours = coloured(Colouring(), by, score=absurd, expected_value=absurd)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    assert math.isfinite(colouring.top)


def test_customers_are_shown_by_their_share() -> None:
    _, colours = coloured(Colouring(), "is_customer", is_customer=[True, False, None])
    assert colours[0] == CUSTOMER
    assert colours[1] == colours[2] != CUSTOMER


def test_what_is_worth_more_is_further_up_the_scale() -> None:
    colouring, colours = coloured(Colouring(), "expected_value", expected_value=[0.0, 5.0, 20.0])
    assert colouring.top == 20
    assert colours == [SCORE_COLOURS[0], SCORE_COLOURS[50], SCORE_COLOURS[100]]


def test_a_rising_and_falling_value_does_not_make_the_scale_flicker() -> None:
    colouring, tops = Colouring(), []
    for most in (30.0, 31.0, 49.0, 50.0, 45.0, 38.0, 51.0, 60.0, 40.0, 21.0):
        colouring, _ = coloured(colouring, "expected_value", expected_value=[most, 1.0])
        tops.append(colouring.top)
    assert tops == [50, 50, 50, 50, 50, 50, 100, 100, 100, 100]


def test_a_scale_that_is_far_too_large_shrinks() -> None:
    colouring, _ = coloured(Colouring("expected_value", top=10_000.0), "expected_value", expected_value=[30.0])
    assert colouring.top == 50


def test_one_visitor_without_a_number_does_not_reset_the_scale() -> None:
    before, _ = coloured(Colouring(), "expected_value", expected_value=[400.0, 30.0])
    after, _ = coloured(before, "expected_value", expected_value=[400.0, math.nan])
    assert after.top == before.top == 500


@pytest.mark.parametrize(
    ("values", "top"), [([None, None], 1), ([0.0], 1), ([0.2], 1), ([1.1], 2), ([99_000.0], 100_000)]
)
def test_the_scale_ends_at_a_round_amount(values: list[float | None], top: float) -> None:
    assert coloured(Colouring(), "expected_value", expected_value=values)[0].top == top


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -math.inf])
def test_no_score_has_a_colour_of_its_own(score: float | None) -> None:
    assert score_colour(score) == NO_SCORE


def test_the_scale_rises_without_a_jump() -> None:
    channels = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in SCORE_COLOURS]
    steps = [max(abs(a - b) for a, b in zip(*pair, strict=True)) for pair in pairwise(channels)]
    assert max(steps) < 12
    lightness = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in channels]
    assert lightness == sorted(lightness)


# Categories


def test_each_common_category_has_a_colour_and_the_rest_are_other() -> None:
    names = [f"device {number}" for number in range(7)]
    colouring, colours = coloured(Colouring(), "device", device=names)
    assert len(colouring.categories) == 6
    assert len(set(colours)) == 7
    assert colours.count(NO_SCORE) == 1


def test_a_category_keeps_its_colour_as_long_as_it_is_there() -> None:
    colouring, first = coloured(Colouring(), "device", device=["mobile", "mobile", "desktop", "tablet"])
    colouring, second = coloured(colouring, "device", device=["tablet", "tablet", "desktop", "watch", "mobile"])
    assert second[0] == second[1] == first[3]
    assert second[2] == first[2]
    assert second[4] == first[0]
    assert second[3] not in first


def test_the_colour_of_a_category_that_left_is_given_to_another() -> None:
    colouring = Colouring()
    for number in range(30):
        colouring, colours = coloured(colouring, "device", device=[f"device {number}", f"device {number + 1}"])
        assert NO_SCORE not in colours


def test_a_rare_category_that_has_a_colour_keeps_it_though_others_become_common() -> None:
    before = Colouring("device", ("rare", "a", "b", "c", "d", "e"))
    after, _ = coloured(before, "device", device=["rare", "x", "x", "x", "a", "b", "c"])
    assert after.categories[0] == "rare"


def test_another_thing_to_tell_starts_anew() -> None:
    before = Colouring("device", ("mobile",))
    after, _ = coloured(before, "visit_kind", visit_count=[1, 2, 2])
    assert after.categories == ("returning", "new")


@pytest.mark.parametrize("by", CATEGORIES)
def test_unknown_categories_are_other(by: str) -> None:
    _, colours = coloured(Colouring(), by, device=[None, None], referrer=[None, None], visit_count=[None, None])
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def test_nobody_has_no_category() -> None:
    colouring = follow(Colouring("device", ("mobile",)), "device", *[Scene(people(0)).visitors] * 2)
    assert colouring.categories == ()


def test_nothing_to_colour_by_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"'colour' is nothing to colour by\. There are: score, "):
        follow(Colouring(), "colour", pl.DataFrame(), pl.DataFrame())  # type: ignore[arg-type]


# The legend


@pytest.mark.parametrize("by", get_args(ColorBy))
def test_the_legend_says_what_the_colours_mean(by: Any) -> None:
    legend = Colouring(by, ("a", "b") if by in CATEGORIES else ()).legend()
    assert legend["title"]
    assert (legend["ramp"] is None) == (by in CATEGORIES)
    if by in CATEGORIES:
        assert [swatch["label"] for swatch in legend["swatches"]] == ["a", "b"]
        assert len({swatch["color"] for swatch in legend["swatches"]}) == 2
    else:
        assert legend["ramp"]["low"] != legend["ramp"]["high"]
        assert legend["ramp"]["note"]


def test_the_legend_names_the_amount_at_the_end_of_the_scale() -> None:
    assert Colouring("expected_value", top=500.0).legend()["ramp"]["high"] == "$500.00 or more"
    assert Colouring("expected_value", top=20_000.0).legend()["ramp"]["high"] == "$20,000 or more"


def test_the_legend_speaks_of_others_only_where_there_are_some() -> None:
    few, _ = coloured(Colouring(), "device", device=["mobile", "desktop"])
    many, _ = coloured(Colouring(), "device", device=[f"device {number}" for number in range(7)])
    unknown, _ = coloured(Colouring(), "device", device=["mobile", None])
    others = [[swatch["label"] for swatch in each.legend()["swatches"]].count("other") for each in (few, many, unknown)]
    assert others == [0, 1, 1]


def test_the_legend_cuts_and_cleans_the_names_of_categories() -> None:
    (swatch,) = Colouring("device", ("<b>\u202e\x00" + "x" * 10_000,)).legend()["swatches"]
    assert swatch["label"] == "<b> " + "x" * 27 + "…"
