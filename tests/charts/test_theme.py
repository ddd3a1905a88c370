"""The themes of the charts."""

from __future__ import annotations

import altair as alt
import pytest

import datafast_nb as dfn
from tests.charts.sites import (
    Draw,
    crowd,
    every_chart,
    svg,
)


class TestThemes:
    def test_both_are_registered_and_the_light_one_is_on(self) -> None:
        assert {"datafast_light", "datafast_dark"} <= set(alt.theme.names())
        assert alt.theme.active == "datafast_light"

    def test_the_dark_one_holds_inside_a_with_block(self) -> None:
        def background() -> str:
            color: str = dfn.charts.scores(crowd(3)).to_dict()["config"]["background"]
            return color

        light = background()
        with dfn.charts.use_theme("dark"):
            assert background() != light
        assert background() == light

    def test_another_name_is_refused(self) -> None:
        with pytest.raises(ValueError, match="There are: light, dark"):
            dfn.charts.use_theme("sepia")  # type: ignore[arg-type]

    @every_chart
    def test_charts_draw_under_the_user_s_own_theme(self, draw: Draw) -> None:
        with alt.theme.enable("ggplot2"):
            assert "<svg" in svg(draw(crowd(30)))
