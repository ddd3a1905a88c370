"""What becomes of a response: the frames, and the values that fit no column."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafast_nb import Baseline, DataFastError, InvalidResponseError, ResponseWarning, Snapshot, wire
from datafast_nb.schema import EVENTS, PAYMENTS, PROBLEMS, VISITORS
from datafast_nb.wire import columns
from tests.responses import EXAMPLE, example, of_visitors, with_visitor


def quietly(body: bytes | str) -> Snapshot:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResponseWarning)
        return Snapshot.from_json(body)


def has_full_schema(snap: Snapshot) -> bool:
    frames = (snap.visitors, snap.events, snap.payments, snap.problems)
    return [frame.schema for frame in frames] == [VISITORS, EVENTS, PAYMENTS, PROBLEMS]


def test_the_documented_example_is_read_whole() -> None:
    snap = Snapshot.from_json(json.dumps(EXAMPLE))
    visitor = snap.visitors.row(0, named=True)
    assert has_full_schema(snap)
    assert snap.problems.is_empty()
    assert snap.count == 2
    assert snap.has_predictions
    assert snap.baseline is not None
    assert (snap.baseline.conversion_rate, snap.baseline.average_value) == (0.0044, 243.63)
    assert (visitor["city"], visitor["region"], visitor["country_code"]) == ("Denver", "US-CO", "US")
    assert (visitor["browser"], visitor["os"], visitor["device"]) == ("Chrome", "Mac OS", "desktop")
    assert visitor["session_start_time"] == datetime(2026, 2, 6, 5, 27, 20, tzinfo=UTC)
    assert visitor["dimension_matches"] == ["device", "os", "browser", "country", "referrer"]
    assert (visitor["score"], visitor["confidence"], visitor["expected_value"]) == (65.0, 0.763, 1.37)
    assert snap.events["extra_data"].to_list() == ["{}"]
    assert snap.payments.select("amount", "currency", "renewal").row(0) == (49.0, "USD", False)


def test_every_column_takes_its_value_from_the_place_that_the_schema_names() -> None:
    response = example()
    visitor = response["data"]["visitors"][0]
    visitor["params"] = {name: f"param {name}" for name in visitor["params"]}
    visitor |= {"referrer": "from", "customerName": "name", "customerEmail": "mail"}
    visitor["profileData"] = {"displayName": "shown", "userId": "id", "hasProfile": True, "isRandomName": False}
    row = Snapshot.from_json(json.dumps(response)).visitors.row(0, named=True)
    assert {name: row[name] for name in visitor["params"]} == visitor["params"]
    assert (row["referrer"], row["customer_name"], row["customer_email"]) == ("from", "name", "mail")
    assert (row["display_name"], row["user_id"], row["has_profile"], row["is_random_name"]) == (
        "shown",
        "id",
        True,
        False,
    )
    assert (row["conversion_rate"], row["average_value"], row["is_baseline"]) == (0.0056, 246.98, False)
    assert None not in row.values()


@pytest.mark.parametrize("part", ["Firefox", {"name": "Firefox", "version": "131"}])
def test_both_documented_shapes_of_system_are_read(part: object) -> None:
    snap = Snapshot.from_json(with_visitor(system={"browser": part, "os": None, "device": {"type": "mobile"}}))
    assert snap.visitors.select("browser", "os", "device").row(0) == ("Firefox", None, "mobile")


@pytest.mark.parametrize("lists", ["absent", None, []])
def test_a_list_that_is_absent_null_or_empty_gives_an_empty_frame_with_the_full_schema(lists: object) -> None:
    response = example()
    for name in ("visitors", "recentEvents", "recentPayments"):
        if lists == "absent":
            del response["data"][name]
        else:
            response["data"][name] = lists
    snap = Snapshot.from_json(json.dumps(response))
    assert has_full_schema(snap)
    assert snap.visitors.height == snap.events.height == snap.payments.height == 0


def test_without_conversion_data_there_is_no_baseline_and_no_prediction() -> None:
    snap = Snapshot.from_json('{"status": "success", "data": {"visitors": [{"visitorId": "a"}]}}')
    assert snap.baseline is None
    assert not snap.has_predictions
    assert snap.count == 1
    assert snap.visitors.drop("visitor_id").row(0) == (None,) * 34


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-06T05:27:20.123Z", datetime(2026, 2, 6, 5, 27, 20, 123_000, tzinfo=UTC)),
        ("2026-02-06T05:27:20Z", datetime(2026, 2, 6, 5, 27, 20, tzinfo=UTC)),
        ("2026-02-06T05:27:20+05:30", datetime(2026, 2, 5, 23, 57, 20, tzinfo=UTC)),
        ("2026-02-06T05:27:20.5-0800", datetime(2026, 2, 6, 13, 27, 20, 500_000, tzinfo=UTC)),
        ("2026-02-06T05:27:20", datetime(2026, 2, 6, 5, 27, 20, tzinfo=UTC)),
    ],
)
def test_times_are_read_with_and_without_fractions_and_offsets(text: str, moment: datetime) -> None:
    assert Snapshot.from_json(with_visitor(sessionStartTime=text)).visitors["session_start_time"].item() == moment


def test_times_of_every_form_may_stand_in_one_column() -> None:
    response = example()
    event = response["data"]["recentEvents"][0]
    forms = ["2026-02-06T05:27:20Z", "2026-02-06T07:27:20.000+02:00", "2026-02-06T05:27:20"]
    response["data"]["recentEvents"] = [{**event, "timestamp": form} for form in forms]
    assert Snapshot.from_json(json.dumps(response)).events["timestamp"].n_unique() == 1


def test_numbers_written_as_text_are_read_as_numbers() -> None:
    snap = Snapshot.from_json(with_visitor(latitude="39.7", visitCount="3"))
    assert snap.visitors.select("latitude", "visit_count").row(0) == (39.7, 3)
    assert snap.problems.is_empty()


def test_extra_data_stays_the_text_that_came() -> None:
    body = json.dumps(EXAMPLE).replace('"extraData": {}', '"extraData": {"plan":  "pro", "n": 1.50}')
    assert Snapshot.from_json(body).events["extra_data"].to_list() == ['{"plan":  "pro", "n": 1.50}']


@pytest.mark.parametrize(
    ("fields", "path", "column"),
    [
        ({"latitude": "north"}, "$.data.visitors[0].latitude", "latitude"),
        ({"latitude": 90.5}, "$.data.visitors[0].latitude", "latitude"),
        ({"longitude": -180.1}, "$.data.visitors[0].longitude", "longitude"),
        ({"latitude": "nan"}, "$.data.visitors[0].latitude", "latitude"),
        ({"visitCount": 2**63}, "$.data.visitors[0].visitCount", "visit_count"),
        ({"visitCount": 1.5}, "$.data.visitors[0].visitCount", "visit_count"),
        ({"currentUrl": 7}, "$.data.visitors[0].currentUrl", "current_url"),
        ({"isCustomer": "perhaps"}, "$.data.visitors[0].isCustomer", "is_customer"),
        ({"sessionStartTime": "yesterday"}, "$.data.visitors[0].sessionStartTime", "session_start_time"),
        ({"sessionStartTime": "+262142-12-31T23:59:59Z"}, "$.data.visitors[0].sessionStartTime", "session_start_time"),
        ({"location": {"city": [], "region": "US-CO"}}, "$.data.visitors[0].location.city", "city"),
        ({"system": {"browser": {"name": 3}}}, "$.data.visitors[0].system.browser.name", "browser"),
        (
            {"conversionLikelihood": {"score": 5, "raw": {"conversionRate": {}}}},
            "$.data.visitors[0].conversionLikelihood.raw.conversionRate",
            "conversion_rate",
        ),
        (
            {"conversionLikelihood": {"dimensionMatches": ["device", 3]}},
            "$.data.visitors[0].conversionLikelihood.dimensionMatches",
            "dimension_matches",
        ),
    ],
)
def test_a_bad_value_costs_that_value_and_one_row_of_problems(fields: dict[str, Any], path: str, column: str) -> None:
    body = with_visitor(**fields)
    with pytest.warns(ResponseWarning, match="snapshot.problems") as warned:
        snap = Snapshot.from_json(body)
    assert len(warned) == 1
    assert snap.problems["path"].to_list() == [path]
    assert snap.visitors[column].to_list() == [None]
    assert snap.visitors["visitor_id"].to_list() == ["b971cbbf-7ce2-4925-902b-8f95a5fb3449"]
    assert snap.events.height == snap.payments.height == 1
    with pytest.raises(InvalidResponseError, match="strict=True") as raised:
        Snapshot.from_json(body, strict=True)
    assert raised.value.path == path


def test_a_baseline_that_is_no_number_is_a_problem_too() -> None:
    response = example()
    response["data"]["conversionMetrics"]["baselineConversionRate"] = "nan"
    snap = quietly(json.dumps(response))
    assert snap.baseline == Baseline(None, 243.63)
    assert snap.problems["path"].to_list() == ["$.data.conversionMetrics.baselineConversionRate"]


def test_many_bad_values_give_one_warning_and_a_row_each() -> None:
    response = example()
    visitor = response["data"]["visitors"][0]
    response["data"]["visitors"] = [{**visitor, "latitude": "x", "visitCount": []} for _ in range(20)]
    with pytest.warns(ResponseWarning, match="40 value") as warned:
        snap = Snapshot.from_json(json.dumps(response))
    assert len(warned) == 1
    assert (snap.visitors.height, snap.problems.height) == (20, 40)


def test_a_record_that_is_no_object_is_noted_and_the_paths_of_later_ones_stay_true() -> None:
    response = example()
    visitor = response["data"]["visitors"][0]
    response["data"]["visitors"] = [None, visitor, 5, {**visitor, "latitude": 200}]
    snap = quietly(json.dumps(response))
    assert snap.visitors.height == 2
    assert snap.problems["path"].to_list() == [
        "$.data.visitors[0]",
        "$.data.visitors[2]",
        "$.data.visitors[3].latitude",
    ]


def test_half_an_emoji_costs_half_an_emoji() -> None:
    body = json.dumps(EXAMPLE).replace('"Denver"', r'"Den\ud83dver \ud83d\ude00 \\ud83d"')
    snap = Snapshot.from_json(body)
    assert snap.visitors["city"].to_list() == ["Den\ufffdver \U0001f600 \\ud83d"]


def test_a_long_bad_value_is_kept_as_an_excerpt() -> None:
    snap = quietly(with_visitor(visitCount="x" * 100_000))
    assert snap.problems["value"].str.len_chars().item() <= 200


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"   ", "not JSON"),
        (b"<html><body>502 Bad Gateway</body></html>", "not JSON"),
        (json.dumps(EXAMPLE).encode()[:300], "not JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b'{"status": "success", "data": {"visitors": [{"city": "\xff"}]}}', "UTF-8"),
        (b"[1, 2]", "no object"),
        (b"null", "no object"),
        (b"{}", "no data"),
        (b'{"data": []}', "no data"),
        (b'{"status": "error", "error": {"code": 500, "message": "it broke"}}', "it broke"),
        (b'{"status": "error", "message": "it broke"}', "it broke"),
        (b"[" * 200_000, "no object"),
        (b'{"data": {"extra": ' + b'{"a":' * 200_000, "not JSON|nested"),
        (json.dumps(EXAMPLE).encode("utf-16"), "UTF-16"),
        (json.dumps(EXAMPLE).encode("utf-16-be"), "UTF-16"),
        (b'{"data": [{}, {}]}', "no data"),
    ],
)
def test_a_body_that_is_no_realtime_map_ends_in_a_typed_error(body: bytes, says: str) -> None:
    with pytest.raises(InvalidResponseError, match=says):
        Snapshot.from_json(body)


PATHS = [("data", name) for name in EXAMPLE["data"]] + [
    ("data", records, 0, *path)
    for records in ("visitors", "recentEvents", "recentPayments")
    for path in [()]
    + [(name,) for name in EXAMPLE["data"][records][0]]
    + [(name, inner) for name, part in EXAMPLE["data"][records][0].items() if isinstance(part, dict) for inner in part]
]
ODD_TEXT = st.one_of(
    st.text(st.characters(), max_size=40),
    st.sampled_from(["\x00", "\u202ertl", "\ufeff", "🧑‍🚀" * 50, "<img src=x onerror=alert(1)>", "1e999", "NaN"]),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    ODD_TEXT,
    st.recursive(
        st.one_of(st.none(), st.integers(), ODD_TEXT),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3),
        max_leaves=6,
    ),
)
MUTATIONS = st.lists(
    st.tuples(st.sampled_from(PATHS), st.sampled_from(["drop", "replace", "extra", "duplicate"]), VALUES),
    min_size=1,
    max_size=4,
)


def mutate(response: dict[str, Any], path: tuple[Any, ...], change: str, value: object) -> None:
    """Change one place of a response, if an earlier change left it there."""
    *outer, last = path
    place: Any = response
    for step in outer:
        if not (isinstance(place, dict) and step in place) and not (isinstance(place, list) and step == 0 and place):
            return
        place = place[step]
    if change == "replace" and isinstance(place, dict):
        place[last] = value
    elif change == "drop" and isinstance(place, dict):
        place.pop(last, None)
    elif change == "extra" and isinstance(place, dict):
        place[f"{last}_extra"] = value
    elif change == "duplicate" and isinstance(place, list):
        place.append(value)


@given(MUTATIONS)
def test_any_mutation_of_the_example_gives_full_frames_or_a_typed_error(
    mutations: list[tuple[tuple[str | int, ...], str, object]],
) -> None:
    response = example()
    for path, change, value in mutations:
        mutate(response, path, change, value)
    body = json.dumps(response)
    try:
        snap = quietly(body)
    except DataFastError:
        return
    assert has_full_schema(snap)
    records = response["data"].get("visitors") if isinstance(response["data"], dict) else None
    if isinstance(records, list):
        assert snap.visitors.height == sum(isinstance(record, dict) for record in records)
    for frame in (snap.visitors, snap.events, snap.payments):
        numbers = frame.select(pl.col(pl.Float64).is_finite().all())
        assert all(numbers.row(0))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_garbage_ends_in_a_typed_error(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        Snapshot.from_json(body)


@given(st.integers(0, len(json.dumps(EXAMPLE)) - 1))
def test_a_truncated_body_ends_in_a_typed_error(length: int) -> None:
    with pytest.raises(InvalidResponseError):
        Snapshot.from_json(json.dumps(EXAMPLE)[:length])


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ('{"status": "error", "error": {"code": 401, "message": "revoked"}}', 401, "revoked"),
        ('{"status": "error", "error": {"code": "401", "message": "revoked"}}', 401, "revoked"),
        ('{"status": "error", "error": {"code": 401.0, "message": "revoked"}}', 401, "revoked"),
        ('{"status": "error", "error": {"code": "UNAUTHORIZED", "message": "revoked"}}', 401, "revoked"),
        ('{"status": "error", "error": {"code": "not found", "message": "no site"}}', 404, "no site"),
        ('{"status": "error", "error": {"code": "Too-Many-Requests"}}', 429, "Too-Many-Requests"),
        ('{"status": "error", "error": {"code": "PLAN_ENDED", "message": "pay"}}', None, "pay"),
        ('{"status": "error", "error": {"code": 7, "message": "revoked"}}', None, "revoked"),
        ('{"status": "error", "error": {"code": [], "message": {}}}', None, None),
        ('{"status": "error", "error": {"code": 400, "message": ["one", ["two", null]]}}', 400, "one; two"),
        ('{"status": "error", "error": {"message": {"websiteId": ["is missing"]}}}', None, "websiteId: is missing"),
        ('{"status": "error", "error": [{"code": 400, "message": "one"}, "two"]}', 400, "one; two"),
        ('{"status": "error", "error": "revoked"}', None, "revoked"),
        ('{"status": "error", "message": ["revoked"]}', None, "revoked"),
        ('{"status": " ERROR ", "message": "revoked"}', None, "revoked"),
        ('{"error": {"code": 403, "message": "revoked"}}', 403, "revoked"),
        ('\ufeff{"status": "error", "error": {"message": "revoked"}}', None, "revoked"),
        (r'{"status": "error", "error": {"message": "revoked \ud83d"}}', None, "revoked \ufffd"),
    ],
)
def test_what_an_error_says_is_read_in_whatever_shape(body: str, code: int | None, message: str | None) -> None:
    fault = wire.read_fault(body.encode())
    assert fault is not None
    assert (fault.code, fault.message) == (code, message)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>403 Forbidden</html>",
        b"[]",
        b'{"message": "Forbidden"}',
        b'{"status": 403, "error": "Forbidden"}',
        b'{"status": "error", "error": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"status": "error", "error": [' + b"{}," * 2**20 + b"{}]}",
    ],
)
def test_what_is_no_documented_error_says_nothing(body: bytes) -> None:
    assert wire.read_fault(body) is None


@pytest.mark.parametrize("status", ["error", "ERROR", " Error "])
def test_an_error_in_any_case_is_an_error(status: str) -> None:
    with pytest.raises(InvalidResponseError, match="it broke"):
        Snapshot.from_json(json.dumps({"status": status, "error": {"code": "X", "message": ["it broke"]}}))


# What other programs write for the same thing


def records(frame: str) -> str:
    return {"visitors": "visitors", "events": "recentEvents", "payments": "recentPayments"}[frame]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("7", "7"),
        ("-7", "-7"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("12345678901234567890.5", "12345678901234567890.5"),
        ("9" * 5_000, "9" * 5_000),
    ],
)
@pytest.mark.parametrize(
    ("frame", "field", "column"),
    [
        ("visitors", "visitorId", "visitor_id"),
        ("events", "visitorId", "visitor_id"),
        ("events", "_id", "event_id"),
        ("payments", "_id", "payment_id"),
    ],
)
def test_an_id_that_is_a_number_is_kept_as_text(frame: str, field: str, column: str, number: str, text: str) -> None:
    response = example()
    response["data"][records(frame)][0][field] = "NUMBER"
    snap = Snapshot.from_json(json.dumps(response).replace('"NUMBER"', number), strict=True)
    assert getattr(snap, frame)[column].to_list() == [text]


def test_visitors_with_numbers_for_ids_are_not_mixed_up() -> None:
    response = example()
    data = response["data"]
    numbers = [9007199254740993, 9007199254740992, 7, "7", 2**70, 2**70 + 1]
    visitor, event = data["visitors"][0], data["recentEvents"][0]
    data["visitors"] = [{**visitor, "visitorId": number, "profileData": {"userId": number}} for number in numbers]
    data["recentEvents"] = [{**event, "visitorId": number, "_id": number} for number in numbers]
    snap = Snapshot.from_json(json.dumps(response), strict=True)
    ids = [str(number) for number in numbers]
    assert snap.visitors["visitor_id"].to_list() == snap.visitors["user_id"].to_list() == ids
    assert snap.events["visitor_id"].to_list() == snap.events["event_id"].to_list() == ids


MOMENT = datetime(2026, 2, 6, 5, 27, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-06t05:27:20z",
        "2026-02-06 05:27:20Z",
        "2026-02-06 05:27:20",
        "2026-02-06 07:27:20.000+02",
        " 2026-02-06T05:27:20Z ",
        "2026-02-06 05:27:20 UTC",
        "2026-02-06T05:27:20,000Z",
        int(MOMENT.timestamp()),
        MOMENT.timestamp(),
        int(MOMENT.timestamp()) * 1_000,
        str(int(MOMENT.timestamp())),
        f" {int(MOMENT.timestamp())}\n",
        f"{MOMENT.timestamp() * 1_000:.1f}",
    ],
)
def test_times_are_read_in_the_forms_of_other_programs(written: object) -> None:
    response = example()
    data = response["data"]
    event, payment = data["recentEvents"][0], data["recentPayments"][0]
    data["visitors"][0]["sessionStartTime"] = written
    data["recentEvents"] = [event, {**event, "timestamp": written}]
    data["recentPayments"] = [payment, {**payment, "timestamp": written}]
    snap = Snapshot.from_json(json.dumps(response), strict=True)
    assert snap.visitors["session_start_time"].item() == MOMENT
    assert snap.events["timestamp"][1] == snap.payments["timestamp"][1] == MOMENT


@pytest.mark.parametrize("written", [0, -1, 2026, "20260206", 1e300, 4_102_444_800, 946_684_799, "1e999", True, [], {}])
def test_a_number_that_is_no_time_of_our_century_is_a_problem(written: object) -> None:
    snap = quietly(with_visitor(sessionStartTime=written))
    assert snap.visitors["session_start_time"].to_list() == [None]
    assert snap.problem_count == 1


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf" + json.dumps(EXAMPLE).encode(), "\ufeff" + json.dumps(EXAMPLE)])
def test_a_byte_order_mark_is_passed_over(body: bytes | str) -> None:
    assert Snapshot.from_json(body, strict=True).visitors.height == 1


@pytest.mark.parametrize("fields", [{}, {"latitude": "north"}])
def test_data_may_come_as_a_list_of_one(fields: dict[str, Any]) -> None:
    response = json.loads(with_visitor(**fields))
    response["data"] = [response["data"]]
    snap = quietly(json.dumps(response))
    assert (snap.visitors.height, snap.events.height, snap.problem_count) == (1, 1, len(fields))


@pytest.mark.parametrize(
    ("code", "read"),
    [("us", "US"), (" De ", "DE"), ("UK", "GB"), ("el", "GR"), ("XK", "XK"), ("", None), ("Germany", "Germany")]
    + [(code, None) for code in ("XX", "xx", "T1", "EU", "AP", "ZZ", "A1", "A2", "XA", "XB")],
)
def test_country_codes_are_read_in_any_case_and_no_country_is_unknown(code: str, read: str | None) -> None:
    response = example()
    response["data"]["visitors"][0]["location"]["countryCode"] = code
    response["data"]["recentEvents"][0]["countryCode"] = code
    snap = Snapshot.from_json(json.dumps(response), strict=True)
    assert snap.visitors["country_code"].to_list() == snap.events["country_code"].to_list() == [read]


# What a stranger, or a fault of the service, must not cost

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize("deep", ["[" * 1_000 + "]" * 1_000, DEEP, '{"a":' * 1_000 + "1" + "}" * 1_000])
@pytest.mark.parametrize(
    ("before", "problems"),
    [
        ('"extraData": {}', ["$.data.recentEvents[0].extraData"]),
        ('"city": "Denver"', ["$.data.visitors[0].location.city"]),
        ('"name": "Chrome"', ["$.data.visitors[0].system.browser.name"]),
        ('"conversionRate": 0.0056', ["$.data.visitors[0].conversionLikelihood.raw.conversionRate"]),
        ('"visitCount": 1', ["$.data.visitors[0].visitCount"]),
        ('"count": 2', ["$.data.count"]),
        ('"referrer": null, "customerName"', ["$.data.recentEvents[0].referrer"]),
    ],
)
def test_a_value_that_is_nested_deeply_costs_that_value(before: str, problems: list[str], deep: str) -> None:
    name = before.split(":", maxsplit=1)[0]
    after = f'{name}: {deep}, "customerName"' if before.endswith('"customerName"') else f"{name}: {deep}"
    snap = quietly(json.dumps(EXAMPLE).replace(before, after, 1))
    assert has_full_schema(snap)
    assert (snap.visitors.height, snap.events.height, snap.payments.height) == (1, 1, 1)
    assert snap.problems["path"].to_list() == problems


@pytest.mark.parametrize(
    "rest", [" " * 2**21, '"' + "a" * 2**21, '"' + r"\"" * 2**20 + "\\", "[" * 2**20, '["' * 2**19]
)
def test_what_follows_a_deep_value_is_read_once(rest: str) -> None:
    body = json.dumps(EXAMPLE).replace('"Denver"', DEEP)
    if rest.isspace():
        assert quietly(body + rest).visitors.height == 1
    else:
        with pytest.raises(InvalidResponseError):
            Snapshot.from_json(body + rest)
        with pytest.raises(InvalidResponseError):
            Snapshot.from_json(body.replace('"region"', rest))


@pytest.mark.parametrize("text", ['"', '\\"', "\\", "[" * 300, '\\\\"]}', "}{][", "\\u0022[", '","a":"'])
def test_brackets_and_quotes_in_texts_beside_a_deep_value_are_text(text: str) -> None:
    response = json.loads(with_visitor(currentUrl="/" + text, customerName=text))
    response["data"]["recentEvents"][0] |= {"extraData": {text: [text, {"a": [text]}]}, "path": text}
    body = json.dumps(response).replace('"Denver"', DEEP)
    snap = quietly(body)
    assert snap.problems["path"].to_list() == ["$.data.visitors[0].location.city"]
    assert snap.visitors.select("current_url", "customer_name").row(0) == ("/" + text, text)
    assert json.loads(snap.events["extra_data"].item()) == response["data"]["recentEvents"][0]["extraData"]


def test_deep_values_and_half_emoji_may_come_together() -> None:
    response = json.loads(with_visitor(currentUrl="HALF"))
    response["data"]["extra"] = "DEEP"
    body = json.dumps(response).replace("HALF", r"/\ud83d").replace('"DEEP"', DEEP)
    assert Snapshot.from_json(body, strict=True).visitors["current_url"].to_list() == ["/\ufffd"]


def test_what_is_nested_a_little_stays_as_it_came() -> None:
    nested = "[" * 150 + "]" * 150
    body = json.dumps(EXAMPLE).replace('"extraData": {}', f'"extraData": {nested}')
    body = body.replace('"region": "US-CO"', f'"region": "US-CO", "more": {DEEP}')
    assert Snapshot.from_json(body, strict=True).events["extra_data"].to_list() == [nested]


def test_wrong_values_beside_escaped_control_characters_are_told_apart() -> None:
    response = json.loads(of_visitors(4))
    for visitor, url in zip(response["data"]["visitors"], ["\0", "/\0/\n", ["\0"], {"\0": "\x1f"}], strict=True):
        visitor["currentUrl"] = url
    snap = quietly(json.dumps(response))
    assert snap.visitors["current_url"].to_list() == ["\0", "/\0/\n", None, None]
    assert snap.problems["value"].to_list() == [r'["\u0000"]', r'{"\u0000": "\u001f"}']


def test_of_many_wrong_values_the_first_are_kept_and_all_are_counted() -> None:
    response = example()
    response["data"]["visitors"] = [7] * 3_000
    with pytest.warns(ResponseWarning, match="3000 value.*has 1000 of them"):
        snap = Snapshot.from_json(json.dumps(response))
    assert (snap.problem_count, snap.problems.height, snap.visitors.height) == (3_000, 1_000, 0)
    assert snap.redacted().problem_count == Snapshot.of_sites({"shop": snap}).problem_count == 3_000


@pytest.mark.parametrize("item", ["{}", "7", "null", "[]", '"a"', '{"a":1}'])
@pytest.mark.parametrize("field", ["visitors", "recentEvents", "recentPayments"])
def test_more_records_than_a_map_can_show_are_refused(field: str, item: str) -> None:
    body = f'{{"data": {{"{field}": [{",".join([item] * 500_001)}]}}}}'
    with pytest.raises(InvalidResponseError, match="500,000 records") as raised:
        Snapshot.from_json(body)
    assert raised.value.path == f"$.data.{field}"


def test_the_problems_of_every_field_and_of_both_shapes_of_a_system_say_where_they_are() -> None:
    response = example()
    visitor = response["data"]["visitors"][0]
    response["data"]["visitors"] = [
        None,
        {**visitor, "system": {"browser": 7, "os": {"name": 8}}, "latitude": "é" * 300},
        {**visitor, "system": {"browser": {"name": 9}, "os": "Linux"}},
    ]
    response["data"] |= {"recentPayments": 5, "count": "many"}
    snap = quietly(json.dumps(response, ensure_ascii=False))
    at = "$.data.visitors"
    assert set(snap.problems.select("path", "value").rows()) == {
        (at + "[0]", "null"),
        (at + "[1].system.browser", "7"),
        (at + "[2].system.browser.name", "9"),
        (at + "[1].system.os.name", "8"),
        (at + "[1].latitude", '"' + "é" * 199),
        ("$.data.recentPayments", "5"),
        ("$.data.count", '"many"'),
    }
    assert snap.problem_count == snap.problems.height == 7
    assert snap.visitors["os"].to_list() == [None, "Linux"]


def test_a_flood_inside_one_value_costs_nobody_else() -> None:
    flood = "[" + "{}," * 600_000 + "1]"
    body = json.dumps(EXAMPLE).replace('"extraData": {}', f'"extraData": {flood}')
    snap = Snapshot.from_json(body, strict=True)
    assert snap.events["extra_data"].to_list() == [flood]


def test_reading_what_does_not_fit_ends_in_time() -> None:
    with pytest.raises(InvalidResponseError, match="deadline"):
        Snapshot.from_json(with_visitor(latitude="north"), deadline=0.0)
    assert Snapshot.from_json(json.dumps(EXAMPLE), deadline=0.0).visitors.height == 1


# Both ways of decoding


def frames(body: str) -> list[pl.DataFrame]:
    snap = quietly(body)
    return [snap.visitors, snap.events, snap.payments, pl.DataFrame({"count": [snap.count]})]


NUMBERS = st.sampled_from((None, True, False, 0, 1, 2, -1, 1.5, 3.0, 1e20, 2**53, 2**53 + 2, 2**63, 10**30))
WORDS = st.sampled_from(("", "0", "1", "3.0", "1e3", "true", "FALSE", "null", "nan", "/päge", '"', "\\", "1770355640"))


@given(
    st.lists(
        st.tuples(st.sampled_from(PATHS), st.sampled_from(["drop", "replace"]), NUMBERS | WORDS | VALUES), max_size=3
    )
)
def test_a_wrong_value_elsewhere_changes_no_other(mutations: list[tuple[tuple[str | int, ...], str, object]]) -> None:
    response = example()
    for path, change, value in mutations:
        mutate(response, path, change, value)
    alone = json.dumps(response)
    response["status"] = ["no text"]
    try:
        expected = frames(alone)
    except DataFastError:
        return
    for whole, salvaged in zip(expected, frames(json.dumps(response)), strict=True):
        assert whole.equals(salvaged, null_equal=True)


SPOILED: dict[str, dict[str, object]] = {
    "visitors": {
        "visitorId": [],
        "latitude": "north",
        "location": {"city": 3},
        "system": 5,
        "profileData": {"userId": {}},
    },
    "recentEvents": {"_id": [], "amount": "much", "path": 3},
    "recentPayments": {"_id": [], "renewal": "perhaps", "name": {}},
}
"""Records that fit nowhere, so that all others beside them are read field by field."""


@given(
    st.lists(
        st.tuples(st.sampled_from(PATHS), st.sampled_from(["drop", "replace"]), NUMBERS | WORDS | VALUES), max_size=3
    )
)
def test_records_read_field_by_field_give_the_same_rows(
    mutations: list[tuple[tuple[str | int, ...], str, object]],
) -> None:
    response = example()
    for path, change, value in mutations:
        mutate(response, path, change, value)
    try:
        expected = frames(json.dumps(response))[:3]
    except DataFastError:
        return
    for name, spoiled in SPOILED.items():
        if isinstance(response["data"].get(name), list):
            response["data"][name].append(spoiled)
    for whole, salvaged in zip(expected, frames(json.dumps(response)), strict=False):
        assert whole.equals(salvaged.head(whole.height), null_equal=True)


CHILD = """
import resource, sys, warnings
import datafast_nb
from datafast_nb import InvalidResponseError, Snapshot

