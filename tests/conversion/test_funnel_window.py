"""How a funnel's window, its time limit and its unit determine who is counted, on the way, and lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

import datafast_nb as dfn
from datafast_nb.schema import EVENTS
from tests.conversion.tables import payments, visitors

START = datetime(2026, 2, 6, 15, tzinfo=UTC)
HOUR = 3_600.0
Happening = tuple[str, float, str]  # a visitor, seconds, and a page or the name of an event


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def events(*happenings: Happening, **more: Sequence[Any]) -> pl.DataFrame:
    rows = [
        {
            "event_id": str(place),
            "type": "pageview" if what.startswith("/") else what,
            "visitor_id": visitor,
            "timestamp": at(seconds),
            "path": what if what.startswith("/") else "/",
            **{name: values[place] for name, values in more.items()},
        }
        for place, (visitor, seconds, what) in enumerate(happenings)
    ]
    return pl.DataFrame(rows, schema=EVENTS)


def counts(table: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return table.select(columns or ("visitors", "on_the_way", "dropped")).rows()


class TestStillOnTheWay:
    def test_of_a_snapshot_are_those_who_are_here(self) -> None:
        happened = events(("a", 0, "/"), ("b", 0, "/"), ("c", 0, "/"), ("c", 9, "/pricing"))
        snap = dfn.Snapshot(visitors({"visitor_id": "a"}, {"visitor_id": "c"}), happened, fetched_at=at(60))
        assert counts(dfn.funnel(snap, ["/", "/pricing"])) == [(3, 0, 0), (1, 1, 1)]

    def test_of_a_snapshot_are_none_whose_time_is_over(self) -> None:
        snap = dfn.Snapshot(visitors({"visitor_id": "a"}), events(("a", 0, "/")), fetched_at=at(60))
        assert counts(dfn.funnel(snap, ["/", "/pricing"], within="61s"))[1] == (0, 1, 0)
        assert counts(dfn.funnel(snap, ["/", "/pricing"], within="60s"))[1] == (0, 0, 1)

    def test_of_events_are_those_seen_in_the_last_half_hour(self) -> None:
        happened = events(("a", 0, "/"), ("b", 1, "/"), ("end", 1_800, "/docs"))
        assert counts(dfn.funnel(happened, ["/", "/pricing"])) == [(2, 0, 0), (0, 1, 1)]

    def test_with_a_limit_of_time_all_who_have_some_left(self) -> None:
        happened = events(("a", 0, "/"), ("b", 10, "/"), ("end", 10 * HOUR, "/docs"))
        assert counts(dfn.funnel(happened, ["/", "/pricing"], within=10 * HOUR))[1] == (0, 1, 1)
        assert counts(dfn.funnel(happened, ["/", "/pricing"], within="11h"))[1] == (0, 2, 0)

    def test_a_new_beginning_has_its_own_time(self) -> None:
        happened = events(("a", 0, "/"), ("a", 9 * HOUR, "/"), ("end", 10 * HOUR, "/docs"))
        assert counts(dfn.funnel(happened, ["/", "/pricing"], within="2h"))[1] == (0, 1, 0)

    def test_no_visit_before_another_is(self) -> None:
        happened = events(("a", 0, "/"), ("a", 2 * HOUR, "/docs"), ("end", 2 * HOUR, "/docs"))
        columns = ("visits", "on_the_way", "dropped")
        assert counts(dfn.funnel(happened, ["/", "/pricing"], unit="visit"), *columns)[1] == (0, 0, 1)


class TestBeginning:
    def test_who_began_before_the_events_is_named_and_not_counted(self) -> None:
        happened = events(("first", 0, "/docs"), ("a", 60, "/pricing"), ("b", 60, "/pricing"), ("b", 70, "signup"))
        people = visitors(
            {"visitor_id": "first", "session_start_time": at(0)},
            {"visitor_id": "a", "session_start_time": at(50)},
            {"visitor_id": "b", "session_start_time": at(-50)},
        )
        snap = dfn.Snapshot(people, happened, fetched_at=at(80))
        table = dfn.funnel(snap, ["/", "/pricing", dfn.goal("signup")])
        assert counts(table, "visitors", "began_before") == [(0, 0), (0, 1), (0, 1)]

    def test_without_visitors_that_is_not_known(self) -> None:
        assert dfn.funnel(events(("a", 0, "/")), ["/"])["began_before"].to_list() == [None]

    def test_who_came_again_later_did_not_begin_before(self) -> None:
        happened = events(("first", 0, "/docs"), ("a", 2 * HOUR, "/pricing"))
        people = visitors(
            {"visitor_id": "a", "session_start_time": at(-10)},
            {"visitor_id": "a", "session_start_time": at(2 * HOUR)},
        )
        table = dfn.funnel(happened, ["/", "/pricing"], visitors=people)
        assert table["began_before"].to_list() == [0, 0]


class TestLimitOfTime:
    def test_a_step_29_days_later_counts_only_within_them(self) -> None:
        happened = events(("a", 0, "/"), ("a", 29 * 24 * HOUR, "/pricing"))
        for within, reached in ((None, 1), ("30d", 1), (timedelta(days=29), 1), ("28d", 0), (HOUR, 0)):
            assert dfn.funnel(happened, ["/", "/pricing"], within=within)["visitors"].to_list() == [1, reached]

    def test_is_measured_from_the_first_step(self) -> None:
        happened = events(("a", 0, "/"), ("a", 40, "/docs"), ("a", 80, "/pricing"))
        assert dfn.funnel(happened, ["/", "/docs", "/pricing"], within=79)["visitors"].to_list() == [1, 1, 0]

    def test_a_later_beginning_may_get_further(self) -> None:
        happened = events(("a", 0, "/"), ("a", 1_000, "/"), ("a", 1_010, "/pricing"))
        table = dfn.funnel(happened, ["/", "/pricing"], within="1m")
        assert counts(table, "visitors", "median_seconds") == [(1, None), (1, 10.0)]

    @pytest.mark.parametrize("within", [0, -1, "", "soon", "1 fortnight", timedelta(0), float("nan"), 1e300])
    def test_that_is_no_time_is_refused(self, within: Any) -> None:
        with pytest.raises(ValueError, match="give a time above 0"):
            dfn.funnel(events(("a", 0, "/")), ["/"], within=within)

    @pytest.mark.parametrize("within", [True, ["1h"], START])
    def test_of_another_kind_is_refused(self, within: Any) -> None:
        with pytest.raises(TypeError, match="within takes a timedelta"):
            dfn.funnel(events(("a", 0, "/")), ["/"], within=within)


class TestUnit:
    HAPPENED = events(("a", 0, "/"), ("a", 10, "/pricing"), ("a", 2 * HOUR, "/"), ("a", 4 * HOUR, "/pricing"))

    def test_a_person_is_one_however_often_they_come(self) -> None:
        table = dfn.funnel(self.HAPPENED, ["/", "/pricing"])
        assert counts(table, "visitors", "median_seconds") == [(1, None), (1, 10.0)]

    def test_each_visit_has_its_own_way(self) -> None:
        table = dfn.funnel(self.HAPPENED, ["/", "/pricing"], unit="visit")
        assert counts(table, "visits", "median_seconds") == [(2, None), (1, 10.0)]

    def test_a_visit_ends_where_the_visitors_say_that_the_next_begins(self) -> None:
        happened = events(("a", 0, "/"), ("a", 600, "/pricing"))
        people = visitors(
            {"visitor_id": "a", "session_start_time": at(0)}, {"visitor_id": "a", "session_start_time": at(600)}
        )
        reached = [
            dfn.funnel(happened, ["/", "/pricing"], unit="visit", visitors=known)["visits"].to_list()
            for known in (None, people)
        ]
        assert reached == [[1, 1], [1, 0]]
        paths = dfn.journeys(happened, visitors=people).select("path", "visits", "visitors").rows()
        assert paths == [("/", 1, 1), ("/pricing", 1, 1)]

    def test_a_visit_is_in_the_group_of_its_own_beginning(self) -> None:
        happened = events(("a", 0, "/"), ("a", 2 * HOUR, "/"), ("a", 2 * HOUR + 9, "/pricing"))
        people = visitors(
            {"visitor_id": "a", "session_start_time": at(2 * HOUR), "utm_source": "mail"},
            {"visitor_id": "a", "session_start_time": at(0), "utm_source": "ad"},
        )
        options: dict[str, Any] = {"by": "channel", "visitors": people}
        table = dfn.funnel(happened, ["/", "/pricing"], unit="visit", **options)
        assert counts(table, "channel", "visits") == [("ad", 1), ("ad", 0), ("mail", 1), ("mail", 1)]
        table = dfn.funnel(happened, ["/", "/pricing"], **options)
        assert counts(table, "channel", "visitors") == [("ad", 1), ("ad", 1)]

    def test_that_is_unknown_is_refused(self) -> None:
        with pytest.raises(ValueError, match="There are: visitor, visit"):
            dfn.funnel(dfn.Snapshot(), ["/"], unit="session")  # type: ignore[call-overload]

    def test_a_journey_ends_with_the_visit(self) -> None:
        table = dfn.journeys(self.HAPPENED)
        assert table.select("path", "visits", "visitors").rows() == [
            ("/ → /pricing", 1, 1),
            ("/", 1, 1),
            ("/pricing", 1, 1),
        ]


class TestSales:
    def test_of_nothing_or_less_are_none(self) -> None:
        walks = [
            ("a", 0, "/"),
            ("a", 5, "payment"),
            ("b", 0, "/"),
            ("b", 5, "payment"),
            ("c", 0, "/"),
            ("c", 5, "payment"),
        ]
        happened = events(*walks, amount=[None, 0, None, -49, None, 49])
        assert dfn.funnel(happened, ["/", dfn.payment()])["visitors"].to_list() == [3, 1]

    @pytest.mark.parametrize(("amount", "reached"), [(0.01, 1), (0, 0), (-49, 0), (None, 0), (float("nan"), 0)])
    def test_of_the_payments_are_those_above_nothing(self, amount: float | None, reached: int) -> None:
        people = visitors({"visitor_id": "a", "customer_email": "ann@example.com"})
        paid = payments({"payment_id": "1", "timestamp": at(6), "email": "ann@example.com", "amount": amount})
        snap = dfn.Snapshot(people, events(("a", 0, "/")), paid)
        assert dfn.funnel(snap, ["/", dfn.payment()])["visitors"].to_list() == [1, reached]

    def test_seen_as_event_and_as_payment_are_one_step(self) -> None:
        happened = events(("a", 0, "/"), ("a", 5, "payment"), amount=[None, 49])
        people = visitors({"visitor_id": "a", "customer_email": "ann@example.com"})
        once = {"payment_id": "1", "timestamp": at(6), "email": "ann@example.com", "amount": 49}
        twice = {**once, "payment_id": "2", "timestamp": at(700)}
        steps = ["/", dfn.payment(), dfn.payment()]
        for paid, reached in ((payments(once), [1, 1, 0]), (payments(once, twice), [1, 1, 1])):
            assert dfn.funnel(happened, steps, visitors=people, payments=paid)["visitors"].to_list() == reached


def test_intervals_are_wilson_s() -> None:
    happened = events(
        *((str(visitor), 0, "/") for visitor in range(9)), *((str(it), 1, "/b") for it in range(4)), ("1", 2, "/c")
    )
    table = dfn.funnel(happened, ["/", "/b", "/c"])
    for share, base in (("share_of_first", 9), ("share_of_previous", 4)):
        low, high = proportion_confint(1, base, method="wilson")
        assert table.row(2, named=True)[f"{share}_low"] == pytest.approx(low, rel=1e-12)
        assert table.row(2, named=True)[f"{share}_high"] == pytest.approx(high, rel=1e-12)
    assert table.row(0, named=True)["share_of_first_low"] is None


class TestClickHouse:
    """What ClickHouse documents and tests of ``windowFunnel``."""

    def length(self, happened: pl.DataFrame, steps: Sequence[Any], within: float) -> int:
        return sum(count > 0 for count in dfn.funnel(happened, steps, within=within)["visitors"])

    def test_the_documented_order_of_a_phone(self) -> None:
        days = {"1003": 1.417, "1009": 2.333, "1007": 3.375, "1010": 4.333}
        happened = events(*(("1", day * 24 * HOUR, name) for name, day in days.items()))
        assert self.length(happened, [dfn.goal(name) for name in days], 6_048_000_000) == 4

    @pytest.mark.parametrize(
        ("within", "names", "length"),
        [
            (10_000, [1000], 1),
            (10_000, [1000, 1001, 1002], 3),
            (10_000, [1000, 1001, 1002, 1008], 4),
            (1, [1000], 1),
            (2, [1003, 1004, 1005, 1006, 1007], 3),
            (3, [1003, 1004, 1005, 1006, 1007], 4),
            (4, [1003, 1004, 1005, 1006, 1007], 5),
            (10_000, [1001, 1008], 2),
            (10_000, [1008, 1001], 1),
        ],
    )
    def test_a_chain_of_events_a_second_apart(self, within: float, names: list[int], length: int) -> None:
        happened = events(*(("1", second, str(1000 + second)) for second in range(9)))
        assert self.length(happened, [dfn.goal(str(name)) for name in names], within) == length

    def test_six_users(self) -> None:
        walks = ("abc", "adbc", "aabbcc", "aaaabbcc", "aabbdcc", "ccbbaa")
        happened = [(str(user), second, what) for user, walk in enumerate(walks) for second, what in enumerate(walk)]
        steps = [dfn.goal(name) for name in "abc"]
        lengths = [
            self.length(events(*(it for it in happened if it[0] == str(user))), steps, 86_400) for user in range(6)
        ]
        assert lengths == [3, 3, 3, 3, 3, 1]
        assert dfn.funnel(events(*happened), steps, within=86_400)["visitors"].to_list() == [6, 5, 5]

    def test_steps_at_one_moment(self) -> None:
        names = {"1000": 0, "1001": 1, "1002": 1, "1003": 1, "1004": 2}
        happened = events(*(("1", second, name) for name, second in names.items()))
        assert self.length(happened, [dfn.goal(name) for name in names], 10_000) == 5
        assert self.length(happened, [dfn.goal("1004")] * 3, 10_000) == 1  # ClickHouse counts one event thrice


# Brute force

STEPS = ["/", "/a", "/b", "/a*", "/*"]
HISTORIES = st.lists(
    st.tuples(
        st.sampled_from("vw"), st.integers(0, 6).map(lambda it: it * 900.0), st.sampled_from(["/", "/a", "/ab", "/b"])
    ),
    max_size=8,
)


def fits(what: str, step: str) -> bool:
    return what.startswith(step[:-1]) if step.endswith("*") else what == step


def furthest(happened: list[Happening], steps: list[str], within: float | None) -> tuple[int, tuple[float, ...]]:
    """Try all ways through a visitor's happenings: the longest, then the earliest, step by step."""
    best: tuple[int, tuple[float, ...]] = (0, ())

    def go_on(way: list[Happening]) -> None:
        nonlocal best
        times = tuple(time for _, time, _ in way)
        if (-len(way), times) < (-best[0], best[1]):
            best = (len(way), times)
        if len(way) == len(steps):
            return
        for each in happened:
            late = bool(way) and within is not None and each[1] - way[0][1] > within
            if each not in way and fits(each[2], steps[len(way)]) and not late and (not way or each[1] >= way[-1][1]):
                go_on([*way, each])

    go_on([])
    return best


