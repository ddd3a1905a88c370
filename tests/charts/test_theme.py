"""The themes of the charts."""

from __future__ import annotations

import re
from pathlib import Path

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
    def test_all_are_registered_and_the_one_that_follows_the_page_is_on(self) -> None:
        assert {"datafast_auto", "datafast_light", "datafast_dark"} <= set(alt.theme.names())
        assert alt.theme.active == "datafast_auto"

    def test_a_chart_that_follows_its_page_has_no_background_and_writes_in_the_page_s_color(self) -> None:
        config = dfn.charts.scores(crowd(3)).to_dict()["config"]
        assert (config["background"], config["title"]["color"]) == ("transparent", "currentColor")

    def test_a_file_of_a_chart_that_follows_its_page_is_light(self, tmp_path: Path) -> None:
        chart = dfn.charts.heatmap(crowd(60), ["channel", "country_code"])
        follows = dfn.charts.save(chart, tmp_path / "follows.svg").read_text()
        with dfn.charts.use_theme("light"):
            light = dfn.charts.save(chart, tmp_path / "light.svg").read_text()
        gradient = re.compile(r"gradient_\d+")  # they are numbered on
        assert gradient.sub("", follows) == gradient.sub("", light)

    def test_what_a_user_configured_stays_in_a_file(self, tmp_path: Path) -> None:
        chart = dfn.charts.scores(crowd(60)).configure_title(color="#123456")
        assert "#123456" in dfn.charts.save(chart, tmp_path / "own.svg").read_text()

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
