"""What changed between two moments or periods, and whether it was the traffic or its likelihood to convert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.dimensions import (
    Dimension,
    check_dimensions,
    dimension_names,
    with_derived,
)
from datafast_nb.conversion.frames import Frame, counts, opened, ratio
from datafast_nb.conversion.interval import student
from datafast_nb.conversion.measures import aggregates, with_moments, with_predictions
from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

_PERIODS: Final = ("before", "after")
_LEAST: Final = 3  # rates on either side that tell chance from change; with two Student's t has no mean
_SUMS: Final = ("visitors", "scored", "_rate", "_squares", "expected_value")
_WORKED_WITH: Final = ("visitors", "customers", "scored", "confident", "expected_value")
_COLUMNS: Final = (
    *(f"{name}_{period}" for name in ("visitors", "scored", "share", "predicted_rate") for period in _PERIODS),
    "change",
    "change_low",
    "change_high",
    "within_noise",
    "mix_effect",
    "conversion_effect",
    "mix_share",
    "conversion_share",
    "expected_value_before",
    "expected_value_after",
)


@overload
def compare(before: Snapshot, after: Snapshot, by: Dimension | str | Sequence[Dimension | str]) -> pl.DataFrame: ...
@overload
def compare(before: Frame, after: Frame, by: Dimension | str | Sequence[Dimension | str]) -> Frame: ...
@overload
def compare(before: Any, after: Any, by: Dimension | str | Sequence[Dimension | str]) -> Any: ...  # noqa: ANN401
def compare(before: Any, after: Any, by: Dimension | str | Sequence[Dimension | str]) -> Any:
    """Compare the conversion likelihood of two snapshots or periods, group by group.

    The site's mean rate changes because visitors come from other groups than before (the traffic mix), or because
    those of a group are likelier to convert. The table tells the two apart.

    Parameters
    ----------
    before, after : Snapshot or frame
        Two snapshots, or two frames of visitors of one kind, as for `breakdown`.
    by : str or sequence of str
        Columns or derived dimensions, as for `breakdown`; not ``dimension_matches``, whose groups overlap.

    Returns
    -------
    frame
        One row for each group of either moment, the largest effect first and then by the group:

        ================================ =====================================================================
        the `by` columns                 the group
        ``visitors_before``, ``_after``  all visitors of the group
        ``scored_before``, ``_after``    prospects with a predicted rate
        ``share_before``, ``_after``     the group's share of all those, 0 to 1; null where there is nobody
        ``predicted_rate_before``,       mean predicted rate over ``scored``; null where there is nobody
        ``predicted_rate_after``
        ``change``                       of the predicted rate, after minus before
        ``change_low``, ``change_high``  95 % interval of that change; null under three on either side
        ``within_noise``                 whether that interval holds 0; null where there is no interval
        ``mix_effect``                   part of the site's change that comes from the group's share, as a rate
        ``conversion_effect``            part that comes from the group's own rate, likewise
        ``mix_share``,                   both over the site's change, so that all of them add up to 1; null where
        ``conversion_share``             the site's rate did not change
        ``expected_value_before``,       sums over ``scored``, in USD
        ``expected_value_after``
        ================================ =====================================================================

        All ``mix_effect`` and ``conversion_effect`` together are the change of the site's mean rate.

    Raises
    ------
    ValueError
        The dimension is unknown or its groups overlap, or a frame lacks a column.

    Notes
    -----
    With the share p and the rate r of a group, and R for the site, the change splits without a rest into
    Δp · (r̄ − R̄) for the mix and p̄ · Δr for the rates, where a bar is the mean of before and after: Kitagawa (1955),
    *Components of a difference between two rates*, Journal of the American Statistical Association 50, which is the
    two-fold decomposition of Oaxaca and Blinder for groups. Taking R̄ off makes a group that grows below the average
    count against it, and changes no sum. A group that is there only once has no change of its own: it is all mix.

    The interval is that of the difference of two independent means with their own variances: Welch's, with Student's t
    for Satterthwaite's degrees of freedom; Welch (1947), *The generalization of "Student's" problem when several
    different population variances are involved*, Biometrika 34. Visitors who are there both times make the two alike,
    so snapshots within ten minutes of each other are closer than it says. Of twenty groups in which nothing changed,
    about one is outside all the same, of small groups as of large ones. Where rates are skewed, as predicted ones often
    are, it is fewer of the small groups, but up to two in twenty where a handful is compared with many.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> site = dfn.demo.Site(seed=0)
    >>> table = dfn.compare(site.snapshot(), site.snapshot(), by="device")
    >>> table.columns[:3]
    ['device', 'visitors_before', 'visitors_after']
    """
    names = dimension_names(by)
    if "dimension_matches" in names:
        raise ValueError(
            "The groups of 'dimension_matches' overlap, so a change can't be split between them; compare by 'device', "
            "'country_code' or another dimension, or look at dfn.drivers() of each."
        )
    if isinstance(before, Snapshot) != isinstance(after, Snapshot):
        raise TypeError("Compare two snapshots, or two frames of one kind; for a snapshot's frame take its .visitors.")
    (earlier, restore_earlier), (later, restore_later) = opened(before), opened(after)
    for frame in (earlier, later):
        check_dimensions(frame, names, (*_COLUMNS, *_WORKED_WITH))
    _check_same(earlier, later, names)
    both = nw.concat([_half(earlier, names, "before"), _half(later, names, "after")])
    groups = both.group_by(*names).agg(*(nw.col(f"{name}_{period}").sum() for name in _SUMS for period in _PERIODS))
    table = _with_effects(_with_change(groups))
    size = nw.col("mix_effect").abs() + nw.col("conversion_effect").abs()
    table = table.with_columns(_size=size).sort(
        "_size", *names, descending=[True] + [False] * len(names), nulls_last=True
    )
    restore = restore_earlier if restore_earlier is nw.to_native else restore_later
    return restore(table.select(*names, *_COLUMNS))


def _check_same(earlier: nw.LazyFrame[Any], later: nw.LazyFrame[Any], names: Sequence[str]) -> None:
    """Refuse dimensions that are of two kinds in the two frames."""
    first, second = earlier.collect_schema(), later.collect_schema()
    for name in names:
        if name in first and name in second and first[name] != second[name]:
            raise ValueError(
                f"{name!r} is {first[name]} before and {second[name]} after; cast it, so that both are the same."
            )


def _half(frame: nw.LazyFrame[Any], names: Sequence[str], period: str) -> nw.LazyFrame[Any]:
    """Give the sums of each group at one moment, with zeros for the other moment."""
    visitors = with_predictions(with_derived(frame, names), purpose="compare")
    groups = with_moments(visitors.group_by(*names).agg(*aggregates(visitors)))
    groups = groups.with_columns(scored=nw.col("_rates").cast(nw.Int64))
    return groups.select(
        *names,
        *(
            (nw.col(name) if each == period else nw.col(name) * 0).alias(f"{name}_{each}")
            for name in _SUMS
            for each in _PERIODS
        ),
    )


def _with_change(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the rates of both moments, their change and its interval."""
    whole = [f"{name}_{period}" for name in ("visitors", "scored") for period in _PERIODS]
    groups = groups.with_columns(counts(*whole))
    for period in _PERIODS:
        scored = nw.col(f"scored_{period}").cast(nw.Float64)
        variance = ratio(nw.col(f"_squares_{period}"), (scored - 1.0) * scored)
        groups = groups.with_columns(
            ratio(scored, scored.sum()).alias(f"share_{period}"),
            ratio(nw.col(f"_rate_{period}"), scored).alias(f"predicted_rate_{period}"),
            nw.when(scored >= _LEAST).then(variance).alias(f"_variance_{period}"),
            nw.when(scored >= _LEAST).then(scored - 1.0).alias(f"_free_{period}"),
        )
    change = nw.col("predicted_rate_after") - nw.col("predicted_rate_before")
    margin = student(nw.col("_freedom")) * nw.col("_variance").sqrt()
    return (
        _with_freedom(groups)
        .with_columns(change=change, change_low=change - margin, change_high=change + margin)
        .with_columns(within_noise=(nw.col("change_low") <= 0) & (nw.col("change_high") >= 0))
    )


