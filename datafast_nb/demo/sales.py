"""The causes of a purchase, what visitors buy, and the payments that recur every month.

The true probability that a visit by someone who is not yet a customer ends in a purchase is :data:`BASE_RATE` times
one multiplier for each dimension. The simulation draws from exactly this number.
"""

from __future__ import annotations

import math

import polars as pl

from datafast_nb.demo.randomness import choose, cumulative, uniform

BASE_RATE = 0.021  # gives a mean true rate of about 2.5 %: high for a real shop, so that a short demo shows payments
UPGRADE_RATE = 0.15  # chance that a visit by a customer ends in another purchase
SIGN_UP_RATE = 0.06  # chance that a visit without a purchase ends in a free account
MAXIMUM_RATE = 0.6
RENEWALS = 3  # a monthly subscription renews at most this often
MONTH = 30  # days

# A value that is not listed has the multiplier 1. Planted for analysts to find: Germany and the campaign spring-offer
# convert far better than the rest, India and the campaign giveaway far worse.
EFFECTS: dict[str, dict[str, float]] = {
    "device": {"desktop": 1.15, "mobile": 0.8, "tablet": 0.9},
    "os": {"Mac OS": 1.15, "iOS": 1.1, "Linux": 0.9, "Android": 0.9},
    "browser": {"Safari": 1.05, "Edge": 1.05, "Opera": 0.9},
    "country": {
        "AU": 1.1, "BR": 0.6, "CA": 1.1, "CH": 1.4, "CN": 0.5, "DE": 2.0, "EG": 0.5, "GB": 1.1, "ID": 0.6,
        "IN": 0.3, "MX": 0.7, "NG": 0.5, "NL": 1.2, "PH": 0.6, "PK": 0.4, "TR": 0.6, "US": 1.15, "VN": 0.6,
    },
    "referrer": {
        "https://chatgpt.com/": 1.4,
        "https://news.ycombinator.com/": 0.6,
        "https://www.facebook.com/": 0.8,
        "https://www.reddit.com/": 0.6,
        "https://www.youtube.com/": 1.2,
    },
    "campaign": {"brand-search": 1.7, "competitor-search": 1.2, "giveaway": 0.2, "spring-offer": 3.0},
    "visit": {"new": 0.85, "returning": 1.35},
}  # fmt: skip

PLANS = pl.DataFrame(
    {
        "plan": ["Starter", "Pro", "Business", "Starter yearly", "Pro yearly", "Lifetime"],
        "price": [19.0, 49.0, 99.0, 190.0, 490.0, 290.0],  # USD
        "monthly": [True, True, True, False, False, False],
        "share": [34, 28, 10, 14, 8, 6],
    }
)
_PLAN_EDGES = cumulative(PLANS["share"])
MEAN_PRICE: float = PLANS.select((pl.col("price") * pl.col("share")).sum() / pl.col("share").sum()).item()
_STAYS = 0.85  # chance that a subscription lasts another month
_DISCOUNTS = {"spring-offer": 0.8}

_PER_DOLLAR = {
    "AUD": 1.5, "BRL": 5.0, "CAD": 1.35, "CHF": 0.9, "CZK": 22.0, "DKK": 7.0, "EUR": 0.9, "GBP": 0.8, "ILS": 3.7,
    "INR": 80.0, "JPY": 150.0, "KRW": 1300.0, "MXN": 17.0, "NOK": 10.5, "NZD": 1.6, "PLN": 4.0, "SEK": 10.5,
    "SGD": 1.35, "TRY": 30.0, "USD": 1.0, "ZAR": 18.0,
}  # fmt: skip
WITHOUT_DECIMALS = ("JPY", "KRW")


def effect(dimension: str, value: pl.Expr) -> pl.Expr:
    """Return the true multiplier of each value of a dimension."""
    known = EFFECTS[dimension]
    return value.replace_strict(list(known), list(known.values()), default=1.0, return_dtype=pl.Float64)


def effects() -> pl.DataFrame:
    """Return every multiplier that is not 1: dimension, value, multiplier."""
    rows = [(dimension, value, it) for dimension, values in EFFECTS.items() for value, it in values.items()]
    return pl.DataFrame(rows, schema=["dimension", "value", "multiplier"], orient="row")


def true_rate() -> pl.Expr:
    """Return the probability that a visit ends in a purchase, for someone who is not yet a customer."""
    rate = pl.lit(BASE_RATE)
    for dimension in ("device", "os", "browser"):
        rate = rate * effect(dimension, pl.col(dimension))
    kind = pl.when(pl.col("slot") == 0).then(EFFECTS["visit"]["new"]).otherwise(EFFECTS["visit"]["returning"])
    return (rate * effect("country", pl.col("country_code")) * pl.col("source_effect") * kind).clip(0, MAXIMUM_RATE)


def may_buy() -> pl.Expr:
    """Return whether the draws of a visit allow it to end in a purchase, whoever the visitor is."""
    highest = BASE_RATE * math.prod(max(1.0, *values.values()) for values in EFFECTS.values())
    return (uniform("visit", "buy") < highest) | upgrades()


def upgrades() -> pl.Expr:
    """Return whether a visit by a customer ends in a purchase."""
    return uniform("visit", "upgrade") < UPGRADE_RATE


def _plan(column: str) -> pl.Expr:
    """Return a column of :data:`PLANS`, for the plan that a visit would buy."""
    return pl.lit(PLANS[column]).gather(choose(_PLAN_EDGES, uniform("visit", "plan")))


def is_monthly() -> pl.Expr:
    """Return whether the plan that a visit would buy renews."""
    return _plan("monthly")


def discount(campaign: pl.Expr) -> pl.Expr:
    """Return the fraction of the price that a visitor from this campaign pays."""
    return campaign.replace_strict(list(_DISCOUNTS), list(_DISCOUNTS.values()), default=1.0, return_dtype=pl.Float64)


def with_purchase(visits: pl.LazyFrame) -> pl.LazyFrame:
    """Add the `plan` that a visit would buy, whether it is `monthly`, and its `amount` in its `currency`.

    Needs `currency`, `price_level` and `utm_campaign`.
    """
    dollars = _plan("price") * pl.col("price_level") * discount(pl.col("utm_campaign"))
    local = dollars * pl.col("currency").replace_strict(
        list(_PER_DOLLAR), list(_PER_DOLLAR.values()), return_dtype=pl.Float64
    )
    tens = (local / 10).round() * 10  # 49 USD are 7350 JPY
    return visits.with_columns(
        plan=_plan("plan"),
        monthly=is_monthly(),
        amount=pl.when(pl.col("currency").is_in(WITHOUT_DECIMALS)).then(tens).otherwise(local.round(2)),
    )


def months_kept() -> pl.Expr:
    """Return how many times the subscription of a visit renews (geometric)."""
    survived = [uniform("visit", "stay", month) < _STAYS for month in range(RENEWALS)]
    kept = pl.lit(0)
    for alive in reversed(survived):
        kept = pl.when(alive).then(kept + 1).otherwise(0)
    return kept
