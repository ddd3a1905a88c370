"""The simulated website."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

import polars as pl

from datafast_nb.checks import checked_between, checked_positive, in_utc
from datafast_nb.demo.activity import WINDOW, Activity, activity, count_active, subscribers, with_order, with_origin
from datafast_nb.demo.body import encode
from datafast_nb.demo.pages import LONGEST_VISIT, walk
from datafast_nb.demo.people import known_country, visitor_id
from datafast_nb.demo.predictions import averages, with_prediction
from datafast_nb.demo.sales import MONTH, RENEWALS, effects
from datafast_nb.demo.visits import DAY, MINUTE, VISITS_PER_PERSON, ledger
from datafast_nb.snapshot import Snapshot

MOST_VISITORS = 100_000

_BLOCK = 10  # minutes that are simulated at once
COUNT_LAG = 5_000  # ms; the service counts visitors a little earlier than it lists them


_Kept = TypeVar("_Kept")


class _Block(NamedTuple):
    """The visits that start within a block of minutes, and their steps."""

    visits: pl.DataFrame
    steps: pl.DataFrame


def _utc_now() -> datetime:
    """Return the wall clock's time."""
    return datetime.now(UTC)


def _milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970; refuse a moment without a time zone."""
    return (in_utc(moment, "the time") - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


class Site:
    """A simulated website with visitors, events, payments and conversion predictions; itself a source of snapshots.

    What happens on the site is a pure function of `seed`, `visitors` and the time. Ask for any moments in any order
    and in any process: the same moment returns the same bytes.

    Visitors arrive from 320 cities in 100 countries by a Poisson process that follows the local time of day; about a
    third of the visits are by people who come back. A visit by someone who is not yet a customer ends in a purchase
    with its own true probability: 2.5 % on average, which is more than a real shop has, so that ten minutes show some
    payments. Purchases of monthly plans renew every 30 days, up to three times.

    Parameters
    ----------
    seed
        Selects one of the possible histories of the site.
    visitors
        How many visitors are active (within the last ten minutes), on average over a day: 0 to 100,000.
    speed
        How many seconds pass on the site in one second of `clock`, from `start` on. At a speed other than 1, site time
        differs from the wall clock: compare with `Snapshot.fetched_at`, which is in site time.
    start
        The site's time when this object is made (with a time zone). By default, the time of `clock`.
    clock
        Returns the current time (with a time zone).
    predictions
        False for a site that is too new for a conversion model.
    bias
        Multiplies the predicted rates, except those of visitors who get the baseline: with 2, the service promises
        twice as much as it should.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> site = Site(seed=1, start=datetime(2026, 2, 6, 15, tzinfo=UTC))
    >>> at = datetime(2026, 2, 6, 15, 30, tzinfo=UTC)
    >>> site.body(at) == Site(seed=1).body(at)
    True
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        visitors: float = 120,
        speed: float = 1.0,
        start: datetime | None = None,
        clock: Callable[[], datetime] = _utc_now,
        predictions: bool = True,
        bias: float = 1.0,
    ) -> None:
        checked_between(visitors, "visitors", 0, MOST_VISITORS)
        checked_positive(speed, "speed")
        checked_positive(bias, "bias")
        self.seed = seed
        self.visitors = visitors
        self.speed = speed
        self.predictions = predictions
        self.bias = bias
        self._clock = clock
        self._made = clock()
        self._start = self._made if start is None else start
        _milliseconds(self._start)  # refuses a time without a zone
        self._recent_blocks: dict[int, _Block] = {}
        self._due_blocks: dict[int, pl.DataFrame] = {}

    def __repr__(self) -> str:
        what = f"seed={self.seed}, visitors={self.visitors:g}, speed={self.speed:g}"
        return f"<Site {what}, at {self.now:%Y-%m-%d %H:%M:%S} UTC>"

    @property
    def now(self) -> datetime:
        """The site's time, in UTC."""
        return (self._start + (self._clock() - self._made) * self.speed).astimezone(UTC)

    @property
    def newcomers(self) -> float:
        """How many people come for the first time per minute, on average over a day."""
        # Little's law: the number of active visitors is the rate of arrivals times how long each counts as active.
        minutes = averages().visit_minutes + WINDOW / MINUTE
        return self.visitors / minutes / VISITS_PER_PERSON

    def body(self, at: datetime | None = None) -> bytes:
        """Return the endpoint's response at a moment, by default now.

        Parameters
        ----------
        at
            A time with a time zone, in site time.

        Returns
        -------
        bytes
            JSON in the wire format of the realtime map.
        """
        now = self._moment(at)
        block = self._recent(now)
        count = count_active(block.steps, now - COUNT_LAG)
        return encode(self._activity(now, block), count=count, predictions=self.predictions)

    def snapshot(self) -> Snapshot:
        """Return the site as it is now."""
        now = self.now
        return Snapshot.from_json(self.body(now), fetched_at=now)

    def true_rates(self, at: datetime | None = None) -> pl.DataFrame:
        """Return the true conversion probability of each active visitor, to measure predictions against.

        Parameters
        ----------
        at
            A time with a time zone, in site time; by default now.

        Returns
        -------
        polars.DataFrame
            `visitor_id` in the order of the response, and `conversion_rate`: the probability, fixed when the visit
            began, that it ends in a purchase. Null for customers, including those who became one during this
            visit.
        """
        now = self._moment(at)
        active = self._activity(now, self._recent(now)).visitors
        rate = pl.when(~pl.col("is_customer")).then(pl.col("conversion_rate"))
        return active.select("visitor_id", conversion_rate=rate)

    def effects(self) -> pl.DataFrame:
        """Return the true multipliers behind the conversion rates: `dimension`, `value`, `multiplier`.

        A value that is not listed has the multiplier 1.
        """
        return effects()

    def sessions(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Return the visits that begin from `start` until before `end`, with what was predicted and how they ended.

        Parameters
        ----------
        start, end
            Times with a time zone, in site time. Whole minutes are simulated; visits outside the interval are dropped.

        Returns
        -------
        polars.DataFrame
            One row per visit: `visitor_id`, `session_start_time`, `visit_count`, `is_customer` (at the start of the
            visit), `country_code` (as the service knows it), `device`, `os`, `browser`, `referrer`, `utm_campaign`,
            `score`, `confidence` and `predicted_rate` (null where the service shows no prediction),
            `conversion_rate` (the true probability; null for customers), `converted`, and the `amount` and
            `currency` paid, including further purchases by customers.
        """
        first, last = _milliseconds(start), _milliseconds(end)
        minutes = pl.Series(range(first // MINUTE, -(-last // MINUTE)), dtype=pl.Int64)
        visits = ledger(minutes, seed=self.seed, newcomers=self.newcomers).lazy()
        predicted = with_prediction(visits.with_columns(is_customer="was_customer"), bias=self.bias)
        shown = pl.col("is_scored") & self.predictions
        return (
            with_order(with_origin(predicted))
            .filter(pl.col("start").is_between(first, last, closed="left"))
            .sort("start", "visit")
            .select(
                visitor_id().alias("visitor_id"),
                pl.col("start").cast(pl.Datetime("ms", "UTC")).alias("session_start_time"),
                "visit_count",
                "is_customer",
                known_country().alias("country_code"),
                "device",
                "os",
                "browser",
                "referrer",
                "utm_campaign",
                *(pl.when(shown).then(it).alias(it) for it in ("score", "confidence", "predicted_rate")),
                "conversion_rate",
                converted=pl.col("buys") & ~pl.col("is_customer"),
                amount=pl.when("buys").then("amount"),
                currency=pl.when("buys").then("currency"),
            )
            .collect()
        )

    def _moment(self, at: datetime | None) -> int:
        """Return a moment of site time in milliseconds."""
        return _milliseconds(self.now if at is None else at)

    def _activity(self, now: int, block: _Block) -> Activity:
        """Return what the service sees at a moment, from the visits that may still be visible."""
        return activity(block.visits, block.steps, self._due(now), now=now, bias=self.bias)

    def _recent(self, now: int) -> _Block:
        """Return every visit that may have a step in the last ten minutes, or just before."""
        earliest = now - WINDOW - COUNT_LAG - LONGEST_VISIT * MINUTE
        wanted = _blocks(earliest, now)
        self._recent_blocks = kept = _completed(self._recent_blocks, wanted, self._simulate)
        return _Block(pl.concat(kept[it].visits for it in wanted), pl.concat(kept[it].steps for it in wanted))

    def _due(self, now: int) -> pl.DataFrame:
        """Return the subscriptions that may renew in the last ten minutes."""
        past = (now - month * MONTH * DAY * MINUTE for month in range(1, RENEWALS + 1))
        wanted = [it for moment in past for it in _blocks(moment - WINDOW, moment)]
        self._due_blocks = kept = _completed(self._due_blocks, wanted, self._find_subscribers)
        return pl.concat(kept[it] for it in wanted)

    def _simulate(self, blocks: Sequence[int]) -> Iterator[_Block]:
        """Return the visits of each block and their steps."""
        visits = ledger(_minutes(blocks), seed=self.seed, newcomers=self.newcomers)
        steps = walk(visits)
        return (_Block(visits.filter(_in_block(it)), steps.filter(_in_block(it))) for it in blocks)

    def _find_subscribers(self, blocks: Sequence[int]) -> Iterator[pl.DataFrame]:
        """Return the visits of each block that started a subscription."""
        found = subscribers(_minutes(blocks), seed=self.seed, newcomers=self.newcomers)
        return (found.filter(_in_block(it)) for it in blocks)


def _blocks(first: int, last: int) -> range:
    """Return the blocks that hold the moments from `first` to `last` (ms)."""
    return range(first // (_BLOCK * MINUTE), last // (_BLOCK * MINUTE) + 1)


def _minutes(blocks: Sequence[int]) -> pl.Series:
    """Return the minutes of these blocks."""
    return pl.Series([minute for it in blocks for minute in range(it * _BLOCK, (it + 1) * _BLOCK)])


def _in_block(block: int) -> pl.Expr:
    """Return whether a visit started in this block."""
    return pl.col("start") // (_BLOCK * MINUTE) == block


def _completed(
    kept: dict[int, _Kept], wanted: Sequence[int], simulate: Callable[[Sequence[int]], Iterator[_Kept]]
) -> dict[int, _Kept]:
    """Return the wanted blocks: those that were kept, and the missing ones, which are simulated at once."""
    missing = [it for it in wanted if it not in kept]
    new = dict(zip(missing, simulate(missing), strict=True)) if missing else {}
    return {it: kept[it] if it in kept else new[it] for it in wanted}
