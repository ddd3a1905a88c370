"""What the lists, the popup and the card say: plain, short texts, in the right order, whatever the data."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest

from datafast_nb import glossary
from datafast_nb.livemap import popups, sidebar
from datafast_nb.livemap.colors import CUSTOMER
from datafast_nb.livemap.frame_state import FrameState
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from datafast_nb.snapshot import Snapshot
from tests.livemap.sources import NOON, events, payments, people, visitors, written_by_strangers

HOSTILE = "\u202e\u2067\x00<img src=x onerror=alert(1)>\njavascript:alert(2) 👩‍👩‍👧 שלום " + "x" * 10_000
UNSEEN = set("\u202e\u2067\u2066\u2069\u200e\u200f\ufeff") | {chr(code) for code in (*range(32), *range(127, 160))}


def scene(here: pl.DataFrame, log: pl.DataFrame | None = None, made: pl.DataFrame | None = None) -> FrameState:
    """Make a scene."""
    return FrameState(Snapshot(here, log, made, fetched_at=NOON))


def listed(sort: Any = "score", most: int = sidebar.MOST_ROWS, **columns: Sequence[Any]) -> list[str]:
    """Return the names in the list of visitors in its order."""
    count = len(next(iter(columns.values())))
    here = people(
        count,
        display_name=pl.format("{}", pl.int_range(count)),
        **{"is_customer": False} | {name: pl.Series(values) for name, values in columns.items()},
    )
    return [row.name for row in sidebar.visitor_rows(FrameState(here).visitors, sort, most=most)]


def card(here: pl.DataFrame, log: pl.DataFrame | None = None, *, gone: bool = False) -> dict[str, Any]:
    """Return the card of the first visitor."""
    moment = scene(here, log)
    row = sidebar.row_of(moment.visitors)
    return sidebar.card(row, moment.events, here=not gone)


def texts(value: Any) -> list[str]:
    """Return all texts that a browser shows; keys and the data's own marks are not shown."""
    value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        return [text for name, each in value.items() if name not in {"key", "id", "visitor"} for text in texts(each)]
    if isinstance(value, (list, tuple)):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def is_sane(value: Any) -> bool:
    """Say whether all texts are short and hold nothing unseen, and all of it is JSON."""
    json.dumps(msgspec.to_builtins(value), allow_nan=False)
    return all(len(text) <= 200 and not UNSEEN & set(text) for text in texts(value))


# Visitors


def test_the_likeliest_come_first_and_customers_last() -> None:
    assert listed(score=[10.0, 90.0, 99.0, 50.0], is_customer=[False, False, True, None]) == ["1", "3", "0", "2"]


def test_the_most_valuable_come_first() -> None:
    assert listed("value", expected_value=[1.0, 30.0, None, 2.0]) == ["1", "3", "0", "2"]


def test_the_longest_on_the_site_come_first_or_the_newest() -> None:
    starts = [NOON, NOON - timedelta(hours=2), None, NOON + timedelta(hours=1)]
    assert listed("time", session_start_time=starts) == ["1", "0", "3", "2"]
    assert listed("newest", session_start_time=starts) == ["3", "0", "1", "2"]


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_who_has_no_score_comes_after_those_who_have(nothing: float | None) -> None:
    assert listed(score=[nothing, 1.0, nothing, 0.0])[:2] == ["1", "3"]


@pytest.mark.parametrize("sort", ["score", "value", "time", "newest"])
def test_equals_keep_their_order_from_one_refresh_to_the_next(sort: Any) -> None:
    here = visitors(500, score=50.0, session_start_time=NOON)
    rows = [
        sidebar.visitor_rows(scene(each).visitors, sort)
        for each in (here, here.reverse(), here.sample(500, shuffle=True, seed=1))
    ]
    assert rows[0] == rows[1] == rows[2]


def test_no_more_rows_are_sent_than_a_person_reads() -> None:
    assert len(sidebar.visitor_rows(scene(visitors(5000)).visitors, "score")) == sidebar.MOST_ROWS
    assert sidebar.visitor_rows(scene(visitors(0)).visitors, "score") == ()


