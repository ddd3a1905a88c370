"""The currencies of payments: one code for each, however it was written."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.schema import RANGES
from datafast_nb.text import money

if TYPE_CHECKING:
    from collections.abc import Mapping

SYMBOLS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "$": ("USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD", "ARS", "CLP", "COP"),
        "€": ("EUR",),
        "£": ("GBP", "EGP"),
        "¥": ("JPY", "CNY"),
        "₹": ("INR",),
        "₩": ("KRW",),
    }
)
"""The currencies that each sign may stand for."""


def with_codes(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the currencies of payments as codes in upper case, without surrounding blanks; null where none is named.

    A sign becomes the only one of its currencies that other payments name. If they name none of them, or more than
    one, the sign stays.
    """
    return _with_signs_replaced(_in_upper_case(frame))


def coded(payments: pl.DataFrame) -> pl.DataFrame:
    """Return Polars payments with their currencies as `with_codes` returns them."""
    if _are_codes(payments["currency"]):  # the usual case, and cheaper to check than to write anew
        return payments
    written: pl.DataFrame = _in_upper_case(nw.from_native(payments.lazy())).collect().to_native()
    if not written["currency"].is_in(list(SYMBOLS)).any():
        return written
    result: pl.DataFrame = _with_signs_replaced(nw.from_native(written.lazy())).collect().to_native()
    return result


def _are_codes(currencies: pl.Series) -> bool:
    """Return whether all currencies are codes as `with_codes` returns them; not for text that it may not change."""
    named = currencies.drop_nulls().unique()
    return currencies.dtype == pl.String and all(each.isascii() and each.isalpha() and each.isupper() for each in named)


def _in_upper_case(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the payments with their currencies as they are written, but for case and surrounding blanks."""
    code = nw.col("currency").cast(nw.String).str.replace_all(r"^\s+|\s+$", "").str.to_uppercase()
    return frame.with_columns(currency=nw.when(code != "").then(code))


def _with_signs_replaced(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the payments with codes for the signs of which the other payments name one currency."""
    for sign, known in SYMBOLS.items():
        named = [(nw.col("currency") == each).cast(nw.Int64).max().fill_null(0) for each in known]
        frame = frame.with_columns(**{f"_is_named_{place}": each for place, each in enumerate(named)})
        names = [f"_is_named_{place}" for place in range(len(known))]
        meant = nw.coalesce(
            *(nw.when(nw.col(it) == 1).then(nw.lit(each)) for it, each in zip(names, known, strict=True))
        )
        only = (nw.col("currency") == sign) & (nw.sum_horizontal(*names) == 1)
        frame = frame.with_columns(currency=nw.when(only).then(meant).otherwise(nw.col("currency"))).drop(names)
    return frame


def received(payments: pl.DataFrame, most: int, *, exact: bool = False) -> tuple[list[str], int]:
    """Return the formatted sum of each currency, those with most payments first; never add different currencies.

    Parameters
    ----------
    payments : polars.DataFrame
        Payments, with the columns ``amount`` and ``currency``. Amounts outside `schema.RANGES` are ignored.
    most : int
        The most currencies to return.
    exact : bool
        Whether to keep the cents of large sums.

    Returns
    -------
    tuple of list of str and int
        The sums, and the number of currencies that were left out.

    Examples
    --------
    >>> paid = pl.DataFrame({"amount": [10.0, 20.0, 8.0, 5.0], "currency": ["EUR", "EUR", "USD", None]})
    >>> received(paid, most=2)
    (['€30.00', '$8.00'], 1)
    """
    sums = (
        coded(payments)
        .group_by("currency")
        .agg(pl.col("amount").filter(pl.col("amount").is_between(*RANGES["amount"])).sum(), pl.len())
        .sort("len", "currency", descending=[True, False], nulls_last=True)
    )
    written = [
        money(amount, currency or "no currency", exact=exact) for currency, amount, _ in sums.head(most).iter_rows()
    ]
    return written, sums.height - len(written)
