"""The content of the filter bar on a map and in an explorer: the active filters and the options. Knows no widget."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from datafast_nb import countries
from datafast_nb.filters import LIMITS, Filters
from datafast_nb.text import country_name, plain
from datafast_nb.widgets.protocol import Chip, FilterBar, FilterOptions, FilterValues, Option

OFFERED: Final = FilterOptions.__struct_fields__
"""The dimensions whose values the filter bar offers; code can filter by any."""

_MOST_OFFERED: Final = 40  # values of each dimension
_LONGEST_OFFERED: Final = 120  # characters; a longer value can still be searched for


def filter_bar(filters: Filters, matched: int, total: int, options: FilterOptions | None) -> FilterBar:
    """Return the content of the filter bar.

    Parameters
    ----------
    filters
        The active filters.
    matched, total
        How many visitors pass the filters, and how many there are.
    options
        The options, as `offered` returns them; None while they are not requested.
    """
    values = {name: _single(filters, name) for name in (*OFFERED, "visit_kind", "is_customer")}
    limits = {name: filters.values.get(name) for name in (*LIMITS, "text")}
    return FilterBar(
        active=tuple(Chip(**chip, locked=chip["name"] in filters.locked) for chip in filters.chips()),
        matched=matched,
        total=total,
        values=FilterValues(**values, **limits),
        options=options,
    )


def offered(visitors: pl.DataFrame, *, several_sites: bool) -> FilterOptions:
    """Return the values that each filter could take, most common first.

    Parameters
    ----------
    visitors
        The visitors, with the columns in `OFFERED`.
    several_sites
        Whether there is a site to choose.
    """
    names = [name for name in OFFERED if name != "site" or several_sites]
    return FilterOptions(**{name: _options(name, visitors[name]) for name in names})


def _options(name: str, values: pl.Series) -> tuple[Option, ...]:
    """Return the most common values of a column."""
    words = country_name if name == "country_code" else plain
    known = (countries.known(values) if name == "country_code" else values).drop_nulls()
    counts = known.filter(known.str.len_chars() <= _LONGEST_OFFERED).value_counts(name="visitors")
    commonest = counts.sort(["visitors", name], descending=[True, False]).head(_MOST_OFFERED)
    return tuple(Option(value, words(value), visitors) for value, visitors in commonest.iter_rows())


def _single(filters: Filters, name: str) -> Any:  # noqa: ANN401 - whatever is filtered by
    """Return the value that a filter accepts, or a list of values; None if it accepts any."""
    accepted = filters.values.get(name, ())
    return accepted[0] if len(accepted) == 1 else list(accepted) or None
