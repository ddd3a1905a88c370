"""What a visitor is expected to pay: by the map's model if there is one, or else by the service."""

from __future__ import annotations

import polars as pl


def worth_column(visitors: pl.DataFrame) -> str:
    """Return the column with what a visitor is expected to pay: by the map's model, or else by the service."""
    return "worth" if "worth" in visitors.columns else "expected_value"


def worth_currency(visitors: pl.DataFrame) -> str:
    """Return the currency of `worth_column`: the model's own, or else US dollars."""
    return visitors["currency"][0] or "USD" if "currency" in visitors.columns and visitors.height else "USD"
