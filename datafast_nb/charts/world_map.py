"""A map of the world, coloured by country."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import altair as alt
import msgspec
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import wording
from datafast_nb.charts.metrics import TOLD, Figure, Metric, figure_of, tooltip, why_missing
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.countries import countries, country_names
from datafast_nb.snapshot import Baseline, Snapshot


def world(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    metric: Metric = "visitors",
    *,
    baseline: Baseline | None = None,
) -> alt.LayerChart:
    """Draw a figure of each country on a map of the world.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or visitors with the columns of ``schema.VISITORS``.
    metric : str, default "visitors"
        The figure: any of ``charts.Metric``.
    baseline : Baseline, optional
        The site's averages, for `lift`; by default the snapshot's own.

    Returns
    -------
    altair.LayerChart
        A choropleth in the Equal Earth projection. Countries of which the figure is not known stay grey. The subtitle
        counts the visitors without a country, and those from countries too small to have a shape at this scale.

    Raises
    ------
    ValueError
        The metric is unknown.

    Notes
    -----
    The shapes are Natural Earth's (public domain) at 1:110m. Equal Earth (Šavrič, Patterson and Jenny, 2018) keeps
    the countries' sizes comparable.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.world(dfn.demo.Site(seed=0).snapshot(), metric="expected_value")
    """
    figure = figure_of(metric)
    known = conversion.baseline_of(data, baseline)
    visitors = conversion.visitors_of(data)
    code = pl.col("country_code").str.strip_chars().str.to_uppercase()
    table = conversion.breakdown(visitors.with_columns(country_code=code), "country_code", baseline=known).collect()
    total = conversion.summary(visitors).collect().row(0, named=True)
    if nothing := why_missing(table, metric):
        return wording.message(f"{figure.name} by country", nothing, wording.left_out(total))
    has_shape = pl.col("country_code").is_in(list(country_names()))
    placed = table.filter(has_shape)
    nowhere, too_small = (
        int(table.filter(who)["visitors"].sum()) for who in (pl.col("country_code").is_null(), ~has_shape)
    )
    size, counted = ("visitors", ["visitor"]) if figure.is_count else ("scored", ["prospect"])
    heading = wording.title(
        f"{figure.name} by country, {wording.number(int(placed[size].sum()), *counted)} on the map",
        wording.left_out(total) if not figure.is_count else "",
        f"Without a country: {wording.number(nowhere, 'visitor')}." if nowhere else "",
        f"In countries too small for a shape: {wording.number(too_small, 'visitor')}." if too_small else "",
    )
    return _drawn(placed.filter(pl.col(metric).is_not_null()), metric, figure).properties(title=heading)


def _drawn(table: pl.DataFrame, metric: Metric, figure: Figure) -> alt.LayerChart:
    """Draw all countries in grey, and over them those of which the figure is known."""
    name = alt.Tooltip("properties.name", type="nominal", title="Country")
    columns = list(dict.fromkeys([*TOLD, metric]))
    figures = alt.LookupData(table.select("country_code", *columns), key="country_code", fields=columns)
    everywhere = alt.Chart().mark_geoshape(fill=NEUTRAL, fillOpacity=0.22).encode(tooltip=name)
    known = (
        alt.Chart()
        .transform_lookup(lookup="id", from_=figures)
        .transform_filter(f"isValid(datum.{metric})")
        .mark_geoshape()
        .encode(
            color=alt.Color(
                metric,
                type="quantitative",
                title=figure.title,
                scale=_scale(table[metric], metric, figure),
                legend=alt.Legend(format=figure.format, gradientLength=220),
            ),
            tooltip=[name, *tooltip(table)],
        )
    )
    return alt.LayerChart(data=_shapes(), layer=[everywhere, known], width=680, height=330).project("equalEarth")


def _scale(values: pl.Series, metric: Metric, figure: Figure) -> alt.Scale:
    """Give the colour scale: around the average where there is one, and sums by their root, as they are skewed."""
    averages: dict[str, float] = {"lift": 1, "score": 50}
    if metric in averages:
        average = averages[metric]
        reach = float((values - average).abs().max() or 1)  # type: ignore[arg-type]
        return alt.Scale(domain=[average - reach, average + reach], domainMid=average, interpolate="lab")
    skewed = figure.is_count or metric in {"expected_value", "expected_conversions"}
    return alt.Scale(type="sqrt" if skewed else "linear")


@cache
def _shapes() -> alt.InlineData:
    """Give the countries as TopoJSON.

    Each ring is one arc, in steps of a tenth of a degree: half the size of GeoJSON. It is text, which an indented
    specification doesn't spread over a line for each number.
    """
    arcs: list[list[list[int]]] = []

    def arc_of(ring: list[list[float]]) -> list[int]:
        points = [(round(longitude * 10), round(latitude * 10)) for longitude, latitude in ring]
        steps = [[x - before_x, y - before_y] for (before_x, before_y), (x, y) in pairwise([(0, 0), *points])]
        arcs.append([steps[0], *(step for step in steps[1:] if step != [0, 0])])
        return [len(arcs) - 1]

    shapes = []
    for feature in countries()["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        shape = {"type": "MultiPolygon", "arcs": [[arc_of(ring) for ring in polygon] for polygon in polygons]}
        shapes.append({**shape, "id": feature["id"], "properties": {"name": feature["properties"]["name"]}})
    topology = {
        "type": "Topology",
        "transform": {"scale": [0.1, 0.1], "translate": [0, 0]},
        "objects": {"countries": {"type": "GeometryCollection", "geometries": shapes}},
        "arcs": arcs,
    }
    text = msgspec.json.encode(topology).decode()
    return alt.InlineData(values=text, format=alt.TopoDataFormat(type="topojson", feature="countries"))
