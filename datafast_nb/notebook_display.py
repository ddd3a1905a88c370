"""Registers with IPython how results look; imports nothing heavy: `shown_tables` comes when a result is shown."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Final

_TYPES: Final = (("polars.dataframe.frame", "DataFrame", "table"), ("polars.lazyframe.frame", "LazyFrame", "card"))


def register() -> None:
    """Show this package's results in the notebook that runs now, if one does."""
    formatter = getattr(_shell(), "display_formatter", None)
    if formatter is None:
        return
    for module, name, function in _TYPES:
        formatter.formatters["text/html"].for_type_by_name(module, name, _Shown(function))


class _Shown:
    """A function of `shown_tables`, which is imported on the first call."""

    def __init__(self, function: str) -> None:
        self.function = function

    def __call__(self, frame: Any) -> str | None:  # noqa: ANN401 - a frame of Polars, which is not imported here
        shown: str | None = getattr(import_module("datafast_nb.shown_tables"), self.function)(frame)
        return shown


def _shell() -> Any:  # noqa: ANN401 - IPython's, which is not imported here
    """Return IPython's shell, or None where it does not run."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None


def is_jupyter() -> bool:
    """Return whether this code runs in a kernel of Jupyter, and not in a terminal, a script or marimo."""
    return getattr(_shell(), "kernel", None) is not None and not is_marimo()


def is_marimo() -> bool:
    """Return whether this code runs in a marimo notebook."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())
