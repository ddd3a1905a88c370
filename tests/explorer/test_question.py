"""Questions: which visitors they are about, which groups are picked out, and what another click changes."""

from __future__ import annotations

from typing import Any

import pytest

from datafast_nb.explorer.question import Question, after_choosing, checked_dimensions
from datafast_nb.filters import Filters
from tests.explorer.panels import PEOPLE


def question(*by: str, **filters: Any) -> Question:
    return Question(by, "visitors", Filters().but(**filters))


def test_filters_of_other_dimensions_say_which_visitors_are_broken_down() -> None:
    visitors = question("country_code", device="mobile").visitors(PEOPLE)
    assert visitors["device"].unique().to_list() == ["mobile"]


def test_filters_of_the_dimension_itself_leave_the_other_groups_there() -> None:
    assert question("country_code", country_code="FR").visitors(PEOPLE).height == 60


def test_derived_dimensions_filter_and_leave_no_column_behind() -> None:
    visitors = question("device", channel="google").visitors(PEOPLE)
    assert visitors.columns == PEOPLE.visitors.columns
    assert visitors["utm_source"].unique().to_list() == ["google"]


def test_a_site_that_a_single_website_has_not_is_nobodys() -> None:
    assert question("device", site="shop").visitors(PEOPLE).is_empty()


@pytest.mark.parametrize(
    ("group", "filters", "expected"),
    [
        ({"country_code": "FR"}, {"country_code": ["FR", "DE"]}, True),
        ({"country_code": "fr"}, {"country_code": "FR"}, True),
        ({"country_code": None}, {"country_code": [None]}, True),
        ({"country_code": "US"}, {"country_code": "FR"}, False),
        ({"country_code": "US"}, {}, False),
        ({"country_code": "Germany"}, {"country_code": "DE"}, False),  # a service may send anything
        ({"is_customer": None}, {"is_customer": False}, True),
        ({"visit_count": 3}, {"visit_count": "3"}, True),
        ({"country_code": "FR", "device": "mobile"}, {"country_code": "FR"}, True),
        ({"country_code": "FR", "device": "mobile"}, {"country_code": "FR", "device": "tablet"}, False),
    ],
)
def test_a_group_is_picked_out_where_each_filter_of_its_dimensions_accepts_it(
    group: dict[str, Any], filters: dict[str, Any], expected: bool
) -> None:
    assert question(*group, **filters).picks(group) is expected


def test_groups_are_picked_one_by_one_and_let_go() -> None:
    one = question("country_code", country_code="FR")
    assert one.toggled({"country_code": "DE"}) == {"country_code": ["FR", "DE"]}
    assert one.toggled({"country_code": "FR"}) == {"country_code": None}
    assert one.toggled({"country_code": None}) == {"country_code": ["FR", None]}


def test_a_pair_takes_the_place_of_another_pair_and_is_let_go() -> None:
    pair = {"country_code": "FR", "device": "mobile"}
    asked = question(*pair, country_code="DE", device="tablet")
    assert asked.toggled(pair) == {"country_code": ["FR"], "device": ["mobile"]}
    assert question(*pair, **pair).toggled(pair) == {"country_code": None, "device": None}


@pytest.mark.parametrize(
    ("control", "dimension", "expected"),
    [
        ("first", "page", ("page", "device")),
        ("first", "device", ("device", "channel")),
        ("second", "page", ("channel", "page")),
        ("second", "channel", ("device", "channel")),
        ("second", None, ("channel",)),
    ],
)
def test_a_dimension_that_is_chosen_twice_changes_places(
    control: str, dimension: str | None, expected: tuple[str, ...]
) -> None:
    assert after_choosing(("channel", "device"), control, dimension) == expected


def test_the_only_dimension_chosen_again_stays_alone() -> None:
    assert after_choosing(("channel",), "second", "channel") == ("channel",)


@pytest.mark.parametrize(
    ("by", "error", "words"),
    [
        ("chanel", ValueError, "Did you mean 'channel'"),
        (["channel", "channel"], ValueError, "two different ones"),
        (["channel", "device", "page"], ValueError, "one dimension or two"),
        ([], ValueError, "one dimension or two"),
        (3, TypeError, "by='channel'"),
    ],
)
def test_what_can_not_be_broken_down_by_is_refused_with_what_can(by: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        checked_dimensions(by)
