"""What the site tells has the shape of the endpoint's own example, and makes sense."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from datafast_nb import Snapshot
from datafast_nb.demo import Site
from datafast_nb.demo.places import cities
from tests.responses import EXAMPLE


def data(site: Site, at: datetime) -> dict[str, Any]:
    """Return what is under `data` in the response."""
    body = json.loads(site.body(at))
    assert body["status"] == "success"
    return body["data"]


def shape(value: Any) -> Any:
    """Return the keys of an object, and of the objects in it; extra data is free."""
    if isinstance(value, dict):
        return {name: None if name == "extraData" else shape(it) for name, it in value.items()}
    return None


def merged(one: Any, other: Any) -> Any:
    """Return the larger of two shapes: a field may be null in one record and an object in another."""
    return one or other if not (one and other) else {name: merged(one[name], other[name]) for name in one | other}


@pytest.fixture(scope="module")
def response(busy_site: Site, moment: datetime) -> dict[str, Any]:
    return data(busy_site, moment)


@pytest.fixture(scope="module")
def snapshot(busy_site: Site, moment: datetime) -> Snapshot:
    return Snapshot.from_json(busy_site.body(moment), strict=True, fetched_at=moment)


@pytest.mark.parametrize("records", ["visitors", "recentEvents", "recentPayments"])
def test_every_record_has_the_fields_of_the_example(response: dict[str, Any], records: str) -> None:
    expected = shape(EXAMPLE["data"][records][0])
    found = None
    for record in response[records]:
        own = shape(record)
        assert own.keys() == expected.keys()
        found = merged(found, own)
    assert found == expected


def test_the_response_has_the_fields_of_the_example(response: dict[str, Any]) -> None:
    assert response.keys() == EXAMPLE["data"].keys()
    assert response["conversionMetrics"].keys() == EXAMPLE["data"]["conversionMetrics"].keys()


def test_the_loader_finds_no_problem(snapshot: Snapshot, busy_site: Site, moment: datetime) -> None:
    assert snapshot.problems.is_empty()
    assert snapshot.visitors.height == len(data(busy_site, moment)["visitors"])
    assert snapshot.has_predictions
    assert snapshot.baseline.conversion_rate == pytest.approx(0.025, abs=0.002)


def test_identifiers_are_unique_and_well_formed(snapshot: Snapshot) -> None:
    uuid = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    assert snapshot.visitors["visitor_id"].str.contains(uuid).all()
    for ids in (snapshot.visitors["visitor_id"], snapshot.events["event_id"], snapshot.payments["payment_id"]):
        assert ids.is_unique().all()
    assert snapshot.events["event_id"].str.contains("^[0-9a-f]{24}$").all()
    assert snapshot.payments["payment_id"].str.contains("^[0-9a-f]{24}$").all()


def test_some_visitors_have_no_place_and_some_no_prediction(snapshot: Snapshot) -> None:
    visitors = snapshot.visitors
    assert visitors["latitude"].is_null().mean() == pytest.approx(0.04, abs=0.01)
    assert visitors["country_code"].is_null().mean() == pytest.approx(0.025, abs=0.008)
    unplaced = visitors.filter(pl.col("latitude").is_null())
    assert unplaced.select(pl.col("city", "region", "longitude").is_null().all()).row(0) == (True, True, True)
    prospects = visitors.filter(~pl.col("is_customer"))
    assert prospects["score"].is_null().mean() == pytest.approx(0.06, abs=0.012)
    assert prospects["is_baseline"].mean() == pytest.approx(0.07, abs=0.012)


def test_visitors_of_a_city_share_its_point(snapshot: Snapshot) -> None:
    places = cities().select("region", "latitude", "longitude", city="city_name")
    placed = snapshot.visitors.drop_nulls("latitude")
    joined = placed.join(places, on=["city", "region"], suffix="_of_city")
    assert joined.height == placed.height
    assert (joined["latitude"] == joined["latitude_of_city"]).all()
    assert (joined["longitude"] == joined["longitude_of_city"]).all()


def test_customers_score_100_or_have_no_prediction(snapshot: Snapshot) -> None:
    customers = snapshot.visitors.filter("is_customer")
    assert set(customers["score"]) == {100, None}
    assert not customers["is_baseline"].any()
    assert customers["customer_name"].null_count() == 0
    prospects = snapshot.visitors.filter(~pl.col("is_customer"))
    assert prospects["customer_name"].null_count() == prospects["customer_email"].null_count() == prospects.height


def test_predictions_follow_from_the_dimensions_that_matched(snapshot: Snapshot) -> None:
    scored = snapshot.visitors.filter(pl.col("score").is_not_null(), ~pl.col("is_customer"))
    matched = scored["dimension_matches"].list.len()
    assert set(scored["dimension_matches"].explode().drop_nulls()) == {
        "device", "os", "browser", "country", "referrer", "campaign",
    }  # fmt: skip
    assert scored["score"].is_between(0, 100).all()
    assert scored["confidence"].is_between(0, 1).all()
    assert (scored["is_baseline"] == (matched == 0)).all()
    baseline = scored.filter("is_baseline")
    assert set(baseline["score"]) == {50}
    assert set(baseline["conversion_rate"]) == {snapshot.baseline.conversion_rate}
    confidence = scored.group_by(matched.alias("matched")).agg(pl.col("confidence").mean()).sort("matched")
    assert confidence["confidence"].is_sorted()
    assert 0.05 < (scored["confidence"] < 0.5).mean() < 0.5
    above = scored["conversion_rate"] > snapshot.baseline.conversion_rate + 0.001
    assert (scored["score"].filter(above) > 50).all()
    assert scored["expected_value"].round(1).to_list() == pytest.approx(
        (scored["conversion_rate"] * scored["average_value"]).to_list(), abs=0.1
    )
    unknown = scored.filter(pl.col("country_code").is_null())
    assert not unknown["dimension_matches"].list.contains("country").any()


def test_profiles_belong_to_those_who_signed_up_or_paid(snapshot: Snapshot) -> None:
    visitors = snapshot.visitors
    assert (visitors["has_profile"] == visitors["user_id"].is_not_null()).all()
    assert (visitors["is_random_name"] == ~visitors["has_profile"]).all()
    assert visitors.filter("is_customer")["has_profile"].all()
    random_names = visitors.filter("is_random_name")["display_name"]
    assert 0.4 < random_names.is_null().mean() < 0.6
    assert random_names.drop_nulls().str.contains("^[a-z]+ [a-z]+$").all()
    done = snapshot.events.filter(pl.col("type").is_in(["signup", "payment"]))["visitor_id"]
    assert len(done) > 50
    assert visitors.filter(pl.col("visitor_id").is_in(done.implode()))["has_profile"].all()


def test_events_are_those_of_the_last_ten_minutes_newest_first(snapshot: Snapshot, moment: datetime) -> None:
    events = snapshot.events
    assert events["timestamp"].is_sorted(descending=True)
    assert events["timestamp"].is_between(moment - timedelta(minutes=10), moment, closed="right").all()
    assert set(events["type"]) == {"pageview", "watch_demo", "signup", "payment"}
    assert set(events["visitor_id"]) == set(snapshot.visitors["visitor_id"])
    assert events["amount"].is_not_null().equals(events["type"] == "payment")


def test_the_current_page_is_the_last_one_viewed(snapshot: Snapshot) -> None:
    latest = snapshot.events.filter(type="pageview").unique("visitor_id", keep="first", maintain_order=True)
    both = snapshot.visitors.join(latest, on="visitor_id")
    assert both.height == snapshot.visitors.height
    assert (both["current_url"] == both["path"]).all()


def test_payments_come_in_the_currencies_of_the_payers(snapshot: Snapshot, moment: datetime) -> None:
    payments = snapshot.payments
    assert payments["timestamp"].is_sorted(descending=True)
    assert payments["timestamp"].is_between(moment - timedelta(minutes=10), moment, closed="right").all()
    assert {"USD", "EUR", "GBP", "JPY"} <= set(payments["currency"])
    yen = payments.filter(currency="JPY")["amount"]
    assert (yen == yen.round()).all()
    assert yen.min() >= 1_000
    assert (payments["amount"] > 0).all()
    assert payments["email"].str.contains(r"^[a-z]+\.[a-z]+\d+@example\.(com|org)$").all()
    assert not (payments["renewal"] & payments["is_new"]).any()
    kinds = payments.group_by("renewal", "is_new").len()
    assert kinds.height == 3  # first purchases, renewals, and further purchases of customers


def test_who_paid_in_this_visit_can_be_found_by_email(snapshot: Snapshot) -> None:
    bought = snapshot.payments.filter(~pl.col("renewal"))
    active = snapshot.visitors.filter("is_customer")
    assert bought.height > 20
    assert bought.join(active, left_on="email", right_on="customer_email").height == bought.height
    renewed = snapshot.payments.filter("renewal")
    assert renewed.join(active, left_on="email", right_on="customer_email").height < renewed.height / 2


def test_a_renewal_repeats_a_purchase_of_months_ago(site: Site, moment: datetime) -> None:
    renewal = Snapshot.from_json(site.body(moment)).payments.filter("renewal").row(0, named=True)
    purchases = []
    for months in (1, 2, 3):
        for minutes in (10, 20, 30):  # it is due when the visit began, up to 23 minutes before the purchase
            at = moment - timedelta(days=30 * months) + timedelta(minutes=minutes)
            purchases += data(site, at)["recentPayments"]
    found = [it for it in purchases if it["email"] == renewal["email"] and not it["renewal"]]
    assert found
    assert {(it["amount"], it["currency"], it["name"]) for it in found} == {
        (renewal["amount"], renewal["currency"], renewal["name"])
    }


def test_visitors_stay_for_ten_minutes_after_their_last_step_and_are_gone(site: Site, moment: datetime) -> None:
    moments = [moment + timedelta(minutes=it) for it in range(0, 60, 4)]
    present: dict[str, list[int]] = {}
    traits: dict[str, set[str]] = {}
    for place, at in enumerate(moments):
        for visitor in data(site, at)["visitors"]:
            present.setdefault(visitor["visitorId"], []).append(place)
            stable = {
                name: visitor[name] for name in ("location", "system", "sessionStartTime", "visitCount", "params")
            }
            traits.setdefault(visitor["visitorId"], set()).add(json.dumps(stable, sort_keys=True))
    assert len(present) > 300
    assert all(later == earlier + 1 for places in present.values() for earlier, later in pairwise(places))
    assert all(len(it) == 1 for it in traits.values())
    gone = [places for places in present.values() if places[-1] < len(moments) - 1]
    assert len(gone) > 100
    assert max(len(places) for places in gone) <= 9  # 22 minutes of walking and ten of waiting


@pytest.mark.parametrize("later", [1, 5, 9])
def test_a_visitor_who_does_nothing_more_disappears(site: Site, moment: datetime, later: int) -> None:
    before, after = data(site, moment), data(site, moment + timedelta(minutes=later))
    acted = {it["visitorId"] for it in after["recentEvents"]}
    assert {it["visitorId"] for it in after["visitors"]} == acted
    cut = (moment + timedelta(minutes=later - 10)).strftime("%Y-%m-%dT%H:%M:%S")
    last = {}
    for event in reversed(before["recentEvents"]):
        last[event["visitorId"]] = event["timestamp"]
    silent = {visitor for visitor, at in last.items() if at < cut} - acted
    assert silent
    assert not silent & {it["visitorId"] for it in after["visitors"]}


def test_the_services_count_is_close_to_the_length_of_its_list(busy_site: Site, moment: datetime) -> None:
    counts = []
    for minutes in (0, 2, 4):
        found = data(busy_site, moment + timedelta(minutes=minutes))
        assert found["count"] == pytest.approx(len(found["visitors"]), rel=0.03)
        counts.append(found["count"] - len(found["visitors"]))
    assert any(counts)


def test_a_site_without_visitors_is_empty_and_valid(moment: datetime) -> None:
    site = Site(visitors=0)
    empty = data(site, moment)
    assert empty["count"] == 0
    assert empty["visitors"] == empty["recentEvents"] == empty["recentPayments"] == []
    snapshot = Snapshot.from_json(site.body(moment), strict=True)
    assert snapshot.visitors.is_empty()
    assert snapshot.has_predictions
    assert site.true_rates(moment).is_empty()
    assert site.sessions(moment, moment + timedelta(hours=1)).is_empty()


def test_a_site_with_one_visitor_is_valid_whenever_one_looks(moment: datetime) -> None:
    site = Site(visitors=1, seed=4)
    seen = set()
    for hours in range(6):
        body = site.body(moment + timedelta(hours=hours))
        snapshot = Snapshot.from_json(body, strict=True)
        assert snapshot.problems.is_empty()
        seen.add(snapshot.visitors.height)
    assert max(seen) <= 8
    assert len(seen) > 1


def test_a_site_with_100_000_visitors_is_valid(moment: datetime) -> None:
    site = Site(visitors=100_000)
    snapshot = Snapshot.from_json(site.body(moment), strict=True)
    assert snapshot.problems.is_empty()
    assert 60_000 < snapshot.visitors.height < 180_000
    assert snapshot.events.height == 200_000
    assert snapshot.events["timestamp"].is_sorted(descending=True)


def test_a_site_that_is_too_new_has_no_predictions(moment: datetime) -> None:
    found = data(Site(predictions=False), moment)
    assert found["hasConversionPredictions"] is False
    assert "conversionMetrics" not in found
    assert not any("conversionLikelihood" in it for it in found["visitors"])
    snapshot = Snapshot.from_json(Site(predictions=False).body(moment), strict=True)
    assert snapshot.baseline is None
    assert snapshot.visitors["score"].null_count() == snapshot.visitors.height


def test_the_site_works_before_1970_and_far_ahead() -> None:
    for year in (1969, 2090):
        snapshot = Snapshot.from_json(Site().body(datetime(year, 6, 1, 12, tzinfo=UTC)), strict=True)
        assert 60 < snapshot.visitors.height < 250
