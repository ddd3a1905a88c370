"""What the heat map of two dimensions draws."""

from __future__ import annotations

import polars as pl
import pytest

import datafast_nb as dfn
from tests.charts.sites import crowd, drawn, said


class TestHeatmap:
    def test_a_cell_is_the_lift_of_the_breakdown(self) -> None:
        snap = crowd(300)
        rows = drawn(dfn.charts.heatmap(snap, ["channel", "country_code"]), "row")
        table = dfn.breakdown(snap, ["channel", "country_code"]).filter(pl.col("lift").is_not_null())
        expected = table.with_columns(pl.col("country_code").fill_null("(not known)"))
        assert {(row["row"], row["column"]): row["lift"] for row in rows} == {
            (channel, country): pytest.approx(lift)
            for channel, country, lift in expected.select("channel", "country_code", "lift").rows()
        }

    def test_half_is_as_far_from_the_average_as_double(self) -> None:
        spec = dfn.charts.heatmap(crowd(300), ["channel", "country_code"]).to_dict()
        scale = spec["layer"][0]["encoding"]["color"]["scale"]
        assert (scale["type"], scale["domainMid"]) == ("log", 1)
        assert scale["domain"][0] * scale["domain"][1] == pytest.approx(1)

    def test_it_takes_two_dimensions(self) -> None:
        for by in ("channel", ["channel"], ["os", "device", "browser"]):
            with pytest.raises(ValueError, match="A heatmap has two dimensions"):
                dfn.charts.heatmap(crowd(3), by)
        with pytest.raises(ValueError, match="top is 0"):
            dfn.charts.heatmap(crowd(3), ["os", "device"], top=0)

    def test_the_groups_that_are_left_out_are_counted(self) -> None:
        text = said(dfn.charts.heatmap(crowd(300, channels=50), ["channel", "city"], top=4))
        assert "the 4 largest of 45 groups by channel" in text
        assert "the 4 largest of 45 groups by city" in text
