"""What a person wants to see, and how a browser's messages change it. Knows no widget."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self, get_args

from datafast_nb.filters import Filters
from datafast_nb.livemap.clusters import WORLD, Viewport
from datafast_nb.livemap.colours import ColorBy
from datafast_nb.livemap.panel import Sort

Message = dict[str, Any]


@dataclass(frozen=True)
class Wishes:
    """What a person wants to see. Never changed, only replaced.

    Attributes
    ----------
    filters : Filters
        Which visitors.
    viewport : Viewport
        Where.
    color_by : str
        What the colours tell.
    sort : str
        What the list of visitors is sorted by.
    selected : int or None
        The key of the visitor whose card is open.
    pointed, opened : str or None
        The ids of the clusters under the pointer, and of the popup.
    place : tuple of float
        Where the popup is, in degrees of latitude and longitude.
    facets, heat : bool
        Whether the filters' values, and the heat, are on the screen.
    """

    filters: Filters = field(default_factory=Filters)
    viewport: Viewport = WORLD
    color_by: ColorBy = "score"
    sort: Sort = "score"
    selected: int | None = None
    pointed: str | None = None
    opened: str | None = None
    place: tuple[float, float] = (0.0, 0.0)
    facets: bool = False
    heat: bool = False

    def after(self, message: Message) -> Self | None:
        """Give the wishes after a message of the browser; None if it is about something else.

        Parameters
        ----------
        message : dict
            What is to be done, under ``do``, and the values for it.

        Raises
        ------
        KeyError, TypeError, ValueError
            A value is missing, or makes no sense.
        """
        change = _CHANGES.get(message["do"])
        return None if change is None else replace(self, **change(message))


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
        "viewport": _viewport,
        "sort": _sort,
        "select": lambda message: {"selected": int(message["id"])},
        "deselect": lambda _: {"selected": None},
        "hover": lambda message: {"pointed": message["id"]},
        "close": lambda _: {"opened": None},
        "facets": lambda message: {"facets": bool(message["open"])},
        "heat": lambda message: {"heat": bool(message["on"])},
    }
)
