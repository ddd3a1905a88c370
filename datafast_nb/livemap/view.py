"""What the live map shows: a header, a map and a legend, made of ipywidgets and ipyleaflet. Knows no source."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

from ipyleaflet import AttributionControl, GeoJSON, Map, Popup, WidgetControl, ZoomControl
from ipywidgets import HTML, Box, Button, Dropdown, HBox, Layout, Widget
from traitlets import Bunch

from datafast_nb.livemap import markup
from datafast_nb.livemap.basemap import PANE, land
from datafast_nb.livemap.clusters import WORLD, Viewport
from datafast_nb.livemap.poller import Moment

INTERVALS: Final = (5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds that the header offers."""

_POINT_STYLE: Final = {"fillOpacity": 0.9, "opacity": 0.95, "weight": 1, "color": "#fff", "radius": 5}
_HOVER_STYLE: Final = {"fillOpacity": 1}
_WORLD_CENTRE: Final = (26.0, 8.0)  # degrees
_WORLD_HEIGHT: Final = 0.4  # of the inhabited world, in units of the world's width
_POPUP_WIDTH: Final = 300
_CONTROLS: Final = (48, 8)  # pixels at the map's edges that a popup keeps clear of


class View:
    """The widgets of one live map. It shows what it is told, and tells what a person does.

    Parameters
    ----------
    height
        Height of the map, in pixels.
    interval
        Seconds, for the selector's start.
    """

    def __init__(self, height: int, interval: float) -> None:
        self._figures = HTML()
        self._status = HTML()
        self._legend = HTML()
        self.toggle = Button(description="Pause", icon="pause", tooltip="Pause or resume the updates")
        self.refresh = Button(description="Refresh", icon="refresh", tooltip="Ask for new data now")
        self.home = Button(icon="globe", tooltip="Show the whole world").add_class("df-home")
        self._interval = Dropdown(description="Update", tooltip="Time between two updates", layout=Layout(width="auto"))
        self.show_interval(interval)
        for button in (self.toggle, self.refresh):
            button.layout.width = "94px"
        self._clusters = GeoJSON(data=_EMPTY, point_style=_POINT_STYLE, hover_style=_HOVER_STYLE, name="Visitors")
        self._hovered: tuple[float, float, float] | None = None
        self._panel = HTML()
        self._popup: Popup | None = None
        self.map = self._build_map(height)
        controls = HBox([self.toggle, self.refresh, self._interval]).add_class("df-controls")
        top = Box([self._figures, controls]).add_class("df-top")
        rules = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
        style = HTML(f"<style>{rules}</style>", layout=Layout(display="none"))
        self.children: tuple[Widget, ...] = (style, top, self._status, self.map, self._legend)

    def _build_map(self, height: int) -> Map:
        """Build the map, on the land and without tiles."""
        world = Map(
            layers=(GeoJSON(data=land(), name="Land"), self._clusters),
            panes={PANE: {"zIndex": 250, "pointerEvents": "none"}},
            center=_WORLD_CENTRE,
            zoom=fitting_zoom(height * 2, height),
            min_zoom=0,
            max_zoom=10,
            zoom_snap=0.25,
            prefer_canvas=True,
            scroll_wheel_zoom=True,
            world_copy_jump=True,
            zoom_control=False,
            attribution_control=False,
            layout=Layout(height=f"{height}px", width="auto"),
        )
        world.add(ZoomControl(position="topleft"))
        world.add(WidgetControl(widget=self.home, position="topleft", transparent_bg=True))
        world.add(AttributionControl(position="bottomright", prefix="Natural Earth"))
        world.add(WidgetControl(widget=self._panel, position="topright", transparent_bg=True))
        return world

    @property
    def viewport(self) -> Viewport:
        """What the map shows; until a browser has told it, the world."""
        world = self.map
        if world.south >= world.north:
            return WORLD
        return Viewport(world.zoom, world.south, world.west, world.north, world.east)

    def on_viewport(self, callback: Callable[[], None]) -> None:
        """Call back whenever the map was moved, zoomed or resized."""
        self.map.observe(lambda _change: callback(), ["south", "north", "west", "east", "zoom"])

    def on_hover(self, callback: Callable[[str | None], None]) -> None:
        """Call back with the id of a cluster that the pointer has come upon, and with None when it has left it."""

        def hovered(feature: dict[str, Any], **_event: object) -> None:
            (longitude, latitude), style = feature["geometry"]["coordinates"], feature["properties"]["style"]
            self._hovered = (latitude, longitude, style["radius"])
            callback(feature["id"])

        def moved(**event: Any) -> None:  # noqa: ANN401 - ipyleaflet's message
            if self._pointer_has_left(event):
                self._hovered = None
                callback(None)

        self._clusters.on_hover(hovered)
        self.map.on_interaction(moved)

    def on_click(self, callback: Callable[[str, tuple[float, float]], None]) -> None:
        """Call back with the id and the place of a cluster that was clicked."""

        def clicked(feature: dict[str, Any], **_event: object) -> None:
            longitude, latitude = feature["geometry"]["coordinates"]
            callback(feature["id"], (latitude, longitude))

        self._clusters.on_click(clicked)

    def show_moment(self, moment: Moment, header: str, unplaced: int) -> None:
        """Show figures and status. What has not changed is not sent."""
        self._figures.value = header
        self._status.value = markup.status(moment.status, moment.snapshot)
        self._legend.value = markup.legend(unplaced)
        resting = moment.status.state in {"paused", "stopped"}
        self.toggle.icon = "play" if resting else "pause"
        self.toggle.description = "Resume" if resting else "Pause"

    def show_clusters(self, collection: dict[str, Any]) -> None:
        """Replace the clusters, in one message; none if they are the same."""
        self._clusters.data = collection

    def on_interval(self, callback: Callable[[float], None]) -> None:
        """Call back with the interval, in seconds, that a person has chosen."""

        def chosen(change: Bunch) -> None:
            if not self._offering:
                callback(change["new"])

        self._interval.observe(chosen, "value")

    def show_interval(self, seconds: float) -> None:
        """Offer the usual intervals and the present one, which is chosen."""
        self._offering = True  # new options choose the first of them for a moment, which is nobody's wish
        self._interval.options = [(f"every {_duration(each)}", each) for each in sorted({*INTERVALS, seconds})]
        self._interval.value = seconds
        self._offering = False

    def show_hover(self, html: str) -> None:
        """Show who is under the pointer; with empty text, nobody."""
        self._panel.value = html

    def open_popup(self, html: str, place: tuple[float, float]) -> None:
        """Open the popup at a place, in degrees of latitude and longitude."""
        if self._popup is None:
            self._popup = Popup(
                location=place,
                child=HTML(html),
                min_width=_POPUP_WIDTH,
                max_width=_POPUP_WIDTH,
                auto_pan_padding=_CONTROLS,
            )
            self.map.add(self._popup)  # which opens it
        else:
            self.write_popup(html)
            self._popup.open_popup(list(place))

    def write_popup(self, html: str) -> None:
        """Show another text in the popup, where it is."""
        if self._popup is not None:
            self._popup.child.value = html

    def fit_world(self) -> bool:
        """Show the whole inhabited world; False as long as the map's size is not known."""
        width, height = self.map.right - self.map.left, self.map.bottom - self.map.top
        known = bool(width > 0 and height > 0)
        if known:
            self.map.center, self.map.zoom = _WORLD_CENTRE, fitting_zoom(width, height)
        return known

    def _pointer_has_left(self, event: dict[str, Any]) -> bool:
        """Say whether the pointer has left the cluster that it was upon: the layer tells of entering only."""
        if self._hovered is None or event.get("type") not in {"mousemove", "mouseout"}:
            return False
        latitude, longitude, radius = self._hovered
        away = _pixels(self.map.zoom, (latitude, longitude), event["coordinates"])
        return bool(event["type"] == "mouseout" or away > radius + 4)


_EMPTY: Final[dict[str, Any]] = {"type": "FeatureCollection", "features": []}


def _duration(seconds: float) -> str:
    """Give a duration in its natural unit."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:g} min" if minutes and not rest else f"{seconds:g} s"


def _pixels(zoom: float, one: tuple[float, float], other: tuple[float, float]) -> float:
    """Give the distance of two places near each other on the map."""
    down, across = one[0] - other[0], (one[1] - other[1]) * math.cos(math.radians(one[0]))
    return math.hypot(down, across) / math.cos(math.radians(one[0])) * 256 * 2**zoom / 360


def fitting_zoom(width: float, height: float) -> float:
    """Give the zoom at which the inhabited world fits a map of some size in pixels, in quarter steps."""
    fit = min(math.log2(width / 256), math.log2(height / (256 * _WORLD_HEIGHT)))
    return max(0.0, math.floor(fit * 4) / 4)
