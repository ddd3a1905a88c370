"""What the visits of a history can be grouped by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import narwhals.stable.v2 as nw

from datafast_nb.conversion import dimension_names, is_derived, made_of
from datafast_nb.conversion.dimensions import check_dimensions
from datafast_nb.schema import VISITORS

_NO_DIMENSION: Final = (
    "score",
    "confidence",
    "dimension_matches",
    "conversion_rate",
    "average_value",
    "expected_value",
)


def checked_dimensions(by: str | Sequence[str] | None) -> list[str]:
    """Return the dimensions to group by as a list; none for None.

    Raises
    ------
    TypeError
        `by` is not a name or a list of names.
    ValueError
        A name is not a dimension of visits, or is given twice.
    """
    names = [] if by is None else dimension_names(by)
    if names:
        check_dimensions(nw.from_native(VISITORS.to_frame().lazy()), names, _NO_DIMENSION)
    return names


def derived(names: Sequence[str]) -> list[str]:
    """Return those of the dimensions that are derived from columns."""
    return [name for name in names if is_derived(name)]


def columns_of(names: Sequence[str]) -> list[str]:
    """Return the columns of visitors that the dimensions are made of."""
    sources = (made_of(name) if is_derived(name) else (name,) for name in names)
    return list(dict.fromkeys(column for columns in sources for column in columns))
