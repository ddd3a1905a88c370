"""A chart as a widget that loads nothing from the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import traitlets
from altair import SCHEMA_VERSION, TopLevelMixin
from ipywidgets import widget_serialization

from datafast_nb.charts import drawing
from datafast_nb.charts.embedding import embed_options as embedded
from datafast_nb.charts.placed import placed
from datafast_nb.charts.renderer import still
from datafast_nb.charts.specification import specification_of
from datafast_nb.charts.theme import configs
from datafast_nb.widgets.front import Script, TypedWidget, asset
from datafast_nb.widgets.protocol import ChartMessage, ChartState, Theme
from datafast_nb.widgets.shared import Shared
from datafast_nb.widgets.synced import traits_of

_WIDTH: Final = 600  # pixels, for the picture of a chart that is as wide as its container


class Vega(Script):
    """The drawing library, which vl-convert includes to draw pictures."""


_VEGA: Final = Shared(lambda: Vega(source=drawing.vega("export { vegaEmbed };"), version=SCHEMA_VERSION))


class ChartView(TypedWidget):
    """A chart as a widget, which can later show another one, for example to follow a live map.

    Parameters
    ----------
    chart : altair.Chart or dict
        Any Altair chart, or its Vega-Lite specification.
    embed_options : dict, optional
        Options for vega-embed, which override this package's own.
    theme : {"auto", "light", "dark"}, optional
        Draw in this package's colors; ``auto`` follows the page's theme, even when it changes. By default, draw in the
        colors of the specification.

    Notes
    -----
    A chart is as wide as its place, also when that changes, unless it was given a width. So is a chart of your own
    whose width is ``"container"``.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> site = dfn.demo.Site(seed=0)
    >>> view = dfn.charts.ChartView(dfn.charts.scores(site.snapshot()))
    >>> view.show(dfn.charts.breakdown(site.snapshot(), by="device"))
    >>> view.on_click(lambda datum: print("A click on", datum["group"]))
    >>> view.close()
    """

    _esm = asset("chart.js")
    # The menu may extend beyond the chart. Charts side by side share the width of their row. ipywidgets marks widgets
    # without a kernel with a broken link, but a chart works without one.
    _css = """
    .datafast-chart .vega-embed { overflow: visible; }
    .datafast-chart.jupyter-widgets-disconnected::before { content: none; }
    .widget-hbox > .datafast-chart[data-fits]:not([style*="width"]) { flex: 1 1 0; min-width: 0; overflow-x: auto; }
    """
    spec = traitlets.Dict()
    drawn: dict[str, Any]
    embed_options: dict[str, Any]
    variants: dict[str, dict[str, Any]]
    theme: Theme | None
    reports_clicks: bool
    vars().update(traits_of(ChartState))
    messages = ChartMessage
    vega = traitlets.Instance(Vega).tag(sync=True, **widget_serialization)

    def __init__(
        self,
        chart: TopLevelMixin | dict[str, Any],
        embed_options: dict[str, Any] | None = None,
        *,
        theme: Theme | None = None,
    ) -> None:
        super().__init__(embed_options=embedded(embed_options), theme=theme, vega=_VEGA.get())
        self.show(chart)

    def show(self, chart: TopLevelMixin | dict[str, Any]) -> None:
        """Show another chart in the same place. Pages that show this one change without flicker."""
        self.spec = specification_of(chart)

    @traitlets.observe("spec", "theme")
    def _draw(self, _change: traitlets.Bunch) -> None:
        if not self.spec:  # as it is being made
            return
        parts = placed(self.spec, self.embed_options, {} if self.theme is None else configs())
        with self.hold_sync():
            self.drawn, self.variants = parts

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:  # noqa: ANN401
        """Return the widget, and a current picture for tools without widgets, such as GitHub and nbconvert."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        content, metadata = still(self._still_spec(), self.embed_options)
        return {**bundle[0], **content}, {**bundle[1], **metadata}

    def _still_spec(self) -> dict[str, Any]:
        """Return the specification of the picture: with a fixed width, and in the theme's colors if there is one."""
        spec = self.spec
        if spec.get("width") == "container":
            spec = {**spec, "width": _WIDTH}
        if self.theme is not None:
            spec = {**spec, "config": configs()["dark" if self.theme == "dark" else "light"]}
        return spec

    def on_click(self, callback: Callable[[dict[str, Any]], Any]) -> None:
        """Call a function with the row of the chart's data on each click.

        Parameters
        ----------
        callback
            Takes the datum of the clicked mark: the fields of the chart's data, and those that Vega adds.
        """
        self.on_message(lambda message: callback(message.datum))
        self.reports_clicks = True
