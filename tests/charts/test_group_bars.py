"""What the chart of groups and their lifts draws."""

from __future__ import annotations

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import VISITORS
from tests.charts.sites import crowd, drawn, frame, said, svg


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
        # The channels 0, 10, 20, … hold customers alone, about whom there is nothing to predict.
        assert rows[-1]["group"] == "1,347 other groups"
        assert sum(row["visitors"] for row in rows) == 2_700
        assert sum(row["scored"] for row in rows) == dfn.summary(snap)["scored"].item()

    def test_groups_that_are_too_small_are_among_the_others(self) -> None:
        groups = pl.when(pl.col("row") < 20).then(pl.lit("large")).otherwise(pl.format("small {}", "row"))
        visitors = frame(30, VISITORS, city=groups, score=pl.lit(50.0), conversion_rate=pl.col("row") / 1000)
        rows = drawn(dfn.charts.breakdown(visitors, "city", min_visitors=2), "group")
        assert [(row["group"], row["scored"]) for row in rows] == [("large", 20), ("10 other groups", 10)]
        assert "No group has 21 visitors" in svg(dfn.charts.breakdown(visitors, "city", min_visitors=21))

    def test_a_single_other_group_is_called_by_its_name(self) -> None:
        rows = drawn(dfn.charts.breakdown(crowd(300), "channel", top=4), "group")
        assert sorted(row["group"] for row in rows) == [f"campaign {number}" for number in range(5)]
        small = crowd(303, channels=4).visitors
        rows = drawn(dfn.charts.breakdown(small, "channel", "visitors", min_visitors=76), "group")
        assert len(rows) == 4
        assert not any(row["is_other"] for row in rows)

    @pytest.mark.parametrize("measure", ["predicted_rate", "lift", "score"])
    def test_a_small_group_does_not_lead_by_chance(self, measure: dfn.charts.Measure) -> None:
        row = pl.col("row")
        lucky, varied = row == 0, row % 2
        visitors = frame(
            401,
            VISITORS,
            city=pl.when(lucky).then(pl.lit("lucky")).when(row < 201).then(pl.lit("large")).otherwise(pl.lit("poor")),
            conversion_rate=pl.when(lucky).then(0.05).when(row < 201).then(varied * 0.06).otherwise(varied * 0.02),
            score=pl.when(lucky).then(90.0).when(row < 201).then(80.0).otherwise(20.0),
        )
        chart = dfn.charts.breakdown(visitors, "city", measure, baseline=dfn.Baseline(0.01, None))
        assert [row["group"] for row in drawn(chart, "group")] == ["large", "lucky", "poor"]
        assert "In the order of the rate shrunk toward the average" in said(chart)

    @pytest.mark.parametrize("by", ["channel", ["channel", "city"]])
    def test_a_group_without_a_prediction_has_no_bar_unless_visitors_are_counted(self, by: str | list[str]) -> None:
        snap = crowd(100, channels=10)
        assert "campaign 0" not in svg(dfn.charts.breakdown(snap, by))
        assert "campaign 0" in svg(dfn.charts.breakdown(snap, by, "visitors"))

    def test_fewer_than_five_have_no_interval(self) -> None:
        chart = dfn.charts.breakdown(crowd(20, channels=5), "channel")
        assert all(row["low"] is None for row in drawn(chart, "group"))
        assert "No 95 % intervals: too few in each group to tell." in said(chart)

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
        assert "the 3 largest of 46 groups by matched dimension" in said(chart)

    def test_of_two_dimensions_the_largest_groups_are_drawn_and_the_subtitle_says_so(self) -> None:
        chart = dfn.charts.breakdown(crowd(300, channels=50), ["channel", "city"], top=3)
        assert "the 3 largest of 45 groups by channel" in said(chart)

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
