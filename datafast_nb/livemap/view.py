"""What the live map shows, made of the front end and an ipyleaflet map. Knows no source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipyleaflet import AttributionControl, Heatmap, LayerGroup, LayersControl, Map, MapStyle, ZoomControl
from ipywidgets import Layout, Widget
from msgspec import Struct

from datafast_nb.livemap.basemap import PANE, Basemap, is_theirs, layer_of
from datafast_nb.livemap.clusters import DEEPEST
from datafast_nb.livemap.colors import SCORE_COLORS
from datafast_nb.livemap.front import SCRIPT, Front
from datafast_nb.widgets.family import family
from datafast_nb.widgets.protocol import MapAnnouncement

_CENTRE: Final = (26.0, 8.0)  # degrees, of the inhabited world


class View:
    """The widgets of one live map. It shows what it is told.

    Parameters
    ----------
    height
        Height of the map, in pixels.
    basemap
        What lies under the visitors.
    """

    def __init__(self, height: int, basemap: Basemap) -> None:
        self._anchor = LayerGroup(name="Visitors")  # so that the visitors can be switched like any layer
        # Empty too: the front end puts the heat into it, which can't be drawn on a map that is not yet to be seen.
        self._heat_anchor = LayerGroup(name="Heat: expected value")
        self._heat = Heatmap(radius=22, blur=16, max_zoom=DEEPEST, gradient=_GRADIENT)
        self._base = layer_of(basemap)
        self._theirs = is_theirs(self._base, basemap)
        self.map = self._build_map(height)
        self.front = Front(
            script=SCRIPT.get(),
            map=self.map.model_id,
            anchor=self._anchor.model_id,
            heat_layer=self._heat_anchor.model_id,
            heatmap=self._heat.model_id,
        )
        self.front.add_class("df-front")
        self.children: tuple[Widget, ...] = (self.front, self.map)

    def _build_map(self, height: int) -> Map:
        """Build the map, on the land and without tiles unless they are wished for."""
        still = MapStyle()  # between this one and the other a browser changes; a third would be lost on the way
        world = Map(
            style=still,
            default_style=still,
            dragging_style=MapStyle(cursor="move"),
            layers=(self._heat_anchor, self._anchor, self._base),  # the one that may change comes last, see put_under
            panes={PANE: {"zIndex": 250, "pointerEvents": "none"}},
            center=_CENTRE,
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
        world.add(AttributionControl(position="bottomright", prefix="Natural Earth"))
        return world

    def show(self, *states: Struct) -> None:
        """Show states, in one message; what has not changed is not sent."""
        self.front.show(*states)

    def tell(self, message: MapAnnouncement) -> None:
        """Send what is to happen once."""
        self.front.tell(message)

    def resize(self, height: int) -> None:
        """Change the map's height, in pixels."""
        self.map.layout.height = f"{height}px"

    def put_under(self, basemap: Basemap) -> None:
        """Change what lies under the visitors."""
        before, theirs = self._base, self._theirs
        self._base = layer_of(basemap)
        self._theirs = is_theirs(self._base, basemap)
        # ipyleaflet makes anew whatever comes after a layer that has changed, so nothing of ours does.
        ours = [layer for layer in self.map.layers if layer is not before]
        self.map.layers = (*ours, self._base)
        if not theirs:
            before.close()

    def close(self) -> None:
        """Take all widgets away but what others have too: the script, the land, a layer that is the user's."""
        kept = {*family(self.front.script), *(family(self._base) if self._theirs else ())}
        for widget in {*self.family()} - kept:
            widget.close()

    def family(self) -> Iterator[Widget]:
        """Give all widgets."""
        for child in (*self.children, self._heat):
            yield from family(child)


_GRADIENT: Final = {step / 5: SCORE_COLORS[20 + 12 * step] for step in range(1, 6)}
