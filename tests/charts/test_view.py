"""A chart as a widget."""

from __future__ import annotations

import json

import pytest
from ipywidgets import Widget

import datafast_nb as dfn
from datafast_nb.charts.view import ChartView, Vega
from tests.charts.sites import (
    crowd,
)

OWN = {"data": {"values": []}, "mark": "bar", "width": 300}


class TestChartView:
    def test_all_charts_share_one_vega(self) -> None:
        spec = dfn.charts.scores(crowd(3)).to_dict()
        first, second = ChartView(spec), ChartView(spec)
        assert first.vega is second.vega
        own = first.get_state()
        assert len(json.dumps({**own, "layout": None, "vega": None})) < 25_000  # and Vega weighs 900,000
        assert "vegaEmbed" in first.vega.source

    def test_charts_draw_again_after_all_widgets_were_closed(self) -> None:
        spec = dfn.charts.scores(crowd(3)).to_dict()
        closed: Vega = ChartView(spec).vega
        Widget.close_all()
        assert ChartView(spec).vega is not closed

    def test_a_view_tells_which_row_of_the_data_was_clicked_on(self) -> None:
        view, rows = ChartView({}), []
        assert not view.reports_clicks
        view.on_click(rows.append)
        for message in ({"do": "click", "datum": {"group": "FR"}}, {"do": "click"}, {"do": "else", "datum": {}}):
            view._handle_custom_msg({"view": "a view", **message}, [])
        view._handle_custom_msg("x", [])
        assert view.reports_clicks
        assert rows == [{"group": "FR"}]

    def test_a_specification_may_hold_numbers_of_numpy(self) -> None:
        numpy = pytest.importorskip("numpy")
        rows = [{"n": numpy.int64(3), "x": numpy.float32(0.5), "y": numpy.float64(0.25)}]
        spec = ChartView({"data": {"values": rows}}).get_state("drawn")["drawn"]
        assert repr(spec["data"]["values"]) == "[{'n': 3, 'x': 0.5, 'y': 0.25}]"

    def test_whole_numbers_of_a_clicked_row_stay_whole(self) -> None:
        view, rows = ChartView({}), []
        view.on_click(rows.append)
        datum = {"visitors": 3, "rate": 0.5, "sum": 4.0, "large": 10**20, "picked": True, "none": None}
        view._handle_custom_msg({"do": "click", "view": "a view", "datum": datum}, [])
        assert repr(rows) == repr([datum])

    def test_a_view_brings_both_themes_along_only_where_it_follows_one(self) -> None:
        assert ChartView(OWN).variants == {}
        assert set(ChartView(OWN, theme="auto").variants) == {"light", "dark"}

    def test_a_view_is_as_wide_as_its_place_unless_a_person_has_given_a_width(self) -> None:
        chart = dfn.charts.scores(crowd(30))
        view = ChartView(chart, theme="auto")
        assert "place" in {signal["name"] for signal in view.drawn["signals"]}
        view.show(chart.properties(width=300))
        assert view.drawn["width"] == 300
        assert (
            ChartView(json.loads(chart.to_json()))
            .drawn["$schema"]
            .startswith("https://vega.github.io/schema/vega-lite")
        )

    def test_a_theme_may_be_chosen_and_given_up_later(self) -> None:
        chart = dfn.charts.scores(crowd(30))
        view, plain = ChartView(chart, theme="auto"), ChartView(chart)
        view.theme = None
        assert (view.drawn, view.variants) == (plain.drawn, {})
        plain.theme = "dark"
        assert set(plain.variants) == {"light", "dark"}
        assert "image/png" in plain._repr_mimebundle_()[0]

    def test_the_themes_of_a_view_share_its_rows(self) -> None:
        view = ChartView(dfn.charts.scores(crowd(300)), theme="auto")
        assert "data" in view.drawn
        assert "data" not in view.variants["light"].keys() | view.variants["dark"].keys()

    def test_no_menu_entry_sends_the_data_away(self) -> None:
        actions = ChartView({}, {"renderer": "canvas"}).embed_options["actions"]
        assert actions == {"export": True, "source": False, "compiled": False, "editor": False}
