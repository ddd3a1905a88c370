"""The dimensions that predictions are based on, one row for each, with the visitor's value."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import narwhals.stable.v2 as nw

from datafast_nb.conversion.dimensions import MATCHED
from datafast_nb.schema import VISITORS


def matched(visitors: nw.LazyFrame[Any], listed: Collection[str] | None = None) -> nw.LazyFrame[Any]:
    """Return a row for each matched dimension of each visitor, with its name and the visitor's value of it.

    ``_dimension`` is the name that the service gives; ``_value`` is null where the visitor has none, or where no column
    holds it. A dimension that is listed twice counts once. If the names of all dimensions are known, pass them as
    `listed`: this is several times as fast.
    """
    columns = visitors.collect_schema().names()
    own = {name: name for name in columns if name in VISITORS and name != "dimension_matches"}
    places = {name: column for name, column in {**own, **MATCHED}.items() if column in columns}
    if listed is not None:
        places = {name: column for name, column in places.items() if name in listed}
    # Side by side, not within each other: an expression that is nested so deeply takes longer to build than to compute.
    values = (nw.when(nw.col("_dimension") == it).then(nw.col(at).cast(nw.String)) for it, at in places.items())
    return (
        visitors.with_columns(_dimension=nw.col("dimension_matches").list.unique())
        .explode("_dimension")
        .filter(~nw.col("_dimension").is_null())
        .with_columns(_value=nw.coalesce(nw.lit(None, dtype=nw.String), *values))
    )
