"""The predictors that the quality of a model compares, as charts name them."""

from __future__ import annotations

from typing import Final

import polars as pl

from datafast_nb.forecast import Model, Quality
from datafast_nb.forecast.quality import AFTER, BEFORE

MODEL: Final = "the model"
SERVICE: Final = "the service's rate"
COMPARED: Final = (MODEL, SERVICE)
"""The predictors that are drawn."""

UNTESTED: Final = "Too little was recorded to test the model on later data"


def quality_of(data: object) -> Quality:
    """Return the quality of a model."""
    if isinstance(data, Model):
        return data.quality
    if not isinstance(data, Quality):
        raise TypeError(f"Expected a model, dfn.learn(history), or its quality, not {type(data).__name__}.")
    return data


def compared(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a table of a quality for those that are drawn, by their names."""
    names = {AFTER: MODEL, BEFORE: SERVICE}
    kept = table.filter(pl.col("predictor").is_in([*names]))
    return kept.with_columns(pl.col("predictor").replace_strict(names, return_dtype=pl.String))


def score_of(quality: Quality, name: str, column: str) -> float | None:
    """Return a figure from the scores of a predictor that is drawn; None if there is no such predictor or figure."""
    found: list[float | None] = compared(quality.scores).filter(predictor=name)[column].to_list()
    return found[0] if found else None
