"""The most likely rate of a group: a small group's shrinks toward the baseline, a large group's hardly moves.

Small groups have the highest and the lowest mean rates of a table by chance alone. The estimate here weighs a group's
own mean against the baseline by how much that mean can be trusted: Bühlmann and Straub's credibility model, the
empirical Bayes estimator for means of groups of different size. It assumes neither normal nor binomial data, only that
groups vary around the baseline and visitors around their group. So it fits predicted rates, which are numbers between 0
and 1 rather than counts of successes (which would call for a beta-binomial model).
"""

from __future__ import annotations

from typing import Any, Final

import narwhals.stable.v2 as nw

from datafast_nb.conversion.frames import ratio

SHRINKAGE: Final = ("predicted_rate_shrunk", "credibility")
"""The measures that estimate the most likely rate of a group, given all other groups."""


def with_variances(groups: nw.LazyFrame[Any], baseline_rate: nw.Expr | float | None) -> nw.LazyFrame[Any]:
    """Add the `_center` that rates vary around, and the variance `_within` groups and `_between` them.

    Without a baseline, the center is the credibility-weighted mean of the groups, in which large groups that differ
    count about equally. The estimators are moment estimators, unbiased before they are cut off at zero: Bühlmann and
    Straub (1970), *Glaubwürdigkeit für Schadensätze*; Bühlmann and Gisler (2005), *A Course in Credibility Theory and
    its Applications*, sections 4.5 and 4.8. A known center leaves one more degree of freedom.
    """
    rates, mean = nw.col("_size"), nw.col("_mean")
    if baseline_rate is None:
        center, lost, clustering = ratio(nw.col("_rate").sum(), rates.sum()), 1.0, ratio((rates**2).sum(), rates.sum())
    else:
        known = nw.lit(baseline_rate) if isinstance(baseline_rate, float) else baseline_rate
        center, lost, clustering = known, 0.0, nw.lit(0.0)
    groups = groups.with_columns(_size=nw.col("_rates").cast(nw.Float64))
    groups = groups.with_columns(_mean=ratio(nw.col("_rate"), rates), _center=center, _clustering=clustering)
    groups = groups.with_columns(
        _distance=(rates * (mean - nw.col("_center")) ** 2).fill_null(0.0),
        _free=nw.when(rates > 1).then(rates - 1.0).otherwise(0.0),
        _full=(rates > 0).cast(nw.Float64),
    )
    groups = groups.with_columns(_distances=nw.col("_distance").sum(), _everybody=rates.sum())
    # If no group has two rates, chance and real differences look the same, and everything counts as chance.
    within = nw.coalesce(
        ratio(nw.col("_squares").sum(), nw.col("_free").sum()),
        ratio(nw.col("_distances"), nw.col("_everybody") - lost),
    )
    groups = groups.with_columns(_within=within)
    by_chance = (nw.col("_full").sum() - lost) * nw.col("_within")
    between = ratio(nw.col("_distances") - by_chance, nw.col("_everybody") - nw.col("_clustering"))
    groups = groups.with_columns(_between=between.fill_null(0.0).clip(0.0, None))
    if baseline_rate is not None:
        return groups
    # In proportion to each group's credibility; if that is zero for all, to its number of visitors.
    weight = ratio(rates, rates * nw.col("_between") + nw.col("_within")).fill_null(0.0)
    groups = groups.with_columns(_weight=weight)
    weighted = ratio((nw.col("_weight") * mean.fill_null(0.0)).sum(), nw.col("_weight").sum())
    return groups.with_columns(_center=nw.coalesce(weighted, nw.col("_center")))


def with_shrunk(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the shrunk rate and its `credibility`, the weight of the group's own mean in it."""
    groups = groups.with_columns(_signal=nw.col("_rates").cast(nw.Float64) * nw.col("_between"))
    known = ratio(nw.col("_signal"), nw.col("_signal") + nw.col("_within")).fill_null(1.0)
    groups = groups.with_columns(credibility=nw.when(nw.col("_rates") > 0).then(known))
    center, away = nw.col("_center"), nw.col("predicted_rate") - nw.col("_center")
    return groups.with_columns(predicted_rate_shrunk=(center + nw.col("credibility") * away).clip(0.0, 1.0))
