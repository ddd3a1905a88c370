"""Group visitors into the cells of a Web Mercator grid. Independent of any widget.

One refresh of the map is ``marks(cluster(project(snapshot.visitors), viewport), viewport, coloring)``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from datafast_nb.livemap.colors import RADII, Coloring
from datafast_nb.livemap.crowding import apart
from datafast_nb.livemap.grid import Grid
from datafast_nb.livemap.mercator import latitude_at, x_of, y_of, ys
from datafast_nb.livemap.worth import worth_column
from datafast_nb.widgets.protocol import Clusters, Heat

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CELLS: Final = 550
"""Maximum number of cells with visitors, which limits what is sent, whatever the number of visitors."""

MOST_GRID: Final = 3600
"""Maximum number of cells in a viewport, with and without visitors."""

DEEPEST: Final = 14
"""The maximum zoom of the map."""

CELL_PIXELS: Final = 28
"""Width of a cell, in pixels of the map."""

_MARGIN: Final = 0.05  # of the viewport's width and height, on each side: clusters are ready for a short move
_MOST_SHIFT: Final = 20.0  # pixels that a circle may be from its place; where it would be more, cells are larger
_RING: Final = 4.0  # width of a ring that shows the share of customers, in pixels
_COARSER: Final = 0.85  # of the cells across the world, where these are too small
_FULL_WORLD: Final = 1000.0  # pixels of the world's width from which circles have their full radius
_LEAST_LARGE: Final = 13.0  # radius of the largest circle on a small world, in pixels
_LEAST_RADII: Final = (8.0, 9.5, 12.0, 15.0)  # of circles with numbers of one to four characters, in pixels
_HALF: Final = 0.5  # of the world's width


@dataclass(frozen=True, slots=True)
class Viewport:
    """The part of the world that a map shows.

    Attributes
    ----------
    zoom : float
        Zoom level: the world is ``256 * 2 ** zoom`` pixels wide.
    south, west, north, east : float
        Bounds in degrees. Longitudes beyond ±180 are those of a map that was dragged across the date line.
    """

    zoom: float
    south: float
    west: float
    north: float
    east: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, including the margin, in units of the world's width."""
        left, right = self.west / 360 + 0.5, self.east / 360 + 0.5
        top, bottom = ys([self.north, self.south])
        across, down = (right - left) * _MARGIN, (bottom - top) * _MARGIN
        return left - across, top - down, right + across, bottom + down

    @property
    def decimals(self) -> int:
        """How many decimals of a degree are a tenth of a pixel, and no more than a city is known to."""
        return min(4, math.ceil(math.log10(10.0 * 256 * 2**self.zoom / 360)))

    def cells_across(self, cell_pixels: int) -> int:
        """Return the number of cells across the world. It changes in half zoom levels, so that small zooms keep groups.

        Parameters
        ----------
        cell_pixels
            Width of a cell, in pixels of the map.
        """
        left, top, right, bottom = self.box
        level = round(2 * self.zoom) / 2
        allowed = MOST_GRID * (CELL_PIXELS / cell_pixels) ** 2
        most = math.sqrt(allowed / max((right - left) * (bottom - top), 1e-12))
        while level > 0 and 256 * 2**level / cell_pixels > most:
            level -= 0.5
        return max(1, math.floor(256 * 2**level / cell_pixels))


WORLD: Final = Viewport(zoom=1.5, south=-60.0, west=-180.0, north=80.0, east=180.0)
"""The whole inhabited world, on a map of medium size."""


def project(visitors: pl.DataFrame) -> pl.DataFrame:
    """Return the visitors with their positions in Web Mercator.

    Parameters
    ----------
    visitors : polars.DataFrame
        Frame with the columns of ``schema.VISITORS``.

    Returns
    -------
    polars.DataFrame
        The same rows and columns, plus ``x`` and ``y`` from 0 to 1: the share of the world's width, measured east from
        the date line, and south from the northern edge of the projection. Latitudes beyond an edge lie on it. Both are
        null for a visitor without a location.

    Notes
    -----
    Web Mercator is EPSG:3857, scaled to the unit square.
    """
    known = pl.col("latitude").is_between(-90, 90) & pl.col("longitude").is_between(-180, 180)
    return visitors.with_columns(
        x=pl.when(known).then(x_of(pl.col("longitude")) % 1.0),
        y=pl.when(known).then(y_of(pl.col("latitude"))),
    )


