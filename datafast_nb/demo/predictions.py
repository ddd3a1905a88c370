"""The service's prediction about a visitor: their conversion likelihood, by the dimensions with enough data.

A prediction is the site's baseline times the multiplier of each dimension that matched, relative to that dimension's
mean. The service does not have enough data about rare values, so a prediction is coarser than the true rate of
:mod:`datafast_nb.demo.sales`; it knows nothing about first and later visits. On average the two agree.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import polars as pl
import polars.selectors as cs

from datafast_nb.demo.pages import walk
from datafast_nb.demo.people import known_country
from datafast_nb.demo.places import cities
from datafast_nb.demo.randomness import uniform
from datafast_nb.demo.sales import MEAN_PRICE, discount, effect
from datafast_nb.demo.visits import DAY, MINUTE, ledger, sources

# Dimensions that can match, each with how much it adds to the confidence.
_WEIGHTS = {"device": 0.3, "os": 0.2, "browser": 0.2, "country": 0.35, "referrer": 0.3, "campaign": 0.3}
_UNCERTAIN = 0.9  # 1 - the confidence of a prediction that nothing matched
_TRAINING_VISITS = 20_000  # visits that the service has seen
_ENOUGH = 150  # visits with a value for an even chance that the dimension matches
_UNRESOLVED_SHARE = 0.07  # visitors for whom no dimension matches
_DOUBTFUL_SHARE = 0.27  # these, and those for whom fewer match
_STEEPNESS = 2.5  # of the score: 1.27 times the baseline is 65, as in the endpoint's own example
_UNSCORED_SHARE = 0.06  # visitors without a prediction
_UNSCORED_CUSTOMERS = 0.5

_REFERENCE_DAY = 20_460  # days since 1970
_REFERENCE_SEED = -1
_DIGITS = 9  # of the averages: a sum's last digits depend on how many cores took part in it


class Averages(NamedTuple):
    """What the service has learned about the site from its past."""

    conversion_rate: float  # the baseline: the mean true rate of visits by people who are not customers
    average_value: float  # USD per purchase
    visit_minutes: float  # mean time from the first page to the last
    matches: dict[str, dict[str, float]]  # dimension, value: the chance that it matches
    means: dict[str, float]  # dimension: its mean multiplier; also of price_level and discount
    correction: float  # for dimensions that depend on each other, so that predictions agree with the mean rate


def _with_dimensions(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Add the dimensions as the service sees them, and what the price depends on, to visits of the ledger."""
    levels = cities().select("price_level").with_row_index("city").lazy()
    origins = sources().select("origin", "referrer", campaign="utm_campaign").lazy()
    return (
        visits.join(levels, on="city", how="left", maintain_order="left")
        .join(origins, on="origin", how="left", maintain_order="left")
        .with_columns(country=known_country())
    )


def _relative_rate(averages: Averages) -> pl.Expr:
    """Return the product of the matched dimensions' multipliers, each relative to its mean."""
    rate = pl.lit(1.0)
    for dimension in _WEIGHTS:
        relative = effect(dimension, pl.col(dimension)) / averages.means[dimension]
        rate = rate * pl.when(f"{dimension} matches").then(relative).otherwise(1.0)
    return rate


def _with_matches(visits: pl.LazyFrame, averages: Averages) -> pl.LazyFrame:
    """Add, for each dimension, the `… chance` that it matches and whether it `… matches`."""
    draw = uniform("visit", "resolved")
    resolved = pl.when(draw < _UNRESOLVED_SHARE).then(0.0).when(draw < _DOUBTFUL_SHARE).then(0.6).otherwise(1.0)
    for dimension, chances in averages.matches.items():
        chance = pl.col(dimension).replace_strict(chances, default=0.0, return_dtype=pl.Float64)
        visits = visits.with_columns(chance.alias(f"{dimension} chance"))
    matches = [
        (uniform("visit", f"match {it}") < pl.col(f"{it} chance") * resolved).alias(f"{it} matches") for it in _WEIGHTS
    ]
    return visits.with_columns(matches)