def test_a_row_says_who_it_is() -> None:
    here = visitors(
        1,
        display_name="Ada",
        city="Lisbon",
        country_code="PT",
        device="mobile",
        browser="Safari",
        referrer="https://www.google.com/",
        current_url="https://x.example/pricing?plan=pro",
        visit_count=3,
        session_start_time=NOON,
        score=80.0,
        expected_value=2.5,
    )
    (row,) = sidebar.visitor_rows(scene(here).visitors, "score")
    shows = {
        name: getattr(row, name)
        for name in (
            *("name", "kind", "country", "place", "device", "browser", "channel", "page", "visit", "score", "value"),
            "since",
        )
    }
    assert shows == {
        "name": "Ada",
        "kind": "returning",
        "country": "PT",
        "place": "Lisbon",
        "device": "mobile",
        "browser": "Safari",
        "channel": "google",
        "page": "/pricing",
        "visit": 3,
        "score": 80.0,
        "value": "$2.50",
        "since": round(NOON.timestamp() * 1000),
    }


def test_a_customer_has_no_prospects_and_a_color_of_their_own() -> None:
    (row,) = sidebar.visitor_rows(scene(visitors(1, is_customer=True, score=80.0)).visitors, "score")
    assert (row.score, row.value, row.color, row.kind) == (None, "", CUSTOMER, "customer")


@pytest.mark.parametrize("blank", [None, "", "   ", "\u202e"])
def test_who_has_no_name_is_a_visitor(blank: str | None) -> None:
    (row,) = sidebar.visitor_rows(scene(visitors(1, display_name=blank)).visitors, "score")
    assert re.fullmatch("Visitor [0-9a-f]{4}", row.name)


def test_visitors_without_a_name_are_told_apart_and_keep_their_name_everywhere() -> None:
    log = events(*({"visitor_id": f"v{number}", "path": "/", "type": "pageview"} for number in range(3)))
    moment = scene(visitors(3, display_name=None), log)
    rows = sidebar.visitor_rows(moment.visitors, "score")
    assert len({row.name for row in rows}) == 3
    happened = sidebar.event_rows(moment.events, moment.visitors)
    assert {row.visitor: row.who for row in happened} == {row.id: row.name for row in rows}


def test_who_has_neither_name_nor_id_is_a_visitor() -> None:
    (row,) = sidebar.visitor_rows(scene(visitors(1, visitor_id=None, display_name=None)).visitors, "score")
    assert (row.id, row.name) == (None, "Visitor")


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"is_customer": True, "visit_count": 1}, "customer"),
        ({"is_customer": None, "visit_count": 1}, "new"),
        ({"is_customer": False, "visit_count": 2}, "returning"),
        ({"visit_count": None}, "unknown"),
    ],
)
def test_a_visitor_is_a_customer_returning_or_new(columns: dict[str, Any], kind: str) -> None:
    (row,) = sidebar.visitor_rows(scene(visitors(1, **columns)).visitors, "score")
    assert row.kind == kind


@pytest.mark.parametrize("code", ["XX", "T1", "<img src=x>", ""])
def test_a_code_of_no_country_has_no_flag(code: str) -> None:
    (row,) = sidebar.visitor_rows(scene(visitors(1, country_code=code)).visitors, "score")
    assert row.country == ""


def test_the_name_of_a_customer_stands_in_for_a_blank_one() -> None:
    (row,) = sidebar.visitor_rows(scene(visitors(1, display_name=" ", customer_name="Ada")).visitors, "score")
    assert row.name == "Ada"


def test_keys_are_text_since_a_browser_cannot_hold_such_numbers() -> None:
    rows = sidebar.visitor_rows(scene(visitors(50)).visitors, "score")
    assert all(isinstance(row.id, str) and row.id.isdigit() for row in rows)
    assert len({row.id for row in rows}) == 50
    (nobody,) = sidebar.visitor_rows(scene(visitors(1, visitor_id=None)).visitors, "score")
    assert nobody.id is None


# Events and payments


