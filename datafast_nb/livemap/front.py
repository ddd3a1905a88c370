"""The live map's front end: the widget that holds what the browser shows."""

from __future__ import annotations

from typing import Any, Final

from traitlets import Bool, Dict, Int, List, Unicode

from datafast_nb.widgets.front import Script, Wishing, asset, bundle, front_script
from datafast_nb.widgets.shared import Shared


class MapScript(Script):
    """The live map's script and styles."""

    _css = asset("livemap.css")


SCRIPT: Final = Shared(lambda: MapScript.of(bundle("livemap.js")))


class Front(Wishing):
    """All of a live map but the map itself. The kernel writes its traits, the browser reads them and sends wishes.

    Each part of the page has a trait of its own, so what has not changed is not sent. What belongs to one moment is
    written inside one ``hold_sync``, so it travels in one message, and no view ever shows two moments at once. What
    depends on where a view looks is kept for each view, by its id.
    """

    _esm = front_script("livemap.js")

    clock = Int().tag(sync=True)
    status = Dict().tag(sync=True)
    figures: List[Any] = List().tag(sync=True)
    controls = Dict().tag(sync=True)
    replay = Dict().tag(sync=True)
    gaps: List[Any] = List().tag(sync=True)
    legend = Dict().tag(sync=True)
    filters = Dict().tag(sync=True)
    visitors = Dict().tag(sync=True)
    events = Dict().tag(sync=True)
    payments = Dict().tag(sync=True)
    card = Dict().tag(sync=True)
    selected = Dict().tag(sync=True)
    clusters = Dict().tag(sync=True)  # these four by view
    heat = Dict().tag(sync=True)
    tips = Dict().tag(sync=True)
    popups = Dict().tag(sync=True)
    theme = Unicode("auto").tag(sync=True)
    zone = Unicode("UTC").tag(sync=True)
    framed = Bool(default_value=False).tag(sync=True)
    map = Unicode().tag(
        sync=True
    )  # the models of the map, of the layers of visitors and of heat, and of the heat itself
    anchor = Unicode().tag(sync=True)
    heat_layer = Unicode().tag(sync=True)
    heatmap = Unicode().tag(sync=True)
