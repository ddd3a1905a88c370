"""A front end as a widget: it holds what the browser shows, and the script that shows it is a model of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import anywidget
import msgspec
from ipywidgets import CallbackDispatcher, widget_serialization
from traitlets import Instance, TraitError, Unicode

from datafast_nb.text import plain
from datafast_nb.widgets.protocol import Fault

_LOG: Final = logging.getLogger(__name__)
_MOST_LOGGED: Final = 50  # faults of one widget's browsers
_LONGEST_STACK: Final = 4000  # characters

_RELOADS: Final = os.environ.get("ANYWIDGET_HMR") == "1"
_STATIC: Final = files("datafast_nb.widgets").joinpath("static")


def bundle(name: str) -> str:
    """Return the text of a built script or style sheet, such as ``"livemap.js"``."""
    return _STATIC.joinpath(name).read_text("utf-8")


def asset(name: str) -> str | Path:
    """Return a script or style sheet for anywidget's ``_esm`` or ``_css``: its text.

    With ``ANYWIDGET_HMR=1`` it is the file, which anywidget watches: a page shows a change at once, without the cell
    being run again. ``npm run watch`` builds it whenever a source changes.
    """
    return Path(str(_STATIC.joinpath(name))) if _RELOADS else bundle(name)


def front_script(name: str) -> str | Path:
    """Return the ``_esm`` of a front end: what loads the script that all share, or, to reload it, the script itself."""
    return asset(name if _RELOADS else "load.js")


class Script(anywidget.AnyWidget):
    """A front end's script and styles, as one model that all views of a kernel share. It has no view."""

    _esm = "export default {};"
    source = Unicode().tag(sync=True)
    version = Unicode().tag(sync=True)

    @classmethod
    def of(cls, source: str) -> Self:
        """Make the model of a script, whose version tells it from others in a page."""
        return cls(source=source, version=sha256(source.encode()).hexdigest())


class TypedWidget(anywidget.AnyWidget):
    """A widget whose states and messages are those of ``protocol``.

    A subclass names the `messages` that its browser sends, a union of structs, and puts the traits of its states into
    its class with ``vars().update(traits_of(…))``. Each field of a state is a trait of its own, so what has not changed
    is not sent.
    """

    messages: ClassVar[Any]

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - the values of the traits
        super().__init__(**traits)
        self._heard = CallbackDispatcher()
        self._faults_logged: set[str] = set()
        self.on_msg(self._hear)

    def tell(self, message: msgspec.Struct) -> None:
        """Send what is to happen once."""
        self.send(msgspec.to_builtins(message))

    def on_message(self, callback: Callable[[Any], None]) -> None:
        """Call back with each message of the browser, as one of the structs of `messages`.

        What the browser says of its own faults is logged, and so is what does not parse; neither reaches the callback.
        """
        self._heard.register_callback(callback)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser has set; what can't be is logged, and the browser is told what is true."""
        try:
            super().set_state(sync_data)
        except TraitError as error:
            _LOG.warning("A value of the browser was ignored: %s", plain(str(error), 200))
            self.send_state([*sync_data])

    def _hear(self, _widget: TypedWidget, content: object, _buffers: object) -> None:
        """Take a message of the browser."""
        try:
            message = msgspec.convert(content, self.messages)
        except msgspec.ValidationError as error:
            _LOG.warning("A message of the browser was ignored: %s. It was %s", error, plain(repr(content), 200))
            return
        if isinstance(message, Fault):
            self._log_once(_worded(message))
        else:
            self._heard(message)

    def _log_once(self, fault: str) -> None:
        if fault not in self._faults_logged and len(self._faults_logged) < _MOST_LOGGED:
            self._faults_logged.add(fault)
            _LOG.error("%s", fault)


class FrontEnd(TypedWidget):
    """A typed widget whose script is a model of its own, which all of its kind share.

    A subclass sets its `_esm` by `front_script`.
    """

    script = Instance(Script).tag(sync=True, **widget_serialization)

    def show(self, *states: msgspec.Struct) -> None:
        """Show states, in one message, so that no view ever shows two moments at once."""
        with self.hold_sync():
            for state in states:
                for name in state.__struct_fields__:
                    setattr(self, name, getattr(state, name))


def _worded(fault: Fault) -> str:
    """Tell a fault of the browser in a log."""
    lines = fault.stack[:_LONGEST_STACK].splitlines()
    stack = "".join(f"\n  {plain(line, 200)}" for line in lines)
    return f"In the browser: {plain(fault.what, 200)} ({plain(fault.error, 200)}){stack}"
