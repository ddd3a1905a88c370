"""Keep an explorer in sync with a live map. Independent of any widget but the map."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from datafast_nb.livemap import LiveMap


class Link:
    """Calls a method whenever the filters, the data or the status of a map change, on the thread that changed them.

    It does not keep the method's object alive: when the object is gone, the link ends.

    Parameters
    ----------
    live
        The map to follow.
    follow
        The bound method to call.
    """

    def __init__(self, live: LiveMap, follow: Callable[[], None]) -> None:
        self._live = live
        self._follow = weakref.WeakMethod(follow)
        live.on_selection(self._notify)
        live.on_status(self._notify)

    def end(self) -> None:
        """End the link: make no more calls."""
        self._live.on_selection(self._notify, remove=True)
        self._live.on_status(self._notify, remove=True)

    def _notify(self, _what: object) -> None:
        follow = self._follow()
        if follow is None:
            self.end()
        else:
            follow()
