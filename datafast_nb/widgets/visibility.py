"""Find out whether anybody is watching, from the browsers' heartbeats. Those that a busy kernel misses don't count."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Protocol

from IPython.core.getipython import get_ipython

LONGEST_SILENCE: Final = 18.0
"""Seconds of listening without a heartbeat after which a view counts as gone.

Browsers send one every five seconds. As the poller also checks every five seconds, polling ends within 25 seconds.
"""

_EXPECTED: Final = ""  # stands for a view that is expected but was never heard
_PATIENCE: Final = 1.0  # seconds within which a loop that is not busy answers


class Listener(Protocol):
    """Receives heartbeats, except while something blocks it."""

    def listened(self) -> float:
        """Return the total seconds of listening. It does not grow while messages can't be answered."""
        ...


class Visibility:
    """Whether anybody is watching one live map, in any number of views.

    Until the map is displayed, it counts as watched: a map may be used from code only.

    Parameters
    ----------
    kernel
        What receives the heartbeats; by default, the kernel that this runs in.
    """

    def __init__(self, kernel: Listener | None = None) -> None:
        self._kernel = kernel if kernel is not None else _this_kernel()
        self._lock = threading.Lock()
        # The listening time at which each view was last heard; None: there was never a view.
        self._last: dict[str, float] | None = None

    def expect(self) -> None:
        """Expect a heartbeat from now on, after the map was displayed: perhaps no browser will ever draw it."""
        with self._lock:
            if self._last is None:
                self._last = {_EXPECTED: self._kernel.listened()}

    def beat(self, view: str) -> None:
        """Record a heartbeat of a view that is visible."""
        with self._lock:
            now = self._kernel.listened()
            alive = {name: heard for name, heard in self._without(_EXPECTED).items() if now - heard <= LONGEST_SILENCE}
            self._last = alive | {view: now}

    def leave(self, view: str) -> None:
        """Forget a view that was hidden, scrolled away or closed."""
        with self._lock:
            self._last = self._without(view)

    def forget(self) -> None:
        """Reset, as if the map had never been displayed."""
        with self._lock:
            self._last = None

    @property
    def views(self) -> frozenset[str]:
        """The ids of the views that were heard and are not gone."""
        with self._lock:
            return frozenset(self._without(_EXPECTED))

    def is_watched(self) -> bool:
        """Return whether anybody is watching, as far as can be known."""
        now = self._kernel.listened()
        with self._lock:
            if self._last is None:
                return True
            return any(now - heard <= LONGEST_SILENCE for heard in self._last.values())

    def _without(self, view: str) -> dict[str, float]:
        """Return all views but one, with when they were last heard."""
        return {name: heard for name, heard in (self._last or {}).items() if name != view}


class Kernel:
    """Measures how long a Jupyter kernel has listened. It does not while a cell runs or its main loop is blocked.

    If messages are handled on another thread, they may still be received; this class does not rely on that.

    Parameters
    ----------
    shell
        IPython's shell, which reports when a cell starts and ends.
    loop
        The asyncio loop of the main thread, which is probed for a response.
    clock
        Returns the time in seconds.
    """

    def __init__(self, shell: Any, loop: Any, clock: Callable[[], float] = time.monotonic) -> None:  # noqa: ANN401
        self._loop = loop
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0  # number of running cells
        self._asked: float | None = None  # when the unanswered probe of the loop was sent
        self._total = 0.0  # seconds of listening before the current period
        self._since: float | None = clock()  # when the current period of listening began; None: not listening
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def listened(self) -> float:
        """Return the total seconds of listening, and probe the loop again."""
        with self._lock:
            now = self._clock()
            if self._asked is None:
                with contextlib.suppress(RuntimeError):  # the loop is closed, as at shutdown
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
            # The cell that created this object started before it could be counted.
            self._running = max(0, self._running - 1)
            if self._since is None and not self._running:
                self._since = self._clock()

    def _stop(self, when: float) -> None:
        """Add the current period of listening, which ended at `when`, to the total."""
        if self._since is not None:
            self._total += max(0.0, when - self._since)
            self._since = None


class _NoKernel:
    """Python outside a kernel, where nothing blocks listening."""

    def listened(self) -> float:
        return time.monotonic()


@cache
def _this_kernel() -> Listener:
    """Return the kernel that this runs in, one for all maps."""
    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    loop = getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None)
    return _NoKernel() if loop is None else Kernel(shell, loop)
