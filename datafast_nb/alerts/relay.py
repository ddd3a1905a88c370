"""Passes on the snapshots of a source, and lets alerts look at each."""

from __future__ import annotations

from datafast_nb.alerts.dispatcher import Dispatcher
from datafast_nb.snapshot import Snapshot, Source


class Relay:
    """A source whose snapshots alerts look at before they are passed on, such as to a recorder.

    Parameters
    ----------
    source
        Where the snapshots come from.
    dispatcher
        What looks for the alerts in them.
    """

    def __init__(self, source: Source, dispatcher: Dispatcher) -> None:
        self._source = source
        self._dispatcher = dispatcher

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the source, once the alerts have looked at it."""
        snapshot = self._source.snapshot()
        if isinstance(snapshot, Snapshot):  # whoever asked refuses anything else
            self._dispatcher.take(snapshot)
        return snapshot