warnings.simplefilter("ignore")
Snapshot.from_json('{"data": {"visitors": [{}]}}')
body = b'{"data": {"visitors": [' + sys.argv[1].encode() * 3_000_000 + b"{}]}}"
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Snapshot.from_json(body)
except InvalidResponseError:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / len(body))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss differs")
@pytest.mark.parametrize("item", ["{},", "7,", '{"params":{}},', "{}" + 30 * " " + ","])
def test_a_flood_takes_little_memory_for_each_byte(item: str) -> None:
    child = subprocess.run([sys.executable, "-c", CHILD, item], capture_output=True, text=True, check=True)
    assert float(child.stdout) < 8


@pytest.mark.parametrize("wrong", [7, "word", {"a": 1}, [1], True])
def test_the_kind_of_a_wrong_field_is_looked_at_once_for_all_records(
    monkeypatch: pytest.MonkeyPatch, wrong: object
) -> None:
    decodings: list[object] = []
    given = columns.decoder

    def counted(kind: Any) -> Any:
        decodings.append(kind)
        return given(kind)

    monkeypatch.setattr(columns, "decoder", counted)
    numbers = []
    for size in (2, 200):
        response = json.loads(of_visitors(size))
        for visitor in response["data"]["visitors"]:
            visitor |= {"currentUrl": wrong, "latitude": wrong, "isCustomer": wrong, "location": wrong}
        quietly(json.dumps(response))
        numbers.append(len(decodings))
        decodings.clear()
    assert numbers[0] == numbers[1]
