"""Draws a map as SVG without a browser: the land, the clusters, the legend, and a description in words."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

from babel.numbers import format_compact_decimal

from datafast_nb.livemap.clusters import Viewport
from datafast_nb.livemap.colors import CUSTOMER
from datafast_nb.livemap.land import ink, land
from datafast_nb.livemap.mercator import ys
from datafast_nb.pictures import formats
from datafast_nb.pictures.characters import cleaned
from datafast_nb.pictures.font import FONT
from datafast_nb.text import nearest, number, plain
from datafast_nb.widgets.protocol import Clusters, Figure, Legend, Point, Theme

FORMATS: Final = (".png", ".svg", ".pdf")

_PADDING: Final = 16.0
_NARROWEST: Final = 480.0
_TALLEST: Final = 3.0  # times the width
_LINE: Final = 18.0  # height of a line of text
_LETTER: Final = 6.6  # width of a letter, on average
_SMALL_LETTER: Final = 5.5
_TITLE: Final = 26.0
_FIGURES: Final = 54.0
_LONGEST: Final = 400  # characters of a note
_KEY: Final = 14.0
_BAR: Final = 96.0


class _Palette(NamedTuple):
    """The colors of one theme."""

    surface: str
    ink: str
    quiet: str
    line: str
    water: str
    land: str
    border: str
    edge: str
    accent: str


_LIGHT: Final = _Palette(
    "#ffffff", "#1b2329", "#56616b", "#e1e6ea", "#dde7ed", "#fafbfb", "#c8d2d8", "#ffffff", "#1769aa"
)
_DARK: Final = _Palette(
    "#12171b", "#e6ebef", "#9eabb6", "#2a333a", "#1a2329", "#2c373f", "#3f4c56", "#e6ebef", "#6fbdf0"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a map shows.

    Attributes
    ----------
    viewport : Viewport
        The part of the world.
    clusters : Clusters
        The circles.
    legend : Legend
        What their colors mean.
    selected : Point or None
        Where the visitor is whose card is open.
    figures : sequence of Figure
        The figures above the map.
    title : str
        The heading.
    notes : sequence of str
        Sentences below it: the moment, the filters, whose names these are.
    theme : str
        ``dark``, or anything else for light.
    """

    viewport: Viewport
    clusters: Clusters
    legend: Legend
    selected: Point | None
    figures: Sequence[Figure]
    title: str
    notes: Sequence[str]
    theme: Theme


