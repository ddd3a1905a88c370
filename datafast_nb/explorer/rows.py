"""The table as a browser shows it: short texts, and numbers as a reader writes them. Knows no widget."""

from __future__ import annotations

from typing import Any, Final, Literal

import polars as pl

from datafast_nb.charts import wording
from datafast_nb.charts.measures import NOTATIONS, Measure
from datafast_nb.explorer.answer import Answer
from datafast_nb.text import money, number
from datafast_nb.widgets.protocol import Column, GroupRow, GroupTable

MOST_ROWS: Final = 50
"""Groups that the panel lists; ``Explorer.table`` has them all."""

_NONE: Final = "–"
_SIZES: Final[tuple[Measure, ...]] = ("visitors", "scored")
_ALWAYS: Final[tuple[Measure, ...]] = ("predicted_rate", "lift", "expected_value")
_SHORT: Final = {"scored": "Prospects", "predicted_rate": "Predicted rate", "value_per_visitor": "Value per prospect"}


def table(answer: Answer) -> GroupTable:
    """Return the table of an answer's groups, as texts."""
    question, groups = answer.question, answer.table
    names = list(question.by)
    shown = list(dict.fromkeys([*_SIZES, question.measure, *_ALWAYS]))
    first = groups.head(MOST_ROWS)
    labels = first.select(wording.label(name) for name in names).rows()
    keys = first.select(names).hash_rows()
    values = first.select(*shown, "predicted_rate_low", "predicted_rate_high").iter_rows(named=True)
    picked = [question.picks(group) for group in first.select(names).iter_rows(named=True)]
    return GroupTable(
        groups=tuple(wording.capitalized(wording.dimension(name)) for name in names),
        columns=tuple(column for name in shown for column in _columns(name, is_measure=name == question.measure)),
        rows=tuple(
            GroupRow(str(key), label, _cells(row, shown), is_picked)
            for key, label, row, is_picked in zip(keys, labels, values, picked, strict=True)
        ),
        more=number(groups.height - MOST_ROWS, "more group") if groups.height > MOST_ROWS else "",
    )


def group_of(answer: Answer, key: str) -> dict[str, Any] | None:
    """Give the group of a row; None if it is not there any more."""
    groups = answer.table.select(answer.question.by).head(MOST_ROWS)
    found = groups.filter(pl.Series(groups.hash_rows().cast(pl.String) == key))
    return found.row(0, named=True) if found.height else None


def _columns(name: Measure, *, is_measure: bool) -> list[Column]:
    """Describe the columns that a measure takes: one, or one for its interval besides."""
    notation = NOTATIONS[name]
    kind: Literal["measure", "size", "other"] = "measure" if is_measure else "size" if name == "scored" else "other"
    column = Column(_SHORT.get(name, notation.name), notation.hint, kind)
    if name != "predicted_rate":
        return [column]
    return [column, Column("95 % interval", "Of the mean predicted rate", "other")]


def _cells(row: dict[str, Any], shown: list[Measure]) -> tuple[str, ...]:
    """Write a row's measures."""
    cells = []
    for name in shown:
        cells.append(_text(row[name], NOTATIONS[name].format))
        if name == "predicted_rate":
            low, high = row["predicted_rate_low"], row["predicted_rate_high"]
            cells.append(_NONE if low is None or high is None else f"{low:.2%} to {high:.2%}")
    return tuple(cells)


def _text(value: float | None, form: str) -> str:
    """Write a measure in the format of the charts, which is d3's: Python's own, but for the dollar."""
    if value is None:
        return _NONE
    return money(value, "USD", exact=True) if form.startswith("$") else format(value, form)
