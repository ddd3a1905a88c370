"""Why the service predicts a likelihood for a visitor: the factor of each matched dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.frames import flag, in_range, rate_of, require, visitors_of
from datafast_nb.conversion.interval import Z_95
from datafast_nb.conversion.matches import matched
from datafast_nb.conversion.ridge import ridge
from datafast_nb.countries import ALIASES
from datafast_nb.schema import VISITORS
from datafast_nb.snapshot import Baseline, Snapshot
from datafast_nb.text import country_names, number

FEWEST: Final = 20
"""The least number of predictions that factors are estimated from."""

_MOST_PROSPECTS: Final = 20_000  # about; of more, a regular sample is enough
_MOST_VALUES: Final = 500  # of which factors are estimated: the most common ones
_NEEDED: Final = ("visitor_id", "is_customer", "conversion_rate", "dimension_matches")
_NOTABLE: Final = math.log(1.05)  # a smaller factor is no reason
_MOST_REASONS: Final = 4
_LONGEST: Final = 40  # characters of a stranger's text in a reason
_TINY, _LARGE = 0.1, 10.0  # factors with two decimals, and with none
_UNSEEN: Final = r"[\p{C}\p{Z}\s]+"
_IN_COMMON: Final = 0.1  # the size of the effect that all predictions with a match share, relative to that of a value
_LEAST: Final = 1e-12  # a rate below counts as none
_NAMES: Final = ("site", "dimension", "value")
_FACTOR: Final = ("factor", "factor_low", "factor_high")
_EFFECTS: Final = {**dict.fromkeys(_NAMES, pl.String), "visitors": pl.Int64, **dict.fromkeys(_FACTOR, pl.Float64)}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What moves the predicted likelihood of each prospect, and by how much.

    Attributes
    ----------
    factors : polars.DataFrame
        One row for each prospect and matched dimension, strongest first: ``visitor_id``; ``dimension`` as the service
        names it and the visitor's ``value`` of it; ``factor``, which the likelihood is multiplied by (above 1 raises
        it, below 1 lowers it), and its 95 % interval ``factor_low`` to ``factor_high``.
    visitors : polars.DataFrame
        One row for each prospect with a predicted rate: ``visitor_id``; ``lift``, the rate over the baseline's;
        ``factor``, the product of their factors; and ``reasons``, the strongest of these in words, such as
        "spring-offer ×2.8, Germany ×1.8, mobile ×0.8". Texts that visitors wrote are cut off after 40 characters and
        are not escaped. Null without a factor that differs from 1 by 5 %.
    effects : polars.DataFrame
        One row for each dimension and value, strongest first: ``dimension``, ``value``, ``visitors`` (prospects it
        matched for), and the columns of its factor.
    explained : float or None
        The share of the variance of the logarithm of the predicted rates that the factors explain, 0 to 1, adjusted for
        their number. None if nothing could be estimated, or nothing varies.
    """

    factors: pl.DataFrame
    visitors: pl.DataFrame
    effects: pl.DataFrame
    explained: float | None

    def __str__(self) -> str:
        who = number(self.visitors.height, "prospect")
        if self.explained is None:
            return f"The predictions of {who} show no factors: there are fewer than {FEWEST}, or all are equal."
        return (
            f"Factors of {number(self.effects.height, 'value')} explain {self.explained:.0%} of how the predictions of "
            f"{who} differ."
        )


def explain(data: Snapshot | pl.DataFrame | pl.LazyFrame, *, baseline: Baseline | None = None) -> Explanation:
    """Estimate what each matched dimension multiplies the predicted likelihood of a prospect by.

    This describes the service's predictions, not people: a factor says how the service's numbers differ between
    visitors with a value and others. It does not say that the value makes anybody buy, and the service may use what it
    does not name.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, or visitors with the columns of ``schema.VISITORS``, in any frame that Narwhals reads. It is
        collected. With a column ``site``, each site has its own factors.
    baseline : Baseline, optional
        The site's averages; by default the snapshot's own, else the mean rate of all prospects.

    Returns
    -------
    Explanation
        ``factors`` per visitor and dimension, ``visitors`` with the ``reasons`` in words, ``effects`` per value, and
        the share ``explained``. Without at least 20 predictions there are no factors.

    Raises
    ------
    ValueError
        The frame lacks a column.

    Notes
    -----
    This is a ridge regression of the logarithm of the predicted rate over the baseline's. It has one flag for each of
    the 500 most common values of the matched dimensions. With more than 20,000 prospects, a regular sample of them is
    used. Factors are shrunk toward 1, more so if the predictions hardly follow them or the visitors are few (MacKay
    1992, *Bayesian interpolation*). What all predictions with a match have in common is in no factor. Values that
    always occur together share their factors evenly.

    See Also
    --------
    datafast_nb.drivers : The measured lift of each value, with everything that its visitors have in common.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import datafast_nb as dfn
    >>> site = dfn.demo.Site(seed=0, visitors=1000, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC))
    >>> why = dfn.explain(site.snapshot())
    >>> why.effects.select("dimension", "value").row(0)
    ('campaign', 'giveaway')
    >>> why.explained > 0.9
    True
    """
    rows = _rows(visitors_of(data))
    key = [name for name in ("site", "visitor_id") if name in rows.columns]
    prospects = _prospects(rows, rate_of(data, baseline))
    matches = _matches(prospects)
    effects, explained = _effects(_sample(prospects, _MOST_PROSPECTS), matches)
    factors = _factors(matches, effects)
    products = factors.group_by("_row").agg(pl.col("factor").product())
    people = prospects.join(products, on="_row", how="left", maintain_order="left")
    people = people.join(in_words(factors), on="_row", how="left", maintain_order="left")
    strongest = pl.col("factor").log().abs()
    return Explanation(
        factors=prospects.select("_row", *key)
        .join(factors, on="_row", maintain_order="left_right")
        .select(*key, "dimension", "value", *_FACTOR),
        visitors=people.select(*key, "lift", "factor", pl.col("reasons").list.join(", ")),
        effects=effects.sort(strongest, *_NAMES, descending=[True, False, False, False], nulls_last=True).select(
            *key[:-1], "dimension", "value", "visitors", *_FACTOR
        ),
        explained=explained,
    )


