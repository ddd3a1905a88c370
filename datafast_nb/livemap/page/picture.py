"""The page's map: clusters over the land, as one SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import polars as pl
from babel.numbers import format_compact_decimal

from datafast_nb.livemap.clusters import Viewport, cluster, marks, project
from datafast_nb.livemap.colors import CUSTOMER, NO_SCORE, Coloring
from datafast_nb.livemap.land import ink, land
from datafast_nb.livemap.mercator import latitude_of, y_of
from datafast_nb.livemap.page.words import Row, is_finite
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import money, number


@dataclass(frozen=True, slots=True)
class _View:
    """The part of the world that the map shows, in Web Mercator.

    `left` and `top` are in units of the world's width, as `project` gives them; the rest is in the SVG's own units.
    """

    left: float
    top: float
    world: float  # width of the whole world
    height: float
    visitors: tuple[float, float]  # y of the northmost and the southmost

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the position on the map of a point of the unit square."""
        return (x - self.left) * self.world, (y - self.top) * self.world

    def nearest(self, x: float) -> float:
        """Return the copy of an x that is nearest to the middle of the map."""
        edge = self.left + _WIDTH / self.world / 2 - 0.5
        return edge + (x - edge) % 1.0

    @property
    def viewport(self) -> Viewport:
        """The view as bounds in degrees, stretched to the visitors beyond its northern and southern end."""
        top, bottom = min(self.top, self.visitors[0]), max(self.top + self.height / self.world, self.visitors[1])
        west = (self.left - 0.5) * 360
        return Viewport(
            zoom=math.log2(self.world / 256),
            south=latitude_of(bottom),
            west=west,
            north=latitude_of(top),
            east=west + 360 * _WIDTH / self.world,
        )


_WIDTH: Final = 960.0
_HEIGHTS: Final = (430.0, 720.0)
_PADDING: Final = 44.0  # a large circle and its ring
_LARGEST_WORLD: Final = 256 * 2**4.5  # closer, the land's shapes are too coarse
_WORLDWIDE: Final = 0.75  # of the world's width: visitors who are spread wider see the usual map
_USUAL_EDGE: Final = 11 / 360  # at 169° west, in the Bering Strait
_INHABITED: Final = (0.26, 0.66)  # 65° north to 50° south
_PLACES: Final = {"latitude": pl.Float64, "longitude": pl.Float64}
_NUMBERED: Final = 9.0  # radius from which a circle has room for its number
_DIGIT: Final = (8.0, 12.0)  # width and height


def _fit(placed: pl.DataFrame) -> _View:
    """Choose the view in which all visitors are, as near as the land's shapes allow."""
    left, across, north, south = _extent(placed) if placed.height else (_USUAL_EDGE, 1.0, *_INHABITED)
    if across > _WORLDWIDE:
        left, across = _USUAL_EDGE, 1.0
    widest = (_WIDTH - 2 * _PADDING) / across
    tallest = (_HEIGHTS[1] - 2 * _PADDING) / max(south - north, 1e-9)
    world = min(max(min(widest, tallest), _WIDTH - 2 * _PADDING), _LARGEST_WORLD)
    height = min(max((south - north) * world + 2 * _PADDING, _HEIGHTS[0]), _HEIGHTS[1])
    top = (north + south) / 2 - height / world / 2
    return _View(
        left=left + across / 2 - _WIDTH / world / 2,
        top=min(max(top, 0.0), 1.0 - height / world),
        world=world,
        height=height,
        visitors=(north, south),
    )


def _extent(placed: pl.DataFrame) -> tuple[float, float, float, float]:
    """Return the western edge of the visitors, how far east they reach (also across the date line), north and south."""
    degrees = placed.select((pl.col("x") * 360).floor().unique().sort())["x"]
    gaps = degrees.shift(-1, fill_value=degrees[0] + 360) - degrees
    widest = gaps.arg_max() or 0
    north, south = placed.select(pl.col("y").min(), south=pl.col("y").max()).row(0)
    return degrees[(widest + 1) % len(degrees)] / 360, (361 - gaps[widest]) / 360, north, south


def picture(snapshot: Snapshot, coloring: Coloring) -> str:
    """Draw where the visitors are, colored by their scores, with the legend."""
    visitors = snapshot.visitors
    placed = project(visitors).filter(pl.col("x").is_not_null())
    view = _fit(placed)
    clusters = cluster(placed, view.viewport)
    drawn = marks(clusters, view.viewport, coloring)
    moved = pl.DataFrame({"latitude": drawn.latitude, "longitude": drawn.longitude}, schema=_PLACES)
    projected = clusters.with_columns(moved, radius=pl.Series(drawn.radius), color=pl.Series(drawn.color)).with_columns(
        y=y_of(pl.col("latitude"))
    )
    circles = [_Circle.of(cluster, view) for cluster in projected.iter_rows(named=True)]
    spots = "".join(circle.svg() for circle in circles)
    label = f"Map of {number(placed.height, 'visitor')} in {number(clusters.height, 'place')}"
    empty = "" if placed.height else _placeless(view, anybody=bool(visitors.height))
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH:g} {view.height:.0f}" role="img" aria-label="{label}">'
        f'<path class="land" d="{land(view.place, _WIDTH, view.height)}"/>{spots}{_numbers(circles)}{empty}</svg>'
        f"{_legend(clusters, coloring, visitors.height - placed.height)}</figure>"
    )


