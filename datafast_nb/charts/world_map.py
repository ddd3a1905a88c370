"""A map of the world: countries by color, places by circles."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, Unpack, get_args

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import uncertainty, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.color_scales import lift_legend, scale_of
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import IN_TOOLTIPS, NOTATIONS, Measure, Notation, notation_of, tooltip, why_missing
from datafast_nb.charts.specification import finished, in_line
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_choice
from datafast_nb.countries import codes, shaped
from datafast_nb.renamed import renamed
from datafast_nb.snapshot import Baseline, Snapshot
from datafast_nb.text import country_names, number

Style = Literal["both", "choropleth", "bubbles"]
"""What a map of the world draws: countries by color, places by circles, or both."""

_PLACES: Final = 150
_LARGEST: Final = 240  # square pixels


@renamed(metric="measure")
@finished
def world(
    data: Snapshot | pl.DataFrame | pl.LazyFrame,
    measure: Measure = "visitors",
    *,
    style: Style = "both",
    baseline: Baseline | None = None,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw a measure of each country on a map of the world.

    Parameters
    ----------
    data : Snapshot, polars.DataFrame or polars.LazyFrame
        A snapshot, or visitors with the columns of ``schema.VISITORS``.
    measure : str, default "visitors"
        The measure: any of ``charts.Measure``.
    style : {"both", "choropleth", "bubbles"}, default "both"
        The countries colored by the measure, circles for the places where visitors are, or both.
    baseline : Baseline, optional
        The site's averages, for `lift`; by default the snapshot's own.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A map in the Equal Earth projection. A country's color shows its measure, faint if it is the mean of fewer than
        30 prospects, more so the fewer they are; countries without a known measure stay gray. The area of a circle is
        the sample size: visitors for counts, else prospects with a prediction, to the whole degree of latitude and
        longitude. The subtitle counts the visitors without a country, and those from countries too small to have a
        shape at this scale.

    Raises
    ------
    ValueError
        The measure or the style is unknown.

    Notes
    -----
    The shapes are Natural Earth's (public domain) at 1:110m. Equal Earth (Šavrič, Patterson and Jenny, 2018) keeps
    the countries' sizes comparable.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.world(dfn.demo.Site(seed=0).snapshot(), measure="expected_value")
    """
    notation = notation_of(measure)
    checked_choice(style, get_args(Style), "style")
    known = conversion.baseline_of(data, baseline)
    visitors = conversion.visitors_of(data)
    code = codes(pl.col("country_code"))
    table = conversion.breakdown(visitors.with_columns(country_code=code), "country_code", baseline=known).collect()
    total = conversion.summary(visitors).collect().row(0, named=True)
    if nothing := why_missing(table, measure):
        return wording.message(f"{notation.name} by country", nothing, wording.left_out(total))
    has_shape = pl.col("country_code").is_in(list(shaped()))
    placed = table.filter(has_shape, pl.col(measure).is_not_null())
    places = _places(visitors, notation) if style != "choropleth" else None
    layers = [_everywhere()]
    if style != "bubbles":
        layers.append(_countries(placed, measure, notation))
    if places is not None and places.height:
        layers.append(_circles(places.head(_PLACES), notation))
    heading = _heading(table.with_columns(has_shape=has_shape), placed, places, total, measure)
    return alt.LayerChart(data=_shapes(), layer=layers, title=heading, width=Usual(680), height=330).project(
        "equalEarth"
    )


def _heading(
    table: pl.DataFrame, placed: pl.DataFrame, places: pl.DataFrame | None, total: dict[str, Any], measure: Measure
) -> alt.Title:
    """Return the title: what is drawn, for how many, and who is not on the map."""
    notation = NOTATIONS[measure]
    size, noun = ("visitors", "visitor") if notation.is_count else ("scored", "prospect")
    is_country = pl.col("country_code").is_in([*country_names()]).fill_null(value=False)
    nowhere = int(table.filter(~is_country & ~pl.col("has_shape").fill_null(value=False))["visitors"].sum())
    too_small = int(table.filter(is_country & ~pl.col("has_shape"))["visitors"].sum())
    return wording.title(
        f"{notation.name} by country, {number(int(placed[size].sum()), noun)} on the map",
        wording.left_out(total) if not notation.is_count else "",
        f"Without a country: {number(nowhere, 'visitor')}." if nowhere else "",
        f"In countries too small for a shape: {number(too_small, 'visitor')}." if too_small else "",
        _circles_in_words(places, noun),
        "" if notation.is_count else uncertainty.note(placed["scored"]),
    )


