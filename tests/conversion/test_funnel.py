"""Funnels and journeys: who goes how far, in which order, and how long it takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import EVENTS
from tests.conversion.tables import payments, visitors

START = datetime(2026, 2, 6, 15, tzinfo=UTC)


def events(*walks: tuple[str, str]) -> pl.DataFrame:
    """Return the events of each visitor's walk: steps ten seconds apart; one in capitals is a goal, `+` at once."""
    rows: list[dict[str, Any]] = []
    for visitor, walk in walks:
        seconds = 0
        for place, step in enumerate(walk.split()):
            seconds += 0 if step.startswith("+") or not place else 10
            name = step.removeprefix("+")
            kind = "pageview" if name.startswith("/") else name
            path = name if kind == "pageview" else "/"
            when = START + timedelta(seconds=seconds)
            row = {
                "event_id": f"{visitor}{place}",
                "type": kind,
                "visitor_id": visitor,
                "timestamp": when,
                "path": path,
            }
            rows.append(row)
    return pl.DataFrame(rows, schema=EVENTS).sort("timestamp", descending=True)


def reached(table: pl.DataFrame) -> list[int]:
    return table["visitors"].to_list()


def test_visitors_are_counted_who_take_the_steps_in_order() -> None:
    walks = events(("a", "/ /pricing signup"), ("b", "/pricing / /docs"), ("c", "/ /docs /pricing"), ("d", "/docs"))
    table = dfn.funnel(walks, ["/", "/pricing", dfn.goal("signup")])
    columns = ("step", "name", "visitors", "share_of_first", "share_of_previous", "median_seconds")
    assert table.select(columns).rows() == [
        (1, "/", 3, 1.0, None, None),
        (2, "/pricing", 2, 2 / 3, 2 / 3, 15.0),
        (3, "signup", 1, 1 / 3, 0.5, 10.0),
    ]


def test_a_goal_at_the_moment_of_its_page_counts_whichever_is_named_first() -> None:
    walks = events(("a", "/ /welcome +signup"))
    assert reached(dfn.funnel(walks, ["/", "/welcome", dfn.goal("signup")])) == [1, 1, 1]
    assert reached(dfn.funnel(walks, ["/", dfn.goal("signup"), "/welcome"])) == [1, 1, 1]


def test_one_event_is_never_two_steps() -> None:
    assert reached(dfn.funnel(events(("a", "/ /pricing")), ["/", "/"])) == [1, 0]
    assert reached(dfn.funnel(events(("a", "/ /pricing +/")), ["/", "/pricing", "/"])) == [1, 1, 1]
    assert reached(dfn.funnel(events(("a", "/ +/pricing")), ["/", "/pricing", "/"])) == [1, 1, 0]


@pytest.mark.parametrize("ids", [["a", "b"], [None, None], ["same", "same"]])
def test_an_order_that_events_of_one_moment_allow_is_found(ids: list[str | None]) -> None:
    walk = (
        events(("v", "/pricing +/"))
        .sort("path", descending=True)
        .with_columns(event_id=pl.Series(ids, dtype=pl.String))
    )
    assert walk["path"].to_list() == ["/pricing", "/"]
    assert reached(dfn.funnel(walk, ["/", "/pricing"])) == [1, 1]
    assert reached(dfn.funnel(walk, ["/*", "/pricing"])) == [1, 1]
    assert reached(dfn.funnel(walk, ["/pricing", "/*"])) == [1, 1]


def test_an_event_without_an_id_is_no_two_steps_either() -> None:
    walk = events(("v", "/")).with_columns(event_id=pl.lit(None, dtype=pl.String))
    assert reached(dfn.funnel(walk, ["/", "/"])) == [1, 0]


def test_a_star_stands_for_all_pages_that_begin_so() -> None:
    assert reached(dfn.funnel(events(("a", "/docs/api"), ("b", "/docs?x=1")), ["/docs/*"])) == [1]
    assert reached(dfn.funnel(events(("a", "/docs?x=1")), ["/docs"])) == [1]


def test_a_payment_is_matched_by_address_or_else_by_a_name_that_is_one_visitor_s() -> None:
    walks = events(*((name, "/pricing") for name in "abcde"))
    people = visitors(
        {"visitor_id": "a", "customer_email": "Ann@example.com "},
        {"visitor_id": "b", "customer_name": "Bo Berg"},
        {"visitor_id": "c", "display_name": "Twin"},
        {"visitor_id": "d", "display_name": "Twin"},
        {"visitor_id": "e", "customer_email": "eve@example.com"},
    )
    later = START + timedelta(seconds=30)
    paid = payments(
        {"amount": 9, "timestamp": later, "email": "ann@example.com", "name": "Bo Berg"},
        {"amount": 9, "timestamp": later, "email": "unknown@example.com", "name": "bo berg"},
        {"amount": 9, "timestamp": later, "name": "Twin"},
        {"amount": 9, "timestamp": START - timedelta(seconds=1), "email": "eve@example.com"},
    )
    table = dfn.funnel(walks, ["/pricing", dfn.payment()], visitors=people, payments=paid)
    assert table.select("visitors", "median_seconds").rows() == [(5, None), (2, 30.0)]
    snap = dfn.Snapshot(people, walks, paid)
    assert reached(dfn.funnel(snap, ["/pricing", dfn.payment()])) == [5, 2]


