"""Circles are moved apart just so far that each can be seen."""

from __future__ import annotations

import time

import numpy as np
import pytest

from datafast_nb.livemap.crowding import apart


def overlaps(points: np.ndarray, radii: np.ndarray) -> float:
    """Return the largest overlap of any two circles, in pixels."""
    away = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    return float(np.triu(radii[:, None] + radii - away, 1).max())


def crowd(count: int, width: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """Return circles at random places, most of them small."""
    random = np.random.default_rng(count)
    radii = random.choice([5.0, 8.0, 9.5, 12.0], count, p=[0.5, 0.3, 0.15, 0.05])
    radii[: count // 50] = 22
    return random.uniform((0, 0), (width, height), (count, 2)), radii


@pytest.mark.parametrize(("count", "width", "height"), [(40, 300, 200), (300, 700, 400), (900, 1200, 700)])
def test_no_circle_covers_another(count: int, width: float, height: float) -> None:
    points, radii = crowd(count, width, height)
    assert overlaps(points, radii) > 5
    assert overlaps(apart(points, radii), radii) < 0.1


def test_who_has_room_stays() -> None:
    points = np.array([[0.0, 0.0], [4.0, 0.0], [200.0, 50.0]])
    moved = apart(points, np.array([5.0, 5.0, 20.0]))
    assert moved[2].tolist() == [200.0, 50.0]
    assert np.abs(moved - points).max() < 4


def test_the_larger_of_two_moves_less() -> None:
    points = np.array([[0.0, 0.0], [10.0, 0.0]])
    large, small = np.abs(apart(points, np.array([20.0, 5.0])) - points).max(axis=1)
    assert large < small / 10


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_alone_stay_where_they_are(count: int) -> None:
    points = np.ones((count, 2))
    assert apart(points, np.ones(count)).tolist() == points.tolist()


def test_two_at_the_same_place_are_both_seen() -> None:
    radii = np.array([5.0, 5.0])
    assert overlaps(apart(np.zeros((2, 2)), radii), radii) < 0.1


def test_the_same_circles_give_the_same_places() -> None:
    points, radii = crowd(300, 500, 300)
    assert np.array_equal(apart(points, radii), apart(points, radii))


def test_more_circles_than_there_is_room_for_cost_no_more_than_a_frame_or_two() -> None:
    """The work is bounded; measured in time of the processor, beside what can't be had cheaper: a sort of 100,000."""
    points, radii = crowd(900, 400, 300)
    start = time.process_time()
    apart(points, radii)
    took, start = time.process_time() - start, time.process_time()
    for _ in range(10):
        np.sort(np.random.default_rng(0).random(100_000))
    assert took < 20 * (time.process_time() - start)


def test_circles_without_room_within_reach_are_left_where_they_got_to() -> None:
    crowd, radii = np.column_stack([np.arange(60) * 4.0, np.zeros(60)]), np.full(60, 5.0)
    free, near = apart(crowd, radii), apart(crowd, radii, 20.0)
    farthest = [np.hypot(*(places - crowd).T).max() for places in (near, free)]
    assert 20 < farthest[0] < farthest[1]
    assert np.array_equal(apart(crowd, radii, farthest[1]), free)
