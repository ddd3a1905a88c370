"""Frames of other libraries in analyses and charts: processed, or rejected before the work starts."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import datafast_nb as dfn
from tests.charts.sites import STEPS, crowd, drawn

SNAP = crowd(60)
KINDS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "pandas": lambda frame: frame.to_pandas(),
    "arrow": lambda frame: frame.to_arrow(),
    "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
    "lazy": lambda frame: frame.lazy(),
}
CHARTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "scores": lambda visitors, _events, _payments: dfn.charts.scores(visitors),
    "breakdown": lambda visitors, _events, _payments: dfn.charts.breakdown(visitors, "city"),
    "matches": lambda visitors, _events, _payments: dfn.charts.breakdown(visitors, "dimension_matches"),
    "heatmap": lambda visitors, _events, _payments: dfn.charts.heatmap(visitors, ["city", "channel"]),
    "drivers": lambda visitors, _events, _payments: dfn.charts.drivers(visitors),
    "value": lambda visitors, _events, _payments: dfn.charts.value(visitors),
    "world": lambda visitors, _events, _payments: dfn.charts.world(visitors),
    "funnel": lambda visitors, events, payments: dfn.charts.funnel(
        events, STEPS, by="city", visitors=visitors, payments=payments
    ),
    "rhythm": lambda _visitors, events, _payments: dfn.charts.rhythm(events, "events"),
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (DeprecationWarning, FutureWarning))
        yield


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_that_of_the_polars_frame(name: str, kind: str) -> None:
    frames = (SNAP.visitors, SNAP.events, SNAP.payments)
    other = CHARTS[name](*map(KINDS[kind], frames))
    assert list(other.to_dict()["datasets"]) == list(CHARTS[name](*frames).to_dict()["datasets"])


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_any_kind_are_compared(kind: str) -> None:
    before, after = crowd(40).visitors, SNAP.visitors
    chart = dfn.charts.compare(KINDS[kind](before), KINDS[kind](after), "city")
    assert chart.title.to_dict() == dfn.charts.compare(before, after, "city").title.to_dict()


@pytest.mark.parametrize("kind", ["pandas", "arrow"])
@pytest.mark.parametrize("name", ["drivers", "opportunities", "funnel", "journeys", "matches"])
def test_an_analysis_gives_the_kind_of_frame_that_it_got(name: str, kind: str) -> None:
    def analyzed(convert: Callable[[pl.DataFrame], Any]) -> Any:
        visitors, events, payments = map(convert, (SNAP.visitors, SNAP.events, SNAP.payments))
        return {
            "drivers": lambda: dfn.drivers(visitors),
            "opportunities": lambda: dfn.opportunities(visitors),
            "funnel": lambda: dfn.funnel(events, STEPS, by="city", visitors=visitors, payments=payments),
            "journeys": lambda: dfn.journeys(events),
            "matches": lambda: dfn.breakdown(visitors, "dimension_matches"),
        }[name]()

    found, expected = analyzed(KINDS[kind]), analyzed(lambda frame: frame)
    assert isinstance(found, pd.DataFrame if kind == "pandas" else pa.Table)
    assert len(found) == expected.height
    assert list(found.columns if kind == "pandas" else found.column_names) == expected.columns


@pytest.mark.parametrize("column", [pl.lit(["a", "b"]), pl.struct("city", "os"), pl.lit(b"a"), pl.lit([["a"]])])
@pytest.mark.parametrize(
    "draw",
    [
        lambda visitors: dfn.charts.breakdown(visitors, "mine"),
        lambda visitors: dfn.charts.breakdown(visitors, ["city", "mine"]),
        lambda visitors: dfn.charts.heatmap(visitors, ["mine", "city"]),
        lambda visitors: dfn.charts.compare(visitors, visitors, "mine"),
        lambda visitors: dfn.charts.funnel(SNAP.events, STEPS, by="mine", visitors=visitors),
    ],
    ids=["breakdown", "of two", "heatmap", "compare", "funnel"],
)
def test_what_has_no_name_is_refused_as_a_group_with_what_to_do(column: pl.Expr, draw: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"'mine' holds \w+s, .* Give a column of text"):
        draw(SNAP.visitors.with_columns(mine=column))


NO_GROUPS: dict[str, Callable[[int], Any]] = {
    "lists": lambda size: [["a"]] * size,
    "dictionaries": lambda size: [{"a": 1}] * size,
    "arrow's lists": lambda size: pd.array([["a"]] * size, dtype=pd.ArrowDtype(pa.list_(pa.string()))),
}
NO_BARS: dict[str, Callable[[int], Any]] = {
    **NO_GROUPS,
    "lengths of time": lambda size: pd.to_timedelta([1] * size, unit="h"),
    "complex numbers": lambda size: [1j] * size,
    "periods": lambda size: pd.period_range("2026", periods=size, freq="D"),
    "intervals": lambda size: pd.interval_range(0, size),
}


@pytest.mark.parametrize("kind", NO_GROUPS)
def test_what_pandas_can_not_group_by_is_refused_with_what_to_do(kind: str) -> None:
    visitors = SNAP.visitors.to_pandas()
    visitors["own"] = NO_GROUPS[kind](len(visitors))
    for analyze in (dfn.breakdown, lambda frame, by: dfn.compare(frame, frame, by)):
        with pytest.raises(TypeError, match=r"Give .*column"):
            analyze(visitors, "own")


@pytest.mark.parametrize("kind", NO_BARS)
def test_what_no_bar_can_be_called_as_is_refused_in_a_frame_of_pandas(kind: str) -> None:
    visitors = SNAP.visitors.to_pandas()
    visitors["own"] = NO_BARS[kind](len(visitors))
    for draw in (dfn.charts.breakdown, lambda frame, by: dfn.charts.heatmap(frame, [by, "city"])):
        with pytest.raises(TypeError, match=r"Give .*column"):
            draw(visitors, "own")


def test_a_column_of_different_kinds_of_values_is_one_that_pandas_groups_by() -> None:
    visitors = SNAP.visitors.to_pandas()
    visitors["own"] = [("a", 1)[place % 2] for place in range(len(visitors))]
    assert len(dfn.breakdown(visitors, "own")) == 2


def test_a_column_without_a_name_is_no_dimension() -> None:
    visitors = SNAP.visitors.with_columns(pl.lit("a").alias(""))
    for by in ("", ["", "city"], ["city", ""]):
        with pytest.raises(ValueError, match="without a name"):
            dfn.breakdown(visitors, by)


@pytest.mark.parametrize("data", ["yesterday", None, 3, [1], {"a": 1}])
def test_what_is_no_frame_is_refused(data: object) -> None:
    for call in (dfn.charts.scores, dfn.charts.rhythm, lambda it: dfn.charts.funnel(it, STEPS), dfn.drivers):
        with pytest.raises(TypeError, match="Expected a Snapshot or a"):
            call(data)


# Flags that are not all known


FLAGS: dict[str, Callable[[list[bool | None]], Any]] = {
    "objects with NaN": lambda flags: pd.Series([float("nan") if it is None else it for it in flags], dtype=object),
    "objects with None": lambda flags: pd.Series(flags, dtype=object),
    "floats": lambda flags: pd.Series([float("nan") if it is None else float(it) for it in flags]),
    "words": lambda flags: pd.Series([None if it is None else str(it) for it in flags]),
    "pandas' own": lambda flags: pd.Series(flags, dtype="boolean"),
    "arrow's": lambda flags: pd.Series(flags, dtype="bool[pyarrow]"),
    "read from a file": lambda flags: pd.read_csv(
        io.StringIO(pl.DataFrame({"x": flags}).write_csv()), skip_blank_lines=False
    )["x"],
}


@pytest.mark.parametrize("how", FLAGS)
@pytest.mark.parametrize("flags", [[True, False, None], [None, None, True], [None, None, None], [False, True, True]])
def test_what_is_not_known_is_no_yes(flags: list[bool | None], how: str) -> None:
    rows = 3
    visitors = SNAP.visitors.head(rows).with_columns(is_customer=pl.Series(flags, dtype=pl.Boolean))
    frame = visitors.to_pandas().assign(is_customer=FLAGS[how](flags))
    yes = sum(flag is True for flag in flags)
    assert int(dfn.breakdown(frame, "device")["customers"].iloc[0]) == yes
    assert int(dfn.summary(frame)["customers"].iloc[0]) == yes
    assert int(dfn.compare(frame, frame, "device")["visitors_after"].iloc[0]) == rows
    assert sorted(dfn.breakdown(frame, "is_customer")["visitors"]) == sorted(
        dfn.breakdown(visitors, "is_customer")["visitors"]
    )
    assert len(dfn.drivers(frame, min_visitors=1)) == dfn.drivers(visitors, min_visitors=1).height
    assert len(dfn.opportunities(frame)) == dfn.opportunities(visitors).height
    assert dfn.charts.scores(frame).title.text == dfn.charts.scores(visitors).title.text
    by_kind = drawn(dfn.charts.breakdown(frame, "is_customer", "visitors"), "visitors")
    assert by_kind == drawn(dfn.charts.breakdown(visitors, "is_customer", "visitors"), "visitors")


@pytest.mark.parametrize("how", FLAGS)
def test_a_payment_whose_kind_is_not_known_is_neither_new_nor_a_renewal(how: str) -> None:
    renewal, is_new = FLAGS[how]([None, True, False]), FLAGS[how]([None, False, True])
    payments = pd.DataFrame({"amount": [10, 20, 30], "currency": "USD", "renewal": renewal, "is_new": is_new})
    table = dfn.revenue(payments)
    assert dict(zip(table["kind"], table["amount"], strict=True)) == {"new": 30, "other": 10, "renewal": 20}
