"""A month of the simulated website as a recorded history, made day by day and without polling."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import polars as pl

from datafast_nb.checks import checked_between, checked_positive, in_utc
from datafast_nb.demo.activity import (
    OF_EVENTS,
    WINDOW,
    Activity,
    described,
    events_of,
    payments_of,
    renewals,
    subscribers,
    with_order,
)
from datafast_nb.demo.body import decoded, metrics
from datafast_nb.demo.pages import LONGEST_VISIT, PAGES, walk
from datafast_nb.demo.predictions import averages
from datafast_nb.demo.sales import MONTH, RENEWALS
from datafast_nb.demo.site import COUNT_LAG, MOST_VISITORS, Site
from datafast_nb.demo.visits import DAY, MINUTE, ledger
from datafast_nb.errors import HistoryOrderError, NotRecordedError
from datafast_nb.history import History, Rows

_DAY_LENGTH: Final = DAY * MINUTE  # milliseconds
_AT_ONCE: Final = 50_000  # visits simulated at once, if they fall within a month: about half a gigabyte
_LEAD: Final = (LONGEST_VISIT + 1) * MINUTE + WINDOW  # how long a visit can be seen after its start


class _Plan(NamedTuple):
    """What to simulate, with times in milliseconds since 1970."""

    site: Site
    first: int
    last: int
    every: int
    at_once: int  # days


def simulate(
    location: str | os.PathLike[str],
    days: float = 30,
    visitors_per_day: float = 5_000,
    *,
    seed: int = 0,
    end: datetime | None = None,
    every: float = 10,
    bias: float = 1.0,
    progress: bool = True,
) -> History:
    """Write a history of the demo site, as if it had been recorded for days.

    The rows are those that polling ``Site(seed, …)`` every few seconds would have recorded, made in seconds instead of
    days. Needs the extra ``history``.

    Parameters
    ----------
    location
        A folder, or a URL in an object store, that holds no history yet. ``History(location)`` opens one that does.
    days
        How many days, up to `end`.
    visitors_per_day
        How many visits begin per day, on average.
    seed, bias
        As for ``Site``.
    end
        The last moment (with a time zone); by default now.
    every
        Seconds from one snapshot to the next.
    progress
        Whether to show a progress bar.

    Returns
    -------
    History
        Open for reading, without a writer.

    Raises
    ------
    HistoryOrderError
        There is a history at this location already.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.1, visitors_per_day=500, progress=False)
    ...     history.info().gaps
    0
    """
    checked_positive(days, "days")
    step = max(1, round(checked_positive(every, "every") * 1000))
    finish = datetime.now(UTC) if end is None else in_utc(end, "end")
    last = int(finish.timestamp() * 1000) // step * step
    minutes = averages().visit_minutes + WINDOW / MINUTE
    checked_between(visitors_per_day, "visitors_per_day", 0, MOST_VISITORS * DAY / minutes)
    site = Site(seed, visitors=visitors_per_day * minutes / DAY, bias=bias)
    at_once = int(min(max(_AT_ONCE / max(visitors_per_day, 1), 1), MONTH))
    plan = _Plan(site, last - int(days * _DAY_LENGTH) // step * step, last, step, at_once)
    with History(location) as history:
        if _is_there(history):
            raise HistoryOrderError(
                f"There is a history at {history.location} already. Open it with dfn.History(location), or simulate "
                "one at another location."
            )
        for rows in _with_progress(plan) if progress else _days(plan):
            history.extend(rows)
    return history


def _is_there(history: History) -> bool:
    """Return whether anything was stored in a history."""
    try:
        history.polls()
    except NotRecordedError:
        return False
    return True


def _with_progress(plan: _Plan) -> Iterator[Rows]:
    """Return the days with a progress bar."""
    from tqdm.auto import tqdm

    return iter(tqdm(_days(plan), total=len(_starts(plan)), unit=" days", desc="Simulating"))


def _starts(plan: _Plan) -> range:
    """Return where each day begins."""
    return range(plan.first, plan.last + 1, _DAY_LENGTH // plan.every * plan.every)


def _days(plan: _Plan) -> Iterator[Rows]:
    """Yield the rows of each day, in order of time."""
    starts = _starts(plan)
    for place in range(0, len(starts), plan.at_once):
        days = starts[place : place + plan.at_once]
        rows = _rows(plan, days[0], min(days[-1] + starts.step, plan.last + 1))
        for day in days:
            first, following = (pl.lit(it, pl.Int64).cast(pl.Datetime("ms", "UTC")) for it in (day, day + starts.step))
            yield Rows(*(it.filter(pl.col("seen_at") >= first, pl.col("seen_at") < following) for it in rows))


def _rows(plan: _Plan, start: int, end: int) -> Rows:
    """Return the rows that are first shown from `start` until before `end`."""
    minutes = pl.Series(range((start - _LEAD) // MINUTE, -(-end // MINUTE)))
    visits = ledger(minutes, seed=plan.site.seed, newcomers=plan.site.newcomers)
    steps = walk(visits).with_columns(seen=_poll(plan))
    latest = steps.group_by("visit", "seen").agg(pl.col("page", "at").last(), ended=pl.col("last").any())
    people = _people(visits, latest, plan.site.bias)
    states = latest.join(people.select("visit", "ended", "person_row"), on=["visit", "ended"]).sort("visit", "seen")
    shown = steps.join(states.select("visit", "seen", "person_row"), on=["visit", "seen"])
    events = events_of(shown.join(people.select("person_row", *OF_EVENTS), on="person_row"))
    done = steps.lazy().filter("last").select("visit", "at")
    bought = people.lazy().filter("buys", "ended").join(done, on="visit")
    payments = payments_of(bought, *_due(plan, start, end)).with_columns(seen=_poll(plan)).collect()
    tables = decoded(Activity(people.with_columns(page=pl.lit(None, pl.String)), events, payments))
    rate, value = metrics().values()
    return Rows(
        visitors=_changes(tables.visitors, states, plan, start, end),
        events=_shown(tables.events, events, plan, start, end),
        payments=_shown(tables.payments, payments, plan, start, end),
        polls=_polls(plan, start, end, steps, events, payments).with_columns(
            has_predictions=pl.lit(value=True), conversion_rate=pl.lit(rate), average_value=pl.lit(value)
        ),
    )


def _people(visits: pl.DataFrame, latest: pl.DataFrame, bias: float) -> pl.DataFrame:
    """Describe each visit while it goes on and once it has ended; `person_row` numbers the rows."""
    stages = latest.lazy().select("visit", "ended").unique(maintain_order=True)
    return with_order(described(visits.lazy().join(stages, on="visit"), bias)).with_row_index("person_row").collect()


def _poll(plan: _Plan) -> pl.Expr:
    """Return the first poll that shows what happened `at` some time (ms); the first of all shows all before it."""
    polls = (pl.col("at") - plan.first + plan.every - 1) // plan.every
    return plan.first + polls * plan.every


def _due(plan: _Plan, start: int, end: int) -> Iterator[pl.LazyFrame]:
    """Return the renewals that may be shown, separately for each month."""
    for month in range(1, RENEWALS + 1):
        ago = month * MONTH * _DAY_LENGTH
        minutes = pl.Series(range((start - WINDOW - ago) // MINUTE, -(-(end - ago) // MINUTE)))
        begun = subscribers(minutes, seed=plan.site.seed, newcomers=plan.site.newcomers)
        yield renewals(begun.lazy(), month).filter(pl.col("at").is_between(start - WINDOW, end - 1))


def _moments(name: str) -> pl.Expr:
    """Return a column of milliseconds as times."""
    return pl.col(name).cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC"))


def _changes(people: pl.DataFrame, states: pl.DataFrame, plan: _Plan, start: int, end: int) -> pl.DataFrame:
    """Return a row for each visitor who appears, changes or leaves, from their states at each step (sorted)."""
    visit, page = pl.col("visit"), pl.col("page")
    appears = visit.ne_missing(visit.shift())
    rows = states.filter(appears | page.ne_missing(page.shift())).with_columns(
        change=pl.when(appears).then(pl.lit("appeared")).otherwise(pl.lit("changed"))
    )
    gone = states.filter(visit.ne_missing(visit.shift(-1))).with_columns(at=pl.col("at") + WINDOW)
    left = gone.with_columns(seen=_poll(plan), change=pl.lit("left"))
    if start == plan.first:
        rows, left = _from_the_start(rows, left, start)
    now, over = (it.filter(pl.col("seen").is_between(start, end, closed="left")) for it in (rows, left))
    seen = (_moments("seen").alias("seen_at"), pl.col("change"), pl.lit(0, pl.Int64).alias("copy"))
    url = pl.Series("current_url", PAGES.gather(now["page"]))
    return pl.concat(
        [
            now.select(*seen).hstack(people[now["person_row"]].with_columns(url)),
            over.select(*seen).hstack(people.select("visitor_id", "session_start_time")[over["person_row"]]),
        ],
        how="diagonal",
    )


def _from_the_start(rows: pl.DataFrame, left: pl.DataFrame, start: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make those who are present when the history begins appear at that moment, in their state at that time."""
    here = left.filter(pl.col("seen") > start).select("visit")
    earlier = rows.filter(pl.col("seen") <= start).unique("visit", keep="last", maintain_order=True)
    appeared = earlier.with_columns(seen=pl.lit(start, pl.Int64), change=pl.lit("appeared"))
    since = pl.concat([appeared, rows.filter(pl.col("seen") > start)])
    return since.join(here, on="visit", how="semi"), left.join(here, on="visit", how="semi")


