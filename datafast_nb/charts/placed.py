"""What draws a chart in its place: Vega whose widths follow that of the place, unless a person has given it a width."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from datafast_nb.charts import drawing
from datafast_nb.charts.cell_width import CONCATENATIONS, following, follows_place, least_plot, parts_of
from datafast_nb.charts.specification import titles_of
from datafast_nb.charts.theme import on_paper
from datafast_nb.errors import DrawingError, DrawingWarning

_LONG: Final = 92  # characters of a line of a title, more than any that we write
_WIDTH: Final = re.compile(r'<svg[^>]* width="([\d.]+)"')


class Placed(NamedTuple):
    """What is drawn, and the parts of it that each theme has otherwise."""

    drawn: dict[str, Any]
    variants: dict[str, dict[str, Any]]


def placed(spec: dict[str, Any], options: dict[str, Any], themes: Mapping[Any, dict[str, Any]]) -> Placed:
    """Return what draws a chart in a widget.

    Parameters
    ----------
    spec : dict
        The Vega-Lite specification, with clean text.
    options : dict
        The options for vega-embed.
    themes : mapping of str to dict
        The configuration of each theme; empty for a chart in the colors of its specification.
    """
    if follows_place(spec):
        try:
            return _following(spec, options, themes)
        except DrawingError as error:  # it keeps the width of its specification
            warnings.warn(str(error), DrawingWarning, stacklevel=2)
    return Placed(spec, {name: {"config": config} for name, config in themes.items()})


def _following(spec: dict[str, Any], options: dict[str, Any], themes: Mapping[Any, dict[str, Any]]) -> Placed:
    """Return a chart as Vega. Its themes share what is equal, such as all rows."""
    width, least = width_of(spec, options), least_plot(spec)
    if not themes:
        return Placed(following(drawing.compiled(spec, drawing.NEWEST), width, least), {})
    each = {
        name: following(drawing.compiled({**spec, "config": config}, drawing.NEWEST), width, least)
        for name, config in themes.items()
    }
    one, *others = each.values()
    shared = {key: value for key, value in one.items() if all(it.get(key) == value for it in others)}
    own = {name: {key: it[key] for key in it.keys() - shared.keys()} for name, it in each.items()}
    return Placed(shared, own)


def width_of(spec: dict[str, Any], options: dict[str, Any]) -> float:
    """Return the width of a chart's picture, without titles that may be wider than the chart.

    Raises
    ------
    DrawingError
        The chart can't be drawn.
    """
    picture = drawing.svg(on_paper(_without_titles(spec) if has_long_title(spec) else spec), options)
    found = _WIDTH.search(picture)
    if found is None:
        raise DrawingError("The picture of the chart has no width.")
    return float(found[1])


def has_long_title(spec: dict[str, Any]) -> bool:
    """Return whether a chart, or a part of one, has a title that may be wider than the chart."""
    return any(len(line) > _LONG for line in titles_of(spec)) or any(map(has_long_title, parts_of(spec)))


def _without_titles(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a chart, and the parts of one, without titles."""
    parts = {name: [_without_titles(part) for part in spec[name]] for name in CONCATENATIONS if name in spec}
    return {name: value for name, value in spec.items() if name != "title"} | parts
