"""What the charts say: labels that are safe to draw, and sentences with their numbers."""

from __future__ import annotations

import textwrap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import polars as pl

from datafast_nb import glossary
from datafast_nb.charts.cell_width import Usual
from datafast_nb.conversion import ALIASES
from datafast_nb.pictures.characters import NO_CHARACTERS, REPLACED
from datafast_nb.schema import VISITOR_COLUMNS
from datafast_nb.text import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LABEL_LENGTH: Final = 60
"""The most characters that a label takes from the data."""

UNKNOWN: Final = "(not known)"
"""The label of a missing value."""

_NONE: Final = "(none)"
# Where a missing value means that there was none: a visit without a campaign or a referrer.
_PARAMETERS: Final = [column.name for column in VISITOR_COLUMNS if column.source.startswith("params.")]
_ALIASES: Final = [alias for alias, column in ALIASES.items() if column in _PARAMETERS]
_ABSENT: Final = frozenset({*_PARAMETERS, *_ALIASES, "referrer", "dimension_matches"})

_LINE: Final = 48  # characters that a narrow cell has room for
_LINE_HEIGHT: Final = 17  # pixels

NOBODY: Final = "Nobody is here right now"
NOTHING_HAPPENED: Final = "Nothing has happened recently"
NO_PREDICTIONS: Final = "There are no predictions"
ONLY_CUSTOMERS: Final = "Everybody here is a customer already"
NO_AVERAGE: Final = "The site's average is not known"
CANNOT_TELL: Final = "too few to tell"
VALUES_MISSING: Final = "The predictions lack these values"

# What to do about each of these.
_REMEDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        NOBODY: "Remove a filter, if there is one; a later snapshot may have visitors.",
        NOTHING_HAPPENED: "The service keeps ten minutes of events and payments; take another snapshot later.",
        NO_PREDICTIONS: "DataFast makes them once a site has enough payments. Counts need none: measure='visitors'.",
        ONLY_CUSTOMERS: "Predictions are for prospects. Counts include customers: measure='visitors'.",
        NO_AVERAGE: "Give it, for example: baseline=dfn.Baseline(conversion_rate=0.02, average_value=80.0).",
        VALUES_MISSING: "Try measure='score' or measure='visitors', which may be known.",
    }
)

# Control characters, line separators, and those that change the direction of the text after them.
_OURS: Final = r"^(\(\d+\) |[\d,]+ other groups?$)"
_UNSAFE: Final = r"[\p{Cc}\p{Zl}\p{Zp}\u{202A}-\u{202E}\u{2066}-\u{2069}]+"
# Fifteen emoji are as wide as a label may be. A label cut here is not cut by Vega in the middle of one.
_ASTRAL: Final = r"[\u{10000}-\u{10FFFF}]"
_WIDE: Final = f"^((?:.*?{_ASTRAL}){{14}}).*?{_ASTRAL}.*$"


def label(column: str) -> pl.Expr:
    """Return any column as text of bounded length for drawing, with words for null."""
    # Cutting before cleaning bounds the work on a text of any length.
    text = pl.col(column).cast(pl.String).str.head(2 * LABEL_LENGTH).str.replace_all(_UNSAFE, " ")
    text = text.str.replace_all(f"[{NO_CHARACTERS}]", REPLACED).str.replace(_WIDE, "${1}…")
    short = pl.when(text.str.len_chars() > LABEL_LENGTH).then(text.str.head(LABEL_LENGTH - 1) + "…").otherwise(text)
    return short.fill_null(missing(column))


def check_drawable(frame: pl.LazyFrame, names: Sequence[str]) -> None:
    """Reject dimensions whose groups have no name, such as lists, structs and lengths of time."""
    dtypes = frame.collect_schema()
    for name in names:
        dtype = dtypes.get(name, pl.String())
        nameless = dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Duration) or _is_extension(dtype)
        if name != "dimension_matches" and nameless:
            raise TypeError(
                f"The column {name!r:.80} holds {dtype.base_type().__name__.lower()}s, which can't name a bar. Give a "
                "column of text, numbers or dates; for lists, frame.explode(...) makes a row of each item."
            )


def _is_extension(dtype: pl.DataType) -> bool:
    """Return whether a type is an Arrow extension, such as pandas' periods; older versions of Polars have none."""
    return dtype.base_type().__name__ == "Extension"


def missing(name: str) -> str:
    """Return the label of a missing value of a dimension."""
    return _NONE if name in _ABSENT else UNKNOWN


def cut(text: str) -> str:
    """Return one text in the form in which `label` returns a column."""
    return str(pl.select(text=pl.lit(text)).select(label("text")).item())


