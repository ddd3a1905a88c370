"""What the next hour, day or week will bring: visitors, sales and revenue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from datafast_nb.checks import checked_choice, checked_zone, in_utc
from datafast_nb.conversion.funnel import Payment
from datafast_nb.errors import NotRecordedError, TooLittleRecordedError
from datafast_nb.forecast import counting, traffic_level
from datafast_nb.forecast.counting import Calendar
from datafast_nb.forecast.here_now import share_from_here, with_those_here
from datafast_nb.forecast.model import Model
from datafast_nb.forecast.outcomes import at_their_sales, conversions, money
from datafast_nb.forecast.record import Record
from datafast_nb.forecast.takings import Amounts, amounts, takings
from datafast_nb.forecast.traffic_level import Predictive
from datafast_nb.forecast.usual_traffic import UsualTraffic, usual_traffic
from datafast_nb.history.coverage import only_watched
from datafast_nb.history.moments import MOMENT
from datafast_nb.text import MOSTLY_NONE, duration
from datafast_nb.text import money as amount_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Horizon = Literal["1h", "1d", "7d"]
"""How far a forecast goes: the next hour, the next 24 hours, or the next seven days."""

HORIZONS: Final[Mapping[Horizon, timedelta]] = MappingProxyType(
    {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}
)
NEEDED: Final[Mapping[Horizon, timedelta]] = MappingProxyType(
    {"1h": timedelta(days=1), "1d": timedelta(days=3), "7d": timedelta(days=14)}
)
"""How much must have been watched before a forecast."""

_HOUR: Final = timedelta(hours=1)
_TABLE: Final = {
    "measure": pl.String(),
    "period": pl.String(),
    "mean": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "currency": pl.String(),
}
_STEPS: Final = {
    "start": MOMENT,
    "end": MOMENT,
    "measure": pl.String(),
    "mean": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
}
_IN_WORDS: Final = {"1h": "next hour", "1d": "next 24 hours", "7d": "next 7 days"}


@dataclass(frozen=True, slots=True, repr=False)
class Forecast:
    """A forecast with 95 % intervals.

    Attributes
    ----------
    table : polars.DataFrame
        A row for each ``measure`` (``visitors``, ``sales``, ``revenue``) and ``period``: ``next 1h``, ``next 1d`` or
        ``next 7d``; ``so far today`` (counted, not predicted), ``rest of today`` and ``today``, both together. ``mean``
        and its 95 % interval ``low`` and ``high``; ``currency`` of revenue. Where sales are so rare that mostly none
        comes, the mean is above its interval, which is 0 to 0. Revenue is null if it is not known; see ``notes``.
    steps : polars.DataFrame
        The same for each hour to come: ``start``, ``end``, ``measure``, ``mean``, ``low``, ``high``.
    horizon : {"1h", "1d", "7d"}
        How far it goes.
    now : datetime
        The moment from which it goes, in UTC.
    time_zone : str
        The time zone of the hours and of today.
    watched : timedelta
        How much of the record it is learned from, without gaps.
    notes : tuple of str
        What the reader should know, such as why revenue is missing.
    """

    table: pl.DataFrame
    steps: pl.DataFrame
    horizon: Horizon
    now: datetime
    time_zone: str
    watched: timedelta
    notes: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    def __str__(self) -> str:
        parts = [
            self.row_in_words(row) for row in self.table.filter(period=f"next {self.horizon}").iter_rows(named=True)
        ]
        learned = f"learned from {duration(self.watched.total_seconds())} of watched time"
        sentence = f"{self.in_words.capitalize()}: {', '.join(filter(None, parts))} ({learned})."
        return " ".join([sentence, *(f"{note[0].upper()}{note[1:]}." for note in self.notes)])

    __repr__ = __str__

    @property
    def in_words(self) -> str:
        """How far it goes, in words."""
        return _IN_WORDS[self.horizon]

    @staticmethod
    def row_in_words(row: dict[str, Any]) -> str:
        """Return a row of the table in words; empty if it is not known."""
        mean, low, high = (row[name] for name in ("mean", "low", "high"))
        if mean is None:
            return ""
        rare = low == high == 0 < mean
        if row["measure"] == "revenue":
            ends = [amount_of(it, row["currency"]) for it in (mean, low, high)]
            interval = MOSTLY_NONE if rare else f"{ends[1]} to {ends[2]}"
            return f"{ends[0]} of revenue ({interval})"
        digits = ".1g" if rare else ",.0f" if mean >= 10 else ",.1f"  # noqa: PLR2004 - where a tenth matters
        interval = MOSTLY_NONE if rare else f"{low:,.0f} to {high:,.0f}"
        return f"{mean:{digits}} {row['measure']} ({interval})"


def forecast(
    history: Record,
    next: Horizon = "1d",  # noqa: A002 - the natural word
    *,
    model: Model | None = None,
    rates: Mapping[str, float] | None = None,
    time_zone: str = "UTC",
    now: datetime | None = None,
    renewals: bool = False,
) -> Forecast:
    """Forecast visitors, sales and revenue of the next hour, day or week.

    The forecast for an hour is what the same hour of the week brought before, at the level of the last days. Gaps in
    the record count neither as quiet nor as busy: they are left out. The intervals allow for counts that vary more than
    independent arrivals, from hour to hour and from day to day, as far as the record shows it. They know nothing about
    new causes, such as a campaign that begins tomorrow. On a site with few visitors whose number drifts from day to
    day, the record shows too little of the drift: with one visit an hour, the interval of the next week is right about
    nine times in ten, not 95 times in 100. In the first two weeks of a record, a forecast knows weekends from other
    days, but not one weekday from another.

    Parameters
    ----------
    history
        A history with at least a day of watched time for the next hour, 3 days for the next day, and 14 days for the
        next week.
    next : {"1h", "1d", "7d"}
        How far to look.
    model : Model, optional
        A model that `learn` learned with this horizon, from moments before `now`. It predicts what the visitors on the
        site at that moment buy; the usual traffic predicts what later visitors buy. Both together are the sales and the
        revenue of the next hour, day or week. The figures of today, and of the hours of a day or week, don't use the
        model.
    rates : mapping of str to float, optional
        USD for one unit of each currency, such as ``{"EUR": 1.08}``. Without it, revenue is given if all payments are
        in one currency, and in that.
    time_zone : str, default "UTC"
        The time zone of the hours of the week and of today, such as ``"Europe/Berlin"``.
    now : datetime, optional
        The moment from which to look (with a time zone); nothing recorded later is used. By default the last snapshot
        of the history.
    renewals : bool, default False
        Whether sales and revenue include renewals.

    Returns
    -------
    Forecast
        ``table`` and ``steps``; it prints as a sentence.

    Raises
    ------
    TooLittleRecordedError
        Too little was recorded before that moment; the message says how much is needed.
    NotRecordedError
        There is no history at this location; or a model is given, and there is no snapshot of the ten minutes before
        that moment.
    ModelError
        The model is of another site.
    ValueError
        The horizon or the time zone is unknown, `now` has no time zone, a rate is not a positive number, or the model
        was learned with another horizon.

    Notes
    -----
    Visitors are counted once in each period in which a visit of theirs begins; those who were already there don't
    count. Sales are payments above 0, known from a payment or from an event. Revenue is what is paid, net of refunds.

    The record shows which share of a span's sales comes from visitors who were on the site when it began. That share of
    the usual sales is replaced by what the model expects. It is small: most people who buy within an hour or a day come
    later. So a model shows whom to expect sales from, but rarely makes the interval narrower.

    Sales are often too few to show how their level moves. So it is taken to move as that of the visitors, unless they
    show otherwise: Schmidli and others, *Biometrics* 70 (2014).

    How much hours vary is an estimate too. So where they vary, the intervals are as wide as those of Student's t:
    Geisser and Cornfield, *Journal of the Royal Statistical Society B* 25 (1963).

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=4, visitors_per_day=200, every=300, progress=False)
    ...     ahead = dfn.forecast(history, "1h")
    >>> ahead.table["measure"].unique(maintain_order=True).to_list()
    ['visitors', 'sales', 'revenue']
    """
    horizon, zone = checked_choice(next, HORIZONS, "horizon"), checked_zone(time_zone)
    if model is not None and model.horizon != HORIZONS[horizon]:
        raise ValueError(_other_horizon(model, horizon))
    moment = last_moment(history) if now is None else in_utc(now, "now")
    over = counting.calendar(history, moment, zone)
    needed = NEEDED[horizon]
    if over is None or over.hours < needed / _HOUR:
        raise TooLittleRecordedError(_too_little(over, horizon, moment))
    learned = _learned(history, over, rates, renewals=renewals)
    here = None if model is None else _here(history, model, learned, over)
    table = _table(learned, over, horizon, here)
    notes = [f"revenue is not known: {learned.why_not}"] if learned.why_not else []
    watched = timedelta(hours=round(over.hours, 3))
    return Forecast(table, _steps(learned, over, horizon, here), horizon, moment, zone, watched, tuple(notes))


def last_moment(history: Record) -> datetime:
    """Return the time of the last snapshot of a record."""
    last: datetime | None = history.collect(history.polls().select(pl.col("seen_at").max())).item()
    if last is None:
        raise NotRecordedError("The history holds no snapshot yet: history.record(client) fills it.")
    return last


def _too_little(over: Calendar | None, horizon: Horizon, now: datetime) -> str:
    """Return what was recorded, and what is needed."""
    watched = duration(over.hours * 3600) if over is not None and over.hours else "nothing"
    needed = duration(NEEDED[horizon].total_seconds())
    return (
        f"A forecast of the {_IN_WORDS[horizon]} needs at least {needed} of recorded time without gaps; until "
        f"{now:%Y-%m-%d %H:%M} UTC there is {watched}. Keep recording: history.record(client), or datafast-nb record."
    )


def _other_horizon(model: Model, horizon: Horizon) -> str:
    """Return which model is needed."""
    within = duration(model.horizon.total_seconds())
    return (
        f"The model predicts purchases within {within}, and the forecast is of the {_IN_WORDS[horizon]}. Learn one "
        f"with the same horizon: dfn.learn(history, horizon={horizon!r})."
    )


# What was learned


class _Learned(NamedTuple):
    """The expectation learned from a record."""

    visits: UsualTraffic
    sales: UsualTraffic
    came: pl.DataFrame
    """One row for each visit that was watched: `visitor_id` and `at`."""
    sold: pl.DataFrame
    """One row for each sale of a visitor: `visitor_id` and `at`."""
    paid: pl.DataFrame
    of: Amounts | None
    why_not: str


def _learned(history: Record, over: Calendar, rates: Mapping[str, float] | None, *, renewals: bool) -> _Learned:
    """Learn from the record up to a moment."""
    end = over.now + timedelta.resolution
    found = money(history, rates or {}, None, end, renewals=renewals)
    came = history.collect(only_watched(counting.visits(history, end), over.stretches))
    visits = usual_traffic(counting.counts(came, over), over)
    sold = counting.sales(found.sold, at_their_sales(found.paid, found.sold), over)
    of, why_not = amounts(found, float(sold.sum()), rates)
    return _Learned(visits, usual_traffic(sold, over, visits), came, found.sold, found.paid, of, why_not)


class _Here(NamedTuple):
    """The expected purchases of visitors on the site now, and the share of the usual sales that they replace."""

    chances: Numbers
    share: float


def _here(history: Record, model: Model, learned: _Learned, over: Calendar) -> _Here:
    """Return what a model expects from those who are on the site."""
    end = over.now + timedelta.resolution
    first = conversions(history, Payment(), learned.sold, None, end)
    share = share_from_here(history, first, float(learned.sales.counts.sum()), model.horizon, over.now)
    return _Here(model.chances(history.at(over.now)), share)


def _people_per_visit(came: pl.DataFrame, over: Calendar, length: timedelta) -> float:
    """Return how many different people there are for each visit in a span of this length, from spans of the record."""
    back = (pl.lit(over.now).cast(MOMENT) - pl.col("at")).dt.total_microseconds() // int(length / timedelta.resolution)
    whole = (over.now - over.stretches["from"][0]) // length
    spans = came.group_by(span=back).agg(
        people=pl.col("visitor_id").drop_nulls().n_unique() + pl.col("visitor_id").null_count(), visits=pl.len()
    )
    complete = spans.filter(pl.col("span") < whole)
    total = (complete if complete["visits"].sum() else spans).sum()
    return float(total["people"].item()) / total["visits"].item() if total["visits"].item() else 1.0


# Tables


def _row(measure: str, period: str, it: Predictive, per_visit: float = 1.0) -> dict[str, Any]:
    """Return the row of a count."""
    low, high = (float(round(end * per_visit)) for end in traffic_level.interval(it))
    return {
        "measure": measure,
        "period": period,
        "mean": traffic_level.mean_of(it) * per_visit,
        "low": low,
        "high": high,
    }


def _revenue_row(period: str, it: Predictive, of: Amounts | None) -> dict[str, Any]:
    """Return the row of revenue."""
    ends = (None, None, None) if of is None else takings(it, of)
    named = dict(zip(("mean", "low", "high"), ends, strict=True))
    return {"measure": "revenue", "period": period, **named, "currency": None if of is None else of.currency}


def _table(learned: _Learned, over: Calendar, horizon: Horizon, here: _Here | None) -> pl.DataFrame:
    """Return the table of a forecast; what those who are here now will buy is part of the next hour, day or week."""
    length = HORIZONS[horizon]
    tomorrow = (over.today + timedelta(days=1)).astimezone(UTC)  # a local day is as long as the clocks make it
    spans = {f"next {horizon}": (over.now + length, length), "rest of today": (tomorrow, timedelta(days=1))}
    rows: list[dict[str, Any]] = []
    for period, (until, day) in spans.items():
        surprise = max(timedelta(minutes=1), until - over.now)
        of_visits = learned.visits.between(over.now, until, surprise=learned.visits.surprise(surprise))
        of_sales = learned.sales.between(over.now, until, surprise=learned.sales.surprise(surprise))
        if here is not None and period.startswith("next"):
            of_sales = with_those_here(of_sales, here.share, here.chances)
        rows += [
            _row("visitors", period, of_visits, _people_per_visit(learned.came, over, day)),
            _row("sales", period, of_sales),
            _revenue_row(period, of_sales, learned.of),
        ]
    return _with_today(pl.DataFrame(rows, schema=_TABLE), learned, over)


def _with_today(table: pl.DataFrame, learned: _Learned, over: Calendar) -> pl.DataFrame:
    """Add what was counted today so far, and today as a whole."""
    today = pl.col("at") >= pl.lit(over.today.astimezone(UTC), MOMENT)
    seen: dict[str, float | None] = {
        "visitors": float(learned.came.filter(today)["visitor_id"].n_unique()),
        "sales": float(learned.sales.counts[-1].sum()),
        "revenue": None,
    }
    if learned.of is not None:
        seen["revenue"] = float(learned.paid.filter(today)[learned.of.column].sum())
    so_far = pl.DataFrame({"measure": list(seen), "_seen": list(seen.values())}, schema_overrides={"_seen": pl.Float64})
    ends = ("mean", "low", "high")
    rest = table.filter(period="rest of today").join(so_far, on="measure", maintain_order="left")
    counted = rest.with_columns(pl.col("_seen").alias(end) for end in ends).with_columns(period=pl.lit("so far today"))
    whole = rest.with_columns(pl.col(end) + pl.col("_seen") for end in ends).with_columns(period=pl.lit("today"))
    first = table.filter(pl.col("period") != "rest of today")
    return pl.concat([first, *(it.select(*_TABLE) for it in (counted, rest, whole))])


def _steps(learned: _Learned, over: Calendar, horizon: Horizon, here: _Here | None) -> pl.DataFrame:
    """Return the hours to come; what those who are here now will buy is part of it where the next hour is all."""
    per_visit = _people_per_visit(learned.came, over, _HOUR)
    rows: list[dict[str, Any]] = []
    for step in range(HORIZONS[horizon] // _HOUR):
        start = over.now + step * _HOUR
        span = {"start": start, "end": start + _HOUR}
        of_visits, of_sales = (it.between(start, start + _HOUR) for it in (learned.visits, learned.sales))
        if here is not None and HORIZONS[horizon] == _HOUR:
            of_sales = with_those_here(of_sales, here.share, here.chances)
        counts = [_row("visitors", "", of_visits, per_visit), _row("sales", "", of_sales)]
        rows += [{**span, **row} for row in [*counts, _revenue_row("", of_sales, learned.of)]]
    return pl.DataFrame([{name: row[name] for name in _STEPS} for row in rows], schema=_STEPS)
