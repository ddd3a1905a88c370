"""The colours of scores, and the sizes of clusters."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

# From blue over violet and rose to orange. Both the lightness and the blue-to-yellow axis, which the common kinds of
# colour blindness leave, rise all the way, so the order can be seen without red and green; strong on a light and on a
# dark map. Most means lie in the middle, so that is where the colours change.
_STOPS: Final = (
    (20, (0x24, 0x58, 0xC5)),
    (40, (0x7D, 0x50, 0xC4)),
    (60, (0xCB, 0x53, 0x8E)),
    (80, (0xF5, 0x8A, 0x1F)),
)

NO_SCORE: Final = "#9aa3ab"
"""Colour of a place where nobody has a score."""

CUSTOMER: Final = "#12a57c"
"""Colour of the ring round a place where somebody is a customer."""

RADII: Final = (5.0, 24.0)
"""Radius of a lone visitor and of the largest cluster, in pixels."""


def _mix(low: tuple[int, int, int], high: tuple[int, int, int], share: float) -> str:
    """Give a colour between two, as #rrggbb."""
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _colour(score: int) -> str:
    """Give the colour of a whole score; beyond the outer stops it changes no more."""
    clipped = min(max(score, _STOPS[0][0]), _STOPS[-1][0])
    (start, low), (end, high) = next(pair for pair in pairwise(_STOPS) if clipped <= pair[1][0])
    return _mix(low, high, (clipped - start) / (end - start))


SCORE_COLOURS: Final = tuple(_colour(score) for score in range(101))
"""The colour of each whole score from 0 to 100."""
