"""The picture in a map's output, for readers that show no widgets, such as GitHub."""

from __future__ import annotations

import io
import warnings
from typing import Any, Final

from PIL import Image

from datafast_nb.errors import DrawingError, DrawingWarning
from datafast_nb.livemap.image import Shown, drawn
from datafast_nb.pictures import formats
from datafast_nb.text import plain

_WIDTH: Final = 900
_SCALES: Final = (1.5, 1.0)
_LARGEST: Final = 150_000
"""Bytes of a picture, so that a notebook stays small."""


def still(shown: Shown) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the map shows as the content and the metadata of ``image/png``, with the figures in words.

    Without a picture, which is too large or can't be drawn, both are empty; a `DrawingWarning` says why it can't.
    """
    try:
        svg = drawn(shown, _WIDTH)
        pictures = ((_packed(formats.png(svg, scale)), scale) for scale in _SCALES)
        picture, scale = next((each for each in pictures if len(each[0]) <= _LARGEST), (b"", 1.0))
    except DrawingError as error:
        warnings.warn(str(error), DrawingWarning, stacklevel=3)
        return {}, {}
    if not picture:
        return {}, {}
    with Image.open(io.BytesIO(picture)) as image:
        width, height = (round(pixels / scale) for pixels in image.size)
    figures = (f"{figure.label}: {figure.value}" for figure in shown.figures)
    words = plain(f"{shown.title}. {', '.join(figures)}.", 300)
    return {"image/png": picture}, {"image/png": {"width": width, "height": height, "alt": words}}


def _packed(picture: bytes) -> bytes:
    """Compress a PNG to 256 colors."""
    smaller = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(256).save(smaller, "png", optimize=True)
    return smaller.getvalue()
