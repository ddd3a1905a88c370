"""Currencies as they are written in payments."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from datafast_nb.currencies import coded, with_codes


@pytest.mark.parametrize(
    "written",
    [
        ["USD", "EUR", None],
        [],
        [None, None],
        [" usd", "EUR ", ""],
        ["$", "AUD"],
        ["$", "AUD", "CAD"],
        ["€", "EUR"],
        ["ß", "ＵＳＤ", "EUR"],
        ["U S D", "usd", "USD1"],
    ],
)
def test_payments_in_polars_are_coded_as_those_of_any_frame(written: list[str | None]) -> None:
    payments = pl.DataFrame({"amount": [1.0] * len(written), "currency": pl.Series(written, dtype=pl.String)})
    expected = with_codes(nw.from_native(payments.lazy())).collect().to_native()
    assert coded(payments).equals(expected)
