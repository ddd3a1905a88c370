"""Watches a source in the background, shown or not. A watcher is a source itself."""

from __future__ import annotations

import atexit
import logging
import math
import threading
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Protocol, Self, runtime_checkable

import polars as pl

from datafast_nb.alerts.alert import Alert
from datafast_nb.alerts.channel import Report
from datafast_nb.alerts.dispatcher import Dispatcher
from datafast_nb.alerts.memory import Memory
from datafast_nb.checks import checked_duration
from datafast_nb.conversion.predictor import Predictor
from datafast_nb.errors import AlertError, DataFastError
from datafast_nb.figure_card import figure_card
from datafast_nb.forecast.record import Record
from datafast_nb.polling import Follower, Pace, Poller, checked_every, sentence
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import clock, number, plain
from datafast_nb.text import duration as in_words

PATIENCE: Final = 5.0
"""Seconds to wait for the request and the messages in flight when a watcher is stopped."""

PACE: Final = Pace(longest_wait=60.0, longest_retry_after=3_600.0, steady=True)
"""The pace of a recorder: a short fault loses nothing, although the endpoint forgets after ten minutes."""

_log: Final = logging.getLogger(__name__)


@runtime_checkable
class Stored(Protocol):
    """A history; the file of what was reported is stored beside it."""

    @property
    def location(self) -> str:
        """The location of the tables."""


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """The state of a watcher. As text, it is a sentence.

    Attributes
    ----------
    state : str
        ``starting``, ``live``, ``waiting``, ``unrecorded``, ``retrying``, ``refused`` or ``stopped``.
    every : float
        Seconds between two snapshots.
    messages : int
        The number of messages so far.
    dropped : int
        The number of messages that a channel did not get.
    last : datetime or None
        The time of the latest snapshot.
    fault : str or None
        What is wrong with the source.
    channels : dict of str to (str or None)
        What is wrong with each channel; None if nothing is.
    """

    state: Literal["starting", "live", "waiting", "unrecorded", "retrying", "refused", "stopped"]
    every: float
    messages: int
    dropped: int
    last: datetime | None
    fault: str | None
    channels: dict[str, str | None]

    def __str__(self) -> str:
        parts = [
            {"live": f"Watching every {in_words(self.every)}", "stopped": "Stopped"}.get(
                self.state, self.state.capitalize()
            ),
            "" if self.last is None else f"last snapshot at {clock(self.last)}",
            f"{number(self.messages, 'message')}",
            f"{self.dropped:,} of them lost" if self.dropped else "",
            self.fault or "",
            *(f"{name} fails: {fault}" for name, fault in self.channels.items() if fault),
        ]
        return " · ".join(part for part in parts if part)