def _circles_in_words(places: pl.DataFrame | None, noun: str) -> str:
    """Return a note on what the circles are."""
    if places is None or places.is_empty():
        return ""
    drawn = f"the {_PLACES} largest of {places.height:,} places" if places.height > _PLACES else "places"
    return f"Circles: {drawn}, by {noun}s."


def _places(visitors: pl.LazyFrame, notation: Notation) -> pl.DataFrame:
    """Count visitors by place, to the whole degree: `latitude`, `longitude` and `size`, the largest first."""
    latitude, longitude = (pl.col(name).cast(pl.Float64) for name in ("latitude", "longitude"))
    on_earth = latitude.is_between(-90, 90) & longitude.is_between(-180, 180)
    rounded = visitors.filter(on_earth.fill_null(value=False)).with_columns(
        place_latitude=latitude.round(), place_longitude=longitude.round()
    )
    table = conversion.breakdown(rounded, ["place_latitude", "place_longitude"]).collect()
    places = table.select(
        latitude="place_latitude", longitude="place_longitude", size="visitors" if notation.is_count else "scored"
    )
    return places.filter(pl.col("size") > 0).sort("size", "latitude", "longitude", descending=[True, False, False])


def _everywhere() -> alt.Chart:
    """Draw all countries in gray."""
    name = alt.Tooltip("properties.name", type="nominal", title="Country")
    gray: alt.Chart = alt.Chart().mark_geoshape(fill=NEUTRAL, fillOpacity=0.22).encode(tooltip=name)
    return gray


def _countries(table: pl.DataFrame, measure: Measure, notation: Notation) -> alt.Chart:
    """Draw the countries whose measure is known."""
    name = alt.Tooltip("properties.name", type="nominal", title="Country")
    columns = list(dict.fromkeys([*IN_TOOLTIPS, measure]))
    measures = alt.LookupData(in_line(table.select("country_code", *columns)), key="country_code", fields=columns)
    scale = scale_of(measure, table[measure])
    legend = alt.Legend(format=notation.tick_format, gradientLength=220, tickCount=5)
    if measure == "lift":
        legend = lift_legend(notation.title, scale)
    look = {} if notation.is_count else {"opacity": uncertainty.opacity("scored")}
    known: alt.Chart = (
        alt.Chart()
        .transform_lookup(lookup="id", from_=measures)
        .transform_filter(f"isValid(datum.{measure})")
        .mark_geoshape()
        .encode(
            color=alt.Color(measure, type="quantitative", title=notation.title, scale=scale, legend=legend),
            tooltip=[name, *tooltip(table)],
            **look,
        )
    )
    return known


def _circles(places: pl.DataFrame, notation: Notation) -> alt.Chart:
    """Draw a circle for each place, with an area in proportion to how many are there."""
    noun = "Visitors" if notation.is_count else "Prospects"
    most = int(places["size"].max())  # type: ignore[arg-type]
    marks = sorted({1, max(1, most // 4), most})
    circles: alt.Chart = (
        alt.Chart(places)
        .mark_circle()
        .encode(
            longitude="longitude:Q",
            latitude="latitude:Q",
            size=alt.Size(
                "size:Q",
                title=f"{noun} at a place",
                scale=alt.Scale(domain=[0, most], range=[0, _LARGEST]),
                legend=alt.Legend(values=marks, format=",d"),
            ),
            tooltip=[
                alt.Tooltip("size:Q", title=noun, format=",d"),
                alt.Tooltip("latitude:Q", title="Latitude", format=".0f"),
                alt.Tooltip("longitude:Q", title="Longitude", format=".0f"),
            ],
        )
    )
    return circles


@cache
def _shapes() -> alt.InlineData:
    """Return the countries as TopoJSON, in the file that `topology.py` of the repository makes.

    It is text, because an indented specification does not spread text over a line for each number.
    """
    text = files("datafast_nb").joinpath("charts/countries.topojson").read_text(encoding="utf-8")
    return alt.InlineData(values=text, format=alt.TopoDataFormat(type="topojson", feature="countries"))
