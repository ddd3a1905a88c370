"""A chart as a PNG that is small enough to keep in a notebook."""

from __future__ import annotations

from typing import Any

from datafast_nb.charts import drawing
from datafast_nb.charts.theme import on_paper
from datafast_nb.pictures import formats


def png(spec: dict[str, Any], options: dict[str, Any]) -> tuple[bytes, dict[str, int]]:
    """Return a chart as a PNG that is as sharp as fits into a notebook, and its size on the screen.

    Parameters
    ----------
    spec : dict
        The Vega-Lite specification, with clean text.
    options : dict
        The options for vega-embed, whose locales hold here too.

    Raises
    ------
    DrawingError
        The chart can't be drawn, or its picture is too large however it is compressed.
    """
    return formats.small(drawing.svg(on_paper(spec), options), formats.packed, formats.reduced)