def cluster(
    placed: pl.DataFrame, viewport: Viewport, *, category: str | None = None, cell_pixels: int = CELL_PIXELS
) -> pl.DataFrame:
    """Group visitors by the cells of a viewport.

    Parameters
    ----------
    placed : polars.DataFrame
        The result of `project`, with the columns ``probability`` and ``worth`` if there is a model.
    viewport : Viewport
        The part of the world that the map shows. Nobody is drawn twice: each place is drawn on the copy of the world
        where it is nearest to the center of the viewport.
    category : str, optional
        A text column; the result has its most common value in each group.
    cell_pixels : int
        Width of a cell, in pixels; wider if the viewport would otherwise have more than `MOST_GRID` of the usual
        width, more than `MOST_CELLS` with visitors, or circles without room near their places.

    Returns
    -------
    polars.DataFrame
        One row per cell with visitors, the largest first: ``id``; ``latitude`` and ``longitude``, the mean position in
        degrees; ``visitors`` and ``customers``; ``x`` and ``y``, the center of its circle in Web Mercator, moved as
        far as circles would cover each other, and its ``radius`` in pixels; ``score`` and ``probability``, the means
        over non-customers; ``expected_value``, their sum in USD, by the model if there is one; ``category``, if
        requested.
    """
    x, y, latitude = _positions(placed)
    customer = placed["is_customer"].fill_null(value=False).to_numpy()
    box = viewport.box
    for across in _coarser(viewport.cells_across(cell_pixels)):
        grid = Grid(x, y, box, across)
        if len(grid.visitors) > MOST_CELLS:
            continue
        groups, customers = _means(grid, x, latitude), grid.sums(customer)
        circles, shift = _circles(groups, customers, viewport.zoom)
        if shift <= _MOST_SHIFT:
            break
    name = pl.format("{}/{}/{}", pl.lit(across), pl.lit(grid.columns), pl.lit(grid.rows))
    named = {} if category is None else {"category": _commonest(placed[category], grid)}
    return groups.select(name.alias("id"), pl.all(), customers=pl.lit(customers.astype(int))).with_columns(
        **circles, **_figures(placed, grid, customer), **named
    )


def places(placed: pl.DataFrame, viewport: Viewport) -> pl.DataFrame:
    """Return the mean ``latitude`` and ``longitude`` of the visitors in each cell of a viewport, and how many they are.

    The cells are those of the usual width, those with the most visitors first.
    """
    x, y, latitude = _positions(placed)
    return _means(Grid(x, y, viewport.box, viewport.cells_across(CELL_PIXELS)), x, latitude)


def _positions(placed: pl.DataFrame) -> tuple[NDArray[np.float64], ...]:
    """Return the x, y and latitude of each visitor; NaN without a location."""
    return tuple(placed[name].to_numpy() for name in ("x", "y", "latitude"))


def _means(grid: Grid, x: NDArray[np.float64], latitude: NDArray[np.float64]) -> pl.DataFrame:
    """Return the mean place of each cell, and its number of visitors."""
    east = grid.sums(x) / grid.visitors + grid.copies - 0.5
    # Round: the order in which numbers are added changes the last digits, which would look like a change.
    mean = {"latitude": (grid.sums(latitude) / grid.visitors).round(9), "longitude": (360 * east).round(9)}
    return pl.DataFrame({**mean, "visitors": grid.visitors})


def _coarser(across: int) -> Iterator[int]:
    """Yield a number of cells across the world, and ever smaller ones, down to 1."""
    while across > 1:
        yield across
        across = math.floor(across * _COARSER)
    yield 1