def _with_freedom(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the `_variance` of the change and its degrees of `_freedom`: Satterthwaite (1946), *Biometrics Bulletin* 2.

    With the part that each side has in the variance squared over its own degrees of freedom, one over the sum of both.
    Each is a column of its own: databases work an expression out again wherever it is named.
    """
    groups = groups.with_columns(_variance=nw.col("_variance_before") + nw.col("_variance_after"))
    groups = groups.with_columns(_part=ratio(nw.col("_variance_before"), nw.col("_variance")).fill_null(0.5))
    part, rest = nw.col("_part"), 1.0 - nw.col("_part")
    return groups.with_columns(
        _freedom=1.0 / (part * part / nw.col("_free_before") + rest * rest / nw.col("_free_after"))
    )


def _with_effects(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Split the change of the site's mean rate over the groups, into what their share and their rate did to it."""
    rates = [nw.col(f"predicted_rate_{period}") for period in _PERIODS]
    before, after = nw.coalesce(*rates), nw.coalesce(*reversed(rates))
    site = [ratio(nw.col(f"_rate_{it}").sum(), nw.col(f"scored_{it}").sum()) for it in _PERIODS]
    groups = groups.with_columns(_site_before=site[0], _site_after=site[1], _before=before, _after=after)
    mean = (nw.col("_site_before") + nw.col("_site_after")) / 2.0
    moved = nw.col("share_after") - nw.col("share_before")
    groups = groups.with_columns(
        mix_effect=moved * ((nw.col("_before") + nw.col("_after")) / 2.0 - mean),
        conversion_effect=(nw.col("share_before") + nw.col("share_after"))
        / 2.0
        * (nw.col("_after") - nw.col("_before")),
    )
    total = nw.col("_site_after") - nw.col("_site_before")
    return groups.with_columns(
        mix_share=ratio(nw.col("mix_effect"), total), conversion_share=ratio(nw.col("conversion_effect"), total)
    )
