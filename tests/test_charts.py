"""The charts: what they say, that they draw whatever the data, and how they reach the screen."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import altair as alt
import pytest
import vl_convert
from ipywidgets import Widget

import datafast_nb as dfn
from datafast_nb.charts.picture import packed
from datafast_nb.charts.renderer import VEGALITE, render
from datafast_nb.charts.view import ChartView, Vega
from tests.chart_sites import (
    CHARTS,
    HOSTILE,
    LIMIT,
    SITES,
    STEPS,
    Draw,
    crowd,
    every_chart,
    hostile,
    said,
    strings,
    svg,
    wordy,
)


@every_chart
@pytest.mark.parametrize("snap", SITES.values(), ids=SITES)
def test_every_chart_draws_every_site(draw: Draw, snap: dfn.Snapshot) -> None:
    assert "<svg" in svg(draw(snap))


@every_chart
def test_every_chart_draws_the_demo_site(draw: Draw) -> None:
    chart = draw(dfn.demo.Site(seed=0, visitors=200).snapshot())
    assert "<svg" in svg(chart)
    assert len(json.dumps(chart.to_dict())) < LIMIT


@every_chart
@pytest.mark.parametrize("channels", [5, 100_000])
def test_a_specification_stays_small_with_100_000_visitors(draw: Draw, channels: int) -> None:
    snap = crowd(100_000, channels=channels)
    assert len(draw(snap).to_json()) < LIMIT  # indented, so the larger of the two ways to write it


@every_chart
@pytest.mark.parametrize("channels", [7, 60])
def test_a_specification_stays_small_with_long_names_in_any_script(draw: Draw, channels: int) -> None:
    assert len(draw(wordy(crowd(100_000, channels=channels))).to_json()) < LIMIT


def test_a_funnel_s_specification_stays_small_with_long_names_in_any_script() -> None:
    steps = [dfn.goal(f"{name:😀>60}") for name in ("event 2", "event 3")]
    chart = dfn.charts.funnel(wordy(crowd(100_000)), steps, by="city")
    assert "of 40,000 visitors" in said(chart)
    assert len(chart.to_json()) < LIMIT


@every_chart
def test_an_empty_snapshot_draws_a_chart_that_says_so(draw: Draw) -> None:
    picture = svg(draw(dfn.Snapshot()))
    assert "Nobody is here right now" in picture or "Nothing has happened recently" in picture


@pytest.mark.parametrize(
    "name", ["scores", "one dimension", "two dimensions", "world by lift", "heatmap", "value", "drivers", "compare"]
)
def test_a_site_without_predictions_draws_a_chart_that_says_so(name: str) -> None:
    assert "There are no predictions" in svg(CHARTS[name](crowd(30, scored=False)))


@pytest.mark.parametrize("name", ["scores", "one dimension", "world by lift", "heatmap", "value", "drivers"])
def test_a_site_of_customers_alone_is_told_apart_from_one_without_predictions(name: str) -> None:
    assert "Everybody here is a customer already" in svg(CHARTS[name](SITES["customers only"]))


@pytest.mark.parametrize("name", ["world by lift", "heatmap"])
def test_a_lift_without_an_average_draws_a_chart_that_says_what_to_give(name: str) -> None:
    snap = crowd(30)
    picture = svg(CHARTS[name](dfn.Snapshot(snap.visitors)))
    assert "The site's average is not known" in picture.replace("&#39;", "'").replace("&apos;", "'")
    assert "baseline=dfn.Baseline" in picture


@every_chart
def test_text_from_the_site_is_never_code(draw: Draw) -> None:
    chart = draw(hostile(HOSTILE))
    assert "<img" not in svg(chart)
    code = {"expr", "filter", "test", "calculate", "labelExpr", "href", "url", "signal"}
    for key, text in strings(chart.to_dict()):
        assert key not in code or "img" not in text
        assert key not in {"href", "url"}


@pytest.mark.parametrize("name", [name for name in CHARTS if name != "dashboard"])
def test_a_chart_can_be_layered_further(name: str) -> None:
    rule = alt.Chart(alt.InlineData(values=[{"at": 1}])).mark_rule().encode(y="at:Q")
    assert "<svg" in svg(CHARTS[name](crowd(30)) + rule)


@every_chart
def test_a_chart_can_be_concatenated_further(draw: Draw) -> None:
    chart, other = draw(crowd(30)), dfn.charts.timeline(dfn.Snapshot())
    for combined in (chart | other, chart & other):
        assert "<svg" in svg(combined)


@every_chart
def test_the_title_says_over_how_many(draw: Draw) -> None:
    assert re.search(r"\d+ (prospects?|visitors?|predictions?)\b", said(draw(crowd(200))))


@pytest.mark.parametrize(
    "draw", [*map(CHARTS.get, ("scores", "one dimension", "world", "heatmap", "value", "drivers"))]
)
def test_a_chart_of_visitors_takes_a_lazy_frame(draw: Callable[[object], Any]) -> None:
    assert "<svg" in svg(draw(crowd(200).visitors.lazy()))


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
        with pytest.raises(ValueError, match="'light', 'dark'"):
            dfn.charts.use_theme("sepia")  # type: ignore[arg-type]

    @every_chart
    def test_charts_draw_under_the_user_s_own_theme(self, draw: Draw) -> None:
        with alt.theme.enable("ggplot2"):
            assert "<svg" in svg(draw(crowd(30)))


def printed(code: str) -> str:
    """Run code in a fresh interpreter, and give what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class TestRenderer:
    def test_it_is_enabled_where_the_user_has_chosen_nothing(self) -> None:
        names = "alt.renderers.active, alt.theme.active"
        assert printed(f"import altair as alt, datafast_nb.charts; print({names})") == "datafast_nb datafast_light"

    def test_a_choice_made_before_is_respected(self) -> None:
        choice = "import altair as alt; alt.renderers.enable('svg'); alt.theme.enable('dark')"
        assert (
            printed(f"{choice}; import datafast_nb.charts; print(alt.renderers.active, alt.theme.active)") == "svg dark"
        )

    def test_a_choice_made_after_is_respected(self) -> None:
        code = "import datafast_nb as dfn, altair as alt; dfn.charts; alt.renderers.enable('default'); "
        code += "dfn.charts.scores(dfn.Snapshot()); print(alt.renderers.active)"
        assert printed(code) == "default"

    def test_a_bundle_has_a_specification_a_picture_and_words_and_needs_no_kernel(self) -> None:
        bundle, metadata = dfn.charts.scores(crowd(30))._repr_mimebundle_()
        assert set(bundle) == {VEGALITE, "image/png", "text/plain"}
        assert metadata[VEGALITE]["embed_options"]["actions"]["editor"] is False
        assert bundle[VEGALITE]["$schema"].split("/")[-1].startswith(VEGALITE.split(".")[2].split("+")[0])
        assert bundle["text/plain"].startswith("How likely 27 prospects are to buy\n")

    def test_the_picture_is_sharper_than_its_size_on_the_screen(self) -> None:
        bundle, metadata = render(dfn.charts.scores(crowd(30)).to_dict())
        width, height = struct.unpack_from(">II", bundle["image/png"], 16)
        shown = metadata["image/png"]
        assert 480 < shown["width"] < 700
        assert (
            width / shown["width"] == pytest.approx(1.5, rel=0.01) == pytest.approx(height / shown["height"], rel=0.01)
        )

    def test_the_picture_is_packed_without_changing_a_pixel(self) -> None:
        def pixels(picture: bytes) -> bytes:
            content, position = b"", 8
            while position < len(picture):
                length, kind = struct.unpack_from(">I4s", picture, position)
                body = picture[position + 8 : position + 8 + length]
                (checksum,) = struct.unpack_from(">I", picture, position + 8 + length)
                assert checksum == zlib.crc32(kind + body)
                content += body if kind == b"IDAT" else b""
                position += length + 12
            return zlib.decompress(content)

        original = vl_convert.vegalite_to_png(dfn.charts.timeline(crowd(300)).to_dict(), scale=2)
        smaller = packed(original)
        assert pixels(smaller) == pixels(original)
        assert len(smaller) < len(original) / 2

    def test_a_chart_that_can_not_be_drawn_has_no_picture(self) -> None:
        with pytest.warns(dfn.errors.DrawingWarning, match="can't be drawn"):
            bundle, _ = render({"mark": "no such mark", "data": {"values": []}})
        assert set(bundle) == {VEGALITE, "text/plain"}

    def test_all_charts_share_one_vega(self) -> None:
        spec = dfn.charts.scores(crowd(3)).to_dict()
        first, second = ChartView(spec), ChartView(spec)
        assert first.vega is second.vega
        own = first.get_state()
        assert len(json.dumps({**own, "layout": None, "vega": None})) < 12_000
        assert "vegaEmbed" in first.vega.source

    def test_charts_draw_again_after_all_widgets_were_closed(self) -> None:
        spec = dfn.charts.scores(crowd(3)).to_dict()
        closed: Vega = ChartView(spec).vega
        Widget.close_all()
        assert ChartView(spec).vega is not closed

    def test_a_view_tells_which_row_of_the_data_was_clicked_on(self) -> None:
        view, rows = ChartView({}), []
        assert not view.tells_clicks
        view.on_click(rows.append)
        for message in ({"do": "click", "datum": {"group": "FR"}}, {"do": "click"}, {"do": "else", "datum": {}}):
            view._handle_custom_msg({"view": "a view", **message}, [])
        view._handle_custom_msg("x", [])
        assert view.tells_clicks
        assert rows == [{"group": "FR"}]

    def test_a_view_brings_both_themes_along_only_where_it_follows_one(self) -> None:
        assert ChartView({}).configs == {}
        assert set(ChartView({}, theme="auto").configs) == {"light", "dark"}

    def test_no_menu_entry_sends_the_data_away(self) -> None:
        actions = ChartView({}, {"renderer": "canvas"}).embed_options["actions"]
        assert actions == {"export": True, "source": False, "compiled": False, "editor": False}


@pytest.mark.parametrize(
    "name", ["scores", "one dimension", "world", "heatmap", "value", "drivers", "funnel", "compare"]
)
def test_what_holds_no_visitors_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="Expected a Snapshot or a Polars frame"):
        CHARTS[name]("yesterday")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["one dimension", "heatmap", "funnels", "compare", "dashboard"])
def test_a_misspelt_dimension_is_answered_with_the_nearest(name: str) -> None:
    draw = {
        "one dimension": lambda snap: dfn.charts.breakdown(snap, "chanel"),
        "heatmap": lambda snap: dfn.charts.heatmap(snap, ["chanel", "device"]),
        "funnels": lambda snap: dfn.charts.funnel(snap, STEPS, by="chanel"),
        "compare": lambda snap: dfn.charts.compare(snap, snap, "chanel"),
        "dashboard": lambda snap: dfn.charts.dashboard(snap, by=["chanel"]),
    }[name]
    with pytest.raises(ValueError, match="Did you mean 'channel'"):
        draw(crowd(30))


def test_a_misspelt_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean 'predicted_rate'"):
        dfn.charts.breakdown(dfn.Snapshot(), "device", measure="perdicted_rate")
