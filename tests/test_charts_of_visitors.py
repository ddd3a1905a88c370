"""What the charts of visitors draw: scores, groups and their lifts, and the map."""

from __future__ import annotations

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import VISITORS
from tests.chart_sites import crowd, drawn, frame, said, svg


class TestScores:
    def test_the_bars_are_the_prospects_with_a_prediction_and_the_subtitle_counts_the_others(self) -> None:
        snap = crowd(200)
        chart = dfn.charts.scores(snap)
        total = dfn.summary(snap).row(0, named=True)
        assert sum(row["scored"] for row in drawn(chart, "scored")) == total["scored"] == 180
        assert said(chart).startswith("How likely 180 prospects are to buy")
        assert "Left out: 20 customers." in said(chart)

    def test_the_highest_score_falls_in_the_last_bar(self) -> None:
        snap = dfn.Snapshot(frame(1, VISITORS, score=pl.lit(100.0), confidence=pl.lit(0.5)))
        (row,) = drawn(dfn.charts.scores(snap), "scored")
        assert (row["score_from"], row["score_to"], row["band"]) == (95, 100, "0.5–0.75")

    def test_it_takes_a_lazy_frame(self) -> None:
        assert "180 prospects" in said(dfn.charts.scores(crowd(200).visitors.lazy()))


