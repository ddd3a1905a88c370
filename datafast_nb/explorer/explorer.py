"""The explorer: connect the question, the answer, the view and a live map."""

from __future__ import annotations

import logging
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Unpack, get_args

import altair as alt
import polars as pl
from IPython.core.getipython import get_ipython
from traitlets import Any as AnyTrait
from traitlets import Bunch, Enum, TraitError, observe, validate

from datafast_nb.charts.embedding import embed_options
from datafast_nb.charts.measures import Measure
from datafast_nb.charts.renderer import still
from datafast_nb.charts.specification import specification_of
from datafast_nb.conversion import with_dimensions
from datafast_nb.conversion.frames import once
from datafast_nb.explorer import rows
from datafast_nb.explorer.answer import Answer
from datafast_nb.explorer.link import Link
from datafast_nb.explorer.question import Question, after_choosing, checked_dimensions
from datafast_nb.explorer.script import called, script
from datafast_nb.explorer.view import View
from datafast_nb.filter_bar import filter_bar, offered
from datafast_nb.filters import Choices, FilterDimension, Filters
from datafast_nb.livemap import LiveMap
from datafast_nb.notebook_display import is_marimo
from datafast_nb.polling import checked, log_unexpected, sentence
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import clock, number
from datafast_nb.widgets.faults import Faults
from datafast_nb.widgets.protocol import (
    Away,
    Beat,
    ChangeFilter,
    ChangeQuestion,
    ClearFilters,
    ExplorerHeader,
    ExplorerMessage,
    ExplorerState,
    ExplorerStatus,
    FilterOptions,
    Pick,
    Refresh,
    ShowOptions,
    Theme,
)
from datafast_nb.widgets.shown import NEEDS_KERNEL, Bundle, OpenedWhenShown
from datafast_nb.widgets.synced import as_trait_error

_LOG: Final = logging.getLogger(__name__)
_NOTHING_YET: Final = "Nothing has arrived yet"
# Without a variable that holds it, the generated code can't get the snapshot that is shown.
_UNNAMED: Final = "dfn.load()  # not the moment shown: assign the explorer to a variable to use its own"
_HELP: Final = (
    "Give it a Snapshot, a source of them such as datafast_nb.connect() or demo.Site(), or a LiveMap: "
    "Explorer(snap), Explorer(client), Explorer(live)."
)


