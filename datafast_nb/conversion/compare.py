"""What changed between two moments or periods: the traffic, or its likelihood to convert."""

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
from datafast_nb.conversion.frames import AnyFrame, Frame, counts, opened, ratio
from datafast_nb.conversion.interval import (
    FEWEST,
    Z_95,
    deviation,
    has_enough_rates,
    normal_quantile,
    student,
    with_skewness,
)
from datafast_nb.conversion.measures import aggregates, with_moments, with_predictions
from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

_PERIODS: Final = ("before", "after")
_SUMS: Final = ("visitors", "scored", "_rate", "_squares", "_rate_squared", "_rate_cubed", "expected_value")
_FALSE: Final = 0.05  # share of comparisons without any change in which a group is beyond noise
_ROUNDING: Final = 1e-12  # a change up to this is rounding
_CERTAIN: Final = 40.0  # as a normal quantile
_SKEWED: Final = 0.45  # skewness of a change beyond which the sample can't tell
_WORKED_WITH: Final = ("visitors", "customers", "scored", "confident", "expected_value")
_COLUMNS: Final = (
    *(f"{name}_{period}" for name in ("visitors", "scored", "share", "predicted_rate") for period in _PERIODS),
    "change",
    "change_low",
    "change_high",
    "within_noise",
    "mix_effect",
    "mix_effect_low",
    "mix_effect_high",
    "conversion_effect",
    "conversion_effect_low",
    "conversion_effect_high",
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
def compare(before: AnyFrame, after: AnyFrame, by: Dimension | str | Sequence[Dimension | str]) -> AnyFrame: ...
def compare(
    before: Snapshot | AnyFrame, after: Snapshot | AnyFrame, by: Dimension | str | Sequence[Dimension | str]
) -> AnyFrame:
    """Compare the conversion likelihood of two snapshots or periods, group by group.

    The site's mean rate changes because visitors come from other groups than before (the traffic mix), or because those
    of a group are more or less likely to convert. The table separates the two.

    Parameters
    ----------
    before, after : Snapshot or frame
        Two snapshots, or two frames of visitors of the same kind, as for `breakdown`.
    by : str or sequence of str
        Columns or derived dimensions, as for `breakdown`; not ``dimension_matches``, whose groups overlap.

    Returns
    -------
    frame
        One row for each group present at either moment, largest effect first, ties by group:

        ================================ =====================================================================
        the `by` columns                 the group
        ``visitors_before``, ``_after``  all visitors of the group
        ``scored_before``, ``_after``    prospects with a predicted rate
        ``share_before``, ``_after``     the group's share of all those, 0 to 1; null if there are none
        ``predicted_rate_before``,       mean predicted rate over ``scored``; null if there are none
        ``predicted_rate_after``
        ``change``                       change of the predicted rate, after minus before
        ``change_low``, ``change_high``  95 % interval of that change; null with fewer than five on either side
        ``within_noise``                 whether chance alone could explain the change in a table with this many
                                         groups; null where the samples can't tell
        ``mix_effect``                   part of the site's change that comes from the group's share, as a rate
        ``conversion_effect``            part that comes from the group's own rate, likewise
        ``…_effect_low``, ``…_high``     their 95 % intervals; null with fewer than five on either side
        ``mix_share``,                   both divided by the site's change, so that they all add up to 1; null where
        ``conversion_share``             that change is itself noise
        ``expected_value_before``,       sums over ``scored``, in USD
        ``expected_value_after``
        ================================ =====================================================================

        All values of ``mix_effect`` and ``conversion_effect`` add up to the change of the site's mean rate.

    Raises
    ------
    ValueError
        The dimension is unknown or its groups overlap, or a frame lacks a column.

    See Also
    --------
    datafast_nb.glossary : What the terms mean.

    Notes
    -----
    With the share p and the rate r of a group, and the rate R of the site, the change splits exactly into Δp · (r̄ −
    R̄) for the mix and p̄ · Δr for the rates, where a bar denotes the mean of before and after: Kitagawa (1955),
    *Components of a difference between two rates*, Journal of the American Statistical Association 50, which is the
    two-fold decomposition of Oaxaca and Blinder for groups. Subtracting R̄ makes growth of a group with a below-average
    rate count as a loss, and leaves the sums unchanged. A group present at only one of the moments has no change of its
    own: its effect is all mix.

    The interval of the change is that of the difference of two independent means with their own variances: Welch's,
    with Student's t for Satterthwaite's degrees of freedom; Welch (1947), *The generalization of "Student's" problem
    when several different population variances are involved*, Biometrika 34. Visitors who are present both times make
    the two alike, so snapshots within ten minutes of each other are closer than the interval says.

    One in twenty such intervals misses by chance, so ``within_noise`` considers all groups at once, and controls the
    false discovery rate at 5 %: Benjamini and Hochberg (1995), *Controlling the false discovery rate*, Journal of the
    Royal Statistical Society B 57. A change must be beyond chance both in rates and in log-odds. ``within_noise`` is
    null where one rare high rate dominates (see `breakdown`), and where a few skewed rates are compared with many,
    since the mean of the few is itself skewed: everywhere in tables of 20 groups with 10 and 200 exponential rates.
    Just short of that, it is wrong more often: 8 of 100 tables of 20 groups with 12 and 60 such rates had a group
    beyond noise, and 11 of 100 with 40 and 200. ``python -m tests.statistics`` prints how often it is wrong.

    The intervals of the effects are those to which a bootstrap of the visitors converges, in closed form: the
    infinitesimal jackknife (Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, section 21.3).

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
            "'country_code' or another dimension, or use dfn.drivers() on each."
        )
    if isinstance(before, Snapshot) != isinstance(after, Snapshot):
        raise TypeError("Compare two snapshots, or two frames of the same kind; a snapshot's frame is its .visitors.")
    (earlier, restore_earlier), (later, restore_later) = opened(before), opened(after)
    for frame in (earlier, later):
        check_dimensions(frame, names, (*_COLUMNS, *_WORKED_WITH))
    _check_same(earlier, later, names)
    once = isinstance(before, Snapshot)
    both = nw.concat([_half(earlier, names, "before", once=once), _half(later, names, "after", once=once)])
    groups = both.group_by(*names).agg(*(nw.col(f"{name}_{period}").sum() for name in _SUMS for period in _PERIODS))
    table = _with_effects(_with_change(groups, names))
    size = nw.col("mix_effect").abs() + nw.col("conversion_effect").abs()
    table = table.with_columns(_size=size).sort(
        "_size", *names, descending=[True] + [False] * len(names), nulls_last=True
    )
    restore = restore_earlier if restore_earlier is nw.to_native else restore_later
    return restore(table.select(*names, *_COLUMNS))


def _check_same(earlier: nw.LazyFrame[Any], later: nw.LazyFrame[Any], names: Sequence[str]) -> None:
    """Reject dimensions whose types differ between the two frames."""
    first, second = earlier.collect_schema(), later.collect_schema()
    for name in names:
        if name in first and name in second and first[name] != second[name]:
            raise ValueError(
                f"{name!r} is {first[name]} before and {second[name]} after; cast it so that both are the same."
            )


def _half(frame: nw.LazyFrame[Any], names: Sequence[str], period: str, *, once: bool) -> nw.LazyFrame[Any]:
    """Return the sums of each group at one moment, with zeros for the other moment."""
    visitors = with_predictions(with_derived(frame, names), once=once, purpose="compare")
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


def _with_change(groups: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Add the rates of both moments, their change with its interval, and whether it is noise."""
    whole = [f"{name}_{period}" for name in ("visitors", "scored") for period in _PERIODS]
    groups = groups.with_columns(counts(*whole))
    for period in _PERIODS:
        groups = _with_mean(groups, period)
    before, after = (nw.col(f"predicted_rate_{period}") for period in _PERIODS)
    groups = groups.with_columns(change=after - before)
    groups = _with_freedom(groups, "")
    margin = student(nw.col("_freedom")) * nw.col("_variance").sqrt()
    groups = groups.with_columns(change_low=nw.col("change") - margin, change_high=nw.col("change") + margin)
    return _with_noise(_with_surprise(groups), names)


def _with_mean(groups: nw.LazyFrame[Any], period: str) -> nw.LazyFrame[Any]:
    """Add the figures of one moment: share, rate, the variance of its mean and of its log-odds, and its skewness."""
    sums = {name: f"{name}_{period}" for name in ("_rate", "_squares", "_rate_squared", "_rate_cubed")}
    one = groups.with_columns(
        _rates=nw.col(f"scored_{period}"), **{name: nw.col(column) for name, column in sums.items()}
    )
    one = with_skewness(one)
    scored = nw.col(f"scored_{period}").cast(nw.Float64)
    skewness = nw.col("_skewness_of_all").fill_null(0.0)
    enough = (scored >= FEWEST) & has_enough_rates(skewness, scored)
    mean = ratio(nw.col(f"_rate_{period}"), scored)
    variance = nw.when(scored >= FEWEST).then(ratio(nw.col(f"_squares_{period}"), (scored - 1.0) * scored))
    return one.with_columns(
        ratio(scored, scored.sum()).alias(f"share_{period}"),
        mean.alias(f"predicted_rate_{period}"),
        variance.alias(f"_variance_{period}"),
        nw.when(scored >= FEWEST).then(scored - 1.0).alias(f"_free_{period}"),
        ratio(variance, mean * mean * (1.0 - mean) * (1.0 - mean)).alias(f"_variance_of_odds_{period}"),
        nw.when(enough & (mean > 0) & (mean < 1)).then((mean / (1.0 - mean)).log()).alias(f"_odds_{period}"),
        skewness.alias(f"_skewness_{period}"),
    )


def _with_freedom(groups: nw.LazyFrame[Any], of: str) -> nw.LazyFrame[Any]:
    """Add the `_variance` of the change and its degrees of `_freedom`: Satterthwaite (1946), *Biometrics Bulletin* 2.

    For each side, the squared share of the variance is divided by the side's own degrees of freedom; one over the sum
    of both is the result. Each is a separate column, since databases evaluate an expression again wherever it is used.
    """
    groups = groups.with_columns(_variance=nw.col(f"_variance{of}_before") + nw.col(f"_variance{of}_after"))
    groups = groups.with_columns(_part=ratio(nw.col(f"_variance{of}_before"), nw.col("_variance")).fill_null(0.5))
    part, rest = nw.col("_part"), 1.0 - nw.col("_part")
    return groups.with_columns(
        _freedom=1.0 / (part * part / nw.col("_free_before") + rest * rest / nw.col("_free_after"))
    )


def _with_surprise(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add how far each change is from zero, as a normal quantile: the lesser of those of rates and of log-odds.

    With skewed rates, the mean of the smaller sample is too low with a small variance, and its log-odds are too far in
    the other direction, so one of the two errs on the safe side. It is null where that is not enough.
    """
    odds_change = nw.col("_odds_after") - nw.col("_odds_before")
    groups = groups.with_columns(_of_rates=_as_normal(nw.col("change"), nw.col("_variance"), nw.col("_freedom")))
    groups = _with_freedom(groups, "_of_odds")
    groups = groups.with_columns(_of_odds=_as_normal(odds_change, nw.col("_variance"), nw.col("_freedom")))
    comparable = ~nw.col("_of_odds").is_null() & (_squared_skewness_of_change() <= _SKEWED * _SKEWED)
    return groups.with_columns(_surprise=nw.when(comparable).then(nw.min_horizontal("_of_rates", "_of_odds")))


def _squared_skewness_of_change() -> nw.Expr:
    """Return the squared skewness of the difference of two means, if the rates of both are equally skewed.

    The mean of n rates with skewness g has skewness g / √n; for two means of equally many rates, it cancels out.
    """
    skewness = nw.max_horizontal(*(f"_skewness_{period}" for period in _PERIODS))
    before, after = (nw.col(f"scored_{period}").cast(nw.Float64) for period in _PERIODS)
    return skewness * (after - before) ** 2 / (before * after * (before + after))


def _as_normal(change: nw.Expr, variance: nw.Expr, freedom: nw.Expr) -> nw.Expr:
    """Return Welch's t as the normal quantile of the same probability.

    By Wallace (1959), *Bounds on normal approximations to Student's and the chi-square distributions*, Annals of
    Mathematical Statistics 30. A change without any variance is certain; no change at all gives zero.
    """
    squared = ratio(change * change, variance)
    certain = nw.when(change.abs() > _ROUNDING).then(nw.lit(_CERTAIN)).otherwise(nw.lit(0.0))
    near = (freedom * (1.0 + squared / freedom).log()).sqrt() * (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0)
    return nw.when(~change.is_null()).then(nw.coalesce(near, certain))


def _with_noise(groups: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Add `within_noise` from `_surprise`, so that 5 % of tables without any change have a group beyond noise.

    The r-th farthest of m changes is compared with the quantile that 5 % · r / m of unchanged ones exceed; the last one
    that exceeds it, and all that are farther, are beyond noise: Benjamini and Hochberg (1995), *Controlling the false
    discovery rate*, Journal of the Royal Statistical Society B 57.
    """
    surprise = nw.col("_surprise")
    groups = groups.with_columns(_tested=(~surprise.is_null()).cast(nw.Float64), _nearness=-surprise.fill_null(-1.0))
    groups = groups.with_columns(
        _farthest=nw.col("_tested").cum_sum().over(order_by=["_nearness", *names]), _tests=nw.col("_tested").sum()
    )
    tail = nw.when(nw.col("_tested") > 0).then(_FALSE * nw.col("_farthest") / nw.col("_tests") / 2.0)
    groups = groups.with_columns(_deviation=deviation(tail))
    groups = groups.with_columns(_beyond=normal_quantile(nw.col("_deviation")))
    passed = nw.when(surprise >= nw.col("_beyond")).then(nw.col("_farthest")).otherwise(0.0)
    groups = groups.with_columns(_passed=passed).with_columns(_last=nw.col("_passed").max())
    return groups.with_columns(within_noise=nw.when(~surprise.is_null()).then(nw.col("_farthest") > nw.col("_last")))


def _with_effects(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Split the change of the site's mean rate over the groups, into the effects of their share and of their rate."""
    rates = [nw.col(f"predicted_rate_{period}") for period in _PERIODS]
    before, after = nw.coalesce(*rates), nw.coalesce(*reversed(rates))
    scored = [nw.col(f"scored_{it}").sum().cast(nw.Float64) for it in _PERIODS]
    site = [ratio(nw.col(f"_rate_{it}").sum(), many) for it, many in zip(_PERIODS, scored, strict=True)]
    groups = groups.with_columns(_site_before=site[0], _site_after=site[1], _before=before, _after=after)
    mean = (nw.col("_site_before") + nw.col("_site_after")) / 2.0
    groups = groups.with_columns(
        _moved=nw.col("share_after") - nw.col("share_before"), _apart=(before + after) / 2.0 - mean
    )
    groups = groups.with_columns(
        mix_effect=nw.col("_moved") * nw.col("_apart"),
        conversion_effect=(nw.col("share_before") + nw.col("share_after"))
        / 2.0
        * (nw.col("_after") - nw.col("_before")),
    )
    groups = _with_intervals(groups)
    total = nw.col("_site_after") - nw.col("_site_before")
    groups = groups.with_columns(_total=nw.when(total.abs() > Z_95 * nw.col("_error_of_total")).then(total))
    return groups.with_columns(
        mix_share=ratio(nw.col("mix_effect"), nw.col("_total")),
        conversion_share=ratio(nw.col("conversion_effect"), nw.col("_total")),
    )


def _with_intervals(groups: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the 95 % intervals of both effects, and the standard error of the whole change as `_error_of_total`."""
    for period in _PERIODS:
        groups = _with_influence(groups, period)
    groups = groups.with_columns(
        _error_of_total=(nw.col("_noise_before") + nw.col("_noise_after")).sqrt(),
    )
    known = (nw.col("scored_before") >= FEWEST) & (nw.col("scored_after") >= FEWEST)
    for effect in ("mix", "conversion"):
        error = (nw.col(f"_{effect}_before") + nw.col(f"_{effect}_after")).clip(0.0, None).sqrt()
        margin = nw.when(known).then(Z_95 * error)
        groups = groups.with_columns(
            (nw.col(f"{effect}_effect") - margin).alias(f"{effect}_effect_low"),
            (nw.col(f"{effect}_effect") + margin).alias(f"{effect}_effect_high"),
        )
    return groups


def _with_influence(groups: nw.LazyFrame[Any], period: str) -> nw.LazyFrame[Any]:
    """Add what the sample of one moment contributes to the variance of each effect, and of the site's rate.

    This is computed from the influence of a single visitor on the effect (the infinitesimal jackknife; Efron and
    Tibshirani (1993), *An Introduction to the Bootstrap*, section 21.3), to which a bootstrap of the visitors
    converges: shares and rates of one moment are not independent, as one visitor affects both.
    """
    side = -1.0 if period == "before" else 1.0
    share, rate, site = nw.col(f"share_{period}"), nw.col(f"predicted_rate_{period}"), nw.col(f"_site_{period}")
    scored = nw.col(f"scored_{period}").cast(nw.Float64)
    away = (rate - site).fill_null(0.0)
    groups = groups.with_columns(_away=away, _own=ratio(nw.col(f"_squares_{period}"), scored).fill_null(0.0))
    everyone = (nw.col(f"_squares_{period}") + scored * nw.col("_away") * nw.col("_away")).sum()
    groups = groups.with_columns(_many=scored.sum(), _spread=ratio(everyone, scored.sum()))
    # The effect of one visitor on the share (`a`), and on the rates of the group and of the site (`d`).
    a, d, off, own = side * nw.col("_apart"), nw.col("_moved") / 2.0, nw.col("_away"), nw.col("_own")
    inside = (1.0 - share) * a - d * off
    others = nw.col("_spread") - share * (own + off * off)
    within = ratio(d * d * (1.0 - share) * (1.0 - share) * own, share).fill_null(0.0)
    mix = (
        share * inside * inside
        + within
        + (1.0 - share) * share * share * a * a
        - 2.0 * share * share * a * d * off
        + d * d * others
    )
    change = nw.col("_after") - nw.col("_before")
    level = (nw.col("share_before") + nw.col("share_after")) / 2.0
    conversion = share * (1.0 - share) * change * change / 4.0 + ratio(level * level * own, share)
    return groups.with_columns(
        ratio(mix, nw.col("_many")).alias(f"_mix_{period}"),
        ratio(conversion, nw.col("_many")).alias(f"_conversion_{period}"),
        ratio(nw.col("_spread"), nw.col("_many") - 1.0).alias(f"_noise_{period}"),
    )
