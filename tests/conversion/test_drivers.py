"""Drivers and opportunities: what moves the likelihood, and whom to look after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import EVENTS, TIMESTAMP
from tests.conversion.tables import BASELINE, likelihood, visitors

GERMANS = {"country_code": "DE", "device": "mobile", "dimension_matches": ["country", "device"]}
AMERICANS = {"country_code": "US", "device": "mobile", "dimension_matches": ["device", "device"]}
CROWD = visitors(
    *({**GERMANS, **likelihood(80, 0.8, rate, 2)} for rate in (0.02, 0.03, 0.025)),
    *({**AMERICANS, **likelihood(50, 0.8, rate, 1)} for rate in (0.004, 0.005, 0.006)),
    {"dimension_matches": [], **likelihood(50, 0.1, 0.005, 1)},
    {"dimension_matches": None, "is_customer": True},
)


def test_each_matched_dimension_and_value_is_a_group_with_its_lift() -> None:
    table = dfn.drivers(CROWD, baseline=BASELINE)
    assert table.select("dimension", "value", "visitors", "scored").rows() == [
        ("country", "DE", 3, 3),
        ("device", "mobile", 6, 6),
    ]
    assert table["lift"].to_list() == pytest.approx([5.0, 3.0])
    assert table["extra_conversions"].to_list() == pytest.approx([0.06, 0.06])
    row = table.row(1, named=True)
    assert row["lift_low"] < row["lift"] < row["lift_high"]
    assert table["lift_low"][0] is None  # of three
    assert 1 < row["lift_shrunk"] < row["lift"]


def test_groups_say_how_much_they_overlap() -> None:
    assert dfn.drivers(CROWD, baseline=BASELINE)["overlap"].to_list() == [1.0, 0.5]


def test_without_a_baseline_the_mean_of_all_prospects_is_the_measure() -> None:
    lifts = dict(dfn.drivers(CROWD).select("dimension", "lift").iter_rows())
    mean = (0.075 + 0.015 + 0.005) / 7
    assert lifts == pytest.approx({"country": 0.025 / mean, "device": 0.015 / mean})


def test_down_is_as_far_as_up() -> None:
    rows = [
        {"device": name, "dimension_matches": ["device"], **likelihood(50, 0.8, rate + step, 1)}
        for name, rate in (("half", 0.0025), ("more", 0.0075))
        for step in (-1e-6, 0, 1e-6)
    ]
    assert dfn.drivers(visitors(*rows), baseline=BASELINE)["value"].to_list() == ["half", "more"]


def test_a_dimension_that_no_column_holds_has_no_value() -> None:
    row = {"dimension_matches": ["weather"], **likelihood(50, 0.8, 0.01, 1)}
    assert dfn.drivers(visitors(row, row)).select("dimension", "value").rows() == [("weather", None)]


def test_small_groups_are_left_out() -> None:
    assert dfn.drivers(CROWD, min_visitors=4)["dimension"].to_list() == ["device"]


def test_what_is_planted_in_the_demo_site_is_found() -> None:
    site = dfn.demo.Site(seed=0, visitors=3_000, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC))
    table = dfn.drivers(site.snapshot(), min_visitors=30)
    up, down = table.filter(pl.col("lift") > 1), table.filter(pl.col("lift") < 1)
    assert {("campaign", "spring-offer"), ("country", "DE")} <= set(up.select("dimension", "value").head(3).iter_rows())
    assert {("campaign", "giveaway"), ("country", "IN")} <= set(down.select("dimension", "value").head(4).iter_rows())


def test_opportunities_are_sure_prospects_by_expected_value_with_the_reason() -> None:
    rows = [
        {"visitor_id": "low", **likelihood(50, 0.9, 0.005, 1)},
        {"visitor_id": "unsure", **likelihood(99, 0.49, 0.5, 99)},
        {"visitor_id": "customer", "is_customer": True, **likelihood(100, 1, 1, 99)},
        {"visitor_id": "unscored"},
        {
            "visitor_id": "high",
            "current_url": "/pricing?plan=pro",
            "utm_source": "newsletter",
            "visit_count": 3,
            "dimension_matches": ["device", "country"],
            **likelihood(80, 0.5, 0.01, 4),
        },
    ]
    table = dfn.opportunities(visitors(*rows), baseline=BASELINE)
    assert table.select("visitor_id", "lift", "reason").rows() == [
        ("high", 2.0, "Is on /pricing; came from newsletter; on visit number 3; country, device matched"),
        ("low", 1.0, "came directly"),
    ]
    assert dfn.opportunities(visitors(*rows), top=1)["visitor_id"].to_list() == ["high"]


def test_a_reason_is_one_short_line_whatever_strangers_write() -> None:
    row = {"current_url": "/" + "x" * 10_000, "utm_source": "a\nb" * 5_000, **likelihood(50, 0.9, 0.005, 1)}
    reason = dfn.opportunities(visitors(row))["reason"].item()
    assert len(reason) < 200
    assert "\n" not in reason
    assert reason.count("…") == 2


def test_a_null_among_the_matches_is_no_other_dimension() -> None:
    row = {"device": "mobile", "dimension_matches": ["device", None], **likelihood(50, 0.9, 0.005, 1)}
    assert dfn.drivers(visitors(row, row), baseline=BASELINE)["overlap"].to_list() == [0.0]


@pytest.mark.parametrize(
    ("matches", "words"),
    [
        (["term", "content", "channel"], "; channel, content, term matched"),
        (["weather", "device", "mood", "mood", None], "; device and 2 others matched"),
        (["weather"], "; 1 other matched"),
        ([None], ""),
    ],
)
def test_a_reason_leaves_no_matched_dimension_out(matches: list[str | None], words: str) -> None:
    row = {"dimension_matches": matches, **likelihood(50, 0.9, 0.005, 1)}
    assert dfn.opportunities(visitors(row))["reason"].item() == "came directly" + words


def test_an_opportunity_tells_how_long_somebody_has_done_nothing() -> None:
    now = datetime(2026, 2, 6, 15, tzinfo=UTC)
    began = {"session_start_time": now - timedelta(minutes=30), **likelihood(80, 0.8, 0.02, 2)}
    people = visitors({"visitor_id": "active", **began}, {"visitor_id": "idle", **began}, {"visitor_id": None, **began})
    events = pl.DataFrame(
        {"visitor_id": ["active", "active"], "timestamp": [now - timedelta(minutes=ago) for ago in (4, 9)]}
    )
    events = pl.concat([EVENTS.to_frame(), events.cast({"timestamp": TIMESTAMP})], how="diagonal")
    snap = dfn.Snapshot(people, events, fetched_at=now)
    idle = dict(dfn.opportunities(snap).select("visitor_id", "minutes_idle").iter_rows())
    assert idle == {"active": 4.0, "idle": 30.0, None: 30.0}
    assert dfn.opportunities(people)["minutes_idle"].null_count() == 3


NOW = datetime(2026, 2, 6, 15, tzinfo=UTC)


class Guess:
    """A model that knows the probability of each visitor."""

    def __init__(self, **known: float) -> None:
        self.known = known

    def predict(self, snapshot: dfn.Snapshot, /) -> pl.DataFrame:
        ids, chances = [*self.known], [*self.known.values()]
        return pl.DataFrame({"visitor_id": ids, "probability": chances}).with_columns(
            expected_value=50 * pl.col("probability")
        )


def here(*people: tuple[str | None, float, float]) -> dfn.Snapshot:
    """Return a snapshot of visitors: their id, minutes idle and expected value."""
    rows = [
        {"visitor_id": who, "session_start_time": NOW - timedelta(minutes=idle), **likelihood(80, 0.8, 0.02, value)}
        for who, idle, value in people
    ]
    return dfn.Snapshot(visitors(*rows), fetched_at=NOW)


def test_who_has_been_idle_for_over_two_minutes_comes_last_and_is_marked() -> None:
    snap = here(("gone", 2.1, 9), ("just", 2, 1), ("active", 0, 3), ("away", 9, 8))
    table = dfn.opportunities(snap).select("visitor_id", "is_idle")
    assert table.rows() == [("active", False), ("just", False), ("gone", True), ("away", True)]
    assert dfn.opportunities(snap, top=2)["visitor_id"].to_list() == ["active", "just"]


def test_a_frame_is_ranked_by_the_idle_times_that_it_has() -> None:
    people = here(("gone", 9, 9), ("new", 0, 1)).visitors
    plain = dfn.opportunities(people)
    assert plain.select("visitor_id", "is_idle").rows() == [("gone", None), ("new", None)]
    known = people.with_columns(minutes_idle=pl.Series([9.0, 0.0]))
    assert dfn.opportunities(known)["visitor_id"].to_list() == ["new", "gone"]


def test_a_model_ranks_them_with_the_service_s_figures_beside_its_own() -> None:
    snap = here(("a", 0, 9), (None, 0, 9), ("b", 5, 1))
    unsure = visitors({"visitor_id": "c"}, {"visitor_id": "d", "is_customer": True})
    snap = dfn.Snapshot(pl.concat([snap.visitors, unsure]), fetched_at=NOW)
    table = dfn.opportunities(snap, model=Guess(a=0.1, b=0.3, c=0.2, d=0.9))
    assert table.select("visitor_id", "probability", "expected_value", "predicted_value").rows() == [
        ("b", 0.3, 15.0, 1.0),
        ("c", 0.2, 10.0, None),
        ("a", 0.1, 5.0, 9.0),
        (None, None, None, 9.0),
    ]
    assert {*dfn.opportunities(snap).columns} == {*table.columns} - {"probability", "predicted_value"}
    assert dfn.opportunities(snap, top=1, model=Guess(c=0.1))["visitor_id"].to_list() == ["c"]


def test_what_can_not_be_ranked_by_a_model_is_refused() -> None:
    snap = here(("a", 0, 9))
    with pytest.raises(TypeError, match="A model ranks a snapshot"):
        dfn.opportunities(snap.visitors, model=Guess(a=0.1))
    with pytest.raises(TypeError, match=r"what dfn\.learn\(history\) returns, not str"):
        dfn.opportunities(snap, model="model.json")  # type: ignore[call-overload]
