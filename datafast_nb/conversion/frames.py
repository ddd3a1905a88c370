"""Frames as they come in and go out, and the cells that may be used."""

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
"""A Polars frame, eager or lazy: the same comes out as went in."""

AnyFrame: TypeAlias = Any
"""A frame of any library that Narwhals reads; what comes out is of the same kind as what went in."""

BLANKS_AROUND: Final = r"^\s+|\s+$"
_LEAST_RATE: Final = 1e-12  # to divide by: what is below is nothing, and lifts over it are no numbers


_FLAGS: Final = [name for each in (VISITORS, EVENTS, PAYMENTS) for name, dtype in each.items() if dtype == pl.Boolean]
_YES: Final = ("true", "t", "yes", "y", "1", "1.0")
_NO: Final = ("false", "f", "no", "n", "0", "0.0")
# What a conversion to Polars raises.
_UNREAD: Final = (pl.exceptions.PolarsError, ImportError, NotImplementedError, TypeError, ValueError)


def opened(
    data: Any,  # noqa: ANN401 - any frame
    *,
    by_polars: bool = False,
) -> tuple[nw.LazyFrame[Any], Callable[[nw.LazyFrame[Any]], Any]]:
    """Give the data as a lazy Narwhals frame, and what turns a result into the data's own kind again.

    `by_polars` is for what Narwhals does not do in pandas and Arrow: their frames are worked on in Polars then.
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
    """Give any frame as a Polars one, lazily, or refuse what is none; `rows` says what it is expected to hold."""
    frame = _read(data, f"a Polars frame of {rows}, or any other that Narwhals reads")
    if isinstance(frame, nw.LazyFrame) and not frame.implementation.is_polars():
        frame = frame.collect("polars")
    native = frame.to_native() if frame.implementation.is_polars() else _converted(frame)  # type: ignore[arg-type]
    flagged: pl.LazyFrame = _with_flags(nw.from_native(native.lazy())).to_native()
    return flagged.with_columns(pl.selectors.datetime(time_zone="*").dt.convert_time_zone("UTC"))  # not "Etc/UTC"


def _read(
    data: object, expected: str = "a frame (Polars or any other that Narwhals reads)"
) -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    """Give the data as a Narwhals frame, or refuse what is none, and what is of a kind that lacks too much."""
    native: Any = once(data.visitors) if isinstance(data, Snapshot) else data
    try:
        frame: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(native)
    except TypeError as error:
        raise TypeError(f"Expected a Snapshot or {expected}, not {type(data).__name__}.") from error
    if frame.implementation.is_dask():
        raise TypeError("Dask's frames lack what this needs; give the frame's rows: frame.compute().")
    if frame.implementation.is_ibis():
        raise TypeError("Ibis's tables lack what this needs; give the table's rows: table.to_polars().")
    return frame


def _converted(frame: nw.DataFrame[Any]) -> pl.DataFrame:
    """Give an eager frame as a Polars one."""
    try:
        return frame.to_polars()
    except _UNREAD as error:
        raise TypeError(
            f"This frame can't be turned into a Polars one, which is needed here: {error}. Give each column one type, "
            "as frame.convert_dtypes() of pandas does; pandas needs pyarrow for it."
        ) from error


def _with_flags(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Give the columns of yes and no as such: pandas has them as objects or numbers where some are not known."""
    dtypes = frame.collect_schema()
    mixed = [name for name in _FLAGS if name in dtypes and dtypes[name] != nw.Boolean]
    return frame.with_columns(**{name: _yes_or_no(name) for name in mixed}) if mixed else frame


def _yes_or_no(column: str) -> nw.Expr:
    """Read yes and no from their words and numbers; what is neither is null."""
    word = nw.col(column).cast(nw.String).str.to_lowercase()
    known = word.is_in([*_YES, *_NO])
    return nw.when(known).then(word.is_in(_YES))


def require(frame: nw.LazyFrame[Any], columns: Sequence[str], purpose: str) -> None:
    """Refuse a frame that lacks one of the columns."""
    known = frame.collect_schema().names()
    missing = [column for column in columns if column not in known]
    if missing:
        raise ValueError(f"The frame has no column {', '.join(map(repr, missing))}, which {purpose} needs.")


# Cells


def in_range(column: str) -> nw.Expr:
    """Say whether a number is in its column's range in ``schema.RANGES``; one that is not finite is not."""
    return nw.col(column).cast(nw.Float64).is_between(*RANGES[column])


def number(column: str) -> nw.Expr:
    """Give a column as floats, where what is out of its range is null."""
    return nw.when(in_range(column)).then(nw.col(column).cast(nw.Float64))


def without(text: nw.Expr, patterns: Sequence[str]) -> nw.Expr:
    """Take out of a text what each pattern matches, one after the other."""
    for pattern in patterns:
        text = text.str.replace_all(pattern, "")
    return text


def text(column: str) -> nw.Expr:
    """Give a text column without blanks around it, where what is blank is null."""
    value = without(nw.col(column).cast(nw.String), [BLANKS_AROUND])
    return nw.when(value != "").then(value)


def flag(column: str) -> nw.Expr:
    """Give a column of yes and no, where null means no; in pandas null is NaN, of which a cast would make a yes."""
    value = nw.col(column)
    return nw.when(~value.is_null()).then(value == nw.lit(value=True)).otherwise(nw.lit(value=False))


def counts(*columns: str) -> nw.Expr:
    """Give aggregates as whole numbers; 0 where a database found nothing to add."""
    return nw.col(*columns).fill_null(0).cast(nw.Int64)


def ratio(above: nw.Expr, below: nw.Expr) -> nw.Expr:
    """Divide, where there is something to divide by; null elsewhere."""
    return above / nw.when(below != 0).then(below)


# Snapshots


def once(visitors: pl.DataFrame) -> pl.DataFrame:
    """Give each visitor of a snapshot once, the first row of each; as the map does."""
    known = pl.struct("site", "visitor_id") if "site" in visitors.columns else pl.col("visitor_id")
    if visitors.select(known.n_unique()).item() == visitors.height:  # which is the rule
        return visitors
    return visitors.filter(known.is_first_distinct() | pl.col("visitor_id").is_null())


def visitors_of(data: object) -> pl.LazyFrame:
    """Give the visitors of a snapshot, or of any frame, as a lazy Polars frame."""
    return in_polars(data, "visitors")


def baseline_of(data: object, given: Baseline | None = None) -> Baseline | None:
    """Give the averages to compare with: those that were given, else the snapshot's own, else None."""
    if given is not None and not isinstance(given, Baseline):
        raise TypeError(f"baseline takes a dfn.Baseline(conversion_rate, average_value), not {given!r:.60}.")
    return data.baseline if given is None and isinstance(data, Snapshot) else given


def rate_of(data: object, baseline: Baseline | None) -> float | None:
    """Give the conversion rate to compare with; None where there is none, or nothing can be measured against it."""
    known = baseline_of(data, baseline)
    rate: object = None if known is None else known.conversion_rate
    if rate is None:
        return None
    known_rate = checked_number(rate, "The baseline's conversion_rate")
    return known_rate if _LEAST_RATE <= known_rate <= 1 else None