class TestBreakdown:
    def test_a_bar_shows_the_figure_of_the_breakdown(self) -> None:
        snap = crowd(200)
        rows = {row["group"]: row for row in drawn(dfn.charts.breakdown(snap, "channel"), "group")}
        for expected in dfn.breakdown(snap, "channel").iter_rows(named=True):
            row = rows[expected["channel"]]
            assert row["predicted_rate"] == pytest.approx(expected["predicted_rate"])
            assert row["size"] == f"n = {expected['scored']}"

    def test_the_groups_that_are_not_the_largest_are_one_more_bar(self) -> None:
        snap = crowd(3_000, channels=1_500)
        rows = drawn(dfn.charts.breakdown(snap, "channel", top=3), "group")
        assert [row["is_other"] for row in rows] == [False, False, False, True]
        assert rows[-1]["group"] == "1,497 other groups"
        assert sum(row["visitors"] for row in rows) == 3_000
        assert sum(row["scored"] for row in rows) == dfn.summary(snap)["scored"].item()

    def test_groups_that_are_too_small_are_among_the_others(self) -> None:
        groups = pl.when(pl.col("row") < 20).then(pl.lit("large")).otherwise(pl.format("small {}", "row"))
        visitors = frame(30, VISITORS, city=groups, score=pl.lit(50.0), conversion_rate=pl.col("row") / 1000)
        rows = drawn(dfn.charts.breakdown(visitors, "city", min_visitors=2), "group")
        assert [(row["group"], row["scored"]) for row in rows] == [("large", 20), ("10 other groups", 10)]
        assert "No group has 21 visitors" in svg(dfn.charts.breakdown(visitors, "city", min_visitors=21))

    @pytest.mark.parametrize("by", ["channel", ["channel", "device"]])
    def test_another_figure_than_the_number_of_visitors_may_choose_the_groups(self, by: str | list[str]) -> None:
        snap = crowd(3_000, channels=40)
        chart = dfn.charts.breakdown(snap, by, "score", top=3, order_by="predicted_rate_shrunk")
        table = dfn.breakdown(snap, "channel", order_by="predicted_rate_shrunk")
        groups = [row["group"] for row in drawn(chart, "group") if not row["is_other"]]
        assert groups == table["channel"].head(3).to_list()

    def test_groups_that_overlap_are_never_added_up(self) -> None:
        chart = dfn.charts.breakdown(crowd(300, channels=50), "dimension_matches", top=3)
        assert len(drawn(chart, "group")) == 3
        assert "the 3 largest of 51 groups by matched dimension" in said(chart)

    def test_of_two_dimensions_the_largest_groups_are_drawn_and_the_subtitle_says_so(self) -> None:
        chart = dfn.charts.breakdown(crowd(300, channels=50), ["channel", "city"], top=3)
        assert "the 3 largest of 50 groups by channel" in said(chart)

    def test_the_interval_is_that_of_the_breakdown_and_of_a_lift_over_the_average(self) -> None:
        snap = crowd(200)
        table = dfn.breakdown(snap, "channel").filter(channel="campaign 1").row(0, named=True)
        for measure, unit in (("predicted_rate", 1.0), ("lift", 0.005)):
            rows = drawn(dfn.charts.breakdown(snap, "channel", measure), "group")  # type: ignore[arg-type]
            row = next(row for row in rows if row["group"] == "campaign 1")
            assert row["low"] == pytest.approx(table["predicted_rate_low"] / unit)
            assert row["high"] == pytest.approx(table["predicted_rate_high"] / unit)

    def test_small_groups_are_faint_and_the_subtitle_says_so(self) -> None:
        few, many = (dfn.charts.breakdown(crowd(size), "channel") for size in (30, 3_000))
        assert "Faint: fewer than 30 prospects." in said(few)
        assert "Faint" not in said(many)
        opacity = few.to_dict()["layer"][0]["encoding"]["opacity"]
        assert (opacity["field"], opacity["scale"]["domain"]) == ("scored", [0, 30])

    def test_a_click_on_the_legend_picks_a_group_out(self) -> None:
        (parameter,) = dfn.charts.breakdown(crowd(30), ["channel", "city"]).to_dict()["params"]
        assert (parameter["bind"], parameter["select"]["fields"]) == ("legend", ["series"])

    def test_groups_that_look_the_same_when_cut_short_stay_apart(self) -> None:
        names = pl.concat_str(pl.lit("x" * 5_000), pl.int_range(3).cast(pl.String))
        rows = drawn(dfn.charts.breakdown(dfn.Snapshot(frame(3, VISITORS, city=names)), "city", "visitors"), "group")
        assert len({row["group"] for row in rows}) == 3

    def test_null_is_a_group_with_a_name(self) -> None:
        rows = drawn(dfn.charts.breakdown(crowd(8), "country_code", "visitors"), "group")
        assert "(not known)" in {row["group"] for row in rows}

    def test_a_visit_without_a_campaign_has_none(self) -> None:
        rows = drawn(dfn.charts.breakdown(crowd(8), "utm_campaign", "visitors"), "group")
        assert [row["group"] for row in rows] == ["(none)"]

    def test_bands_keep_their_own_order(self) -> None:
        rows = drawn(dfn.charts.breakdown(crowd(300), "score_band", "score"), "group")
        assert [row["group"] for row in rows] == ["0–20", "20–40", "40–60", "60–80", "80–100"]

    def test_the_rate_has_the_site_s_average_beside_it_where_that_is_known(self) -> None:
        snap = crowd(30)
        assert "Dashed: the site's average, 0.50%." in said(dfn.charts.breakdown(snap, "channel"))
        assert "Dashed" not in said(dfn.charts.breakdown(snap.visitors, "channel"))

    @pytest.mark.parametrize("column", ["a.b", "a[0]", "it's", 'a"b', "back\\slash", "datum", "title", "image"])
    def test_a_column_may_have_any_name(self, column: str) -> None:
        named = crowd(30).visitors.with_columns(pl.col("utm_source").alias(column))
        picture = svg(dfn.charts.breakdown(named, column, "visitors"))
        assert "campaign 0" in picture

    def test_what_it_cannot_draw_is_refused(self) -> None:
        snap = crowd(3)
        with pytest.raises(ValueError, match="There is no measure 'rate'"):
            dfn.charts.breakdown(snap, "os", "rate")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="two dimensions, not 3"):
            dfn.charts.breakdown(snap, ["os", "device", "browser"])
        with pytest.raises(ValueError, match="top is 0"):
            dfn.charts.breakdown(snap, "os", top=0)
        with pytest.raises(ValueError, match="There is no dimension"):
            dfn.charts.breakdown(snap, "oss")


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
        with pytest.raises(ValueError, match="'bubbles'"):
            dfn.charts.world(snap, style="pins")  # type: ignore[arg-type]


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
        assert "the 4 largest of 50 groups by channel" in text
        assert "the 4 largest of 50 groups by city" in text


