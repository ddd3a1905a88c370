"""Whatever was recorded, each function gives an answer in words and a chart, or says what to record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl
import pytest

import datafast_nb as dfn
from tests.forecast.simulated import Simulated, World, simulate


def world(arrivals: float = 5, days: float = 8, **knobs: Any) -> Simulated:
    return simulate(World(days=days, arrivals=arrivals, every=1_800, seed=2, **knobs))


def without_sales() -> Simulated:
    record = world()
    record.rows = record.rows._replace(
        payments=record.rows.payments.clear(),
        events=record.rows.events.filter(pl.col("type") == "pageview"),
        visitors=record.rows.visitors.with_columns(is_customer=False),
    )
    return record


RECORDS: Final[dict[str, Callable[[], Simulated]]] = {
    "an hour": lambda: world(40, 1 / 12),
    "without conversions": without_sales,
    "gaps over half of it": lambda: world(gaps=tuple((hour, hour + 4) for hour in range(2, 190, 6))),
    "two currencies": lambda: world(currencies={"USD": 1, "EUR": 1}),
    "without predictions": lambda: world(predictions=False),
    "without visitors": lambda: world(1e-9),
}
ANSWERS: Final[dict[str, tuple[Callable[[Simulated], Any], Callable[[Any], Any]]]] = {
    "learn": (lambda it: dfn.learn(it, "6h"), dfn.charts.gains),
    "forecast": (dfn.forecast, dfn.charts.forecast),  # type: ignore[dict-item]
    "unusual": (dfn.unusual, dfn.charts.unusual),
    "time to purchase": (dfn.time_to_purchase, dfn.charts.time_to_purchase),
    "attribution": (dfn.attribution, dfn.charts.attribution),
    "cohorts": (dfn.cohorts, dfn.charts.cohorts),
    "compare outcomes": (lambda it: dfn.compare_outcomes(it, by="utm_campaign"), str),
    "calibration": (dfn.calibration, dfn.charts.calibration),
}


@pytest.fixture(scope="module", params=RECORDS)
def record(request: pytest.FixtureRequest) -> Simulated:
    return RECORDS[request.param]()


@pytest.mark.parametrize("name", ANSWERS)
def test_there_is_an_answer_or_what_to_record(name: str, record: Simulated) -> None:
    ask, draw = ANSWERS[name]
    try:
        found = ask(record)
    except dfn.TooLittleRecordedError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert "record" in refused.lower()
        return
    assert "nan" not in str(found)
    assert draw(found) is not None
