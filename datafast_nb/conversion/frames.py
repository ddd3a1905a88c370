"""Frames of any kind as they are opened and returned, and the cells that can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_number
from datafast_nb.schema import EVENTS, PAYMENTS, RANGES, VISITORS
from datafast_nb.snapshot import Baseline, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
"""A Polars frame, eager or lazy; a result is of the same type as the input."""

AnyFrame: TypeAlias = Any
"""A frame of any library that Narwhals reads; a result is of the same kind as the input."""

BLANKS_AROUND: Final = r"^\s+|\s+$"
_LEAST_RATE: Final = 1e-12  # to divide by; a rate below counts as none


_FLAGS: Final = [name for each in (VISITORS, EVENTS, PAYMENTS) for name, dtype in each.items() if dtype == pl.Boolean]
_YES: Final = ("true", "t", "yes", "y", "1", "1.0")
_NO: Final = ("false", "f", "no", "n", "0", "0.0")
# Errors that a conversion to Polars raises.
_UNREAD: Final = (pl.exceptions.PolarsError, ImportError, NotImplementedError, TypeError, ValueError)


def opened(
    data: Any,  # noqa: ANN401 - any frame
    *,
    by_polars: bool = False,
) -> tuple[nw.LazyFrame[Any], Callable[[nw.LazyFrame[Any]], Any]]:
    """Return the data as a lazy Narwhals frame, and a function that turns a result back into the data's own kind.

    Use `by_polars` for what Narwhals does not support in pandas and Arrow: their frames are then processed in Polars.
    """
    frame = _read(data)
    if isinstance(frame, nw.LazyFrame):
        return _with_flags(frame), nw.to_native
    kind = frame.implementation
    if by_polars and not kind.is_polars():
        there = nw.from_native(_converted(frame)).lazy()
        return _with_flags(there), lambda result: nw.from_arrow(result.collect().to_arrow(), backend=kind).to_native()
    return _with_flags(frame.lazy()), lambda result: result.collect().to_native()


def in_polars(data: object, rows: str) -> pl.LazyFrame:
    """Return any frame as a lazy Polars frame; `rows` says in an error what the frame should hold."""
    frame = _read(data, f"a Polars frame of {rows}, or any other that Narwhals reads")
    if isinstance(frame, nw.LazyFrame) and not frame.implementation.is_polars():
        frame = frame.collect("polars")
    native = frame.to_native() if frame.implementation.is_polars() else _converted(frame)  # type: ignore[arg-type]
    flagged: pl.LazyFrame = _with_flags(nw.from_native(native.lazy())).to_native()
    return flagged.with_columns(pl.selectors.datetime(time_zone="*").dt.convert_time_zone("UTC"))  # not "Etc/UTC"


def _read(
    data: object, expected: str = "a frame (Polars or any other that Narwhals reads)"
) -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    """Return the data as a Narwhals frame; raise an error for anything else, or a kind of frame that lacks too much."""
    native: Any = once(data.visitors) if isinstance(data, Snapshot) else data
    try:
        frame: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(native)
    except TypeError as error:
        raise TypeError(f"Expected a Snapshot or {expected}, not {type(data).__name__}.") from error
    if frame.implementation.is_dask():
        raise TypeError("Dask frames lack what this needs; give the computed rows: frame.compute().")
    if frame.implementation.is_ibis():
        raise TypeError("Ibis tables lack what this needs; give the computed rows: table.to_polars().")
    return frame


def _converted(frame: nw.DataFrame[Any]) -> pl.DataFrame:
    """Convert an eager frame to Polars."""
    try:
        return frame.to_polars()
    except _UNREAD as error:
        raise TypeError(
            f"This frame can't be converted to Polars, which is needed here: {error}. Give each column a single type, "
            "as pandas' frame.convert_dtypes() does; pandas needs pyarrow for this."
        ) from error


def _with_flags(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Convert yes-or-no columns to Booleans: pandas holds them as objects or numbers if some values are missing."""
    dtypes = frame.collect_schema()
    mixed = [name for name in _FLAGS if name in dtypes and dtypes[name] != nw.Boolean]
    return frame.with_columns(**{name: _yes_or_no(name) for name in mixed}) if mixed else frame


