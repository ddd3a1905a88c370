"""Conversions happen at the true rates, and predictions are about them."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from datafast_nb.demo import Site

MIDNIGHT = datetime(2026, 2, 6, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)


@pytest.fixture(scope="module")
def prospects() -> pl.DataFrame:
    """Return a day's visits of people who were no customers then."""
    day = Site(seed=11, visitors=4_000).sessions(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    return day.filter(~pl.col("is_customer"))


@pytest.mark.parametrize("by", ["device", "os", "browser", "country_code", "referrer", "utm_campaign", "visit_count"])
def test_conversions_happen_at_the_true_rates(prospects: pl.DataFrame, by: str) -> None:
    groups = prospects.group_by(by).agg(
        observed=pl.col("converted").sum().cast(pl.Float64),
        expected=pl.col("conversion_rate").sum(),
        variance=(pl.col("conversion_rate") * (1 - pl.col("conversion_rate"))).sum(),
    )
    large = groups.filter(pl.col("expected") > 20)
    assert large.height >= 2
    distance = ((large["observed"] - large["expected"]) / large["variance"].sqrt()).abs()
    assert distance.max() < 4.5


def test_the_planted_differences_can_be_found(prospects: pl.DataFrame) -> None:
    def rate(**where: str) -> float:
        return prospects.filter(**where)["converted"].mean()

    overall = prospects["converted"].mean()
    assert overall == pytest.approx(0.025, abs=0.003)
    assert rate(utm_campaign="spring-offer") > 2 * overall
    assert rate(country_code="DE") > 1.5 * overall
    assert rate(utm_campaign="giveaway") < 0.4 * overall
    assert rate(country_code="IN") < 0.5 * overall


def test_predictions_agree_with_outcomes_on_average(prospects: pl.DataFrame) -> None:
    scored = prospects.drop_nulls("predicted_rate")
    expected, observed = scored["predicted_rate"].sum(), scored["converted"].sum()
    assert abs(expected - observed) < 4 * observed**0.5
    assert scored["predicted_rate"].mean() == pytest.approx(scored["conversion_rate"].mean(), rel=0.02)


def test_higher_predictions_convert_more_often(prospects: pl.DataFrame) -> None:
    bands = (
        prospects.drop_nulls("predicted_rate")
        .group_by(pl.col("score") // 25)
        .agg(pl.col("predicted_rate", "conversion_rate").mean(), pl.len())
        .filter(pl.col("len") > 1_000)
        .sort("score")
    )
    assert bands.height == 4
    assert bands["conversion_rate"].is_sorted()
    ratio = bands["predicted_rate"] / bands["conversion_rate"]
    assert ratio.is_between(0.85, 1.15).all()


def test_a_biased_service_promises_too_much() -> None:
    fair, biased = (
        Site(seed=1, visitors=500, bias=bias).sessions(NOON, NOON + timedelta(hours=1)) for bias in (1.0, 2.0)
    )
    assert fair["converted"].equals(biased["converted"])
    both = pl.DataFrame({"fair": fair["predicted_rate"], "biased": biased["predicted_rate"], "score": fair["score"]})
    moved = both.filter(pl.col("biased") != pl.col("fair"))
    assert moved.height > 0.8 * both.drop_nulls("fair").height
    assert (moved["biased"] / moved["fair"]).is_between(1.999, 2.001).all()


def test_the_effects_are_the_ratios_of_the_true_rates(prospects: pl.DataFrame) -> None:
    effects = Site().effects()
    known = {(dimension, value): it for dimension, value, it in effects.iter_rows()}
    same = pl.col("device", "os", "browser", "referrer", "utm_campaign")
    rates = (
        prospects.filter(pl.col("visit_count") == 1, pl.col("country_code").is_in(["DE", "US"]))
        .group_by(same, "country_code")
        .agg(pl.col("conversion_rate").mean())
        .pivot("country_code", values="conversion_rate")
        .drop_nulls(["DE", "US"])
    )
    ratio = rates["DE"] / rates["US"]
    assert rates.height > 20
    assert ratio.is_close(known["country", "DE"] / known["country", "US"]).all()


def test_true_rates_are_those_of_the_active_visitors(site: Site, moment: datetime) -> None:
    rates = site.true_rates(moment)
    visitors = json.loads(site.body(moment))["data"]["visitors"]
    assert rates["visitor_id"].to_list() == [it["visitorId"] for it in visitors]
    assert rates["conversion_rate"].is_null().to_list() == [it["isCustomer"] for it in visitors]
    sessions = site.sessions(moment - timedelta(minutes=40), moment)
    both = rates.drop_nulls().join(sessions, on="visitor_id")
    assert both.height == rates.drop_nulls().height
    assert both["conversion_rate"].equals(both["conversion_rate_right"], check_names=False)


def test_sessions_of_a_span_are_the_sum_of_its_parts(site: Site, moment: datetime) -> None:
    middle, end = moment + timedelta(seconds=100), moment + timedelta(seconds=300)
    parts = pl.concat([site.sessions(moment, middle), site.sessions(middle, end)])
    assert parts.equals(site.sessions(moment, end))


def test_sessions_tell_what_the_response_tells(site: Site, moment: datetime) -> None:
    sessions = {
        it["visitor_id"]: it for it in site.sessions(moment - timedelta(minutes=40), moment).iter_rows(named=True)
    }
    compared = 0
    for visitor in json.loads(site.body(moment))["data"]["visitors"]:
        session = sessions[visitor["visitorId"]]
        assert session["country_code"] == visitor["location"]["countryCode"]
        assert session["visit_count"] == visitor["visitCount"]
        likelihood = visitor["conversionLikelihood"]
        if likelihood and not visitor["isCustomer"]:
            compared += 1
            assert round(session["predicted_rate"], 4) == pytest.approx(likelihood["raw"]["conversionRate"])
            assert session["score"] == likelihood["score"]
    assert compared > 50