class _Watch(Follower):
    """The work in the background. It has no reference to the `Watcher`, whose garbage collection ends it."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self._failures = 0
        self.changed = threading.Condition()
        self.error: BaseException | None = None
        self.ended = threading.Event()
        self.card: Any = None  # how to draw the card again, once it is shown

    def take(self, snapshot: Snapshot) -> None:
        """Look for what the alerts ask for."""
        self._failures = 0
        self.dispatcher.take(snapshot)

    def fail(self, error: BaseException, retry_in: float) -> None:
        """Report a request that failed."""
        self._failures += 1
        figures = {"failures": self._failures, "retry_in": round(retry_in, 1), "message": sentence(error)}
        self.dispatcher.report("failed", figures)

    def wait_for(self, since: datetime) -> None:
        """Report a request that is still in flight."""
        self.dispatcher.report("waiting", {"since": since})

    def change(self) -> None:
        """Wake up those who wait for a snapshot, and draw the card again."""
        with self.changed:
            self.changed.notify_all()
        try:
            if self.card is not None:
                self.card()
        except Exception:  # noqa: BLE001 - such as in a closed notebook; the watching goes on
            _log.exception("The card of a watcher can't be drawn again.")

    def end(self, error: BaseException | None) -> None:
        """End the channels: it was stopped, its duration is over, or a fault is permanent."""
        self.error = self.error or error
        self.dispatcher.close(PATIENCE)
        if not self.ended.is_set():
            reason = {} if self.error is None else {"error": type(self.error).__name__, "message": str(self.error)}
            self.dispatcher.report("stopped", {"messages": self.dispatcher.count, **reason})
        self.ended.set()
        atexit.unregister(self.dispatcher.close)
        self.change()


class Watcher:
    """Watches a source in the background; made by `watch`.

    It is a source: pass it to ``LiveMap`` or ``History.record``, so that they need no requests of their own. It ends
    when it is stopped, at the end of its duration, at a permanent fault, or when nothing refers to it anymore.
    """

    def __init__(self, poller: Poller, background: _Watch) -> None:
        self._poller = poller
        self._watch = background
        self._finalizer = weakref.finalize(self, _abandon, poller, background.dispatcher)
        self._finalizer.atexit = False
        # Not registered as a method of this object, which would keep it alive.
        atexit.register(background.dispatcher.close, PATIENCE)
        poller.start()

    def snapshot(self) -> Snapshot:
        """Return the latest snapshot, once there is one.

        Raises
        ------
        DataFastError
            The watcher has stopped, or the last request failed: then it is the error of that request.
        """
        with self._watch.changed:
            self._watch.changed.wait_for(self._is_known)
        standing = self._poller.standing
        if not self.running:
            raise self.error or DataFastError("This watcher has stopped: start a new one with dfn.watch(…).")
        if standing.error is not None:
            raise standing.error
        assert standing.snapshot is not None
        return standing.snapshot

    def _is_known(self) -> bool:
        """Return whether there is a snapshot or an error to return."""
        standing = self._poller.standing
        return standing.snapshot is not None or standing.error is not None or not self.running

    @property
    def messages(self) -> pl.DataFrame:
        """The messages so far, oldest first: ``at``, ``alert``, ``about``, ``over``, ``count`` and ``message``."""
        return self._watch.dispatcher.messages

    @property
    def status(self) -> WatchStatus:
        """The state of the watcher and its channels."""
        return _status(self._poller, self._watch)

    @property
    def running(self) -> bool:
        """Whether it still watches."""
        return not self._watch.ended.is_set()

    @property
    def error(self) -> BaseException | None:
        """The permanent fault that ended it, if any."""
        return self._watch.error

    def stop(self) -> None:
        """Stop watching, and wait up to five seconds until the waiting messages are sent."""
        self._poller.stop()
        if not self._poller.is_this_thread and not self.wait(PATIENCE):
            self._poller.close()
            self._watch.end(None)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until watching has ended, or for `timeout` seconds; return whether it has ended."""
        return self._watch.ended.wait(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Watcher: {self.status}>"

    def _repr_html_(self) -> str:
        return card(self.status)

    def _ipython_display_(self) -> None:
        """Show a card that is kept up to date."""
        from IPython.display import HTML, display

        handle = display(HTML(card(self.status)), display_id=True)  # type: ignore[no-untyped-call]
        poller, background = self._poller, weakref.ref(self._watch)
        shown = ""

        def draw() -> None:
            nonlocal shown
            watch = background()
            html = shown if watch is None else card(_status(poller, watch))
            if html != shown and handle is not None:
                shown = html
                handle.update(HTML(html))  # type: ignore[no-untyped-call]

        self._watch.card = draw


def watch(
    source: Source,
    alerts: Alert | Iterable[Alert],
    every: timedelta | float = 10,
    duration: timedelta | float | None = None,
    *,
    model: Predictor | None = None,
    state: str | Path | Stored | None = None,
    history: Record | None = None,
    report: Report | None = None,
) -> Watcher:
    """Watch a website in the background, and report what the alerts look for.

    Watching continues whether or not anything is displayed. Each visitor, payment and goal is reported once. If a
    channel fails, that is reported once, and the message is sent again at increasing intervals for an hour. This delays
    neither the watching nor the other channels.

    Parameters
    ----------
    source
        A client, or any other source.
    alerts
        What to look for, and whom to notify.
    every
        The time between snapshots, in seconds or as a timedelta; at most five minutes, as the endpoint forgets after
        ten.
    duration
        How long to watch; by default until ``stop()``.
    model
        A model as ``dfn.learn`` makes it, for conditions with ``probability``.
    state
        A file, or the history beside which to put it: what was reported is not reported again after a restart. The file
        is small and holds no names, only keyed hashes of ids: for each alert, those of the last 100,000 that were
        shown. One watcher at a time uses it. By default, it is remembered as long as this watcher exists.
    history
        A history of the website, for alerts about traffic without a condition: they report if the last ten minutes were
        not as usual, as ``dfn.unusual`` finds once a minute. Needs the extra ``forecast``.
    report
        Called with what happened (``"sent"``, ``"failed"``, ``"recovered"``, ``"dropped"``, ``"waiting"``,
        ``"stopped"``) and its figures; by default, faults are logged.

    Returns
    -------
    Watcher
        It has ``stop()``, ``wait()``, ``status``, ``messages``, ``running`` and ``error``, and is a source.

    Raises
    ------
    AlertError
        There is no alert, one needs a model or a history, or the file can't be read.
    AlertsInUseError
        Another watcher uses the file.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> alert = dfn.Alert(where="score > 80 and not is_customer", notify=print)
    >>> with dfn.watch(dfn.connect(), alert) as watcher:  # doctest: +SKIP
    ...     live = dfn.LiveMap(watcher)
    """
    if not isinstance(source, Source):
        raise TypeError(f"watch takes a source, such as dfn.connect(): {type(source).__name__} has no snapshot().")
    pause = checked_every(every)
    lasts = math.inf if duration is None else checked_duration(duration, "duration").total_seconds()
    background = _Watch(dispatcher_of(alerts, report, model=model, state=state, history=history))
    poller = Poller(source, pause.total_seconds(), background, pace=PACE, duration=lasts, name="watching")
    return Watcher(poller, background)


def dispatcher_of(
    alerts: Alert | Iterable[Alert],
    report: Report | None = None,
    *,
    model: Predictor | None = None,
    state: str | Path | Stored | None = None,
    history: Record | None = None,
) -> Dispatcher:
    """Return a dispatcher for the alerts, after checking the arguments."""
    several = [alerts] if isinstance(alerts, Alert) else list(alerts)
    wrong = next((each for each in several if not isinstance(each, Alert)), None)
    if wrong is not None:
        raise TypeError(f"alerts takes dfn.Alert(…), or a list of them, not {type(wrong).__name__}.")
    if not several:
        raise AlertError("There is nothing to watch for: give at least one dfn.Alert(…).")
    if model is not None and not callable(getattr(model, "predict", None)):
        raise TypeError(f"model takes a model such as dfn.learn(history), not {type(model).__name__}.")
    for each in several:
        if each.needs_model and model is None:
            raise AlertError(f"The alert {each.name!r} uses probability: pass model=dfn.learn(history).")
        if each.needs_history and history is None:
            raise AlertError(
                f"The alert {each.name!r} reports unusual traffic: pass history=dfn.History(…), or give it a condition "
                "such as where='visitors > 50'."
            )
    path = None if state is None else state_file(state)
    return Dispatcher(several, _logged if report is None else report, Memory(path), model, history)


def state_file(state: str | Path | Stored) -> Path:
    """Return the file of what was reported, which is beside a history if that is given.

    Raises
    ------
    AlertError
        The history is not in a folder.
    """
    if isinstance(state, (str, Path)):
        return Path(state)
    if not isinstance(state, Stored):
        raise TypeError(f"state takes a path or a history, not {type(state).__name__}.")
    if "://" in state.location:
        raise AlertError("The history is not in a folder: give a path as state, such as state='alerts.json'.")
    return Path(f"{state.location.rstrip('/')}.alerts.json")


def card(status: WatchStatus) -> str:
    """Return the card of a watcher as HTML."""
    faults = [f"{name} fails: {fault}" for name, fault in status.channels.items() if fault]
    faults += [status.fault] if status.fault else []
    figures = [
        ("watching", status.state),
        ("every", in_words(status.every)),
        ("last snapshot", "none yet" if status.last is None else clock(status.last)),
        ("messages", f"{status.messages:,}"),
        *([("lost", f"{status.dropped:,}")] if status.dropped else []),
        ("channels", ", ".join(status.channels)),
    ]
    cut = [(name, plain(value, 120)) for name, value in figures]
    return figure_card("Watcher", cut, [plain(fault, 300) for fault in faults])


def _status(poller: Poller, background: _Watch) -> WatchStatus:
    """Return the state of a watcher."""
    standing, channels = poller.standing, background.dispatcher.channels.values()
    is_over = background.ended.is_set() or standing.state in ("closed", "stopped", "unwatched")
    state: Any = "refused" if standing.state == "refused" else "stopped" if is_over else standing.state
    return WatchStatus(
        state,
        standing.every,
        background.dispatcher.count,
        sum(each.dropped for each in channels),
        None if standing.snapshot is None else standing.snapshot.fetched_at,
        None if standing.error is None else sentence(standing.error),
        {each.name: each.fault for each in channels},
    )


def _abandon(poller: Poller, dispatcher: Dispatcher) -> None:
    """End a watcher that nothing refers to; its last messages are still sent. Called by the garbage collector."""
    poller.close()
    dispatcher.finish()
    atexit.unregister(dispatcher.close)


def _logged(what: str, figures: dict[str, Any]) -> None:
    """Log faults; if a source fails repeatedly, only the first."""
    if what not in ("failed", "recovered", "dropped") or figures.get("failures", 1) > 1:
        return
    words = ", ".join(f"{name}: {value}" for name, value in figures.items())
    _log.log(logging.INFO if what == "recovered" else logging.WARNING, "%s (%s)", what.capitalize(), words)