def _shown(records: pl.DataFrame, times: pl.DataFrame, plan: _Plan, start: int, end: int) -> pl.DataFrame:
    """Return the events or payments that are first shown within the day."""
    seen = records.select(seen_at=pl.Series(times["seen"]).clip(plan.first), happened=times["at"])
    recent = seen["happened"] > plan.first - WINDOW
    inside = seen["seen_at"].is_between(start, end, closed="left")
    return seen.select(_moments("seen_at")).hstack(records).filter(recent & inside)


def _polls(
    plan: _Plan, start: int, end: int, steps: pl.DataFrame, events: pl.DataFrame, payments: pl.DataFrame
) -> pl.DataFrame:
    """Return the row of each poll."""
    polls = pl.DataFrame({"now": range(start, end, plan.every)}, schema={"now": pl.Int64})
    visits = steps.group_by("visit").agg(first=pl.col("at").min(), last=pl.col("at").max() + WINDOW)
    now = polls["now"]

    def active(moment: pl.Series) -> pl.Series:
        return _until(visits["first"], moment) - _until(visits["last"], moment)

    columns = {"count": active(now - COUNT_LAG), "visitors": active(now)}
    for name, records in (("events", events), ("payments", payments)):
        times = records["at"].sort()
        before = _until(times, now - WINDOW)
        columns[name] = _until(times, now) - before
        oldest = times.gather(before.clip(0, max(len(times) - 1, 0))) if len(times) else pl.Series([None] * len(now))
        columns[f"{name}_since"] = oldest.cast(pl.Int64).set(columns[name] == 0, None)
    return polls.with_columns(
        **columns,
        states_since=(pl.col("now") - 2 * WINDOW).clip(plan.first),
        problems=pl.lit(0, pl.Int64),
        gap_since=pl.lit(None, pl.Int64),
    ).select(
        _moments("now").alias("seen_at"),
        pl.col("count", "visitors", "events", "payments", "problems").cast(pl.Int64),
        *(_moments(f"{name}_since") for name in ("states", "events", "payments", "gap")),
    )


def _until(times: pl.Series, moments: pl.Series) -> pl.Series:
    """Return how many of these times are not after each moment."""
    return times.sort().search_sorted(moments, side="right").cast(pl.Int64)
