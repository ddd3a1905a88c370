"""The numbers in the cells of heat maps."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest
import vl_convert

import datafast_nb as dfn
from datafast_nb.charts import cell_numbers
from datafast_nb.schema import VISITORS

SURFACES = {"light": (255, 255, 255), "dark": (17, 17, 17)}
LEAST_CONTRAST = 3.0  # WCAG 2.2, for large or bold text: some colors in the middle of a scale allow no more


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0, "0"), (0.04, "0.04"), (0.0949, "0.09"), (0.099, "0.1"), (0.44, "0.4"), (9.94, "9.9"), (9.96, "10")),
        *(
            (999.4, "999"),
            (999.6, "1k"),
            (1_234, "1.2k"),
            (9_960, "10k"),
            (123_456, "123k"),
            (2_345_678, "2M"),
            (1.2e9, "1B"),
        ),
    ],
)
def test_a_number_is_written_in_four_characters_at_most(number: float, text: str) -> None:
    assert pl.select(cell_numbers.short(pl.lit(number))).item() == text
    assert len(text) <= 4


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (4, "4"), (150, "150"), (2_000, "2k"), (72_000, "72k")])
def test_a_count_is_written_without_a_point(number: int, text: str) -> None:
    assert pl.select(cell_numbers.short_count(pl.lit(number))).item() == text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_number_can_be_read_on_its_cell(theme: dfn.charts.Theme) -> None:
    """Draw lifts from 0.1 to 6, of groups of 1 to 40."""
    lifts, sizes = [0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.4, 1.8, 2.2, 2.8, 3.5, 6.0], [1, 3, 10, 20, 30, 40]
    people = [(lift, size) for lift in lifts for size in sizes for _ in range(size)]
    rows = pl.DataFrame(people, schema=["lift", "size"], orient="row")
    visitors = (
        VISITORS.to_frame()
        .clear(len(people))
        .with_columns(
            conversion_rate=rows["lift"] / 100,
            region=rows["lift"].cast(pl.String),
            city=rows["size"].cast(pl.String),
            score=pl.lit(50.0),
        )
    )
    with dfn.charts.use_theme(theme):
        chart = dfn.charts.heatmap(visitors, ["region", "city"], baseline=dfn.Baseline(0.01, None))
        scene = vl_convert.vegalite_to_scenegraph(chart.to_dict())
    cells, texts = found(scene, "rect"), found(scene, "text")
    assert len(cells) == len(texts) == len(lifts) * len(sizes)
    for place, cell in cells.items():
        fill = over(color(cell["fill"]), cell.get("opacity", 1), SURFACES[theme])
        assert contrast(fill, color(texts[place]["fill"])) >= LEAST_CONTRAST


def found(part: Any, kind: str, at: tuple[float, float] = (0, 0)) -> dict[tuple[int, int], dict[str, Any]]:
    """Return the marks of a kind in a scene, by where their middle is."""
    marks: dict[tuple[int, int], dict[str, Any]] = {}
    if isinstance(part, list):
        for each in part:
            marks |= found(each, kind, at)
    elif isinstance(part, dict):
        if part.get("marktype") == kind and part.get("role") == "mark":
            for item in part["items"]:
                x, y = item["x"] + item.get("width", 0) / 2, item["y"] + item.get("height", 0) / 2
                marks[round(x), round(y)] = item
        else:
            marks |= found([value for value in part.values() if isinstance(value, (list, dict))], kind)
    return marks


def color(text: str) -> tuple[float, ...]:
    """Return a color's red, green and blue."""
    if text.startswith("#"):
        return tuple(int(text[place : place + 2], 16) for place in (1, 3, 5))
    return tuple(float(number) for number in re.findall(r"[\d.]+", text)[:3])


def over(front: tuple[float, ...], opacity: float, back: tuple[float, ...]) -> tuple[float, ...]:
    """Return what a translucent color looks like."""
    return tuple(opacity * one + (1 - opacity) * other for one, other in zip(front, back, strict=True))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(rgb: tuple[float, ...]) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [part / 255 for part in rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
