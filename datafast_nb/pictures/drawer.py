"""The kernel's side of the drawing process: starts it once, sends requests, and restarts it after it has ended."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any, Final

from datafast_nb.errors import DrawingError
from datafast_nb.pictures import process as child
from datafast_nb.text import duration

WAITING: Final = "datafast_nb drawing"
"""The name of the thread that waits for an answer."""

_PATIENCE: Final = 120.0  # seconds for one drawing; the largest chart takes less than two
_ORPHANED: Final = 10.0  # more, after which the process ends itself, as nobody is waiting
_INTERRUPTIBLE: Final = 0.1  # seconds after which a waiting kernel hears an interrupt at the latest
_SAID: Final = 300  # characters of the library's messages
_OWN: Final = "DATAFAST_"  # begins the names of environment variables that the drawing process does not get


class Drawer:
    """A drawing process. Threads wait for each other; a fork of the kernel gets its own process.

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
        """Begin without a process: in a fork, an existing process belongs to the parent."""
        inherited: subprocess.Popen[bytes] | None = getattr(self, "_process", None)
        for pipe in (inherited.stdin, inherited.stdout) if inherited else ():
            if pipe is not None:
                pipe.close()
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - kept as long as the drawer

    def start(self) -> None:
        """Start the process if there is none, so that it is ready when it is asked; `ask` tells why it can't start."""
        with contextlib.suppress(DrawingError), self._lock:
            self._started()

    def ask(self, function: str, **arguments: Any) -> bytes:  # noqa: ANN401 - any JSON
        """Call a function of vl-convert in the process, and return its result.

        Raises
        ------
        DrawingError
            The function raised an error, or the process ended or took too long.
        """
        asked = {"function": function, "arguments": arguments, "seconds": self.patience + _ORPHANED}
        request = json.dumps(asked).encode()
        with self._lock:
            process = self._started()
            answer = self._answer(process, request)
            if answer is None:
                raise self._ended(process)
        if answer[:1] == child.REFUSED:
            raise DrawingError(f"The picture can't be drawn: {answer[1:].decode()[:_SAID]}")
        return answer[1:]

    def said(self) -> str:
        """Return the beginning of the library's messages about the last drawing."""
        self._errors.seek(0)
        return self._errors.read(4 * _SAID).decode(errors="replace").strip()[:_SAID]

    def end(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            process, self._process = self._process, None
            if process is not None:
                process.kill()
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        pipe.close()

    def _started(self) -> subprocess.Popen[bytes]:
        """Return the process; start one if there is none."""
        self._errors.seek(0)
        self._errors.truncate()
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = _start(self._errors)
        return self._process

    def _answer(self, process: subprocess.Popen[bytes], request: bytes) -> bytes | None:
        """Return the answer to a request; None if the process has ended.

        Another thread reads it: Polars, once loaded, lets a blocking read go on after an interrupt.
        """
        answers: list[bytes | None] = []
        exchange = threading.Thread(
            target=lambda: answers.append(_exchange(process, request)), name=WAITING, daemon=True
        )
        late = time.monotonic() + self.patience
        try:
            exchange.start()
            while time.monotonic() < late:
                exchange.join(_INTERRUPTIBLE)
                if not exchange.is_alive():
                    return answers[0]
        except BaseException:  # such as an interrupt: a late answer must not be taken for the next one
            self.end()
            raise
        self.end()
        raise DrawingError(f"The picture was not drawn within {duration(self.patience)}. Draw less.")

    def _ended(self, process: subprocess.Popen[bytes]) -> DrawingError:
        """Return an error that says how the process ended."""
        self.end()
        said = f" It said: {self.said()}" if self.said() else ""
        return DrawingError(
            f"The drawing process ended in the middle of the picture (exit code {process.returncode}); the next one "
            f"gets a new one. A text in it may be more than it can draw.{said}"
        )


def _start(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process, without the key, and out of reach of interrupts meant for the kernel."""
    found = importlib.util.find_spec("vl_convert")
    if found is None or found.origin is None:
        raise DrawingError("vl-convert, which draws pictures, is not installed: pip install vl-convert-python.")
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(_OWN)}
    windows = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter, and a file of this package
            [sys.executable, "-P", child.__file__, str(Path(found.origin).parents[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            env=environment,
            start_new_session=True,
            creationflags=windows,
        )
    except OSError as error:  # no memory, no more processes, or no interpreter at this path
        raise DrawingError(f"The drawing process could not be started: {error}") from error


def _exchange(process: subprocess.Popen[bytes], request: bytes) -> bytes | None:
    """Send a request and return the answer; None if the process has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        child.send(process.stdin, request)
        return child.received(process.stdout)
    except (OSError, ValueError):  # the pipe is broken, or closed
        return None


drawer: Final = Drawer()
"""The one of this kernel."""
