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
"""Seconds of listening without a sign of life, after which nobody looks any more.

Browsers send one every five seconds. With the poller's own look every five, polling ends within 25 seconds.
"""


_EXPECTED: Final = ""  # a view of which nothing but that it should come is known
_PATIENCE: Final = 1.0  # seconds that a loop may take to answer without being busy


class Listener(Protocol):
    """What hears signs of life, as long as nothing keeps it from that."""

    def listened(self) -> float:
        """Give the seconds for which messages have been answered, all in all; it stands still while they can't be."""
        ...


class Visibility:
    """Who looks at one live map, in any number of views.

    Before the first sign of life, somebody does: a map may be used from code, without ever being displayed.

    Parameters
    ----------
    kernel
        What hears the signs of life; by default the kernel that this runs in.
    """

    def __init__(self, kernel: Listener | None = None) -> None:
        self._kernel = kernel if kernel is not None else _this_kernel()
        self._lock = threading.Lock()
        # For how long the kernel had listened when each view was last heard; None: there never was one.
        self._last: dict[str, float] | None = None

    def expect(self) -> None:
        """Expect a sign of life from now on, as of a map that is displayed: perhaps no browser will ever draw it."""
        with self._lock:
            if self._last is None:
                self._last = {_EXPECTED: self._kernel.listened()}

    def beat(self, view: str) -> None:
        """Take a sign of life of a view that a person can see."""
        with self._lock:
            now = self._kernel.listened()
            alive = {name: heard for name, heard in self._without(_EXPECTED).items() if now - heard <= LONGEST_SILENCE}
            self._last = alive | {view: now}

    def leave(self, view: str) -> None:
        """Forget a view that was hidden, scrolled away or closed."""
        with self._lock:
            self._last = self._without(view)

    def forget(self) -> None:
        """Start anew, as if the map had never been displayed."""
        with self._lock:
            self._last = None

    @property
    def views(self) -> frozenset[str]:
        """The views that were heard and have not gone, by their ids."""
        with self._lock:
            return frozenset(self._without(_EXPECTED))

    def is_watched(self) -> bool:
        """Say whether somebody looks, as far as can be known."""
        now = self._kernel.listened()
        with self._lock:
            if self._last is None:
                return True
            return any(now - heard <= LONGEST_SILENCE for heard in self._last.values())

    def _without(self, view: str) -> dict[str, float]:
        """Give the views but one."""
        return {name: heard for name, heard in (self._last or {}).items() if name != view}


class Kernel:
    """How long a Jupyter kernel has listened: it does not while a cell runs, or while its main loop is blocked.

    Where messages are answered on another thread, they may be heard all the same; here that is not relied on.

    Parameters
    ----------
    shell
        IPython's shell, which tells when a cell starts and ends.
    loop
        The main thread's asyncio loop, which is asked for a sign of its own.
    clock
        Gives seconds.
    """

    def __init__(self, shell: Any, loop: Any, clock: Callable[[], float] = time.monotonic) -> None:  # noqa: ANN401
        self._loop = loop
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0  # cells
        self._asked: float | None = None  # when the loop was asked for an answer that has not come
        self._total = 0.0  # seconds of listening that have ended
        self._since: float | None = clock()  # when the present listening began; None: there is none
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def listened(self) -> float:
        """Give the seconds of listening, and ask the loop again whether it still does."""
        with self._lock:
            now = self._clock()
            if self._asked is None:
                with contextlib.suppress(RuntimeError):  # the loop is closed, as at the kernel's end
                    self._loop.call_soon_threadsafe(self._answer)
                    self._asked = now
            elif now - self._asked > _PATIENCE:
                self._stop(self._asked)
            return self._total + (now - self._since if self._since is not None else 0.0)

    def _answer(self) -> None:
        with self._lock:
            asked, self._asked, now = self._asked, None, self._clock()
            if asked is not None and now - asked > _PATIENCE:
                self._stop(asked)
            if self._since is None and not self._running:
                self._since = now

    def _begin(self, *_: object) -> None:
        with self._lock:
            self._running += 1
            self._stop(self._clock())

    def _end(self, *_: object) -> None:
        with self._lock:
            # The cell that first made this object had begun before it could be counted.
            self._running = max(0, self._running - 1)
            if self._since is None and not self._running:
                self._since = self._clock()

    def _stop(self, when: float) -> None:
        """Add up the present listening, which ended at a time."""
        if self._since is not None:
            self._total += max(0.0, when - self._since)
            self._since = None


class _NoKernel:
    """Python outside a kernel, which nothing keeps from listening."""

    def listened(self) -> float:
        return time.monotonic()


@cache
def _this_kernel() -> Listener:
    """Give the kernel that this runs in, one for all maps."""
    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    loop = getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None)
    return _NoKernel() if loop is None else Kernel(shell, loop)
