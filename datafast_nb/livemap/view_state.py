"""The state of a map that people change: what each view shows, and what all do. Knows no widget."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self, get_args

from datafast_nb.filters import Filters
from datafast_nb.livemap.clusters import WORLD, Viewport
from datafast_nb.livemap.colors import ColorBy
from datafast_nb.livemap.sidebar import Sort

Message = dict[str, Any]


NO_VIEW: Final = ""
"""Stands for the view that nobody has opened yet, so that the first one finds something to draw."""


@dataclass(frozen=True)
class ViewState:
    """What one view of a map shows: a map that is displayed twice has two. Never changed, only replaced.

    Attributes
    ----------
    viewport : Viewport
        Where.
    pointed, opened : str or None
        The ids of the clusters under the pointer, and of the popup.
    place : tuple of float
        Where the popup is, in degrees of latitude and longitude.
    facets, heat : bool
        Whether the filters' values, and the heat, are on the screen.
    """

    viewport: Viewport = WORLD
    pointed: str | None = None
    opened: str | None = None
    place: tuple[float, float] = (0.0, 0.0)
    facets: bool = False
    heat: bool = False


@dataclass(frozen=True)
class MapState:
    """What all views of a map show. Never changed, only replaced.

    Attributes
    ----------
    filters : Filters
        Which visitors.
    color_by : str
        What the colors tell.
    sort : str
        What the list of visitors is sorted by.
    selected : int or None
        The key of the visitor whose card is open.
    views : Mapping of str to ViewState
        What each view shows, by the view's id; never empty.
    """

    filters: Filters = field(default_factory=Filters)
    color_by: ColorBy = "score"
    sort: Sort = "score"
    selected: int | None = None
    views: Mapping[str, ViewState] = field(default_factory=lambda: MappingProxyType({NO_VIEW: ViewState()}))

    def after(self, message: Message) -> Self | None:
        """Return the state after a message of the browser; None if it is about something else.

        Parameters
        ----------
        message : dict
            What is to be done, under ``do``, and the values for it; under ``view``, which view wants it.

        Raises
        ------
        KeyError, TypeError, ValueError
            A value is missing, or makes no sense.
        """
        do = message["do"]
        if do in _CHANGES:
            return replace(self, **_CHANGES[do](message))
        if do in _OF_A_VIEW:
            return self.with_view(str(message["view"]), **_OF_A_VIEW[do](message))
        return None

    def with_view(self, view: str, **changes: Any) -> Self:  # noqa: ANN401 - the fields of ViewState
        """Return the state after a view, perhaps a new one, has changed what it shows."""
        view_state = replace(self.views.get(view, ViewState()), **changes)
        return replace(self, views=MappingProxyType({**self.views, view: view_state}))

    def only(self, views: Collection[str]) -> Self:
        """Return the state without the views that have gone; the last one stays, as does what it showed."""
        kept = {view: view_state for view, view_state in self.views.items() if view in views} or dict(
            [[*self.views.items()][-1]]
        )
        return self if len(kept) == len(self.views) else replace(self, views=MappingProxyType(kept))


def _viewport(message: Message) -> Message:
    """Read what a map shows."""
    zoom, south, west, north, east = (float(message[name]) for name in ("zoom", "south", "west", "north", "east"))
    if not all(map(math.isfinite, (zoom, south, west, north, east))) or south >= north or west >= east:
        raise ValueError("A map can't show that.")
    return {"viewport": Viewport(zoom, south, west, north, east)}


def _sort(message: Message) -> Message:
    """Read what the list is sorted by."""
    if message["by"] not in get_args(Sort):
        raise ValueError("The list can't be sorted by that.")
    return {"sort": message["by"]}


_CHANGES: Final[Mapping[str, Callable[[Message], Message]]] = MappingProxyType(
    {
        "sort": _sort,
        "select": lambda message: {"selected": int(message["id"])},
        "deselect": lambda _: {"selected": None},
    }
)

_OF_A_VIEW: Final[Mapping[str, Callable[[Message], Message]]] = MappingProxyType(
    {
        "viewport": _viewport,
        "hover": lambda message: {"pointed": message["id"]},
        "close": lambda _: {"opened": None},
        "facets": lambda message: {"facets": bool(message["open"])},
        "heat": lambda message: {"heat": bool(message["on"])},
    }
)