def _circles(groups: pl.DataFrame, customers: NDArray[np.float64], zoom: float) -> tuple[dict[str, pl.Series], float]:
    """Return the circles of groups: centers in Web Mercator and radii, and by how many pixels one is moved at most."""
    world = 256 * 2**zoom
    radius = _radius(groups["visitors"].to_numpy(), zoom)
    before = world * groups.select(x_of(pl.col("longitude")), y_of(pl.col("latitude"))).to_numpy()
    after = apart(before, radius + np.where(customers > 0, _RING, 0.0), _MOST_SHIFT)
    shift = np.hypot(*(after - before).T).max(initial=0.0)
    columns = {"x": after[:, 0] / world, "y": after[:, 1] / world, "radius": radius}
    return {name: pl.Series(values) for name, values in columns.items()}, float(shift)


def _figures(placed: pl.DataFrame, grid: Grid, customer: NDArray[np.bool_]) -> dict[str, pl.Series]:
    """Return the figures of the prospects in each cell: the mean score and probability, and what all are worth."""

    def of_prospects(column: str) -> NDArray[np.float64]:
        return np.where(customer, np.nan, placed[column].to_numpy())

    chance = "probability" in placed.columns
    worth = of_prospects(worth_column(placed))
    figures = {
        "score": (grid.means(of_prospects("score")), 6),
        "probability": (grid.means(of_prospects("probability") if chance else np.full(placed.height, np.nan)), 9),
        "expected_value": (grid.sums(np.where(np.isnan(worth), 0.0, worth)), 6),
    }
    return {name: pl.Series(values, nan_to_null=True).round(digits) for name, (values, digits) in figures.items()}


def _commonest(values: pl.Series, grid: Grid) -> pl.Series:
    """Return the most common text of each cell; null where none is known."""
    known = pl.DataFrame({"cell": grid.owners(), "value": values[grid.inside]}).drop_nulls()
    modes = known.group_by("cell").agg(pl.col("value").mode().min())
    cells = pl.DataFrame({"cell": range(len(grid.visitors))}, schema={"cell": known.schema["cell"]})
    return cells.join(modes, on="cell", how="left", maintain_order="left")["value"]


def members(placed: pl.DataFrame, cluster_id: str) -> pl.DataFrame:
    """Return the visitors of one cluster.

    Parameters
    ----------
    placed : polars.DataFrame
        The result of `project`.
    cluster_id : str
        An ``id`` from `cluster`, for this frame or an earlier one.
    """
    across, column, row = (int(part) for part in cluster_id.split("/"))
    return placed.filter(
        (pl.col("x") * across).floor() == column,
        (pl.col("y") * across).floor() == row,
    )


def successor(placed: pl.DataFrame, cluster_id: str, across: int) -> str:
    """Return the cluster that most visitors of another are in, on a grid of so many cells across the world.

    Parameters
    ----------
    placed : polars.DataFrame
        The result of `project`.
    cluster_id : str
        An ``id`` from `cluster`, of any grid. It is returned as it is if it is of that grid, or if nobody is in it any
        more.
    across : int
        The number of cells across the other grid.
    """
    if cluster_id.startswith(f"{across}/"):
        return cluster_id
    column, row = ((pl.col(axis) * across).floor().cast(pl.Int64) for axis in "xy")
    inside = members(placed, cluster_id).select(id=pl.format("{}/{}/{}", pl.lit(across), column, row))
    most = inside["id"].mode().sort()
    return str(most[0]) if most.len() else cluster_id


