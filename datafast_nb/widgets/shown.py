"""A widget that costs nothing until it is displayed."""

from __future__ import annotations

import threading
from typing import Any, Final

from ipywidgets import VBox, Widget

from datafast_nb.widgets.private import answer_while_busy
from datafast_nb.widgets.replaced import forget_shown, note_shown

Bundle = tuple[dict[str, Any], dict[str, Any]]
"""Output for IPython: content and metadata by MIME type."""

NEEDS_KERNEL: Final = "It is drawn where a kernel runs: open the notebook in JupyterLab, and run the cell."
"""The text shown in place of a widget."""


class OpenedWhenShown(VBox):  # type: ignore[misc] # ipywidgets is not typed
    """A widget that opens its comm, and creates its children, when it is displayed or put into another widget.

    ipywidgets keeps every widget with a comm alive forever. Until this one has a comm, it can be garbage collected.
    A subclass creates its `_view` in `_show`, and then calls `_open_view`.
    """

    _lock: threading.RLock
    _view: Any = None
    _replaced = False  # whether a cell has shown it, and none does anymore

    def _show(self) -> None:
        """Create the view and open the comm, on the first call."""
        raise NotImplementedError

    def _open_view(self, name: str) -> None:
        """Open the comm with the view's widgets as children; `name` is the root's class on the page."""
        self.children = self._view.children
        self.add_class("datafast").add_class(name)
        self.open()
        for widget in {self, *self._view.family(), self.layout}:
            answer_while_busy(widget)

    def _display_(self) -> Widget | str:
        """Return what marimo shows: a new view each time, as marimo closes the last one with the cell that made it."""
        with self._lock:
            self._forget_view()
            self._show()
            return repr(self) if self._view is None else self._view.front

    def _forget_view(self) -> None:
        """Close the view, if there is one, so that `_show` creates another. The caller holds the lock."""
        view, self._view = self._view, None
        if view is not None:
            view.close()

    def _removed_from_cells(self) -> None:
        """Handle that no cell shows the widget anymore: the cells that did were run again or deleted."""
        self._replaced = True

    def _close_comm(self) -> None:
        """Close the comm until the widget is displayed again. The caller removes the view.

        After a cell is run again, its last output is of no use, but IPython would keep it.
        """
        Widget.close(self)
        self.__dict__.pop("_repr_mimebundle_", None)  # Widget.close hides this method
        forget_shown(self)

    def open(self) -> None:
        """Open the comm if there is a view; ``Widget.__init__`` calls this before there is one."""
        if self._view is not None:
            super().open()

    @property
    def model_id(self) -> str:
        """The id by which the browser finds the widget."""
        self._show()
        return str(super().model_id)

    def _static_output(self) -> Bundle:
        """Return what is shown where widgets can't be, as on GitHub: content and metadata."""
        return {"text/plain": f"{self!r}\n{NEEDS_KERNEL}"}, {}

    def _repr_mimebundle_(self, **options: Any) -> Bundle:  # noqa: ANN401 - IPython's options
        self._show()
        if self._view is None:  # closed before it was ever shown
            return {"text/plain": repr(self)}, {}
        self._replaced = False
        note_shown(self)
        content, metadata = self._static_output()
        return {**(super()._repr_mimebundle_(**options) or {}), **content}, metadata
