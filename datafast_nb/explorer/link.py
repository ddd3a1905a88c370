"""What keeps an explorer in step with a live map. Knows no widget but the map."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from datafast_nb.livemap import LiveMap


class Link:
    """Calls a method whenever the filters, the data or the status of a map have changed, on the thread that did it.

    It does not keep the method's object: when that is gone, the link ends itself.

    Parameters
    ----------
    live
        The map.
    follow
        The bound method.
    """

    def __init__(self, live: LiveMap, follow: Callable[[], None]) -> None:
        self._live = live
        self._follow = weakref.WeakMethod(follow)
        live.on_selection(self._tell)
        live.on_status(self._tell)

    def end(self) -> None:
        """Call no more."""
        self._live.on_selection(self._tell, remove=True)
        self._live.on_status(self._tell, remove=True)

    def _tell(self, _what: object) -> None:
        follow = self._follow()
        if follow is None:
            self.end()
        else:
            follow()
