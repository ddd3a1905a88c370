"""Conversion analysis: who is likely to buy, from where, worth how much, and how sure that is.

Everything here is a pure function, frame in and frame out, written once as Narwhals expressions. A Polars
``LazyFrame`` or any other lazy frame stays lazy: nothing is computed until the caller collects it.
"""

from __future__ import annotations

from difflib import get_close_matches
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.snapshot import Baseline, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Dimension = Literal[
    "channel",
    "page",
    "visit_kind",
    "score_band",
    "confidence_band",
    "dimension_matches",
    "country_code",
    "region",
    "city",
    "browser",
    "os",
    "device",
    "current_url",
    "referrer",
    "visit_count",
    "ref",
    "source",
    "via",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "is_customer",
    "has_profile",
    "is_baseline",
]
"""A way to group visitors: a derived dimension (the first six) or a column. Other columns of a frame work too."""

Derived = Literal["channel", "page", "visit_kind", "score_band", "confidence_band"]
"""A dimension that is computed from the columns of ``schema.VISITORS``, one value for each visitor."""

CONFIDENT: Final = 0.5
"""The confidence from which a prediction counts: DataFast advises against decisions on less."""

Z_95: Final = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, which bounds a two-sided 95 % interval."""

FIGURES: Final = (
    "visitors",
    "share",
    "customers",
    "scored",
    "confident",
    "score",
    "confidence",
    "conversion_rate",
    "conversion_rate_low",
    "conversion_rate_high",
    "lift",
    "expected_conversions",
    "expected_value",
    "value_per_visitor",
)
"""The columns that `breakdown` gives after the group's own."""

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@overload
def breakdown(
    data: Snapshot, by: Dimension | str | Sequence[Dimension | str], *, baseline: Baseline | None = None
) -> pl.DataFrame: ...
@overload
def breakdown(
    data: Frame, by: Dimension | str | Sequence[Dimension | str], *, baseline: Baseline | None = None
) -> Frame: ...
@overload
def breakdown(
    data: Any,  # noqa: ANN401 - any frame that Narwhals reads
    by: Dimension | str | Sequence[Dimension | str],
    *,
    baseline: Baseline | None = None,
) -> Any: ...  # noqa: ANN401
def breakdown(data: Any, by: Dimension | str | Sequence[Dimension | str], *, baseline: Baseline | None = None) -> Any:
    """Break the conversion likelihood down by one dimension or several.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, a Polars frame of visitors, or any frame that Narwhals reads. It needs the columns
        ``is_customer``, ``score``, ``confidence``, ``conversion_rate`` and ``expected_value``, beside those that
        the dimensions are made of.
    by : str or sequence of str
        Columns of the frame, or derived dimensions:

        - ``channel``: the first of ``utm_source``, ``ref``, ``source``, ``via`` and the host of ``referrer`` that
          is not blank, else ``direct``
        - ``page``: the path of ``current_url``, without query and fragment
        - ``visit_kind``: ``new`` (first visit) or ``returning``
        - ``score_band``: ``0–20``, ``20–40``, … ``80–100``; a band holds its lower bound, the last one both
        - ``confidence_band``: ``0–0.5``, ``0.5–0.75``, ``0.75–1``; likewise
        - ``dimension_matches``: one row for each dimension that a prediction rests on. A visitor with three matches
          is in three groups, so these groups overlap and their shares add up to more than 1.
    baseline : Baseline, optional
        The site's averages, which `lift` is measured against; by default the snapshot's own.

    Returns
    -------
    frame
        One row for each group, null groups included, sorted by ``expected_value`` descending and then by the group:

        ============================ =========================================================================
        the `by` columns             the group
        ``visitors``, ``share``      all visitors of the group; their share of all visitors, 0 to 1
        ``customers``                those who have paid already; left out of every figure below
        ``scored``, ``confident``    prospects with a likelihood; those among them with confidence ≥ 0.5
        ``score``, ``confidence``    means over ``scored``, 0 to 100 and 0 to 1
        ``conversion_rate``          mean predicted probability over ``scored``
        ``conversion_rate_low``,     95 % interval of that mean, see Notes; null for fewer than two
        ``conversion_rate_high``
        ``lift``                     ``conversion_rate`` over the baseline's; null without a baseline
        ``expected_conversions``     sum of ``conversion_rate`` over ``scored``
        ``expected_value``           sum of ``expected_value`` over ``scored``, in USD
        ``value_per_visitor``        ``expected_value / scored``, in USD
        ============================ =========================================================================

        A snapshot gives a Polars ``DataFrame``; a frame gives a frame of its own kind, and a lazy one stays lazy.

    Raises
    ------
    ValueError
        The dimension is unknown, or the frame lacks a column.

    Notes
    -----
    The interval is the normal approximation, mean ± 1.96 · s / √n with the sample's standard deviation s (for
    instance Wasserman, *All of Statistics*, section 6.3), cut to 0…1. Numbers that are not finite count as missing.
    A visitor whose ``is_customer`` is null counts as a prospect.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> table = dfn.breakdown(snap, by=["device", "channel"])
    >>> table.columns[:4]
    ['device', 'channel', 'visitors', 'share']
    >>> int(table["visitors"].sum()) == snap.visitors.height
    True
    """
    names = dimension_names(by)
    frame, restore = _opened(data)
    _check_dimensions(frame, names)
    frame = _with_measures(_with_derived(frame, names))
    total = frame.select(_total=nw.len())
    if "dimension_matches" in names:
        matches = nw.col("dimension_matches").list.unique()
        frame = frame.with_columns(dimension_matches=matches).explode("dimension_matches")
    groups = frame.group_by(*names).agg(*_sums()).join(total, how="cross")
    figures = _with_ratios(groups, _rate_of(data, baseline)).select(*names, *FIGURES)
    order = ["expected_value", *names]
    return restore(figures.sort(*order, descending=[True] + [False] * len(names), nulls_last=True))


