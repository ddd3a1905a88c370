"""Finds the messages that an alert would have sent during a history."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Protocol

import polars as pl

from datafast_nb.alerts.rate import Rate
from datafast_nb.alerts.rows import KEY, TOTALS, About, goals, keyed, received, rows_of_each, sums, with_derived
from datafast_nb.conversion.events import PAGEVIEW, PAYMENT_EVENTS
from datafast_nb.conversion.frames import Frame
from datafast_nb.conversion.predictor import Predictor
from datafast_nb.errors import AlertError, NotRecordedError
from datafast_nb.forecast.record import Record
from datafast_nb.history.moments import MOMENT
from datafast_nb.schema import WINDOW
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import duration, number, plain

_SAMPLE: Final = 100  # rows to check a condition with
_AT_ONCE: Final = 20  # snapshots whose rows are derived at once
_WEEK: Final = timedelta(days=7)
_FIRED: Final = pl.Schema({"at": MOMENT, "over": pl.Boolean(), "count": pl.Int64()})


class Rule(Protocol):
    """What an alert looks for, and how often it may send a message."""

    @property
    def name(self) -> str:
        """The name of the alert."""

    @property
    def about(self) -> About:
        """What a row is."""

    @property
    def condition(self) -> pl.Expr | None:
        """What is true for the rows to report."""

    @property
    def rate(self) -> Rate | None:
        """How often it may send a message."""

    @property
    def needs_model(self) -> bool:
        """Whether the condition uses a model's probability."""

    @property
    def needs_history(self) -> bool:
        """Whether it compares traffic with what is usual."""

    def matching(self, rows: Frame) -> Frame:
        """Return the rows for which the condition is true."""


@dataclass(frozen=True, slots=True, repr=False)
class Backtest:
    """The messages that an alert would have sent. It prints as a sentence.

    Attributes
    ----------
    alert : str
        The name of the alert.
    messages : polars.DataFrame
        A row for each message: ``at`` (UTC), ``over`` (whether it says that traffic is back to usual) and ``count``
        (how many visitors, payments or goals it is about).
    start, end : datetime
        The times of the first and the last snapshot that were looked at, in UTC.
    """

    alert: str
    messages: pl.DataFrame
    start: datetime
    end: datetime

    def last(self, time: timedelta = _WEEK) -> pl.DataFrame:
        """Return the messages of the last days of the span."""
        return self.messages.filter(pl.col("at") > self.end - time)

    def __str__(self) -> str:
        week = self.last().height
        span = f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"
        times = number(week, "time")
        if self.end - self.start <= _WEEK:
            recorded = duration(max(1.0, (self.end - self.start).total_seconds()))
            return f"{plain(self.alert)}: would have told you {times} in the {recorded} that were looked at ({span})."
        return (
            f"{plain(self.alert)}: would have told you {times} in the last week, and {self.messages.height:,} in all "
            f"({span})."
        )

    __repr__ = __str__


def backtest(
    alert: Rule,
    history: Record,
    start: datetime | None = None,
    end: datetime | None = None,
    model: Predictor | None = None,
) -> Backtest:
    """Return the messages that an alert would have sent; see `Alert.backtest`."""
    _check(alert, model)
    polls = history.collect(history.polls(start, end).select(pl.col("seen_at").sort()))["seen_at"]
    if polls.is_empty():
        raise NotRecordedError("Nothing was recorded in this span: give another one, or no start and end.")
    if alert.about == "traffic":
        found = _of_traffic(alert, history, polls, end)
    else:
        news = _news(alert, history, polls, end, model)
        found = _messages_at(list(news), list(news.values()), polls.to_list(), alert.rate)
    messages = pl.DataFrame(list(found), schema=_FIRED, orient="row")
    return Backtest(alert.name, messages, polls[0], polls[-1])


def _check(alert: Rule, model: Predictor | None) -> None:
    """Refuse an alert that can't be evaluated for the past."""
    if alert.needs_model and model is None:
        raise AlertError(f"The alert {alert.name!r} uses probability: pass model=dfn.learn(history).")
    if alert.needs_history:
        raise AlertError("To look back, give a condition such as where='visitors > 50'.")


