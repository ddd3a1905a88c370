"""Find the widgets that other widgets hold."""

from __future__ import annotations

from collections.abc import Iterator

from ipywidgets import Widget

from datafast_nb.widgets.private import open_widgets


def family(widget: Widget) -> Iterator[Widget]:
    """Yield a widget and all widgets that its traits hold, at any depth."""
    yield widget
    for member in _held(widget):
        yield from family(member)


def is_held(widget: Widget) -> bool:
    """Return whether another open widget holds a widget, as a box holds its children."""
    return any(member is widget for other in open_widgets().values() for member in _held(other))


def _held(widget: Widget) -> Iterator[Widget]:
    """Yield the widgets that a widget's traits hold directly."""
    for name in widget.keys:
        value = getattr(widget, name)
        for member in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(member, Widget):
                yield member