@overload
def summary(data: Snapshot, *, baseline: Baseline | None = None) -> pl.DataFrame: ...
@overload
def summary(data: Frame, *, baseline: Baseline | None = None) -> Frame: ...
@overload
def summary(data: Any, *, baseline: Baseline | None = None) -> Any: ...  # noqa: ANN401
def summary(data: Any, *, baseline: Baseline | None = None) -> Any:
    """Sum the site up in one row: the figures of `breakdown` over all visitors, and a few more.

    Parameters
    ----------
    data : Snapshot or frame
        As for `breakdown`; the columns ``visit_count``, ``latitude`` and ``longitude`` are needed too.
    baseline : Baseline, optional
        The site's averages; by default the snapshot's own.

    Returns
    -------
    frame
        One row with the figures of `breakdown` (but ``share``), and:

        ==================== ==========================================================================
        ``prospects``        visitors who are not customers
        ``returning``        visitors who have been here before
        ``located``          visitors whose coordinates are known
        ==================== ==========================================================================

    Raises
    ------
    ValueError
        The frame lacks a column.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> dfn.summary(dfn.Snapshot())["visitors"].item()
    0
    """
    frame, restore = _opened(data)
    _require(frame, ("visit_count", "latitude", "longitude"), "summary")
    frame = _with_measures(_with_derived(frame, ["visit_kind"]))
    located = ~nw.col("latitude").is_null() & ~nw.col("longitude").is_null()
    row = frame.with_columns(
        _returning=(nw.col("visit_kind") == "returning").cast(nw.Int64), _located=located.cast(nw.Int64)
    ).select(*_sums(), returning=nw.col("_returning").sum(), located=nw.col("_located").sum(), _total=nw.len())
    row = _with_ratios(row, _rate_of(data, baseline)).with_columns(
        _counts("returning", "located"), prospects=nw.col("visitors") - nw.col("customers")
    )
    counts = ("visitors", "returning", "located", "customers", "prospects")
    return restore(row.select(*counts, *FIGURES[3:]))


