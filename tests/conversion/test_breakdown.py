"""The breakdown and the summary: their figures, which hold for any data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy import special, stats

import datafast_nb as dfn
from datafast_nb.conversion import MEASURES, SHRINKAGE, with_dimensions
from tests.conversion.tables import ANY_VISITORS, BASELINE, SITE, group, likelihood, visitors


class TestBreakdown:
    def test_every_measure_of_a_group_is_what_one_computes_by_hand(self) -> None:
        us = group(dfn.breakdown(dfn.Snapshot(SITE, baseline=BASELINE), by="country_code"), "US")
        assert us.pop("country_code") == "US"
        assert {us.pop(name) is None for name in SHRINKAGE} == {False}
        assert [us.pop(f"predicted_rate_{end}") for end in ("low", "high")] == [None, None]
        # That neither converts has a chance of 0.97, that one does at most one of 0.9998.
        assert [us.pop(f"expected_conversions_{end}") for end in ("low", "high")] == [0, 1]
        assert us == pytest.approx(
            {
                "visitors": 4,
                "share": 4 / 6,
                "customers": 1,
                "scored": 2,
                "confident": 1,
                "score": 50.0,
                "confidence": 0.6,
                "predicted_rate": 0.015,
                "lift": 3.0,
                "expected_conversions": 0.03,
                "expected_value": 3.0,
                "value_per_visitor": 1.5,
            },
            rel=1e-6,
        )

    def test_groups_are_sorted_by_expected_value_then_by_name_and_null_is_a_group(self) -> None:
        assert dfn.breakdown(SITE, "country_code")["country_code"].to_list() == ["DE", "US", None]
        tied = visitors(*({"country_code": code} for code in ("SE", None, "AT", "NO")))
        assert dfn.breakdown(tied, "country_code")["country_code"].to_list() == ["AT", "NO", "SE", None]

    def test_fewer_than_five_predictions_have_no_interval(self) -> None:
        rates = [0.01, 0.02, 0.03, 0.02, 0.04]
        for ci in ("logit", "normal"):
            rows = [{"device": name, **likelihood(50, 0.5, it, 1)} for name in "ab" for it in rates]
            table = dfn.breakdown(visitors(*rows[1:]), "device", ci=ci)  # type: ignore[arg-type]
            assert group(table, "a", "device")["predicted_rate_low"] is None
            assert group(table, "b", "device")["predicted_rate_low"] is not None

    def test_the_normal_interval_is_what_one_computes_by_hand(self) -> None:
        frame = visitors(*(likelihood(50, 0.5, rate, 1) for rate in (0.01, 0.02, 0.03, 0.04, 0.05)))
        row = dfn.breakdown(frame, "device", ci="normal").row(0, named=True)
        margin = 1.959964 * 0.0158113883 / 5**0.5
        assert (row["predicted_rate_low"], row["predicted_rate_high"]) == pytest.approx((0.03 - margin, 0.03 + margin))

    def test_the_logit_interval_is_that_of_the_delta_method(self) -> None:
        rates = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.02])
        row = dfn.breakdown(visitors(*(likelihood(50, 0.5, rate, 1) for rate in rates)), "device").row(0, named=True)
        mean, error = rates.mean(), rates.std(ddof=1) / 6**0.5
        away = stats.t.ppf([0.025, 0.975], 5) * error / (mean * (1 - mean))
        expected = special.expit(special.logit(mean) + away)
        assert [row["predicted_rate_low"], row["predicted_rate_high"]] == pytest.approx(list(expected), rel=2e-3)

    @pytest.mark.parametrize("ci", ["logit", "normal"])
    def test_the_interval_stays_within_a_probability(self, ci: Any) -> None:
        extremes = visitors(*(likelihood(50, 0.5, rate, 1) for rate in (0.0, 1.0) * 3))
        row = dfn.breakdown(extremes, "device", ci=ci).row(0, named=True)
        assert 0.0 <= row["predicted_rate_low"] < 0.5 < row["predicted_rate_high"] <= 1.0

    @pytest.mark.parametrize("size", [8, 30, 100])
    def test_where_one_rare_high_rate_rules_the_sample_can_t_tell(self, size: int) -> None:
        usual = [0.008 + 0.0005 * (place % 9) for place in range(size)]
        rare = visitors(*(likelihood(50, 0.5, it, 1) for it in [0.5] * -(-size * 3 // 100) + usual))
        row = dfn.breakdown(rare, "device").row(0, named=True)
        assert (row["predicted_rate_low"], row["predicted_rate_high"]) == (None, None)
        told = dfn.breakdown(visitors(*(likelihood(50, 0.5, it, 1) for it in usual)), "device").row(0, named=True)
        assert told["predicted_rate_low"] is not None

    def test_a_group_without_the_rare_rate_can_t_tell_either_where_others_have_it(self) -> None:
        rows = [
            {"device": str(place % 20), **likelihood(50, 0.5, 0.5 if place % 33 == 0 else 0.01 + place % 7 * 1e-3, 1)}
            for place in range(20 * 30)
        ]
        assert dfn.breakdown(visitors(*rows), "device")["predicted_rate_low"].null_count() == 20

    def test_the_value_per_visitor_is_over_those_who_have_one(self) -> None:
        half = visitors(*(likelihood(50, 0.5, 0.1, value) for value in (10.0, 10.0, None, None)))  # type: ignore[arg-type]
        assert dfn.breakdown(half, "device")["value_per_visitor"].to_list() == [10.0]
        assert dfn.summary(half)["value_per_visitor"].to_list() == [10.0]

    def test_a_group_of_nulls_has_null_means_and_sums_of_zero(self) -> None:
        row = dfn.breakdown(visitors({}, {}), "device", baseline=BASELINE).row(0, named=True)
        assert row["visitors"] == 2
        assert {name for name, value in row.items() if value is None} == {
            "device",
            "score",
            "confidence",
            "predicted_rate",
            "predicted_rate_low",
            "predicted_rate_high",
            "lift",
            "value_per_visitor",
            *SHRINKAGE,
        }
        assert (row["expected_conversions"], row["expected_value"]) == (0.0, 0.0)

    def test_lift_is_null_without_a_baseline_and_with_one_of_zero(self) -> None:
        for baseline in (None, dfn.Baseline(None, None), dfn.Baseline(0.0, 0.0)):
            assert dfn.breakdown(dfn.Snapshot(SITE, baseline=baseline), "device")["lift"].to_list() == [None]

    def test_a_baseline_that_is_given_goes_before_the_snapshot_s(self) -> None:
        snap = dfn.Snapshot(SITE, baseline=BASELINE)
        assert group(dfn.breakdown(snap, "country_code", baseline=dfn.Baseline(0.03, None)), "DE")["lift"] == 1.0

    def test_numbers_that_are_not_finite_count_as_missing(self) -> None:
        broken = (likelihood(math.inf, math.nan, math.nan, math.nan), likelihood(50, math.nan, math.inf, -math.inf))
        row = dfn.breakdown(visitors(*broken, likelihood(60, 0.6, 0.01, 1)), "device").row(0, named=True)
        assert (row["visitors"], row["scored"], row["confident"]) == (3, 2, 1)
        assert (row["score"], row["predicted_rate"], row["expected_value"]) == (55.0, 0.01, 1.0)

    def test_groups_of_matched_dimensions_overlap_and_keep_their_share_of_all_visitors(self) -> None:
        rows = ({"dimension_matches": matches} for matches in (["device", "os", "device"], ["device"], [], None))
        table = dfn.breakdown(visitors(*rows), "dimension_matches")
        found = {row["dimension_matches"]: (row["visitors"], row["share"]) for row in table.iter_rows(named=True)}
        assert found == {"device": (2, 0.5), "os": (1, 0.25), None: (2, 0.5)}

    def test_several_dimensions_give_one_row_for_each_combination(self) -> None:
        table = dfn.breakdown(SITE, ["country_code", "score_band"])
        assert table.columns == ["country_code", "score_band", *MEASURES]
        assert table.height == 6

    def test_a_column_of_the_user_s_own_is_a_dimension(self) -> None:
        table = dfn.breakdown(SITE.with_columns(plan=pl.lit("pro")), "plan")
        assert table["visitors"].to_list() == [6]

    def test_an_empty_frame_gives_no_rows_and_all_columns(self) -> None:
        table = dfn.breakdown(dfn.Snapshot(), ["page", "dimension_matches"])
        assert table.columns == ["page", "dimension_matches", *MEASURES]
        assert table.is_empty()

    def test_an_unknown_dimension_is_refused_with_the_nearest_and_all_known(self) -> None:
        with pytest.raises(ValueError, match=r"'chanel'.*mean 'channel'.*visit_kind.*country_code"):
            dfn.breakdown(SITE, "chanel")

    def test_a_figure_is_no_dimension(self) -> None:
        with pytest.raises(ValueError, match="score_band"):
            dfn.breakdown(SITE, "score")

    @pytest.mark.parametrize(("by", "message"), [([], "at least one"), (["os", "os"], "twice")])
    def test_no_dimension_and_a_repeated_one_are_refused(self, by: list[str], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            dfn.breakdown(SITE, by)

    def test_a_frame_that_lacks_a_column_is_refused_by_the_column_s_name(self) -> None:
        with pytest.raises(ValueError, match="'expected_value'"):
            dfn.breakdown(SITE.drop("expected_value"), "os")
        with pytest.raises(ValueError, match=r"'utm_source'.*channel"):
            dfn.breakdown(SITE.drop("utm_source"), "channel")

    def test_what_is_no_frame_is_refused(self) -> None:
        with pytest.raises(TypeError, match="not list"):
            dfn.breakdown([{"score": 1}], "os")


class TestLaziness:
    def test_a_lazy_frame_stays_lazy_and_gives_the_same_table(self) -> None:
        lazy = dfn.breakdown(SITE.lazy(), ["country_code", "channel"], baseline=BASELINE)
        assert isinstance(lazy, pl.LazyFrame)
        assert_frame_equal(lazy.collect(), dfn.breakdown(SITE, ["country_code", "channel"], baseline=BASELINE))

    def test_nothing_is_computed_before_it_is_collected(self) -> None:
        def read(_: pl.DataFrame) -> pl.DataFrame:
            raise AssertionError("somebody has read the frame")

        unread = SITE.lazy().map_batches(read, schema=SITE.schema)
        for result in (dfn.breakdown(unread, "page"), dfn.summary(unread), with_dimensions(unread, "channel")):
            assert isinstance(result, pl.LazyFrame)
            with pytest.raises(Exception, match="somebody has read the frame"):
                result.collect()


class TestSummary:
    def test_it_has_the_figures_of_a_breakdown_over_everybody(self) -> None:
        row = dfn.summary(dfn.Snapshot(SITE, baseline=BASELINE)).row(0, named=True)
        everybody = dfn.breakdown(SITE.with_columns(all=True), "all", baseline=BASELINE).row(0, named=True)
        assert {name: row[name] for name in MEASURES if name not in {"share", *SHRINKAGE}} == {
            name: everybody[name] for name in MEASURES if name not in {"share", *SHRINKAGE}
        }

    def test_it_counts_prospects_returning_and_located_visitors(self) -> None:
        rows = ({"visit_count": count, "latitude": 1.0, "longitude": place} for count, place in ((1, 2.0), (3, None)))
        row = dfn.summary(visitors(*rows, {"is_customer": True})).row(0, named=True)
        assert (row["visitors"], row["prospects"], row["returning"], row["located"]) == (3, 2, 1, 1)

    def test_nobody_gives_one_row_of_zeros_and_nulls(self) -> None:
        row = dfn.summary(dfn.Snapshot()).row(0, named=True)
        assert (row["visitors"], row["prospects"], row["expected_value"], row["score"]) == (0, 0, 0.0, None)


ANY_DIMENSIONS = st.sampled_from(
    [["country_code"], ["channel"], ["page"], ["visit_kind", "score_band"], ["confidence_band", "is_customer"]]
)


@given(frame=ANY_VISITORS, by=ANY_DIMENSIONS)
def test_every_visitor_is_in_exactly_one_group(frame: pl.DataFrame, by: list[str]) -> None:
    table = dfn.breakdown(frame, by)
    assert table["visitors"].sum() == frame.height
    assert table["share"].sum() == pytest.approx(1.0 if frame.height else 0.0)
    assert table["customers"].sum() == frame["is_customer"].sum()
    assert not table.select(by).is_duplicated().any()


@given(frame=ANY_VISITORS, by=ANY_DIMENSIONS)
def test_figures_are_finite_and_in_their_bounds(frame: pl.DataFrame, by: list[str]) -> None:
    table = dfn.breakdown(frame, by, baseline=BASELINE)
    assert (table["scored"] <= table["visitors"] - table["customers"]).all()
    assert (table["confident"] <= table["scored"]).all()
    assert (table["scored"].eq(0) == table["score"].is_null()).all()
    low, high = table["predicted_rate_low"].drop_nulls(), table["predicted_rate_high"].drop_nulls()
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert (low <= high).all()


@given(frame=ANY_VISITORS, by=ANY_DIMENSIONS, seed=st.integers(0, 9))
def test_the_order_of_the_visitors_does_not_matter(frame: pl.DataFrame, by: list[str], seed: int) -> None:
    mixed = dfn.breakdown(frame.sample(fraction=1, shuffle=True, seed=seed), by)
    # Sums in another order differ in the last digits, and so may the order of groups that are equal but for these.
    assert_frame_equal(mixed, dfn.breakdown(frame, by), check_row_order=False, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize("by", [pl.col("visit_count") > 2, None, ["device", 3], {"device": 1}])
def test_what_is_no_name_of_a_dimension_is_refused(by: object) -> None:
    with pytest.raises(TypeError, match="by takes the name of a dimension"):
        dfn.breakdown(dfn.Snapshot(), by)
