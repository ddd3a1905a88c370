"""A ridge regression on flags, which chooses its own penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]

_ROWS_AT_ONCE: Final = 4_096
_PENALTIES: Final = (-8.0, 4.0, 73)  # powers of ten from, to; how many
_RELATIVE: Final = 1e-12  # of the sum of squares; a smaller rest is rounding


class Fit(NamedTuple):
    """What a regression found.

    Attributes
    ----------
    effects, errors : numpy.ndarray
        The effect of each flag, and its posterior standard deviation.
    explained : float or None
        The share of the variance that the flags explain, adjusted for how many there are; None if nothing varies.
    """

    effects: Numbers
    errors: Numbers
    explained: float | None


def ridge(rows: Places, flags: Places, outcomes: Numbers, scales: Numbers) -> Fit:
    """Explain outcomes by flags, each with an effect that is shrunk toward 0.

    Parameters
    ----------
    rows, flags
        The row and the number of each flag that is set; sorted by row.
    outcomes
        The outcome of each row.
    scales
        The expected size of each flag's effect, relative to the others, before the outcomes are known.

    Notes
    -----
    Effects are taken to be normally distributed around 0, and outcomes around their sums. The penalty is the ratio of
    the two variances with the most evidence (MacKay 1992, *Bayesian interpolation*), so that outcomes which flags
    explain exactly are hardly shrunk.
    """
    import numpy as np

    gram, moments = _sums(rows, flags, outcomes, len(scales))
    gram, moments = gram * np.outer(scales, scales), moments * scales
    values, vectors = np.linalg.eigh(gram)
    values = np.clip(values, 0, None)
    turned = vectors.T @ moments
    squares, count = float(outcomes @ outcomes), len(outcomes)

    def rest(penalty: float) -> float:
        return max(squares - float(np.sum(turned**2 / (values + penalty))), squares * _RELATIVE)

    def cost(penalty: float) -> float:
        return count * float(np.log(rest(penalty))) + float(np.sum(np.log1p(values / penalty)))

    penalty = min((float(it) for it in np.logspace(*_PENALTIES)[::-1]), key=cost) if squares else 1.0
    effects = scales * (vectors @ (turned / (values + penalty)))
    errors = scales * np.sqrt(rest(penalty) / max(count, 1) * np.sum(vectors**2 / (values + penalty), axis=1))
    left = outcomes - np.bincount(rows, weights=effects[flags], minlength=count)
    freedom = count - float(np.sum(values / (values + penalty)))
    return Fit(effects, errors, _explained(left, outcomes, freedom))


def _sums(rows: Places, flags: Places, outcomes: Numbers, width: int) -> tuple[Numbers, Numbers]:
    """Return how often each pair of flags is set together, and the sum of the outcomes of each flag."""
    import numpy as np

    gram = np.zeros((width, width))
    for start in range(0, len(outcomes), _ROWS_AT_ONCE):
        first, last = np.searchsorted(rows, [start, start + _ROWS_AT_ONCE])
        block = np.zeros((min(_ROWS_AT_ONCE, len(outcomes) - start), width))
        block[rows[first:last] - start, flags[first:last]] = 1.0
        gram += block.T @ block
    return gram, np.bincount(flags, weights=outcomes[rows], minlength=width).astype(np.float64)


def _explained(left: Numbers, outcomes: Numbers, freedom: float) -> float | None:
    """Return the explained share of the variance, adjusted for the degrees of freedom."""
    around = outcomes - outcomes.mean()
    total = float(around @ around)
    if len(outcomes) <= 1 or freedom <= 0 or total <= _RELATIVE:
        return None
    unexplained = float(left @ left) / freedom / (total / (len(outcomes) - 1))
    return min(max(0.0, 1.0 - unexplained), 1.0)