@overload
def revenue(data: Snapshot) -> pl.DataFrame: ...
@overload
def revenue(data: Frame) -> Frame: ...
@overload
def revenue(data: Any) -> Any: ...  # noqa: ANN401
def revenue(data: Any) -> Any:
    """Add up the payments of each currency, new customers and renewals apart. Two currencies are never added.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, or a frame of payments with the columns ``amount``, ``currency``, ``renewal`` and ``is_new``.

    Returns
    -------
    frame
        One row for each currency and kind, sorted by both; of the same kind of frame as `data`, Polars for a snapshot:

        ==================== ==========================================================================
        ``currency``         in capitals; null where the payment names none
        ``kind``             ``renewal``; else ``new``, a customer's first payment; else ``other``
        ``payments``         payments, whatever their amount
        ``refunds``          those among them with a negative amount
        ``amount``           sum of the amounts, in `currency`: refunds are taken off, missing amounts add nothing
        ==================== ==========================================================================

    Raises
    ------
    ValueError
        The frame lacks a column.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> dfn.revenue(dfn.Snapshot()).columns
    ['currency', 'kind', 'payments', 'refunds', 'amount']
    """
    frame, restore = _opened(data.payments if isinstance(data, Snapshot) else data)
    _require(frame, ("amount", "currency", "renewal", "is_new"), "revenue")
    kind = (
        nw.when(nw.col("renewal"))
        .then(nw.lit("renewal"))
        .otherwise(nw.when(nw.col("is_new")).then(nw.lit("new")).otherwise(nw.lit("other")))
    )
    return restore(
        frame.with_columns(currency=_text("currency").str.to_uppercase(), kind=kind, _amount=_finite("amount"))
        .with_columns(_refund=(nw.col("_amount") < 0).cast(nw.Int64))
        .group_by("currency", "kind")
        .agg(payments=nw.len(), refunds=nw.col("_refund").sum(), amount=nw.col("_amount").sum())
        .with_columns(_counts("payments", "refunds"), nw.col("amount").fill_null(0.0))
        .sort("currency", "kind", nulls_last=True)
    )


@overload
def with_dimensions(data: Frame, *dimensions: Derived) -> Frame: ...
@overload
def with_dimensions(data: Any, *dimensions: Derived) -> Any: ...  # noqa: ANN401
def with_dimensions(data: Any, *dimensions: Derived) -> Any:
    """Add derived dimensions to a frame of visitors as columns.

    Parameters
    ----------
    data : frame
        A Polars frame of visitors, or any frame that Narwhals reads. A column that is there already is kept.
    *dimensions : str
        ``channel``, ``page``, ``visit_kind``, ``score_band``, ``confidence_band``, as `breakdown` explains them.

    Returns
    -------
    frame
        The same frame with one more column for each dimension; lazy where `data` is.

    Raises
    ------
    ValueError
        The dimension is not a derived one, or the frame lacks a column that it is made of.

    Examples
    --------
    >>> import polars as pl
    >>> from datafast_nb.conversion import with_dimensions
    >>> frame = pl.DataFrame({"current_url": ["https://example.com/pricing?plan=pro", "/docs#install", ""]})
    >>> with_dimensions(frame, "page")["page"].to_list()
    ['/pricing', '/docs', '/']
    """
    unknown = [name for name in dimensions if name not in _DERIVED]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a derived dimension. There are: {', '.join(_DERIVED)}.")
    frame, restore = _opened(data)
    return restore(_with_derived(frame, dimensions))


# Frames


def _opened(data: Any) -> tuple[nw.LazyFrame[Any], Callable[[nw.LazyFrame[Any]], Any]]:  # noqa: ANN401
    """Give the data as a lazy Narwhals frame, and what turns a result into the data's own kind again."""
    native = data.visitors if isinstance(data, Snapshot) else data
    try:
        frame: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(native)
    except TypeError as error:
        raise TypeError(
            f"Expected a Snapshot or a frame (Polars or any other that Narwhals reads), not {type(data).__name__}."
        ) from error
    if isinstance(frame, nw.DataFrame):
        return frame.lazy(), lambda result: result.collect().to_native()
    return frame, nw.to_native


def _require(frame: nw.LazyFrame[Any], columns: Sequence[str], purpose: str) -> None:
    """Refuse a frame that lacks one of the columns."""
    missing = [column for column in columns if column not in frame.collect_schema().names()]
    if missing:
        raise ValueError(f"The frame has no column {', '.join(map(repr, missing))}, which {purpose} needs.")


