"""The explorer's front end: the widget that holds what the browser shows beside the chart and the native controls."""

from __future__ import annotations

from typing import Final

from traitlets import Bool, Dict, Unicode

from datafast_nb.widgets.front import Script, Wishing, bundle
from datafast_nb.widgets.shared import Shared


class ExplorerScript(Script):
    """The explorer's script and styles."""

    _css = bundle("explorer.css")


SCRIPT: Final = Shared(lambda: ExplorerScript.of(bundle("explorer.js")))


class Front(Wishing):
    """All of an explorer but the controls and the chart: its filters are those of the live map, and look like it."""

    filters = Dict().tag(sync=True)
    status = Dict().tag(sync=True)
    heading = Dict().tag(sync=True)
    empty = Unicode().tag(sync=True)
    table = Dict().tag(sync=True)
    code = Unicode().tag(sync=True)
    linked = Bool(default_value=False).tag(sync=True)
    theme = Unicode("auto").tag(sync=True)
