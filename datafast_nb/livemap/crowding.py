"""Push circles apart that would cover each other. Independent of any widget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GAP: Final = 1.0  # that stays between two circles
_CLOSE: Final = 0.5  # overlap that is left as it is: nobody sees it
_ROUNDS: Final = 12  # of finding out which circles are near each other
_STEPS: Final = 8  # in a round
_NEAR: Final = 10.0  # that two circles may be apart and still meet within a round


def apart(points: NDArray[np.float64], radii: NDArray[np.float64], most: float = math.inf) -> NDArray[np.float64]:
    """Return the places of circles, moved just far enough that none covers another, as far as there is room.

    Parameters
    ----------
    points : array of shape (n, 2)
        The centers, in pixels.
    radii : array of shape (n,)
        The radii, in pixels. Of two circles that overlap, the smaller one moves farther.
    most : float
        How far a circle may be moved, in pixels. Once one is farther from its place, there is no room for all, and
        none is moved any more.

    Returns
    -------
    array of shape (n, 2)
        The new centers. The work is bounded: of circles that fill a place, a few pixels may still overlap.

    Examples
    --------
    >>> import numpy as np
    >>> apart(np.array([[0.0, 0.0], [5.0, 0.0]]), np.array([5.0, 5.0])).round().tolist()
    [[-3.0, 0.0], [8.0, 0.0]]
    """
    moved = points.astype(np.float64)
    if len(moved) < 2:  # noqa: PLR2004 - one alone has all the room
        return moved
    areas = radii**2
    for _ in range(_ROUNDS):
        first, second = _neighbors(moved, radii)
        if not first.size:
            break
        least = radii[first] + radii[second] + _GAP
        share = areas[second] / (areas[first] + areas[second])
        worst = 0.0
        for _ in range(_STEPS):
            way = moved[second] - moved[first]
            distance = np.hypot(way[:, 0], way[:, 1])
            overlap = np.clip(least - distance, 0.0, None)
            worst = float(overlap.max())
            if worst < _CLOSE:
                break
            way[distance == 0] = (1.0, 0.0)  # any direction
            push = way * (overlap / np.where(distance == 0, 1.0, distance))[:, None]
            for axis in (0, 1):
                moved[:, axis] -= np.bincount(first, push[:, axis] * share, len(moved))
                moved[:, axis] += np.bincount(second, push[:, axis] * (1 - share), len(moved))
        if worst < _CLOSE or np.hypot(*(moved - points).T).max() > most:
            break
    return moved


def _neighbors(points: NDArray[np.float64], radii: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of circles that overlap or are near each other, as two columns of numbers."""
    order = np.argsort(points[:, 0], kind="stable")
    x, y = points[order].T
    reach = radii[order] + _NEAR / 2
    counts = np.searchsorted(x, x + reach + reach.max(), side="right") - np.arange(1, len(x) + 1)
    one = np.repeat(np.arange(len(x)), counts)
    other = one + 1 + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    near = (x[other] - x[one]) ** 2 + (y[other] - y[one]) ** 2 < (reach[one] + reach[other]) ** 2
    return order[one[near]], order[other[near]]
