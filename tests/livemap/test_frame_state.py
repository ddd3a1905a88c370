"""A scene is one moment with each visitor once; what is new in it; and who made which payment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from datafast_nb.filters import Filters
from datafast_nb.livemap.frame_state import ONE_SITE, FrameState, of_visitors, with_payers
from datafast_nb.snapshot import Snapshot
from tests.livemap.sources import NOON, events, payments, people, visitors


def paid(*rows: dict[str, Any], **columns: Any) -> pl.DataFrame:
    """Return the payers of some payments; two visitors are here."""
    here = visitors(2, **{"display_name": pl.Series(["Ada", "Bob"]), **columns})
    scene = FrameState(Snapshot(here, payments=payments(*rows), fetched_at=NOON))
    return with_payers(scene.payments, scene.visitors).join(
        scene.visitors.select("_key", "visitor_id"), on="_key", how="left", maintain_order="left"
    )


def scene(*ids: str | None, paid_ids: tuple[str | None, ...] = ()) -> FrameState:
    """Make a scene of visitors and payments by their ids."""
    here = visitors(len(ids), visitor_id=pl.Series(ids, dtype=pl.String))
    made = payments(*({"payment_id": each, "amount": 1.0} for each in paid_ids))
    return FrameState(Snapshot(here, payments=made, fetched_at=NOON))


# Each visitor once


def test_a_visitor_id_that_is_there_twice_is_one_visitor_the_first() -> None:
    doubled = FrameState(people(3, visitor_id=pl.Series(["a", "b", "a"]), city=pl.Series(["Rome", "Oslo", "Bern"])))
    assert doubled.visitors["city"].to_list() == ["Rome", "Oslo"]


def test_visitors_without_an_id_are_somebody_each() -> None:
    assert scene(None, None, "a", "a").visitors.height == 3


def test_before_the_first_answer_there_is_nobody() -> None:
    empty = FrameState(None)
    assert (empty.visitors.height, empty.events.height, empty.payments.height, empty.sites) == (0, 0, 0, frozenset())


def test_the_same_id_on_two_sites_is_two_visitors() -> None:
    together = FrameState(Snapshot.of_sites({"shop": people(5), "blog": people(5)}), ["shop", "blog"])
    assert together.visitors.height == 10
    assert together.visitors["_key"].n_unique() == 10


def test_a_visitors_key_stays_and_is_that_of_their_events() -> None:
    here = people(3)
    first = FrameState(Snapshot(here.visitors, events({"visitor_id": "v1"}, {"visitor_id": None}), fetched_at=NOON))
    second = FrameState(Snapshot(here.visitors.reverse(), fetched_at=NOON))
    assert first.visitors["_key"].to_list() == second.visitors["_key"].reverse().to_list()
    assert first.events["_key"].to_list() == [first.visitors["_key"][1], None]


def test_the_events_of_visitors_are_theirs_alone() -> None:
    log = events(*({"visitor_id": each} for each in ("v0", "v1", "v0", None, "gone")))
    moment = FrameState(Snapshot(visitors(2), log, fetched_at=NOON))
    assert of_visitors(moment.events, moment.visitors.head(1))["visitor_id"].to_list() == ["v0", "v0"]


def test_derived_dimensions_are_computed_when_asked_for_and_kept() -> None:
    moment = FrameState(people(4, visit_count=3))
    assert "visit_kind" not in moment.visitors.columns
    assert moment.chosen(Filters().but(visit_kind="returning")).height == 4
    assert "visit_kind" in moment.with_dimensions().columns


# News


def test_who_was_not_there_has_arrived() -> None:
    assert scene("a", "b", "c").news_since(scene("a", "x")).arrived["visitor_id"].to_list() == ["b", "c"]


def test_a_payment_that_was_not_there_is_new() -> None:
    news = scene("a", paid_ids=("p1", "p2")).news_since(scene("a", paid_ids=("p1",)))
    assert news.payments["payment_id"].to_list() == ["p2"]


def test_nothing_of_the_first_moment_is_news() -> None:
    news = scene("a", paid_ids=("p1",)).news_since(FrameState(None))
    assert (news.arrived.height, news.payments.height) == (0, 0)


def test_the_first_to_come_to_an_empty_site_is_news() -> None:
    assert scene("a").news_since(scene()).arrived.height == 1


def test_a_site_that_answers_for_the_first_time_announces_nothing() -> None:
    shop = people(3)
    before = FrameState(Snapshot.of_sites({"shop": shop}), ["shop"])
    more = Snapshot(visitors(4), payments=payments({"payment_id": "p"}), fetched_at=NOON)
    after = FrameState(Snapshot.of_sites({"shop": people(4), "blog": more}), ["shop", "blog"])
    news = after.news_since(before)
    assert news.arrived.select("site", "visitor_id").rows() == [("shop", "v3")]
    assert news.payments.height == 0


def test_who_cannot_be_known_again_does_not_arrive_over_and_over() -> None:
    assert scene(None, None).news_since(scene(None)).arrived.height == 0
    paid = scene(paid_ids=(None,))
    assert paid.news_since(scene()).payments.height == 1
    assert scene(paid_ids=(None,)).news_since(paid).payments.height == 0


def test_a_payment_that_is_there_twice_is_one_and_two_without_an_id_are_two() -> None:
    assert scene(paid_ids=("a", "a", "b")).payments["payment_id"].to_list() == ["a", "b"]
    blank = payments({"payment_id": "", "amount": 1.0}, {"payment_id": "", "amount": 2.0})
    assert FrameState(Snapshot(payments=blank, fetched_at=NOON)).payments.height == 2


def test_a_moment_without_change_has_no_news() -> None:
    news = scene("a", "b", paid_ids=("p",)).news_since(scene("b", "a", paid_ids=("p",)))
    assert (news.arrived.height, news.payments.height) == (0, 0)


# Who paid


def test_a_payer_is_found_by_the_address_whatever_its_case_and_blanks() -> None:
    found = paid({"email": " ADA@Example.org "}, customer_email=pl.Series(["bob@x.org", "ada@example.ORG"]))
    assert found["visitor_id"].to_list() == ["v1"]


def test_the_address_counts_before_the_name() -> None:
    found = paid({"email": "b@x.org", "name": "Ada"}, customer_email=pl.Series([None, "b@x.org"]))
    assert found["visitor_id"].to_list() == ["v1"]


def test_a_payer_is_found_by_name_where_the_address_is_nobodys() -> None:
    found = paid({"email": "other@x.org", "name": " bob"}, {"name": "ADA"}, {"name": "Grace"})
    assert found["visitor_id"].to_list() == ["v1", "v0", None]


def test_a_customers_name_counts_before_a_name_on_display() -> None:
    found = paid({"name": "Bob"}, customer_name=pl.Series(["Bob", None]))
    assert found["visitor_id"].to_list() == ["v0"]


@pytest.mark.parametrize("nobody", [None, "", "   "])
def test_blank_names_and_addresses_match_nobody(nobody: str | None) -> None:
    found = paid({"email": nobody, "name": nobody}, display_name=nobody, customer_name=nobody, customer_email=nobody)
    assert found["visitor_id"].to_list() == [None]


def test_of_several_with_one_name_it_is_the_first_and_the_payment_stays_one() -> None:
    assert paid({"name": "Ada"}, display_name="Ada")["visitor_id"].to_list() == ["v0"]


def test_payments_keep_their_order_and_their_columns() -> None:
    rows = [{"payment_id": f"p{number}", "name": name} for number, name in enumerate(["Bob", None, "Ada", "Bob"])]
    found = paid(*rows)
    assert found["payment_id"].to_list() == ["p0", "p1", "p2", "p3"]
    assert found["visitor_id"].to_list() == ["v1", None, "v0", "v1"]


def test_a_payer_without_a_place_is_found_too() -> None:
    found = paid({"name": "Ada"}, latitude=None)
    assert found.select("visitor_id", "latitude").row(0) == ("v0", None)


def test_a_payment_on_one_site_is_not_of_a_visitor_on_another() -> None:
    buyer = Snapshot(visitors(1, display_name="Ada"), fetched_at=NOON)
    till = Snapshot(visitors(0), payments=payments({"name": "Ada"}), fetched_at=NOON)
    moment = FrameState(Snapshot.of_sites({"blog": buyer, "shop": till}), ["blog", "shop"])
    assert with_payers(moment.payments, moment.visitors)["_key"].to_list() == [None]


def test_no_payments_have_no_payers() -> None:
    none = paid()
    assert none.height == 0
    assert {"_key", "latitude", "longitude", "city", "country_code"} <= set(none.columns)


def test_a_single_sites_name_is_empty() -> None:
    assert FrameState(people(2)).visitors["site"].to_list() == [ONE_SITE] * 2
    assert FrameState(Snapshot(fetched_at=NOON + timedelta(days=1))).sites == {ONE_SITE}


def test_a_payment_that_was_missing_for_a_moment_is_not_new() -> None:
    first, gap = scene(paid_ids=("a",)), FrameState(Snapshot(fetched_at=NOON), last=scene(paid_ids=("a",)))
    assert first.news_since(gap).payments.height == 0
    assert scene(paid_ids=("a", "b")).news_since(gap).payments["payment_id"].to_list() == ["b"]