def _yes_or_no(column: str) -> nw.Expr:
    """Read yes and no from words and numbers; anything else is null."""
    word = nw.col(column).cast(nw.String).str.to_lowercase()
    known = word.is_in([*_YES, *_NO])
    return nw.when(known).then(word.is_in(_YES))


def require(frame: nw.LazyFrame[Any], columns: Sequence[str], purpose: str) -> None:
    """Raise an error if the frame lacks one of the columns."""
    known = frame.collect_schema().names()
    missing = [column for column in columns if column not in known]
    if missing:
        raise ValueError(f"The frame has no column {', '.join(map(repr, missing))}, which {purpose} needs.")


# Cells


def in_range(column: str) -> nw.Expr:
    """Return whether a number is in its column's range in ``schema.RANGES``; one that is not finite never is."""
    return nw.col(column).cast(nw.Float64).is_between(*RANGES[column])


def number(column: str) -> nw.Expr:
    """Return a column as floats, with null for values out of its range."""
    return nw.when(in_range(column)).then(nw.col(column).cast(nw.Float64))


def without(text: nw.Expr, patterns: Sequence[str]) -> nw.Expr:
    """Remove from a text what each pattern matches, one pattern after the other."""
    for pattern in patterns:
        text = text.str.replace_all(pattern, "")
    return text


def text(column: str) -> nw.Expr:
    """Return a text column without surrounding blanks, with null for blank text."""
    value = without(nw.col(column).cast(nw.String), [BLANKS_AROUND])
    return nw.when(value != "").then(value)


def flag(column: str) -> nw.Expr:
    """Return a Boolean column, with null as false; in pandas, null is NaN, which a cast would turn into true."""
    value = nw.col(column)
    return nw.when(~value.is_null()).then(value == nw.lit(value=True)).otherwise(nw.lit(value=False))


def counts(*columns: str) -> nw.Expr:
    """Return aggregates as whole numbers; 0 where a database had nothing to add up."""
    return nw.col(*columns).fill_null(0).cast(nw.Int64)


def ratio(above: nw.Expr, below: nw.Expr) -> nw.Expr:
    """Divide, where there is something to divide by; null elsewhere."""
    return above / nw.when(below != 0).then(below)


# Snapshots


def once(visitors: pl.DataFrame) -> pl.DataFrame:
    """Return each visitor of a snapshot once, by their first row, as the map does."""
    known = pl.struct("site", "visitor_id") if "site" in visitors.columns else pl.col("visitor_id")
    if visitors.select(known.hash().n_unique()).item() == visitors.height:  # the usual case, found by quick numbers
        return visitors
    return visitors.filter(known.is_first_distinct() | pl.col("visitor_id").is_null())


def visitors_of(data: object) -> pl.LazyFrame:
    """Return the visitors of a snapshot, or of any frame, as a lazy Polars frame."""
    return in_polars(data, "visitors")


def baseline_of(data: object, given: Baseline | None = None) -> Baseline | None:
    """Return the averages to compare with: those given, else the snapshot's own, else None."""
    if given is not None and not isinstance(given, Baseline):
        raise TypeError(f"baseline takes a dfn.Baseline(conversion_rate, average_value), not {given!r:.60}.")
    return data.baseline if given is None and isinstance(data, Snapshot) else given


def rate_of(data: object, baseline: Baseline | None) -> float | None:
    """Return the conversion rate to compare with; None if there is none, or nothing can be measured against it."""
    known = baseline_of(data, baseline)
    rate: object = None if known is None else known.conversion_rate
    if rate is None:
        return None
    known_rate = checked_number(rate, "The baseline's conversion_rate")
    return known_rate if _LEAST_RATE <= known_rate <= 1 else None
