"""Who is counted: people, if a frame has their ids; a row without an id counts as one person."""

from __future__ import annotations

from typing import Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.frames import counts

_ID: Final = "visitor_id"
_SITE: Final = "site"  # with several sites, each has its own ids


def with_people(frame: nw.LazyFrame[Any], *, once: bool = False) -> nw.LazyFrame[Any]:
    """Add the person of each row as `_person`, and again as `_buyer` for a `_customer`; null if the row has no id.

    If each person has one row (`once`), these columns are not needed, and are not added.
    """
    columns = frame.collect_schema().names()
    if once or _ID not in columns:
        return frame.with_columns(_unnamed=nw.lit(1), _unnamed_buyer=nw.col("_customer"))
    named = [name for name in (_SITE, _ID) if name in columns]
    native = nw.to_native(frame)
    if isinstance(native, pl.LazyFrame):  # numbers are counted many times faster than texts
        person = pl.when(pl.col(_ID).is_not_null()).then(pl.struct(named).hash())
        frame = nw.from_native(native.with_columns(_person=person))
    else:
        texts = [nw.col(name).cast(nw.String) for name in named]
        parts = [*(text.fill_null("") for text in texts[:-1]), *([nw.lit("\n")] if texts[1:] else []), texts[-1]]
        frame = frame.with_columns(_person=nw.concat_str(parts) if texts[1:] else texts[0])
    unnamed = nw.col("_person").is_null().cast(nw.Int64)
    buyer = nw.when(nw.col("_customer") == 1).then(nw.col("_person"))
    return frame.with_columns(_buyer=buyer, _unnamed=unnamed, _unnamed_buyer=unnamed * nw.col("_customer"))


def people(frame: nw.LazyFrame[Any]) -> list[nw.Expr]:
    """Return the aggregates that `counted` needs, over the columns that `with_people` adds."""
    sums = [nw.len().alias("_rows"), nw.col("_unnamed").sum(), nw.col("_unnamed_buyer").sum()]
    if "_person" not in frame.collect_schema().names():
        return sums
    buyer = nw.col("_buyer")
    distinct = [nw.col("_person").n_unique().alias("_people"), buyer.n_unique().alias("_buyers")]
    return [*sums, *distinct, buyer.count().alias("_bought")]


def counted(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the numbers of `visitors` and `customers`, correcting for null ids, which were counted as one value."""
    groups = groups.with_columns(counts("_rows", "_unnamed", "_unnamed_buyer"))
    if "_people" not in groups.collect_schema().names():
        return groups.with_columns(visitors=nw.col("_unnamed"), customers=nw.col("_unnamed_buyer"))
    groups = groups.with_columns(counts("_people", "_buyers", "_bought"))
    one, other = (
        nw.when(some_null).then(nw.lit(1)).otherwise(nw.lit(0))
        for some_null in (nw.col("_unnamed") > 0, nw.col("_bought") < nw.col("_rows"))
    )
    return groups.with_columns(
        visitors=nw.col("_people") - one + nw.col("_unnamed"),
        customers=nw.col("_buyers") - other + nw.col("_unnamed_buyer"),
    )
