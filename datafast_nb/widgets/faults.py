"""Errors while a widget is drawn: logged with their tracebacks, and shown until drawing succeeds again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from datafast_nb.text import plain

_LOG: Final = logging.getLogger(__name__)
_MOST_LOGGED: Final = 50  # maximum number of different errors per widget


class Faults:
    """The errors of one widget. Any thread can add and read them.

    Examples
    --------
    >>> faults = Faults()
    >>> with faults.guarded("The table could not be drawn"):
    ...     pass
    >>> faults.notes
    ()
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: dict[str, str] = {}
        self._logged: set[tuple[str, str]] = set()

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each thing that is failing now."""
        with self._lock:
            return tuple(self._present.values())

    @contextmanager
    def guarded(self, what: str) -> Iterator[None]:
        """Catch an exception raised inside the block, and note it with `what`, which says what could not be done.

        The same error is logged only once, as a map is drawn after each answer.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 - logged and shown, whatever it is
            kind = f"{type(error).__name__}: {error}"
            note = plain(f"{what} ({kind}); the log has the traceback", 200)
            with self._lock:
                self._present[what] = note
                is_new = (what, kind) not in self._logged and len(self._logged) < _MOST_LOGGED
                if is_new:
                    self._logged.add((what, kind))
            if is_new:
                _LOG.error("%s.", what, exc_info=error)
        else:
            with self._lock:
                self._present.pop(what, None)
