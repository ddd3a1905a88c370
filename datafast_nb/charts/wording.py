"""What the charts say: labels that are safe to draw, and sentences with the right numbers in them."""

from __future__ import annotations

import textwrap
from typing import Any, Final

import altair as alt
import polars as pl

LABEL_LENGTH: Final = 60
"""The most characters that a label takes from the data."""

UNKNOWN: Final = "(not known)"
"""What stands for a value that is missing."""

# Control characters, and those that turn the direction of the text after them.
_UNSAFE: Final = r"[\p{Cc}\u{202A}-\u{202E}\u{2066}-\u{2069}]+"


def label(column: str) -> pl.Expr:
    """Give any column as text of bounded length, to be drawn; null is said in words."""
    text = pl.col(column).cast(pl.String).str.replace_all(_UNSAFE, " ")
    short = pl.when(text.str.len_chars() > LABEL_LENGTH).then(text.str.head(LABEL_LENGTH - 1) + "…").otherwise(text)
    return short.fill_null(UNKNOWN)


def distinct_label(column: str) -> pl.Expr:
    """Give a label for each row of a column without duplicates: two that look the same are numbered."""
    nth = pl.int_range(1, pl.len() + 1).over(label(column))
    return pl.when(nth > 1).then(pl.format("{} ({})", label(column), nth)).otherwise(label(column))


def dimension(name: str) -> str:
    """Give a dimension's name in words."""
    return _DIMENSIONS.get(name, name.replace("_", " "))[:LABEL_LENGTH]


_DIMENSIONS: Final = {
    "country_code": "country",
    "os": "operating system",
    "current_url": "URL",
    "dimension_matches": "matched dimension",
    "visit_kind": "new or returning",
    "is_customer": "customer or not",
}


def number(count: int, singular: str, plural: str | None = None) -> str:
    """Give a count with its noun: ``1 visitor``, ``1,204 visitors``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def title(sentence: str, *notes: str) -> alt.Title:
    """Give a chart's title: what it shows, and under it over how many and what is left out."""
    subtitle = textwrap.wrap(" ".join(note for note in notes if note), width=92)
    return alt.Title(sentence, subtitle=subtitle)


def message(subject: str, reason: str, *notes: str) -> alt.LayerChart:
    """Give a chart that says why there is nothing to draw."""
    text = alt.Chart(alt.InlineData(values=[{"reason": reason}])).mark_text(fontSize=13).encode(text="reason:N")
    return alt.LayerChart(layer=[text], title=title(subject, *notes), width=480, height=100)


def grouped(column: str) -> pl.Expr:
    """Give a whole number as text, its thousands set apart: ``1,204``."""
    return pl.col(column).cast(pl.String).str.replace_all(r"(\d)((?:\d{3})+)$", "$1,$2")


def left_out(total: dict[str, Any]) -> str:
    """Say who is not among the prospects with a prediction, from a summary of the site."""
    customers, without = total["customers"], total["prospects"] - total["scored"]
    groups = [
        number(customers, "customer") if customers else "",
        f"{number(without, 'visitor')} without a prediction" if without else "",
    ]
    return f"Left out: {', '.join(filter(None, groups))}." if any(groups) else ""


def count_axis(largest: int) -> alt.Axis:
    """Give an axis for counts, without ticks between whole numbers."""
    return alt.Axis(format="~s" if largest >= 10_000 else ",d", tickCount=max(1, min(5, largest)))  # noqa: PLR2004