def _is_by_row(alert: Rule, rows: pl.DataFrame) -> bool:
    """Return whether the condition gives the same for a row alone as for that row among others."""
    alone = [alert.matching(row.lazy()).collect() for row in rows.iter_slices(1)]
    return alert.matching(rows.lazy()).collect().height == sum(each.height for each in alone)


def _news(
    alert: Rule, history: Record, polls: pl.Series, end: datetime | None, model: Predictor | None
) -> dict[datetime, int]:
    """Return how many visitors, payments or goals matched for the first time at each snapshot."""
    if not alert.needs_model:
        rows = _rows(alert, history, polls, end)
        if _is_by_row(alert, history.collect(rows.head(_SAMPLE))):
            when = alert.matching(rows).group_by(KEY).agg(pl.col("seen_at").min())
            found = when.filter(pl.col("seen_at") <= polls[-1]).group_by("seen_at").len().sort("seen_at")
            return dict(history.collect(found).iter_rows())
    return _news_of_each(alert, history.snapshots(polls[0], end), model)


def _news_of_each(alert: Rule, snapshots: Iterator[Snapshot], model: Predictor | None) -> dict[datetime, int]:
    """Return the same, snapshot by snapshot as in a watcher: for conditions that depend on the whole snapshot."""
    reported = set[str]()
    news = dict[datetime, int]()
    while some := list(islice(snapshots, _AT_ONCE)):
        for snapshot, rows in zip(some, rows_of_each(some, alert.about, model), strict=True):
            new = set(alert.matching(rows)[KEY]) - reported
            reported |= new
            if new:
                news[snapshot.fetched_at] = len(new)
    return news


def _rows(alert: Rule, history: Record, polls: pl.Series, end: datetime | None) -> pl.LazyFrame:
    """Return the states of visitors, or payments or goals, each with its `KEY` and when it was first visible."""
    first = pl.lit(polls[0], MOMENT)
    if alert.about == "visitor":
        found = _states(history, end).filter(pl.col("until").is_null() | (pl.col("until") > first))
    else:
        # A watcher would also report what the first snapshot still shows from before.
        happened = history.payments(None, end) if alert.about == "payment" else goals(history.events(None, end))
        found = happened.filter((pl.col("seen_at") >= first) | (pl.col("timestamp") > first - WINDOW))
    rows: pl.LazyFrame = found.with_columns(seen_at=pl.max_horizontal("seen_at", first))
    judged: pl.LazyFrame = keyed(with_derived(rows, alert.about), alert.about)
    return judged


def _messages_at(
    moments: list[datetime], counts: list[int], polls: list[datetime], rate: Rate | None
) -> Iterator[tuple[datetime, bool, int]]:
    """Yield the messages about what was new at some moments, combined as the rate requires."""
    sent: list[datetime] = []
    place = 0
    while place < len(moments):
        allowed = None if rate is None else rate.next(sent)
        at = moments[place] if allowed is None else max(moments[place], allowed)
        poll = bisect_left(polls, at)
        if poll == len(polls):
            return
        waiting = place
        while place < len(moments) and moments[place] <= polls[poll]:
            place += 1
        if rate is not None:
            sent = [*sent, polls[poll]][-rate.messages :]
        yield polls[poll], False, sum(counts[waiting:place])


def _of_traffic(alert: Rule, history: Record, polls: pl.Series, end: datetime | None) -> Iterator[tuple[Any, ...]]:
    """Yield the messages about traffic: that it became unusual, and that it is back to usual."""
    totals = _totals(history, polls, end)
    if not _is_by_row(alert, totals.head(_SAMPLE)):
        raise AlertError("A condition about traffic is about one moment: it can't compare moments with each other.")
    assert alert.condition is not None
    unusual = totals.select("seen_at", now=alert.condition.fill_null(value=False))
    changes = unusual.filter(pl.col("now") != pl.col("now").shift(1, fill_value=False)).to_dicts()
    times, sent = polls.to_list(), list[datetime]()
    active = False
    for place, change in enumerate(changes):
        at: datetime = change["seen_at"]
        if not change["now"]:
            if active:
                yield at, True, 1
            active = False
            continue
        allowed = None if alert.rate is None else alert.rate.next(sent)
        following = bisect_left(times, at if allowed is None else max(at, allowed))
        first = times[following : following + 1]
        until = changes[place + 1]["seen_at"] if place + 1 < len(changes) else None
        if first and (until is None or first[0] < until):
            active = True
            if alert.rate is not None:
                sent = [*sent, first[0]][-alert.rate.messages :]
            yield first[0], False, 1


