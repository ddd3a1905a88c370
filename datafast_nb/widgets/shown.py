"""A widget that costs nothing until somebody sees it."""

from __future__ import annotations

from typing import Any, Final

from ipywidgets import VBox, Widget

from datafast_nb.widgets.replaced import forget_shown, note_shown

Bundle = tuple[dict[str, Any], dict[str, Any]]
"""What IPython shows: content and metadata by MIME type."""

NEEDS_KERNEL: Final = "It is drawn where a kernel runs: open the notebook in JupyterLab, and run the cell."
"""What is said in the place of a widget."""


class OpenedWhenShown(VBox):  # type: ignore[misc] # ipywidgets is not typed
    """A widget that opens its comm, and makes the widgets in it, when it is displayed or put into another one.

    ipywidgets keeps every widget that has a comm, for ever; until this one has, the garbage collector can have it.
    A subclass makes its `_view` in `_show`, and calls `open` when it stands.
    """

    _view: Any = None
    _replaced = False  # whether cells have shown it, and none does any more

    def _show(self) -> None:
        """Make the view and open the comm, the first time."""
        raise NotImplementedError

    def _left_cells(self) -> None:
        """Take the word that no cell shows it any more: what did was run again, or deleted."""
        self._replaced = True

    def _unopen(self) -> None:
        """Close the comm, until it is displayed again; the caller takes the view away.

        Who runs a cell again has no use for its last output, but IPython would keep each of them.
        """
        Widget.close(self)
        self.__dict__.pop("_repr_mimebundle_", None)  # which Widget.close hides
        forget_shown(self)

    def open(self) -> None:
        """Open the comm, once there is a view; ``Widget.__init__`` calls this too early."""
        if self._view is not None:
            super().open()

    @property
    def model_id(self) -> str:
        """The id by which a browser finds the widget."""
        self._show()
        return str(super().model_id)

    def _still(self) -> Bundle:
        """Give what is shown in the place of the widget where there is none, as on GitHub: content and metadata."""
        return {"text/plain": f"{self!r}\n{NEEDS_KERNEL}"}, {}

    def _repr_mimebundle_(self, **options: Any) -> Bundle:  # noqa: ANN401 - IPython's options
        self._show()
        if self._view is None:  # closed before it was ever shown
            return {"text/plain": repr(self)}, {}
        self._replaced = False
        note_shown(self)
        content, metadata = self._still()
        return {**(super()._repr_mimebundle_(**options) or {}), **content}, metadata
