"""Filters choose visitors by what a person can say, and say what they do."""

from __future__ import annotations

import inspect
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.conversion import ALIASES
from datafast_nb.filters import NAMES, Choices, Filters
from datafast_nb.livemap.frame_state import FrameState
from tests.livemap.sources import people

PEOPLE = people(
    8,
    country_code=pl.Series(["FR", "FR", "DE", None, "US", "US", "US", "fr"]),
    device=pl.Series(["mobile", "desktop", "mobile", "tablet", None, "mobile", "desktop", "mobile"]),
    referrer=pl.Series(["https://www.google.com/", *[None] * 7]),
    current_url=pl.Series(["https://x.example/pricing?a=1", "/pricing", "/docs", "/", None, "/", "/", "/"]),
    visit_count=pl.Series([1, 2, 1, None, 9, 1, 1, 1]),
    is_customer=pl.Series([True, False, False, None, True, False, False, False]),
    score=pl.Series([None, 80.0, 60.0, 40.0, None, 59.9, float("nan"), 10.0]),
    confidence=pl.Series([None, 0.9, 0.5, 0.4, None, 0.2, 0.8, 0.1]),
    display_name=pl.Series(["Ada", "Bob [x]", "Cy.*", "Ďuro", "e_%", "<b>Eve</b>", "ГРЕТА", None]),
    customer_email=pl.Series(["ada@example.org", *[None] * 7]),
    city=pl.Series(["Paris", "Paris", "Köln", None, "New York", "Boston", None, "Lyon"]),
    dimension_matches=pl.Series([["device", "country"], ["device"], None, [], None, None, None, ["referrer"]]),
)


def chosen(**filters: Any) -> list[int]:
    """Return the numbers of the visitors that pass."""
    frame = FrameState(PEOPLE).chosen(Filters().but(**filters))
    return [int(name[1:]) for name in frame["visitor_id"]]


def test_without_filters_everybody_is_chosen() -> None:
    assert chosen() == list(range(8))
    assert not Filters()
    assert Filters().chips() == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"device": "mobile"}, [0, 2, 5, 7]),
        ({"device": ["desktop", "tablet"]}, [1, 3, 6]),
        ({"device": ("desktop",)}, [1, 6]),
        ({"device": pl.Series(["tablet"])}, [3]),
        ({"device": [None]}, [4]),
        ({"device": ["tablet", None]}, [3, 4]),
        ({"device": "no such"}, []),
        ({"country_code": "DE"}, [2]),
        ({"country_code": "de"}, [2]),
        ({"country_code": ["DE", None]}, [2, 3]),
        ({"page": "/pricing"}, [0, 1]),
        ({"channel": "google.com"}, [0]),
        ({"visit_kind": "returning"}, [1, 4]),
        ({"is_customer": True}, [0, 4]),
        ({"is_customer": False}, [1, 2, 3, 5, 6, 7]),
        ({"min_score": 60}, [1, 2]),
        ({"min_score": 59.9}, [1, 2, 5]),
        ({"min_confidence": 0.5}, [1, 2, 6]),
        ({"dimension_matches": "device"}, [0, 1]),
        ({"dimension_matches": ["referrer", "country"]}, [0, 7]),
        ({"dimension_matches": [None]}, [2, 3, 4, 5, 6]),
        ({"city": "Paris", "device": "mobile"}, [0]),
        ({"device": "mobile", "min_score": 50, "text": "cy"}, [2]),
    ],
)
def test_each_filter_chooses(filters: dict[str, Any], expected: list[int]) -> None:
    assert chosen(**filters) == expected


def test_a_country_is_found_however_its_code_is_written() -> None:
    assert chosen(country_code="FR") == chosen(country_code="fr") == [0, 1, 7]


@pytest.mark.parametrize("name", ["country", "country_code"])
@pytest.mark.parametrize(
    ("value", "code", "country"),
    [("Germany", "DE", "Germany"), (["FR", "turkey"], "TR", "turkey"), (" USA ", "US", "USA")],
)
def test_a_country_given_by_its_name_is_refused_with_its_code(name: str, value: Any, code: str, country: str) -> None:
    explorer = dfn.Explorer(dfn.Snapshot())
    with pytest.raises(ValueError, match=f"^country_code holds two-letter codes: use '{code}' for {country}\\.$"):
        explorer.filter(**{name: value})
    assert explorer.filters == {}


def test_other_places_with_the_name_of_a_country_are_filters() -> None:
    assert set(Filters().but(region="Georgia", city="Luxembourg").values) == {"region", "city"}


def test_a_visitor_without_a_score_has_none_that_is_high_enough() -> None:
    assert not {0, 4, 6} & set(chosen(min_score=0.1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada", [0]),
        ("ADA@EXAMPLE", [0]),
        ("  paris ", [0, 1]),
        ("KÖLN", [2]),
        ("грета", [6]),
        ("google", [0]),
        ("/pricing", [0, 1]),
        ("[x]", [1]),
        (".*", [2]),
        ("_%", [4]),
        ("<b>", [5]),
        ("(", []),
        ("\\", []),
        ("\x00\u202e", []),
        ("a" * 100_000, []),
    ],
)
def test_free_text_is_looked_for_as_it_is(text: str, expected: list[int]) -> None:
    assert chosen(text=text) == expected


@pytest.mark.parametrize("blank", ["", "   ", None])
def test_no_text_is_no_filter(blank: str | None) -> None:
    assert Filters().but(text=blank) == Filters()


def test_none_takes_a_filter_away_and_leaves_the_others() -> None:
    filters = Filters().but(device="mobile", min_score=5).but(device=None)
    assert dict(filters.values) == {"min_score": 5.0}


