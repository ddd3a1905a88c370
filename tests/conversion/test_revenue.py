"""What was paid: currencies, kinds and conversion at given rates."""

from __future__ import annotations

import math

import polars as pl
import pytest

import datafast_nb as dfn
from tests.conversion.tables import payments


class TestRevenue:
    def test_two_currencies_are_never_added(self) -> None:
        table = dfn.revenue(
            payments(
                {"amount": 10.0, "currency": "USD", "is_new": True},
                {"amount": 5.0, "currency": " usd ", "is_new": True},
                {"amount": 7.0, "currency": "EUR", "renewal": True, "is_new": True},
                {"amount": 3.0, "currency": None},
                {"amount": 2.0, "currency": " "},
            )
        )
        assert table.rows() == [
            ("EUR", "renewal", 1, 0, 7.0, 7.0),
            ("USD", "new", 2, 0, 15.0, 7.5),
            (None, "other", 2, 0, 5.0, 2.5),
        ]

    def test_refunds_are_taken_off_and_counted_and_missing_amounts_add_nothing(self) -> None:
        amounts = [10.0, -4.0, None, math.nan, math.inf, 0.0]
        table = dfn.revenue(payments(*({"amount": amount, "currency": "USD"} for amount in amounts)))
        assert table.rows() == [("USD", "other", 6, 1, 6.0, 0.0)]

    def test_a_lazy_frame_stays_lazy(self) -> None:
        assert isinstance(dfn.revenue(payments({"amount": 1.0}).lazy()), pl.LazyFrame)

    def test_a_snapshot_without_payments_gives_no_rows(self) -> None:
        assert dfn.revenue(dfn.Snapshot()).rows() == []

    def test_a_frame_that_lacks_a_column_is_refused(self) -> None:
        with pytest.raises(ValueError, match="'currency'"):
            dfn.revenue(payments().drop("currency"))


def test_a_sign_is_the_currency_that_the_other_payments_name() -> None:
    def codes(*written: str | None) -> list[str | None]:
        paid = payments(*({"amount": 1.0, "currency": each} for each in written))
        return dfn.revenue(paid)["currency"].to_list()

    assert codes("usd", " USD ", "$") == ["USD"]
    assert codes("cad", "$", "EUR", "€") == ["CAD", "EUR"]
    assert codes("CAD", "USD", "$") == ["$", "CAD", "USD"]
    assert codes("$", " ", None) == ["$", None]


def test_every_place_names_a_currency_alike_and_writes_yen_without_cents() -> None:
    written = ("jpy", "JPY ", "¥")
    snap = dfn.Snapshot(payments=payments(*({"amount": 500.0, "currency": each} for each in written)))
    assert "¥1,500<" in snap._repr_html_()
    assert dfn.revenue(snap).select("currency", "payments", "amount").rows() == [("JPY", 3, 1500.0)]
