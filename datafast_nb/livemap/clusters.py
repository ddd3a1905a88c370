"""Groups visitors into the cells of a Web-Mercator grid, and draws the groups as GeoJSON. Knows no widget.

One refresh of the map is ``features(collect(project(snapshot.visitors), viewport))``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from datafast_nb.livemap.scale import CUSTOMER, NO_SCORE, RADII, SCORE_COLOURS

MOST_CELLS: Final = 360
"""Cells that a viewport is divided into at most, so what is sent has a limit whatever the number of visitors."""

_CELL_PIXELS: Final = 44
_MARGIN: Final = 0.05  # of the viewport's width and height, on each side: a short move finds clusters there already
_MERCATOR_LATITUDE: Final = 85.0511287798066  # where the projection's square ends


@dataclass(frozen=True, slots=True)
class Viewport:
    """What a map shows.

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
        """Left, top, right and bottom with the margin, in units of the world's width."""
        left, right = self.west / 360 + 0.5, self.east / 360 + 0.5
        top, bottom = (_mercator(latitude) for latitude in (self.north, self.south))
        across, down = (right - left) * _MARGIN, (bottom - top) * _MARGIN
        return left - across, top - down, right + across, bottom + down

    @property
    def cells_across(self) -> int:
        """Cells from one side of the world to the other: by half zoom levels, so that small zooms keep the groups."""
        left, top, right, bottom = self.box
        level = round(2 * self.zoom) / 2
        most = math.sqrt(MOST_CELLS / max((right - left) * (bottom - top), 1e-12))
        while level > 0 and 256 * 2**level / _CELL_PIXELS > most:
            level -= 0.5
        return max(1, math.floor(256 * 2**level / _CELL_PIXELS))


WORLD: Final = Viewport(zoom=1.5, south=-60.0, west=-180.0, north=80.0, east=180.0)
"""The whole inhabited world, in a map of middling size."""


def project(visitors: pl.DataFrame) -> pl.DataFrame:
    """Give the visitors who have a place, with it in Web Mercator.

    Parameters
    ----------
    visitors : polars.DataFrame
        Frame with the columns of ``schema.VISITORS``.

    Returns
    -------
    polars.DataFrame
        The same columns, and ``x`` and ``y`` from 0 to 1: the share of the world's width from the date line
        eastwards, and from the projection's northern end southwards. Latitudes beyond that end lie on it.

    Notes
    -----
    Web Mercator is EPSG:3857, scaled to the unit square.
    """
    latitude = pl.col("latitude").clip(-_MERCATOR_LATITUDE, _MERCATOR_LATITUDE).radians()
    return visitors.filter(pl.col("latitude").is_finite() & pl.col("longitude").is_finite()).with_columns(
        x=(pl.col("longitude") / 360 + 0.5) % 1.0,
        y=0.5 - latitude.sin().arctanh() / (2 * math.pi),
    )


def collect(placed: pl.DataFrame, viewport: Viewport) -> pl.DataFrame:
    """Group visitors by the cells of a viewport.

    Parameters
    ----------
    placed : polars.DataFrame
        What `project` gives.
    viewport : Viewport
        What the map shows. Nobody is drawn twice: of the copies of the world, each place is on the one nearest to the
        middle of the viewport.

    Returns
    -------
    polars.DataFrame
        One row per cell with somebody in it, the largest first: ``id``; ``latitude`` and ``longitude``, the mean place
        in degrees; ``visitors``; ``customers``; ``score``, the mean of those who are no customers; ``expected_value``,
        their sum in USD.
    """
    across = viewport.cells_across
    left, top, right, bottom = viewport.box
    column = (pl.col("x") * across).floor().cast(pl.Int64)
    row = (pl.col("y") * across).floor().cast(pl.Int64)
    return (
        placed.lazy()
        .select(
            *("latitude", "longitude", "score", "expected_value"),
            prospect=~pl.col("is_customer").fill_null(value=False),
            column=column,
            row=row,
            copy=((left + right) / 2 - (column + 0.5) / across + 0.5).floor(),
        )
        # Whole cells, so that a cluster at the edge counts everyone in it and stays as it is when the map moves.
        .filter(
            (pl.col("column") + pl.col("copy") * across).is_between(left * across - 1, right * across),
            pl.col("row").is_between(top * across - 1, bottom * across),
        )
        .group_by("row", "column")
        .agg(
            pl.col("latitude").mean(),
            pl.col("longitude").mean() + 360 * pl.col("copy").first(),
            pl.len().alias("visitors"),
            (~pl.col("prospect")).sum().alias("customers"),
            pl.col("score").filter("prospect").mean(),
            pl.col("expected_value").filter("prospect").sum(),
        )
        .sort(pl.col("visitors"), pl.col("row"), pl.col("column"), descending=[True, False, False])
        .select(
            pl.format("{}/{}/{}", pl.lit(across), "column", "row").alias("id"),
            *("latitude", "longitude", "visitors", "customers", "score", "expected_value"),
        )
        .collect()
    )


def members(placed: pl.DataFrame, cluster_id: str) -> pl.DataFrame:
    """Give the visitors of one cluster.

    Parameters
    ----------
    placed : polars.DataFrame
        What `project` gives.
    cluster_id : str
        An ``id`` that `collect` gave, for this frame or an earlier one.
    """
    across, column, row = (int(part) for part in cluster_id.split("/"))
    return placed.filter(
        (pl.col("x") * across).floor() == column,
        (pl.col("y") * across).floor() == row,
    )


def full_size(clusters: pl.DataFrame) -> int:
    """Give the number of visitors that the largest circle stands for: a power of two, so that it seldom changes."""
    most = clusters["visitors"].max() if clusters.height else None
    return max(64, 2 ** math.ceil(math.log2(most))) if isinstance(most, int) else 64


def features(clusters: pl.DataFrame) -> dict[str, Any]:
    """Draw clusters as a GeoJSON feature collection, the same for the same clusters.

    Parameters
    ----------
    clusters : polars.DataFrame
        What `collect` gives.

    Returns
    -------
    dict
        Points whose ``properties.style`` holds radius (its area grows with the number of visitors), fill (mean score)
        and ring (customers).
    """
    small, large = RADII
    share = (pl.col("visitors") / full_size(clusters)).sqrt().clip(0, 1)
    fill = pl.col("score").round().clip(0, 100).cast(pl.Int64, strict=False)
    ring = pl.col("customers") > 0  # broader the more of them are customers
    style = pl.struct(
        radius=(small + (large - small) * share).round(1),
        fillColor=fill.replace_strict(list(range(101)), list(SCORE_COLOURS), default=NO_SCORE, return_dtype=pl.String),
        color=pl.when(ring).then(pl.lit(CUSTOMER)).otherwise(pl.lit("#fff")),
        weight=pl.when(ring).then((2 + 2 * pl.col("customers") / pl.col("visitors")).round(1)).otherwise(1.0),
    )
    point = pl.struct(
        type=pl.lit("Point"), coordinates=pl.concat_list(pl.col("longitude").round(4), pl.col("latitude").round(4))
    )
    feature = pl.struct(type=pl.lit("Feature"), id="id", geometry=point, properties=pl.struct("visitors", style=style))
    return {"type": "FeatureCollection", "features": clusters.select(feature=feature)["feature"].to_list()}


def _mercator(latitude: float) -> float:
    """Give the y of a latitude in the unit square of Web Mercator."""
    clipped = min(max(latitude, -_MERCATOR_LATITUDE), _MERCATOR_LATITUDE)
    return 0.5 - math.atanh(math.sin(math.radians(clipped))) / (2 * math.pi)
