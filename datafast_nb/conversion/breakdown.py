"""The conversion likelihood of each group, and of the whole site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_choice, checked_whole
from datafast_nb.conversion.dimensions import (
    Dimension,
    check_dimensions,
    dimension_names,
    one_row_per_group,
    with_derived,
)
from datafast_nb.conversion.frames import AnyFrame, Frame, counts, opened, rate_of, require
from datafast_nb.conversion.interval import Interval, with_skewness
from datafast_nb.conversion.measures import (
    MEASURES,
    Measure,
    aggregates,
    pooled,
    with_measures,
    with_moments,
    with_predictions,
)
from datafast_nb.conversion.people import counted, people
from datafast_nb.conversion.shrinkage import SHRINKAGE, with_shrunk, with_variances
from datafast_nb.renamed import renamed
from datafast_nb.snapshot import Baseline, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER: Final = "other"
_OWN: Final = (*MEASURES, "is_other")


@overload
def breakdown(
    data: Snapshot,
    by: Dimension | str | Sequence[Dimension | str],
    *,
    top: int | None = None,
    min_visitors: int | None = None,
    include_customers: bool = False,
    order_by: Measure = "expected_value",
    baseline: Baseline | None = None,
    ci: Interval = "logit",
) -> pl.DataFrame: ...
@overload
def breakdown(
    data: Frame,
    by: Dimension | str | Sequence[Dimension | str],
    *,
    top: int | None = None,
    min_visitors: int | None = None,
    include_customers: bool = False,
    order_by: Measure = "expected_value",
    baseline: Baseline | None = None,
    ci: Interval = "logit",
) -> Frame: ...
@overload
def breakdown(
    data: AnyFrame,
    by: Dimension | str | Sequence[Dimension | str],
    *,
    top: int | None = None,
    min_visitors: int | None = None,
    include_customers: bool = False,
    order_by: Measure = "expected_value",
    baseline: Baseline | None = None,
    ci: Interval = "logit",
) -> AnyFrame: ...
@renamed(interval="ci")
def breakdown(
    data: Snapshot | AnyFrame,
    by: Dimension | str | Sequence[Dimension | str],
    *,
    top: int | None = None,
    min_visitors: int | None = None,
    include_customers: bool = False,
    order_by: Measure = "expected_value",
    baseline: Baseline | None = None,
    ci: Interval = "logit",
) -> AnyFrame:
    """Break the conversion likelihood down by one dimension or several.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, a Polars frame of visitors, or any frame that Narwhals reads. It needs the columns ``is_customer``,
        ``score``, ``confidence``, ``conversion_rate`` and ``expected_value``, and those that the dimensions are derived
        from.
    by : str or sequence of str
        Columns of the frame, or derived dimensions:

        - ``channel``: the first of ``utm_source``, ``ref``, ``source``, ``via`` and the host of ``referrer`` that
          is not blank, else ``direct``; well-known sites have one name, so ``google``, ``google.com`` and
          ``www.google.de`` are ``google``
        - ``campaign``, ``medium``, ``content``, ``term``, ``country``: other names of ``utm_campaign``,
          ``utm_medium``, ``utm_content``, ``utm_term`` and ``country_code``, unless the frame has such columns
        - ``page``: the path of ``current_url``, without query and fragment
        - ``visit_kind``: ``new`` (first visit) or ``returning``
        - ``score_band``: ``0–20``, ``20–40``, … ``80–100``; a band includes its lower bound, and the last one both
        - ``confidence_band``: ``0–0.5``, ``0.5–0.75``, ``0.75–1``, likewise
        - ``dimension_matches``: one row for each dimension that a prediction is based on. A visitor with three matches
          is in three groups, so these groups overlap and their shares add up to more than 1.
    top : int, optional
        Keep only this many groups, the first by `order_by`, and combine all others into one last row. That row is
        ``other`` in each of the `by` columns, which become text; its measures cover all of its visitors together. The
        column ``is_other`` distinguishes it from a group that is itself called "other". Not available for
        ``dimension_matches``, whose groups overlap: use the table's ``head(n)`` instead.
    min_visitors : int, optional
        Leave out groups with fewer visitors; with `top`, they become part of ``other`` instead.
    include_customers : bool, default False
        Count customers in every measure, not only in ``customers``.
    order_by : str, default "expected_value"
        The measure to sort by: largest first, missing values last, ties by group. ``predicted_rate_shrunk`` ranks small
        groups fairly.
    baseline : Baseline, optional
        The site's averages, against which ``lift`` is measured; by default the snapshot's own.
    ci : {"logit", "normal"}, default "logit"
        How the 95 % interval is computed; see Notes.

    Returns
    -------
    frame
        One row for each group, null groups included:

        ============================== =========================================================================
        the `by` columns               the group
        ``visitors``, ``share``        people in the group; their share of all people, 0 to 1
        ``customers``                  those who have already paid; left out of every measure below
        ``scored``, ``confident``      predictions for prospects; those of them with confidence ≥ 0.5
        ``score``, ``confidence``      means over ``scored``, 0 to 100 and 0 to 1
        ``predicted_rate``             mean predicted probability over ``scored``
        ``predicted_rate_low``,        95 % interval of that mean, see Notes; null where the sample can't tell
        ``predicted_rate_high``
        ``lift``                       ``predicted_rate`` over the baseline's; null without a baseline
        ``expected_conversions``       sum of the predicted probabilities over ``scored``
        ``expected_conversions_low``   95 % bounds on how many will convert if the predictions hold; whole numbers
        ``expected_conversions_high``
        ``expected_value``             sum of the expected values over ``scored``, in USD
        ``value_per_visitor``          mean expected value over those that have one, in USD
        ``predicted_rate_shrunk``      ``predicted_rate`` shrunk toward the baseline, more so for smaller groups
        ``credibility``                the weight of the group's own rate in it, 0 to 1
        ``is_other``                   only with `top`: whether this is the row of all other groups
        ============================== =========================================================================

        A Polars ``DataFrame`` for a snapshot; for a frame, a frame of the same kind, which stays lazy if it is lazy.

    Raises
    ------
    ValueError
        The dimension is unknown, the frame lacks a column, or the value of an option is not allowed.
    TypeError
        `data`, `by` or an option has the wrong type.

    See Also
    --------
    datafast_nb.glossary : What score, confidence, predicted rate, lift, expected value and the other terms mean.

    Notes
    -----
    A visitor is a person: one ``visitor_id`` (of a ``site``, if there is such a column), however many rows it has. A
    row without an id counts as one person. Of a snapshot, only the first row of each visitor counts. In a frame in
    which one person has several rows, such as the visits of ``history.sessions()``, ``scored`` and every mean and sum
    are over rows. Each prediction is about a visit that has just begun, so the sums say what visitors would bring if
    each were just arriving; those who arrived long ago bring less.

    The interval of ``predicted_rate`` is about the predictions: how far their mean may be from the mean of all such
    visitors. It says nothing about how many will convert; ``expected_conversions_low`` and ``_high`` do. By default, it
    is computed on the log-odds of the mean, with Student's t, and transformed back (the delta method; see, for
    instance, Agresti, *Categorical Data Analysis*, section 3.1), so it extends farther up than down; ``ci="normal"`` is
    mean ± 1.96 · s / √n (see, for instance, Wasserman, *All of Statistics*, section 6.3). There is no interval for
    fewer than five predictions, nor where one rare high rate dominates, so that the sample can't tell. That is the case
    where a single visitor makes all the difference, or where the skewness g of the rates, pooled within all groups of
    the table or the group's own, is more than 3 and the group has fewer than 4 g² rates. Cochran (1977), *Sampling
    Techniques*, section 2.15, gives a similar rule for the normal interval. ``python -m tests.statistics`` prints how
    often the intervals hold.

    If all predictions hold, the number of conversions has a Poisson-binomial distribution. Its bounds are exact up to
    one conversion; beyond that, they are the exact ones or, occasionally, the next whole number outside them.

    Shrinkage is the empirical Bayes estimator of Bühlmann and Straub (1970): credibility Z = n·τ² / (n·τ² + σ²) for n
    predictions, with the variance σ² within groups and τ² between them estimated by moments from all groups, whatever
    `top` and `min_visitors` are; the estimate is baseline + Z · (mean − baseline). Without a baseline, it shrinks
    toward the credibility-weighted mean of the groups. See Bühlmann and Gisler (2005), *A Course in Credibility Theory
    and its Applications*, chapter 4.

    Numbers that are not finite or out of range count as missing: probabilities and confidences outside 0…1, scores
    outside 0…100, expected values beyond ± 10¹² USD (``schema.RANGES``). A visitor whose ``is_customer`` is null counts
    as a prospect.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> table = dfn.breakdown(snap, by=["device", "channel"])
    >>> table.columns[:4]
    ['device', 'channel', 'visitors', 'share']
    >>> int(table["visitors"].sum()) == snap.visitors.height
    True
    >>> dfn.breakdown(snap, by="country_code", top=3)["is_other"].to_list()
    [False, False, False, True]
    """
    names = dimension_names(by)
    _check_options(top, min_visitors, order_by, ci)
    frame, restore = opened(data, by_polars="dimension_matches" in names)
    check_dimensions(frame, names, _OWN)
    if top is not None:
        _check_rest(frame, names)
    rate = rate_of(data, baseline)
    visitors = with_predictions(
        with_derived(frame, names), include_customers=include_customers, once=isinstance(data, Snapshot)
    )
    groups = with_skewness(with_variances(_groups(visitors, names), rate))
    groups = with_shrunk(with_measures(groups, rate, ci))
    columns, first = [*names, *MEASURES], []
    if top is not None:
        ranked = _ranked(groups, names, top, min_visitors or 0, order_by)
        groups = _counted_again(_first_of(ranked, names), visitors, ranked, names)
        groups = with_shrunk(with_measures(groups, rate, ci))
        columns, first = [*columns, "is_other"], ["is_other"]
    elif min_visitors is not None:
        groups = groups.filter(nw.col("visitors") >= min_visitors)
    descending = [False] * len(first) + [True] + [False] * len(names)
    table = groups.select(*columns)
    return restore(table.sort(*first, order_by, *names, descending=descending, nulls_last=True))


def skewness_within(data: Snapshot, by: Dimension | str) -> float:
    """Return the squared skewness of the rates within all groups, by which `breakdown` knows how many are enough.

    Parameters
    ----------
    data : Snapshot
        The snapshot.
    by : str
        The dimension of the groups.
    """
    names = dimension_names(by)
    frame, _ = opened(data, by_polars="dimension_matches" in names)
    visitors = with_predictions(with_derived(frame, names), once=True)
    groups = with_skewness(_groups(visitors, names)).select(nw.col("_skewness_of_all").max())
    return float(groups.collect().item() or 0.0)


@overload
def summary(data: Snapshot, *, baseline: Baseline | None = None) -> pl.DataFrame: ...
@overload
def summary(data: Frame, *, baseline: Baseline | None = None) -> Frame: ...
@overload
def summary(data: AnyFrame, *, baseline: Baseline | None = None) -> AnyFrame: ...
def summary(data: Snapshot | AnyFrame, *, baseline: Baseline | None = None) -> AnyFrame:
    """Summarize the site in one row: the measures of `breakdown` over all visitors, and a few more.

    Parameters
    ----------
    data : Snapshot or frame
        As for `breakdown`; it also needs the columns ``visit_count``, ``latitude`` and ``longitude``.
    baseline : Baseline, optional
        The site's averages; by default the snapshot's own.

    Returns
    -------
    frame
        One row with the measures of `breakdown`, except ``share``, ``predicted_rate_shrunk`` and ``credibility``, and:

        ==================== ==========================================================================
        ``prospects``        visitors who are not customers
        ``returning``        visitors who have visited before
        ``located``          visitors whose coordinates are known
        ==================== ==========================================================================

    Raises
    ------
    ValueError
        The frame lacks a column.

    See Also
    --------
    datafast_nb.glossary : What the terms mean.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> dfn.summary(dfn.Snapshot())["visitors"].item()
    0
    """
    frame, restore = opened(data)
    require(frame, ("visit_count", "latitude", "longitude"), "summary")
    frame = with_predictions(with_derived(frame, ["visit_kind"]), once=isinstance(data, Snapshot))
    located = ~nw.col("latitude").is_null() & ~nw.col("longitude").is_null()
    row = frame.with_columns(
        _returning=(nw.col("visit_kind") == "returning").cast(nw.Int64), _located=located.cast(nw.Int64)
    ).select(*aggregates(frame), returning=nw.col("_returning").sum(), located=nw.col("_located").sum())
    row = with_skewness(with_moments(row)).with_columns(_total=nw.col("visitors"))
    row = with_measures(row, rate_of(data, baseline)).with_columns(
        counts("returning", "located"), prospects=nw.col("visitors") - nw.col("customers")
    )
    numbers = ("visitors", "returning", "located", "customers", "prospects")
    return restore(row.select(*numbers, *(name for name in MEASURES[3:] if name not in SHRINKAGE)))


def _check_options(top: object, min_visitors: object, order_by: object, ci: object) -> None:
    """Reject option values that are not allowed."""
    if top is not None:
        checked_whole(top, "top", 1)
    if min_visitors is not None:
        checked_whole(min_visitors, "min_visitors", 0)
    checked_choice(order_by, MEASURES, "measure")
    checked_choice(ci, get_args(Interval), "kind of interval")


def _check_rest(frame: nw.LazyFrame[Any], names: Sequence[str]) -> None:
    """Reject dimensions whose groups can't be combined under one name."""
    if "dimension_matches" in names:
        raise ValueError(
            "The groups of 'dimension_matches' overlap, so combining the others would count visitors several times; "
            "leave out top and take the first rows of the table: .head(n)."
        )
    schema = frame.collect_schema()
    for name in names:
        if name in schema and schema[name].is_nested():
            raise ValueError(f"{name!r} is a column of {schema[name]}, which has no names; give one of text with top.")


