"""Whose payment it is, and which payments and events are one sale: the same for every engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

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


def events(*charges: tuple[str, float, float | None], kind: str = "payment") -> pl.DataFrame:
    told = [
        {"event_id": f"e{place}", "type": kind, "visitor_id": visitor, "timestamp": at(seconds), "amount": amount}
        for place, (visitor, seconds, amount) in enumerate(charges)
    ]
    return pl.DataFrame(told, schema=EVENTS)


ANN = visitors({"visitor_id": "ann", "customer_email": "ann@example.com"})


def sold(load: Load, happened: pl.DataFrame, *paid: tuple[float, float | None]) -> list[float]:
    """Return the seconds of each sale of Ann's."""
    records = payments(
        *(
            {"payment_id": f"p{place}", "timestamp": at(seconds), "email": "ann@example.com", "amount": amount}
            for place, (seconds, amount) in enumerate(paid)
        )
    )
    opened, _ = opened_events(nw.to_native(load(happened)), "a test")
    found = with_sales(opened, load(records), load(ANN)).filter(nw.col("_sale"))
    assert {visitor for (visitor,) in rows(found, "visitor_id")} <= {"ann"}
    return [time / 1000 - START.timestamp() for (time,) in rows(found, "_time")]


def test_the_event_and_the_payment_of_one_sale_are_one(load: Load) -> None:
    assert sold(load, events(("ann", 0, 49)), (20, 49)) == [0]
    assert sold(load, events(("ann", 0, None)), (-20, 49)) == [0]
    assert sold(load, events(("ann", 0, 49), kind="payment_received"), (599, None)) == [0]


def test_two_sales_are_two_however_they_are_told(load: Load) -> None:
    assert sold(load, events(("ann", 0, 49), ("ann", 60, 49)), (50, 49), (110, 49)) == [0, 60]
    assert sold(load, events(("ann", 0, 49), ("ann", 300, 49)), (5, 49)) == [0, 300]
    assert sold(load, events(("ann", 0, 49)), (5, 20)) == [0, 5]
    assert sold(load, events(("ann", 0, 49)), (700, 49)) == [0, 700]
    assert sold(load, events(("ann", 9_000, 49)), (0, 49), (9_001, 49)) == [0, 9_000]
    assert sold(load, events(("bo", 0, 0)), (5, 49)) == [5]


def test_trials_and_refunds_are_no_sales(load: Load) -> None:
    assert sold(load, events(("ann", 0, 0), ("ann", 60, -49)), (1_000, 0), (2_000, -49), (3_000, None)) == []
    assert sold(load, events(("ann", 0, None)), (5, 0)) == []
    assert sold(load, events(("ann", 0, None))) == [0]


def test_a_payment_shown_twice_is_one_and_two_without_ids_are_two() -> None:
    one = {"timestamp": at(0), "email": "ann@example.com", "amount": 5.0}
    paid = payments({"payment_id": "1", **one}, {"payment_id": "1", **one}, one, one | {"amount": 6.0})
    found = matched_payments(nw.from_native(paid.lazy()), nw.from_native(ANN.lazy()))
    assert [amount for (amount,) in rows(found, "_amount")] == [5, 5, 6]
