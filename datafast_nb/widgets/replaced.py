"""Which cells show which widgets, so that those of a cell that has been run again can go."""

from __future__ import annotations

import threading
import weakref
from functools import cache
from typing import Any, Protocol

from IPython.core.getipython import get_ipython


class Replaceable(Protocol):
    """What a cell can show."""

    def _left_cells(self) -> None:
        """Take the word that no cell shows it any more."""
        ...


class Cells:
    """What each cell shows, as far as the kernel can know: a cell that is run again, or deleted, shows it no more.

    Cells are known by the id that a notebook gives them. What is shown outside a notebook counts as shown for ever.

    Parameters
    ----------
    shell
        IPython's shell, which tells when a cell starts and ends.
    """

    def __init__(self, shell: Any) -> None:  # noqa: ANN401 - IPython is typed in parts
        self._shell = shell
        self._lock = threading.Lock()
        self._shows: dict[str, weakref.WeakSet[Any]] = {}
        self._left: weakref.WeakSet[Any] = weakref.WeakSet()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def show(self, widget: Replaceable) -> None:
        """Note that the cell that runs shows a widget."""
        with self._lock:
            self._shows.setdefault(self._request().get("cellId") or "", weakref.WeakSet()).add(widget)

    def forget(self, widget: Replaceable) -> None:
        """Take a widget out of ``Out``, which would keep it and its data for as long as the kernel runs."""
        outputs = self._shell.user_ns.get("_oh", {})
        for number in [number for number, output in [*outputs.items()] if output is widget]:
            outputs.pop(number, None)
            for names in self._shell.all_ns_refs:  # IPython keeps ``_1`` and its like twice
                if names.get(f"_{number}") is widget:
                    names.pop(f"_{number}")

    def _begin(self, _info: object) -> None:
        request = self._request()
        with self._lock:
            # JupyterLab tells with each cell which ones have been deleted since the last.
            for cell in {request.get("cellId"), *(request.get("deletedCells") or ())} - {None}:
                self._left.update(self._shows.pop(cell, ()))

    def _end(self, _result: object) -> None:
        with self._lock:
            left, self._left = self._left, weakref.WeakSet()
            gone = [widget for widget in left if not any(widget in shown for shown in self._shows.values())]
        for widget in gone:
            widget._left_cells()  # noqa: SLF001 - the package's own

    def _request(self) -> dict[str, Any]:
        """Give what the notebook says of the cell that runs; nothing outside one."""
        get_parent = getattr(getattr(self._shell, "kernel", None), "get_parent", None)  # which ipykernel has
        return ((get_parent("shell") if get_parent else None) or {}).get("metadata") or {}


@cache
def _cells() -> Cells | None:
    """Give the cells of this kernel; None outside one."""
    shell = get_ipython()
    return None if shell is None else Cells(shell)


def note_shown(widget: Replaceable) -> None:
    """Note that the cell that runs shows a widget, which is told when no cell does any more."""
    cells = _cells()
    if cells is not None:
        cells.show(widget)


def forget_shown(widget: Replaceable) -> None:
    """Let IPython keep a widget no more for having been a cell's output; whoever else has it keeps it."""
    cells = _cells()
    if cells is not None:
        cells.forget(widget)
