"""Sites for the tests of the charts, and what a test asks of a chart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

import datafast_nb as dfn
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from tests.conversion.tables import BAD_NUMBERS, visitors

NOON = datetime(2026, 2, 6, 12, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>"
MEASURES = ("score", "confidence", "conversion_rate", "expected_value")
BASELINE = dfn.Baseline(0.005, 200.0)
LIMIT = 200_000  # bytes of a specification

Draw = Callable[..., alt.LayerChart | alt.ConcatChart]

STEPS = [dfn.goal("event 1"), dfn.goal("event 0"), dfn.payment()]

CHARTS: dict[str, Draw] = {
    "scores": dfn.charts.scores,
    "one dimension": lambda snap, **words: dfn.charts.breakdown(snap, "channel", **words),
    "two dimensions": lambda snap, **words: dfn.charts.breakdown(snap, ["channel", "city"], "expected_value", **words),
    "overlapping groups": lambda snap, **words: dfn.charts.breakdown(snap, "dimension_matches", "lift", **words),
    "timeline": dfn.charts.timeline,
    "world": dfn.charts.world,
    "world by lift": lambda snap, **words: dfn.charts.world(snap, "lift", **words),
    "heatmap": lambda snap, **words: dfn.charts.heatmap(snap, ["channel", "city"], **words),
    "value": dfn.charts.value,
    "drivers": dfn.charts.drivers,
    "funnel": lambda snap, **words: dfn.charts.funnel(snap, STEPS, **words),
    "funnels": lambda snap, **words: dfn.charts.funnel(snap, STEPS, by="city", **words),
    "compare": lambda snap, **words: dfn.charts.compare(crowd(60), snap, "channel", **words),
    "transitions": dfn.charts.transitions,
    "dashboard": dfn.charts.dashboard,
}
every_chart = pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)


@cache
def crowd(size: int, *, channels: int = 5, scored: bool = True) -> dfn.Snapshot:
    """Return a site with visitors, two events of each, and a payment of every tenth."""
    row = pl.col("row")
    likelihood = {
        "score": (row % 101).cast(pl.Float64),
        "confidence": (row % 100) / 100,
        "conversion_rate": (row % 50) / 1000,
        "expected_value": (row % 50) / 5,
    }
    return dfn.Snapshot(
        frame(
            size,
            VISITORS,
            visitor_id=row.cast(pl.String),
            country_code=(row % 4).replace_strict({0: "US", 1: "DE", 2: "SG", 3: None}, return_dtype=pl.String),
            utm_source=pl.format("campaign {}", row % channels),
            city=pl.format("city {}", row % channels),
            dimension_matches=pl.concat_list(pl.lit("device"), pl.format("match {}", row % channels)),
            is_customer=row % 10 == 0,
            **(likelihood if scored else {}),
        ),
        frame(
            2 * size,
            EVENTS,
            type=pl.format("event {}", row % channels),
            visitor_id=(row // 2).cast(pl.String),
            timestamp=pl.lit(NOON) - pl.duration(seconds=row % 600),
        ),
        frame(
            size // 10,
            PAYMENTS,
            amount=pl.lit(10.0),
            currency=pl.format("C{}", row % channels),
            timestamp=pl.lit(NOON) - pl.duration(seconds=row % 600),
        ),
        baseline=BASELINE if scored else None,
    )


def frame(size: int, schema: pl.Schema, **columns: pl.Expr) -> pl.DataFrame:
    """Return a frame of a schema from some of its columns, made of each row's number; the others are null."""
    rows = pl.select(row=pl.int_range(size)).select(**columns)
    nulls = {name: pl.lit(None, dtype=dtype) for name, dtype in schema.items() if name not in columns}
    return rows.with_columns(**nulls).select(schema.names()).cast(dict(schema))


def wordy(snap: dfn.Snapshot) -> dfn.Snapshot:
    """Return a site whose names are as long as a label may be, of characters that take the most room in JSON."""
    own = ("utm_source", "city", "type", "currency")
    parts = (
        part.with_columns(pl.col(name).str.pad_start(60, "😀") for name in own if name in part.columns)
        for part in (snap.visitors, snap.events, snap.payments)
    )
    return dfn.Snapshot(*parts, baseline=snap.baseline)


def hostile(text: str) -> dfn.Snapshot:
    """Return a site where a text is everywhere."""
    snap = crowd(40)
    dirty = (
        part.with_columns(pl.lit(text).alias(name) for name in part.columns if part[name].dtype == pl.String)
        for part in (snap.visitors, snap.events, snap.payments)
    )
    return dfn.Snapshot(*dirty, baseline=BASELINE)


def nonsense() -> dfn.Snapshot:
    """Return a site with numbers that make no sense among those that do."""
    snap, row = crowd(60), pl.int_range(pl.len())
    bad = pl.lit(pl.Series(BAD_NUMBERS)).gather(row % len(BAD_NUMBERS))
    number = pl.when(row % 3 > 0).then(bad)
    return dfn.Snapshot(
        snap.visitors.with_columns(number.otherwise(name).alias(name) for name in MEASURES),
        snap.events,
        snap.payments.with_columns(amount=bad),
        baseline=BASELINE,
    )


SITES = {
    "one visitor": crowd(1),
    "a few": crowd(30),
    "nobody predicted": crowd(30, scored=False),
    "customers only": dfn.Snapshot(crowd(30).visitors.with_columns(is_customer=True), baseline=BASELINE),
    "all null": dfn.Snapshot(VISITORS.to_frame().clear(3), EVENTS.to_frame().clear(3), PAYMENTS.to_frame().clear(3)),
    "numbers of no sense": nonsense(),
    "numbers of no sense alone": dfn.Snapshot(
        visitors(*(dict.fromkeys(MEASURES, number) for number in BAD_NUMBERS)), baseline=BASELINE
    ),
    "long and odd": hostile("\u202e\x00\n[a].b\\'\"" + "👩‍💻" * 5_000),
}


def svg(chart: alt.TopLevelMixin) -> str:
    """Draw a chart as the browser would; fails where Vega does."""
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return drawn


def said(chart: Any) -> str:
    """Return a chart's title and subtitle."""
    return " ".join([chart.title.text, *chart.title.subtitle])


def told(chart: alt.TopLevelMixin) -> str:
    """Return what is written in place of a chart that can't be drawn."""
    return " ".join(row["line"] for row in drawn(chart, "line"))


def drawn(chart: alt.TopLevelMixin, column: str) -> list[dict[str, Any]]:
    """Return the rows of the chart's data that have a column."""
    rows = (rows for rows in chart.to_dict()["datasets"].values() if isinstance(rows, list))
    return next(found for found in rows if found and column in found[0])


def strings(part: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Return every text of a specification, with the key that it is under."""
    if isinstance(part, str):
        yield key, part
    for name, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield from strings(value, name if isinstance(name, str) else key)
