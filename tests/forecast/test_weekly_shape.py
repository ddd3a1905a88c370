"""The shape of the week goes as far as the record supports."""

from __future__ import annotations

import numpy as np
import pytest

from datafast_nb.forecast.usual_traffic import learned
from datafast_nb.forecast.weekly_shape import fitted
from tests.forecast.simulated import shape_of_week

WEEK = np.array(shape_of_week()).reshape(7, 24)


def counted(days: int, level: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(level * WEEK[np.arange(days) % 7]).astype(float)


def test_a_month_gives_the_shape_nearer_than_the_means_of_its_cells_do() -> None:
    counts, days = counted(28, 5.0), np.arange(28) % 7
    shape = fitted(counts, np.ones_like(counts), days)
    raw = counts.reshape(4, 7, 24).mean(axis=0)
    assert np.abs(shape.week - 5.0 * WEEK).mean() < 0.6 * np.abs(raw - 5.0 * WEEK).mean()
    assert shape.week.sum() == pytest.approx(counts.sum() / 4)


def test_a_busy_hour_of_each_week_is_kept() -> None:
    counts, days = counted(28, 60.0), np.arange(28) % 7
    counts[days == 1, 9] *= 4
    shape = fitted(counts, np.ones_like(counts), days)
    assert shape.week[1, 9] > 3 * 60 * WEEK[1, 9]


def test_without_a_week_all_days_are_alike() -> None:
    shape = fitted(counted(6, 60.0), np.ones((6, 24)), np.arange(6))
    sums = shape.week.sum(axis=1)
    assert sums.max() == pytest.approx(sums.min())


def test_one_week_tells_what_weekends_are_like_and_nothing_of_single_days() -> None:
    shape = fitted(counted(8, 60.0), np.ones((8, 24)), np.arange(8) % 7)
    sums = shape.week.sum(axis=1)
    assert sums[5:].mean() / sums[:5].mean() == pytest.approx(0.5, abs=0.05)
    assert sums[:5].max() == pytest.approx(sums[:5].min(), rel=0.02)


def test_hours_that_came_once_are_not_followed_one_by_one() -> None:
    bursts = np.random.default_rng(2).gamma(2.0, 0.5, (8, 24))
    watched = np.ones((8, 24))
    watched[7, 8:] = 0
    shape = fitted(counted(8, 60.0) * bursts * watched, watched, np.arange(8) % 7)
    assert shape.week[:5] == pytest.approx(shape.week[:1].repeat(5, axis=0))


def test_what_was_not_watched_is_neither_quiet_nor_busy() -> None:
    counts, watched = counted(28, 60.0), np.ones((28, 24))
    watched[5:19] = 0
    watched[:, 3] *= 0.5
    shape = fitted(counts * watched, watched, np.arange(28) % 7)
    assert np.abs(shape.week / (60 * WEEK) - 1).mean() < 0.08
    assert (shape.expected[5:19] == 0).all()


def test_rare_counts_have_the_shape_of_frequent_ones() -> None:
    sales = counted(28, 0.05, seed=1)
    days, watched = np.arange(28) % 7, np.ones_like(sales)
    visits = fitted(counted(28, 60.0), watched, days)
    shape = fitted(sales, watched, days, visits)
    alike = np.corrcoef(shape.week.ravel(), WEEK.ravel())[0, 1]
    assert alike > 0.75
    assert np.corrcoef(fitted(sales, watched, days).week.ravel(), WEEK.ravel())[0, 1] < alike - 0.1


def test_no_hour_is_expected_by_what_the_frequent_brought_in_it() -> None:
    visits, days = counted(28, 60.0), np.arange(28) % 7
    watched = np.ones_like(visits)
    sales = np.random.default_rng(1).binomial(visits.astype(int), 0.05).astype(float)
    before = fitted(sales, watched, days, fitted(visits, watched, days)).expected
    visits[16, 10] *= 20
    after = fitted(sales, watched, days, fitted(visits, watched, days)).expected
    assert after[16, 10] / after.sum() < 1.1 * before[16, 10] / before.sum()
    assert after[9, 10] / after.sum() > 1.1 * before[9, 10] / before.sum()


def test_the_days_in_which_the_frequent_changed_at_once_are_days_of_the_rare_as_others() -> None:
    visits, days = counted(30, 60.0), np.arange(30) % 7
    visits[25:] *= 3
    watched = np.ones_like(visits)
    of_visits, _, level = learned(visits, watched, days)
    assert level.since == 27
    shape = fitted(counted(30, 1.0, seed=1), watched, days, of_visits)
    of_days = shape.expected.sum(axis=1)
    assert of_days[25:27].min() > 0.3 * of_days[18:20].min()


def test_what_never_happened_can_still_happen() -> None:
    shape = fitted(np.zeros((28, 24)), np.ones((28, 24)), np.arange(28) % 7)
    assert shape.week.sum() == pytest.approx(0.5 / 4)


def test_an_hour_s_own_count_is_left_out_of_what_is_expected_of_it() -> None:
    counts, days = counted(28, 60.0), np.arange(28) % 7
    before = fitted(counts, np.ones_like(counts), days)
    counts[16] *= 3
    after = fitted(counts, np.ones_like(counts), days)
    others = after.expected[9].sum() / before.expected[9].sum()
    assert after.expected[16].sum() / before.expected[16].sum() < others
