"""Tells whether somebody looks, by the browsers' signs of life; a kernel too busy to hear one proves nothing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Protocol

from IPython.core.getipython import get_ipython

LONGEST_SILENCE: Final = 18.0
"""Seconds without a sign of life, in a kernel that could have heard it, after which nobody looks any more.

Browsers send one every five seconds. With the poller's own look every five, polling ends within 25 seconds.
"""


_PATIENCE: Final = 1.0  # seconds that a loop may take to answer without being busy


class Listener(Protocol):
    """What could have kept a sign of life from being heard."""

    def free_for(self) -> float:
        """Give the seconds for which messages have been answered; 0 while they can't be."""
        ...


class Presence:
    """Who looks at one live map, in any number of views.

    Before the first sign of life, somebody does: a map may be used from code, without ever being displayed. That it is
    displayed is one, so that a map whose output is replaced before any browser has drawn it does not poll for ever.

    Parameters
    ----------
    kernel
        What tells whether a sign of life could have been heard; by default the kernel that this runs in.
    clock
        Gives seconds; by default the monotonic clock.
    """

    def __init__(self, kernel: Listener | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._kernel = kernel if kernel is not None else _this_kernel()
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[str, float] | None = None  # when each view was last heard; None: there never was one

    def beat(self, view: str) -> None:
        """Take a sign of life of a view that a person can see."""
        with self._lock:
            self._last = (self._last or {}) | {view: self._clock()}

    def leave(self, view: str) -> None:
        """Forget a view that was hidden, scrolled away or closed."""
        with self._lock:
            self._last = {name: when for name, when in (self._last or {}).items() if name != view}

    def forget(self) -> None:
        """Start anew, as if the map had never been displayed."""
        with self._lock:
            self._last = None

    def is_watched(self) -> bool:
        """Say whether somebody looks, as far as can be known."""
        free = self._kernel.free_for()
        with self._lock:
            if self._last is None:
                return True
            if not self._last:
                return False
            return min(self._clock() - max(self._last.values()), free) <= LONGEST_SILENCE


class Kernel:
    """Whether a Jupyter kernel's main loop answers, and since when.

    Its comm messages may wait for it: while a cell runs, and whenever the loop is blocked.

    Parameters
    ----------
    shell
        IPython's shell, which tells when a cell starts and ends.
    loop
        The main thread's asyncio loop.
    clock
        Gives seconds.
    """

    def __init__(self, shell: Any, loop: Any, clock: Callable[[], float] = time.monotonic) -> None:  # noqa: ANN401
        self._loop = loop
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0  # cells
        self._asked: float | None = None  # when the loop was asked for an answer that has not come
        self._free_since = clock()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def free_for(self) -> float:
        """Give the seconds since the loop was last known to be busy, and ask it again."""
        with self._lock:
            now = self._clock()
            if self._running or (self._asked is not None and now - self._asked > _PATIENCE):
                self._free_since = now
            if self._asked is None:
                with contextlib.suppress(RuntimeError):  # the loop is closed, as at the kernel's end
                    self._loop.call_soon_threadsafe(self._answer)
                    self._asked = now
            return now - self._free_since

    def _answer(self) -> None:
        with self._lock:
            asked, self._asked = self._asked, None
            if asked is not None and self._clock() - asked > _PATIENCE:
                self._free_since = self._clock()

    def _begin(self, *_: object) -> None:
        with self._lock:
            self._running += 1

    def _end(self, *_: object) -> None:
        with self._lock:
            # The cell that first made this object had begun before it could be counted.
            self._running = max(0, self._running - 1)
            self._free_since = self._clock()


class _NoKernel:
    """Python outside a kernel, which nothing keeps from listening."""

    def free_for(self) -> float:
        return float("inf")


@cache
def _this_kernel() -> Listener:
    """Give the kernel that this runs in, one for all maps."""
    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    loop = getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None)
    return _NoKernel() if loop is None else Kernel(shell, loop)
