"""The studies of ``python -m tests.statistics`` in short: its intervals hold what they say."""

from __future__ import annotations

from tests.statistics.alarms import alarms_table, effects_table
from tests.statistics.intervals import conversions_table, coverage_table
from tests.statistics.samples import SHAPES
from tests.statistics.verdicts import verdicts_table


def test_intervals_that_are_told_hold_the_truth() -> None:
    table = coverage_table(visitors=60_000)
    told = table.drop_nulls("covered")
    assert told["covered"].min() >= 0.89  # type: ignore[operator] # of 200 groups, one in 300 tables is below by chance
    assert table.filter(shape="one rare high rate", visitors=30)["told"].item() < 0.05
    assert table.filter(shape="nearly even", visitors=5)["told"].item() > 0.95


def test_the_bounds_of_conversions_hold_what_comes() -> None:
    assert conversions_table(turns=100)["held"].min() >= 0.88  # type: ignore[operator]


def test_intervals_of_effects_hold_the_true_ones() -> None:
    assert effects_table(seeds=30)["covered"].min() >= 0.85  # type: ignore[operator]


def test_fair_predictions_are_seldom_called_wrong_and_as_many_errors_are_found_as_is_told() -> None:
    table = verdicts_table(seeds=60, sizes=[2_000])
    fair, wrong = table.row(0, named=True), table.tail(2)
    assert fair["a bin outside"] > 0.15  # so often without the control
    assert fair["a bin beyond noise"] <= 0.15  # 5 % is meant
    assert fair["found"] <= 0.15
    assert fair["says that they agree"] == 0  # too few to tell
    assert wrong["found"].mean() > fair["found"]  # type: ignore[operator]
    assert abs(wrong["found"].mean() - wrong["power told"].mean()) < 0.25  # type: ignore[operator]


def test_few_unchanged_pairs_of_20_groups_have_one_beyond_noise() -> None:
    shapes = {name: SHAPES[name] for name in ("nearly even", "skewed (exponential)")}
    table = alarms_table(seeds=24, shapes=shapes, sizes=["30 and 30"])
    assert table["told"].min() > 0.9  # type: ignore[operator]
    assert table["false alarms"].max() <= 5 / 24  # type: ignore[operator] # more are 1 in 500, if 5 % is true
    assert table["an interval without 0"].min() > 0.3  # type: ignore[operator] # what it would be without the control
