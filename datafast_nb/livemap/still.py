"""The picture in a map's output, for readers that show no widgets, such as GitHub."""

from __future__ import annotations

import warnings
from typing import Any, Final

from datafast_nb.errors import DrawingError, DrawingWarning
from datafast_nb.livemap.image import Shown, drawn
from datafast_nb.pictures import formats
from datafast_nb.text import plain

_WIDTH: Final = 900


def still(shown: Shown) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the map shows as the content and the metadata of ``image/png`` and ``text/plain``.

    If it can't be drawn, or only as too large a picture, there is none, and a `DrawingWarning` says why.
    """
    figures = [f"{figure.label}: {figure.value}" for figure in shown.figures]
    content: dict[str, Any] = {"text/plain": plain(" · ".join(figures), 300)}
    try:
        content["image/png"], size = formats.small(drawn(shown, _WIDTH), formats.reduced)
    except DrawingError as error:
        warnings.warn(str(error), DrawingWarning, stacklevel=3)
        return content, {}
    words = plain(f"{shown.title}. {', '.join(figures)}.", 300)
    return content, {"image/png": {**size, "alt": words}}