def _totals(history: Record, polls: pl.Series, end: datetime | None) -> pl.DataFrame:
    """Return the site's totals at each snapshot, with the columns of `TOTALS`."""
    customer = pl.col("is_customer").fill_null(value=False)
    who = _steps(
        _states(history, end),
        "seen_at",
        "until",
        visitors=pl.lit(1),
        customers=customer.cast(pl.Int64),
        prospects=(~customer).cast(pl.Int64),
        returning=(pl.col("visit_count") > 1).fill_null(value=False).cast(pl.Int64),
    )
    is_view, is_payment = pl.col("type") == PAGEVIEW, pl.col("type").is_in(PAYMENT_EVENTS)
    what = _steps(
        _shown(history.events(None, end)),
        "since",
        "until",
        pageviews=is_view.fill_null(value=False).cast(pl.Int64),
        goals=(~is_view & ~is_payment).fill_null(value=False).cast(pl.Int64),
    )
    moments = polls.alias("seen_at").cast(MOMENT).to_frame()
    for steps in (history.collect(who), history.collect(what)):
        moments = moments.join_asof(steps, left_on="seen_at", right_on="at", coalesce=True).drop("at", strict=False)
    paid = _paid(history.collect(_shown(received(history.payments(None, end)))), moments.select("seen_at"))
    totals = moments.join(paid, on="seen_at", how="left", maintain_order="left")
    return totals.with_columns(
        pl.col(name).fill_null(0).cast(TOTALS[name]) for name in TOTALS.names() if name != "revenue"
    ).with_columns(revenue=pl.when(pl.col("payments") == 0).then(0.0).otherwise("revenue"))


def _states(history: Record, end: datetime | None) -> pl.LazyFrame:
    """Return the states of visitors, each with `until`, the moment when it ends; null if it lasts to the end."""
    left = history.sessions(None, end).select("visitor_id", seen_at=pl.col("left_at")).drop_nulls()
    both = pl.concat([history.visitors(None, end).with_columns(_is_state=True), left], how="diagonal")
    following = pl.col("seen_at").shift(-1).over("visitor_id", order_by="seen_at")
    return both.with_columns(until=following).filter(pl.col("_is_state")).drop("_is_state")


def _shown(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return events or payments with the span in which they count: from when they were seen, for ten minutes."""
    time = pl.col("timestamp").cast(MOMENT)
    since = pl.max_horizontal("seen_at", time)
    return rows.filter(time.is_not_null()).with_columns(since=since, until=time + WINDOW).filter(since < time + WINDOW)


def _steps(rows: pl.LazyFrame, since: str, until: str, **amounts: pl.Expr) -> pl.LazyFrame:
    """Return the totals at each moment when they change."""
    begin = rows.select(at=pl.col(since).cast(MOMENT), **amounts)
    over = rows.filter(pl.col(until).is_not_null()).select(
        at=pl.col(until).cast(MOMENT), **{name: -each for name, each in amounts.items()}
    )
    steps = pl.concat([begin, over]).group_by("at").agg(pl.all().sum()).sort("at")
    return steps.with_columns(pl.exclude("at").cum_sum())


def _paid(payments: pl.DataFrame, moments: pl.DataFrame) -> pl.DataFrame:
    """Return the number and the sum of the payments that count at each moment."""
    first = moments["seen_at"].search_sorted(payments["since"], side="left")
    after = moments["seen_at"].search_sorted(payments["until"], side="left")
    counted = (
        payments.with_columns(place=pl.int_ranges(pl.lit(first), pl.lit(after))).explode("place").drop_nulls("place")
    )
    numbered = moments.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    return counted.group_by("place").agg(**sums()).join(numbered, on="place").drop("place")
