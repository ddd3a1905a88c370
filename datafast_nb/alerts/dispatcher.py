"""Looks in each snapshot for what its alerts ask for, and reports it once."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import polars as pl
from polars.exceptions import PanicException

from datafast_nb.alerts.alert import Alert
from datafast_nb.alerts.channel import Channel, Report
from datafast_nb.alerts.destinations import Destination
from datafast_nb.alerts.memory import Memory, Reported, fingerprint, keep_latest
from datafast_nb.alerts.message import News
from datafast_nb.alerts.rows import KEY, About, rows_of, site_of, with_derived, without_derived
from datafast_nb.conversion.predictor import Predictor
from datafast_nb.forecast.record import Record
from datafast_nb.privacy import PROCESS_KEY, people, redacted
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import plain

MESSAGES: Final = pl.Schema(
    {
        "at": pl.Datetime("us", "UTC"),
        "alert": pl.String(),
        "about": pl.String(),
        "over": pl.Boolean(),
        "count": pl.Int64(),
        "message": pl.String(),
    }
)
"""The columns of the messages: when, by which alert, about what, whether it says that something is over, how many
visitors, payments or goals it is about, and the message."""

COMPARE_EVERY: Final = timedelta(minutes=1)
"""The time between two comparisons with usual traffic, as each reads the history."""

Rows = Callable[[About], pl.DataFrame]
"""Returns the rows of a snapshot that an alert is about."""

_MOST_KEPT: Final = 10_000  # messages that are kept to be looked at
_MOST_SHOWN: Final = 100  # rows that a message holds

_log: Final = logging.getLogger(__name__)


class Dispatcher:
    """Takes snapshots, and sends what its alerts look for.

    Parameters
    ----------
    alerts
        The alerts.
    report
        Receives what was reported, and the failures of the channels.
    memory
        What was reported before.
    model
        Predicts each prospect's probability.
    history
        Knows what traffic is usual.
    """

    def __init__(
        self,
        alerts: Sequence[Alert],
        report: Report,
        memory: Memory | None = None,
        model: Predictor | None = None,
        history: Record | None = None,
    ) -> None:
        self._memory = Memory() if memory is None else memory
        self._model = model
        self._report = report
        self._context = copy_context()
        self._messages: deque[dict[str, Any]] = deque(maxlen=_MOST_KEPT)
        self._faults: set[str] = set()
        self.count = 0  # of messages
        everybody = dict.fromkeys(each for alert in alerts for each in alert.notify)
        self.channels = {each: Channel(each, report, name) for each, name in _named(everybody)}
        self._pending = [
            _Pending(alert, mark, self._memory, history) for alert, mark in zip(alerts, _marks(alerts), strict=True)
        ]

    @property
    def messages(self) -> pl.DataFrame:
        """The messages so far, oldest first, with the columns of `MESSAGES`."""
        return pl.DataFrame(list(self._messages), schema=MESSAGES)

    def take(self, snapshot: Snapshot) -> None:
        """Look for what the alerts ask for, and send it. An alert that fails does not stop the others."""
        rows = cache(lambda about: rows_of(snapshot, about, self._model))  # the same for all alerts about the same
        news = [found for pending in self._pending if (found := self._found(pending, snapshot, rows)) is not None]
        if news:
            self._save()
        for pending, each in news:
            self._send(pending.alert, each)

    def finish(self) -> None:
        """Let the channels end after their waiting messages, without waiting for them; release the memory."""
        self._memory.close()
        for channel in self.channels.values():
            channel.finish()

    def close(self, patience: float = 0.0) -> None:
        """End the channels once their waiting messages are sent, or after some seconds."""
        ends = time.monotonic() + patience
        self.finish()
        for channel in self.channels.values():
            channel.close(max(0.0, ends - time.monotonic()))

    def _found(self, pending: _Pending, snapshot: Snapshot, rows: Rows) -> tuple[_Pending, News] | None:
        """Return what an alert has to report now."""
        try:
            found = pending.take(snapshot, rows(pending.alert.about))
        except (Exception, PanicException) as error:  # noqa: BLE001 - of a function in a condition, or of any model
            self._fault(pending.alert.name, error)
            return None
        self._faults.discard(pending.alert.name)
        return None if found is None else (pending, found)

    def _send(self, alert: Alert, news: News) -> None:
        """Give a message to the channels, and note it."""
        news, text = self._written(alert, news)
        for destination in alert.notify:
            self.channels[destination].put(news)
        line = {"alert": news.alert, "about": news.about, "over": news.over, "count": news.count, "message": text}
        self._messages.append({"at": news.at, **line})
        self.count += 1
        self.report("sent", line)

    def _written(self, alert: Alert, news: News) -> tuple[News, str]:
        """Return the message in the alert's own form, and its text; in the default form if that fails."""
        try:
            if callable(alert.message) and not news.over:
                news = replace(news, fixed=str(alert.message(news.rows)))
            return news, news.text()
        except Exception as error:  # noqa: BLE001 - a function that writes messages can raise anything
            self._fault(news.alert, error)
            usual = replace(news, template=None, fixed=None)
            return usual, usual.text()

    def _fault(self, alert: str, error: BaseException) -> None:
        """Report once that an alert does not work, and log its traceback."""
        if alert not in self._faults:
            self._faults.add(alert)
            _log.error("The alert %r can't be evaluated.", alert, exc_info=error)
            self.report("failed", {"alert": alert, "message": f"{type(error).__name__}: {plain(error, 200)}"})

    def _save(self) -> None:
        """Store what was reported. A full disk does not stop the watching."""
        try:
            self._memory.save()
        except OSError as error:
            self._fault("state", error)
        else:
            self._faults.discard("state")

    def report(self, what: str, figures: dict[str, Any]) -> None:
        """Report what happened, in the context that this began in. A failing report does not stop the watching."""
        try:
            self._context.copy().run(self._report, what, figures)
        except Exception:  # noqa: BLE001 - the report is anybody's
            _log.exception("The report of a watcher failed.")


