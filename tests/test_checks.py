"""What a person gives is checked once, in one place, and refused with what to give instead."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.checks import (
    checked_between,
    checked_choice,
    checked_duration,
    checked_number,
    checked_positive,
    checked_whole,
    checked_zone,
    in_utc,
)

PACKAGE = Path(dfn.__file__).parent


@pytest.mark.parametrize("value", ["3", None, True, [3], object(), 3j, Decimal(3)])
def test_what_is_no_number_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^height is .*: it must be a number"):
        checked_number(value, "height")
    with pytest.raises(TypeError, match=r"^height is .*: it must be a number"):
        checked_between(value, "height", 0, 1)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, pytest.param(10**400, id="10^400")])
def test_a_number_that_is_not_positive_and_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"^speed is .*; give a positive number\."):
        checked_positive(value, "speed")
    with pytest.raises(ValueError, match=r"^speed is .*; give a positive number up to 1,000\."):
        checked_positive(value, "speed", 1_000)


def test_numbers_of_other_libraries_are_numbers() -> None:
    (value,) = pl.Series([0.5]).to_numpy()
    assert checked_number(value, "height") == 0.5
    (whole,) = pl.Series([5]).to_numpy()
    assert type(checked_whole(whole, "top", 1)) is int


@pytest.mark.parametrize("value", [-1, 101, math.nan, math.inf])
def test_a_number_out_of_bounds_is_refused_with_the_bounds(value: float) -> None:
    with pytest.raises(ValueError, match=r"score is .*: it must be from 0 to 100"):
        checked_between(value, "score", 0, 100)


@pytest.mark.parametrize(
    ("value", "error"), [(0, ValueError), (21, ValueError), (True, TypeError), (1.0, TypeError), ("1", TypeError)]
)
def test_what_is_no_whole_number_is_refused(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="top"):
        checked_whole(value, "top", 1, 20)


@pytest.mark.parametrize("value", ["vistors", None, 3, ["visitors"], {"visitors": 1}])
def test_a_choice_that_is_none_is_refused_with_what_there_is(value: Any) -> None:
    with pytest.raises(ValueError, match=r"There is no measure .* There are: visitors, share"):
        checked_choice(value, ["visitors", "share"], "measure")


@pytest.mark.parametrize("value", [90, 90.0, "90", "90s", "1.5min", timedelta(seconds=90)])
def test_a_duration_is_given_in_several_forms(value: Any) -> None:
    assert checked_duration(value, "within") == timedelta(seconds=90)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, 1e300, "", "soon", "-1s", "9" * 30 + "d", timedelta(0)])
def test_no_duration_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"within is .*: give a time above 0"):
        checked_duration(value, "within")


def test_a_duration_of_none_is_valid_where_it_means_something() -> None:
    assert checked_duration(0, "age", zero=True) == timedelta(0)
    for value in (-1, "soon", math.nan):
        with pytest.raises(ValueError, match=r"age is .*: give a time of 0 or more"):
            checked_duration(value, "age", zero=True)


def test_a_moment_without_a_zone_is_refused_wherever_one_is_given() -> None:
    naive = datetime(2026, 7, 1, 12)
    asked = [
        lambda: in_utc(naive, "start"),
        lambda: dfn.Snapshot(fetched_at=naive),
        lambda: dfn.demo.Site(seed=0, start=naive),
    ]
    for ask in asked:
        with pytest.raises(ValueError, match="has no time zone"):
            ask()


def test_a_moment_beyond_the_calendar_in_utc_is_its_end() -> None:
    east, west = timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))
    assert in_utc(datetime.min.replace(tzinfo=east), "start") == datetime.min.replace(tzinfo=UTC)
    assert in_utc(datetime.max.replace(tzinfo=west), "end") == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", None, 3, "\x00"])
def test_what_is_no_time_zone_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        checked_zone(name)


@pytest.mark.parametrize(
    ("said", "homes"),
    [
        ("get_close_matches(", {"text.py"}),
        ("get_currency_symbol(", {"text.py"}),
        ("has no time zone; give", {"checks.py"}),
        ("is not a time zone", {"checks.py"}),
        ("takes a whole number", {"checks.py"}),
    ],
)
def test_each_is_said_in_one_place(said: str, homes: set[str]) -> None:
    found = {file.name for file in PACKAGE.rglob("*.py") if said in file.read_text(encoding="utf-8")}
    assert found <= homes
