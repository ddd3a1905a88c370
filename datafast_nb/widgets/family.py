"""Which widgets hold which others."""

from __future__ import annotations

from collections.abc import Iterator

from ipywidgets import Widget

from datafast_nb.widgets.private import open_widgets


def family(widget: Widget) -> Iterator[Widget]:
    """Return a widget and all that its traits hold, at any depth."""
    yield widget
    for member in _held(widget):
        yield from family(member)


def is_held(widget: Widget) -> bool:
    """Say whether another widget that is open holds a widget, as a box holds what is in it."""
    return any(member is widget for other in open_widgets().values() for member in _held(other))


def _held(widget: Widget) -> Iterator[Widget]:
    """Return the widgets that a widget's traits hold."""
    for name in widget.keys:
        value = getattr(widget, name)
        for member in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(member, Widget):
                yield member