class TestValue:
    def worth(self, *amounts: float | None) -> dfn.Snapshot:
        rows = [{"score": 50.0, "confidence": 0.9, "conversion_rate": 0.1, "expected_value": it} for it in amounts]
        return dfn.Snapshot(pl.DataFrame(rows, schema=VISITORS))

    def test_every_prospect_is_in_a_cell(self) -> None:
        snap = crowd(200)
        rows = drawn(dfn.charts.value(snap), "worth")
        assert sum(row["scored"] for row in rows) == 180
        assert sum(row["expected_value"] for row in rows) == pytest.approx(dfn.summary(snap)["expected_value"].item())

    def test_a_cell_says_which_values_it_holds(self) -> None:
        rows = drawn(dfn.charts.value(self.worth(2.0, 2.99, 3.0, 0.0, -5.0)), "worth")
        assert {row["worth"]: row["scored"] for row in rows} == {"under 0.01": 2, "2–3": 2, "3–5": 1}

    def test_a_cell_says_its_tenth_of_confidence_without_digits_of_rounding(self) -> None:
        rows = [
            {"score": 50.0, "confidence": it / 10, "conversion_rate": 0.1, "expected_value": 2.0} for it in range(10)
        ]
        cells = drawn(dfn.charts.value(dfn.Snapshot(pl.DataFrame(rows, schema=VISITORS))), "worth")
        expected = [f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}" for tenth in range(10)]
        assert sorted(cell["sure"] for cell in cells) == expected

    def test_values_of_all_sizes_need_few_columns(self) -> None:
        rows = drawn(dfn.charts.value(self.worth(-1e12, *(10.0**power for power in range(-9, 13, 3)))), "worth")
        assert sum(row["scored"] for row in rows) == 9
        assert rows[0]["worth"] == "under 7,000"
        assert rows[-1]["worth"] == "7,000,000 or more"

    def test_the_subtitle_says_how_much_of_it_is_sure(self) -> None:
        chart = dfn.charts.value(self.worth(2.0, 3.0, None))
        assert "2 of them, with $5.00 of $5.00 expected" in said(chart)
        assert "1 visitor without an expected value and a confidence" in said(chart)


class TestDrivers:
    def test_a_bar_is_a_row_of_the_analysis_in_its_order(self) -> None:
        snap = crowd(300)
        rows = drawn(dfn.charts.drivers(snap, top=3), "group")
        table = dfn.drivers(snap).head(3)
        assert [row["lift_shrunk"] for row in rows] == pytest.approx(table["lift_shrunk"].to_list())
        assert [row["size"] for row in rows] == [f"n = {scored}" for scored in table["scored"]]
        assert "The groups overlap." in said(dfn.charts.drivers(snap, top=3))

    def test_without_an_average_the_mean_of_all_takes_its_place_and_the_subtitle_says_so(self) -> None:
        assert "1 is the mean of all prospects." in said(dfn.charts.drivers(crowd(300).visitors))
        assert "1 is the site's average." in said(dfn.charts.drivers(crowd(300)))

    def test_intervals_stay_within_the_chart(self) -> None:
        for row in drawn(dfn.charts.drivers(dfn.demo.Site(seed=0, visitors=60).snapshot()), "group"):
            assert all(0.125 <= row[name] <= 8 for name in ("bar", "measured", "low", "high") if row[name] is not None)

    def test_an_interval_that_goes_on_beyond_the_chart_ends_in_an_arrow(self) -> None:
        few = dfn.Snapshot(crowd(60).visitors.with_columns(conversion_rate=pl.int_range(pl.len()) % 10 * 0.001))
        chart = dfn.charts.drivers(few, top=50)
        shapes = {layer["mark"].get("shape") for layer in chart.to_dict()["layer"] if isinstance(layer["mark"], dict)}
        lowest = min(row["low"] for row in drawn(chart, "group"))
        assert {row["goes_lower"] for row in drawn(chart, "group")} == {True, False}
        assert "triangle-left" in shapes
        assert all(row["low"] == lowest for row in drawn(chart, "group") if row["goes_lower"])

    def test_where_no_dimension_matched_it_says_so(self) -> None:
        visitors = crowd(30).visitors.with_columns(dimension_matches=pl.lit(None)).cast(dict(VISITORS))
        assert "No dimension has matched 2 prospects" in svg(dfn.charts.drivers(visitors))


