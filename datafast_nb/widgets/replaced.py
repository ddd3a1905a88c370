"""Track which cells show which widgets, to release the widgets of cells that were run again."""

from __future__ import annotations

import threading
import weakref
from functools import cache
from typing import Any, Protocol

from IPython.core.getipython import get_ipython


class Replaceable(Protocol):
    """A widget that a cell can show."""

    def _removed_from_cells(self) -> None:
        """Handle that no cell shows the widget anymore."""
        ...


class Cells:
    """The widgets that each cell shows, as far as the kernel knows, until the cell is run again or deleted.

    Cells are identified by the id from the notebook. A widget that is shown outside a notebook counts as shown forever.

    Parameters
    ----------
    shell
        IPython's shell, which reports when a cell starts and ends.
    """

    def __init__(self, shell: Any) -> None:  # noqa: ANN401 - IPython is typed in parts
        self._shell = shell
        self._lock = threading.Lock()
        self._shows: dict[str, weakref.WeakSet[Any]] = {}
        self._left: weakref.WeakSet[Any] = weakref.WeakSet()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def show(self, widget: Replaceable) -> None:
        """Record that the running cell shows a widget."""
        with self._lock:
            self._shows.setdefault(self._request().get("cellId") or "", weakref.WeakSet()).add(widget)

    def forget(self, widget: Replaceable) -> None:
        """Remove a widget from ``Out``, which would keep it and its data alive as long as the kernel runs."""
        outputs = self._shell.user_ns.get("_oh", {})
        for number in [number for number, output in [*outputs.items()] if output is widget]:
            outputs.pop(number, None)
            for names in self._shell.all_ns_refs:  # IPython stores names such as ``_1`` twice
                if names.get(f"_{number}") is widget:
                    names.pop(f"_{number}")

    def _begin(self, _info: object) -> None:
        request = self._request()
        with self._lock:
            # With each cell, JupyterLab reports which cells were deleted since the last one.
            for cell in {request.get("cellId"), *(request.get("deletedCells") or ())} - {None}:
                self._left.update(self._shows.pop(cell, ()))

    def _end(self, _result: object) -> None:
        with self._lock:
            left, self._left = self._left, weakref.WeakSet()
            gone = [widget for widget in left if not any(widget in shown for shown in self._shows.values())]
        for widget in gone:
            widget._removed_from_cells()  # noqa: SLF001 - the package's own

    def _request(self) -> dict[str, Any]:
        """Return the notebook's metadata of the running cell; empty outside a notebook."""
        get_parent = getattr(getattr(self._shell, "kernel", None), "get_parent", None)  # provided by ipykernel
        return ((get_parent("shell") if get_parent else None) or {}).get("metadata") or {}


@cache
def _cells() -> Cells | None:
    """Return the cells of this kernel; None outside a kernel."""
    shell = get_ipython()
    return None if shell is None else Cells(shell)


def note_shown(widget: Replaceable) -> None:
    """Record that the running cell shows a widget, and notify the widget when no cell shows it anymore."""
    cells = _cells()
    if cells is not None:
        cells.show(widget)


def forget_shown(widget: Replaceable) -> None:
    """Remove IPython's references to a widget that was a cell's output. References of the user stay."""
    cells = _cells()
    if cells is not None:
        cells.forget(widget)
