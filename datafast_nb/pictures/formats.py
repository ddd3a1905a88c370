"""An SVG as PNG and as PDF."""

from __future__ import annotations

import io
import zlib

from PIL import Image

from datafast_nb.pictures.drawer import drawer


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
        image.save(smaller, "png", dpi=image.info.get("dpi"), compress_level=9, compress_type=zlib.Z_DEFAULT_STRATEGY)
    return smaller.getvalue()
