"""A second simulator: a record in memory whose truth is known, and that breaks the demo site's assumptions.

>>> record = simulate(World(days=2, arrivals=20, seed=1))
>>> record.polls().collect().height
2881
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datafast_nb.history.moments import MOMENT
from datafast_nb.history.rebuild import snapshot_at
from datafast_nb.history.sessions import sessions
from datafast_nb.history.tables import SCHEMAS, Rows, as_given
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS, WINDOW
from datafast_nb.snapshot import Snapshot

START: Final = datetime(2026, 1, 5, tzinfo=UTC)
"""When each record begins: a Monday at midnight."""

RATE: Final = 0.03
"""The mean chance that a visit by a prospect ends in a purchase."""

_MINUTE: Final = 60_000_000  # microseconds
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_FIRST: Final = int(START.timestamp()) * 1_000_000
_PAGES: Final = 4.0  # per visit
_PAUSE: Final = 1.5  # minutes from one page to the next
_LEAST_PAUSE: Final = 2 * _HOUR  # from the end of a visit to the next
_PLACES: Final = (("US", "desktop"), ("DE", "mobile"), ("IN", "mobile"), ("FR", "tablet"))
_CAMPAIGNS: Final = (None, "spring", "launch")

Numbers = NDArray[Any]


@dataclass(frozen=True)
class World:
    """What a simulated site is like.

    Attributes
    ----------
    days
        How long it is recorded, from `START` on.
    arrivals
        First visits per hour, on average over a week.
    shape
        The level of each hour of the week (UTC), 168 numbers of mean 1; by default days are busier than nights.
    overdispersion
        Of the number of arrivals in an hour: its variance is mean + overdispersion × mean².
    rate
        The mean chance that a visit of a prospect ends in a purchase.
    drift
        The standard deviation, from day to day, of the logarithm of the chance to buy.
    returning
        The chance that a visitor comes back after a visit, about a day later, up to five times.
    repeat
        The chance that a visit by a customer ends in another purchase.
    bias
        The predictions are the true chances times this.
    informed
        Whether the predictions know anything; if not, they are the chances of others.
    change
        By what the arrivals and the chances to buy are multiplied in the second half.
    currencies
        The share of each currency among the purchases.
    unmatched
        The share of purchases that can't be traced to a visitor: paid under another address, without an event.
    gaps
        Spans that are not recorded, in hours from `START`.
    every
        Seconds from one snapshot to the next.
    predictions
        Whether the service predicts anything.
    """

    days: float = 14.0
    arrivals: float = 60.0
    shape: tuple[float, ...] = ()
    overdispersion: float = 0.0
    rate: float = RATE
    drift: float = 0.0
    returning: float = 0.15
    repeat: float = 0.05
    bias: float = 1.0
    informed: bool = True
    change: tuple[float, float] = (1.0, 1.0)
    currencies: Mapping[str, float] = field(default_factory=lambda: {"USD": 1.0})
    unmatched: float = 0.0
    gaps: tuple[tuple[float, float], ...] = ()
    every: float = 60.0
    predictions: bool = True
    seed: int = 0


def shape_of_week() -> tuple[float, ...]:
    """Return the default levels of the 168 hours: most in the afternoon, and half as many on weekends."""
    hours = np.arange(168)
    levels = (1.0 + 0.8 * np.sin((hours % 24 - 9) / 24 * 2 * np.pi)) * np.where(hours // 24 >= 5, 0.5, 1.0)
    return tuple((levels / levels.mean()).tolist())


class Simulated:
    """A record of a simulated site, with what is true of it.

    It has the methods of ``History`` that read, and frames of the same columns and dtypes; `rows` are those of the
    tables. `visits` has a row for each visit, whether recorded or not: `visitor_id`, `start`, `end` (its last page),
    `chance` (that it ends in a purchase), `predicted`, `buys`, `first` (whether it is a prospect's), `amount`,
    `currency`, `strange` (whether its purchase can't be traced).
    """

    def __init__(self, world: World, rows: Rows, visits: pl.DataFrame) -> None:
        self.world, self.rows, self.visits = world, rows, visits
        self.start, self.end = START, START + timedelta(days=world.days)
        self._polls = rows.polls.sort("seen_at")

    def visitors(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        rows = self._changes(start, end).filter(pl.col("change") != "left")
        return as_given(rows).select(*VISITORS.names(), "seen_at", "change")

    def events(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        return as_given(_between(self.rows.events, "timestamp", start, end)).select(*EVENTS.names(), "seen_at")

    def payments(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        return as_given(_between(self.rows.payments, "timestamp", start, end)).select(*PAYMENTS.names(), "seen_at")

    def sessions(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        return as_given(sessions(self._changes(start, end)))

    def polls(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        return _between(self._polls, "seen_at", start, end)

    def gaps(self) -> pl.DataFrame:
        found = self._polls.filter(pl.col("gap_since").is_not_null())
        return found.select(since="gap_since", until="seen_at", duration=pl.col("seen_at") - pl.col("gap_since"))

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        return frame.collect()

    def at(self, when: datetime) -> Snapshot:
        """Return the last snapshot until a moment."""
        poll = self._polls.filter(pl.col("seen_at") <= when).tail(1).row(0, named=True)
        near = [frame.lazy() for frame in (self._states(when), self.rows.events, self.rows.payments)]
        return snapshot_at(poll, *near)

    def bought(self, when: datetime, horizon: timedelta) -> pl.DataFrame:
        """Return the first purchases by those who are prospects in the snapshot of a moment, within the horizon."""
        here = self.at(when).visitors.filter(~pl.col("is_customer"))["visitor_id"]
        first = self.visits.filter("buys", "first").filter(pl.col("visitor_id").is_in(here.implode()))
        return first.filter(pl.col("end") > when, pl.col("end") <= when + horizon)

    def _changes(self, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
        return _between(self.rows.visitors, "seen_at", start, end)

    def _states(self, when: datetime) -> pl.DataFrame:
        """Return the states that a snapshot may show; `rows` has them in order of time."""
        times = self.rows.visitors["seen_at"]
        first = times.search_sorted(when - 2 * WINDOW - timedelta(days=1), side="left")
        return self.rows.visitors[first : times.search_sorted(when, side="right")]


def _between(rows: pl.DataFrame, column: str, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    lazy = rows.lazy()
    lazy = lazy if start is None else lazy.filter(pl.col(column) >= start)
    return lazy if end is None else lazy.filter(pl.col(column) < end)


def simulate(world: World) -> Simulated:
    """Simulate a site, and give its record."""
    draw = np.random.default_rng(world.seed)
    visits = _with_outcomes(_visits(world, draw), world, draw)
    steps = _steps(visits, draw)
    last = steps.group_by("visit").agg(end=pl.col("at").max())
    visits = visits.join(last, on="visit", maintain_order="left").with_columns(left=pl.col("end") + 10 * _MINUTE)
    polls = _moments(world)
    steps = steps.with_columns(is_last=pl.col("at") == pl.col("at").max().over("visit"))
    people = _people(visits, world)
    events = _events(steps, visits, polls)
    payments = _payments(visits, polls)
    rows = Rows(
        _changes(steps, visits, people, polls), events, payments, _polls(polls, visits, events, payments, world)
    )
    told = visits.select(
        "visitor_id",
        *(pl.col(name).cast(MOMENT) for name in ("start", "end")),
        *("chance", "predicted", "buys", "first", "amount", "currency", "strange"),
    )
    return Simulated(world, rows, told)


# Visits


def _visits(world: World, draw: np.random.Generator) -> pl.DataFrame:
    """Draw who comes when: `visitor`, `nth` (from 1), `start` (µs since 1970) and the visitor's `chance` to buy."""
    hours = np.arange(-48, math.ceil(world.days * 24))  # those who came before the record may come back in it
    shape = np.array(world.shape or shape_of_week())
    mean = world.arrivals * shape[hours % 168] * _changed(hours / 24, world, 0)
    if world.overdispersion:
        mean = mean * draw.gamma(1 / world.overdispersion, world.overdispersion, len(hours))
    started = np.repeat(hours, draw.poisson(mean)) * _HOUR
    started = _FIRST + started + draw.integers(0, _HOUR, len(started))
    size = len(started)
    visits = np.minimum(draw.geometric(1 - world.returning, size), 6)
    chance = world.rate * draw.lognormal(-0.5, 1.0, size)
    lag = _LEAST_PAUSE + _HOUR + draw.exponential(_DAY, visits.sum())
    nth = np.arange(visits.sum()) - np.repeat(np.cumsum(visits) - visits, visits)
    frame = pl.DataFrame(
        {
            "visitor": np.repeat(np.arange(size), visits),
            "nth": nth + 1,
            "start": np.repeat(started, visits),
            "lag": np.where(nth == 0, 0, lag).astype(np.int64),
            "chance": np.repeat(chance, visits),
        }
    )
    frame = frame.with_columns(start=pl.col("start") + pl.col("lag").cum_sum().over("visitor"))
    return frame.drop("lag").with_row_index("visit")


def _changed(days: Numbers, world: World, which: int) -> Numbers:
    """Return by what something is multiplied at these times."""
    return np.where(days >= world.days / 2, world.change[which], 1.0)


def _with_outcomes(visits: pl.DataFrame, world: World, draw: np.random.Generator) -> pl.DataFrame:
    """Add who buys what, and what the service predicts. A person's first purchase makes them a customer."""
    size, days = visits.height, (visits["start"].to_numpy() - _FIRST) / _DAY
    moods = np.exp(draw.normal(-(world.drift**2) / 2, world.drift, math.ceil(world.days) + 40))
    chance = np.clip(visits["chance"].to_numpy() * _changed(days, world, 1), 0, 0.9)
    true = np.clip(chance * moods[np.floor(days).astype(int) + 2], 0, 0.9)
    known = chance if world.informed else draw.permutation(chance)
    wants = pl.Series(draw.uniform(size=size) < true)
    again = pl.Series(draw.uniform(size=size) < world.repeat)
    strange = pl.Series(draw.uniform(size=size) < world.unmatched)
    codes, shares = list(world.currencies), np.array(list(world.currencies.values()))
    visits = visits.with_columns(
        chance=true,
        predicted=np.clip(known * world.bias, 0, 1),
        wants=wants,
        strange=strange,
        amount=np.round(draw.lognormal(3.5, 0.8, size), 2),
        currency=pl.Series(codes).gather(draw.choice(len(codes), size, p=shares / shares.sum())),
        visitor_id=pl.format("visitor-{}-{}", pl.lit(world.seed), "visitor"),
    )
    before = pl.col("wants").cast(pl.Int64).cum_sum().over("visitor") - pl.col("wants").cast(pl.Int64)
    visits = visits.with_columns(first=before == 0)
    return visits.with_columns(buys=pl.when("first").then("wants").otherwise(again)).drop("wants")


def _steps(visits: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """Draw the pages of each visit: `visit`, `page` and `at` (µs)."""
    pages = np.minimum(draw.geometric(1 / _PAGES, visits.height), 40)
    pause = np.minimum(draw.exponential(_PAUSE, pages.sum()), 9.5) * _MINUTE
    frame = pl.DataFrame({"visit": np.repeat(visits["visit"].to_numpy(), pages), "pause": pause.astype(np.int64)})
    page = pl.int_range(pl.len()).over("visit")
    frame = frame.with_columns(page=page, start=pl.Series(np.repeat(visits["start"].to_numpy(), pages)))
    pause = pl.when(pl.col("page") > 0).then("pause").otherwise(0).cum_sum().over("visit")
    return frame.select("visit", "page", at=(pl.col("start") + pause) // 1_000 * 1_000)


# Tables


def _moments(world: World) -> Numbers:
    """Return the times of the snapshots (µs)."""
    polls = _FIRST + np.arange(0, int(world.days * _DAY) + 1, int(world.every * 1_000_000))
    for since, until in world.gaps:
        polls = polls[(polls <= _FIRST + since * _HOUR) | (polls >= _FIRST + until * _HOUR)]
    return polls


def _seen(at: pl.Series, polls: Numbers) -> pl.Series:
    """Return the first snapshot that shows what happened then; null if it came after the last one."""
    following = np.searchsorted(polls, at.to_numpy())
    shown = pl.Series("seen_at", polls[np.minimum(following, len(polls) - 1)])
    return shown.set(pl.Series(following == len(polls)), None)


def _people(visits: pl.DataFrame, world: World) -> pl.DataFrame:
    """Describe the visitor of each visit, while they are a prospect or have been a customer before."""
    kind = pl.col("visitor") % len(_PLACES)
    rate = pl.when(pl.lit(world.predictions)).then("predicted")
    score = (100 / (1 + (world.rate / pl.col("predicted").clip(1e-9)) ** 2.5)).round()
    told = {
        "visitor_id": pl.col("visitor_id"),
        "country_code": kind.replace_strict(range(4), [it[0] for it in _PLACES], return_dtype=pl.String),
        "device": kind.replace_strict(range(4), [it[1] for it in _PLACES], return_dtype=pl.String),
        "utm_campaign": (pl.col("visitor") % 3).replace_strict(range(3), _CAMPAIGNS, return_dtype=pl.String),
        "session_start_time": pl.col("start").cast(MOMENT),
        "visit_count": pl.col("nth").cast(pl.Int64),
        "has_profile": pl.lit(value=False),
        "score": pl.when(pl.lit(world.predictions)).then(score),
        "confidence": pl.when(pl.lit(world.predictions)).then(0.8),
        "is_baseline": pl.when(pl.lit(world.predictions)).then(pl.lit(value=False)),
        "conversion_rate": rate,
        "average_value": pl.when(pl.lit(world.predictions)).then(45.0),
        "expected_value": rate * 45.0,
    }
    return visits.select("visit", "buys", "first", "left", "visitor", **told)


def _changes(steps: pl.DataFrame, visits: pl.DataFrame, people: pl.DataFrame, polls: Numbers) -> pl.DataFrame:
    """Return the rows of the table of visitors, in order of time."""
    states = steps.with_columns(seen_at=_seen(steps["at"], polls)).drop_nulls("seen_at").sort("visit", "page")
    shown = states.unique(["visit", "seen_at"], keep="last", maintain_order=True)
    shown = shown.join(people, on="visit", maintain_order="left").filter(pl.col("seen_at") < pl.col("left"))
    customer = ~pl.col("first") | (pl.col("buys") & pl.col("is_last"))
    mail = pl.format("{}@example.com", "visitor_id")
    shown = shown.with_columns(
        change=pl.when(pl.col("visit").is_first_distinct()).then(pl.lit("appeared")).otherwise(pl.lit("changed")),
        current_url=pl.format("https://example.com/page/{}", "page"),
        is_customer=customer,
        customer_email=pl.when(customer).then(mail),
        customer_name=pl.when(customer).then(pl.format("Person {}", "visitor")),
        copy=pl.lit(0, pl.Int64),
    )
    gone = visits.select("visit", "visitor_id", session_start_time=pl.col("start").cast(MOMENT), at="left")
    gone = gone.with_columns(seen_at=_seen(gone["at"], polls), change=pl.lit("left"), copy=pl.lit(0, pl.Int64))
    gone = gone.drop_nulls("seen_at").join(shown.select("visit").unique(), on="visit", how="semi")
    return _table([shown, gone], "visitors")


def _events(steps: pl.DataFrame, visits: pl.DataFrame, polls: Numbers) -> pl.DataFrame:
    """Return the page views and the purchases as events."""
    views = steps.join(
        visits.select("visit", "visitor_id", "buys", "strange", "amount"), on="visit", maintain_order="left"
    )
    views = views.with_columns(type=pl.lit("pageview"), kept="amount").with_columns(amount=pl.lit(None, pl.Float64))
    sold = views.filter("is_last", "buys", ~pl.col("strange")).with_columns(
        type=pl.lit("payment"), amount=pl.col("kept")
    )
    both = pl.concat([views, sold])
    both = both.with_columns(
        seen_at=_seen(both["at"], polls),
        event_id=pl.format("{}-{}-{}", "type", "visit", "page"),
        path=pl.format("/page/{}", "page"),
        timestamp=pl.col("at").cast(MOMENT),
    )
    return _table([_still_shown(both)], "events")


def _payments(visits: pl.DataFrame, polls: Numbers) -> pl.DataFrame:
    """Return the purchases as payments."""
    sold = visits.filter("buys")
    sold = sold.with_columns(
        seen_at=_seen(sold["end"], polls),
        at="end",
        timestamp=pl.col("end").cast(MOMENT),
        payment_id=pl.format("payment-{}", "visit"),
        email=pl.when("strange")
        .then(pl.lit("someone@else.example"))
        .otherwise(pl.format("{}@example.com", "visitor_id")),
        name=pl.when(~pl.col("strange")).then(pl.format("Person {}", "visitor")),
        renewal=pl.lit(value=False),
        is_new=pl.col("first"),
        visible=pl.lit(value=True),
    )
    return _table([_still_shown(sold)], "payments")


def _still_shown(records: pl.DataFrame) -> pl.DataFrame:
    """Keep what was still shown at the next snapshot."""
    return records.drop_nulls("seen_at").filter(pl.col("seen_at") - pl.col("at") < 10 * _MINUTE)


def _table(frames: list[pl.DataFrame], name: Any) -> pl.DataFrame:
    """Return rows with the columns of a table, in order of time."""
    schema = SCHEMAS[name]
    each = [it.select([column for column in schema if column in it.columns]) for it in frames]
    together = pl.concat([schema.to_frame(), *(it.cast({"seen_at": MOMENT}) for it in each)], how="diagonal_relaxed")
    return together.cast(schema).sort("seen_at", maintain_order=True)  # type: ignore[arg-type]


def _polls(
    polls: Numbers, visits: pl.DataFrame, events: pl.DataFrame, payments: pl.DataFrame, world: World
) -> pl.DataFrame:
    """Return the row of each snapshot."""
    window = 10 * _MINUTE
    begun, over = (np.sort(visits[name].to_numpy()) for name in ("start", "left"))
    here = np.searchsorted(begun, polls, side="right") - np.searchsorted(over, polls, side="right")
    columns: dict[str, Any] = {"seen_at": polls, "count": here, "visitors": here}
    for name, table in (("events", events), ("payments", payments)):
        times = np.sort(table["timestamp"].cast(MOMENT).cast(pl.Int64).to_numpy())
        before = np.searchsorted(times, polls - window, side="right")
        columns[name] = np.searchsorted(times, polls, side="right") - before
        oldest = np.append(times, 0)[before]
        columns[f"{name}_since"] = pl.Series(oldest).set(pl.Series(columns[name] == 0), None)
    gap = np.diff(polls, prepend=polls[:1]) > window
    columns["gap_since"] = pl.Series(np.append(polls[:1], polls[:-1])).set(pl.Series(~gap), None)
    columns["states_since"] = polls - window
    rate = world.rate * world.bias if world.predictions else None
    frame = pl.DataFrame(columns).with_columns(
        has_predictions=pl.lit(world.predictions),
        conversion_rate=pl.lit(rate, pl.Float64),
        average_value=pl.lit(45.0 if world.predictions else None, pl.Float64),
        problems=pl.lit(0),
    )
    return _table([frame], "polls")
