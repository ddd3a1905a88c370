"""What a model of a website's record adds to the map: who is likely to buy, and how many sales to expect."""

from __future__ import annotations

from typing import Final

import polars as pl

from datafast_nb.forecast.model import Model
from datafast_nb.schema import VISITORS
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import duration
from datafast_nb.widgets.protocol import Figure

_SALES: Final = "Expected sales"


def with_model(visitors: pl.DataFrame, snapshot: Snapshot, model: Model) -> pl.DataFrame:
    """Return the visitors of a frame state with a model's ``probability``, ``worth`` and the ``currency`` of that.

    Probability and worth are null for customers.

    Raises
    ------
    ModelError
        The model is of another website.
    """
    predicted = model.predict(snapshot).select("visitor_id", "probability", worth="expected_value")
    once = predicted.unique("visitor_id", keep="first", maintain_order=True)
    joined = visitors.join(once, on="visitor_id", how="left", maintain_order="left")
    return joined.with_columns(currency=pl.lit(model.currency, pl.String))


def expected_sales(chosen: pl.DataFrame, snapshot: Snapshot, model: Model) -> Figure:
    """Return the figure of the sales that a model expects from some visitors of a frame state."""
    them = Snapshot(chosen.select(*VISITORS), snapshot.events, fetched_at=snapshot.fetched_at)
    sales = model.expected(them)
    if sales.conversions_high == 0 < sales.conversions:
        expected = f"{sales.conversions:.1g} (mostly none)"
    else:
        mean = f"{sales.conversions:,.{0 if sales.conversions >= 1 else 1}f}"
        expected = f"{mean} ({sales.conversions_low:,} to {sales.conversions_high:,})"
    return Figure(_SALES, expected, f"from them within {within(model)}")


def within(model: Model) -> str:
    """Return the horizon of a model, such as ``1 d``."""
    return duration(model.horizon.total_seconds())