def visits_of(happened: list[Happening]) -> list[list[Happening]]:
    """Cut a visitor's happenings where there is none for half an hour."""
    found: list[list[Happening]] = []
    for each in sorted(happened, key=lambda it: it[1]):
        if not found or each[1] - found[-1][-1][1] > 1_800:
            found.append([])
        found[-1].append(each)
    return found


@given(
    HISTORIES,
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=4),
    st.sampled_from([None, 900.0, 1_800.0, 2_700.0]),
    st.sampled_from(["visitor", "visit"]),
)
def test_no_way_gets_further_than_the_one_that_is_counted(
    happened: list[Happening], steps: list[str], within: float | None, unit: Any
) -> None:
    # One event for each page, moment and visitor, as an event without an id is known by these.
    happened = sorted(set(happened))
    each = [[it for it in happened if it[0] == visitor] for visitor in "vw"]
    units = each if unit == "visitor" else [visit for all_of_one in each for visit in visits_of(all_of_one)]
    ways = [furthest(one, steps, within) for one in units]
    reached = [sum(length > place for length, _ in ways) for place in range(len(steps))]
    table = dfn.funnel(events(*happened), steps, within=within, unit=unit)
    assert table[f"{unit}s"].to_list() == reached
    for place in range(1, len(steps)):
        took = [times[place] - times[place - 1] for length, times in ways if length > place]
        assert table["median_seconds"][place] == pl.Series(took, dtype=pl.Float64).median()
    before = [reached[0], *reached[:-1]]
    assert (table[f"{unit}s"] + table["on_the_way"] + table["dropped"]).to_list() == before
    assert table["dropped"].min() >= 0  # type: ignore[operator]
