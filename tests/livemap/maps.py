"""Live maps for the tests: made, shown, and asked as a browser asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import msgspec

from datafast_nb.livemap import LiveMap
from datafast_nb.livemap.basemap import LAND
from datafast_nb.livemap.front import SCRIPT, Front
from datafast_nb.polling import Poller
from datafast_nb.snapshot import Snapshot
from datafast_nb.widgets.family import family
from datafast_nb.widgets.private import open_widgets
from tests.livemap.sources import Scripted

NEVER = 3600.0  # an interval that no test waits for
GENEROUS = 20.0
STATE = (
    *("clock", "status", "figures", "controls", "legend", "filters", "visitors", "events", "payments"),
    *("card", "selected"),
)
OF_A_VIEW = ("clusters", "heat", "popups")
VIEW = "a view"


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread is about to do; fail if it does not."""
    deadline = time.monotonic() + GENEROUS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


def made(*script: Snapshot | BaseException, **options: Any) -> LiveMap:
    """Make a map of a script that asks only when told to."""
    return LiveMap(Scripted(script), **{"every": NEVER, **options})


def shown(*script: Snapshot | BaseException, **options: Any) -> LiveMap:
    """Make such a map, display it, and wait for the first answer to be drawn."""
    return displayed(made(*script, **options))


def displayed(live: LiveMap) -> LiveMap:
    """Display a map, and wait for the first answers to be drawn."""
    with patch("datafast_nb.livemap.live_map.still", return_value=({}, {})):  # a picture takes a quarter of a second
        live._repr_mimebundle_()
    until(lambda: all(status.state != "starting" for status in live.statuses.values()))
    settle(live)
    return live


def settle(live: LiveMap) -> None:
    """Wait until the last answers are drawn, all callbacks are told, and the threads wait for their next turn."""

    def at_rest(poller: Poller) -> bool:
        return poller._thread is None or bool(poller._condition._waiters)  # type: ignore[attr-defined]

    until(lambda: all(at_rest(poller) for poller in live._sites.pollers.values()))
    assert live.snapshot is live._frame.snapshot


def refreshed(live: LiveMap) -> LiveMap:
    """Ask each site once more, and wait until all that comes of it has come."""
    live.refresh()
    settle(live)
    return live


def front(live: LiveMap) -> Front:
    """Return what the browser shows."""
    assert live._view is not None
    return live._view.front


def ask(live: LiveMap, do: str, **fields: Any) -> None:
    """Send a message, as a browser does; it is the same view's unless it names another."""
    send(front(live), do, **fields)


def send(page: Front, do: str, **fields: Any) -> None:
    """Send a message from a page that may have been closed already."""
    page._handle_custom_msg({"do": do, "view": VIEW, **fields}, [])


def set_in_browser(live: LiveMap, **settings: Any) -> None:
    """Set what a browser may."""
    front(live).set_state(settings)


def own(live: LiveMap, trait: str, view: str | None = None) -> Any:
    """Return what is shown of a trait in one view, by default the one that came last."""
    shown = msgspec.to_builtins(getattr(front(live), trait))
    return shown.get([*live._map_state.views][-1] if view is None else view)


def state(live: LiveMap) -> dict[str, Any]:
    """Return all that is shown, as JSON has it."""
    parts = {name: getattr(front(live), name) for name in STATE} | {name: own(live, name) for name in OF_A_VIEW}
    built: dict[str, Any] = msgspec.to_builtins(parts)
    return built


def names(live: LiveMap) -> list[str]:
    """Return the names in the list of visitors."""
    return [row.name for row in front(live).visitors.rows]


def figure(live: LiveMap, label: str) -> tuple[str, str]:
    """Return value and note of a figure in the header."""
    return next((each.value, each.note) for each in front(live).figures if each.label == label)


def on_map(live: LiveMap) -> int:
    """Return the number of visitors that the clusters stand for."""
    return sum(own(live, "clusters")["visitors"])


def registry() -> dict[str, Any]:
    """Return ipywidgets' own list of the widgets it keeps, without those that all maps share."""
    shared = {*family(SCRIPT.get()), LAND.get()}
    return {name: widget for name, widget in open_widgets().items() if widget not in shared}
