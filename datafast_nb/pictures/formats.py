"""An SVG as PNG and as PDF."""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Callable
from typing import Final

from PIL import Image

from datafast_nb.errors import DrawingError
from datafast_nb.pictures.drawer import drawer

LARGEST: Final = 150_000
"""Bytes of a picture in a notebook."""

_SCALES: Final = (1.5, 1.0, 0.75, 0.5)  # the first is sharp on high-density screens
_COMPRESSION: Final = 7  # of zlib's levels; 9 takes three times as long for the last hundredth of the bytes
_STRATEGY: Final = zlib.Z_DEFAULT_STRATEGY
_SAMPLED: Final = 3  # one pixel in so many of a row, and of the rows, tells the colors of a picture


def png(svg: str, scale: float) -> bytes:
    """Return an SVG as a PNG with `scale` pixels for each of its own."""
    return drawer.ask("svg_to_png", svg=svg, scale=scale)


def pdf(svg: str) -> bytes:
    """Return an SVG as a PDF."""
    return drawer.ask("svg_to_pdf", svg=svg)


def packed(picture: bytes) -> bytes:
    """Compress a PNG again: vl-convert compresses for speed, and the same pixels can take a third of the space."""
    smaller = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.save(smaller, "png", dpi=image.info.get("dpi"), compress_level=_COMPRESSION, compress_type=_STRATEGY)
    return smaller.getvalue()


def reduced(picture: bytes) -> bytes:
    """Compress a PNG to 256 colors; what is transparent stays so."""
    smaller = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        whole = image.convert("RGBA")
    is_opaque = whole.getchannel("A").getextrema() == (255, 255)
    colors = _opaque(whole.convert("RGB")) if is_opaque else whole.quantize(256, Image.Quantize.FASTOCTREE)
    colors.save(smaller, "png", compress_level=_COMPRESSION)
    return smaller.getvalue()


def _opaque(image: Image.Image) -> Image.Image:
    """Return an image in 256 colors, chosen from a sample of its pixels: to look at each takes far longer."""
    sample = image.resize([math.ceil(pixels / _SAMPLED) for pixels in image.size], Image.Resampling.NEAREST)
    return image.quantize(palette=sample.quantize(256), dither=Image.Dither.NONE)


def small(svg: str, *ways: Callable[[bytes], bytes]) -> tuple[bytes, dict[str, int]]:
    """Return an SVG as a PNG of at most 150 kB, and its size on the screen.

    Parameters
    ----------
    svg
        The drawing.
    *ways
        How to compress a PNG, the best first: `packed` and `reduced` are two.

    Raises
    ------
    DrawingError
        It is too large however it is compressed.
    """
    for scale in _SCALES:
        whole = png(svg, scale)
        for picture in (compress(whole) for compress in ways):
            if len(picture) <= LARGEST:
                with Image.open(io.BytesIO(picture)) as image:
                    width, height = (round(pixels / scale) for pixels in image.size)
                return picture, {"width": width, "height": height}
    raise DrawingError("The picture is too large to be kept in a notebook. Draw less, or a smaller picture.")