class _Box:
    """The viewport's place in the picture, in pixels of the map."""

    def __init__(self, viewport: Viewport) -> None:
        self._world = 256 * 2**viewport.zoom
        self._left, self._middle = viewport.west / 360 + 0.5, (viewport.west + viewport.east) / 720 + 0.5
        self._top, bottom = ys([viewport.north, viewport.south])
        self.width = max((viewport.east - viewport.west) / 360 * self._world, _NARROWEST)
        self.height = min(max((bottom - self._top) * self._world, 1.0), _TALLEST * self.width)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the place in the picture of a point of the unit square of Web Mercator."""
        return (x - self._left) * self._world, (y - self._top) * self._world

    def of(self, latitudes: Sequence[float], longitudes: Sequence[float]) -> list[tuple[float, float]]:
        """Return the places of positions in degrees, on the copy of the world that is nearest to the middle."""
        xs = [longitude / 360 + 0.5 for longitude in longitudes]
        return [self.place(x + round(self._middle - x), y) for x, y in zip(xs, ys(latitudes), strict=True)]


def drawn(shown: Shown, width: float | None = None, *, heading: bool = True) -> str:
    """Return the map with its legend as SVG: land and circles, as in the browser, and a ring round who is selected.

    Parameters
    ----------
    shown
        What it shows.
    width
        The width of the picture in pixels; by default that of the map on the screen.
    heading
        Whether the heading and the figures are above it.
    """
    colors, box = _DARK if shown.theme == "dark" else _LIGHT, _Box(shown.viewport)
    parts, top = _heading(shown, box.width, colors) if heading else ([], 0.0)
    inner = f'<svg y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}">{_map(shown, box, colors)}</svg>'
    keys, end = _legend(shown.legend, top + box.height + _PADDING, box.width, colors)
    back = f'<rect width="100%" height="100%" fill="{colors.surface}"/>'
    label = f"Map of {number(sum(shown.clusters.visitors), 'visitor')}"
    return _svg(box.width, end + _PADDING, f"{back}{''.join(parts)}{inner}{''.join(keys)}", label, width)


def checked_image(path: str | Path) -> Path:
    """Return a path as one of a picture.

    Raises
    ------
    ValueError
        It is a folder, or has another extension.
    """
    file = Path(path)
    if file.is_dir():
        raise ValueError(f"{str(file)!r:.200} is a folder: give a file, such as {str(file / 'map.png')!r:.200}.")
    if file.suffix.lower() not in FORMATS:
        near = nearest(file.suffix.lower(), FORMATS)
        raise ValueError(f"{file.name!r:.80} has an unknown format.{near} There are: {', '.join(FORMATS)}.")
    return file


def content(shown: Shown, file: Path, width: float | None, scale: float) -> bytes:
    """Return the bytes of a picture in the format of the file's extension.

    Raises
    ------
    DrawingError
        It can't be drawn.
    """
    picture, kind = drawn(shown, width), file.suffix.lower()
    if kind == ".png":
        return formats.packed(formats.png(picture, scale))
    return formats.pdf(picture) if kind == ".pdf" else picture.encode()


def _svg(width: float, height: float, content: str, label: str, shown_at: float | None) -> str:
    """Return an SVG document, drawn at a width of its own."""
    size = (shown_at or width) / width
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size * width:.0f}" height="{size * height:.0f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}" preserveAspectRatio="xMinYMin slice" font-family="{escape(FONT)}" '
        f'role="img" aria-label="{label}">'
    )
    return cleaned(f"{head}{content}</svg>")


def _map(shown: Shown, box: _Box, colors: _Palette) -> str:
    """Draw the land, the circles, the largest first, and the ring."""
    path = land(box.place, box.width, box.height)
    parts = [
        f'<rect width="{box.width:.1f}" height="{box.height:.1f}" fill="{colors.water}"/>',
        f'<path d="{path}" fill="{colors.land}" stroke="{colors.border}" stroke-width=".6"/>',
        *_circles(shown.clusters, box, colors),
    ]
    if shown.selected is not None:
        ((x, y),) = box.of([shown.selected.latitude], [shown.selected.longitude])
        around = f'cx="{x:.1f}" cy="{y:.1f}" r="{_ring(shown.clusters, box, (x, y)):.1f}" fill="none"'
        parts.append(f'<circle {around} stroke="{colors.edge}" stroke-width="5"/>')
        parts.append(f'<circle class="selected" {around} stroke="{colors.accent}" stroke-width="2.5"/>')
    return "".join(parts)


def _circles(clusters: Clusters, box: _Box, colors: _Palette) -> Iterator[str]:
    """Draw each cluster: a disc with an arc for the share of customers, and its number."""
    places = box.of(clusters.latitude, clusters.longitude)
    columns = (clusters.radius, clusters.color, clusters.visitors, clusters.customers)
    for (x, y), radius, color, visitors, customers in zip(places, *columns, strict=True):
        yield f'<g transform="translate({x:.1f} {y:.1f})">'
        yield f'<circle class="spot" r="{radius:g}" fill="{color}" fill-opacity=".92" stroke="{colors.edge}"/>'
        if customers:
            share, outer = max(customers / visitors, 0.04), radius + 2.5
            around = 2 * math.pi * outer
            dashes = f'stroke-dasharray="{share * around:.1f} {(1 - share) * around:.1f}" transform="rotate(-90)"'
            yield f'<circle r="{outer:g}" fill="none" stroke="{CUSTOMER}" stroke-width="3" {dashes}/>'
        digits = str(format_compact_decimal(visitors, locale="en_US", fraction_digits=1))
        size = min(13, 7 + radius / 4, (radius - 1.5) / (0.31 * len(digits)))
        if visitors > 1:
            yield (
                f'<text text-anchor="middle" dy=".35em" font-size="{size:.1f}" font-weight="600" fill="{ink(color)}">'
                f"{digits}</text>"
            )
        yield "</g>"


def _ring(clusters: Clusters, box: _Box, place: tuple[float, float]) -> float:
    """Return the radius of a ring round the selected visitor: round the smallest circle over them, or a dot."""
    centers = box.of(clusters.latitude, clusters.longitude)
    found = (
        radius for center, radius in zip(centers, clusters.radius, strict=True) if math.dist(center, place) <= radius
    )
    return min(found, default=3.0) + 7


def _heading(shown: Shown, width: float, colors: _Palette) -> tuple[list[str], float]:
    """Write the heading, the notes and the figures, and return where they end."""
    letters = int((width - 2 * _PADDING) / _LETTER)
    parts = [_text(_PADDING, _PADDING + _TITLE - 8, plain(shown.title, letters), colors.ink, 18, bold=True)]
    y = _PADDING + _TITLE - 8
    for line in (line for note in shown.notes for line in textwrap.wrap(plain(note, _LONGEST), letters)):
        y += _LINE
        parts.append(_text(_PADDING, y, line, colors.quiet, 12))
    return [*parts, *_figures(shown.figures, y + _PADDING, width, colors)], y + _PADDING + _FIGURES


def _figures(figures: Sequence[Figure], y: float, width: float, colors: _Palette) -> list[str]:
    """Write the figures above the map in columns."""
    step = (width - 2 * _PADDING) / max(len(figures), 1)
    letters = int(step / _SMALL_LETTER) - 1
    parts = []
    for place, figure in enumerate(figures):
        x = _PADDING + place * step
        parts.append(_text(x, y + 6, plain(figure.label, letters), colors.quiet, 11))
        parts.append(_text(x, y + 24, plain(figure.value, int(step / _LETTER) - 3), colors.ink, 14, bold=True))
        parts.append(_text(x, y + 40, plain(figure.note, letters), colors.quiet, 11))
    return parts


def _legend(legend: Legend, y: float, width: float, colors: _Palette) -> tuple[list[str], float]:
    """Write what the colors mean, in as many lines as it takes, and return where it ends."""
    parts, x = [], _PADDING
    for key, wide in _keys(legend, colors):
        if x > _PADDING and x + wide > width - _PADDING:
            x, y = _PADDING, y + _LINE
        parts.append(f'<g transform="translate({x:.1f} {y:.1f})">{key}</g>')
        x += wide + _PADDING
    return parts, y


def _keys(legend: Legend, colors: _Palette) -> Iterator[tuple[str, float]]:
    """Yield the parts of the legend with their widths."""

    def words(text: str, x: float = 0.0) -> str:
        return _text(x, 4, text, colors.quiet, 12)

    if legend.title:
        yield words(plain(legend.title)), len(plain(legend.title)) * _LETTER
    if legend.ramp is not None:
        low, high = plain(legend.ramp.low), plain(f"{legend.ramp.high}; {legend.ramp.note}")
        start, step = len(low) * _LETTER + 6, _BAR / len(legend.ramp.colors)
        bars = "".join(
            f'<rect x="{start + place * step:.1f}" y="-4" width="{step:.1f}" height="8" fill="{color}"/>'
            for place, color in enumerate(legend.ramp.colors)
        )
        yield words(low) + bars + words(high, start + _BAR + 6), start + _BAR + 6 + len(high) * _LETTER
    for swatch in legend.swatches:
        label = plain(swatch.label, 40)
        yield f'<circle cx="5" r="5" fill="{swatch.color}"/>{words(label, _KEY)}', _KEY + len(label) * _LETTER
    if legend.ring:
        ring = f'<circle cx="5" r="5" fill="none" stroke="{CUSTOMER}" stroke-width="3" stroke-dasharray="10 22"/>'
        yield ring + words("share of customers", _KEY + 2), _KEY + 18 * _LETTER
    if legend.unplaced:
        absent = f"{legend.unplaced:,} not on the map: no location"
        yield words(absent), len(absent) * _LETTER


def _text(x: float, y: float, words: str, color: str, size: float, *, bold: bool = False) -> str:
    """Return a line of text, escaped."""
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{color}"{weight}>{escape(words)}</text>'
