"""What the map of the world draws."""

from __future__ import annotations

import polars as pl
import pytest

import datafast_nb as dfn
from tests.charts.sites import crowd, drawn, said


class TestWorld:
    def test_visitors_without_a_place_on_the_map_are_counted(self) -> None:
        chart = dfn.charts.world(crowd(40))
        assert said(chart) == (
            "Visitors by country, 20 visitors on the map "
            "Without a country: 10 visitors. In countries too small for a shape: 10 visitors."
        )

    def test_a_country_has_the_figures_of_the_breakdown(self) -> None:
        snap = crowd(40)
        rows = {row["country_code"]: row for row in drawn(dfn.charts.world(snap, "score"), "country_code")}
        table = dfn.breakdown(snap, "country_code").filter(pl.col("country_code").is_in(["US", "DE"]))
        assert {code: row["score"] for code, row in rows.items()} == dict(table.select("country_code", "score").rows())

    def test_codes_in_small_letters_are_on_the_map_too(self) -> None:
        snap = crowd(40)
        small = snap.visitors.with_columns(pl.col("country_code").str.to_lowercase())
        assert said(dfn.charts.world(small)) == said(dfn.charts.world(snap))

    def test_what_lies_around_an_average_is_colored_evenly_to_both_sides(self) -> None:
        spec = dfn.charts.world(crowd(40), "lift").to_dict()
        low, high = spec["layer"][1]["encoding"]["color"]["scale"]["domain"]
        assert low * high == pytest.approx(1)

    def test_the_circles_are_the_visitors_of_a_place(self) -> None:
        snap = dfn.demo.Site(seed=0, visitors=200).snapshot()
        rows = drawn(dfn.charts.world(snap), "latitude")
        assert sum(row["size"] for row in rows) == snap.visitors["latitude"].count()

    def test_countries_and_circles_may_be_drawn_alone(self) -> None:
        snap = dfn.demo.Site(seed=0, visitors=200).snapshot()
        marks = {
            style: [layer["mark"]["type"] for layer in dfn.charts.world(snap, style=style).to_dict()["layer"]]  # type: ignore[arg-type]
            for style in ("both", "choropleth", "bubbles")
        }
        assert marks == {
            "both": ["geoshape", "geoshape", "circle"],
            "choropleth": ["geoshape", "geoshape"],
            "bubbles": ["geoshape", "circle"],
        }
        with pytest.raises(ValueError, match="both, choropleth, bubbles"):
            dfn.charts.world(snap, style="pins")  # type: ignore[arg-type]
