"""The live map's front end: the widget that holds what the browser shows."""

from __future__ import annotations

from typing import Final

from datafast_nb.widgets.front import FrontEnd, Script, asset, bundle, front_script
from datafast_nb.widgets.protocol import MapLayers, MapMessage, MapPanels, MapParts, MapSettings
from datafast_nb.widgets.shared import Shared
from datafast_nb.widgets.synced import traits_of


class MapScript(Script):
    """The live map's script and styles."""

    _css = asset("livemap.css")


SCRIPT: Final = Shared(lambda: MapScript.of(bundle("livemap.js")))


class Front(FrontEnd):
    """All of a live map but the Leaflet map itself.

    What belongs to one moment is written inside one ``hold_sync``, so it travels in one message.
    """

    _esm = front_script("livemap.js")
    messages = MapMessage
    vars().update(traits_of(MapPanels, MapLayers, MapSettings, MapParts))