@cache
def averages() -> Averages:
    """Return the averages over a reference day: the same for every site, as no site changes people's habits."""
    minutes = pl.Series(range(_REFERENCE_DAY * DAY, (_REFERENCE_DAY + 1) * DAY, 20))
    visits = ledger(minutes, seed=_REFERENCE_SEED, newcomers=400)
    spans = walk(visits).group_by("visit").agg(pl.col("at").max() - pl.col("at").min())
    prospects = _with_dimensions(visits.lazy().filter(~pl.col("was_customer"))).collect()
    rate = pl.col("conversion_rate")
    level, share = pl.col("price_level"), discount(pl.col("campaign"))
    weighted = {"price_level": level, "discount": share, "value": level * share * MEAN_PRICE}
    figures = prospects.select(
        rate.mean(),
        **{it: effect(it, pl.col(it)).mean() for it in _WEIGHTS},
        **{name: (it * rate).sum() / rate.sum() for name, it in weighted.items()},
    ).row(0, named=True)
    figures = {name: round(it, _DIGITS) for name, it in figures.items()}
    learned = Averages(
        conversion_rate=figures["conversion_rate"],
        average_value=figures["value"],
        visit_minutes=round(spans.select(pl.col("at").mean()).item() / MINUTE, _DIGITS),
        matches={it: _match_chances(prospects[it]) for it in _WEIGHTS},
        means=figures,
        correction=1.0,
    )
    predicted = _with_matches(prospects.lazy(), learned).with_columns(relative=_relative_rate(learned))
    resolved = predicted.filter(pl.any_horizontal(pl.col("^.* matches$")))
    ratio = resolved.select(rate.mean() / (pl.col("relative").mean() * learned.conversion_rate)).collect().item()
    return learned._replace(correction=round(ratio, _DIGITS))


def _match_chances(values: pl.Series) -> dict[str, float]:
    """Return the chance that the service has seen enough of each value; only for the referrer is null a value."""
    seen = pl.col("count") / len(values) * _TRAINING_VISITS
    table = values.alias("value").value_counts().with_columns(chance=seen / (seen + _ENOUGH))
    if values.name != "referrer":
        table = table.drop_nulls("value")
    return dict(table.select("value", "chance").iter_rows())


def with_prediction(visits: pl.LazyFrame, *, bias: float = 1.0) -> pl.LazyFrame:
    """Add the prediction: `is_scored`, `score`, `confidence`, `matches`, `predicted_rate`, `average_value`.

    Needs the columns of the ledger and `is_customer`. `bias` multiplies the rates that are not the baseline.
    """
    learned = averages()
    baseline = learned.conversion_rate
    matched = {it: pl.col(f"{it} matches") for it in _WEIGHTS}
    any_match = pl.any_horizontal(matched.values())
    rate = baseline * pl.when(any_match).then(_relative_rate(learned) * learned.correction * bias).otherwise(1.0)
    level = pl.when(matched["country"]).then(pl.col("price_level") / learned.means["price_level"]).otherwise(1.0)
    paid = discount(pl.col("campaign")) / learned.means["discount"]
    value = learned.average_value * level * pl.when(matched["campaign"]).then(paid).otherwise(1.0)
    doubt = pl.lit(_UNCERTAIN)
    for dimension, weight in _WEIGHTS.items():
        doubt = doubt * pl.when(matched[dimension]).then(1 - weight * pl.col(f"{dimension} chance")).otherwise(1.0)
    customer = pl.col("is_customer")
    unscored = pl.when(customer).then(_UNSCORED_CUSTOMERS).otherwise(_UNSCORED_SHARE)
    names = [pl.when(matches).then(pl.lit(it)) for it, matches in matched.items()]
    return (
        _with_matches(_with_dimensions(visits), learned)
        .with_columns(predicted_rate=rate.clip(0, 1), average_value=value)
        .with_columns(
            is_scored=uniform("person", "unscored") >= unscored,
            score=pl.when(customer).then(100.0).otherwise(_score(pl.col("predicted_rate"), baseline)).cast(pl.Int64),
            confidence=pl.when(customer).then(1.0).otherwise((1 - doubt).round(3)),
            predicted_rate=pl.when(customer).then(1.0).otherwise(pl.col("predicted_rate")),
            matches=pl.concat_list(names).list.drop_nulls(),
        )
        .drop(cs.matches("^.* (matches|chance)$"), "price_level", "referrer", "campaign", "country")
    )


def _score(rate: pl.Expr, baseline: float) -> pl.Expr:
    """Return the score, 0 to 100, where 50 is the baseline: a logistic curve over the logarithm of the rate."""
    return (100 / (1 + (baseline / rate) ** _STEEPNESS)).round()