def happened(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the list of events, with two visitors here."""
    moment = scene(visitors(2), events(*rows))
    return sidebar.event_rows(moment.events, moment.visitors)


def test_the_newest_event_is_first_and_one_without_a_time_last() -> None:
    times: list[datetime | None] = [NOON, None, NOON + timedelta(seconds=3), NOON - timedelta(seconds=9)]
    rows = happened(
        *({"path": f"/{number}", "timestamp": each, "type": "pageview"} for number, each in enumerate(times))
    )
    assert [row.label for row in rows] == ["/2", "/0", "/3", "/1"]
    assert rows[-1].at is None


@pytest.mark.parametrize(
    ("row", "kind", "label", "amount"),
    [
        ({"type": "pageview", "path": "/a"}, "pageview", "/a", ""),
        ({"type": "pageview"}, "pageview", "?", ""),
        ({"type": "payment", "amount": 49.0, "extra_data": '{"currency": "eur"}'}, "payment", "payment", "€49.00"),
        ({"type": "payment", "amount": 49.0, "extra_data": "[" * 100_000}, "payment", "payment", "49.00"),
        ({"type": "payment", "amount": 49.0, "extra_data": '{"currency": {}}'}, "payment", "payment", "49.00"),
        ({"type": "payment", "amount": 49.0, "extra_data": "[1]"}, "payment", "payment", "49.00"),
        ({"type": "sign_up", "path": "/join"}, "goal", "sign up", ""),
        ({}, "goal", "event", ""),
        ({"type": "payment", "amount": math.nan}, "payment", "payment", ""),
    ],
)
def test_an_event_says_what_happened(row: dict[str, Any], kind: str, label: str, amount: str) -> None:
    (event,) = happened(row)
    assert (event.kind, event.label, event.amount) == (kind, label, amount)


def test_an_event_leads_to_its_visitor_only_while_they_are_here() -> None:
    moment = scene(visitors(1), events({"visitor_id": "v0"}, {"visitor_id": "gone"}, {}))
    rows = sidebar.event_rows(moment.events, moment.visitors)
    assert sorted(row.visitor or "" for row in rows) == ["", "", str(moment.visitors["_key"][0])]


@pytest.mark.parametrize(
    "ids", [["e", "e", "e"], [None, None, None], ["x" * 10_000 + each for each in "abc"], ["", "", ""]]
)
def test_each_row_of_a_list_has_a_key_of_its_own(ids: list[str | None]) -> None:
    log = [{"event_id": each, "visitor_id": "v0", "timestamp": NOON, "path": "/"} for each in ids]
    made = [{"payment_id": each, "timestamp": NOON, "amount": number} for number, each in enumerate(ids)]
    moment = scene(visitors(1), events(*log), payments(*made))
    one = sidebar.row_of(moment.visitors)
    for rows in (
        sidebar.event_rows(moment.events, moment.visitors),
        sidebar.payment_rows(moment.paid),
        sidebar.card(one, moment.events, here=True).events,
    ):
        assert len({row.key for row in rows}) == len(rows) >= 1
        assert all(len(row.key) <= 120 for row in rows)


def test_a_row_keeps_its_key_when_newer_ones_come() -> None:
    old = [{"event_id": f"e{number}", "timestamp": NOON, "visitor_id": "v0"} for number in range(3)]
    before = {row.key for row in happened(*old)}
    after = {row.key for row in happened({"event_id": "new", "timestamp": NOON + timedelta(1)}, *old)}
    assert before < after


def paid(**row: Any) -> dict[str, Any]:
    """Describe one payment; Ada in Lisbon is here."""
    moment = scene(
        visitors(1, display_name="Ada", city="Lisbon", country_code="PT"),
        None,
        payments({"amount": 49.0, "currency": "EUR", **row}),
    )
    (described,) = sidebar.payment_rows(moment.paid)
    return described


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"is_new": True}, "new"),
        ({"renewal": True}, "renewal"),
        ({"renewal": True, "is_new": True}, "renewal"),
        ({}, "other"),
        ({"amount": -5.0, "renewal": True}, "refund"),
        ({"amount": None}, "other"),
    ],
)
def test_a_payment_is_of_a_kind(row: dict[str, Any], kind: str) -> None:
    assert paid(**row).kind == kind


@pytest.mark.parametrize(
    ("row", "amount"),
    [
        ({}, "€49.00"),
        ({"currency": "jpy", "amount": 5000.4}, "¥5,000"),
        ({"currency": None}, "49.00"),
        ({"currency": "<b>"}, "<B> 49.00"),
        ({"amount": None}, "unknown amount"),
        ({"amount": math.inf}, "unknown amount"),
        ({"amount": -7.5}, "-€7.50"),
    ],
)
def test_a_payment_is_in_its_own_currency(row: dict[str, Any], amount: str) -> None:
    assert paid(**row).amount == amount


def test_a_payer_who_is_here_can_be_found_and_one_who_is_not_is_named() -> None:
    here, gone, nobody = paid(name="ada"), paid(email="grace@x.org"), paid()
    assert (here.note, here.visitor is None) == ("Lisbon, Portugal", False)
    assert (gone.who, gone.note, gone.visitor) == ("grace@x.org", "", None)
    assert nobody.who == "Somebody"


# Clusters


def test_a_cluster_is_named_by_its_commonest_places() -> None:
    cities = pl.Series(["Lyon", "Paris", "Paris", None, "Lille", "Metz"])
    here = visitors(6, city=cities, country_code="FR")
    assert popups.summary(scene(here).visitors).title == "Paris, France, Lille +2 places"
    assert popups.summary(scene(here[1:3]).visitors).title == "Paris, France"


def test_a_cluster_says_how_many_and_what_they_are_worth() -> None:
    here = visitors(4, score=pl.Series([40.0, 60.0, None, 99.0]), expected_value=2.0).with_columns(
        is_customer=pl.Series([False, False, False, True])
    )
    shows = popups.summary(scene(here).visitors)
    assert (shows.visitors, shows.customers, shows.score, shows.value) == (4, 1, 50, "$6.00")


def test_a_number_that_is_none_spoils_no_sum() -> None:
    here = visitors(
        3,
        score=pl.Series([40.0, math.nan, math.inf]),
        expected_value=pl.Series([2.0, math.nan, math.inf]),
        is_customer=False,
    )
    shows = popups.summary(scene(here).visitors)
    assert (shows.visitors, shows.customers, shows.score, shows.value) == (3, 0, 40, "$2.00")


def test_a_popup_lists_a_few_and_counts_the_others() -> None:
    shows = popups.popup("1/0/0", (0.0, 0.0), scene(visitors(300)).visitors)
    assert len(shows.rows) + shows.more == 300
    assert len(shows.rows) <= 20


def test_a_cluster_that_is_gone_is_said_to_be() -> None:
    shows = popups.popup("1/0/0", (0.0, 0.0), scene(visitors(0)).visitors)
    assert shows.summary.title == "Everyone has left"
    assert (shows.rows, shows.more) == ((), 0)


# The card


def test_a_card_tells_all_that_is_known() -> None:
    here = visitors(
        1,
        city="Lisbon",
        country_code="PT",
        region="PT-11",
        device="mobile",
        os="iOS",
        browser="Safari",
        visit_count=1234,
    )
    shows = {fact.label: fact.text for fact in card(here).facts}
    assert shows == {
        "Place": "Lisbon, Portugal",
        "Region": "PT-11",
        "Device": "mobile · iOS · Safari",
        "Channel": "direct",
        "Visit": "number 1,234",
    }


def test_a_cards_events_are_the_visitors_own_in_order() -> None:
    times = [NOON + timedelta(seconds=second) for second in (5, 1, 3)]
    own = [{"visitor_id": "v0", "type": "pageview", "path": f"/{when.second}", "timestamp": when} for when in times]
    shows = card(visitors(2), events({"visitor_id": "v1", "path": "/x"}, *own))
    assert [row.label for row in shows.events] == ["/1", "/3", "/5"]


def test_a_card_keeps_the_last_events_of_very_many() -> None:
    own = [
        {"visitor_id": "v0", "type": "pageview", "path": f"/{n}", "timestamp": NOON + timedelta(seconds=n)}
        for n in range(500)
    ]
    shows = card(visitors(1), events(*own)).events
    assert len(shows) <= 50
    assert shows[-1].label == "/499"


@pytest.mark.parametrize(
    ("score", "says"),
    [
        (80.0, "More likely to buy than the site's average visitor"),
        (20.0, "Less likely to buy than the site's average visitor"),
        (52.0, "About as likely to buy as the site's average visitor"),
    ],
)
def test_a_likelihood_is_told_against_the_average(score: float, says: str) -> None:
    likelihood = card(visitors(1, score=score, is_customer=False)).likelihood
    assert likelihood.words[0].startswith(says)


def test_a_likelihood_explains_its_terms() -> None:
    hints = card(visitors(1, score=70.0, is_customer=False)).likelihood.hints
    assert (hints.score, hints.confidence) == (glossary.meaning("score"), glossary.meaning("confidence"))


def test_a_likelihood_says_what_matched_how_sure_and_what_it_is_worth() -> None:
    here = visitors(
        1,
        score=80.0,
        confidence=0.3,
        conversion_rate=0.0125,
        expected_value=1.25,
        dimension_matches=pl.Series([["device", "utm_source", None]]),
    )
    likelihood = card(here).likelihood
    assert likelihood.reasons == ("device", "utm source")
    assert likelihood.confidence == "confidence 0.30; decisions need 0.5"
    said = " ".join(likelihood.words)
    assert "predicts 1.25% for such a visitor who is just arriving, worth $1.25." in said
    assert "confidence is too low to act on" in said
    assert "baseline" not in said


def test_a_baseline_is_said_to_be_one() -> None:
    assert "baseline" in " ".join(card(visitors(1, score=50.0)).likelihood.words)


@pytest.mark.parametrize("columns", [{"is_customer": True, "score": 80.0}, {"score": None}, {"score": math.nan}])
def test_without_a_prediction_there_is_no_likelihood(columns: dict[str, Any]) -> None:
    assert card(visitors(1, **columns)).likelihood is None


def test_who_has_left_is_said_to() -> None:
    assert card(visitors(1), gone=True).here is False


# Whatever strangers write


def test_hostile_text_is_cut_and_cleaned_everywhere() -> None:
    frames = [written_by_strangers(schema, HOSTILE, 30) for schema in (VISITORS, EVENTS, PAYMENTS)]
    here = frames[0].with_columns(
        dimension_matches=pl.lit([HOSTILE] * 50), score=pl.lit(70.0), latitude=pl.lit(1.0), longitude=pl.lit(1.0)
    )
    moment = scene(
        here, frames[1].with_columns(visitor_id=here["visitor_id"]), frames[2].with_columns(amount=pl.lit(5.0))
    )
    one = sidebar.row_of(moment.visitors)
    for shows in (
        sidebar.visitor_rows(moment.visitors, "score"),
        sidebar.event_rows(moment.events, moment.visitors),
        sidebar.payment_rows(moment.paid),
        popups.popup("1/0/0", (0.0, 0.0), moment.visitors),
        sidebar.card(one, moment.events, here=True),
    ):
        assert texts(shows)
        assert is_sane(shows)


def test_text_is_told_as_text_not_as_html() -> None:
    (row,) = sidebar.visitor_rows(scene(visitors(1, display_name="<b>Ada & Bob</b>")).visitors, "score")
    assert row.name == "<b>Ada & Bob</b>"


@pytest.mark.parametrize("absurd", [math.nan, math.inf, -math.inf, 1e308, -1e308])
def test_absurd_numbers_are_still_json(absurd: float) -> None:
    numbers = {name: absurd for name, dtype in VISITORS.items() if dtype == pl.Float64}
    moment = scene(visitors(3, **numbers), events({"amount": absurd}), payments({"amount": absurd, "currency": "USD"}))
    one = sidebar.row_of(moment.visitors)
    assert is_sane(popups.popup("1/0/0", (0.0, 0.0), moment.visitors))
    assert is_sane(sidebar.card(one | {"is_customer": False}, moment.events, here=True))
    assert is_sane(sidebar.event_rows(moment.events, moment.visitors))
    assert is_sane(sidebar.payment_rows(moment.paid))


@pytest.mark.parametrize("milliseconds", [2**53, -(2**53), 253_402_300_800_000])
def test_a_time_beyond_every_calendar_is_no_error(milliseconds: int) -> None:
    far = pl.lit(milliseconds).cast(pl.Datetime("ms", "UTC"))
    moment = scene(
        visitors(2, session_start_time=far),
        events({"visitor_id": "v0"}).with_columns(timestamp=far),
        payments({}).with_columns(timestamp=far),
    )
    assert len(sidebar.visitor_rows(moment.visitors, "time")) == 2
    assert len(sidebar.event_rows(moment.events, moment.visitors)) == 1
    assert len(sidebar.payment_rows(moment.paid)) == 1