def _groups(visitors: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Return the sums of each group, and the number of all visitors as `_total`."""
    rows = one_row_per_group(visitors, names)
    groups = with_moments(rows.group_by(*names).agg(*aggregates(rows)))
    if "_person" in rows.collect_schema().names() or "dimension_matches" in names:
        # A visitor may be in several groups, so the sizes add up to more than the number of visitors.
        everybody = counted(visitors.select(*people(visitors))).select(_total=nw.col("visitors"))
        return groups.join(everybody, how="cross")
    return groups.with_columns(_total=nw.col("visitors").sum())


def _ranked(
    groups: nw.LazyFrame[Any], names: Sequence[str], top: int, min_visitors: int, order_by: str
) -> nw.LazyFrame[Any]:
    """Add `_kept`: whether a group is among the first `top` that are large enough."""
    place = {f"_name_{number}": name for number, name in enumerate(names)}
    ranked = groups.with_columns(
        nw.col(order_by).cast(nw.Float64).fill_null(float("-inf")).alias("_measure"),
        (nw.col("visitors") < min_visitors).cast(nw.Int64).alias("_small"),
        *(nw.col(name).is_null().cast(nw.Int64).alias(column) for column, name in place.items()),
        nw.lit(1).alias("_one"),
    ).with_columns(_measure=-nw.col("_measure"))
    order = ["_small", "_measure", *(column for pair in place.items() for column in pair)]
    ranked = ranked.with_columns(_rank=nw.col("_one").cum_sum().over(order_by=order))
    return ranked.with_columns(_kept=(nw.col("_rank") <= top) & (nw.col("_small") == 0))


def _first_of(ranked: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Keep the first groups, and combine all others under one name."""
    kept = nw.col("_kept")
    named = ranked.with_columns(
        *(nw.when(kept).then(nw.col(name).cast(nw.String)).otherwise(nw.lit(OTHER)).alias(name) for name in names),
        is_other=~kept,
    )
    return pooled(named, [*names, "is_other"])


def _counted_again(
    groups: nw.LazyFrame[Any], visitors: nw.LazyFrame[Any], ranked: nw.LazyFrame[Any], names: Sequence[str]
) -> nw.LazyFrame[Any]:
    """Count the people in all other groups together: a person in two of them counts once."""
    if "_person" not in visitors.collect_schema().names():
        return groups
    # Two keys for each name: a join matches no null, and no text can stand for one.
    keys = {f"_is_null_{place}": nw.col(name).is_null().cast(nw.Int64) for place, name in enumerate(names)}
    keys |= {f"_key_{place}": nw.col(name).cast(nw.String).fill_null("") for place, name in enumerate(names)}
    kept = ranked.filter(nw.col("_kept")).select(**keys)
    others = visitors.with_columns(**keys).join(kept, on=list(keys), how="anti").select(*people(visitors))
    others = counted(others).select(_visitors=nw.col("visitors"), _customers=nw.col("customers"))
    both = groups.join(others, how="cross")
    return both.with_columns(
        nw.when(nw.col("is_other")).then(nw.col(f"_{name}")).otherwise(nw.col(name)).alias(name)
        for name in ("visitors", "customers")
    )
