"""What the chart of a calibration draws."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.forecast import Calibration
from datafast_nb.forecast.calibration import EDGES, compared
from tests.charts.recordings import recorded, visitor
from tests.charts.sites import LIMIT, drawn, said, svg
from tests.charts.test_gain_curve import quality
from tests.history.moments import snapshot


class TestCalibration:
    def found(self, *groups: tuple[str | None, float, int, int], by: str | None = "city") -> Calibration:
        """Return a calibration of groups: their name, a prediction, how many have it, and how many converted."""
        rows = pl.concat(
            pl.select(
                city=pl.lit(name, pl.String),
                predicted=pl.lit(rate),
                converted=pl.int_range(count) < hits,
                expected_value=pl.lit(1.0),
                value=pl.lit(0.0),
            )
            for name, rate, count, hits in groups
        )
        names = [] if by is None else [by]
        visits = rows.height
        coverage = {"visits": visits + 10, "counted": visits, "customers": 4, "unscored": 2, "seen_late": 1}
        coverage |= {"left_early": 0, "unfinished": 0, "converted_before": 3, "recognized": 1}
        coverage |= {"payments": 9, "matched": 8, "unmatched": 1, "unpriced": 0}
        return Calibration(*compared(rows, names, EDGES), pl.DataFrame([coverage]))

    def test_a_point_is_a_bin_of_the_calibration(self, demo: dfn.History) -> None:
        found = dfn.calibration(demo)
        rows = drawn(dfn.charts.calibration(found), "observed_rate_low")
        names = ["predicted_rate", "observed_rate", "observed_rate_low", "observed_rate_high", "predictions"]
        assert [[row[name] for name in names] for row in rows] == [list(it) for it in found.bins.select(names).rows()]
        assert said(dfn.charts.calibration(demo)) == said(dfn.charts.calibration(found))

    def test_the_words_tell_what_came_true_how_good_that_is_and_what_could_be_matched(self) -> None:
        words = said(dfn.charts.calibration(self.found(("a", 0.05, 1_000, 20), by=None)))
        assert words.startswith(
            "Of 1,000 predicted visitors 2.00% converted; 5.00% were expected to 20 converted, 50.0"
        )
        assert "(observed over expected 0.40, 95 % interval 0.26 to 0.61): they do not agree: the predictions" in words
        assert "an error of 20% would be found" in words
        assert (
            "2 more sales or new customers can't be traced to a visit: if all were of these, 2.20% converted" in words
        )
        assert "Brier score 0.020500 = reliability 0.000900" in words
        assert (
            "Left out of 1,010 visits: 4 customers, 2 without a prediction, 1 seen late, 3 converted before the"
            in words
        )
        assert "Matched to a visitor: 8 of 9 payments." in words

    def test_bins_within_noise_are_told_from_those_beyond(self) -> None:
        chart = dfn.charts.calibration(self.found(("a", 0.05, 1_000, 50), ("a", 0.15, 1_000, 50), by=None))
        assert [row["noise"] for row in drawn(chart, "noise")] == ["within noise", "beyond noise"]

    def test_the_diagonal_is_one_because_both_axes_are_alike(self) -> None:
        spec = dfn.charts.calibration(self.found(("a", 0.05, 1_000, 50), by=None)).to_dict()
        for layer in spec["vconcat"][0]["layer"]:
            scales = [layer["encoding"][axis]["scale"] for axis in ("x", "y")]
            assert scales[0] == scales[1]

    def test_each_of_the_largest_groups_has_a_diagram(self) -> None:
        found = self.found(*((f"city {size}", 0.05, 100 + size, 5) for size in range(9)), (None, 0.1, 200, 20))
        chart = dfn.charts.calibration(found, top=4)
        titles = [panel["vconcat"][0]["title"] for panel in chart.to_dict()["concat"]]
        assert [title["text"] for title in titles] == ["(not known)", "city 8", "city 7", "city 6"]
        assert titles[0]["subtitle"] == "10.0 % predicted, 10.0 % of 200 converted: can't tell"
        assert "Drawn: the 4 largest of 10 groups by city." in said(chart)
        assert said(chart).startswith("Of 1,136 predicted visitors")

    def test_groups_that_look_the_same_when_cut_short_stay_apart(self) -> None:
        chart = dfn.charts.calibration(self.found(*(("x" * 100 + end, 0.1, 50, 5) for end in "ab")))
        titles = [panel["vconcat"][0]["title"]["text"] for panel in chart.to_dict()["concat"]]
        assert titles[1] == f"(2) {titles[0]}"

    def test_few_visits_are_faint_and_their_intervals_do_not_stretch_the_axes(self) -> None:
        chart = dfn.charts.calibration(self.found(("a", 0.01, 3_000, 30), ("a", 0.03, 2, 0), by=None))
        assert "Faint: fewer than 30 visitors." in said(chart)
        assert chart.to_dict()["vconcat"][0]["layer"][0]["encoding"]["x"]["scale"]["domain"][1] < 0.04

    def test_no_group_is_too_many(self) -> None:
        chart = dfn.charts.calibration(self.found(*((f"city {it}", 0.01 * (it % 9), 30, 1) for it in range(2_000))))
        assert len(json.dumps(chart.to_dict())) < LIMIT

    def test_a_history_without_predictions_is_told_from_one_that_is_too_short(self, tmp_path: Path) -> None:
        def alike(name: str, **more: object) -> str:
            here = [visitor("a", 60, **more)]
            moments = (snapshot(it, here if 60 <= it < 900 else []) for it in range(0, 9_000, 300))
            return svg(dfn.charts.calibration(recorded(tmp_path / name, *moments)))

        short = recorded(tmp_path / "short", snapshot(0), snapshot(300, [visitor("a", 60)]))
        assert "There are no predictions" in alike("unscored", conversionLikelihood=None)
        assert "Everybody was a customer already" in alike("customers", isCustomer=True)
        assert "to the end of the horizon" in svg(dfn.charts.calibration(short))
        assert "Nobody came in this time" in svg(dfn.charts.calibration(recorded(tmp_path / "empty", snapshot(0))))

    def test_what_it_can_not_draw_is_refused(self) -> None:
        found = self.found(("a", 0.1, 50, 5))
        with pytest.raises(TypeError, match=r"pass by='city' to dfn\.calibration"):
            dfn.charts.calibration(found, by="city")
        with pytest.raises(TypeError, match="A snapshot has predictions"):
            dfn.charts.calibration(dfn.Snapshot())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="top is 0"):
            dfn.charts.calibration(found, top=0)

    def test_a_model_adds_its_curve_and_that_of_the_service(self) -> None:
        found = self.found(("a", 0.05, 1_000, 50), by=None)
        chart = dfn.charts.calibration(found, model=quality())
        rows = pl.DataFrame(drawn(chart, "predictor"))
        points = rows.select("predictor", "predicted_rate", "observed_rate").unique().sort(pl.all()).rows()
        assert points == [
            ("the model", pytest.approx(0.01), 0.0),
            ("the model", pytest.approx(0.9), 1.0),
            ("the service's rate", pytest.approx(0.1), pytest.approx(1 / 18)),
            ("the service's rate", pytest.approx(0.5), 0.5),
        ]
        assert chart.to_dict()["vconcat"][0]["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 1]
        assert "Observed over expected: 1.01 by the model, 0.71 by the service." in said(chart)
        assert "Curves" not in said(dfn.charts.calibration(found))
        assert "<svg" in svg(chart)

    def test_a_model_that_could_not_be_tested_has_no_curve(self) -> None:
        chart = dfn.charts.calibration(self.found(("a", 0.05, 1_000, 50), by=None), model=quality(0, 0))
        assert "Too little was recorded to test the model" in said(chart)
        assert len(chart.to_dict()["vconcat"][0]["layer"]) == 3

    def test_a_model_that_does_not_fit_is_refused(self) -> None:
        with pytest.raises(TypeError, match="A model's curve is of all prospects: leave out by='city'"):
            dfn.charts.calibration(self.found(("a", 0.1, 50, 5)), model=quality())
        with pytest.raises(TypeError, match="Expected a model"):
            dfn.charts.calibration(self.found(("a", 0.1, 50, 5), by=None), model="m.json")  # type: ignore[arg-type]
