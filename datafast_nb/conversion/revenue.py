"""Payments by currency and kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_positive
from datafast_nb.conversion.frames import AnyFrame, Frame, counts, flag, number, opened, require
from datafast_nb.currencies import with_codes
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import quoted

_COLUMNS: Final = ("currency", "kind", "payments", "refunds", "amount", "median")
_MOST: Final = 1e12  # the most that a unit of a currency may be worth


@overload
def revenue(data: Snapshot, *, rates: Mapping[str, float] | None = None, currency: str = "USD") -> pl.DataFrame: ...
@overload
def revenue(data: Frame, *, rates: Mapping[str, float] | None = None, currency: str = "USD") -> Frame: ...
@overload
def revenue(
    data: Snapshot | AnyFrame, *, rates: Mapping[str, float] | None = None, currency: str = "USD"
) -> AnyFrame: ...
def revenue(data: Snapshot | AnyFrame, *, rates: Mapping[str, float] | None = None, currency: str = "USD") -> AnyFrame:
    """Add up the payments in each currency, separately for new customers and renewals.

    Different currencies are never added up, unless `rates` says what they are worth.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, or a frame of payments with the columns ``amount``, ``currency``, ``renewal`` and ``is_new``.
    rates : mapping of str to float, optional
        What one unit of a currency is worth in the reporting currency, such as ``{"EUR": 1.08}``. Payments in these
        currencies are converted. A payment in a currency that is not listed keeps its currency, in a separate row.
    currency : str, default "USD"
        The reporting currency; used only with `rates`.

    Returns
    -------
    frame
        One row for each currency and kind, sorted by both; of the same kind of frame as `data`, Polars for a snapshot:

        ==================== ==========================================================================
        ``currency``         in capitals; a sign such as ``$`` if the other payments don't reveal what it
                             stands for; null if the payment names none
        ``kind``             ``renewal``; else ``new``, a customer's first payment; else ``other``
        ``payments``         number of payments, whatever their amount
        ``refunds``          those of them with a negative amount
        ``amount``           sum of the amounts, in `currency`, less refunds; missing amounts, and those
                             beyond ± 10¹², add nothing
        ``median``           median of the amounts, in `currency`; null if there is none
        ==================== ==========================================================================

    Raises
    ------
    TypeError
        A rate is not a number, or not that of a code.
    ValueError
        The frame lacks a column, or a rate is not positive or above 10¹².

    Examples
    --------
    >>> import polars as pl
    >>> import datafast_nb as dfn
    >>> paid = {"amount": [10.0, 20.0, 8.0], "currency": ["EUR", "USD", "JPY"], "is_new": True, "renewal": False}
    >>> dfn.revenue(pl.DataFrame(paid), rates={"EUR": 1.1}).select("currency", "payments", "amount").rows()
    [('JPY', 1, 8.0), ('USD', 2, 31.0)]
    """
    known = {} if rates is None else checked_rates(rates, currency)
    frame, restore = opened(data.payments if isinstance(data, Snapshot) else data)
    require(frame, ("amount", "currency", "renewal", "is_new"), "revenue")
    kind = nw.when(flag("is_new")).then(nw.lit("new")).otherwise(nw.lit("other"))
    frame = with_codes(frame).with_columns(
        kind=nw.when(flag("renewal")).then(nw.lit("renewal")).otherwise(kind),
        _amount=number("amount"),
    )
    if known:
        frame = _converted(frame, known, currency.strip().upper())
    return restore(
        frame.with_columns(_refund=(nw.col("_amount") < 0).cast(nw.Int64))
        .group_by("currency", "kind")
        .agg(
            payments=nw.len(),
            refunds=nw.col("_refund").sum(),
            amount=nw.col("_amount").sum(),
            median=nw.col("_amount").median(),
        )
        .with_columns(counts("payments", "refunds"), nw.col("amount").fill_null(0.0))
        .select(*_COLUMNS)
        .sort("currency", "kind", nulls_last=True)
    )


def checked_rates(rates: Mapping[str, float], currency: str) -> dict[str, float]:
    """Return the rates by code in capitals, including the reporting currency's; raise an error for an invalid rate."""
    if not isinstance(rates, Mapping):
        raise TypeError(
            f'rates takes what a unit of each currency is worth, such as {{"EUR": 1.08}}, not {rates!r:.60}.'
        )
    if not isinstance(currency, str) or not currency.strip():
        raise ValueError(f"currency is {quoted(currency)}; give the code of the reporting currency, such as 'USD'.")
    for code in rates:
        if not isinstance(code, str):
            raise TypeError(f"rates names currencies by their code, such as 'EUR', not {code!r:.60}.")
    known = {
        code.strip().upper(): checked_positive(rate, f"The rate of {quoted(code)}", _MOST)
        for code, rate in rates.items()
    }
    own = currency.strip().upper()
    if known.setdefault(own, 1.0) != 1.0:
        raise ValueError(f"The rate of {own!r} is {known[own]:g}, but it is the reporting currency: its rate is 1.")
    return known


def _converted(frame: nw.LazyFrame[Any], rates: Mapping[str, float], currency: str) -> nw.LazyFrame[Any]:
    """Convert the amounts that have a rate; leave the rest unchanged."""
    rate = nw.lit(None, dtype=nw.Float64)
    for code, worth in rates.items():
        rate = nw.when(nw.col("currency") == code).then(nw.lit(worth)).otherwise(rate)
    return frame.with_columns(_rate=rate).with_columns(
        _amount=nw.col("_amount") * nw.col("_rate").fill_null(1.0),
        currency=nw.when(~nw.col("_rate").is_null()).then(nw.lit(currency)).otherwise(nw.col("currency")),
    )
