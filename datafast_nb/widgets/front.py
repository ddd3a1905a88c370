"""Front ends as widgets: they hold the state that the browser shows, and their script is a separate model."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
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
_MOST_LOGGED: Final = 50  # maximum number of different browser errors and ignored messages per widget
_LONGEST_STACK: Final = 4000  # characters

_RELOADS: Final = os.environ.get("ANYWIDGET_HMR") == "1"
_STATIC: Final = files("datafast_nb.widgets").joinpath("static")


def bundle(name: str) -> str:
    """Return the text of a bundled script or style sheet, such as ``"livemap.js"``."""
    return _STATIC.joinpath(name).read_text("utf-8")


def asset(name: str) -> str | Path:
    """Return the text of a script or style sheet, for anywidget's ``_esm`` or ``_css``.

    With ``ANYWIDGET_HMR=1``, return the path of the file, which anywidget watches: a page shows a change at once,
    without running the cell again. ``npm run watch`` rebuilds the file whenever a source changes.
    """
    return Path(str(_STATIC.joinpath(name))) if _RELOADS else bundle(name)


def front_script(name: str) -> str | Path:
    """Return the ``_esm`` of a front end: the loader of the shared script or, for live reload, the script itself."""
    return asset(name if _RELOADS else "load.js")


class Script(anywidget.AnyWidget):
    """The script and styles of a front end, as one model without a view that all widgets of a kernel share."""

    _esm = "export default {};"
    source = Unicode().tag(sync=True)
    version = Unicode().tag(sync=True)

    @classmethod
    def of(cls, source: str) -> Self:
        """Return the model of a script, with a version that distinguishes it from others on the page."""
        return cls(source=source, version=sha256(source.encode()).hexdigest())


class TypedWidget(anywidget.AnyWidget):
    """A widget whose states and messages are defined in ``protocol``.

    A subclass sets `messages`, a union of the structs that its browser sends, and adds the traits of its states to its
    class with ``vars().update(traits_of(…))``. Each field of a state is a separate trait, so that only changes are
    sent.
    """

    messages: ClassVar[Any]

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 - the values of the traits
        super().__init__(**traits)
        self._heard = CallbackDispatcher()
        self._were_set = CallbackDispatcher()
        self._faults_logged: set[str] = set()
        self.on_msg(self._hear)

    def announce(self, message: msgspec.Struct, *content: bytes) -> None:
        """Send a one-time message to the browser, with its buffers."""
        self.send(msgspec.to_builtins(message), [*content])

    def on_message(self, callback: Callable[[Any], None]) -> None:
        """Call a function with each message of the browser, as one of the structs of `messages`.

        Errors that the browser reports, and messages that do not parse, are logged and not passed to the function.
        """
        self._heard.register_callback(callback)

    def on_values(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call a function with the valid values that the browser sets, by the names of their traits.

        Values set in Python are not passed to the function, which an observer of the traits can't tell from these.
        """
        self._were_set.register_callback(callback)

    def get_state(
        self,
        key: str | Iterable[str] | None = None,
        drop_defaults: bool = False,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return the values that are sent, including those that equal a default: the scripts don't know the defaults.

        ipywidgets would leave them out when it saves or embeds a widget.
        """
        state: dict[str, Any] = super().get_state(key)
        return state

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Apply values set by the browser. Log invalid ones, and send the browser the actual values."""
        values = {name: value for name, value in sync_data.items() if name in self.keys}
        try:
            super().set_state(sync_data)
        except TraitError as error:
            _LOG.warning("A value of the browser was ignored: %s", plain(str(error), 200))
            self.send_state([*values])
        else:
            self._were_set(values)

    def _hear(self, _widget: TypedWidget, content: object, _buffers: object) -> None:
        """Parse a message of the browser, and pass it on."""
        try:
            message = msgspec.convert(content, self.messages)
        except msgspec.ValidationError as error:
            was = plain(repr(content), 200)
            self._log_once(f"A message of the browser was ignored: {error}. It was {was}", logging.WARNING)
            return
        if isinstance(message, Fault):
            self._log_once(_worded(message))
        else:
            self._heard(message)

    def _log_once(self, fault: str, level: int = logging.ERROR) -> None:
        if fault not in self._faults_logged and len(self._faults_logged) < _MOST_LOGGED:
            self._faults_logged.add(fault)
            _LOG.log(level, "%s", fault)


class FrontEnd(TypedWidget):
    """A typed widget whose script is a separate model, shared by all widgets of its class.

    A subclass sets its `_esm` to the result of `front_script`.
    """

    script = Instance(Script, allow_none=True).tag(sync=True, **widget_serialization)

    def show(self, *states: msgspec.Struct) -> None:
        """Show states, sent in one message, so that no view ever mixes two moments."""
        with self.hold_sync():
            for state in states:
                for name in state.__struct_fields__:
                    setattr(self, name, getattr(state, name))


def _worded(fault: Fault) -> str:
    """Return the log message for an error in the browser."""
    lines = fault.stack[:_LONGEST_STACK].splitlines()
    stack = "".join(f"\n  {plain(line, 200)}" for line in lines)
    return f"In the browser: {plain(fault.what, 200)} ({plain(fault.error, 200)}){stack}"