def with_reasons(visitors: pl.LazyFrame, rate: float | None) -> pl.LazyFrame:
    """Add the ``reasons`` of each visitor, null if there are none. Factors are estimated when the frame is collected.

    Parameters
    ----------
    visitors
        Visitors with the columns that `explain` needs.
    rate
        The rate to compare with; by default the mean of all prospects.
    """

    def added(rows: pl.DataFrame) -> pl.DataFrame:
        reasons = in_words(factors_of(rows, effects_of(rows, rate))).with_columns(pl.col("reasons").list.join(", "))
        return rows.with_row_index("_row").join(reasons, on="_row", how="left", maintain_order="left").drop("_row")

    schema = {**visitors.collect_schema(), "reasons": pl.String()}
    # Every row and column counts in the estimate. Polars below 1.39 passes only those that the result uses by default.
    return visitors.map_batches(
        added, schema=schema, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=False
    )


def effects_of(visitors: pl.DataFrame, rate: float | None, most: int = _MOST_PROSPECTS) -> pl.DataFrame:
    """Return the factor of each matched dimension and value, as `factors_of` takes them.

    Parameters
    ----------
    visitors
        Visitors with the columns that `explain` needs.
    rate
        The rate to compare with; by default the mean of all prospects.
    most
        Estimate them from a regular sample of about this many visitors, to limit the time.
    """
    prospects = _prospects(_rows(_sample(visitors, most).lazy()), rate)
    return _effects(prospects, _matches(prospects))[0]


def factors_of(visitors: pl.DataFrame, effects: pl.DataFrame) -> pl.DataFrame:
    """Return the factors of each visitor, strongest first: the number of the ``_row``, ``label`` and ``factor``.

    Parameters
    ----------
    visitors
        Visitors with the columns that `explain` needs: all, or only those whose factors are wanted.
    effects
        The result of `effects_of` for all.
    """
    matches = _matches(_prospects(_rows(visitors.lazy()), rate=None))
    return _factors(matches, effects).select("_row", "label", "factor")


def in_words(factors: pl.DataFrame) -> pl.DataFrame:
    """Return the strongest factors of each row as a list of ``reasons``, such as "Germany ×1.8"; only rows with any.

    Parameters
    ----------
    factors
        ``_row``, ``label`` and ``factor``, strongest first within a row.
    """
    words = pl.format("{} ×{}", "label", _rounded(pl.col("factor")))
    notable = factors.filter(pl.col("factor").log().abs() >= _NOTABLE)
    return notable.group_by("_row", maintain_order=True).agg(reasons=words.head(_MOST_REASONS))


def _rows(visitors: pl.LazyFrame) -> pl.DataFrame:
    """Collect the columns that are needed, with the number of each row."""
    require(nw.from_native(visitors), _NEEDED, "explain")
    known = visitors.collect_schema().names()
    wanted = {*_NEEDED, "site", "is_baseline", *VISITORS.names()}.intersection(known)
    return visitors.select(name for name in known if name in wanted).with_row_index("_row").collect()


def _prospects(rows: pl.DataFrame, rate: float | None) -> pl.DataFrame:
    """Return the rows of prospects with a rate above 0, and in `lift` that rate over the one to compare with."""
    if "site" not in rows.columns:
        rows = rows.with_columns(site=pl.lit(None, pl.String))
    frame = nw.from_native(rows.lazy())
    kept: pl.LazyFrame = frame.filter(~flag("is_customer"), in_range("conversion_rate")).to_native()
    predicted = pl.col("conversion_rate").cast(pl.Float64)
    usual = predicted.mean().over("site") if rate is None else pl.lit(rate)
    return kept.with_columns(lift=predicted / usual).filter(predicted > _LEAST).collect()


