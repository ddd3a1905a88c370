"""The picture of a chart."""

from __future__ import annotations

import struct
import zlib

import vl_convert

import datafast_nb as dfn
from datafast_nb.charts.picture import packed
from tests.charts.sites import (
    crowd,
)


def test_the_picture_is_packed_without_changing_a_pixel() -> None:
    def pixels(picture: bytes) -> bytes:
        content, position = b"", 8
        while position < len(picture):
            length, kind = struct.unpack_from(">I4s", picture, position)
            body = picture[position + 8 : position + 8 + length]
            (checksum,) = struct.unpack_from(">I", picture, position + 8 + length)
            assert checksum == zlib.crc32(kind + body)
            content += body if kind == b"IDAT" else b""
            position += length + 12
        return zlib.decompress(content)

    original = vl_convert.vegalite_to_png(dfn.charts.timeline(crowd(300)).to_dict(), scale=2)
    smaller = packed(original)
    assert pixels(smaller) == pixels(original)
    assert len(smaller) < len(original) / 2
