"""A chart as a PNG that is small enough to keep in a notebook."""

from __future__ import annotations

import io
from typing import Any, Final

from PIL import Image

from datafast_nb.charts import drawing
from datafast_nb.charts.theme import on_paper
from datafast_nb.pictures import formats

_SCALE: Final = 1.5


def png(spec: dict[str, Any], options: dict[str, Any]) -> tuple[bytes, dict[str, int]]:
    """Return a chart as a PNG that is sharp on high-density screens, and its size on the screen.

    Parameters
    ----------
    spec : dict
        The Vega-Lite specification, with clean text.
    options : dict
        The options for vega-embed, whose locales hold here too.

    Raises
    ------
    DrawingError
        The chart can't be drawn.
    """
    picture = formats.packed(formats.png(drawing.svg(on_paper(spec), options), _SCALE))
    with Image.open(io.BytesIO(picture)) as image:
        width, height = image.size
    return picture, {"width": round(width / _SCALE), "height": round(height / _SCALE)}
