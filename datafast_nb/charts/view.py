"""A chart as a widget that loads nothing from the network."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import anywidget
import traitlets
import vl_convert
from altair import SCHEMA_VERSION, TopLevelMixin
from ipywidgets import widget_serialization

# Nothing in a chart's menu may send its data anywhere, as "Open in Vega Editor" does.
_EMBED_OPTIONS: Final = {"actions": {"export": True, "source": False, "compiled": False, "editor": False}}


class Vega(anywidget.AnyWidget):
    """The library that draws, as one model that all charts of a kernel share. It has no view."""

    _esm = "export default {};"
    source = traitlets.Unicode().tag(sync=True)
    version = traitlets.Unicode().tag(sync=True)


class ChartView(anywidget.AnyWidget):
    """A chart as a widget, which can show another one later, as when it follows a live map.

    Parameters
    ----------
    chart : altair.Chart or dict
        An Altair chart of any kind, or the Vega-Lite specification of one.
    embed_options : dict, optional
        Options for vega-embed, over this package's own.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> site = dfn.demo.Site(seed=0)
    >>> view = dfn.charts.ChartView(dfn.charts.scores(site.snapshot()))
    >>> view.show(dfn.charts.breakdown(site.snapshot(), by="device"))
    >>> view.close()
    """

    _esm = files("datafast_nb.charts").joinpath("view.js").read_text(encoding="utf-8")
    # The menu may reach beyond the chart; its button is white by default, which glares on a dark page.
    _css = """
    .vega-embed { overflow: visible; }
    [data-jp-theme-light="false"] .vega-embed summary { background: #3a3f45; fill: #e9edf1; border-color: #555b63; }
    """
    spec = traitlets.Dict().tag(sync=True)
    embed_options = traitlets.Dict().tag(sync=True)
    vega = traitlets.Instance(Vega).tag(sync=True, **widget_serialization)

    def __init__(self, chart: TopLevelMixin | dict[str, Any], embed_options: dict[str, Any] | None = None) -> None:
        super().__init__(spec=_spec_of(chart), embed_options=_EMBED_OPTIONS | (embed_options or {}), vega=_vega())

    def show(self, chart: TopLevelMixin | dict[str, Any]) -> None:
        """Show another chart in the same place. A page that shows this one changes without a flicker."""
        self.spec = _spec_of(chart)


def _spec_of(chart: TopLevelMixin | dict[str, Any]) -> dict[str, Any]:
    """Give a chart's specification."""
    return chart if isinstance(chart, dict) else chart.to_dict()


def _vega() -> Vega:
    """Give the kernel's Vega; a new one where somebody has closed it, as ``Widget.close_all`` does."""
    if _opened_vega().comm is None:
        _opened_vega.cache_clear()
    return _opened_vega()


@cache
def _opened_vega() -> Vega:
    """Take Vega out of vl-convert, which brings it along for drawing pictures."""
    # The Vega-Lite of Altair's own schema: "v6.4.1" is 6.4 to vl-convert.
    version = ".".join(SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return Vega(source=vl_convert.javascript_bundle("export { vegaEmbed };", vl_version=version), version=version)
