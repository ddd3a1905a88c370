"""Replaces people with pseudonyms in any tables, whatever their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl
import polars.selectors as cs

from datafast_nb import privacy
from datafast_nb.export.cells import nestable
from datafast_nb.privacy import PROCESS_KEY, TREATMENTS, Key, Treatment, concealed

_OUR_OWN_WORDS: Final = ("site", "change")
_FLAG: Final = "is_random_name"
_TEXTS: Final = (pl.String(), pl.List(pl.String()))
_LIKE_URLS: Final[Treatment] = "text"


def checked_key(redact: object) -> Key | None:
    """Return the key that pseudonyms are made with; None for False, which asks for none.

    Raises
    ------
    TypeError
        It is neither bytes nor a Boolean.
    ValueError
        The key has fewer than 16 bytes.
    """
    kind, given = type(redact).__name__, concealed(redact)
    del redact  # a traceback shows the remaining variables
    if given is None:
        raise TypeError(f"redact takes True, or your own key as bytes, not {kind}.")
    if isinstance(given, Key):
        return given.checked("save(redact=…)")
    return PROCESS_KEY if given else None


def redacted(tables: Mapping[str, pl.LazyFrame], key: Key) -> dict[str, pl.LazyFrame]:
    """Return tables with pseudonyms, the same for a person in all of them.

    Text columns that are not those of a snapshot are cleaned as URLs are, and so is what is nested in structs.
    """
    frames = [_with_texts(table).collect() for table in tables.values()]
    texts = [frame.select(cs.by_dtype(_TEXTS), cs.boolean() & cs.by_name(_FLAG, require_all=False)) for frame in frames]
    unknown = {name for frame in texts for name in frame.columns}.difference(_OUR_OWN_WORDS, (_FLAG,), TREATMENTS)
    cleaned = privacy.redacted(texts, key, treatments={**TREATMENTS, **dict.fromkeys(unknown, _LIKE_URLS)})
    return {name: frame.with_columns(new).lazy() for name, frame, new in zip(tables, frames, cleaned, strict=True)}


def _with_texts(table: pl.LazyFrame) -> pl.LazyFrame:
    """Return a table in which all text is in columns of text, or of lists of text."""
    table = nestable(table)
    nested = [name for name, dtype in table.collect_schema().items() if dtype.is_nested() and not _is_plain(dtype)]
    return table.with_columns(
        cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String),
        *(pl.struct(pl.col(name)).struct.json_encode().alias(name) for name in nested),
    )


def _is_plain(dtype: pl.DataType) -> bool:
    """Return whether a nested column is a list of text or of numbers."""
    return isinstance(dtype, pl.List) and (dtype.inner == pl.String or dtype.inner.is_numeric())
