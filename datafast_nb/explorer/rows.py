"""The table as the browser shows it: short texts and formatted numbers. Independent of any widget."""

from __future__ import annotations

from typing import Any, Final, Literal

import polars as pl

from datafast_nb.charts import wording
from datafast_nb.charts.measures import NOTATIONS, Measure
from datafast_nb.explorer.answer import Answer
from datafast_nb.text import capitalized, money, number
from datafast_nb.widgets.protocol import Column, GroupRow, GroupTable

MOST_ROWS: Final = 50
"""Maximum number of groups in the panel's table; ``Explorer.table`` has all of them."""

_MOST_IN_WORDS: Final = 5
_NONE: Final = "–"
_SIZES: Final[tuple[Measure, ...]] = ("visitors", "scored")
_ALWAYS: Final[tuple[Measure, ...]] = ("predicted_rate", "lift", "expected_value")
_SHORT: Final = {"scored": "Prospects", "predicted_rate": "Predicted rate", "value_per_visitor": "Value per prospect"}


def table(answer: Answer) -> GroupTable:
    """Return the table of an answer, with all cells as text."""
    question, groups = answer.question, answer.table
    names = list(question.by)
    shown = list(dict.fromkeys([*_SIZES, question.measure, *_ALWAYS]))
    first = groups.head(MOST_ROWS)
    labels = first.select(wording.label(name) for name in names).rows()
    keys = first.select(names).hash_rows()
    values = first.select(*shown, "predicted_rate_low", "predicted_rate_high").iter_rows(named=True)
    picked = [question.picks(group) for group in first.select(names).iter_rows(named=True)]
    return GroupTable(
        groups=tuple(capitalized(wording.dimension(name)) for name in names),
        columns=tuple(column for name in shown for column in _columns(name, is_measure=name == question.measure)),
        rows=tuple(
            GroupRow(str(key), label, _cells(row, shown), is_picked)
            for key, label, row, is_picked in zip(keys, labels, values, picked, strict=True)
        ),
        more=number(groups.height - MOST_ROWS, "more group") if groups.height > MOST_ROWS else "",
    )


def in_words(answer: Answer) -> list[str]:
    """Return the first groups with their measure, one a line, for a terminal."""
    question = answer.question
    first = answer.table.head(_MOST_IN_WORDS)
    labels = first.select(wording.label(name) for name in question.by).rows()
    figures = (_text(value, NOTATIONS[question.measure].format) for value in first[question.measure])
    lines = [f"  {', '.join(label)}: {figure}" for label, figure in zip(labels, figures, strict=True)]
    left = answer.table.height - first.height
    return [*lines, f"  {number(left, 'more group')}"] if left else lines


def group_of(answer: Answer, key: str) -> dict[str, Any] | None:
    """Return the group of a row, or None if the row no longer exists."""
    groups = answer.table.select(answer.question.by).head(MOST_ROWS)
    found = groups.filter(pl.Series(groups.hash_rows().cast(pl.String) == key))
    return found.row(0, named=True) if found.height else None


def _columns(name: Measure, *, is_measure: bool) -> list[Column]:
    """Return the columns of a measure: one, plus one for its interval if it has one."""
    notation = NOTATIONS[name]
    kind: Literal["measure", "size", "other"] = "measure" if is_measure else "size" if name == "scored" else "other"
    column = Column(_SHORT.get(name, notation.name), notation.hint, kind)
    if name != "predicted_rate":
        return [column]
    return [column, Column("95 % interval", "Of the mean predicted rate", "other")]


def _cells(row: dict[str, Any], shown: list[Measure]) -> tuple[str, ...]:
    """Return the measures of a row as text."""
    cells = []
    for name in shown:
        told = NOTATIONS[name].is_count or row["scored"]  # sums over nobody with a prediction are not 0, but unknown
        cells.append(_text(row[name] if told else None, NOTATIONS[name].format))
        if name == "predicted_rate":
            low, high = row["predicted_rate_low"], row["predicted_rate_high"]
            cells.append(_NONE if low is None or high is None else f"{low:.2%} to {high:.2%}")
    return tuple(cells)


def _text(value: float | None, form: str) -> str:
    """Format a measure as in the charts. Their d3 formats equal Python's, except for the dollar sign."""
    if value is None:
        return _NONE
    return money(value, "USD", exact=True) if form.startswith("$") else format(value, form)