class _Pending:
    """One alert, and the rows that wait until its rate allows a message."""

    def __init__(self, alert: Alert, mark: str, memory: Memory, history: Record | None) -> None:
        self.alert = alert
        self._mark = mark
        self._history = history
        self._looked_at: datetime | None = None  # when traffic was last compared with what is usual
        self._memory = memory
        self._waiting: dict[str, None] = {}  # the keys of the latest
        self._count = 0  # of all who wait
        self._first: pl.DataFrame | None = None  # of those who wait, as they are to be shown
        self._site: str | None = alert.site  # of the last visitors, if the alert has none

    @property
    def _known(self) -> Reported:
        return self._memory.of(self._mark)

    def take(self, snapshot: Snapshot, rows: pl.DataFrame) -> News | None:
        """Return what is to be reported now, if anything; `rows` are those that the alert is about."""
        if self.alert.needs_history:
            return self._compared(rows, snapshot)
        if self.alert.about == "traffic":
            return self._changed(rows, snapshot.fetched_at, is_unusual=not self.alert.matching(rows).is_empty())
        self._collect(self.alert.matching(rows), snapshot)
        if self._first is None or not self._may_send(snapshot.fetched_at):
            return None
        news = self._news(self._first, self._count, snapshot.fetched_at)
        self._memory.add(self._mark, self._waiting)
        self._waiting, self._count, self._first = {}, 0, None
        return news

    def _collect(self, rows: pl.DataFrame, snapshot: Snapshot) -> None:
        """Add the rows that are neither reported nor waiting."""
        keys = rows[KEY].to_list()
        keep_latest(self._waiting, [key for key in keys if key in self._waiting], len(keys))
        new = [
            is_new and key not in self._waiting
            for key, is_new in zip(keys, self._memory.is_new(self._mark, keys), strict=True)
        ]
        fresh = rows.filter(pl.Series(new, dtype=pl.Boolean))
        if fresh.is_empty():
            return
        self._site = self.alert.site or site_of(snapshot)
        held = 0 if self._first is None else self._first.height
        shown = self._shown(fresh.head(_MOST_SHOWN - held), snapshot)
        self._first = shown if self._first is None else pl.concat([self._first, shown])
        self._count += fresh.height
        keep_latest(self._waiting, fresh[KEY].to_list(), len(keys))

    def _shown(self, rows: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
        """Return rows as they can be shown: with pseudonyms, unless names were asked for."""
        about = self.alert.about
        bare = without_derived(rows, about)
        if not self.alert.names:
            known = people((snapshot.visitors, snapshot.events, snapshot.payments))
            (bare,) = redacted([bare], PROCESS_KEY, known)
        shown: pl.DataFrame = with_derived(bare, about)
        return shown

    def _compared(self, totals: pl.DataFrame, snapshot: Snapshot) -> News | None:
        """Compare traffic with usual traffic, at most once per `COMPARE_EVERY`, and return what changed."""
        from datafast_nb.forecast.unusual import unusual

        at, looked_at = snapshot.fetched_at, self._looked_at
        if self._history is None or (looked_at is not None and looked_at <= at < looked_at + COMPARE_EVERY):
            return None
        self._looked_at = at
        found = unusual(self._history, snapshot)
        news = self._changed(totals, at, is_unusual=not found.usual)
        return None if news is None else replace(news, fixed=None if news.over else str(found))

    def _changed(self, totals: pl.DataFrame, at: datetime, *, is_unusual: bool) -> News | None:
        """Return that traffic became unusual, or is back to usual."""
        was_unusual = self._known.active
        if is_unusual == was_unusual or (is_unusual and not self._may_send(at)):
            return None
        self._known.active = is_unusual
        return self._news(totals, 1, at, over=not is_unusual)

    def _may_send(self, at: datetime) -> bool:
        """Return whether the rate allows a message at a moment."""
        following = None if self.alert.rate is None else self.alert.rate.next(self._known.sent)
        return following is None or at >= following

    def _news(self, rows: pl.DataFrame, count: int, at: datetime, *, over: bool = False) -> News:
        """Return a message, and note when it was sent."""
        alert = self.alert
        if alert.rate is not None and not over:
            self._known.sent = sorted([*self._known.sent, at])[-alert.rate.messages :]
        template = alert.message if isinstance(alert.message, str) else None
        return News(alert.name, alert.about, rows, count, at, over, self._site, template)


def _named(everybody: Iterable[Destination]) -> Iterator[tuple[Destination, str]]:
    """Yield each destination with a name of its own, so that a report identifies it."""
    before: Counter[str] = Counter()
    for each in everybody:
        before[each.name] += 1
        yield each, each.name if before[each.name] == 1 else f"{each.name}, number {before[each.name]}"


def _marks(alerts: Sequence[Alert]) -> Iterator[str]:
    """Yield what identifies each alert in the memory; equal alerts are remembered separately."""
    before: Counter[str] = Counter()
    for alert in alerts:
        same = before[alert.fingerprint]
        before[alert.fingerprint] += 1
        yield fingerprint(alert.fingerprint, str(same)) if same else alert.fingerprint
