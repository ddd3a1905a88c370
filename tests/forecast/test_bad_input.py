"""Whatever was recorded, each function gives an answer in words and a chart, or says what to record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.privacy import concealed
from datafast_nb.privacy import redacted as hidden
from tests.forecast.simulated import START, Simulated, World, simulate


def world(arrivals: float = 5, days: float = 8, **knobs: Any) -> Simulated:
    return simulate(World(days=days, arrivals=arrivals, every=600, seed=2, **knobs))


def without_sales() -> Simulated:
    record = world()
    record.rows = record.rows._replace(
        payments=record.rows.payments.clear(),
        events=record.rows.events.filter(pl.col("type") == "pageview"),
        visitors=record.rows.visitors.with_columns(is_customer=False),
    )
    return record


def redacted() -> Simulated:
    record = world()
    key = concealed(b"0123456789abcdef").checked("key")
    visitors, events, payments = hidden((record.rows.visitors, record.rows.events, record.rows.payments), key, [])
    record.rows = record.rows._replace(visitors=visitors, events=events, payments=payments)
    assert not visitors["customer_email"].drop_nulls().str.contains("@example.com").any()
    return record


RECORDS: Final[dict[str, Callable[[], Simulated]]] = {
    "an hour": lambda: world(40, 1 / 24),
    "without conversions": without_sales,
    "gaps over half of it": lambda: world(gaps=tuple((hour, hour + 4) for hour in range(2, 190, 6))),
    "two currencies": lambda: world(currencies={"USD": 1, "EUR": 1}),
    "without predictions": lambda: world(predictions=False),
    "redacted": redacted,
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


TOO_LITTLE: Final = {
    "an hour": ("learn", "forecast", "unusual", "compare outcomes"),
    "without conversions": ("attribution",),
    "gaps over half of it": ("learn", "forecast", "unusual", "compare outcomes"),
    "without visitors": ("learn", "time to purchase", "attribution", "cohorts", "compare outcomes"),
}
"""What says for which record what to record; all others answer."""


@pytest.fixture(scope="module")
def records() -> dict[str, Simulated]:
    return {kind: make() for kind, make in RECORDS.items()}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("kind", RECORDS)
def test_there_is_an_answer_or_what_to_record(name: str, kind: str, records: dict[str, Simulated]) -> None:
    ask, draw = ANSWERS[name]
    if name in TOO_LITTLE.get(kind, ()):
        with pytest.raises(dfn.TooLittleRecordedError, match=r"[Rr]ecord"):
            ask(records[kind])
        return
    found = ask(records[kind])
    assert "nan" not in str(found)
    assert draw(found) is not None


@pytest.mark.parametrize("name", ANSWERS)
def test_a_redacted_history_gives_the_same_answer(name: str, records: dict[str, Simulated]) -> None:
    ask, _ = ANSWERS[name]
    assert str(ask(records["redacted"])) == str(ask(world()))


def test_snapshots_of_several_sites_make_no_history(tmp_path: Path) -> None:
    snapshot = world().at(START + timedelta(days=1))
    with dfn.History(tmp_path) as history, pytest.raises(ValueError, match="Keep one history for each"):
        history.append(dfn.Snapshot.of_sites({"one": snapshot, "two": snapshot}))
