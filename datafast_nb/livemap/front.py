"""The live map's front end: the widget that holds what the browser shows."""

from __future__ import annotations

from typing import Any, Final

from traitlets import Dict, Int, List, Unicode

from datafast_nb.widgets.front import FrontEnd, Script, asset, bundle, front_script
from datafast_nb.widgets.protocol import MapLayers, MapMessage, MapParts, MapSettings
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
    vars().update(traits_of(MapLayers, MapSettings, MapParts))

    clock = Int().tag(sync=True)
    status = Dict().tag(sync=True)
    figures: List[Any] = List().tag(sync=True)
    controls = Dict().tag(sync=True)
    replay = Dict().tag(sync=True)
    gaps: List[Any] = List().tag(sync=True)
    filters = Dict().tag(sync=True)
    visitors = Dict().tag(sync=True)
    events = Dict().tag(sync=True)
    payments = Dict().tag(sync=True)
    card = Dict().tag(sync=True)
    selected = Dict().tag(sync=True)
    zone = Unicode("UTC").tag(sync=True)