class Explorer(OpenedWhenShown):
    """A panel to break down visitors by groups, with a choice of measure and filters, a chart, a table and the code.

    Display it as the last line of a cell. On its own, it explores one snapshot, and gets a new one from its source on
    request. Linked to a live map, it crossfilters: both share their filters, a click on a bar (or on a group in the
    table) picks that group on the map, another click releases it, and the explorer refreshes with the map.

    Parameters
    ----------
    source : Snapshot, Source or LiveMap, optional
        What to explore. A source is asked once when the explorer is created, and again by `refresh`. With `live`, a
        snapshot to show until the map has its first answer.
    live : LiveMap, optional
        The map to link to; ``Explorer(live)`` means the same.
    by : str or sequence of str
        The initial dimension of `breakdown`, or two of them.
    measure : str
        The initial measure: any of ``charts.Measure``.
    theme : str
        ``light``, ``dark``, or ``auto`` to follow the page.

    Attributes
    ----------
    by, measure, theme
        As above; `by` is a tuple. They can be changed and observed at any time.

    Raises
    ------
    TypeError
        `source` can't be explored, or `by` is neither a name nor a list of names.
    ValueError
        A dimension is unknown.
    traitlets.TraitError
        Another value is invalid.

    Notes
    -----
    A filter of a dimension that is broken down highlights its groups and keeps the others (as in a crossfilter), so
    that a group can be compared with its neighbors. All other filters apply to every bar.

    When the source fails, the last data stay, and the panel says what is wrong. Nothing is sent to a browser before
    the explorer is displayed. An explorer that was never displayed ends when it is garbage collected; call `close` to
    end any other.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> explorer = dfn.Explorer(dfn.demo.Site(seed=0), by="device", measure="visitors")
    >>> explorer.filter(visit_kind="new")
    >>> explorer.table.columns[:2]
    ['device', 'visitors']
    >>> explorer.by = ["channel", "device"]
    >>> print(explorer.code.splitlines()[-2])
    chart = dfn.charts.breakdown(visitors, by=["channel", "device"], measure="visitors", baseline=snap.baseline)
    >>> explorer.close()
    """

    by = AnyTrait()
    measure = Enum(get_args(Measure), default_value="predicted_rate")
    theme = Enum(get_args(Theme), default_value="auto")

    _view: View | None = None

    def __init__(
        self,
        source: Snapshot | Source | LiveMap | None = None,
        *,
        live: LiveMap | None = None,
        by: FilterDimension | Sequence[FilterDimension] = "channel",
        measure: Measure = "predicted_rate",
        theme: Theme = "auto",
    ) -> None:
        self._live, self._source, self._snapshot = _checked_sources(source, live)
        self._lock = threading.RLock()  # one change or drawing at a time; guards the attributes below
        self._own = Filters()  # used without a live map
        self._fault: str | None = None  # of the source
        self._faults = Faults()  # of the drawing
        self._refusal = ""  # why the last change by a person was refused
        self._offers = self._showing = self._closed = False
        self._answered: Answer | None = None
        self._shown: Answer | None = None  # the answer that a click refers to
        self._nobody = Snapshot()  # explored until the first snapshot arrives
        super().__init__(by=checked_dimensions(by), measure=measure, theme=theme)
        self._link = None if self._live is None else Link(self._live, self._draw)
        if self._live is None:
            self.refresh()

    # The state

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot that is explored: that of the map, or the last from the source. None until there is one."""
        latest = None if self._live is None else self._live.snapshot
        return self._snapshot if latest is None else latest

    @property
    def filters(self) -> dict[str, Any]:
        """The active filters, in the form that `filter` takes; those of the map, if linked to one."""
        return dict(self._own.values) if self._live is None else self._live.filters

    @property
    def table(self) -> pl.DataFrame:
        """The breakdown that is shown, as returned by `breakdown`: all groups, in descending order of the measure."""
        return self._answer().table

    @property
    def chart(self) -> alt.LayerChart:
        """The chart that is shown, as returned by ``charts``: to save, layer or combine with another."""
        return self._answer().chart

    @property
    def code(self) -> str:
        """Python code that produces the table and the chart, to paste into a cell."""
        answer = self._answer()
        visitors = answer.snapshot.visitors
        return script(
            answer.question,
            self._snapshot_expression(),
            chart=answer.drawn_by,
            with_site="site" in visitors.columns,
            with_repeats=answer.here < visitors.height,
        )

    @property
    def locked(self) -> frozenset[str]:
        """The names of the filters that `filter` locked; those of the map, if linked to one."""
        return self._own.locked if self._live is None else self._live.locked

    # Actions from code

    def filter(self, *, locked: bool = False, **filters: Unpack[Choices]) -> None:
        """Filter visitors, as `LiveMap.filter` does; if linked to a map, on the map, too.

        Parameters
        ----------
        locked
            Whether only code can change these filters from now on.
        **filters
            A dimension of `breakdown`, or ``site``, with a value or a list of values; ``min_score``,
            ``min_confidence``, ``text``. None removes a filter.

        Raises
        ------
        TypeError
            A limit is not a number.
        ValueError
            A filter is unknown, a limit is out of range, or a country is given by its name.
        """
        if self._live is not None:
            self._live.filter(locked=locked, **filters)  # the map calls back
            return
        with self._lock:
            changed = self._own.but(**filters)
            self._own = changed.lock(*filters) if locked else changed
            self._draw()

    def clear_filters(self) -> None:
        """Remove all filters, locked ones too; if linked to a map, on the map, too."""
        if self._live is not None:
            self._live.clear_filters()
            return
        with self._lock:
            self._own = Filters()
            self._draw()

    def refresh(self) -> None:
        """Get a new snapshot from the source, and wait for it. A linked map is refreshed without waiting.

        A failure of the source raises no exception: the last data stay, and the panel says what is wrong.
        """
        if self._live is not None:
            self._live.refresh()
            return
        if self._source is None:
            return
        try:
            snapshot, fault = checked(self._source.snapshot()), None
        except Exception as error:  # noqa: BLE001 - a source may raise anything, and it is shown
            log_unexpected(error)
            snapshot, fault = None, sentence(error)
        with self._lock:
            self._snapshot = self._snapshot if snapshot is None else snapshot
            self._fault = fault
            self._draw()

    def close(self) -> None:
        """Remove the explorer from the page, and stop following the map. Calling it again has no effect."""
        if sys.is_finalizing():
            return
        if hasattr(self, "_link"):  # missing if the constructor raised
            with self._lock:
                view, self._view, self._closed = self._view, None, True
            if self._link is not None:
                self._link.end()
            if view is not None:
                view.close()
                self.layout.close()
        super().close()

    def __repr__(self) -> str:
        linked = "" if self._live is None else ", live=…"
        return f"Explorer(by={list(self.by)!r}, measure={self.measure!r}{linked})"

    def _static_output(self) -> Bundle:
        """Return an image of the chart, its title and its first groups, for viewers that can't show widgets."""
        answer, options = self._answer(), embed_options(alt.renderers.options.get("embed_options"))
        content, metadata = still(specification_of(answer.chart), options)
        words = "\n".join([content["text/plain"], *rows.in_words(answer), NEEDS_KERNEL])
        return {**content, "text/plain": words}, metadata

    def _show(self) -> None:
        """Make the view and open the comm, the first time."""
        with self._lock:
            if self._view is not None or self._closed:
                return
            linked = self._live is not None
            self._view = View(self.theme, can_refresh=self._source is not None, linked=linked, in_one=is_marimo())
            self._draw()
            self._draw_when_the_cell_has_run()
            self._view.front.on_message(self._take)
            if self._view.chart is not None:
                self._view.chart.on_click(self._take_click)
            self._open_view("datafast-explorer")

    # Traits

    @validate("by")
    def _check_by(self, proposal: Bunch) -> tuple[str, ...]:
        with as_trait_error():
            return checked_dimensions(proposal["value"])

    @observe("by", "measure")
    def _change_question(self, _change: Bunch) -> None:
        self._draw()

    @observe("theme")
    def _change_theme(self, change: Bunch) -> None:
        if self._view is not None:
            self._view.set_theme(change["new"])

    # Actions of a person

    def _choose(self, control: str, value: str) -> None:
        """Apply a choice of the controls. If a dimension is chosen twice, the two swap places."""
        try:
            if control == "measure":
                self.measure = value
            else:
                self.by = after_choosing(self.by, control, value or None)
        except TraitError as error:
            _LOG.warning("A choice of the browser was refused: %s", error)

    def _take(self, message: ExplorerMessage) -> None:
        """Handle a message of the browser."""
        if self._closed:
            return
        match message:
            case Beat(view=view):
                if self._live is not None:
                    self._live.watch(view)
            case Away(view=view):
                if self._live is not None:
                    self._live.unwatch(view)
            case _:
                self._attempt(str(message.__struct_config__.tag), lambda: self._do(message))

    def _do(self, message: ExplorerMessage) -> None:
        match message:
            case Pick(key=key):
                self._pick(rows.group_of(self._answer(), key))
            case ChangeFilter(name=name, value=value):
                self._change_filters({name: value})
            case ChangeQuestion(control=control, value=value):
                self._choose(control, value)
            case Refresh():
                self.refresh()
            case ClearFilters():
                self._change_filters(dict.fromkeys(self.filters.keys() - self.locked))
            case ShowOptions(open=is_open):
                with self._lock:
                    self._offers = is_open
                    self._draw()

    def _change_filters(self, changes: Mapping[str, Any]) -> None:
        """Change filters as a person does. An invalid change, or one of a locked filter, is shown and logged."""
        if self._live is not None:
            self._refusal = self._live.filter_by_person(**changes)  # the map calls back
            return
        with self._lock:
            try:
                self._own = self._own.but_by_person(**changes)
            except (TypeError, ValueError) as error:
                _LOG.warning("A filter that the browser set was refused: %s", error)
                self._refusal = str(error)
            else:
                self._draw()

    def _take_click(self, datum: dict[str, Any]) -> None:
        with self._lock:
            shown = self._shown
        if shown is not None:
            self._attempt("pick", lambda: self._pick(shown.group_of(datum)))

    def _attempt(self, kind: str, action: Callable[[], None]) -> None:
        """Run an action of the user. Log any error, and show it until an action of the same kind succeeds."""
        if self._closed:
            return
        self._refusal = ""
        with self._faults.guarded(f"An action failed: {kind}"):
            action()
        with self._lock:
            self._show_status()

    def _pick(self, group: dict[str, Any] | None) -> None:
        """Pick a group, or release it. Call without the lock: the map calls back, perhaps on another thread."""
        if group is not None:
            self._change_filters(self._question().toggled(group))

    # Drawing

    def _question(self) -> Question:
        """Return the current question."""
        with self._lock:
            return Question(self.by, self.measure, Filters(self.filters, self.locked))

    def _answer(self) -> Answer:
        """Return the answer to the current question; the last one if nothing has changed."""
        with self._lock:
            question, snapshot = self._question(), self.snapshot or self._nobody
            last = self._answered
            if last is None or last.question != question or last.snapshot is not snapshot:
                self._answered = last = Answer(question, snapshot)
            return last

    def _draw(self) -> None:
        """Show the current answer. May run on any thread."""
        with self._lock:
            if self._view is None or self._showing:
                return
            self._showing = True
            try:
                with self._view.front.hold_sync():
                    with self._faults.guarded("The answer could not be drawn"):
                        self._show_answer(self._view)
                    self._show_status()
            finally:
                self._showing = False

    def _show_answer(self, view: View) -> None:
        """Show the controls, the current answer and its chart."""
        view.ask(self.by, self.measure, several_sites=self._has_several_sites())
        answer = self._shown = self._answer()
        nothing = self._why_nothing(answer) or view.why_no_chart
        view.show(self._state(answer, nothing), None if nothing else answer.spec)

    def _show_status(self) -> None:
        """Show the status of the source and the drawing. The caller holds the lock."""
        if self._view is not None:
            self._view.front.show(ExplorerHeader(self._status()))

    def _state(self, answer: Answer, nothing: str) -> ExplorerState:
        """Return the state of the front end."""
        here = once(answer.snapshot.visitors)
        options = self._options(here) if self._offers and self.snapshot is not None else None
        return ExplorerState(
            filters=filter_bar(answer.question.filters, answer.matched, here.height, options),
            heading=answer.heading,
            empty=nothing,
            table=rows.table(answer),
            code=self.code,
        )

    def _options(self, visitors: pl.DataFrame) -> FilterOptions:
        """Return the values that are available for filters."""
        several_sites = "site" in visitors.columns and visitors["site"].n_unique() > 1
        return offered(with_dimensions(visitors, "channel", "page"), several_sites=several_sites)

    def _why_nothing(self, answer: Answer) -> str:
        """Return why there is no chart and what to do; empty if there is one."""
        if self.snapshot is None:
            return f"{_NOTHING_YET}." if self._fault is None else f"{_NOTHING_YET}. Refresh asks again."
        return f"{answer.nothing}. {answer.remedy}".strip() if answer.nothing else ""

    def _status(self) -> ExplorerStatus:
        """Return what is shown, its time, and what is wrong."""
        snapshot = self.snapshot
        zone = "UTC" if self._live is None else self._live.time_zone
        here = None if snapshot is None else number(once(snapshot.visitors).height, "visitor")
        shown = "" if snapshot is None else f"{here} at {clock(snapshot.fetched_at, zone)}"
        faults = self._faults.notes
        notes = [self._refusal, *faults] if self._refusal else faults
        if self._live is None:
            wrong = [self._fault] if self._fault else []
            return ExplorerStatus("refused" if wrong or faults else "", " · ".join([*wrong, *notes]), shown)
        status = self._live.status
        tone = status.state if status.state in {"live", "waiting", "retrying", "refused"} else ""
        text = " · ".join([f"Linked to the map. {status}", *notes])
        return ExplorerStatus("refused" if faults else tone, text, shown)

    def _draw_when_the_cell_has_run(self) -> None:
        """Draw again after the cell has run, as the code then can use the names of its variables and its result."""
        shell = get_ipython()
        if shell is None:
            return
        explorer = weakref.ref(self)

        def draw(*_result: object) -> None:
            shell.events.unregister("post_run_cell", draw)
            if (shown := explorer()) is not None:
                shown._draw()  # noqa: SLF001 - its own

        shell.events.register("post_run_cell", draw)

    def _snapshot_expression(self) -> str:
        """Return an expression for the snapshot in the user's notebook: the one that is shown, if it has a name."""
        arrived = self._live is not None and self._live.snapshot is not None
        known: list[tuple[object, str]] = [(self._live, ".snapshot")] if arrived else [(self._snapshot, "")]
        known += [(self, ".snapshot"), (self._source, ".snapshot()")]
        for thing, how in known:
            if thing is not None and (name := called(thing)) is not None:
                return f"{name}{how}"
        return _UNNAMED

    def _has_several_sites(self) -> bool:
        """Return whether visitors can be grouped by site."""
        if self._live is not None and len(self._live.snapshots) > 1:
            return True
        snapshot = self.snapshot
        return snapshot is not None and "site" in snapshot.visitors.columns


def _checked_sources(source: object, live: object) -> tuple[LiveMap | None, Source | None, Snapshot | None]:
    """Return the live map, the source and the snapshot among the arguments. A map replaces a source.

    Raises
    ------
    TypeError
        The arguments can't be explored, or contradict each other.
    """
    if isinstance(source, LiveMap):
        if live is not None and live is not source:
            raise TypeError("Explorer was given two live maps; link it to one.")
        source, live = None, source
    if live is not None and not isinstance(live, LiveMap):
        raise TypeError(f"live is {type(live).__name__}: it must be a LiveMap.")
    if isinstance(source, Snapshot):
        return live, None, source
    if source is None and live is not None:
        return live, None, None
    if not isinstance(source, Source) or isinstance(source, type):
        raise TypeError(f"Explorer can't explore {type(source).__name__}. {_HELP}")
    if live is not None:
        raise TypeError("With a live map, Explorer explores the map's source: give it a Snapshot besides, or nothing.")
    return None, source, None
