"""The first groups of a breakdown, and the rest under "other"."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.conversion import MEASURES, SHRINKAGE
from tests.conversion.tables import ANY_VISITORS, BASELINE, SITE, likelihood, visitors

SUMS = ("visitors", "share", "customers", "scored", "confident", "expected_conversions", "expected_value")
INTERVALS = st.sampled_from(["normal", "logit"])


def test_the_rest_is_one_last_row_and_all_sums_are_intact() -> None:
    full, short = dfn.breakdown(SITE, "country_code"), dfn.breakdown(SITE, "country_code", top=1)
    assert short.select("country_code", "is_other").rows() == [("DE", False), ("other", True)]
    for name in SUMS:
        assert short[name].sum() == pytest.approx(full[name].sum()), name


@given(frame=ANY_VISITORS, top=st.integers(1, 4), ci=INTERVALS)
def test_the_rest_has_the_figures_of_its_visitors_as_one_group(frame: pl.DataFrame, top: int, ci: str) -> None:
    keys = dfn.breakdown(frame, "country_code")["country_code"].to_list()[:top]
    named = pl.when(pl.col("country_code").is_in(keys, nulls_equal=True)).then(pl.col("country_code"))
    by_hand = frame.with_columns(country_code=named.otherwise(pl.lit("all others")))
    expected = dfn.breakdown(by_hand, "country_code", ci=ci, baseline=BASELINE)
    found = dfn.breakdown(frame, "country_code", top=top, ci=ci, baseline=BASELINE)
    named = found.with_columns(pl.col("country_code").replace({"other": "all others"}))
    found = named.select("country_code", *(name for name in MEASURES if name not in SHRINKAGE))
    # The interval of many rates that are the same is as wide as the last digits of their sum.
    assert_frame_equal(found, expected.select(found.columns), check_row_order=False, rel_tol=1e-6, abs_tol=1e-6)


def test_a_group_that_is_called_other_is_not_the_rest() -> None:
    frame = visitors(
        *({"utm_source": "other", **likelihood(50, 0.6, 0.02, 9)} for _ in range(3)),
        {"utm_source": "a", **likelihood(50, 0.6, 0.02, 5)},
        {"utm_source": "b", **likelihood(50, 0.6, 0.02, 4)},
    )
    table = dfn.breakdown(frame, "utm_source", top=1)
    assert table.select("utm_source", "is_other", "visitors").rows() == [("other", False, 3), ("other", True, 2)]


def test_the_null_group_may_be_among_the_first() -> None:
    frame = visitors({"device": None, **likelihood(50, 0.6, 0.02, 9)}, {"device": "tablet"}, {"device": "mobile"})
    assert dfn.breakdown(frame, "device", top=1).select("device", "visitors").rows() == [(None, 1), ("other", 2)]


def test_without_a_rest_there_is_no_row_for_it() -> None:
    table = dfn.breakdown(SITE, "country_code", top=3)
    assert table["is_other"].to_list() == [False, False, False]
    assert_frame_equal(table.drop("is_other"), dfn.breakdown(SITE, "country_code"))


def test_several_dimensions_and_columns_of_any_type_become_text() -> None:
    table = dfn.breakdown(SITE.with_columns(visit_count=pl.lit(3)), ["visit_count", "is_customer"], top=1)
    assert table.select("visit_count", "is_customer", "visitors").rows() == [("3", "false", 4), ("other", "other", 2)]


def test_a_shrunken_rate_does_not_depend_on_how_many_groups_are_shown() -> None:
    site = dfn.demo.Site(seed=1).snapshot()
    full = dfn.breakdown(site, "country_code").head(3)
    assert_frame_equal(dfn.breakdown(site, "country_code", top=3).head(3).drop("is_other"), full)


def test_small_groups_are_left_out_or_part_of_the_rest() -> None:
    assert dfn.breakdown(SITE, "country_code", min_visitors=2)["country_code"].to_list() == ["US"]
    table = dfn.breakdown(SITE, "country_code", min_visitors=2, top=9)
    assert table.select("country_code", "visitors").rows() == [("US", 4), ("other", 2)]


def test_groups_are_ordered_by_the_figure_that_is_asked_for() -> None:
    table = dfn.breakdown(SITE, "country_code", order_by="predicted_rate")
    assert table["country_code"].to_list() == ["DE", "US", None]
    assert dfn.breakdown(SITE, "country_code", order_by="visitors", top=1)["country_code"].to_list() == ["US", "other"]


@pytest.mark.parametrize("top", [None, 2])
def test_a_small_group_s_rate_is_drawn_to_the_average_before_groups_are_ordered_by_it(top: int | None) -> None:
    table = dfn.breakdown(SITE, "country_code", top=top, order_by="predicted_rate_shrunk")
    groups = table.filter(pl.col("country_code") != "other")
    assert groups["predicted_rate_shrunk"].is_sorted(descending=True)
    every = dfn.breakdown(SITE, "country_code")
    assert table["predicted_rate_shrunk"].max() == every["predicted_rate_shrunk"].max()


def test_customers_are_counted_in_every_figure_if_asked_for() -> None:
    row = dfn.breakdown(SITE, "country_code", include_customers=True).row(0, named=True)
    assert (row["country_code"], row["customers"], row["scored"], row["expected_value"]) == ("US", 1, 3, 102.0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"top": 0}, ValueError, "top is 0; give 1 or more"),
        ({"top": True}, TypeError, "top takes a whole number"),
        ({"min_visitors": 2.5}, TypeError, "min_visitors takes a whole number"),
        ({"min_visitors": -1}, ValueError, "give 0 or more"),
        ({"order_by": "visitor"}, ValueError, "Did you mean 'visitors'.*expected_value"),
        ({"ci": "bayes"}, ValueError, "There are: logit, normal"),
        ({"baseline": 0.02}, TypeError, "dfn.Baseline"),
        ({"baseline": dfn.Baseline("0.02", 1)}, TypeError, "conversion_rate is '0.02': it must be a number"),  # type: ignore[arg-type]
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, object], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        dfn.breakdown(SITE, "country_code", **options)


def test_groups_without_a_rest_to_put_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"overlap.*several times.*head"):
        dfn.breakdown(SITE, "dimension_matches", top=2)
    with pytest.raises(ValueError, match=r"'tags' is a column of List"):
        dfn.breakdown(SITE.with_columns(tags=pl.lit([1, 2])), "tags", top=2)
