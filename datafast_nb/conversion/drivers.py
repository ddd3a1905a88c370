"""Which matched dimensions, and which of their values, move the likelihood most."""

from __future__ import annotations

from typing import Any, Final, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_whole
from datafast_nb.conversion.frames import AnyFrame, Frame, opened, rate_of, ratio, require
from datafast_nb.conversion.interval import with_skewness
from datafast_nb.conversion.matches import matched
from datafast_nb.conversion.measures import aggregates, with_measures, with_moments, with_predictions
from datafast_nb.conversion.shrinkage import with_shrunk, with_variances
from datafast_nb.snapshot import Baseline, Snapshot

_COLUMNS: Final = (
    "dimension",
    "value",
    "visitors",
    "scored",
    "predicted_rate",
    "predicted_rate_low",
    "predicted_rate_high",
    "lift",
    "lift_low",
    "lift_high",
    "lift_shrunk",
    "credibility",
    "extra_conversions",
    "overlap",
)


@overload
def drivers(data: Snapshot, *, min_visitors: int = 2, baseline: Baseline | None = None) -> pl.DataFrame: ...
@overload
def drivers(data: Frame, *, min_visitors: int = 2, baseline: Baseline | None = None) -> Frame: ...
@overload
def drivers(data: AnyFrame, *, min_visitors: int = 2, baseline: Baseline | None = None) -> AnyFrame: ...
def drivers(data: Snapshot | AnyFrame, *, min_visitors: int = 2, baseline: Baseline | None = None) -> AnyFrame:
    """Rank the matched dimensions and their values by how far they move the conversion likelihood.

    A prediction names those of a visitor's dimensions that it is based on. Each of these is a group here, with the
    value that the visitor has in it: a visitor from Germany on a phone, whose country and device matched, is in
    ``country`` = ``DE`` and in ``device`` = ``mobile``. So the groups overlap. A lift is the average of the group's
    visitors, with everything else that they have in common; it is not the effect of the value alone, and lifts of
    several groups must not be multiplied.

    Parameters
    ----------
    data : Snapshot or frame
        As for `breakdown`; it also needs the column ``dimension_matches``, and those of the dimensions in it.
    min_visitors : int, default 2
        Leave out groups with fewer scored prospects.
    baseline : Baseline, optional
        The site's averages; by default the snapshot's own, else the mean over all scored prospects.

    Returns
    -------
    frame
        One row for each dimension and value, farthest from the baseline first (by ``lift_shrunk``, in either
        direction):

        =========================== =========================================================================
        ``dimension``, ``value``    the matched dimension as the service names it, and the visitors' value of it;
                                    null where no column holds that value
        ``visitors``, ``scored``    visitors for whom it matched; the prospects with a likelihood among them
        ``predicted_rate``,         mean over ``scored``, and its 95 % interval as in `breakdown`
        ``…_low``, ``…_high``
        ``lift``                    ``predicted_rate`` over the baseline's
        ``lift_low``, ``lift_high`` the interval over the baseline's
        ``lift_shrunk``             the lift, shrunk toward 1, more so for smaller groups, as in `breakdown`
        ``credibility``             the weight of the group's own rate in it, 0 to 1
        ``extra_conversions``       expected conversions of ``scored`` beyond those at the baseline's rate
        ``overlap``                 share of the group's visitors for whom other dimensions matched too, 0 to 1
        =========================== =========================================================================

    Raises
    ------
    ValueError
        The frame lacks a column.

    See Also
    --------
    datafast_nb.glossary : What the terms mean.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import datafast_nb as dfn
    >>> site = dfn.demo.Site(seed=0, visitors=1000, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC))
    >>> dfn.drivers(site.snapshot()).select("dimension", "value", "scored").head(3).rows()
    [('campaign', 'giveaway', 22), ('country', 'IN', 29), ('referrer', 'https://www.facebook.com/', 16)]
    """
    checked_whole(min_visitors, "min_visitors", 0)
    frame, restore = opened(data, by_polars=True)
    require(frame, ("dimension_matches",), "drivers")
    visitors = with_predictions(frame, purpose="drivers")
    known = nw.lit(rate_of(data, baseline), dtype=nw.Float64)
    everybody = visitors.select(_usual=nw.coalesce(known, nw.col("_conversion_rate").mean()))
    rate = nw.col("_usual")
    groups = with_moments(_groups(visitors)).join(everybody, how="cross").with_columns(_total=nw.col("visitors"))
    groups = with_skewness(with_variances(groups, rate))
    table = with_shrunk(with_measures(groups, None)).with_columns(
        lift=ratio(nw.col("predicted_rate"), rate),
        lift_low=ratio(nw.col("predicted_rate_low"), rate),
        lift_high=ratio(nw.col("predicted_rate_high"), rate),
        lift_shrunk=ratio(nw.col("predicted_rate_shrunk"), rate),
        extra_conversions=nw.col("expected_conversions") - nw.col("_rates") * rate,
        overlap=nw.col("_shared") / nw.col("_rows"),
    )
    # A lift of 0.5 is as far from 1 as a lift of 2.
    lift = nw.col("lift_shrunk")
    strength = nw.when(lift >= 1).then(lift).otherwise(ratio(nw.lit(1.0), lift))
    return restore(
        table.filter(nw.col("scored") >= min_visitors)
        .with_columns(_strength=strength)
        .sort("_strength", "dimension", "value", descending=[True, False, False], nulls_last=True)
        .select(*_COLUMNS)
    )


def _groups(visitors: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the sums of each matched dimension and value, and in `_shared` how many visitors match others too."""
    matches = nw.col("dimension_matches").list
    several = matches.min() != matches.max()  # a null in the list is ignored
    rows = matched(visitors.with_columns(_several=several.cast(nw.Int64)))
    return (
        rows.group_by("_dimension", "_value")
        .agg(*aggregates(rows), _shared=nw.col("_several").fill_null(0).sum())
        .rename({"_dimension": "dimension", "_value": "value"})
    )
