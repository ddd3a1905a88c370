"""Whose payment it is, and which payments and events are one sale: the same for every engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import narwhals.stable.v2 as nw
import polars as pl
import pytest

from datafast_nb.conversion.events import matched_payments, opened_events, with_sales
from datafast_nb.schema import EVENTS
from tests.conversion.tables import payments, visitors
from tests.spark import collected

START = datetime(2026, 2, 6, 15, tzinfo=UTC)
Load = Callable[[pl.DataFrame], nw.LazyFrame[Any]]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture(params=["Polars", "DuckDB", "Spark"])
def load(request: pytest.FixtureRequest) -> Load:
    """Return what loads a frame into an engine."""
    if request.param == "Polars":
        return lambda frame: nw.from_native(frame.lazy())
    if request.param == "Spark":
        spark = request.getfixturevalue("spark")
        return lambda frame: nw.from_native(spark.createDataFrame(frame.to_arrow()))
    database = request.getfixturevalue("database")
    return lambda frame: nw.from_native(database.from_arrow(frame.to_arrow()))


@pytest.fixture
def database() -> Any:
    with duckdb.connect() as opened:
        yield opened


def rows(frame: nw.LazyFrame[Any], *columns: str) -> list[tuple[Any, ...]]:
    native = nw.to_native(frame.select(*columns))
    if isinstance(native, pl.LazyFrame):
        return sorted(native.collect().rows())
    return sorted((native.pl() if isinstance(native, duckdb.DuckDBPyRelation) else collected(native)).rows())


def payers(load: Load, paid: pl.DataFrame, people: pl.DataFrame) -> dict[str, str]:
    """Return the visitor of each payment by its id; each payment has one at most."""
    found = rows(matched_payments(load(paid), load(people)), "_event", "visitor_id")
    assert len({event for event, _ in found}) == len(found)
    return {event.removeprefix("payment "): visitor for event, visitor in found}


def test_a_payment_of_a_shared_address_is_of_the_visitor_seen_latest_before_it(load: Load) -> None:
    people = visitors(
        {"visitor_id": "phone", "customer_email": "ann@example.com", "session_start_time": at(0)},
        {"visitor_id": "laptop", "customer_email": " ANN@example.com", "session_start_time": at(60)},
        {"visitor_id": "tablet", "customer_email": "ann@example.com", "session_start_time": at(300)},
    )
    paid = payments(
        {"payment_id": "1", "timestamp": at(30), "email": "ann@example.com", "amount": 5},
        {"payment_id": "2", "timestamp": at(90), "email": "Ann@Example.com ", "amount": 5},
        {"payment_id": "3", "timestamp": at(300), "email": "ann@example.com", "amount": -5},
        {"payment_id": "4", "timestamp": at(-90), "email": "ann@example.com", "amount": 0},
    )
    found = payers(load, paid, people)
    assert {it: found[it] for it in "123"} == {"1": "phone", "2": "laptop", "3": "tablet"}
    assert set(found) == set("1234")


def test_a_state_in_which_the_address_was_not_known_yet_tells_that_its_visitor_was_there(load: Load) -> None:
    states = visitors(
        {"visitor_id": "phone", "customer_email": "ann@example.com"},
        {"visitor_id": "laptop"},
        {"visitor_id": "laptop", "customer_email": "ann@example.com"},
    ).with_columns(seen_at=pl.Series([at(0), at(50), at(70)]))
    paid = payments({"payment_id": "1", "timestamp": at(60), "email": "ann@example.com", "amount": 5})
    assert payers(load, paid, states) == {"1": "laptop"}


def test_a_name_never_overrides_an_address(load: Load) -> None:
    people = visitors(
        {"visitor_id": "known", "customer_email": "ann@example.com", "customer_name": "Ann Lee"},
        {"visitor_id": "later"},
        {"visitor_id": "later", "customer_email": "bo@example.com"},
        {"visitor_id": "later", "customer_name": "Bo Berg"},
        {"visitor_id": "unknown", "customer_name": "Cy Fox"},
    )
    paid = payments(
        {"payment_id": "1", "timestamp": at(0), "email": "other@example.com", "name": "Ann Lee", "amount": 5},
        {"payment_id": "2", "timestamp": at(0), "email": "other@example.com", "name": "Bo Berg", "amount": 5},
        {"payment_id": "3", "timestamp": at(0), "email": "other@example.com", "name": " cy fox ", "amount": 5},
        {"payment_id": "4", "timestamp": at(0), "name": "Ann Lee", "amount": 5},
    )
    assert payers(load, paid, people) == {"3": "unknown", "4": "known"}


def test_a_name_that_is_made_up_or_of_two_visitors_is_nobody_s(load: Load) -> None:
    people = visitors(
        {"visitor_id": "a", "display_name": "Brave Otter", "is_random_name": True},
        {"visitor_id": "b", "display_name": "Twin", "is_random_name": False},
        {"visitor_id": "c", "customer_name": "twin"},
        {"visitor_id": "d", "display_name": "Dee Roe", "is_random_name": False},
        {"visitor_id": "e", "display_name": "Dee Roe", "is_random_name": True},
        {"visitor_id": "f", "display_name": "Fast Fox", "customer_name": "Flo Fox", "is_random_name": True},
    )
    names = ["Brave Otter", "Twin", "Dee Roe", "Flo Fox", "Fast Fox"]
    paid = payments(*({"payment_id": name, "timestamp": at(0), "name": name, "amount": 5} for name in names))
    assert payers(load, paid, people) == {"Dee Roe": "d", "Flo Fox": "f"}


class Case(NamedTuple):
    """The events and payments of a visitor, and when that makes a sale; all times in seconds."""

    charges: list[tuple[float, float | None]]
    paid: list[tuple[float, float | None]]
    sales: list[float]
    kind: str = "payment"
    by: str = "{}"  # who has the events


def check(load: Load, *cases: Case) -> None:
    """See that each case has its sales and no others, in one query, as some engines take long to plan one."""
    happened = [
        {"event_id": f"{who} {place}", "type": it.kind, "visitor_id": it.by.format(who), "timestamp": at(seconds)}
        | {"amount": amount}
        for who, it in enumerate(cases)
        for place, (seconds, amount) in enumerate(it.charges)
    ]
    paid = [
        {"payment_id": f"{who} {place}", "timestamp": at(seconds), "email": f"{who}@example.com", "amount": amount}
        for who, it in enumerate(cases)
        for place, (seconds, amount) in enumerate(it.paid)
    ]
    people = visitors(
        *({"visitor_id": f"{who}", "customer_email": f"{who}@example.com"} for who, _ in enumerate(cases))
    )
    opened, _ = opened_events(nw.to_native(load(pl.DataFrame(happened, schema=EVENTS))), "a test")
    found = with_sales(opened, load(payments(*paid)), load(people)).filter(nw.col("_sale"))
    sales = [(f"{who}", 1_000 * at(seconds).timestamp()) for who, it in enumerate(cases) for seconds in it.sales]
    assert rows(found, "visitor_id", "_time") == sorted(sales)


def test_the_event_and_the_payment_of_one_sale_are_one(load: Load) -> None:
    check(
        load,
        Case([(0, 49)], [(20, 49)], [0]),
        Case([(0, None)], [(-20, 49)], [0]),
        Case([(0, 49)], [(599, None)], [0], kind="payment_received"),
    )


def test_two_sales_are_two_however_they_are_reported(load: Load) -> None:
    check(
        load,
        Case([(0, 49), (60, 49)], [(50, 49), (110, 49)], [0, 60]),
        Case([(0, 49), (300, 49)], [(5, 49)], [0, 300]),
        Case([(0, 49)], [(5, 20)], [0, 5]),
        Case([(0, 49)], [(700, 49)], [0, 700]),
        Case([(9_000, 49)], [(0, 49), (9_001, 49)], [0, 9_000]),
        Case([(0, 0)], [(5, 49)], [5], by="somebody else than {}"),
    )


def test_trials_and_refunds_are_no_sales(load: Load) -> None:
    check(
        load,
        Case([(0, 0), (60, -49)], [(1_000, 0), (2_000, -49), (3_000, None)], []),
        Case([(0, None)], [(5, 0)], []),
        Case([(0, None)], [], [0]),
    )


ANN = visitors({"visitor_id": "ann", "customer_email": "ann@example.com"})


def test_a_payment_shown_twice_is_one_and_two_without_ids_are_two() -> None:
    one = {"timestamp": at(0), "email": "ann@example.com", "amount": 5.0}
    paid = payments({"payment_id": "1", **one}, {"payment_id": "1", **one}, one, one | {"amount": 6.0})
    found = matched_payments(nw.from_native(paid.lazy()), nw.from_native(ANN.lazy()))
    assert [amount for (amount,) in rows(found, "_amount")] == [5, 5, 6]
