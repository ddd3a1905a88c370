"""The kernel's side of the process that draws: starts it once, asks it, and starts it again after it has ended."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, Final

from datafast_nb.charts import drawing_process
from datafast_nb.errors import DrawingError
from datafast_nb.text import duration

_PATIENCE: Final = 120.0  # seconds for one drawing; the largest chart takes less than two
_ORPHANED: Final = 10.0  # more, after which the process ends itself: nobody has ended it, so nobody waits
_SAID: Final = 300  # characters of what the library says
_OWN: Final = "DATAFAST_"  # the names of environment variables that are no business of a process that draws


class Drawer:
    """A process that draws. Threads wait for each other; a fork of the kernel gets a process of its own.

    Parameters
    ----------
    patience : float
        Seconds that a drawing may take.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.patience = patience
        self._forget()
        atexit.register(self.end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """Begin without a process: in a fork, the process that there was is its parent's."""
        inherited: subprocess.Popen[bytes] | None = getattr(self, "_process", None)
        for pipe in (inherited.stdin, inherited.stdout) if inherited else ():
            if pipe is not None:
                pipe.close()
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - kept as long as the drawer

    def ask(self, function: str, **arguments: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Have a function of vl-convert called, and give its result.

        Raises
        ------
        DrawingError
            The function has refused, or the process has ended or taken too long.
        """
        asked = {"function": function, "arguments": arguments, "seconds": self.patience + _ORPHANED}
        request = json.dumps(asked).encode()
        with self._lock:
            process = self._started()
            late = threading.Event()
            timer = threading.Timer(self.patience, _end_late, (process, late))
            timer.daemon = True
            timer.start()
            try:
                answer = _exchange(process, request)
            except BaseException:  # such as an interrupt: what it answers later is no answer to the next question
                self.end()
                raise
            finally:
                timer.cancel()
            if answer is None:
                raise self._ended(process, late=late.is_set())
        if answer[:1] == drawing_process.REFUSED:
            raise DrawingError(f"The chart can't be drawn: {answer[1:].decode()[:_SAID]}")
        return answer[1:]

    def said(self) -> str:
        """Give the beginning of what the library said of the last drawing."""
        self._errors.seek(0)
        return self._errors.read(4 * _SAID).decode(errors="replace").strip()[:_SAID]

    def end(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            process, self._process = self._process, None
            if process is not None:
                process.kill()
                _exchange(process, None)
                process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        """Give the process, a new one where there is none."""
        self._errors.seek(0)
        self._errors.truncate()
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = _start(self._errors)
        return self._process

    def _ended(self, process: subprocess.Popen[bytes], *, late: bool) -> DrawingError:
        """Say how the process came to its end."""
        self.end()
        if late:
            return DrawingError(f"The chart was not drawn within {duration(self.patience)}. Draw fewer rows of it.")
        said = f" It said: {self.said()}" if self.said() else ""
        return DrawingError(
            f"The process that draws ended in the middle of the chart (exit code {process.returncode}), and the next "
            f"chart gets a new one. A text in the chart may be more than it can draw.{said}"
        )


def _start(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process, without the key, and out of reach of the interrupts that are for the kernel."""
    found = importlib.util.find_spec("vl_convert")
    if found is None or found.origin is None:
        raise DrawingError("vl-convert, which draws, is not installed: pip install vl-convert-python.")
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(_OWN)}
    windows = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter, and a file of this package
            [sys.executable, "-P", drawing_process.__file__, str(Path(found.origin).parents[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            env=environment,
            start_new_session=True,
            creationflags=windows,
        )
    except OSError as error:  # no memory, no more processes, or no interpreter at this place
        raise DrawingError(f"The process that draws could not be started: {error}") from error


def _end_late(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    """End a process that has taken too long, and remember why."""
    late.set()
    process.kill()


def _exchange(process: subprocess.Popen[bytes], request: bytes | None) -> bytes | None:
    """Send a request, and give the answer; None where the process has ended. Without a request, hang up."""
    assert process.stdin is not None
    assert process.stdout is not None
    if request is None:
        process.stdin.close()
        process.stdout.close()
        return None
    try:
        drawing_process.send(process.stdin, request)
        return drawing_process.received(process.stdout)
    except OSError:  # a broken pipe
        return None
