"""The command ``datafast-nb record``: record on servers and under cron, and log lines of JSON."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Protocol

from datafast_nb.api_key import VARIABLE
from datafast_nb.command_options import (
    FAULT,
    FINISHED,
    IN_USE,
    USAGE,
    Commands,
    add_command,
    add_demo_to,
    add_location_to,
    add_model_to,
    add_redact_to,
    add_times_to,
)
from datafast_nb.errors import AlertsInUseError, DataFastError, HistoryInUseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from datafast_nb.forecast.model import Model
    from datafast_nb.history import Recording
    from datafast_nb.snapshot import Source

LOOK_EVERY: Final = 0.2
"""Seconds between two checks for a signal."""

_EPILOG: Final = f"""
On SIGTERM, SIGINT and SIGHUP, the current append finishes, and the command waits up to 5 seconds for a response of the
service. SIGINT and SIGHUP stay ignored if they were at the start, as under nohup. Each event and payment is stored
once, and everything stored before a crash is kept: start the command again to continue. It goes on recording even if
its log can't be written.

exit codes:
  {FINISHED}  stopped by a signal, or at the end of the duration
  {FAULT}  a permanent fault: the key is refused, or the tables are damaged
  {USAGE}  wrong usage, or no {VARIABLE}
  {IN_USE}  another writer is recording there, or another watcher uses the file of what was reported
"""


def add_to(commands: Commands) -> None:
    """Add the command to a command line."""
    command = add_command(commands, "record", "Record your site into a history, until stopped.", _EPILOG)
    add_location_to(command)
    add_times_to(command)
    command.add_argument(
        "--alerts",
        type=Path,
        metavar="FILE",
        help="a TOML file of alerts to watch for while recording; see datafast-nb watch --help",
    )
    add_model_to(command, "for alerts with probability")
    add_redact_to(command)
    add_demo_to(command)


def run(options: argparse.Namespace) -> int:
    """Record until a signal, the end of the duration or a permanent fault; return the exit code."""
    return serve(lambda stack: _recording(options, stack))


def _recording(options: argparse.Namespace, stack: contextlib.ExitStack) -> Recording:
    """Begin to record, with alerts if a file of them is given."""
    from datafast_nb.history import History

    if options.model is not None and options.alerts is None:
        raise ValueError("--model has no effect without --alerts.")
    settings = None
    if options.alerts is not None:
        from datafast_nb.alerts.settings import read

        settings = read(options.alerts)
    model = model_of(options.model)
    source = source_of(demo=options.demo)
    history = stack.enter_context(History(options.location, redact=options.redact))
    if settings is not None:
        from datafast_nb.alerts import watcher
        from datafast_nb.alerts.relay import Relay

        state = settings.state or history
        dispatcher = watcher.dispatcher_of(settings.alerts, log, model=model, state=state, history=history)
        stack.callback(dispatcher.close, watcher.PATIENCE)
        source = Relay(source, dispatcher)
    return history.record(source, options.every, options.duration, report=log)


class Background(Protocol):
    """Work in the background, such as a recording."""

    @property
    def error(self) -> BaseException | None:
        """The fault that ended it, if any."""

    def stop(self) -> None:
        """End it."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, or for at most some seconds; return whether it has ended."""


def serve(begin: Callable[[contextlib.ExitStack], Background]) -> int:
    """Begin work in the background, and wait for a signal or for its end; return the exit code.

    Parameters
    ----------
    begin
        Begins the work. What it adds to the stack is closed at the end.
    """
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        nonlocal stopping
        stopping = True

    for number in ending_signals():
        signal.signal(number, stop)
    with contextlib.ExitStack() as stack:
        try:
            begun = begin(stack)
        except (DataFastError, ImportError, ValueError) as error:
            with contextlib.suppress(OSError, AttributeError):  # the exit code reports it
                log("refused", {"error": type(error).__name__, "message": str(error)})
            return code_of(error)
        # The handler only sets a flag: a lock that it needed might be held by the code that it interrupted.
        while not begun.wait(LOOK_EVERY):
            if stopping:
                begun.stop()
    return FINISHED if begun.error is None else code_of(begun.error)


def ending_signals() -> list[signal.Signals]:
    """Return the signals that end a command: all except those that were ignored at the start.

    Windows has no SIGHUP; there, SIGBREAK is what another program can send, and what closing the console sends.
    """
    names = ("SIGINT", "SIGHUP", "SIGBREAK")
    known = [signal.Signals[name] for name in names if name in signal.Signals.__members__]
    return [signal.SIGTERM, *(number for number in known if signal.getsignal(number) is not signal.SIG_IGN)]


def source_of(*, demo: bool) -> Source:
    """Return the source of the site; the demo site only if it was requested."""
    if demo:
        from datafast_nb.demo import Site

        return Site()
    if not os.getenv(VARIABLE, "").strip():
        raise ValueError(f"There is no site: set {VARIABLE} to your site's key, or try it with --demo.")
    from datafast_nb.client import Client

    return Client()


def model_of(file: Path | None) -> Model | None:
    """Return the model in a file, if one is given."""
    if file is None:
        return None
    from datafast_nb.forecast.model import Model

    return Model.load(file)


def code_of(error: BaseException) -> int:
    """Return the exit code for an error."""
    in_use = isinstance(error, (HistoryInUseError, AlertsInUseError))
    return IN_USE if in_use else USAGE if isinstance(error, ValueError) else FAULT


def log(what: str, figures: dict[str, Any]) -> None:
    """Write one line of JSON."""
    import msgspec

    line = msgspec.json.encode({"time": datetime.now(UTC), "what": what, **figures})
    # Don't use print: it buffers a line that a full disk or a closed pipe rejects, and fails again at exit.
    os.write(sys.stdout.fileno(), line + b"\n")