def bounds(placed: pl.DataFrame) -> list[list[float]] | None:
    """Return the southwest and northeast corners of the visitors' bounding box, in degrees; None without visitors.

    If all visitors are within one half of the world, the box is the narrowest possible, across the date line if need
    be: its center is within ±180°, and a corner may be beyond. Otherwise, the box does not cross the date line.
    """
    places = placed.filter(pl.col("x").is_not_null()).select("latitude", "x")
    if not places.height:
        return None
    south, north = places.select(south=pl.col("latitude").min(), north=pl.col("latitude").max()).row(0)
    around = places["x"].unique().sort()
    first, last = around[0], around[-1]
    empty = around.shift(-1).fill_null(first + 1) - around  # from each place east to the next
    widest = empty.arg_max() or 0
    left, right = first, last
    if widest < around.len() - 1 and (across := 1 - empty[widest]) <= _HALF:
        left, right = around[widest] - across, around[widest]
    turn = math.floor((left + right) / 2)
    return [[south, 360 * (left - turn - 0.5)], [north, 360 * (right - turn - 0.5)]]


def full_size(visitors: NDArray[np.intp]) -> int:
    """Return the number of visitors that the largest circle stands for: a power of two, so that it rarely changes."""
    most = int(visitors.max(initial=1))
    return max(64, 1 << (most - 1).bit_length())


def marks(clusters: pl.DataFrame, viewport: Viewport, coloring: Coloring) -> Clusters:
    """Return the clusters as the browser draws them. Equal clusters give equal results.

    Parameters
    ----------
    clusters : polars.DataFrame
        The result of `cluster`.
    viewport : Viewport
        The viewport that they were made for.
    coloring : Coloring
        The coloring of the clusters.

    Returns
    -------
    protocol.Clusters
        The clusters; a circle's area grows with the number of visitors, which it has room for. No circle covers
        another.
    """
    drawn = clusters.select(
        "id",
        latitude_at(pl.col("y").clip(0, 1)).round(viewport.decimals).alias("latitude"),
        (360 * (pl.col("x") - 0.5)).round(viewport.decimals).alias("longitude"),
        "visitors",
        "customers",
        "radius",
        color=coloring.colors(),
    )
    columns = {name: tuple(column) for name, column in drawn.to_dict(as_series=False).items()}
    across = int(drawn["id"][0].partition("/")[0]) if drawn.height else viewport.cells_across(CELL_PIXELS)
    return Clusters(across=across, **columns)


def _radius(visitors: NDArray[np.intp], zoom: float) -> NDArray[np.float64]:
    """Return the radius of the circles of clusters, in pixels: smaller ones where the whole world is small."""
    small, large = RADII
    large = max(_LEAST_LARGE, large * min(1.0, 256 * 2**zoom / _FULL_WORLD))
    share = np.sqrt((visitors - 1) / (full_size(visitors) - 1)).clip(0, 1)
    radius: NDArray[np.float64] = np.maximum(small + (large - small) * share, _least_radius(visitors)).round(1)
    return radius


def _least_radius(visitors: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the radius that a circle needs for its number, in at most four characters such as 1.2k."""
    short = (visitors < 1000) | ((visitors >= 9950) & (visitors < 99_500))  # noqa: PLR2004 - 10k to 99k
    one, two, three, four = _LEAST_RADII
    return np.select([visitors < 2, visitors < 10, visitors < 100, short], [0.0, one, two, three], four)  # noqa: PLR2004


def weights(clusters: pl.DataFrame, zoom: float) -> Heat:
    """Return the clusters with a positive expected value as points of a heat map.

    Parameters
    ----------
    clusters : polars.DataFrame
        The result of `cluster`.
    zoom : float
        The map's zoom. Leaflet.heat halves a point's weight for each level below `DEEPEST`, twelve levels at most. The
        weights compensate for that, so that the most valuable place is equally hot at every zoom.
    """
    worth = clusters.filter(pl.col("expected_value").is_finite(), pl.col("expected_value") > 0)
    top = worth["expected_value"].max()
    if not isinstance(top, float):
        return Heat()
    share = (pl.col("expected_value") / top).sqrt() * 2 ** min(max(DEEPEST - zoom, 0), 12)
    points = worth.select(pl.col("latitude", "longitude").round(3), weight=share.round(2)).to_dict(as_series=False)
    return Heat(**{name: tuple(column) for name, column in points.items()})
