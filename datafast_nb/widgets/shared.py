"""A widget that all maps of a kernel share, so that a further map costs no more than its own parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ipywidgets import Widget

from datafast_nb.notebook_display import is_marimo

W = TypeVar("W", bound=Widget)


class Shared(Generic[W]):
    """Creates a widget on first use, and again if it was closed, as by ``Widget.close_all``.

    In marimo, it creates one for each use: marimo closes a widget with the cell that created it.

    Parameters
    ----------
    make
        Creates the widget.
    """

    def __init__(self, make: Callable[[], W]) -> None:
        self._make = make
        self._made: W | None = None

    def get(self) -> W:
        """Return the widget, open."""
        if self._made is None or self._made.comm is None or is_marimo():
            self._made = self._make()
        return self._made

    def is_it(self, widget: Widget) -> bool:
        """Return whether a widget is the shared one."""
        return widget is self._made
