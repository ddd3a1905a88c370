"""A widget that all maps of a kernel share, so that the tenth map costs what its own parts cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ipywidgets import Widget

W = TypeVar("W", bound=Widget)


class Shared(Generic[W]):
    """Makes a widget when it is first wanted, and again where somebody has closed it, as ``Widget.close_all`` does.

    Parameters
    ----------
    make
        Makes it.
    """

    def __init__(self, make: Callable[[], W]) -> None:
        self._make = make
        self._made: W | None = None

    def get(self) -> W:
        """Return the widget, open."""
        if self._made is None or self._made.comm is None:
            self._made = self._make()
        return self._made

    def is_it(self, widget: Widget) -> bool:
        """Say whether a widget is the shared one."""
        return widget is self._made
