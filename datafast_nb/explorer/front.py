"""The front end of the explorer: the widget with the state shown beside the chart and the native controls."""

from __future__ import annotations

from typing import Final

from datafast_nb.widgets.front import FrontEnd, Script, asset, bundle, front_script
from datafast_nb.widgets.protocol import ExplorerHeader, ExplorerMessage, ExplorerOptions, ExplorerState
from datafast_nb.widgets.shared import Shared
from datafast_nb.widgets.synced import traits_of


class ExplorerScript(Script):
    """The explorer's script and styles."""

    _css = asset("explorer.css")


SCRIPT: Final = Shared(lambda: ExplorerScript.of(bundle("explorer.js")))


class Front(FrontEnd):
    """Everything in an explorer except the controls and the chart. Its filters look like those of the live map."""

    _esm = front_script("explorer.js")
    messages = ExplorerMessage
    vars().update(traits_of(ExplorerState, ExplorerHeader, ExplorerOptions))
