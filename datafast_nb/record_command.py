"""The command ``datafast-nb record``: record on servers and under cron, and log lines of JSON."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from datafast_nb.api_key import VARIABLE
from datafast_nb.checks import checked_duration
from datafast_nb.errors import DataFastError, HistoryInUseError

if TYPE_CHECKING:
    from datafast_nb.snapshot import Source

FINISHED: Final = 0
FAULT: Final = 1
USAGE: Final = 2
IN_USE: Final = 3

_LOOK_EVERY: Final = 0.2  # seconds between two checks for a signal
_EPILOG: Final = f"""
On SIGTERM, SIGINT and SIGHUP, the current append finishes, and the command waits up to 5 seconds for a response of the
service. SIGINT and SIGHUP stay ignored if they were at the start, as under nohup. Each event and payment is stored
once, and everything stored before a crash is kept: start the command again to continue. It goes on recording even if
its log can't be written.

exit codes:
  {FINISHED}  stopped by a signal, or at the end of the duration
  {FAULT}  a permanent fault: the key is refused, or the tables are damaged
  {USAGE}  wrong usage, or no {VARIABLE}
  {IN_USE}  another writer is recording there
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    command = commands.add_parser(
        "record",
        help="record your site into a history, until stopped",
        description="Record your site into a history, until stopped.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("location", metavar="LOCATION", help="a folder, or a URL such as s3://bucket/site")
    command.add_argument(
        "--every",
        type=_time,
        default=timedelta(seconds=10),
        metavar="TIME",
        help="time between snapshots, such as 10s or 1min (default: 10s; 5min at most)",
    )
    command.add_argument(
        "--duration", type=_time, metavar="TIME", help="how long to record, such as 12h or 30d (default: until stopped)"
    )
    command.add_argument("--redact", action="store_true", help="store pseudonyms in place of names and addresses")
    command.add_argument("--demo", action="store_true", help="record the demo site, to try the command")


def run(options: argparse.Namespace) -> int:
    """Record until a signal, the end of the duration or a permanent fault; return the exit code."""
    from datafast_nb.history import History

    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        nonlocal stopping
        stopping = True

    for number in _ending_signals():
        signal.signal(number, stop)
    try:
        source = _source(demo=options.demo)
        history = History(options.location, redact=options.redact)
        recording = history.record(source, options.every, options.duration, report=_log)
    except (DataFastError, ImportError, ValueError) as error:
        with contextlib.suppress(OSError, AttributeError):  # the exit code reports it
            _log("refused", {"error": type(error).__name__, "message": str(error)})
        return _code(error)
    with history:
        # The handler only sets a flag: a lock that it needed might be held by the code that it interrupted.
        while not recording.wait(_LOOK_EVERY):
            if stopping:
                recording.stop()
    return FINISHED if recording.error is None else _code(recording.error)


def _ending_signals() -> list[signal.Signals]:
    """Return the signals that end a recording: all except those that were ignored at the start."""
    known = [signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    return [signal.SIGTERM, *(number for number in known if signal.getsignal(number) is not signal.SIG_IGN)]


def _source(*, demo: bool) -> Source:
    """Return the source to record; the demo site only if it was requested."""
    if demo:
        from datafast_nb.demo import Site

        return Site()
    if not os.getenv(VARIABLE, "").strip():
        raise ValueError(f"Nothing to record: set {VARIABLE} to your site's key, or try it with --demo.")
    from datafast_nb.client import Client

    return Client()


def _code(error: BaseException) -> int:
    """Return the exit code for an error."""
    return IN_USE if isinstance(error, HistoryInUseError) else USAGE if isinstance(error, ValueError) else FAULT


def _log(what: str, figures: dict[str, Any]) -> None:
    """Write one line of JSON."""
    import msgspec

    line = msgspec.json.encode({"time": datetime.now(UTC), "what": what, **figures})
    # Don't use print: it buffers a line that a full disk or a closed pipe rejects, and fails again at exit.
    os.write(sys.stdout.fileno(), line + b"\n")


def _time(text: str) -> timedelta:
    """Parse a duration such as 10s, 5min, 12h or 30d. A number without a unit means seconds."""
    try:
        return checked_duration(text, "the time")
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r:.60} is not a duration, or too long: give one such as 10s, 5min, 12h or 30d"
        ) from error
