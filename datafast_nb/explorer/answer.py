"""The answer to a question: its table, its chart, and both as the browser shows them. Independent of any widget."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import cached_property
from itertools import chain
from typing import Any, Final

import altair as alt
import polars as pl

from datafast_nb import charts
from datafast_nb.charts import wording
from datafast_nb.charts.group_bars import drawn_groups
from datafast_nb.charts.heat_map import drawn_cells
from datafast_nb.charts.measures import NOTATIONS, why_missing
from datafast_nb.charts.wording import UNKNOWN
from datafast_nb.conversion import breakdown
from datafast_nb.conversion.frames import once
from datafast_nb.explorer.question import Question, accepted, chosen
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import plain
from datafast_nb.widgets.protocol import Heading

MOST_BARS: Final = 15
MOST_CELLS: Final = 12
"""Maximum number of groups of a dimension that the chart draws."""

_PICKED: Final = "#2f7de1"
_IS_PICKED: Final = {"field": "picked", "equal": True}
_FAINT: Final = 0.4
_PICKED_NOTE: Final = "Faintest: groups that are not selected, for comparison."
_PAIR: Final = 2


class Answer:
    """The answer to a question about a snapshot. Each part is computed when first used.

    Parameters
    ----------
    question
        The question.
    snapshot
        The snapshot that it is about.
    """

    def __init__(self, question: Question, snapshot: Snapshot) -> None:
        self.question = question
        self.snapshot = snapshot
        self.visitors = question.visitors(snapshot)

    @cached_property
    def here(self) -> int:
        """The number of visitors in the snapshot."""
        return once(self.snapshot.visitors).height

    @cached_property
    def matched(self) -> int:
        """The number of visitors who pass all filters."""
        return chosen(once(self.snapshot.visitors), self.question.filters).height

    @cached_property
    def table(self) -> pl.DataFrame:
        """The breakdown, in descending order of the measure."""
        by, order, baseline = self.question.by, self.question.measure, self.snapshot.baseline
        return breakdown(self.visitors, by, order_by=order, baseline=baseline)

    @property
    def drawn_by(self) -> str:
        """The function of ``charts`` that draws it: a heat map for the lift of two dimensions, otherwise bars."""
        lifts = len(self.question.by) == _PAIR and self.question.measure == "lift"
        return "heatmap" if lifts else "breakdown"

    @cached_property
    def chart(self) -> alt.LayerChart:
        """The chart, as returned by ``charts``."""
        by, baseline = [*self.question.by], self.snapshot.baseline
        if self.drawn_by == "breakdown":
            return charts.breakdown(self.visitors, by, self.question.measure, top=MOST_BARS, baseline=baseline)
        return charts.heatmap(self.visitors, by, top=MOST_CELLS, baseline=baseline)

    @cached_property
    def _drawn(self) -> dict[str, Any]:
        """The original specification of the chart."""
        return self.chart.to_dict(context={"pre_transform": False})

    @cached_property
    def labels(self) -> list[dict[str, Any]]:
        """For each dimension, the groups by their labels in the chart."""
        by, measure = self.question.by, self.question.measure
        if self.drawn_by == "heatmap":
            drawn = drawn_cells(self.table, by, MOST_CELLS)
        else:
            drawn = drawn_groups(self.table, by, measure, MOST_BARS)
        return [dict(zip(each["_label"], each[name], strict=True)) for name, each in zip(by, drawn, strict=True)]

    @cached_property
    def nothing(self) -> str:
        """The reason why there is nothing to draw; empty if there is something."""
        if self.visitors.is_empty() and self.question.about:
            return "Nobody matches the filters"
        return why_missing(self.table, self.question.measure)

    @property
    def remedy(self) -> str:
        """What the user can do if there is nothing to draw."""
        if not self.visitors.is_empty():
            return "Counts need no predictions: choose “Visitors” as the measure."
        return "Remove a filter to see more." if self.question.about else ""

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The specification to show: as wide as its container, without a title, with the picked groups highlighted."""
        spec = deepcopy(self._drawn)
        picked = dict(zip(self._fields, self._picked_labels(), strict=True))
        if any(picked.values()):
            _pick(spec["datasets"].values(), picked)
            for layer in spec["layer"]:
                if "y" in layer.get("encoding", {}) and layer["mark"]["type"] != "text":
                    _set_off(layer["encoding"], outlined=self.drawn_by == "heatmap")
        if self.drawn_by == "breakdown":
            spec["layer"].insert(0, _bands([*self.labels[0]], picked["group"]))
        return {name: value for name, value in spec.items() if name not in ("title", "config")} | {
            "width": "container",
            "autosize": {"type": "fit-x", "contains": "padding"},
            "background": "transparent",
            "padding": 4,
        }

    @property
    def _fields(self) -> tuple[str, ...]:
        """The fields of the chart's data that name the group of each dimension."""
        fields = ("row", "column") if self.drawn_by == "heatmap" else ("group", "series")
        return fields[: len(self.question.by)]

    def _picked_labels(self) -> list[list[str]]:
        """Return the labels of the picked groups, for each dimension."""
        pairs = zip(self.question.by, self.labels, strict=True)
        return [[label for label, value in each.items() if self.question.picks({name: value})] for name, each in pairs]

    @cached_property
    def heading(self) -> Heading:
        """The title of the chart, as a sentence, and its notes."""
        notation, by = NOTATIONS[self.question.measure], " and ".join(map(wording.dimension, self.question.by))
        if self.nothing:
            return Heading(f"{notation.name} by {by}")
        title = self._drawn["title"]
        notes = " ".join(title.get("subtitle", []))
        if any(self._picked_labels()):
            notes = f"{notes} {_PICKED_NOTE}"
        if undrawn := self._picked_undrawn():
            notes = f"{notes} Picked, but not among the groups drawn: {undrawn}."
        return Heading(title["text"], notes.strip())

    def _picked_undrawn(self) -> str:
        """Return the names of picked groups without a bar, at most a few."""
        names = [
            plain(UNKNOWN if value is None else value, 32)
            for name, drawn in zip(self.question.by, self.labels, strict=True)
            for value in self.question.filters.values.get(name, ())
            if not any(value in accepted(name, each) for each in drawn.values())
        ]
        return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")  # noqa: PLR2004

    def group_of(self, datum: dict[str, Any]) -> dict[str, Any] | None:
        """Return the group that a mark of the chart represents, or None if it represents none."""
        named = zip(self.question.by, self.labels, map(datum.get, self._fields), strict=True)
        group = {name: labels[label] for name, labels, label in named if isinstance(label, str) and label in labels}
        return group or None


