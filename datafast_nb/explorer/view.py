"""The widgets of the explorer: native controls, a chart and its own front end. Independent of any source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, get_args

from ipywidgets import Button, Dropdown, HBox, Widget
from traitlets import Bunch

from datafast_nb import glossary
from datafast_nb.charts import ChartView, Measure
from datafast_nb.charts.measures import NOTATIONS
from datafast_nb.explorer.front import SCRIPT, Front
from datafast_nb.text import capitalized
from datafast_nb.widgets.family import family
from datafast_nb.widgets.protocol import ExplorerState, Theme

_NOTHING_DRAWN: Final = {"data": {"values": []}, "mark": "point"}


class _Heading(NamedTuple):
    """The value of an option that is the heading of a group."""

    group: str


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
    """

    def __init__(self, theme: Theme, *, can_refresh: bool, linked: bool) -> None:
        measures = [(NOTATIONS[name].name, name) for name in get_args(Measure)]
        self.first = Dropdown(description="Break down by")
        self.second = Dropdown(description="and by")
        self.measure = Dropdown(options=measures, description="Measure")
        self.refresh = Button(description="Refresh", tooltip="Ask for a new snapshot") if can_refresh else None
        controls = [self.first, self.second, self.measure, *([self.refresh] if self.refresh else [])]
        for control in controls:
            control.layout.width = "auto"
            control.style.description_width = "auto"
        self.header = HBox(controls)
        self.header.add_class("df-asked")
        self.front = Front(script=SCRIPT.get(), linked=linked, theme=theme)
        self.front.add_class("df-front")
        self.chart = ChartView(_NOTHING_DRAWN, theme=theme)
        self.chart.add_class("df-chart")
        self.children: tuple[Widget, ...] = (self.header, self.front, self.chart)

    def on_choice(self, callback: Callable[[str, Any], None]) -> None:
        """Call a function with the name and new value of a control when it changes, by a user or by code."""
        for name in ("first", "second", "measure"):
            getattr(self, name).observe(lambda change, name=name: self._notify(callback, name, change), "value")

    @staticmethod
    def _notify(callback: Callable[[str, Any], None], name: str, change: Bunch) -> None:
        """Pass a choice on. The heading of a group is not a choice: the previous one stays."""
        if isinstance(change["new"], _Heading):
            change["owner"].value = change["old"]
        elif not isinstance(change["old"], _Heading):
            callback(name, change["new"] or None)

    def on_refresh(self, callback: Callable[[], None]) -> None:
        """Call a function when the user asks for a new snapshot, if there is a source."""
        if self.refresh is not None:
            self.refresh.on_click(lambda _: callback())

    def show_choice(self, by: tuple[str, ...], measure: str, *, several_sites: bool) -> None:
        """Set the controls. Offer the site if there are several, or if it is in use."""
        dimensions = _options(with_site=several_sites or "site" in by)
        if self.first.options != dimensions:
            self.first.options = dimensions
            self.second.options = (("(nothing else)", ""), *dimensions)
        self.first.value, self.second.value, self.measure.value = by[0], by[1] if by[1:] else "", measure

    def show(self, state: ExplorerState, spec: dict[str, Any] | None) -> None:
        """Show a state, in one message, and a chart. Only changes are sent."""
        self.front.show(state)
        if spec is not None and spec != self.chart.spec:
            self.chart.show(spec)

    def set_theme(self, theme: Theme) -> None:
        """Change the theme."""
        self.front.theme = self.chart.theme = theme

    def close(self) -> None:
        """Close all widgets except the shared ones: the charting library and the script."""
        for widget in {*self.family()} - {*family(self.chart.vega), *family(self.front.script)}:
            widget.close()

    def family(self) -> Iterator[Widget]:
        """Yield all widgets of the view."""
        for child in self.children:
            yield from family(child)


def _options(*, with_site: bool) -> tuple[tuple[str, str | _Heading], ...]:
    """Return the dimensions to choose from, by group, with a few words where a name needs explaining."""
    options: list[tuple[str, str | _Heading]] = []
    for group, names in glossary.DIMENSION_GROUPS.items():
        options.append((f"— {group} —", _Heading(group)))
        options += [(_called(name), name) for name in names if name != "site" or with_site]
    return tuple(options)


def _called(name: str) -> str:
    """Return a dimension's name, and its meaning if the name needs explaining."""
    called, hint = capitalized(glossary.dimension(name)), glossary.dimension_hint(name)
    return f"{called} ({hint})" if hint else called
