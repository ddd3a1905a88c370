"""Charts that are as wide as the cell of a notebook, also when that changes.

Vega-Lite gives the width of its place to single charts alone, and looks at it only when the window changes. So a chart
is shown as the Vega that it compiles to, with one signal more: `place`, the width of the cell, from which the widths of
all parts follow. Where charts side by side would be too narrow, they stand one below the other, and where a single one
would be, the cell scrolls.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, NamedTuple, Self

from datafast_nb.charts.wrapped_titles import wrapped

_Part = dict[str, Any]

_LEAST: Final = 340  # pixels, for a whole chart
_LEAST_PLOT: Final = 200  # pixels between the axes of a chart, unless it needs more
_LEAST_BESIDE: Final = 260  # the same for charts side by side, whose notes are as wide as their plots
_FONTS_DIFFER: Final = 10  # pixels by which a chart may have more beside its plots than in the picture
_LABEL: Final = 7.5  # pixels of a letter of a label, on average
_LABELS: Final = 220  # pixels of the labels of rows at most
_SHARE_OF_LABELS: Final = 0.3  # of the width of a chart, at most
_UNEVEN: Final = 20  # pixels by which the labels of a chart may differ from those of the others
_BETWEEN_LABELS: Final = 8  # pixels
_OFTEN: Final = 500  # milliseconds from one look at the place to the next
_DEEPEST: Final = 2  # levels of concatenations; Vega does not find the scale of a brush on a deeper one as it resizes
_OWN_SIGNAL: Final = re.compile(r"place|title_\d+")
CONCATENATIONS: Final = ("concat", "hconcat", "vconcat")
"""The properties that hold the charts of a concatenation."""


class Usual(int):
    """A width that a chart has if nobody gives it another: where it is shown, it follows the width of its place.

    Parameters
    ----------
    width
        The width of the plot, in pixels.
    least
        The width that its plot needs at least, such as for the figures in its cells.
    """

    least: float

    def __new__(cls, width: int, least: float = _LEAST_PLOT) -> Self:
        """Return a number that knows what its plot needs."""
        usual = super().__new__(cls, width)
        usual.least = least
        return usual


def parts_of(spec: _Part) -> list[_Part]:
    """Return the charts of a concatenation."""
    return [part for name in CONCATENATIONS for part in spec.get(name, ())]


def follows_place(spec: _Part, deepest: int = _DEEPEST) -> bool:
    """Return whether a specification has the width of its place: nobody has given any of its parts another.

    Charts that are concatenated more deeply, or whose parameters have the names of signals here, keep their widths.
    """
    if any(_OWN_SIGNAL.fullmatch(str(param.get("name"))) for param in spec.get("params", ())):
        return False
    parts = parts_of(spec)
    if not parts:
        return isinstance(spec.get("width"), Usual)
    return deepest > 0 and all(follows_place(part, deepest - 1) for part in parts)


def least_plot(spec: _Part) -> float:
    """Return the width that the plots of a specification need at least."""
    own = spec.get("width")
    return max([own.least if isinstance(own, Usual) else _LEAST_PLOT, *map(least_plot, parts_of(spec))])


def following(vega: _Part, drawn: float, least: float = _LEAST_PLOT) -> _Part:
    """Return a chart whose widths follow its place.

    Parameters
    ----------
    vega : dict
        The chart as Vega, with fixed widths; it is modified.
    drawn : float
        The width of the whole chart with these, in pixels: what it has where that of its place is not known.
    least : float
        The width that its plots need at least, from `least_plot`.
    """
    signals = vega.pop("signals", [])
    fixed = {it["name"]: it["value"] for it in signals if it["name"].lower().endswith("width") and "value" in it}
    rows = _rows(vega, {"width": vega.pop("width", 0), **fixed}, drawn)
    widest, beside = max(row.width for row in rows), max(row.beside for row in rows)
    # The width of the whole, from which Vega takes what stands beside the plots, is that of the plot of a single chart.
    updates = _widths(rows, "width", widest) | {"width": "place"}
    if "projections" in vega and "height" in vega:  # a map by itself keeps its shape
        updates["height"] = f"width * {vega.pop('height') / widest}"
    _stand_upright(vega, drawn - widest)
    labels = _shorten_labels(vega, vega)
    shortened = max(0.0, labels - _SHARE_OF_LABELS * _LEAST)
    # Whatever changes the height depends on the place: after Vega has fitted the width, it keeps the height.
    place = f"(place + max(0, {labels - _UNEVEN} - {_SHARE_OF_LABELS} * place))"  # what the labels give up
    rooms = {name: f"{width} - {_FONTS_DIFFER}" for name, width in _widths(rows, place, drawn).items()}
    rooms["width"] = f"place - {_padding(vega)}"
    vega["signals"] = [
        _place(max(_LEAST, round(beside - shortened + least)), round(drawn)),
        *({"name": name, "update": update} for name, update in updates.items()),
        *_titles(vega, rooms, 0),
        *(signal for signal in signals if signal["name"] not in updates),
    ]
    return vega | {"autosize": {"type": "fit-x", "contains": "padding"}}


def _padding(vega: _Part) -> float:
    """Return the padding at the left and the right together."""
    given = vega.get("padding", 0)
    padding: float = given.get("left", 0) + given.get("right", 0) if isinstance(given, dict) else 2 * given
    return padding


def _place(least: int, drawn: int) -> _Part:
    """Return the signal of the place's width. A place that is not shown, as in a hidden tab, has none."""
    now = f"containerSize()[0] ? max({least}, containerSize()[0])"
    look = {"events": {"type": "timer", "throttle": _OFTEN}, "update": f"{now} : place"}
    return {"name": "place", "init": f"{now} : {drawn}", "on": [look]}