@pytest.mark.parametrize("nothing", [{"device": []}, {"min_score": 0}, {"min_confidence": -1.0}])
def test_what_everybody_passes_is_no_filter(nothing: dict[str, Any]) -> None:
    assert not Filters().but(**nothing)


@pytest.mark.parametrize(
    ("name", "near"),
    [("contry", "country_code"), ("devices", "device"), ("min_scores", "min_score"), ("Text", "text")],
)
def test_an_unknown_name_is_refused_with_the_nearest_spelling(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=rf"There is no filter '{name}'. Did you mean '{near}'\?"):
        Filters().but(**{name: "x"})


def test_a_name_that_is_near_to_none_is_refused_with_all_there_are() -> None:
    with pytest.raises(ValueError, match=", ".join(NAMES)):
        Filters().but(zzz=1)


@pytest.mark.parametrize("value", ["60", True, [1], object()])
def test_a_limit_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"min_score is .*: it must be a number\."):
        Filters().but(min_score=value)


@pytest.mark.parametrize(
    "value", [3, 2.5, True, None, [None], ["x", 3, None], object(), b"bytes", "\x00", {"a": 1}, range(3), "x" * 10_000]
)
@pytest.mark.parametrize("name", ["country_code", "device", "is_customer", "visit_kind", "dimension_matches", "site"])
def test_a_value_of_another_type_is_nobodys_and_no_error(name: str, value: Any) -> None:
    filters = Filters().but(**{name: value})
    FrameState(PEOPLE).chosen(filters)
    assert all(len(chip["text"]) < 200 for chip in filters.chips())


@pytest.mark.parametrize(("name", "value"), [("min_score", float("nan")), ("min_score", 500), ("min_confidence", 60)])
def test_a_limit_beyond_its_scale_is_refused_with_the_scale(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is .*: it must be from 0 to"):
        Filters().but(**{name: value})


def test_a_limit_of_nought_or_less_is_none() -> None:
    assert Filters().but(min_score=-5) == Filters().but(min_confidence=0) == Filters()


def test_equal_choices_are_equal_however_they_were_made() -> None:
    one = Filters().but(device=["mobile", "mobile"]).but(min_score=5)
    two = Filters().but(min_score=5.0, device="mobile")
    assert one == two
    assert hash(one) == hash(two)


def test_a_choice_is_never_changed() -> None:
    filters = Filters()
    filters.but(device="mobile")
    assert not filters
    with pytest.raises(TypeError):
        filters.values["device"] = ("mobile",)  # type: ignore[index]


@pytest.mark.parametrize(
    ("filters", "label", "text"),
    [
        ({"country_code": "FR"}, "Country", "France"),
        ({"country_code": ["FR", "DE", "PT", "US", "GB"]}, "Country", "France, Germany, Portugal +2"),
        ({"device": ["mobile", None]}, "Device", "mobile, unknown"),
        ({"visit_kind": "new"}, "Visits", "new"),
        ({"is_customer": True}, "Customers", "customers"),
        ({"is_customer": False}, "Customers", "prospects"),
        ({"min_score": 60}, "Score from", "60"),
        ({"min_confidence": 0.25}, "Confidence from", "25%"),
        ({"text": " Ada "}, "Search", "Ada"),
        ({"utm_source": "x"}, "UTM source", "x"),
        ({"page": "/a\u202e\n<b>" + "x" * 1000}, "Page", "/a <b>" + "x" * 25 + "…"),
    ],
)
def test_a_chip_says_what_is_chosen(filters: dict[str, Any], label: str, text: str) -> None:
    (chip,) = Filters().but(**filters).chips()
    assert chip == {"name": next(iter(filters)), "label": label, "text": text}


def test_free_text_finds_a_country_by_its_name() -> None:
    live = FrameState(people(4, country_code=pl.Series(["FR", "fr", "DE", None])))
    assert live.chosen(Filters().but(text="franc"))["visitor_id"].to_list() == ["v0", "v1"]


@pytest.mark.parametrize("widget", [dfn.LiveMap, dfn.Explorer])
def test_an_editor_is_told_every_filter(widget: Any) -> None:
    assert {*Choices.__annotations__} == {*NAMES, *ALIASES}
    (_, locked, taken) = inspect.signature(widget.filter).parameters.values()
    assert str(locked) == "locked: 'bool' = False"
    assert str(taken) == "**filters: 'Unpack[Choices]'"


@pytest.mark.parametrize(
    "name", ["breakdown", "summary", "revenue", "drivers", "opportunities", "compare", "funnel", "journeys"]
)
def test_help_names_what_goes_in_and_comes_out(name: str) -> None:
    told = str(inspect.signature(getattr(dfn, name)))
    assert "Any'" not in told
    assert "-> 'AnyFrame'" in told
    assert "Snapshot | AnyFrame" in told


def test_a_filter_and_its_other_name_are_not_given_together() -> None:
    with pytest.raises(ValueError, match="are the same filter"):
        Filters().but(campaign="spring", utm_campaign="fall")


# Locked filters


def test_a_person_changes_other_filters_but_no_locked_one() -> None:
    filters = Filters().but(country_code="FR").lock("country").but(device="mobile")
    assert filters.locked == {"country_code"}
    assert filters.but_by_person(device=None).values == {"country_code": ("FR",)}
    for value in (None, "DE", "FR"):
        with pytest.raises(ValueError, match="locked"):
            filters.but_by_person(country=value)
    assert filters.only_locked().values == {"country_code": ("FR",)}


def test_code_unlocks_a_filter_by_setting_or_removing_it() -> None:
    filters = Filters().but(country_code="FR", device="mobile").lock("country_code", "device")
    assert filters.but(country_code="DE").locked == {"device"}
    assert filters.but(device=None).locked == {"country_code"}
    assert Filters().lock("device").locked == set()
