"""Frames as they come in and go out, and the cells that may be used."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.schema import RANGES
from datafast_nb.snapshot import Baseline, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
"""A Polars frame, eager or lazy: the same comes out as went in."""

BLANKS_AROUND: Final = r"^\s+|\s+$"
_LONGEST_NAME: Final = 60
_LEAST_RATE: Final = 1e-12  # to divide by: what is below is nothing, and lifts over it are no numbers


def opened(data: Any) -> tuple[nw.LazyFrame[Any], Callable[[nw.LazyFrame[Any]], Any]]:  # noqa: ANN401
    """Give the data as a lazy Narwhals frame, and what turns a result into the data's own kind again."""
    native = data.visitors if isinstance(data, Snapshot) else data
    try:
        frame: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(native)
    except TypeError as error:
        raise TypeError(
            f"Expected a Snapshot or a frame (Polars or any other that Narwhals reads), not {type(data).__name__}."
        ) from error
    if isinstance(frame, nw.DataFrame):
        return frame.lazy(), lambda result: result.collect().to_native()
    return frame, nw.to_native


def require(frame: nw.LazyFrame[Any], columns: Sequence[str], purpose: str) -> None:
    """Refuse a frame that lacks one of the columns."""
    known = frame.collect_schema().names()
    missing = [column for column in columns if column not in known]
    if missing:
        raise ValueError(f"The frame has no column {', '.join(map(repr, missing))}, which {purpose} needs.")


def nearest(name: object, known: Iterable[str]) -> str:
    """Say which known name is meant, where one is spelled like it; for the end of a sentence."""
    found = get_close_matches(str(name)[:_LONGEST_NAME], list(known), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


def shown(name: object) -> str:
    """Quote a name for a message, cut off where somebody passed a page of text."""
    text = str(name)
    return repr(text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…")


def whole_number(value: object, name: str, least: int) -> int:
    """Give a whole number, or refuse what is none or too small."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} takes a whole number, such as {name}=10, not {value!r:.60}.")
    if value < least:
        raise ValueError(f"{name} is {value}; give {least} or more.")
    return value


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
    """Give a column of yes and no, where null means no."""
    return nw.col(column).cast(nw.Boolean).fill_null(value=False)


def counts(*columns: str) -> nw.Expr:
    """Give aggregates as whole numbers; 0 where a database found nothing to add."""
    return nw.col(*columns).fill_null(0).cast(nw.Int64)


def ratio(above: nw.Expr, below: nw.Expr) -> nw.Expr:
    """Divide, where there is something to divide by; null elsewhere, as where the result is not finite."""
    result = above / nw.when(below != 0).then(below)
    return nw.when(result.is_finite()).then(result)


# Snapshots


def visitors_of(data: object) -> pl.LazyFrame:
    """Give the visitors of a snapshot or a Polars frame, lazily, or refuse what is neither."""
    if isinstance(data, Snapshot):
        return data.visitors.lazy()
    if isinstance(data, (pl.DataFrame, pl.LazyFrame)):
        return data.lazy()
    raise TypeError(f"Expected a Snapshot or a Polars frame of visitors, not {type(data).__name__}.")


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
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        raise TypeError(f"The baseline's conversion_rate takes a probability, such as 0.02, not {rate!r:.60}.")
    return float(rate) if _LEAST_RATE <= rate <= 1 else None
