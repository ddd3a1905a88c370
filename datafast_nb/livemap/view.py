"""The widgets of the live map: the front end and an ipyleaflet map. Independent of any source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipyleaflet import AttributionControl, Heatmap, LayerGroup, LayersControl, Map, MapStyle, ZoomControl
from ipywidgets import Layout, Widget
from msgspec import Struct

from datafast_nb.livemap.basemap import LAND, PANE, Basemap, is_theirs, layer_of
from datafast_nb.livemap.clusters import DEEPEST
from datafast_nb.livemap.colors import GRADIENT
from datafast_nb.livemap.front import SCRIPT, Front, OwnFront
from datafast_nb.widgets.family import family
from datafast_nb.widgets.protocol import MapAnnouncement

_CENTER: Final = (26.0, 8.0)  # latitude and longitude in degrees; the center of the inhabited world


class View:
    """The widgets of one live map, which show the states that they are given.

    Parameters
    ----------
    height
        Height of the map, in pixels.
    basemap
        The base map under the visitors.
    """

    def __init__(self, height: int, basemap: Basemap) -> None:
        self._anchor = LayerGroup(name="Visitors")  # lets users switch the visitors like any layer
        # Also empty: the front end adds the heat map, which can't be drawn on a map that is not visible yet.
        self._heat_anchor = LayerGroup(name="Heat: expected value")
        self._heat = Heatmap(radius=22, blur=16, max_zoom=DEEPEST, gradient=GRADIENT)
        self._base = layer_of(basemap)
        self._theirs = is_theirs(self._base, basemap)
        self.map = self._build_map(height)
        self.front = Front(
            script=SCRIPT.get(),
            map=self.map.model_id,
            anchor=self._anchor.model_id,
            heat_layer=self._heat_anchor.model_id,
            heatmap=self._heat.model_id,
            land=LAND.is_it(self._base),
        )
        self.front.add_class("df-front")
        self.children: tuple[Widget, ...] = (self.front, self.map)

    def _build_map(self, height: int) -> Map:
        """Build the map with the base map; the default is the land, without tiles."""
        still = MapStyle()  # the browser switches between this and the dragging style; a third would get lost
        world = Map(
            style=still,
            default_style=still,
            dragging_style=MapStyle(cursor="move"),
            layers=(self._heat_anchor, self._anchor, self._base),  # the one that may change comes last, see put_under
            panes={PANE: {"zIndex": 250, "pointerEvents": "none"}},
            center=_CENTER,
            zoom=1,
            min_zoom=0,
            max_zoom=DEEPEST,
            zoom_snap=0.25,
            prefer_canvas=True,
            scroll_wheel_zoom=True,
            world_copy_jump=True,
            zoom_control=False,
            attribution_control=False,
            layout=Layout(height=f"{height}px", width="auto"),
        )
        world.add(ZoomControl(position="topleft"))
        world.add(LayersControl(position="topleft"))
        world.add(AttributionControl(position="bottomright", prefix="Natural Earth, GeoNames"))
        return world

    def show(self, *states: Struct) -> None:
        """Show states, in one message. Only changes are sent."""
        self.front.show(*states)

    def announce(self, message: MapAnnouncement, *content: bytes) -> None:
        """Send a one-time message to the views, with its buffers."""
        self.front.announce(message, *content)

    def resize(self, height: int) -> None:
        """Change the map's height, in pixels."""
        self.map.layout.height = f"{height}px"

    def put_under(self, basemap: Basemap) -> None:
        """Change the base map."""
        before, theirs = self._base, self._theirs
        self._base = layer_of(basemap)
        self._theirs = is_theirs(self._base, basemap)
        # ipyleaflet recreates all layers after a changed one, so none of ours may follow it.
        ours = [layer for layer in self.map.layers if layer is not before]
        self.map.layers = (*ours, self._base)
        self.front.land = LAND.is_it(self._base)
        if not theirs:
            before.close()

    def close(self) -> None:
        """Close all widgets except shared ones: the script, the land, and a layer that belongs to the user."""
        kept = {*family(self.front.script), *(family(self._base) if self._theirs else ())}
        for widget in {*self.family()} - kept:
            widget.close()

    def family(self) -> Iterator[Widget]:
        """Yield all widgets of the view."""
        for child in (*self.children, self._heat):
            yield from family(child)


class OwnView:
    """The view of one live map where there is no ipyleaflet, as in marimo: its front end has a map of the land.

    Parameters
    ----------
    height
        Height of the map, in pixels.
    """

    def __init__(self, height: int) -> None:
        self.front = OwnFront(height=height, gradient={f"{place:g}": color for place, color in GRADIENT.items()})
        self.children: tuple[Widget, ...] = (self.front,)

    def show(self, *states: Struct) -> None:
        """Show states, as `View` does."""
        self.front.show(*states)

    def announce(self, message: MapAnnouncement, *content: bytes) -> None:
        """Send a one-time message, as `View` does."""
        self.front.announce(message, *content)

    def resize(self, height: int) -> None:
        """Change the map's height, in pixels."""
        self.front.height = height

    def put_under(self, basemap: Basemap) -> None:
        """Change nothing: there are no tiles here."""

    def close(self) -> None:
        """Close the widget."""
        self.front.close()

    def family(self) -> Iterator[Widget]:
        """Yield all widgets of the view."""
        yield from family(self.front)
