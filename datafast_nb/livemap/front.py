"""The front end of the live map: the widget with the state that the browser shows."""

from __future__ import annotations

from typing import Final

from datafast_nb.widgets.front import Script, asset, bundle, front_script
from datafast_nb.widgets.packed import PackedFrontEnd, packed_traits_of
from datafast_nb.widgets.protocol import MapLayers, MapMessage, MapPanels, MapParts, MapSettings
from datafast_nb.widgets.shared import Shared


class MapScript(Script):
    """The live map's script and styles."""

    _css = asset("livemap.css")


SCRIPT: Final = Shared(lambda: MapScript.of(bundle("livemap.js")))


PACKED: Final = frozenset(
    {
        *("visitors", "events", "payments", "card", "clusters", "heat", "popups"),
        *("figures", "legend", "filters", "coverage"),
    }
)
"""The fields that are large, or change with these."""


class Front(PackedFrontEnd):
    """Everything in a live map except the Leaflet map itself.

    Set all that belongs to one moment inside one ``hold_sync``, so that it is sent in one message.
    """

    _esm = front_script("livemap.js")
    messages = MapMessage
    packed = PACKED
    vars().update(packed_traits_of(MapPanels, MapLayers, MapSettings, MapParts, packed=PACKED))


class OwnFront(Front):
    """The front end with a Leaflet map of its own, in one script: marimo has no views of ipyleaflet."""

    _esm = asset("alone.js")
    _css = asset("alone.css")
