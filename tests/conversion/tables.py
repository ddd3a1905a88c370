"""Small tables for the tests of the analysis."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
from hypothesis import strategies as st

import datafast_nb as dfn
from datafast_nb.schema import PAYMENTS, VISITORS

# None of these is a likelihood's score, confidence and rate at once, and most are none of them.
BAD_NUMBERS = (math.nan, math.inf, -math.inf, None, 1e308, -1e308, 1.7e308, 1e200, 101.0, 0.0, -1.0)
BASELINE = dfn.Baseline(conversion_rate=0.005, average_value=200.0)


def visitors(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=VISITORS)


def payments(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=PAYMENTS)


def likelihood(score: float, confidence: float, rate: float, value: float) -> dict[str, float]:
    return {"score": score, "confidence": confidence, "conversion_rate": rate, "expected_value": value}


SITE = visitors(
    {"country_code": "US", "is_customer": False, **likelihood(60, 0.8, 0.02, 2)},
    {"country_code": "US", "is_customer": False, **likelihood(40, 0.4, 0.01, 1)},
    {"country_code": "US", "is_customer": False},
    {"country_code": "US", "is_customer": True, **likelihood(100, 1, 0.5, 99)},
    {"country_code": "DE", "is_customer": False, **likelihood(50, 0.5, 0.03, 5)},
    {"country_code": None, "is_customer": None, "score": 20},
)


def group(table: pl.DataFrame, value: object, by: str = "country_code") -> dict[str, Any]:
    return table.filter(pl.col(by).eq_missing(value)).row(0, named=True)


ANY_FLOAT = st.none() | st.floats() | st.floats(0, 1)
ANY_VISITORS = st.lists(
    st.fixed_dictionaries(
        {
            "country_code": st.sampled_from(["US", "DE", "", None]),
            "is_customer": st.sampled_from([True, False, None]),
            "dimension_matches": st.none() | st.lists(st.sampled_from(["os", "device"]), max_size=3),
            "visit_count": st.none() | st.integers(-1, 5),
            "referrer": st.none() | st.text(max_size=8),
            "current_url": st.none() | st.text(max_size=8),
            "score": ANY_FLOAT,
            "confidence": ANY_FLOAT,
            "conversion_rate": ANY_FLOAT,
            "expected_value": st.none() | st.floats(-1e9, 1e9),
        }
    ),
    max_size=30,
).map(lambda rows: visitors(*rows))
