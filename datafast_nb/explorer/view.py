"""The widgets of the explorer: its front end and a chart. Independent of any source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

from ipywidgets import Widget

from datafast_nb import glossary
from datafast_nb.charts import ChartView, Measure
from datafast_nb.charts.measures import NOTATIONS
from datafast_nb.errors import DrawingError
from datafast_nb.explorer.front import SCRIPT, Front, OwnFront
from datafast_nb.text import capitalized
from datafast_nb.widgets.family import family
from datafast_nb.widgets.protocol import Choice, Dimension, ExplorerState, Question, Theme

_NOTHING_DRAWN: Final = {"data": {"values": []}, "mark": "point"}
_MEASURES: Final = tuple(Choice(name, NOTATIONS[name].name) for name in get_args(Measure))


class View:
    """The widgets of one explorer, which show the states that they are given.

    Parameters
    ----------
    theme
        ``light``, ``dark``, or ``auto`` to follow the page.
    can_refresh
        Whether there is a source that can be asked again.
    linked
        Whether the filters and the data are those of a live map.
    in_one
        Whether the chart is part of the front end's view, as where boxes of ipywidgets are not drawn.
    """

    def __init__(self, theme: Theme, *, can_refresh: bool, linked: bool, in_one: bool = False) -> None:
        options: dict[str, Any] = {"linked": linked, "refreshable": can_refresh, "theme": theme}
        self.why_no_chart = ""
        try:
            self.chart: ChartView | None = ChartView(_NOTHING_DRAWN, theme=theme)
        except DrawingError as error:  # no vl-convert, as in Pyodide
            self.chart, self.why_no_chart = None, f"No chart here: {error}"
        self.front = OwnFront(chart=self.chart, **options) if in_one else Front(script=SCRIPT.get(), **options)
        self.front.add_class("df-front")
        if self.chart is not None:
            self.chart.add_class("df-chart")
        self.children: tuple[Widget, ...] = (self.front,) if in_one or self.chart is None else (self.front, self.chart)

    def ask(self, by: tuple[str, ...], measure: str, *, several_sites: bool) -> None:
        """Set the controls. Offer the site if there are several, or if it is in use."""
        dimensions = _dimensions(with_site=several_sites or "site" in by)
        self.front.question = Question(by, measure, dimensions, _MEASURES)

    def show(self, state: ExplorerState, spec: dict[str, Any] | None) -> None:
        """Show a state, in one message, and a chart. Only changes are sent."""
        self.front.show(state)
        if self.chart is not None and spec is not None and spec != self.chart.spec:
            self.chart.show(spec)

    def set_theme(self, theme: Theme) -> None:
        """Change the theme."""
        self.front.theme = theme
        if self.chart is not None:
            self.chart.theme = theme

    def close(self) -> None:
        """Close all widgets except the shared ones: the charting library and the script."""
        shared = (self.chart and self.chart.vega, self.front.script)
        kept = {each for widget in shared if widget for each in family(widget)}
        for widget in {*self.family()} - kept:
            widget.close()

    def family(self) -> Iterator[Widget]:
        """Yield all widgets of the view."""
        for child in self.children:
            yield from family(child)


def _dimensions(*, with_site: bool) -> tuple[Dimension, ...]:
    """Return the dimensions to choose from, by group, with a few words where a name needs explaining."""
    return tuple(
        Dimension(name, _called(name), group)
        for group, names in glossary.DIMENSION_GROUPS.items()
        for name in names
        if name != "site" or with_site
    )


def _called(name: str) -> str:
    """Return a dimension's name, and its meaning if the name needs explaining."""
    called, hint = capitalized(glossary.dimension(name)), glossary.dimension_hint(name)
    return f"{called} ({hint})" if hint else called
