"""What the chart of two moments draws."""

from __future__ import annotations

import re

import polars as pl
import pytest

import datafast_nb as dfn
from tests.charts.sites import crowd, drawn, said, svg


class TestCompare:
    def before_and_after(self, channels: int = 12) -> tuple[dfn.Snapshot, dfn.Snapshot]:
        first, second = crowd(300, channels=channels), crowd(240, channels=channels)
        likelier = second.visitors.with_columns(pl.col("conversion_rate") * 1.5)
        return first, dfn.Snapshot(likelier, baseline=second.baseline)

    def test_the_bars_add_up_to_the_change(self) -> None:
        before, after = self.before_and_after()
        rows = drawn(dfn.charts.compare(before, after, "channel", top=4), "cause")
        first, second = (dfn.summary(snap)["predicted_rate"].item() for snap in (before, after))
        assert sum(row["points"] for row in rows) == pytest.approx(100 * (second - first))

    def test_the_groups_that_are_not_drawn_are_one_more_row(self) -> None:
        rows = drawn(dfn.charts.compare(*self.before_and_after(), "channel", top=4), "cause")
        assert [row["group"] for row in rows[::2]][-1] == "8 other groups"
        assert len(rows) == 2 * 5

    def test_a_single_other_group_is_called_by_its_name(self) -> None:
        rows = drawn(dfn.charts.compare(*self.before_and_after(channels=5), "channel", top=4), "cause")
        assert {row["group"] for row in rows} == {f"campaign {number}" for number in range(5)}

    @pytest.mark.parametrize("factor", [0.5, 1.001, 2.0])
    def test_zero_is_in_the_middle_and_a_small_change_looks_small(self, factor: float) -> None:
        before, rate = crowd(300), pl.col("conversion_rate")
        after = dfn.Snapshot(before.visitors.with_columns(rate * factor), baseline=before.baseline)
        chart = dfn.charts.compare(before, after, "channel")
        (bars,) = (layer for layer in chart.to_dict()["layer"] if "yOffset" in layer["encoding"])
        low, high = bars["encoding"]["x"]["scale"]["domain"]
        largest = max(abs(row["points"]) for row in drawn(chart, "cause"))
        assert low == -high
        assert largest < high
        assert 100 * dfn.summary(before)["predicted_rate"].item() / 20 <= high
        if factor == 1.001:
            assert largest < high / 10

    def test_a_rate_that_rises_has_the_color_of_what_is_more_likely(self) -> None:
        before, after = self.before_and_after()
        rows = drawn(dfn.charts.compare(before, after, "channel"), "cause")
        own = {row["cause"] for row in rows if row["place"] == 1}
        assert own == {"own rate, higher"}
        back = drawn(dfn.charts.compare(after, before, "channel"), "cause")
        assert {row["cause"] for row in back if row["place"] == 1} == {"own rate, lower"}

    def test_the_subtitle_tells_the_mix_from_the_rates(self) -> None:
        assert "+0.00 come from the traffic mix, +0.00 from the groups' own rates" in said(
            dfn.charts.compare(crowd(100), crowd(100), "channel")
        )

    def test_a_change_within_noise_is_faint(self) -> None:
        before, after = self.before_and_after(channels=3)
        factor = pl.when(utm_source="campaign 1").then(1.0).otherwise(1.5)
        after = dfn.Snapshot(after.visitors.with_columns(pl.col("conversion_rate") / 1.5 * factor))
        table = dfn.compare(before, after, "channel")
        assert table["within_noise"].n_unique() == 2
        sure = self.sure(before, after)
        assert sure == {group: int(noise is False) for group, noise in table.select("channel", "within_noise").rows()}

    def test_a_change_of_a_few_is_faint_however_large(self) -> None:
        before, after = self.before_and_after()
        after = dfn.Snapshot(after.visitors.with_columns(pl.col("conversion_rate") * 2), baseline=after.baseline)
        assert not dfn.compare(before, after, "channel")["within_noise"].all()
        assert set(self.sure(before, after).values()) == {0}

    def sure(self, before: dfn.Snapshot, after: dfn.Snapshot) -> dict[str, int]:
        rows = drawn(dfn.charts.compare(before, after, "channel", top=20), "cause")
        return {row["group"]: row["sure"] for row in rows if row["place"] == 1}

    @pytest.mark.parametrize("factor", [1.0001, 1.01, 3.0])
    def test_the_ticks_of_the_axis_differ_however_small_the_change(self, factor: float) -> None:
        before = crowd(300)
        likelier = before.visitors.with_columns(pl.col("conversion_rate") * factor)
        picture = svg(dfn.charts.compare(before, dfn.Snapshot(likelier, baseline=before.baseline), "channel"))
        axis = picture.split("role-axis-label")[1].split("</g>")[0]
        ticks = re.findall(r">([+−][\d.]+)</text>", axis)
        assert len(ticks) == len(set(ticks)) >= 3

    def test_a_moment_without_predictions_is_named(self) -> None:
        picture = svg(dfn.charts.compare(crowd(30), crowd(30, scored=False), "channel"))
        assert "There are no predictions" in picture
        assert "This is about the visitors after." in picture

    def test_groups_that_overlap_are_refused(self) -> None:
        with pytest.raises(ValueError, match="overlap"):
            dfn.charts.compare(crowd(3), crowd(3), "dimension_matches")
