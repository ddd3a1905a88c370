"""What goes wrong while a widget is drawn: logged with its traceback, and shown until it goes well again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from datafast_nb.text import plain

_LOG: Final = logging.getLogger(__name__)
_MOST_LOGGED: Final = 50  # faults of one widget


class Faults:
    """The faults of one widget; the caller sees to it that one thread at a time uses it.

    Examples
    --------
    >>> faults = Faults()
    >>> with faults.guarded("The table could not be drawn"):
    ...     pass
    >>> faults.notes
    ()
    """

    def __init__(self) -> None:
        self._present: dict[str, str] = {}
        self._logged: set[tuple[str, str]] = set()

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing that goes wrong at present."""
        return tuple(self._present.values())

    @contextmanager
    def guarded(self, what: str) -> Iterator[None]:
        """Note what is raised within, under a sentence that says what could not be done.

        The same fault is logged once, however often it comes: a map is drawn at each answer.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 - logged and shown, whatever it is
            kind = f"{type(error).__name__}: {error}"
            if (what, kind) not in self._logged and len(self._logged) < _MOST_LOGGED:
                _LOG.error("%s.", what, exc_info=error)
                self._logged.add((what, kind))
            self._present[what] = plain(f"{what} ({kind}); the log has the traceback", 200)
        else:
            self._present.pop(what, None)