class TestNames:
    """Columns and groups that strangers and users called as the charts call their own."""

    @pytest.mark.parametrize(
        "name", ["group", "series", "label", "place", "row", "column", "size", "low", "n", "cause"]
    )
    def test_a_column_may_be_called_as_one_of_a_chart(self, name: str) -> None:
        data = crowd(60).visitors.with_columns(pl.col("utm_source").alias(name))
        average = dfn.Baseline(0.02, None)
        charts = [
            dfn.charts.breakdown(data, name, "lift", top=3, baseline=average),
            dfn.charts.breakdown(data, ["city", name], baseline=average),
            dfn.charts.breakdown(data, [name, "city"], baseline=average),
            dfn.charts.heatmap(data, ["city", name], baseline=average),
            dfn.charts.heatmap(data, [name, "city"], baseline=average),
            dfn.charts.compare(data, data, name),
        ]
        for chart in charts:
            assert ">campaign 1<" in svg(chart)

    @pytest.mark.parametrize("name", ["series", "place", "first", "count", "between"])
    def test_a_funnel_s_group_may_be_called_as_one_of_its_columns(self, name: str) -> None:
        snap = crowd(60)
        people = snap.visitors.with_columns(pl.col("utm_source").alias(name))
        steps = [dfn.goal("event 2"), dfn.goal("event 3")]
        assert ">campaign 1<" in svg(dfn.charts.funnel(snap.events, steps, by=name, visitors=people))

    def test_no_two_groups_have_one_label(self) -> None:
        names = [
            None,
            "(not known)",
            "(2) (not known)",
            "(2) (not known)\u202e",
            "2 other groups",
            "1 other group",
            "x",
            "y",
        ]
        sizes = range(len(names) + 1, 1, -1)
        devices = pl.Series("device", names).gather([place for place, size in enumerate(sizes) for _ in range(size)])
        people = crowd(sum(sizes)).visitors.with_columns(device=devices)
        rows = drawn(dfn.charts.breakdown(people, "device", "visitors", top=6), "group")
        assert [row["visitors"] for row in rows] == [9, 8, 7, 6, 5, 4, 5]
        labels = [row["group"] for row in rows]
        assert len(set(labels)) == len(labels)
        assert labels[-1] == "2 other groups"

    @pytest.mark.parametrize("top", ["3", 2.5, None, True])
    def test_a_number_of_groups_that_is_none_is_refused(self, top: object) -> None:
        snap = crowd(30)
        for draw in (
            lambda: dfn.charts.breakdown(snap, "channel", top=top),
            lambda: dfn.charts.breakdown(snap, "channel", min_visitors=top),
            lambda: dfn.charts.heatmap(snap, ["channel", "city"], top=top),
            lambda: dfn.charts.drivers(snap, top=top),
            lambda: dfn.charts.compare(snap, snap, "channel", top=top),
        ):
            with pytest.raises(TypeError, match="takes a whole number"):
                draw()
