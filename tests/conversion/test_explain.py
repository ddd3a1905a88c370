"""What each matched dimension multiplies the likelihood by: against sites whose factors are known."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given

import datafast_nb as dfn
from datafast_nb.demo.predictions import averages
from datafast_nb.demo.sales import effect
from tests.conversion.tables import ANY_VISITORS, likelihood, visitors

RATE = 0.02
BASELINE = dfn.Baseline(RATE, 100.0)
FACTORS = {
    "country": {"DE": 1.8, "US": 1.0, "FR": 0.7, "IN": 0.4, "GB": 1.2},
    "device": {"mobile": 0.8, "desktop": 1.1, "tablet": 0.9},
    "campaign": {"spring-offer": 2.8, "giveaway": 0.3, "brand": 1.5},
}
COLUMNS = {"country": "country_code", "device": "device", "campaign": "utm_campaign"}


def site(size: int, *, seed: int = 0, noise: float = 0.0, matching: float = 0.9) -> pl.DataFrame:
    """Return visitors whose predicted rates are the baseline times the factors of what matched, and noise."""
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for place in range(size):
        row: dict[str, Any] = {"visitor_id": str(place), "is_customer": False, "dimension_matches": []}
        rate = RATE * 2.718281828 ** draw.gauss(0, noise)
        for dimension, factors in FACTORS.items():
            if dimension == "campaign" and draw.random() < 0.6:
                continue
            row[COLUMNS[dimension]] = value = draw.choice([*factors])
            if draw.random() < matching:
                row["dimension_matches"].append(dimension)
                rate *= factors[value]
        rows.append({**row, **likelihood(50, 0.8, rate, 1.0)})
    return visitors(*rows)


def off(why: Any) -> float:
    """Return how far the worst estimate is from the true factor, as a share of it."""
    told = why.effects.select("dimension", "value", "factor").iter_rows()
    return max(abs(factor / FACTORS[dimension][value] - 1) for dimension, value, factor in told)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("noise", "matching"), [(0.0, 0.9), (0.1, 0.9), (0.2, 0.9), (0.1, 0.7), (0.0, 1.0)])
def test_known_factors_come_within_ten_percent_from_500_visitors_on(noise: float, matching: float, seed: int) -> None:
    why = dfn.explain(site(500, seed=seed, noise=noise, matching=matching), baseline=BASELINE)
    assert why.effects.height == 11
    assert off(why) < 0.1
    assert why.explained is not None
    assert why.explained > (0.95 if noise < 0.2 else 0.9)  # noise is what is not explained


@pytest.mark.parametrize("seed", range(2))
def test_the_demo_site_s_factors_come_within_ten_percent(seed: int) -> None:
    moment = datetime(2026, 2, 6, 15, tzinfo=UTC)
    why = dfn.explain(dfn.demo.Site(seed=seed, visitors=500, clock=lambda: moment).snapshot())
    assert why.effects.height > 50
    means = averages().means
    for (dimension,), rows in why.effects.partition_by("dimension", as_dict=True).items():
        true = rows.select(true=effect(str(dimension), pl.col("value")) / means[str(dimension)])["true"]
        assert (rows["factor"] / true - 1).abs().max() < 0.1  # type: ignore[operator]


def test_noise_widens_the_intervals_and_lowers_the_share_explained() -> None:
    exact, noisy = (dfn.explain(site(500, noise=noise), baseline=BASELINE) for noise in (0.0, 1.5))
    assert noisy.explained < exact.explained  # type: ignore[operator]
    widths = [(why.effects["factor_high"] / why.effects["factor_low"]).max() for why in (exact, noisy)]
    assert widths[0] < widths[1]  # type: ignore[operator]


def test_pure_noise_explains_next_to_nothing() -> None:
    visitors = site(500, noise=0.0).with_columns(
        conversion_rate=pl.Series([RATE * random.Random(place).uniform(0.5, 2) for place in range(500)])
    )
    why = dfn.explain(visitors, baseline=BASELINE)
    assert why.explained < 0.05  # type: ignore[operator]
    assert why.effects["factor"].log().abs().max() < 0.2  # type: ignore[operator]


def test_reasons_are_signed_and_sized_strongest_first() -> None:
    why = dfn.explain(site(500), baseline=BASELINE)
    told = why.visitors.join(site(500), on="visitor_id").filter(pl.col("dimension_matches").list.len() == 3)
    row = told.filter(country_code="DE", device="mobile", utm_campaign="spring-offer").row(0, named=True)
    assert row["reasons"] == "spring-offer ×2.8, Germany ×1.8, mobile ×0.8"
    factors = why.factors.filter(visitor_id=row["visitor_id"])
    assert factors["dimension"].to_list() == ["campaign", "country", "device"]
    assert factors["factor"].product() == pytest.approx(row["factor"])
    assert row["factor"] == pytest.approx(row["lift"], rel=0.01)


def test_values_are_named_for_a_reader() -> None:
    names = {
        "country": ("country_code", "UK", "United Kingdom ×2.0"),
        "referrer": ("referrer", "https://www.example.com/a?b", "example.com ×2.0"),
        "os": ("os", None, "os ×2.0"),
        "landing_page": ("os", None, "landing page ×2.0"),
        "page": ("current_url", "x" * 99, f"{'x' * 39}… ×2.0"),
        "via": ("via", " a\n\u202eb\t", "a b ×2.0"),
    }
    for dimension, (column, value, words) in names.items():
        up = {"dimension_matches": [dimension], column: value, **likelihood(50, 0.8, 2 * RATE, 1)}
        rows = [{"visitor_id": "a", **up}] * 30 + [
            {"visitor_id": "b", "dimension_matches": [], **likelihood(50, 0.8, RATE, 1)}
        ] * 30
        assert dfn.explain(visitors(*rows), baseline=BASELINE).visitors["reasons"].unique().drop_nulls().to_list() == [
            words
        ]


def test_customers_and_baselines_are_not_explained() -> None:
    rows = site(200)
    marked = rows.with_columns(is_customer=pl.int_range(200) < 50, is_baseline=pl.int_range(200) >= 100)
    why = dfn.explain(marked, baseline=BASELINE)
    assert why.visitors.height == 150
    assert set(why.factors["visitor_id"].cast(pl.Int64)) <= set(range(50, 100))
    higher = marked.with_columns(conversion_rate=pl.when("is_customer").then(1.0).otherwise("conversion_rate"))
    assert dfn.explain(higher, baseline=BASELINE).effects.equals(why.effects)


def test_each_site_has_its_own_factors() -> None:
    both = dfn.Snapshot.of_sites(
        {"a": dfn.Snapshot(site(300)), "b": dfn.Snapshot(site(300).with_columns(pl.col("conversion_rate") / 2))}
    )
    why = dfn.explain(both)
    assert why.effects.columns[:3] == ["site", "dimension", "value"]
    assert why.effects.height == 22
    assert why.visitors.columns[0] == "site"


@pytest.mark.parametrize(
    "data",
    [
        dfn.Snapshot(),
        visitors({"visitor_id": "a", "dimension_matches": ["os"], **likelihood(50, 0.8, 0.01, 1)}),
        visitors(*[{"visitor_id": "a", "dimension_matches": ["os"]}] * 50),
        visitors(*[{"visitor_id": "a", "is_baseline": True, **likelihood(50, 0.8, RATE, 1)}] * 50),
        visitors(*[{"visitor_id": "a", "dimension_matches": [None], **likelihood(50, 0.8, 0.0, 1)}] * 50),
    ],
    ids=["nobody", "one visitor", "no predictions", "all baseline", "rates of 0"],
)
def test_where_nothing_can_be_told_there_are_no_factors(data: Any) -> None:
    why = dfn.explain(data, baseline=BASELINE)
    assert why.explained is None
    assert why.factors.is_empty()
    assert why.effects.is_empty()
    assert "show no factors" in str(why)


def test_predictions_that_all_agree_move_nothing() -> None:
    rows = [
        {"visitor_id": str(it), "os": "iOS", "dimension_matches": ["os"], **likelihood(50, 0.8, RATE, 1)}
        for it in range(50)
    ]
    why = dfn.explain(visitors(*rows), baseline=BASELINE)
    assert why.effects["factor"].to_list() == pytest.approx([1.0])
    assert why.visitors["reasons"].to_list() == [None] * 50


def test_more_values_than_can_be_estimated_leave_the_rarest_out() -> None:
    rows = [
        {
            "visitor_id": str(it),
            "city": f"city {it // 2}",
            "dimension_matches": ["city"],
            **likelihood(50, 0.8, RATE * (1 + it % 3), 1),
        }
        for it in range(1_400)
    ]
    why = dfn.explain(visitors(*rows), baseline=BASELINE)
    assert why.effects.height == 500
    assert why.visitors.height == 1_400


@given(ANY_VISITORS)
def test_whatever_the_rows_hold_the_factors_are_finite(table: pl.DataFrame) -> None:
    many = pl.concat([table] * 30) if table.height else table
    why = dfn.explain(many)
    for name in ("factor", "factor_low", "factor_high"):
        assert why.effects[name].is_finite().all()
    assert why.visitors["lift"].is_finite().all()
    assert why.explained is None or 0 <= why.explained <= 1


@pytest.mark.parametrize(
    "text", ["<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "\x00\u202e" * 500, "{}", "%s ×9"]
)
def test_texts_of_strangers_stay_text(text: str) -> None:
    rows = site(100).with_columns(utm_campaign=pl.lit(text), city=pl.lit(text))
    rows = rows.with_columns(dimension_matches=pl.concat_list("dimension_matches", pl.lit(text), pl.lit("city")))
    why = dfn.explain(rows, baseline=BASELINE)
    assert text in why.effects["value"].to_list()
    told = why.visitors["reasons"].drop_nulls()
    assert told.len()
    assert not told.str.contains(r"[\x00-\x1f\u{202e}]").any()


def test_a_frame_of_another_library_is_explained_alike() -> None:
    rows = site(300)
    assert dfn.explain(rows.to_pandas(), baseline=BASELINE).effects.equals(dfn.explain(rows, baseline=BASELINE).effects)
    assert dfn.explain(rows.lazy(), baseline=BASELINE).effects.equals(dfn.explain(rows, baseline=BASELINE).effects)


def test_a_frame_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match="no column 'dimension_matches', which explain needs"):
        dfn.explain(site(3).drop("dimension_matches"))


def test_opportunities_say_what_moves_the_likelihood_and_stay_lazy() -> None:
    rows = site(500, matching=1.0)
    lazy = dfn.opportunities(rows.lazy(), baseline=BASELINE)
    assert isinstance(lazy, pl.LazyFrame)
    table = lazy.collect()
    assert table.equals(dfn.opportunities(rows, baseline=BASELINE))
    assert table["reason"].str.contains("spring-offer ×2.8").any()
    assert not table["reason"].str.contains("matched").any()


def test_a_filter_of_lazy_opportunities_leaves_the_estimates_alone() -> None:
    table = site(500)
    german = pl.col("country_code") == "DE"
    whole = dfn.opportunities(table, baseline=BASELINE)
    lazy = dfn.opportunities(table.lazy(), baseline=BASELINE)
    kept = lazy.filter(german).select("visitor_id", "reason").collect()
    assert kept.height > 50
    assert kept.equals(whole.filter(german).select("visitor_id", "reason"))