def distinct_label(column: str, taken: Sequence[str] = ()) -> pl.Expr:
    """Return a label for each row of a column without duplicates; labels that look the same are numbered.

    A label that looks like such a number or like the name of all other groups, or that is taken, is numbered too.
    """
    nth = pl.int_range(1, pl.len() + 1).over(label(column))
    numbered = (nth > 1) | label(column).str.contains(_OURS) | label(column).is_in(taken)
    return pl.when(numbered).then(pl.format("({}) {}", nth, label(column))).otherwise(label(column))


def others(count: int) -> str:
    """Return the name of all other groups together."""
    return number(count, "other group")


def dimension(name: str) -> str:
    """Return a dimension's name in words."""
    # Vega-Lite makes a title part of an expression, which a backslash would end.
    return cut(glossary.dimension(name).replace("\\", "\N{SET MINUS}"))


def dimensions(names: Sequence[str]) -> str:
    """Return the names of several dimensions in words."""
    return " and ".join(dimension(name) for name in names)


def title(sentence: str, *notes: str) -> alt.Title:
    """Return a chart's title: what it shows, and below it notes such as what is left out."""
    subtitle = textwrap.wrap(" ".join(note for note in notes if note), width=92)
    return alt.Title(sentence, subtitle=subtitle)


def message(subject: str, reason: str, *notes: str, remedy: str = "") -> alt.LayerChart:
    """Return a chart that says why there is nothing to draw, and what to do about it."""
    reasons, remedies = (
        textwrap.wrap(text, _LINE, break_on_hyphens=False) for text in (reason, remedy or _REMEDIES.get(reason, ""))
    )
    lines = [*reasons, *remedies]
    rows = [{"line": line, "place": _LINE_HEIGHT * place} for place, line in enumerate(lines)]
    base = alt.Chart(alt.InlineData(values=rows))
    text = base.encode(text="line:N", x=alt.value(0), y=alt.Y("place:Q", scale=None, axis=None))
    end = _LINE_HEIGHT * len(reasons)
    first, others = alt.datum.place < end, alt.datum.place >= end
    layers = [
        text.transform_filter(first).mark_text(align="left", baseline="top", fontSize=13, fontWeight=600),
        text.transform_filter(others).mark_text(align="left", baseline="top", fontSize=12, dy=4),
    ]
    return alt.LayerChart(
        layer=layers, title=title(subject, *notes), width=Usual(480), height=_LINE_HEIGHT * (len(lines) + 1)
    )


def grouped(column: str) -> pl.Expr:
    """Return a whole number as text, with thousands separators: ``1,204``."""
    return pl.col(column).cast(pl.String).str.replace_all(r"(\d)((?:\d{3})+)$", "$1,$2")


def left_out(total: dict[str, Any], lacking: str = "a prediction") -> str:
    """Return a note on who is not among the prospects with a prediction, from a summary of the site."""
    customers, without = total["customers"], max(0, total["prospects"] - total["scored"])
    groups = [
        number(customers, "customer") if customers else "",
        f"{number(without, 'visitor')} without {lacking}" if without else "",
    ]
    return f"Left out: {', '.join(filter(None, groups))}." if any(groups) else ""


def at_the_right(chart: alt.Chart) -> alt.Chart:
    """Return text with the `size` of each row's sample, in a column to the right of a chart of any width."""
    sizes: alt.Chart = chart.mark_text(align="left", dx=8).encode(x=alt.value("width"), text="size:N")
    return sizes


# Vega-Lite writes the names to sort by into an expression, where Vega confuses a name with a member of JavaScript's
# objects of the same name. So series are sorted by their `place`, a number from 0 on.


def beside(series: int) -> alt.YOffset:
    """Return the offset that puts the bars of this many series side by side."""
    return alt.YOffset("place:O", scale=alt.Scale(domain=list(range(series))))


def colored(name: str, title: str) -> alt.Color:
    """Return the encoding that gives each series its color and its place in the legend."""
    in_order = alt.EncodingSortField("place", op="min")
    return alt.Color(name, type="nominal", sort=in_order, title=title, legend=alt.Legend(symbolOpacity=1))


def count_axis(largest: int) -> alt.Axis:
    """Return an axis for counts, without ticks between whole numbers."""
    return alt.Axis(format="~s" if largest >= 10_000 else ",d", tickCount=max(1, min(5, largest)))  # noqa: PLR2004


def interval(low: str, high: str, digits: int) -> pl.Expr:
    """Return an interval of rates as text, in percent, with words for one that is not known."""
    ends = (pl.col(end).mul(100).round(digits).cast(pl.Decimal(12, digits)) for end in (low, high))
    return pl.format("{} % to {} %", *ends).fill_null(CANNOT_TELL)


def no_line(lows: pl.Series) -> str:
    """Return what it means that some groups, or all, have no interval; empty if all have one."""
    if not lows.null_count():
        return ""
    return "No line: too few to tell." if lows.count() else "No 95 % intervals: too few in each group to tell."
