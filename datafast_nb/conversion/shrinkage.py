"""What a group's rate most likely is: a small group's is drawn towards the baseline, a large one's stays.

Small groups have the highest and the lowest mean rates of a table by chance alone. The estimate here weighs a group's
own mean against the baseline by how much that mean can be trusted: Bühlmann and Straub's credibility model, the
empirical Bayes estimator for means of groups of different size. It assumes neither normal nor binomial data, only
that groups vary around the baseline and visitors around their group, so it fits predicted rates, which are numbers
between 0 and 1 and not successes to be counted (for which one would take a beta-binomial model).
"""

from __future__ import annotations

from typing import Any, Final

import narwhals.stable.v2 as nw

from datafast_nb.conversion.frames import ratio

SHRINKAGE: Final = ("predicted_rate_shrunk", "credibility")
"""The measures that tell what a small group's rate most likely is, beside all other groups."""


def with_variances(groups: nw.LazyFrame[Any], baseline_rate: nw.Expr | float | None) -> nw.LazyFrame[Any]:
    """Add the `_centre` that rates vary around, and the variance `_within` groups and `_between` them.

    Without a baseline the centre is the credibility-weighted mean of the groups, in which large groups that differ
    count about alike. The estimators are those of moments, unbiased before they are cut off at zero: Bühlmann and
    Straub (1970), *Glaubwürdigkeit für Schadensätze*; Bühlmann and Gisler (2005), *A Course in Credibility Theory and
    its Applications*, sections 4.5 and 4.8. About a known centre one degree of freedom more is left.
    """
    rates, mean = nw.col("_size"), nw.col("_mean")
    if baseline_rate is None:
        centre, lost, clustering = ratio(nw.col("_rate").sum(), rates.sum()), 1.0, ratio((rates**2).sum(), rates.sum())
    else:
        known = nw.lit(baseline_rate) if isinstance(baseline_rate, float) else baseline_rate
        centre, lost, clustering = known, 0.0, nw.lit(0.0)
    groups = groups.with_columns(_size=nw.col("_rates").cast(nw.Float64))
    groups = groups.with_columns(_mean=ratio(nw.col("_rate"), rates), _centre=centre, _clustering=clustering)
    groups = groups.with_columns(
        _distance=(rates * (mean - nw.col("_centre")) ** 2).fill_null(0.0),
        _free=nw.when(rates > 1).then(rates - 1.0).otherwise(0.0),
        _full=(rates > 0).cast(nw.Float64),
    )
    groups = groups.with_columns(_distances=nw.col("_distance").sum(), _everybody=rates.sum())
    # Where no group has two rates, chance can't be told from difference, and all of it is taken for chance.
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
    # In proportion to each group's credibility, also where that is zero for all: then to its number of visitors.
    weight = ratio(rates, rates * nw.col("_between") + nw.col("_within")).fill_null(0.0)
    groups = groups.with_columns(_weight=weight)
    weighted = ratio((nw.col("_weight") * mean.fill_null(0.0)).sum(), nw.col("_weight").sum())
    return groups.with_columns(_centre=nw.coalesce(weighted, nw.col("_centre")))


def with_shrunk(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the shrunken rate and its `credibility`, the weight of the group's own mean in it."""
    groups = groups.with_columns(_signal=nw.col("_rates").cast(nw.Float64) * nw.col("_between"))
    known = ratio(nw.col("_signal"), nw.col("_signal") + nw.col("_within")).fill_null(1.0)
    groups = groups.with_columns(credibility=nw.when(nw.col("_rates") > 0).then(known))
    centre, away = nw.col("_centre"), nw.col("predicted_rate") - nw.col("_centre")
    return groups.with_columns(predicted_rate_shrunk=(centre + nw.col("credibility") * away).clip(0.0, 1.0))
