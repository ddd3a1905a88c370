"""The front end of the explorer: the widget with the state shown beside the chart."""

from __future__ import annotations

from typing import Final

from ipywidgets import widget_serialization
from traitlets import Instance

from datafast_nb.charts import ChartView
from datafast_nb.widgets.front import FrontEnd, Script, asset, bundle, front_script
from datafast_nb.widgets.protocol import (
    ExplorerControls,
    ExplorerHeader,
    ExplorerMessage,
    ExplorerOptions,
    ExplorerState,
)
from datafast_nb.widgets.shared import Shared
from datafast_nb.widgets.synced import traits_of


class ExplorerScript(Script):
    """The explorer's script and styles."""

    _css = asset("explorer.css")


SCRIPT: Final = Shared(lambda: ExplorerScript.of(bundle("explorer.js")))


class Front(FrontEnd):
    """Everything in an explorer except the chart. Its filters look like those of the live map."""

    _esm = front_script("explorer.js")
    messages = ExplorerMessage
    vars().update(traits_of(ExplorerControls, ExplorerState, ExplorerHeader, ExplorerOptions))


class OwnFront(Front):
    """The front end and its chart in one view, with one script: marimo draws no boxes of ipywidgets."""

    _esm = asset("explorer_alone.js")
    _css = asset("explorer_alone.css")
    chart = Instance(ChartView, allow_none=True).tag(sync=True, **widget_serialization)
