"""How often intervals of counts hold, apart from what they hold because counts are whole numbers."""

from __future__ import annotations


def randomized(below: float, until: float) -> float:
    """Return how likely it is that a count is within 95 % of its distribution, if the ends are drawn at random.

    A count takes the probabilities between `below`, that of a lower count, and `until`, that of it or a lower one. So
    the mean is 95 % for a distribution that is right, also for counts so low that no interval of whole numbers holds
    95 %: Czado, Gneiting and Held, *Biometrics* 65 (2009).
    """
    return max(0.0, min(until, 0.975) - max(below, 0.025)) / max(until - below, 1e-12)
