"""What becomes of a response: the frames, and the values that fit no column."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafast_nb import Baseline, DataFastError, InvalidResponseError, ResponseWarning, Snapshot, wire
from datafast_nb.schema import EVENTS, PAYMENTS, PROBLEMS, VISITORS
from tests.responses import EXAMPLE, example, with_visitor


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
        (b'{"data": {"extra": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"}}", "nested"),
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
@settings(max_examples=400)
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
@settings(max_examples=200)
def test_garbage_ends_in_a_typed_error(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        Snapshot.from_json(body)


@given(st.integers(0, len(json.dumps(EXAMPLE)) - 1))
@settings(max_examples=200)
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
