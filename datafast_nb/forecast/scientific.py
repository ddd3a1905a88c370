"""The parts of SciPy that forecasts use; each is imported when it is first needed, or the error says how to get it."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, Literal

_MISSING: Final = 'Forecasts need SciPy, which is not installed. Get it with: pip install "datafast_nb[forecast]"'


def scipy(part: Literal["optimize", "special", "stats"]) -> Any:  # noqa: ANN401 - a module
    """Return a part of SciPy.

    Raises
    ------
    ImportError
        SciPy is not installed; the message says how to get it.

    Examples
    --------
    >>> round(float(scipy("stats").norm.cdf(1.96)), 3)
    0.975
    """
    try:
        return import_module(f"scipy.{part}")
    except ImportError as error:
        raise ImportError(_MISSING) from error
