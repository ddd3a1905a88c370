"""What the analysis needs from a model of who buys."""

from __future__ import annotations

from typing import Protocol

import polars as pl

from datafast_nb.snapshot import Snapshot


class Predictor(Protocol):
    """A model that predicts who buys, such as ``dfn.learn`` makes."""

    def predict(self, snapshot: Snapshot, /) -> pl.DataFrame:
        """Return a row for each prospect: ``visitor_id``, ``probability`` and ``expected_value``."""


def with_predictions(visitors: pl.DataFrame, snapshot: Snapshot, model: Predictor, **columns: str) -> pl.DataFrame:
    """Add what a model predicts for the visitors of a snapshot; null for visitors without a prediction.

    Parameters
    ----------
    visitors
        The visitors of the snapshot.
    snapshot
        The snapshot that the model predicts from.
    model
        The model.
    **columns
        The numbers to add: the new name of each, and the model's.

    Raises
    ------
    TypeError
        It is not a model.
    """
    if not callable(getattr(model, "predict", None)):
        raise TypeError(f"model takes what dfn.learn(history) returns, not {type(model).__name__}.")
    predicted = model.predict(snapshot)
    on = [name for name in ("site", "visitor_id") if name in visitors.columns and name in predicted.columns]
    numbers = {name: pl.col(given).cast(pl.Float64) for name, given in columns.items()}
    found = predicted.select(*on, **numbers).unique(on, keep="first")
    return visitors.join(found, on=on, how="left", maintain_order="left")
