"""The past, judged at once, agrees with the past, watched again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.errors import AlertError, NotRecordedError
from tests.alerts.sites import goal, payment, reported, visitor
from tests.history.moments import after, demo, snapshot

Replay = Callable[[float | None], list[dfn.Snapshot]]


def silent(notice: object) -> None:
    """Take a message."""


def alert(where: str | pl.Expr | None, about: Any, at_most: str | None = "1 per 10m", **options: Any) -> dfn.Alert:
    return dfn.Alert(where, about, silent, at_most, **options)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dfn.History]:
    with dfn.History(tmp_path_factory.mktemp("backtest") / "site") as opened:
        for seconds in range(0, 2_400, 100):
            opened.append(demo(seconds))
        yield opened


@pytest.fixture(scope="module")
def replayed(history: dfn.History) -> Replay:
    """Return what replays the snapshots since a moment; each span is read once."""
    return cache(lambda since: list(history.snapshots(None if since is None else after(since))))


@pytest.mark.parametrize(
    ("where", "about", "at_most", "since"),
    [
        ("score > 60 and not is_customer", "visitor", "1 per 10m", None),
        ("page = '/pricing'", "visitor", None, 1_000),
        (None, "visitor", "1 per 10m", None),
        (None, "payment", None, 1_000),
        ("amount > 50", "payment", "1 per 10m", None),
        (None, "goal", None, 1_000),
        ("page = '/welcome'", "goal", "1 per 10m", None),
        ("visitors > 40", "traffic", None, 1_000),
        ("visitors < 38", "traffic", "1 per 10m", None),
        ("goals > 2 or payments > 1", "traffic", None, 1_000),
        ("customers > 2 and returning > 10", "traffic", "1 per 10m", None),
        ("pageviews > 100", "traffic", None, 1_000),
        ("revenue > 50", "traffic", "1 per 10m", None),
        ("prospects > 35", "traffic", None, 1_000),
    ],
)
def test_it_agrees_with_a_watcher_of_the_replayed_snapshots(
    where: str | None, about: str, at_most: str | None, since: float | None, history: dfn.History, replayed: Replay
) -> None:
    it = alert(where, about, at_most)
    start = None if since is None else after(since)
    watched = [(at, over, count) for at, count, over, _ in reported(it, *replayed(since))]
    found = it.backtest(history, start)
    looked_back = [((at - after(0)).total_seconds(), over, count) for at, over, count in found.messages.iter_rows()]
    assert looked_back == watched


class Rising:
    """A model whose probabilities rise with time, so that they change while nothing about a visitor does."""

    def predict(self, snapshot: dfn.Snapshot, /) -> pl.DataFrame:
        """Give a probability for each prospect."""
        seconds = (snapshot.fetched_at - after(0)).total_seconds()
        chance = pl.col("conversion_rate").fill_null(0) * (seconds / 1_000)
        prospects = snapshot.visitors.filter(~pl.col("is_customer").fill_null(value=False))
        return prospects.select("visitor_id", probability=chance, expected_value=chance * 10)


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ("probability > 0.02 and not is_customer", {"model": Rising()}),
        ("probability > 0.03 and page = '/pricing'", {"model": Rising()}),
        ("probability is null", {"model": Rising()}),
        (pl.col("probability") == pl.col("probability").max(), {"model": Rising()}),
        (pl.col("score") > pl.col("score").quantile(0.9), {}),
    ],
)
@pytest.mark.parametrize(("at_most", "since"), [("1 per 10m", None), (None, 1_000), ("2 per 15m", 300)])
def test_what_depends_on_the_whole_snapshot_agrees_with_a_watcher(
    where: str | pl.Expr,
    options: dict[str, Any],
    at_most: str | None,
    since: float | None,
    history: dfn.History,
    replayed: Replay,
) -> None:
    it = alert(where, "visitor", at_most)
    start = None if since is None else after(since)
    watched = [(at, over, count) for at, count, over, _ in reported(it, *replayed(since), **options)]
    found = it.backtest(history, start, **options)
    looked_back = [((at - after(0)).total_seconds(), over, count) for at, over, count in found.messages.iter_rows()]
    assert looked_back == watched
    assert watched


def test_a_visitor_who_stays_likely_is_reported_once(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as history:
        for place in range(50):
            history.append(snapshot(1_000 + place * 60, [visitor("stays"), *([visitor("late")] if place > 30 else [])]))
        messages = alert("probability > 0.05", "visitor", None).backtest(history, model=Rising()).messages
    assert messages.rows() == [(after(1_060), False, 1), (after(1_000 + 31 * 60), False, 1)]


def test_something_would_have_been_reported_in_each_kind(history: dfn.History) -> None:
    for where, about in [("score > 60", "visitor"), (None, "payment"), (None, "goal"), ("visitors > 40", "traffic")]:
        assert alert(where, about).backtest(history).messages.height


def test_it_says_how_often_it_would_have_fired(tmp_path: Path) -> None:
    day = 86_400
    with dfn.History(tmp_path / "site") as history:
        for place in range(10):
            history.append(snapshot(place * day, [visitor(f"{place}")], [goal(f"{place}", place * day)]))
        found = alert("score > 80", "visitor", name="Buyers").backtest(history)
        assert str(found).startswith("Buyers: would have told you 7 times in the last week, and 10 in all (2026-02-06")
        assert found.messages["count"].to_list() == [1] * 10
        few = alert("score > 80", "visitor").backtest(history, after(8 * day))
        assert "would have told you 2 times in the 1 d " in str(few)
        with pytest.raises(NotRecordedError, match="Nothing was recorded in this span"):
            alert(None, "visitor").backtest(history, after(100 * day))


def test_two_currencies_have_no_sum(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as history:
        history.append(snapshot(0, payments=[payment("a", -1)]))
        history.append(snapshot(60, payments=[payment("a", -1), payment("b", 59) | {"currency": "USD"}]))
        history.append(snapshot(900))
        for where in ("revenue = 49", "revenue is null", "payments = 2"):
            it = alert(where, "traffic", None)
            watched = [(at, over) for at, _, over, _ in reported(it, *history.snapshots())]
            messages = it.backtest(history).messages
            assert [((at - after(0)).total_seconds(), over) for at, over, _ in messages.iter_rows()] == watched
            assert watched


@pytest.mark.parametrize(
    ("where", "about", "hint"),
    [
        ("probability > 0.1", "visitor", "pass model=dfn.learn"),
        (None, "traffic", "give a condition"),
        (pl.col("visitors") > pl.col("visitors").mean(), "traffic", "can't compare moments"),
    ],
)
def test_what_can_t_be_judged_from_the_record_is_refused(
    where: Any, about: str, hint: str, history: dfn.History
) -> None:
    with pytest.raises(AlertError, match=hint):
        alert(where, about).backtest(history)
