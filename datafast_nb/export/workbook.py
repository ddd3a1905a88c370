"""Tables as an Excel workbook, a sheet for each."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import polars as pl
import polars.selectors as cs

from datafast_nb.export.cells import in_cells

_MISSING: Final = (
    "An .xlsx file needs XlsxWriter, which is not installed. Get it with: pip install 'datafast_nb[export]'"
)
_MOST_ROWS: Final = 2**20 - 1  # of a sheet, without the header
_MOST_COLUMNS: Final = 2**14
_LONGEST: Final = 32_767  # characters of a cell
_EXACT: Final = 2**53  # beyond this, a cell rounds a whole number
_WIDEST: Final = 420  # pixels of a column
_YEARS: Final = (1901, 9999)  # the year 1900 has a February 29 there
# Text stays text, whoever wrote it.
_OPTIONS: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def workbook(tables: Mapping[str, pl.DataFrame]) -> bytes:
    """Return a workbook with a sheet for each table, under the table's name.

    Raises
    ------
    ImportError
        XlsxWriter is not installed.
    ValueError
        A table has more rows or columns than a sheet can hold.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError as error:
        raise ImportError(_MISSING) from error
    for table in tables.values():
        if table.height > _MOST_ROWS or table.width > _MOST_COLUMNS:
            raise ValueError(
                f"A sheet holds {_MOST_ROWS:,} rows and {_MOST_COLUMNS:,} columns at most, and there are "
                f"{table.height:,} and {table.width:,}: save it as .csv or .parquet."
            )
    content = BytesIO()
    with Workbook(content, {**_OPTIONS, "in_memory": True}) as book:
        for name, table in tables.items():
            _write_sheet(book, name, table)
    return content.getvalue()


def _write_sheet(book: Any, name: str, table: pl.DataFrame) -> None:  # noqa: ANN401 - XlsxWriter has no types
    """Write one sheet: a bold header that stays in view, and the rows."""
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    cells = _cells(table)
    for place, column in enumerate(cells):
        zone = getattr(column.dtype, "time_zone", None)
        form = _number_format(column.dtype, zone)
        sheet.write_string(0, place, column.name[:_LONGEST], bold)
        values = column.dt.replace_time_zone(None) if zone else column
        sheet.write_column(1, place, values.to_list(), form and book.add_format({"num_format": form}))
    sheet.freeze_panes(1, 0)
    sheet.autofit(_WIDEST)


def _number_format(dtype: pl.DataType, zone: str | None) -> str | None:
    """Return how Excel shows a time: with the name of its zone, as a cell has no zone."""
    if dtype == pl.Datetime:
        return "yyyy-mm-dd hh:mm:ss.000" + (f' "{zone}"' if zone else "")
    return "yyyy-mm-dd" if dtype == pl.Date else "hh:mm:ss" if dtype == pl.Time else None


def _cells(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table as a sheet can hold it; times before Excel's, and numbers that it would round, become text."""
    text = in_cells(table.lazy()).collect()
    times = {place: column for place, column in enumerate(table) if column.dtype == pl.Datetime and _has_years(column)}
    cells = pl.DataFrame([times[place].rename(it.name) if place in times else it for place, it in enumerate(text)])
    old = [it.name for it in cells if it.dtype == pl.Date and not _has_years(it)]
    long = [it.name for it in cells if it.dtype.is_integer() and not it.is_between(-_EXACT, _EXACT).all()]
    floats = cs.float()
    return cells.with_columns(pl.col([*old, *long]).cast(pl.String)).with_columns(
        pl.when(floats.is_finite()).then(floats), cs.string().str.slice(0, _LONGEST)
    )


def _has_years(times: pl.Series) -> bool:
    """Return whether Excel has the years of all times."""
    return bool(times.dt.year().is_between(*_YEARS).all())
