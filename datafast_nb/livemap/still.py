"""The picture in a map's output, for readers that show no widgets, such as GitHub."""

from __future__ import annotations

import warnings
from typing import Any, Final

from datafast_nb.errors import DrawingError, DrawingWarning
from datafast_nb.livemap.image import Shown, drawn
from datafast_nb.pictures import formats
from datafast_nb.text import plain

_WIDTH: Final = 900
_LONGEST: Final = 300  # characters of the figures in words


def still(shown: Shown) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the map shows as the content and the metadata of ``image/png``, with the figures in words.

    If it can't be drawn, or only as too large a picture, both are empty, and a `DrawingWarning` says why.
    """
    try:
        picture, size = formats.small(drawn(shown, _WIDTH), formats.reduced)
    except DrawingError as error:
        warnings.warn(str(error), DrawingWarning, stacklevel=3)
        return {}, {}
    return {"image/png": picture}, {"image/png": {**size, "alt": f"{plain(shown.title)}. {in_words(shown)}."}}


def in_words(shown: Shown) -> str:
    """Return the figures above the map."""
    return plain(" · ".join(f"{figure.label}: {figure.value}" for figure in shown.figures), _LONGEST)
