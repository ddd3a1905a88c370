"""What this package needs of others' private parts: each behind one function, with the version it was needed in."""

from __future__ import annotations

from ipywidgets import Widget
from ipywidgets.widgets import widget as _module


def open_widgets() -> dict[str, Widget]:
    """Return the widgets that have a comm, by their ids.

    ipywidgets 8.1.9 keeps them in ``_instances``, and offers no other way to them: ``Widget.widgets``, as 7 had it, is
    deprecated.
    """
    return dict(_module._instances)  # noqa: SLF001


def answer_while_busy(widget: Widget) -> None:
    """Take a widget's messages on the subshell that the browser chose for them, even while a cell runs.

    ipykernel 7.4.0 sends them to the shell that last wrote to the widget. For what a thread of ours writes that is the
    main one, where they would wait until the cell has ended. The attribute is its only switch for that; it has no
    effect before 7.4.
    """
    if widget.comm is not None:
        widget.comm._reply_subshell_for = None  # noqa: SLF001
