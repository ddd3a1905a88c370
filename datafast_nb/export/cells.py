"""Turns values into what a cell of a spreadsheet, or a line of JSON, can hold."""

from __future__ import annotations

from typing import Final

import polars as pl
import polars.selectors as cs

_BLANKS: Final = r"[\s\p{Z}\p{C}]"
_STARTERS: Final = r"=+\-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}\u{fe66}\u{fe62}\u{fe63}\u{fe6b}\u{2212}"
RUNS: Final = rf"^(?:[\t\r\n]|{_BLANKS}*[{_STARTERS}])"
"""Text that a spreadsheet would run: also after blanks, and with full-width forms of the characters."""

_WITHIN: Final = rf"([;\t\r\n]{_BLANKS}*\"?)([{_STARTERS}])"
"""The same, after a separator at which some spreadsheets split a text into cells."""


def in_cells(table: pl.LazyFrame) -> pl.LazyFrame:
    """Return a table with a number, a flag or a harmless text in each cell."""
    table = nestable(table)
    texts = {name: _text(name, dtype) for name, dtype in table.collect_schema().items()}
    guarded = table.with_columns(**{name: text for name, text in texts.items() if text is not None})
    return guarded.rename({name: harmless_name(name) for name in texts})


def nestable(table: pl.LazyFrame) -> pl.LazyFrame:
    """Return a table whose bytes are text, in base64: JSON can't hold bytes.

    Raises
    ------
    TypeError
        A column holds Python objects.
    """
    schema = table.collect_schema()
    if objects := [name for name, dtype in schema.items() if dtype == pl.Object]:
        raise TypeError(f"The column {objects[0]!r:.80} holds Python objects, which no file can hold. Leave it out.")
    return table.with_columns(cs.binary().bin.encode("base64"))


def harmless(text: pl.Expr) -> pl.Expr:
    """Put an apostrophe before a text, or a part of one, that a spreadsheet would run as a formula."""
    parts = text.str.replace_all(_WITHIN, "${1}'${2}")
    return pl.when(text.str.contains(RUNS)).then("'" + parts).otherwise(parts)


def harmless_name(name: str) -> str:
    """Return the name of a column, harmless as `harmless` makes texts."""
    safe: str = pl.select(harmless(pl.lit(name, pl.String))).item()
    return safe


def _text(name: str, dtype: pl.DataType) -> pl.Expr | None:
    """Return a column as harmless text; None for one that a cell can hold as it is."""
    column = pl.col(name)
    if isinstance(dtype, (pl.List, pl.Array)):
        return harmless(_joined(column, dtype))
    if isinstance(dtype, pl.Struct):
        return harmless(column.struct.json_encode())
    if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)):
        return harmless(column.cast(pl.String))
    return _iso(column, dtype) if isinstance(dtype, (pl.Datetime, pl.Duration)) else None


def _joined(column: pl.Expr, dtype: pl.List | pl.Array) -> pl.Expr:
    """Return lists joined by a semicolon, each item harmless; those of lists and structs become JSON."""
    if isinstance(dtype, pl.Array):
        column = column.arr.to_list()
    inner = dtype.inner
    if isinstance(inner, (pl.List, pl.Array, pl.Struct)):
        return pl.struct(column.alias("items")).struct.json_encode().str.strip_prefix('{"items":').str.strip_suffix("}")
    item = pl.element()
    if isinstance(inner, (pl.Datetime, pl.Duration)):
        item = _iso(item, inner)
    elif isinstance(inner, pl.Binary):
        item = item.bin.encode("base64")
    return column.list.eval(harmless(item.cast(pl.String))).list.join(";", ignore_nulls=True)


def _iso(times: pl.Expr, dtype: pl.Datetime | pl.Duration) -> pl.Expr:
    """Return times as ISO 8601, with the offset of the column's zone if it has one."""
    if isinstance(dtype, pl.Duration):
        return times.dt.to_string("iso")
    return times.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" + ("%:z" if dtype.time_zone else ""))