def _pick(tables: Iterable[list[dict[str, Any]]], picked: dict[str, list[str]]) -> None:
    """Add to each row whether its group is picked, so that no label becomes part of an expression that Vega runs."""
    chosen = {field: frozenset(labels) for field, labels in picked.items() if labels}
    for row in chain.from_iterable(tables):
        row["picked"] = all(row.get(field) in labels for field, labels in chosen.items())


def _set_off(encoding: dict[str, Any], *, outlined: bool) -> None:
    """Make the marks of groups that are not picked fainter. Those of small groups stay as faint as they are."""
    for name in ("fillOpacity", "strokeOpacity"):
        encoding[name] = {"condition": {"test": _IS_PICKED, "value": 1}, "value": _FAINT}
    if outlined:
        encoding["stroke"] = {"condition": {"test": _IS_PICKED, "value": _PICKED}, "value": None}
        encoding["strokeWidth"] = {"value": 2}


def _bands(labels: list[str], picked: list[str]) -> dict[str, Any]:
    """Return a layer that makes the whole row of each bar clickable, however short the bar is."""
    opacity = {"condition": {"test": _IS_PICKED, "value": 0.14}, "value": 0}
    return {
        "data": {"values": [{"group": label, "picked": label in picked} for label in labels]},
        "mark": {"type": "rect", "color": _PICKED},
        "encoding": {
            "y": {"field": "group", "type": "nominal", "sort": None, "title": None},
            "x": {"value": 0},
            "x2": {"value": "width"},
            "fillOpacity": opacity,
        },
    }