def test_a_renewal_counts_only_if_asked_for() -> None:
    people = visitors({"visitor_id": "a", "customer_email": "ann@example.com"})
    paid = payments(
        {
            "timestamp": START + timedelta(seconds=5),
            "email": "ann@example.com",
            "renewal": True,
            "amount": 9,
        }
    )
    snap = dfn.Snapshot(people, events(("a", "/pricing")), paid)
    assert reached(dfn.funnel(snap, ["/pricing", dfn.payment()])) == [1, 0]
    assert reached(dfn.funnel(snap, ["/pricing", dfn.payment(renewals=True)])) == [1, 1]


def test_a_payment_event_is_enough() -> None:
    assert reached(dfn.funnel(events(("a", "/pricing payment")), ["/pricing", dfn.payment()])) == [1, 1]


def test_each_group_has_a_funnel_with_all_its_steps() -> None:
    people = visitors({"visitor_id": "a", "device": "mobile"}, {"visitor_id": "b"}, {"visitor_id": "c"})
    walks = events(("a", "/ /pricing"), ("b", "/"), ("c", "/"), ("d", "/pricing"))
    table = dfn.funnel(walks, ["/", "/pricing"], by="device", visitors=people)
    assert table.select("device", "step", "visitors").rows() == [
        (None, 1, 2),
        (None, 2, 0),
        ("mobile", 1, 1),
        ("mobile", 2, 1),
    ]


def test_without_events_every_step_has_nobody() -> None:
    table = dfn.funnel(dfn.Snapshot(), ["/", dfn.payment()])
    assert table.select("visitors", "share_of_first", "dropped").rows() == [(0, None, 0), (0, None, 0)]
    assert dfn.funnel(dfn.Snapshot(), ["/"], by="device").is_empty()


def test_events_without_a_visitor_or_a_time_are_passed_by() -> None:
    walks = events(("a", "/")).vstack(pl.DataFrame([{"type": "pageview", "path": "/"}], schema=EVENTS))
    assert reached(dfn.funnel(walks, ["/"])) == [1]
    assert dfn.journeys(walks)["visitors"].to_list() == [1]


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        ([], ValueError, "at least one step"),
        ("/pricing", TypeError, "steps takes a list"),
        (["/", 3], TypeError, "path of a page, a goal"),
        (["signup"], ValueError, r"goal\('signup'\)"),
    ],
)
def test_what_is_no_step_is_refused(steps: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        dfn.funnel(dfn.Snapshot(), steps)


def test_a_goal_has_a_name_and_is_no_page_view() -> None:
    with pytest.raises(ValueError, match="takes the name of an event"):
        dfn.goal(" ")
    with pytest.raises(ValueError, match="give the page's path"):
        dfn.goal("pageview")


def test_a_funnel_of_each_visitor_is_refused() -> None:
    with pytest.raises(ValueError, match="each visitor alone"):
        dfn.funnel(dfn.Snapshot(visitors({"visitor_id": "a"}), events(("a", "/"))), ["/"], by="visitor_id")


def test_groups_need_the_visitors() -> None:
    with pytest.raises(ValueError, match="visitors=frame"):
        dfn.funnel(events(("a", "/")), ["/"], by="device")


def test_journeys_are_the_most_common_paths_without_reloads() -> None:
    walks = events(("a", "/ / /pricing"), ("b", "/ /pricing"), ("c", "/docs signup"), ("d", "/ /pricing /docs /about"))
    table = dfn.journeys(walks, length=2)
    assert table.rows() == [
        ("/ → /pricing", 2, False, 2, 0.5, 2, 15.0, "/", "/pricing"),
        ("/ → /pricing → …", 2, True, 1, 0.25, 1, 10.0, "/", "/pricing"),
        ("/docs", 1, False, 1, 0.25, 1, 0.0, "/docs", None),
    ]
    assert dfn.journeys(walks, top=1, length=2).height == 1


def test_pages_with_an_arrow_in_their_name_are_no_longer_path() -> None:
    table = dfn.journeys(events(("a", "/x→/y"), ("b", "/x /y")), length=2)
    assert table["pages"].sort().to_list() == [1, 2]


def test_journeys_of_impossible_length_are_refused() -> None:
    for length in (0, 21):
        with pytest.raises(ValueError, match=f"length is {length}"):
            dfn.journeys(dfn.Snapshot(), length=length)
    assert dfn.journeys(dfn.Snapshot()).is_empty()
