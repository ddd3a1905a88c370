"""Access to private parts of other packages: each behind one function, with the version that needs it."""

from __future__ import annotations

from ipywidgets import Widget
from ipywidgets.widgets import widget as _module


def open_widgets() -> dict[str, Widget]:
    """Return the widgets that have a comm, by their ids.

    ipywidgets 8.1.9 keeps them in ``_instances`` and offers no other access: ``Widget.widgets`` of version 7 is
    deprecated.
    """
    return dict(_module._instances)  # noqa: SLF001


def answer_while_busy(widget: Widget) -> None:
    """Handle a widget's messages on the subshell that the browser chose for them, even while a cell runs.

    ipykernel 7.4.0 routes them to the shell that last wrote to the widget. After a write from our own threads, that is
    the main shell, where they would wait until the cell has finished. This attribute is the only switch for that
    behavior; it has no effect before 7.4.
    """
    if widget.comm is not None:
        widget.comm._reply_subshell_for = None  # noqa: SLF001
