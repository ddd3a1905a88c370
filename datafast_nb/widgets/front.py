"""A front end as a widget: it holds what the browser shows, and the script that shows it is a model of its own."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, Self

import anywidget
from ipywidgets import widget_serialization
from traitlets import Instance, Unicode

_STATIC: Final = files("datafast_nb.widgets").joinpath("static")


def bundle(name: str) -> str:
    """Return the text of a built script or style sheet, such as ``"livemap.js"``."""
    return _STATIC.joinpath(name).read_text("utf-8")


class Script(anywidget.AnyWidget):
    """A front end's script and styles, as one model that all views of a kernel share. It has no view."""

    _esm = "export default {};"
    source = Unicode().tag(sync=True)
    version = Unicode().tag(sync=True)

    @classmethod
    def of(cls, source: str) -> Self:
        """Make the model of a script, whose version tells it from others in a page."""
        return cls(source=source, version=sha256(source.encode()).hexdigest())


class Wishing(anywidget.AnyWidget):
    """A front end whose browser sends wishes: messages that say what to `do`. Its script is a model of its own."""

    _esm = bundle("load.js")

    script = Instance(Script).tag(sync=True, **widget_serialization)

    def on_wish(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back with each message of the browser that is one of ours."""

        def received(_widget: Wishing, content: object, _buffers: object) -> None:
            if isinstance(content, dict) and isinstance(content.get("do"), str):
                callback(content)

        self.on_msg(received)