def _check_dimensions(frame: nw.LazyFrame[Any], names: Sequence[str]) -> None:
    """Refuse dimensions that the frame can't be grouped by."""
    columns = frame.collect_schema().names()
    if not names:
        raise ValueError("Give at least one dimension to break down by, such as by='country_code'.")
    if len(set(names)) < len(names):
        raise ValueError(f"A dimension is named twice in by={list(names)!r}.")
    for name in names:
        if name.startswith("_"):
            raise ValueError(f"{name!r} begins with an underscore, as the breakdown's own columns do; rename it.")
        if name in FIGURES:
            raise ValueError(
                f"{name!r} is a figure of the breakdown, not a dimension; group by 'score_band' or 'confidence_band', "
                "or by a column of your own with another name."
            )
        if name not in columns and name not in _DERIVED:
            known = [*_DERIVED, *(column for column in columns if column not in FIGURES)]
            nearest = get_close_matches(str(name), known, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise ValueError(f"Unknown dimension {name!r}.{hint} There are: {', '.join(known)}.")


# Derived dimensions


def _finite(column: str) -> nw.Expr:
    """Give a column as floats, where what is not finite is null."""
    value = nw.col(column).cast(nw.Float64)
    return nw.when(value.is_finite()).then(value)


def _without(text: nw.Expr, patterns: Sequence[str]) -> nw.Expr:
    """Take out of a text what each pattern matches, one after the other."""
    for pattern in patterns:
        text = text.str.replace_all(pattern, "")
    return text


def _text(column: str) -> nw.Expr:
    """Give a text column without blanks around it, where what is blank is null."""
    value = _without(nw.col(column).cast(nw.String), [_BLANKS_AROUND])
    return nw.when(value != "").then(value)


def _host(column: str) -> nw.Expr:
    """Give the host of a URL, or of a host without a scheme: in small letters, without `www.` and port."""
    host = _without(
        _text(column).str.to_lowercase(),
        [r"^([a-z][a-z0-9+.-]*:)?//", r"(?s)[/?#].*$", r"^.*@", r":[0-9]*$", r"^www\."],
    )
    return nw.when(host != "").then(host)


def _channel() -> nw.Expr:
    """Give the first parameter that names where a visitor came from, or else the referrer."""
    named = [_text(column) for column in ("utm_source", "ref", "source", "via")]
    return nw.coalesce(*named, _host("referrer"), nw.lit("direct"))


def _page() -> nw.Expr:
    """Give the path of the page, of a full URL as of a bare path."""
    url = nw.col("current_url").cast(nw.String)
    path = _without(url, [_BLANKS_AROUND, r"^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*", r"(?s)[?#].*$"])
    return nw.when(path == "").then(nw.lit("/")).otherwise(path)


def _visit_kind() -> nw.Expr:
    """Tell a first visit from a later one."""
    visits = nw.col("visit_count")
    kind = nw.when(visits > 1).then(nw.lit("returning")).otherwise(nw.lit("new"))
    return nw.when(~visits.is_null()).then(kind)


def _band(column: str, *bounds: float) -> nw.Expr:
    """Give the half-open interval that a value is in; the first and last one also hold what lies outside."""
    value = _finite(column)
    (first, second), *others = pairwise(bounds)
    label = nw.lit(f"{first:g}–{second:g}")
    for low, high in others:
        label = nw.when(value >= low).then(nw.lit(f"{low:g}–{high:g}")).otherwise(label)
    return nw.when(~value.is_null()).then(label)


_BLANKS_AROUND: Final = r"^\s+|\s+$"

# What each derived dimension is made of, and how.
_DERIVED: Final[Mapping[str, tuple[tuple[str, ...], nw.Expr]]] = MappingProxyType(
    {
        "channel": (("utm_source", "ref", "source", "via", "referrer"), _channel()),
        "page": (("current_url",), _page()),
        "visit_kind": (("visit_count",), _visit_kind()),
        "score_band": (("score",), _band("score", 0, 20, 40, 60, 80, 100)),
        "confidence_band": (("confidence",), _band("confidence", 0, CONFIDENT, 0.75, 1)),
    }
)


def _with_derived(frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Add those of the dimensions that are derived and not there yet."""
    columns = frame.collect_schema().names()
    wanted = [name for name in names if name in _DERIVED and name not in columns]
    for name in wanted:
        _require(frame, _DERIVED[name][0], name)
    return frame.with_columns(**{name: _DERIVED[name][1] for name in wanted}) if wanted else frame


# Figures

_MEASURES: Final = ("score", "confidence", "conversion_rate", "expected_value")


def _with_measures(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add each measure of the scored prospects; it is null for everybody else, so that aggregates pass them by."""
    _require(frame, ("is_customer", *_MEASURES), "the breakdown")
    customer = nw.col("is_customer").cast(nw.Boolean).fill_null(value=False)
    counted = ~customer & ~_finite("score").is_null()
    measures = {f"_{name}": nw.when(counted).then(_finite(name)) for name in _MEASURES}
    return frame.with_columns(_customer=customer.cast(nw.Int64), **measures).with_columns(
        _confident=(nw.col("_confidence") >= CONFIDENT).cast(nw.Int64)
    )


def _sums() -> list[nw.Expr]:
    """Give the aggregates that every figure is made from, over what `_with_measures` adds."""
    rate = nw.col("_conversion_rate")
    return [
        nw.len().alias("visitors"),
        nw.col("_customer").sum().alias("customers"),
        nw.col("_score").count().alias("scored"),
        nw.col("_confident").sum().alias("confident"),
        nw.col("_score").mean().alias("score"),
        nw.col("_confidence").mean().alias("confidence"),
        rate.mean().alias("conversion_rate"),
        rate.std(ddof=1).alias("_deviation"),
        rate.count().alias("_rates"),
        rate.sum().alias("expected_conversions"),
        nw.col("_expected_value").sum().alias("expected_value"),
    ]


def _counts(*columns: str) -> nw.Expr:
    """Give aggregates as whole numbers; 0 where a database found nothing to add."""
    return nw.col(*columns).fill_null(0).cast(nw.Int64)


def _with_ratios(groups: nw.LazyFrame[Any], baseline_rate: float | None) -> nw.LazyFrame[Any]:
    """Add the figures that are made of the aggregates."""
    rate, scored, rates = nw.col("conversion_rate"), nw.col("scored"), nw.col("_rates").cast(nw.Float64)
    margin = nw.when(rates > 1).then(Z_95 * nw.col("_deviation") / rates.sqrt())
    return groups.with_columns(
        _counts("visitors", "customers", "scored", "confident"),
        nw.col("expected_conversions", "expected_value").fill_null(0.0),
    ).with_columns(
        share=nw.col("visitors") / nw.col("_total"),
        conversion_rate_low=(rate - margin).clip(0.0, 1.0),
        conversion_rate_high=(rate + margin).clip(0.0, 1.0),
        lift=rate / nw.lit(baseline_rate, dtype=nw.Float64),
        value_per_visitor=nw.when(scored > 0).then(nw.col("expected_value") / scored),
    )


def dimension_names(by: str | Sequence[str]) -> list[str]:
    """Give the dimensions as a list, or refuse what is neither a name nor a list of names."""
    names = [by] if isinstance(by, str) else list(by) if isinstance(by, (list, tuple)) else [None]
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"by takes the name of a dimension or a list of names, such as by='channel', not {by!r:.60}.")
    return names  # type: ignore[return-value]


def visitors_of(data: object) -> pl.LazyFrame:
    """Give the visitors of a snapshot or a Polars frame, lazily, or refuse what is neither."""
    if isinstance(data, Snapshot):
        return data.visitors.lazy()
    if isinstance(data, (pl.DataFrame, pl.LazyFrame)):
        return data.lazy()
    raise TypeError(f"Expected a Snapshot or a Polars frame of visitors, not {type(data).__name__}.")


def baseline_of(data: object, given: Baseline | None = None) -> Baseline | None:
    """Give the averages to compare with: those that were given, else the snapshot's own, else None."""
    return data.baseline if given is None and isinstance(data, Snapshot) else given


def _rate_of(data: object, baseline: Baseline | None) -> float | None:
    """Give the conversion rate to measure lift against; None where there is none, or it is zero."""
    known = baseline_of(data, baseline)
    return (known.conversion_rate or None) if known is not None else None
