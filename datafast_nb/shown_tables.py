"""How a notebook shows the results: shares as percentages and money as money; a lazy result as a short card.

The frames themselves keep their numbers. Other frames, which their columns reveal, look the way Polars shows them.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from datafast_nb.text import NO_MATH, money, number, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# A column that only results of this package have.
_OURS: Final = re.compile(r"predicted_rate|predicted_rate_(low|high|shrunk|before|after)|share_of_first|goes_on")
# Any frame may have an id. One with enough of these columns besides is a result of this package.
_IDS: Final = {"visitor_id", "event_id", "payment_id"}
_OF_VISITORS: Final = {*VISITORS, *EVENTS, *PAYMENTS}
_FEWEST: Final = 4  # of those columns
_REVENUE: Final = {"currency", "payments", "amount"}
_SHARE: Final = re.compile(
    r"(predicted_rate|conversion_rate|share|share_of_\w+|probability|overlap|credibility|mix_share|conversion_share)"
    r"(_low|_high|_shrunk|_before|_after)?"
)
_CHANGE: Final = re.compile(r"(change|mix_effect|conversion_effect)(_low|_high)?")
_DOLLARS: Final = re.compile(r"(expected_value|value_per_visitor|average_value|predicted_value)(_before|_after)?")
_IN_CURRENCY: Final = ("amount", "median", "revenue")
_NONE: Final = "–"
_ROWS: Final = 10  # of a table, unless Polars is set to another number
_LONGEST: Final = 60  # characters of a cell
_NUMERIC: Final = ' class="n"'
_STYLE: Final = (
    "<style>.datafast-table{overflow-x:auto}.datafast-table th{text-align:left;white-space:nowrap}"
    ".datafast-table small{font-weight:normal;opacity:.7}.datafast-table .n{text-align:right;"
    "font-variant-numeric:tabular-nums;white-space:nowrap}</style>"
)


def table(frame: pl.DataFrame) -> str | None:
    """Return a frame as HTML; the first and the last rows of a long one."""
    if not _is_ours(frame.columns):
        return frame._repr_html_()
    most = _most_rows()
    first = frame.height if most < 0 else -(-most // 2)
    short = frame if frame.height <= most or most < 0 else frame.head(first).vstack(frame.tail(most - first))
    rows = [_row(row, frame.columns) for row in short.iter_rows(named=True)]
    if frame.height > short.height:
        rows.insert(first, f'<tr><td colspan="{frame.width}">… {frame.height - short.height:,} more</td></tr>')
    heads = "".join(_head(name, dtype) for name, dtype in frame.schema.items())
    size = f"{number(frame.height, 'row')}, {number(frame.width, 'column')}"
    return (
        f'{_STYLE}<div class="datafast-table {NO_MATH}"><small>{size}</small><table class="dataframe">'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def card(frame: pl.LazyFrame) -> str | None:
    """Return a lazy frame as a few lines of HTML: its columns, and how to get its rows."""
    schema = frame.collect_schema()
    if not _is_ours(schema.names()):
        return frame._repr_html_()
    columns = "".join(
        f"<li><code>{escape(plain(name, _LONGEST))}</code> <small>{escape(str(dtype))}</small></li>"
        for name, dtype in schema.items()
    )
    return (
        f'{_STYLE}<div class="datafast-table {NO_MATH}"><b>A lazy result</b>: nothing is computed until '
        f"<code>.collect()</code> returns its rows; <code>.explain()</code> returns the plan.<details><summary>"
        f"{number(len(schema), 'column')}</summary><ul>{columns}</ul></details></div>"
    )


def _most_rows() -> int:
    """Return how many rows of a table to show, by the setting of Polars; a negative number stands for all."""
    return int(pl.Config.state().get("POLARS_FMT_MAX_ROWS") or _ROWS)


def _is_ours(names: Iterable[str]) -> bool:
    """Return whether these are the columns of a result."""
    known = set(names)
    of_visitors = len(known & _OF_VISITORS) >= _FEWEST and not known.isdisjoint(_IDS)
    return known >= _REVENUE or of_visitors or any(map(_OURS.fullmatch, known))


def _head(name: str, dtype: pl.DataType) -> str:
    """Return the head of a column as HTML: its name, and its type."""
    words = f"{escape(plain(name, _LONGEST))}<br><small>{escape(str(dtype))}</small>"
    return f'<th scope="col"{_NUMERIC if dtype.is_numeric() else ""}>{words}</th>'


def _row(row: dict[str, Any], names: Sequence[str]) -> str:
    """Return a row as HTML."""
    cells = (f"<td{_NUMERIC if _is_number(row[name]) else ''}>{escape(_text(name, row))}</td>" for name in names)
    return f"<tr>{''.join(cells)}</tr>"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _text(name: str, row: dict[str, Any]) -> str:
    """Return a cell as text that is not escaped yet."""
    value = row[name]
    if value is None or (_is_number(value) and not math.isfinite(value)):
        return _NONE
    if not _is_number(value):
        return plain(value, _LONGEST)
    return f"{value:,}" if isinstance(value, int) else _figure(name, float(value), row)


def _figure(name: str, value: float, row: dict[str, Any]) -> str:
    """Return a number as what it is: a share, a change of one, money, or a number."""
    if _SHARE.fullmatch(name):
        return f"{value:.2%}"
    if _CHANGE.fullmatch(name):
        return f"{100 * value:+.2f} pp"
    if name in _IN_CURRENCY and "currency" in row:
        return money(value, row["currency"], exact=True)
    if _DOLLARS.fullmatch(name) and not (name == "expected_value" and "probability" in row):  # a model has its own
        return money(value, "USD", exact=True)
    return f"{value:,.2f}"