class _Row(NamedTuple):
    """Charts side by side.

    Attributes
    ----------
    columns : tuple of dict
        Of each chart, or of those in a column, the fixed widths by the name of their signals.
    drawn : float
        The width of the whole picture.
    """

    columns: tuple[dict[str, float], ...]
    drawn: float

    @property
    def width(self) -> float:
        """The sum of the widths."""
        return sum(max(column.values()) for column in self.columns)

    @property
    def beside(self) -> float:
        """What a chart needs beside its plot, for axes and labels."""
        return (self.drawn - self.width) / len(self.columns)

    @property
    def stacked(self) -> str:
        """A test whether the place is too narrow for the charts side by side."""
        return f"place < {round(len(self.columns) * (self.beside + _LEAST_BESIDE))}"

    def share(self, column: dict[str, float], fixed: float, whole: str, of: float) -> str:
        """Return an expression for a width that was `fixed` when the whole was `of`."""
        grown = f"max(0, {fixed} + {max(column.values()) / self.width} * ({whole} - {of}))"
        alone = f"{whole} - {round(self.beside - self.drawn + of)}"
        return grown if len(self.columns) == 1 else f"({self.stacked} ? {alone} : {grown})"


def _widths(rows: list[_Row], whole: str, of: float) -> dict[str, str]:
    """Return an expression for each width, from a signal for the whole, which was `of`."""
    return {
        name: row.share(column, fixed, whole, of)
        for row in rows
        for column in row.columns
        for name, fixed in column.items()
    }


def _rows(part: _Part, fixed: dict[str, float], drawn: float) -> list[_Row]:
    """Return the rows of a chart, or of a part of one, and let their columns depend on the place."""
    if "layout" not in part:
        name = _width_of(part)
        return [_Row(({name: fixed[name]},), drawn)]
    inner = [_rows(chart, fixed, drawn) for chart in _charts(part)]
    beside = part["layout"].get("columns", len(inner))
    if beside == 1:
        return [row for rows in inner for row in rows]
    columns = [
        {name: width for row in rows for column in row.columns for name, width in column.items()} for rows in inner
    ]
    rows = [_Row(tuple(columns[first : first + beside]), drawn) for first in range(0, len(columns), beside)]
    part["layout"]["columns"] = {"signal": f"{rows[0].stacked} ? 1 : {beside}"}
    return rows


def _charts(part: _Part) -> list[_Part]:
    """Return the charts of a concatenation."""
    return [mark for mark in part["marks"] if mark["type"] == "group"]


def _width_of(chart: _Part) -> str:
    """Return the name of the signal of a chart's width."""
    name: str = chart.get("encode", {}).get("update", {}).get("width", {}).get("signal", "width")
    return name


def _stand_upright(vega: _Part, beside: float) -> None:
    """Let leaning labels of columns stand upright where the columns are wide enough."""
    domains = {scale["name"]: scale.get("domain") for scale in vega.get("scales", ())}
    for axis in vega.get("axes", ()):
        names = domains.get(axis["scale"])
        if axis.get("labelAngle") and isinstance(names, list):
            longest = min(_LABEL * max(len(str(name)) for name in names), axis.get("labelLimit", math.inf))
            narrow = f"place < {round(beside + len(names) * (longest + _BETWEEN_LABELS))}"
            axis["labelAngle"] = {"signal": f"{narrow} ? {axis['labelAngle']} : 0"}
            axis["labelAlign"] = {"signal": f"{narrow} ? '{axis['labelAlign']}' : 'center'"}


def _shorten_labels(part: _Part, whole: _Part, columns: str = "1") -> float:
    """Leave plots their room: in a narrow place, cut the labels of rows sooner, by how many columns there are.

    Return about how many pixels wide the longest are where there is room.
    """
    if "layout" in part:
        beside = part["layout"].get("columns")
        inner = beside["signal"] if isinstance(beside, dict) else columns
        return max((_shorten_labels(chart, whole, inner) for chart in _charts(part)), default=0.0)
    # The scales of a chart are its own, those of a concatenation are the whole's.
    scales = [*whole.get("scales", ()), *part.get("scales", ())]
    bands = {scale["name"]: scale["domain"] for scale in scales if scale["type"] in {"band", "point"}}
    longest = 0.0
    for axis in part.get("axes", ()):
        if axis["orient"] == "left" and axis["scale"] in bands:
            limit = axis.get("labelLimit", _LABELS)
            axis["labelLimit"] = {"signal": f"min({limit}, {_SHARE_OF_LABELS} * place / ({columns}))"}
            longest = max(longest, min(limit, _LABEL * _letters(bands[axis["scale"]], whole.get("data", []))))
    return longest


def _letters(domain: Any, data: list[_Part]) -> int:  # noqa: ANN401 - a list, or where to find one
    """Return the letters of the longest name of a scale's domain."""
    if isinstance(domain, list):
        return max((len(str(name)) for name in domain), default=0)
    fields = {domain.get("field"), *(each.get("field") for each in domain.get("fields", ()) if isinstance(each, dict))}
    rows = [row for part in data for row in part.get("values", ()) if isinstance(row, dict)]
    return max((len(str(row[field])) for row in rows for field in fields if field in row), default=0)


def _titles(part: _Part, rooms: dict[str, str], count: int) -> list[_Part]:
    """Wrap the titles of a chart, or of a part of one, for their room; return their signals."""
    found = wrapped(part["title"], rooms[_width_of(part)], count) if "title" in part else []
    for chart in _charts(part) if "layout" in part else ():
        found += _titles(chart, rooms, count + len(found))
    return found