def _sample(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return at most about this many rows, at regular distances."""
    return rows.gather_every(1 + rows.height // most)


def _matches(prospects: pl.DataFrame) -> pl.DataFrame:
    """Return the matched dimensions of each row, with their values; none for a prediction that is the baseline."""
    based = prospects.lazy()
    if "is_baseline" in prospects.columns:
        based = based.filter(~pl.col("is_baseline").fill_null(value=False))
    listed = set(prospects["dimension_matches"].explode().unique())
    rows: pl.LazyFrame = matched(nw.from_native(based), listed).to_native()
    return rows.select("_row", "site", dimension="_dimension", value="_value").collect()


def _effects(prospects: pl.DataFrame, matches: pl.DataFrame) -> tuple[pl.DataFrame, float | None]:
    """Return the factor of each value at each site, and the share that is explained at the mean site."""
    found = [_of_site(site, matches.join(site, on="_row", how="semi")) for site in prospects.partition_by("site")]
    rated = [(share, size) for _, share, size in found if share is not None]
    explained = sum(share * size for share, size in rated) / sum(size for _, size in rated) if rated else None
    effects = pl.concat([pl.DataFrame(schema=_EFFECTS), *(effects for effects, _, _ in found)])
    return effects.with_columns(label=_label()), explained


def _of_site(prospects: pl.DataFrame, matches: pl.DataFrame) -> tuple[pl.DataFrame, float | None, int]:
    """Return the factors of one site, the share that they explain, and the number of predictions."""
    values = (
        matches.group_by(_NAMES)
        .agg(visitors=pl.len().cast(pl.Int64))
        .sort("visitors", "dimension", "value", descending=[True, False, False], nulls_last=True)
        .head(_MOST_VALUES)
        .with_row_index("_flag", offset=1)
    )
    if prospects.height < FEWEST or values.is_empty():
        return pl.DataFrame(schema=_EFFECTS), None, 0
    rows = prospects.select("_row", _place=pl.int_range(pl.len()))
    flags = matches.join(values, on=_NAMES, nulls_equal=True).join(rows, on="_row").select("_place", "_flag")
    # What all predictions with a match have in common is one more flag, with a small effect if any.
    every = flags.select(pl.col("_place").unique(), _flag=pl.lit(0, pl.UInt32))
    flags = pl.concat([every, flags]).sort("_place")
    places, numbers = (flags[name].cast(pl.Int64).to_numpy() for name in flags.columns)
    scales = pl.Series([_IN_COMMON, *[1.0] * values.height]).to_numpy()
    fit = ridge(places, numbers, prospects["lift"].log().to_numpy(), scales)
    effect, margin = pl.Series(fit.effects[1:]), pl.Series(Z_95 * fit.errors[1:])
    factor = {"factor": effect.exp(), "factor_low": (effect - margin).exp(), "factor_high": (effect + margin).exp()}
    return values.drop("_flag").with_columns(**factor), fit.explained, prospects.height


def _factors(matches: pl.DataFrame, effects: pl.DataFrame) -> pl.DataFrame:
    """Return the factor of each match, strongest first within a row."""
    strength = pl.col("factor").log().abs()
    order = ["_row", strength, "dimension", "value"]
    return matches.join(effects, on=_NAMES, nulls_equal=True).sort(
        order, descending=[False, True, False, False], nulls_last=True
    )


def _rounded(factor: pl.Expr) -> pl.Expr:
    """Return a factor with the digits that matter."""
    few = pl.when(factor < _TINY).then(factor.round(2)).otherwise(factor.round(1)).cast(pl.String)
    return pl.when(factor >= _LARGE).then(factor.round(0).cast(pl.Int64).cast(pl.String)).otherwise(few)


def _label() -> pl.Expr:
    """Return the name of a value as a reader knows it, on one line: a country by its name, a URL by its host."""
    value, dimension = pl.col("value"), pl.col("dimension")
    codes = {**country_names(), **{alias: country_names()[code] for alias, code in ALIASES.items()}}
    country = value.str.to_uppercase().replace_strict(codes, default=value)
    host = value.str.extract(r"^[A-Za-z][A-Za-z0-9+.-]*://(?:www\.)?([^/?#]+)").fill_null(value)
    named = pl.when(dimension == "country").then(country).when(dimension == "referrer").then(host).otherwise(value)
    lacking = (
        pl.when(dimension == "referrer").then(pl.lit("no referrer")).otherwise(dimension.str.replace_all("_", " "))
    )
    line, others = (
        it.str.head(4 * _LONGEST).str.replace_all(_UNSEEN, " ").str.strip_chars() for it in (named, lacking)
    )
    text = pl.when(line.str.len_chars() > 0).then(line).otherwise(others)
    return pl.when(text.str.len_chars() > _LONGEST).then(text.str.head(_LONGEST - 1) + "…").otherwise(text)
