"""A chart as a PNG that is small enough to keep in a notebook."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

from datafast_nb.charts import drawing

_SCALE: Final = 1.5
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


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
    picture = packed(drawing.png(drawing.svg(spec, options), _SCALE))
    width, height = struct.unpack_from(">II", picture, len(_SIGNATURE) + 8)
    return picture, {"width": round(width / _SCALE), "height": round(height / _SCALE)}


def packed(picture: bytes) -> bytes:
    """Compress a PNG again: vl-convert compresses for speed, and the same pixels can take a third of the space.

    A PNG is a signature and chunks of length, kind, body and checksum (RFC 2083, section 3); the bodies of all IDAT
    chunks are one zlib stream.
    """
    chunks, position = [], len(_SIGNATURE)
    while position < len(picture):
        (length,) = struct.unpack_from(">I", picture, position)
        chunks.append((picture[position + 4 : position + 8], picture[position + 8 : position + 8 + length]))
        position += length + 12
    pixels = zlib.compress(zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT")))
    before = [chunk for chunk in chunks if chunk[0] not in {b"IDAT", b"IEND"}]
    return _SIGNATURE + b"".join(_chunk(*chunk) for chunk in [*before, (b"IDAT", pixels), (b"IEND", b"")])


def _chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
