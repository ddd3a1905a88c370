"""The state of a map that users change: what each view shows, and what all views share. Independent of any widget."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self

from datafast_nb.filters import Filters
from datafast_nb.livemap.clusters import WORLD, Viewport
from datafast_nb.widgets.protocol import (
    CloseCluster,
    ColorBy,
    DeselectVisitor,
    MapMessage,
    SelectVisitor,
    ShowHeat,
    ShowOptions,
    ShowViewport,
    Sort,
    SortVisitors,
)

NO_VIEW: Final = ""
"""The id of a placeholder view, used until the first real view opens, so that there is something to draw."""


@dataclass(frozen=True)
class ViewState:
    """The state of one view of a map; a map that is displayed twice has two views. Immutable.

    Attributes
    ----------
    viewport : Viewport
        The part of the world that the view shows.
    opened : str or None
        The id of the cluster whose popup is open.
    place : tuple of float
        The position of the popup, as latitude and longitude in degrees.
    facets, heat : bool
        Whether the values of the filters, and the heat map, are visible.
    """

    viewport: Viewport = WORLD
    opened: str | None = None
    place: tuple[float, float] = (0.0, 0.0)
    facets: bool = False
    heat: bool = False


@dataclass(frozen=True)
class MapState:
    """The state that all views of a map share, and that of each view. Immutable.

    Attributes
    ----------
    filters : Filters
        The active filters.
    color_by : str
        What the colors show.
    sort : str
        The sort order of the list of visitors.
    selected : int or None
        The key of the visitor whose card is open.
    private : bool
        Whether a person has hidden the names in the browser.
    views : Mapping of str to ViewState
        The state of each view, by its id; never empty.
    """

    filters: Filters = field(default_factory=Filters)
    color_by: ColorBy = "score"
    sort: Sort = "score"
    selected: int | None = None
    private: bool = False
    views: Mapping[str, ViewState] = field(default_factory=lambda: MappingProxyType({NO_VIEW: ViewState()}))

    def after(self, message: MapMessage) -> Self | None:
        """Return the state after a message of the browser; None if the message does not change the state."""
        state: Self | None = None
        match message:
            case SortVisitors(by=by):
                state = replace(self, sort=by)
            case SelectVisitor(id=visitor):
                # Popups make room for the card.
                views = {view: replace(each, opened=None) for view, each in self.views.items()}
                state = replace(self, selected=int(visitor), views=MappingProxyType(views))
            case DeselectVisitor():
                state = replace(self, selected=None)
            case ShowViewport(view=view, zoom=zoom, south=south, west=west, north=north, east=east):
                state = self.with_view(view, viewport=Viewport(zoom, south, west, north, east))
            case CloseCluster(view=view):
                state = self.with_view(view, opened=None)
            case ShowOptions(view=view, open=is_open):
                state = self.with_view(view, facets=is_open)
            case ShowHeat(view=view, on=is_on):
                state = self.with_view(view, heat=is_on)
        return state

    def with_view(self, view: str, **changes: Any) -> Self:  # noqa: ANN401 - the fields of ViewState
        """Return the state with changes to one view, which may be new."""
        view_state = replace(self.views.get(view, ViewState()), **changes)
        return replace(self, views=MappingProxyType({**self.views, view: view_state}))

    def only(self, views: Collection[str]) -> Self:
        """Return the state with only the given views. If none of them is known, the most recent view is kept."""
        kept = {view: view_state for view, view_state in self.views.items() if view in views} or dict(
            [[*self.views.items()][-1]]
        )
        return self if len(kept) == len(self.views) else replace(self, views=MappingProxyType(kept))