def _placeless(view: _View, *, anybody: bool) -> str:
    """Return a text for the map that says why it is empty."""
    words = "No visitor has a known location" if anybody else "Nobody is here right now"
    return f'<text class="empty" x="{_WIDTH / 2:g}" y="{view.height / 2:.0f}">{words}</text>'


@dataclass(frozen=True, slots=True)
class _Circle:
    """A cluster as it is drawn: sized by its visitors, with an arc around it for the share of customers."""

    x: float
    y: float
    radius: float
    fill: str
    cluster: Row

    @classmethod
    def of(cls, cluster: Row, view: _View) -> _Circle:
        """Return the circle of a cluster."""
        radius = cluster["radius"]
        x, y = view.place(view.nearest(cluster["longitude"] / 360 + 0.5), cluster["y"])
        y = min(max(y, radius), view.height - radius)  # a visitor beyond the map's north or south is drawn at its edge
        return cls(x, y, radius, cluster["color"], cluster)

    @property
    def number(self) -> str:
        """The number of visitors in a few characters, such as 1.2K."""
        return str(format_compact_decimal(self.cluster["visitors"], locale="en_US", fraction_digits=1))

    def svg(self) -> str:
        """Draw the circle and its arc."""
        share = 100 * self.cluster["customers"] / self.cluster["visitors"]
        around = f'r="{self.radius + 2.5:.1f}"'
        arc = (
            f'<circle class="track" {around}/><circle class="share" {around} stroke="{CUSTOMER}" pathLength="100"'
            f' stroke-dasharray="{share:.1f} {100 - share:.1f}" stroke-dashoffset="25"/>'
        )
        return (
            f'<g transform="translate({self.x:.1f} {self.y:.1f})"><title>{escape(_said(self.cluster))}</title>'
            f'<circle class="spot" r="{self.radius:.1f}" fill="{self.fill}"/>{arc if share else ""}</g>'
        )


def _numbers(circles: Sequence[_Circle]) -> str:
    """Return the numbers of the large circles, on top of all circles, where they don't overlap that of a larger one."""
    written = _apart([circle for circle in circles if circle.radius >= _NUMBERED], 1.0)
    large = _apart([circle for circle in written if circle.radius >= 1.5 * _NUMBERED], 1.9)  # for a small screen
    return "".join(
        f'<g transform="translate({circle.x:.1f} {circle.y:.1f})"><text dy=".35em"'
        f' class="{"large" if circle in large else "small"}" fill="{ink(circle.fill)}" stroke="{circle.fill}">'
        f"{circle.number}</text></g>"
        for circle in written
    )


def _apart(circles: Iterable[_Circle], size: float) -> list[_Circle]:
    """Leave out the circles whose numbers, written in some size, would cover that of one before."""
    kept: list[_Circle] = []
    for circle in circles:
        if all(
            abs(circle.x - other.x) > size * _DIGIT[0] * (len(circle.number) + len(other.number)) / 2
            or abs(circle.y - other.y) > size * _DIGIT[1]
            for other in kept
        ):
            kept.append(circle)
    return kept


def _said(cluster: Row) -> str:
    """Return what a circle shows, in words."""
    parts = [number(cluster["visitors"], "visitor")]
    if cluster["customers"]:
        share = f"{cluster['customers'] / cluster['visitors']:.0%}"
        parts.append(f"{number(cluster['customers'], 'customer')} ({share})")
    if is_finite(cluster["score"]):
        parts.append(f"mean score {cluster['score']:.0f}")
    if is_finite(cluster["expected_value"]) and cluster["expected_value"]:
        parts.append(f"expected value {money(cluster['expected_value'], 'USD')}")
    return ", ".join(parts)


def _legend(clusters: pl.DataFrame, coloring: Coloring, unplaced: int) -> str:
    """Return the meaning of colors and sizes, and how many visitors are not on the map."""
    arc = f"background: conic-gradient({CUSTOMER} 30%, var(--track) 30%)"
    scored = clusters["score"].is_finite().any()
    keys = []
    ramp = coloring.legend().ramp
    if scored and ramp is not None:
        bar = f'<i class="bar" style="background: linear-gradient(90deg, {", ".join(ramp.colors)})"></i>'
        keys.append(f"score {ramp.low} {bar} {ramp.high}, the average is 50")
    if clusters["score"].is_finite().sum() < clusters.height:
        keys.append(f'<i class="dot" style="background: {NO_SCORE}"></i> no score')
    if clusters["customers"].sum():
        keys.append(f'<i class="arc" style="{arc}"></i> share of customers')
    if clusters["visitors"].n_unique() > 1:
        keys.append('<i class="dot small"></i><i class="dot"></i> more visitors, larger circle')
    if unplaced:
        keys.append(f"<strong>{unplaced:,}</strong> not on the map: no location")
    return f"<figcaption>{''.join(f'<span>{key}</span>' for key in keys)}</figcaption>"
