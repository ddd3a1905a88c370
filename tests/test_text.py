"""Amounts, countries and strangers' texts as a reader sees them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafast_nb.text import age, country_name, country_names, duration, money, nearest, place_name, plain, quoted


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (0.0, "USD", "$0.00"),
        (999.994, "USD", "$999.99"),
        (1000.0, "USD", "$1,000"),
        (49.5, "eur", "€49.50"),
        (49.5, "JPY", "¥50"),
        (1.2345, "KWD", "KWD\N{NO-BREAK SPACE}1.234"),
        (-0.5, "GBP", "-£0.50"),
        (5.0, "XQZ", "XQZ 5.00"),
        (5.0, "<b>", "<b> 5.00"),
        (5.0, None, "5.00"),
        (5.0, "", "5.00"),
        (5.0, "\u202e", "5.00"),
        (1e300, "USD", "$1e+300"),
        (None, "USD", ""),
        (math.nan, "USD", ""),
        (-math.inf, "USD", ""),
    ],
)
def test_an_amount_is_told_in_its_own_currency(amount: float | None, currency: str | None, shown: str) -> None:
    assert money(amount, currency) == shown


def test_an_amount_that_was_paid_is_told_to_the_cent() -> None:
    assert money(12_345.6, "USD") == "$12,346"
    assert money(12_345.6, "USD", exact=True) == "$12,345.60"
    assert money(12_345.6, "JPY", exact=True) == "¥12,346"


@pytest.mark.parametrize("amount", [-0.0, -0.001])
def test_nothing_has_no_sign(amount: float) -> None:
    assert money(amount, "USD") == "$0.00"


@given(st.floats() | st.none(), st.text(max_size=30) | st.none())
def test_any_amount_in_any_currency_is_short(amount: float | None, currency: str | None) -> None:
    assert len(money(amount, currency)) < 40


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("FR", "France"),
        ("fr", "France"),
        ("XX", "XX"),
        ("", ""),
        (None, ""),
        ("EU", "European Union"),
        ("<b>\u202e", "<b>"),
    ],
)
def test_a_country_is_named_or_stands_for_itself(code: str | None, name: str) -> None:
    assert country_name(code) == name


def test_every_country_has_a_name() -> None:
    assert len(country_names()) > 200
    assert all(len(code) == 2 and code.isupper() and name for code, name in country_names().items())


@pytest.mark.parametrize(
    ("city", "code", "name"),
    [
        ("Lisbon", "PT", "Lisbon, Portugal"),
        (None, "PT", "Portugal"),
        ("Lisbon", None, "Lisbon"),
        ("", "", "Unknown place"),
        ("  ", None, "Unknown place"),
    ],
)
def test_a_place_is_named_as_far_as_it_is_known(city: str | None, code: str | None, name: str) -> None:
    assert place_name(city, code) == name


@pytest.mark.parametrize("unseen", ["\x00", "\x1b", "\x7f", "\x9f", "\u202e", "\u2067", "\u200f", "\ufeff", "\n", "\t"])
def test_what_cannot_be_seen_is_taken_out(unseen: str) -> None:
    assert plain(f"{unseen}a{unseen}b{unseen}") == "a b"


@pytest.mark.parametrize("text", ["<b>&amp;", "שלום", "👩‍👩‍👧", "javascript:alert(1)", "a\u0301"])
def test_what_can_be_seen_stays(text: str) -> None:
    assert plain(text) == text


def test_a_text_is_cut_with_a_sign_that_it_was() -> None:
    assert plain("a" * 80, 80) == "a" * 80
    assert plain("a" * 81, 80) == "a" * 79 + "…"
    assert plain("a" * 10_000_000, 5) == "aaaa…"


@given(st.text(), st.integers(1, 40))
def test_any_text_is_short_and_printable_as_one_line(text: str, longest: int) -> None:
    words = plain(text, longest)
    assert len(words) <= longest
    assert len(words.splitlines()) <= 1
    assert words == words.strip()


@pytest.mark.parametrize("value", [None, 3, 1.5, True, [1], object])
def test_a_value_of_any_type_is_a_text(value: Any) -> None:
    assert plain(value)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (12.345, "12.3 s"),
        (59.4, "59.4 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (7_260, "2 h 1 min"),
        (86_399.9, "1 d"),
        (90_000, "1 d 1 h"),
        (1e9, "11,574 d 1 h"),
    ],
)
def test_a_duration_is_told_in_two_units_at_most(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (0.9, "0 s"), (119.9, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (2e8, "2,314 d")],
)
def test_an_age_is_rounded_down_in_one_unit(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


def test_a_name_of_a_page_of_text_is_cut_and_near_to_nothing() -> None:
    assert len(quoted("x" * 10_000)) < 70
    assert nearest("x" * 10_000, ["channel", "device"]) == ""
