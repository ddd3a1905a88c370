"""An SVG as a PNG."""

from __future__ import annotations

import io

import vl_convert
from PIL import Image, ImageChops

import datafast_nb as dfn
from datafast_nb.pictures.formats import packed, reduced
from tests.charts.sites import crowd


def test_the_picture_is_packed_without_changing_a_pixel() -> None:
    original = vl_convert.vegalite_to_png(dfn.charts.timeline(crowd(300)).to_dict(), scale=2, ppi=144)
    smaller = packed(original)
    with Image.open(io.BytesIO(original)) as before, Image.open(io.BytesIO(smaller)) as after:
        assert (after.mode, after.size) == (before.mode, before.size)
        assert after.tobytes() == before.tobytes()
        assert ImageChops.difference(after, before).getbbox(alpha_only=False) is None
        assert after.info["dpi"] == before.info["dpi"]
    assert len(smaller) < len(original) / 2


def test_a_picture_of_few_colors_stays_transparent_where_it_was() -> None:
    with Image.new("RGBA", (20, 20), (0, 0, 0, 0)) as picture:
        picture.paste((200, 30, 40, 255), (5, 5, 15, 15))
        picture.save(original := io.BytesIO(), "png")
    with Image.open(io.BytesIO(reduced(original.getvalue()))) as after:
        colors = after.convert("RGBA")
    assert colors.getpixel((0, 0))[3] == 0
    assert colors.getpixel((10, 10)) == (200, 30, 40, 255)
