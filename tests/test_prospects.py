"""What is predicted of customers is in no sum and no mean, wherever expected values and rates are shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.explorer.answer import Answer
from datafast_nb.explorer.question import Question
from datafast_nb.explorer.rows import table
from datafast_nb.livemap.sidebar import figures

PREDICTIONS = ("score", "confidence", "conversion_rate", "expected_value")
HUGE = dict(zip(PREDICTIONS, (100.0, 1.0, 1.0, 1e6), strict=True))


@pytest.fixture(scope="module")
def pair() -> list[dfn.Snapshot]:
    """Return a snapshot whose customers have no prediction, and one where they have the highest there are."""
    moment = datetime(2026, 2, 6, 15, tzinfo=UTC)
    snap = dfn.demo.Site(seed=4, visitors=300, clock=lambda: moment).snapshot()
    customer = pl.col("is_customer")
    assert snap.visitors.filter(customer).height >= 10
    return [
        dfn.Snapshot(
            snap.visitors.with_columns(
                **{name: pl.when(customer).then(told.get(name)).otherwise(name) for name in PREDICTIONS}
            ),
            snap.events,
            snap.payments,
            baseline=snap.baseline,
            fetched_at=moment,
        )
        for told in ({}, HUGE)
    ]


SHOWN: dict[str, Callable[[dfn.Snapshot], Any]] = {
    "dashboard": lambda snap: dfn.charts.dashboard(snap).to_dict(),
    "scores": lambda snap: dfn.charts.scores(snap).to_dict(),
    "value": lambda snap: dfn.charts.value(snap).to_dict(),
    "world": lambda snap: dfn.charts.world(snap, "expected_value").to_dict(),
    "timeline": lambda snap: dfn.charts.timeline(snap).to_dict(),
    "opportunities": lambda snap: dfn.opportunities(snap).rows(),
    "explorer": lambda snap: table(Answer(Question(("country_code",), "expected_value"), snap)),
    "map header": lambda snap: figures(snap.visitors),
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_what_is_predicted_of_customers_changes_nothing(
    pair: list[dfn.Snapshot], shown: Callable[[dfn.Snapshot], Any]
) -> None:
    without, highest = (told(shown(snap)) for snap in pair)
    assert without == highest


def told(shown: Any) -> str:
    """Return it as text, without names that are made each time, and without digits that hang on the order of a sum."""
    text = re.sub(r"(param|view|data-)[\w-]+", "", repr(shown))
    return re.sub(r"\d+\.\d{6,}", lambda number: f"{float(number[0]):.6g}", text)
