"""The live map: connect the sites, the rendering and the view."""

from __future__ import annotations

import logging
import sys
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Unpack, get_args

import msgspec
import polars as pl
from traitlets import Any as AnyTrait
from traitlets import Bool, Bunch, Enum, Float, Int, TraitError, Unicode, observe, validate

from datafast_nb.checks import checked_between, checked_number, checked_zone
from datafast_nb.conversion import with_dimensions
from datafast_nb.files import write_whole
from datafast_nb.filters import Choices, Filters
from datafast_nb.forecast.model import Model
from datafast_nb.livemap import places
from datafast_nb.livemap.basemap import Basemap, checked
from datafast_nb.livemap.callbacks import DERIVED, Callbacks, Conditional
from datafast_nb.livemap.clusters import WORLD, bounds, members
from datafast_nb.livemap.frame_state import ONE_SITE, FrameState, News
from datafast_nb.livemap.image import Shown, checked_image, content
from datafast_nb.livemap.page import MOST_VISITORS, page
from datafast_nb.livemap.page.content import Kept
from datafast_nb.livemap.popups import summary
from datafast_nb.livemap.redacted import RedactedFrame
from datafast_nb.livemap.render import Renderer, announcements, color_choices
from datafast_nb.livemap.saved import about_names, saved
from datafast_nb.livemap.sites import Sites, named
from datafast_nb.livemap.status import Status
from datafast_nb.livemap.still import in_words, still
from datafast_nb.livemap.timebar import EVERY, Replayed, TimeBar, replayed
from datafast_nb.livemap.traffic import Minutes
from datafast_nb.livemap.view import OwnView, View
from datafast_nb.livemap.view_state import MapState
from datafast_nb.notebook_display import is_marimo
from datafast_nb.pictures.drawer import drawer
from datafast_nb.polling import Poller
from datafast_nb.renamed import renamed
from datafast_nb.schema import PAYMENTS, VISITORS
from datafast_nb.snapshot import Snapshot, Source
from datafast_nb.text import clock, duration, listed, number, plain
from datafast_nb.widgets.family import is_held
from datafast_nb.widgets.faults import Faults
from datafast_nb.widgets.protocol import (
    Age,
    AskPlaces,
    AskViewport,
    Away,
    Beat,
    ChangeFilter,
    ChangeSpeed,
    Choice,
    ClearFilters,
    ColorBy,
    Controls,
    DescribeCluster,
    Description,
    Fit,
    FitVisitors,
    HideNames,
    MapMessage,
    MapSettings,
    OpenCluster,
    Pause,
    Places,
    Privacy,
    Projection,
    Refresh,
    Resume,
    Seek,
    ShowViewport,
    StatusLine,
    Theme,
)
from datafast_nb.widgets.shown import NEEDS_KERNEL, Bundle, OpenedWhenShown
from datafast_nb.widgets.synced import as_trait_error
from datafast_nb.widgets.visibility import Visibility

SHORTEST_EVERY: Final = 1.0
"""The fewest seconds from an answer to the next request, which would otherwise burden the service."""

LONGEST_EVERY: Final = 86_400.0
"""The most seconds from an answer to the next request."""

CHOICES_OF_EVERY: Final = (5.0, 10.0, 30.0, 60.0, 300.0)
"""The seconds that the header offers."""

LEAST_HEIGHT: Final = 120
"""The least height, in pixels."""

MOST_HEIGHT: Final = 10_000
"""The most height, in pixels."""

_LOG: Final = logging.getLogger(__name__)
_SETTINGS: Final = ("color_by", "projection", "every", "theme")  # those of the traits that the browser can set
_PATIENCE: Final = 1.0  # seconds that a cell's output waits for the first answer, to hold a picture of it
_NO_SCORE_YET: Final = "No predictions for this site yet"
_WITHHELD: Final = "Something failed; see the log, as the message may name a person"


class LiveMap(OpenedWhenShown):
    """A map of who is on a website now, which updates itself.

    Display it as the last line of a cell. It starts polling its source when it is created, in its own thread, and
    continues while other cells run. It pauses while nobody can see it: when it is cleared, scrolled away, in a hidden
    tab or closed.

    Parameters
    ----------
    source : Source, or a list or mapping of them
        Where the snapshots come from: `Client`, `demo.Site`, or any other object with a method ``snapshot()``. Several
        websites are shown on one map, with a column, a filter and a color ``site``; use a mapping to name them. A
        source that can be moved in time, such as ``History.replay``, gets a time bar, and must be the only source.
    every : float
        Seconds from an answer to the next request, at least 1. A replay is polled every second while it plays.
    color_by : str
        What the colors show: ``score``, ``probability`` (with a model), ``expected_value``, ``is_customer``,
        ``device``, ``channel``, ``country_code``, ``visit_kind`` (new or returning), ``site``. By
        default, ``probability`` with a model, and ``score`` without.
    model : Model, optional
        A model of the website's record, from `learn`. The header then shows the sales to expect from the visitors who
        are here, colors and lists go by the probability to buy, and expected values are the model's.
    projection : str
        ``mercator``, a map, or ``globe``, which turns slowly until a button stops it, and is turned and zoomed by hand.
        A picture of a globe shows a map all the same, of the part of the world that the globe shows.
    basemap : str, xyzservices provider, ipyleaflet layer or None
        The base map under the visitors. None: only the land, without any network request. ``"osm"`` or another name
        in ``xyzservices.providers``: tiles, whose server then learns which places are viewed.
    height : int
        Height of the map, in pixels: 120 to 10,000.
    theme : str
        ``light``, ``dark``, or ``auto`` to follow the page.
    time_zone : str
        The time zone of all times of day, such as ``"Europe/Berlin"``. By default UTC, as in the charts.
    redact : bool
        Whether to replace names and e-mail addresses everywhere in the widget by pseudonyms, as `Snapshot.redacted`
        does, as for a shared screen. Nothing that names a person then leaves the kernel, and filters apply to what is
        shown. A button of the map does the same; it can't show names that code hides. `selection` and the callbacks
        still give code the names.

    Attributes
    ----------
    every, color_by, projection, basemap, height, theme, time_zone, redact
        As above. They can be changed, observed and linked (``ipywidgets.link``, ``ipywidgets.jslink``) at any time.

    Raises
    ------
    TypeError
        `source` has no method ``snapshot()``, `basemap` has the wrong type, or `every` or `height` is not a number.
    ValueError
        `height` is not from 120 to 10,000, a name or the time zone is unknown, a replay is one of several sources, or
        there are several sources and a model.
    traitlets.TraitError
        Another value is invalid.

    Notes
    -----
    When a request fails, the last data stay on the map, the header says what is wrong, and the map retries at
    increasing intervals. When the service refuses the key or does not know the website, polling stops until `start` or
    `refresh`.

    Nothing is sent to a browser before the map is displayed. A map that was never displayed ends when it is garbage
    collected. One that was displayed is kept alive by ipywidgets: call `close` to end it.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> live = dfn.LiveMap(dfn.demo.Site(seed=0), every=30)
    >>> live.status.every
    30.0
    >>> live.filter(country_code=["FR", "DE"], min_score=60)
    >>> live.close()
    >>> live.status.state
    'closed'
    """

    every = Float(10.0).tag(sync=True)
    color_by = Enum(get_args(ColorBy), default_value="score").tag(sync=True)
    projection = Enum(get_args(Projection), default_value="mercator").tag(sync=True)
    basemap = AnyTrait(None, allow_none=True).tag(sync=True, to_json=lambda value, _: _name_of(value))
    height = Int(460).tag(sync=True)
    theme = Enum(get_args(Theme), default_value="auto").tag(sync=True)
    time_zone = Unicode("UTC").tag(sync=True)
    redact = Bool(default_value=False)  # not synced, or the browser could set it

    _view: View | OwnView | None = None

    @renamed(interval="every")
    def __init__(  # noqa: PLR0913 - the options of one widget, all but two by name
        self,
        source: Source | Sequence[Source] | Mapping[str, Source],
        every: float = 10.0,
        *,
        color_by: ColorBy | None = None,
        model: Model | None = None,
        projection: Projection = "mercator",
        basemap: Basemap = None,
        height: int = 460,
        theme: Theme = "auto",
        time_zone: str = "UTC",
        redact: bool = False,
    ) -> None:
        sources = named(source)
        _check_options(every, height, basemap, time_zone)
        _check_model(model, sources)
        replay = replayed(sources)
        self._timebar = None if replay is None else TimeBar(replay)
        self._source_names = ", ".join(type(each).__name__ for each in sources.values())
        self._several = ONE_SITE not in sources
        self._model = model
        by: ColorBy = color_by or ("score" if model is None else "probability")
        self._arrived = time.monotonic()  # when the last snapshot arrived
        self._calling_back = threading.RLock()  # one round of callbacks at a time
        self._lock = threading.RLock()  # one change or drawing at a time; guards the attributes below
        self._frame = FrameState(None)
        self._redacted: tuple[FrameState, RedactedFrame] | None = None  # the last frame without names, and its original
        self._map_state = MapState(color_by=by, sort="score" if model is None else "probability")
        self._renderer = Renderer()
        self._minutes = Minutes(None if self._timebar is None else self._timebar.recorded)
        self._visibility = Visibility()
        self._update_callbacks: Callbacks[Snapshot] = Callbacks("on_update")
        self._selection_callbacks: Callbacks[pl.DataFrame] = Callbacks("on_selection")
        self._payment_callbacks: Callbacks[pl.DataFrame] = Callbacks("on_payment")
        self._visitor_callbacks: Callbacks[pl.DataFrame] = Callbacks("on_visitor")
        self._status_callbacks: Callbacks[Status] = Callbacks("on_status")
        self._last_status: Status | None = None
        self._faults = Faults()  # of the drawing
        self._answered = threading.Event()  # the first request has had an answer or failed
        asked = sources if self._timebar is None else dict.fromkeys(sources, self._timebar)
        seconds = float(every) if self._timebar is None else EVERY
        self._sites = Sites(asked, seconds, _weakly(self._update), self._visibility.is_watched)
        traits = {"basemap": basemap, "height": int(height), "theme": theme, "time_zone": time_zone, "redact": redact}
        traits["projection"] = projection
        super().__init__(every=float(every), color_by=by, **traits)
        weakref.finalize(self, self._sites.close)
        self._begin(replay)

    def _begin(self, replay: Replayed | None) -> None:
        """Ask the sources, or follow a replay."""
        if replay is None:
            self._sites.each(Poller.start)
            return
        moved = _weakly(self._follow_replay)
        replay.on_change(moved)
        self._unfollow = weakref.finalize(self, replay.on_change, moved, remove=True)
        self._follow_replay()

    # The state

    @property
    def snapshot(self) -> Snapshot | None:
        """The latest snapshot; for several sites, the latest of each, combined. None until the first has arrived.

        It holds all visitors, whatever the filters are; `selection` is those who pass them. Of these alone, with the
        site's averages: ``dfn.Snapshot(live.selection, baseline=live.snapshot.baseline)``, or give a function
        ``live.selection`` and ``baseline=live.snapshot.baseline``.

        For a replay, the snapshot of the moment that is shown; None if nothing was recorded then.
        """
        return self._sites.snapshot

    @property
    def snapshots(self) -> dict[str, Snapshot | None]:
        """The latest snapshot of each site, by name; the name of a single site is empty."""
        return {name: moment.snapshot for name, moment in self._sites.moments.items()}

    @property
    def selection(self) -> pl.DataFrame:
        """The visitors who pass the filters, with the columns of ``schema.VISITORS`` (after ``site``, if several)."""
        with self._lock:
            frame = self._shown
            chosen = frame.originals(self._renderer.chosen(frame, self._map_state.filters))
        return chosen.select(*(["site"] if self._several else []), *VISITORS)

    @property
    def selected(self) -> pl.DataFrame:
        """The visitor whose card is open, as one row like those of `selection`; empty if no card is or they left."""
        with self._lock:
            frame, key = self._shown, self._map_state.selected
        row = frame.originals(
            frame.visitors.filter(pl.col("_key") == key) if key is not None else frame.visitors.clear()
        )
        return row.select(*(["site"] if self._several else []), *VISITORS)

    @property
    def filters(self) -> dict[str, Any]:
        """The active filters, in the form that `filter` takes."""
        return dict(self._map_state.filters.values)

    @property
    def status(self) -> Status:
        """The status of the polling. As text, it is the sentence that the header shows."""
        return self._worded(self._sites.status)

    @property
    def statuses(self) -> dict[str, Status]:
        """The status of the polling of each site, by name."""
        return {name: self._worded(moment.status) for name, moment in self._sites.moments.items()}

    @property
    def _is_private(self) -> bool:
        """Whether names are hidden, by code or in the browser."""
        return self.redact or self._map_state.private

    @property
    def _shown(self) -> FrameState:
        """The current frame, as the browser may know it. The caller holds the lock."""
        return self._without_names() if self._is_private else self._frame

    def _without_names(self) -> RedactedFrame:
        """Return the current frame without names, which is made once. The caller holds the lock."""
        if self._redacted is None or self._redacted[0] is not self._frame:
            # Who has left is still known by the filters.
            known = [] if self._redacted is None else self._redacted[1].named_in(self._map_state.filters)
            self._redacted = (self._frame, RedactedFrame(self._frame, known))
        return self._redacted[1]

    # Actions from code

    def start(self) -> None:
        """Start polling now, as after `stop` or a refusal, whether the map is displayed or not. A replay plays."""
        self._visibility.forget()
        self._resume()

    def _resume(self) -> None:
        """Start polling or playing, whether anybody is watching or not."""
        if self._timebar is None:
            self._sites.each(Poller.start)
        else:
            self._timebar.replay.play()

    def stop(self) -> None:
        """Stop polling until `start`. The last data stay on the map. A replay is paused."""
        if self._timebar is None:
            self._sites.each(Poller.stop)
        else:
            self._timebar.replay.pause()

    def refresh(self) -> None:
        """Request new data now. Return at once; when the answer arrives, it is drawn and becomes `snapshot`."""
        self._sites.each(Poller.refresh)

    @property
    def locked(self) -> frozenset[str]:
        """The names of the filters that `filter` locked."""
        return self._map_state.filters.locked

    def filter(self, *, locked: bool = False, **filters: Unpack[Choices]) -> None:
        """Filter the visitors in the map, the panel and the header. Other filters stay as they are.

        Parameters
        ----------
        locked
            Whether only code can change these filters from now on, as for a dashboard: the panel shows them with a
            lock, and can't change or remove them.
        **filters
            A dimension of `breakdown`, or ``site``, with a value or a list of values: ``country_code="FR"``,
            ``channel=["google", "direct"]``, ``visit_kind="new"``, ``is_customer=False``; ``min_score`` from 0 to 100,
            ``min_confidence`` from 0 to 1; ``text``, searched in names, places, pages, referrers and campaigns.
            None removes a filter.

        Raises
        ------
        TypeError
            A limit is not a number.
        ValueError
            A filter is unknown, a limit is out of range, or a country is given by its name.
        """
        with self._lock:
            changed = self._map_state.filters.but(**filters)
            self._change_state(filters=changed.lock(*filters) if locked else changed)
        self._selection_callbacks.call(self.selection)

    def filter_by_person(self, **filters: Any) -> str:  # noqa: ANN401 - see `Filters.but_by_person`
        """Change filters as a person does, here or in another widget that follows this map.

        Return why the change was refused and logged, or an empty text.
        """
        with self._lock:
            try:
                changed = self._map_state.filters.but_by_person(**filters)
            except (TypeError, ValueError) as error:
                _LOG.warning("A filter that the browser set was refused: %s", error)
                return str(error)
            self._change_state(filters=changed)
        self._selection_callbacks.call(self.selection)
        return ""

    def clear_filters(self) -> None:
        """Remove all filters, locked ones too."""
        self._change_state(filters=Filters())
        self._selection_callbacks.call(self.selection)

    def fit(self) -> None:
        """Move the map to the visitors who pass the filters."""
        self._fit()

    def on_update(self, callback: Callable[[Snapshot], Any], *, remove: bool = False) -> None:
        """Call a function with each new snapshot, after it is drawn. Calls run on a thread of the map, one at a time.

        An exception in the function is reported once, in the header and the log, and does not stop the map. What it
        prints appears under the cell that ran last, so append to a list or write to an ``ipywidgets.Output`` instead.

        Parameters
        ----------
        callback
            The function; it gets the snapshot.
        remove
            Remove the function again.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> live, counts = dfn.LiveMap(dfn.demo.Site(seed=0)), []
        >>> live.on_update(lambda snap: counts.append(snap.visitors.height))
        >>> live.close()
        """
        self._listen(self._update_callbacks, callback, remove=remove)

    def on_selection(self, callback: Callable[[pl.DataFrame], Any], *, remove: bool = False) -> None:
        """Call a function with `selection` whenever the filters or the data change. Otherwise like `on_update`.

        Parameters
        ----------
        callback
            The function; it gets a frame with the columns of ``schema.VISITORS``.
        remove
            Remove the function again.
        """
        self._listen(self._selection_callbacks, callback, remove=remove)

    def on_payment(self, callback: Callable[[pl.DataFrame], Any], *, remove: bool = False) -> None:
        """Call a function with new payments, at least one, as a frame with the columns of ``schema.PAYMENTS``.

        The payments in the first snapshot are not new. Otherwise like `on_update`.

        Parameters
        ----------
        callback
            The function; it gets the frame.
        remove
            Remove the function again.
        """
        self._listen(self._payment_callbacks, callback, remove=remove)

    def on_visitor(
        self, callback: Callable[[pl.DataFrame], Any], *, where: pl.Expr | None = None, remove: bool = False
    ) -> None:
        """Call a function with new visitors, at least one, as a frame with the columns of ``schema.VISITORS``.

        The visitors in the first snapshot are not new. Otherwise like `on_update`.

        Parameters
        ----------
        callback
            The function.
        where
            A Polars expression; only visitors for whom it is true are passed. It may use derived dimensions such as
            ``channel``.
        remove
            Remove the function again.
        """
        if where is not None:
            trial = VISITORS.to_frame().select(*([pl.lit("").alias("site")] if self._several else []), pl.all())
            with_dimensions(trial, *DERIVED).filter(where)  # raises here, where the user sees it
        self._listen(self._visitor_callbacks, Conditional(callback, where), remove=remove)

    def on_status(self, callback: Callable[[Status], Any], *, remove: bool = False) -> None:
        """Call a function with `status` whenever it changes. Otherwise like `on_update`.

        Parameters
        ----------
        callback
            The function; it gets the new status.
        remove
            Remove the function again.
        """
        self._listen(self._status_callbacks, callback, remove=remove)

    def watch(self, view: str) -> None:
        """Keep polling: a view of another widget that follows this map is visible. This holds for 18 seconds."""
        self._visibility.beat(view)
        self._sites.each(Poller.watch)

    def unwatch(self, view: str) -> None:
        """Stop counting a view that was passed to `watch`."""
        self._visibility.leave(view)
        self._release_view()

    def save_html(self, path: str | Path, *, title: str = "Who is on the website", redact: bool = True) -> Path:
        """Write the map as one HTML file that works without a kernel and without a network, for any browser.

        It holds who passes the filters: the map that can be moved, with its lists, cards, colors and further filters,
        and the part of the world and the card that are shown. Of a replay, it holds up to 24 moments at equal
        distances, fewer if there are many visitors, and the one that is shown; the time bar goes from one to the next.
        It keeps no tiles, and no more than fits into 1.5 MB: of more than about 1,600 visitors at one moment, those who
        are most likely to buy, and it says so.

        A policy in the file forbids all requests. It is written whole or not at all: if writing fails, an existing file
        stays as it was.

        Parameters
        ----------
        path
            The file to write.
        title
            The heading of the page.
        redact
            Whether to replace names and e-mail addresses by pseudonyms, as `Snapshot.redacted` does. What was searched
            for is left out, too.

        Returns
        -------
        pathlib.Path
            The file that was written.

        Raises
        ------
        RuntimeError
            There is no snapshot yet, or none of the moment that a replay shows.
        """
        shown = self._saved(title, redact=redact)
        kept = self._kept(redact=redact)
        document = page(kept, title=title, note=about_names(redact=redact), figures=shown.figures, height=self.height)
        write_whole(file := Path(path), document)
        return file

    def _kept(self, *, redact: bool) -> Kept:
        """Return what a page keeps: the moment that is shown, and others of a replay."""
        with self._lock:
            snapshot, sites = self._sites.latest()
            assert snapshot is not None, "there is something to save"
            coloring = self._renderer.coloring(self._shown, self._map_state)
            kept = Kept(
                snapshots=[snapshot],
                first=0,
                sites=sites,
                model=self._model,
                state=self._map_state,
                settings=self._settings(),
                coloring=coloring,
                private=self._is_private,
                redact=redact,
                time_zone=self.time_zone,
            )
        if self._timebar is None:
            return kept
        moments = self._timebar.moments(snapshot, MOST_VISITORS)
        first = next(place for place, each in enumerate(moments) if each is snapshot)
        return replace(kept, snapshots=moments, first=first, coverage=self._timebar.coverage)

    def save_image(
        self,
        path: str | Path,
        *,
        width: float | None = None,
        scale: float = 2.0,
        title: str = "Who is on the website",
        redact: bool = True,
    ) -> Path:
        """Write a picture of what is shown: the filters, the colors, the part of the world, the selected visitor.

        It is drawn without a browser, over the land; tiles, popups and the heat map are left out. For a globe it is a
        map: of the whole world, or of the part that the globe is zoomed in to. Of several views, it
        is the one that was opened last; before the map is displayed, the whole world. The file is written whole or not
        at all.

        Parameters
        ----------
        path
            The file to write: ``.png``, ``.svg`` or ``.pdf``.
        width
            The width of the picture in pixels, from 100 to 10,000; by default that of the map on the screen.
        scale
            Pixels of a PNG for each pixel of the picture, from 0.1 to 10.
        title
            The heading of the picture.
        redact
            Whether to leave out names and e-mail addresses in the filters and the legend, and what was searched for.
            The picture says which.

        Returns
        -------
        pathlib.Path
            The file that was written.

        Raises
        ------
        ValueError
            The format is not one of these, the path is a folder, or `width` or `scale` is out of range.
        RuntimeError
            There is no snapshot yet, or none of the moment that a replay shows.
        DrawingError
            The picture can't be drawn.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> live = dfn.LiveMap(dfn.demo.Site())
        >>> live.save_image("map.png", width=1200)  # doctest: +SKIP
        """
        file = checked_image(path)
        checked_between(scale, "scale", 0.1, 10)
        if width is not None:
            checked_between(width, "width", 100, 10_000)
        write_whole(file, content(self._saved(title, redact=redact), file, width, scale))
        return file

    def _saved(self, title: str, *, redact: bool) -> Shown:
        """Return what is shown now, to be saved."""
        snapshot, sites = self._sites.latest()
        if snapshot is None:
            of = "" if self._timebar is None else " of this moment"
            raise RuntimeError(f"There is no snapshot{of} to save yet. Wait until live.snapshot is not None.")
        return self._pictured(snapshot, sites, title, redact=redact)

    def _pictured(self, snapshot: Snapshot, sites: Collection[str], title: str, *, redact: bool) -> Shown:
        """Return what is shown of a snapshot."""
        with self._lock:
            if self._frame.snapshot is snapshot:
                frame = self._shown
            else:
                frame = FrameState(snapshot, sites, model=self._model)
                frame = RedactedFrame(frame) if self._is_private else frame
            return saved(
                frame,
                self._map_state,
                self._renderer,
                title=title,
                redact=redact,
                theme=self.theme,
                time_zone=self.time_zone,
            )

    def close(self) -> None:
        """Stop polling and remove the map from the page. Calling it again has no effect."""
        if sys.is_finalizing():
            return  # as in `Poller.close`
        if hasattr(self, "_sites"):  # missing if the constructor raised
            self._sites.close()
            if self._timebar is not None:
                self._unfollow()
            with self._lock:
                view, self._view = self._view, None
            if view is not None:
                view.close()
                self.layout.close()
        super().close()

    def _removed_from_cells(self) -> None:
        """Release the browser's widgets when the cell that showed the map is run again or deleted.

        The map itself stays as it is; its widgets are created again when it is displayed again.
        """
        super()._removed_from_cells()
        self._release_view()

    def _release_view(self) -> None:
        """Close the view's widgets if no cell shows the map, no widget holds it and nobody is watching."""
        with self._lock:
            view = self._view
            if view is None or not self._replaced or self._visibility.is_watched() or is_held(self):
                return
            self._close_comm()
            self._view, self.children = None, ()
            self._renderer.forget()
        view.close()
        self.layout.close()

    def __repr__(self) -> str:
        return f"LiveMap({self._source_names}, every={self.every:g}, status={self.status.state!r})"

    def _static_output(self) -> Bundle:
        """Return a picture without names, if there is an answer or soon will be, and the figures in words."""
        drawer.start()  # while the first answer is on its way
        if self._sites.are_threaded:
            self._answered.wait(_PATIENCE)
        (snapshot, sites), title = self._sites.latest(), self._called()
        if snapshot is None:
            return {"text/plain": f"{title}\n{NEEDS_KERNEL}"}, {}
        count, time = number(snapshot.visitors.height, "visitor"), clock(snapshot.fetched_at, self.time_zone)
        shown = self._pictured(snapshot, sites, title, redact=True)
        content, metadata = still(shown)
        words = f"{title}: {count} at {time}\n{in_words(shown)}\n{NEEDS_KERNEL}"
        return {**content, "text/plain": words}, metadata

    def _called(self) -> str:
        """Return what the map is called where no widgets are shown: the names of its sites, if they have some."""
        kind = "Live map" if self._timebar is None else "Replayed map"
        names = [plain(name, 40) for name in self._sites.pollers if name != ONE_SITE]
        return f"{kind} of {listed(names)}" if names else kind

    def _show(self) -> None:
        """Make the view and open the comm, the first time."""
        with self._lock:
            if self._view is not None or self.status.state == "closed":
                return
            self._view = OwnView(self.height) if is_marimo() else View(self.height, self.basemap)
            self.layout.open()  # closed if an earlier view was closed
            self._visibility.expect()
            self._view.front.on_message(self._take)
            self._view.front.on_values(self._take_settings)
            self._render()
            self._open_view("datafast-map")

    def _forget_view(self) -> None:
        super()._forget_view()
        self._renderer.forget()

    # Traits

    @validate("every")
    def _check_every(self, proposal: Bunch) -> float:
        with as_trait_error():
            return checked_between(proposal["value"], "every", SHORTEST_EVERY, LONGEST_EVERY, "seconds")

    @validate("height")
    def _check_height(self, proposal: Bunch) -> int:
        with as_trait_error():
            return _checked_height(proposal["value"])

    @validate("basemap")
    def _check_basemap(self, proposal: Bunch) -> Basemap:
        basemap: Basemap = proposal["value"]
        checked(basemap)
        return basemap

    @validate("color_by")
    def _check_colors(self, proposal: Bunch) -> str:
        if proposal["value"] == "probability" and self._model is None:
            raise TraitError("color_by is 'probability', which needs a model: LiveMap(source, model=learn(history)).")
        return str(proposal["value"])

    @observe("every")
    def _change_every(self, change: Bunch) -> None:
        if self._timebar is None:
            self._sites.each(lambda poller: poller.set_every(change["new"]))
        self._show_settings()

    @observe("color_by")
    def _change_colors(self, change: Bunch) -> None:
        self._change_state(color_by=change["new"])

    @validate("time_zone")
    def _check_time_zone(self, proposal: Bunch) -> str:
        with as_trait_error():
            return checked_zone(proposal["value"])

    @observe("theme", "time_zone", "projection")
    def _change_theme(self, _change: Bunch) -> None:
        self._change_state()

    @observe("redact")
    def _change_privacy(self, _change: Bunch) -> None:
        with self._lock:
            self._hide_names(private=self._map_state.private)

    @observe("height")
    def _change_height(self, change: Bunch) -> None:
        with self._lock:
            if self._view is not None:
                self._view.resize(change["new"])

    @observe("basemap")
    def _change_basemap(self, change: Bunch) -> None:
        with self._lock:
            if self._view is not None:
                self._view.put_under(change["new"])

    # Messages of the browser

    def _take(self, message: MapMessage) -> None:
        """Handle a message of the browser."""
        if self.status.state == "closed":
            return
        kind = message.__struct_config__.tag
        with self._faults_shown(f"An action failed: {kind}"):
            action = getattr(self, f"_do_{kind}", self._change)
            action(message)

    def _take_settings(self, values: dict[str, Any]) -> None:
        """Apply the settings that the browser set."""
        if self.status.state == "closed":
            return
        for name in _SETTINGS:
            if name in values:
                with self._faults_shown(f"An action failed: {name}"):
                    self.set_trait(name, values[name])
        self._show_settings()  # a value may have been refused, or overwritten by a rendering on another thread

    @contextmanager
    def _faults_shown(self, what: str) -> Iterator[None]:
        """Log an exception raised inside the block, and show it in the header. The rest of the screen stays."""
        before = self._faults.notes
        with self._faults.guarded(what):
            yield
        if self._faults.notes != before:
            with self._lock:
                if self._view is not None:
                    self._view.front.status = self._status_line()

    def _change(self, message: MapMessage) -> None:
        """Change what is shown, as a message asks."""
        with self._lock:
            state = self._map_state.after(message)
            if state is None:
                return
            self._show_state(state)
            if self._view is not None and isinstance(message, ShowViewport):
                self._view.front.framed = True

    def _do_pause(self, _message: Pause) -> None:
        self.stop()

    def _do_resume(self, _message: Resume) -> None:
        self._resume()

    def _do_seek(self, message: Seek) -> None:
        if self._timebar is not None:
            self._timebar.seek(message.at, message.turn)

    def _do_speed(self, message: ChangeSpeed) -> None:
        if self._timebar is not None:
            self._timebar.replay.speed = message.value

    def _do_refresh(self, _message: Refresh) -> None:
        self.refresh()

    def _do_filter(self, message: ChangeFilter) -> None:
        self.filter_by_person(**{message.name: message.value})

    def _do_clear(self, _message: ClearFilters) -> None:
        with self._lock:
            self._change_state(filters=self._map_state.filters.only_locked())
        self._selection_callbacks.call(self.selection)

    def _do_describe(self, message: DescribeCluster) -> None:
        with self._lock:
            frame, chosen = self._shown, self._renderer.chosen(self._shown, self._map_state.filters)
        # Outside the lock: estimating what moves the predictions takes a while at first, and drawing must not wait.
        inside = members(chosen, message.id)
        description = summary(inside, frame.reasons(inside))
        with self._lock:
            if self._view is not None:
                self._view.announce(Description(view=message.view, id=message.id, summary=description))

    def _do_open(self, message: OpenCluster) -> None:
        with self._lock:
            inside = members(self._renderer.chosen(self._shown, self._map_state.filters), message.id)
            if inside.height == 1 and inside["_key"][0] is not None:
                alone = self._map_state.with_view(message.view, opened=None)
                self._show_state(replace(alone, selected=inside["_key"][0]))
            else:
                place = (message.latitude, message.longitude)
                self._show_state(self._map_state.with_view(message.view, opened=message.id, place=place))

    def _do_fit(self, message: FitVisitors) -> None:
        self._fit(message.view)

    def _do_privacy(self, message: HideNames) -> None:
        self._hide_names(private=message.on)

    def _do_places(self, message: AskPlaces) -> None:
        with self._lock:
            if self._view is not None:
                self._view.announce(Places(part=message.part), places.content(message.part))

    def _do_beat(self, message: Beat) -> None:
        self.watch(message.view)
        with self._lock:
            if self._view is not None and message.first:
                # A view that is opened later can't know how old the data are.
                self._view.announce(Age(milliseconds=round(1000 * (time.monotonic() - self._arrived))))
            self._ask_where({message.view} - self._map_state.views.keys())

    def _do_away(self, message: Away) -> None:
        self.unwatch(message.view)
        if message.gone:
            with self._lock:
                self._show_state(self._map_state.only(set(self._map_state.views) - {message.view}))

    def _fit(self, view: str | None = None) -> None:
        """Move one view, or all views, to the visitors."""
        with self._lock:
            box = bounds(self._renderer.chosen(self._shown, self._map_state.filters))
            if self._view is not None and box is not None:
                (south, west), (north, east) = box
                self._view.announce(Fit(south=south, west=west, north=north, east=east, view=view))

    def _hide_names(self, *, private: bool) -> None:
        """Hide names if code or a person in the browser wants it, and render without them."""
        with self._lock:
            state = replace(self._map_state, private=private)
            frame = self._without_names() if self.redact or private else self._frame
            if self._view is not None:
                self._view.front.forget()  # or the saved widget would still say who was there
            self._show_state(replace(state, selected=self._key_in(frame, state.selected)))
        self._selection_callbacks.call(self.selection)

    def _key_in(self, frame: FrameState, key: int | None) -> int | None:
        """Return a visitor's key in the current frame with or without names; None if they have left."""
        if key is None:
            return None
        places = (each.visitors["_key"].index_of(key) for each in (self._frame, self._without_names()))
        found = next((place for place in places if place is not None), None)
        return None if found is None else int(frame.visitors["_key"][found])

    def _change_state(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of MapState
        """Change the state of the map, and render it."""
        with self._lock:
            self._show_state(replace(self._map_state, **changes))

    def _show_state(self, state: MapState) -> None:
        """Render a new state, and keep it only if that succeeds. The caller holds the lock."""
        before = self._map_state
        new = state.views.keys() - before.views.keys()
        # A browser that crashed or went to sleep did not report that its views ended.
        self._map_state = state.only({*self._visibility.views, *new}) if new else state
        try:
            self._render()
        except BaseException:
            self._map_state = before  # or every later rendering would fail, too
            raise
        self._ask_where(view for view in new if state.views[view].viewport is WORLD)

    def _ask_where(self, views: Iterable[str]) -> None:
        """Ask views for the part of the world that they show. The caller holds the lock."""
        if self._view is not None:
            for view in views:
                self._view.announce(AskViewport(view=view))

    # Rendering

    def _update(self) -> None:
        """Render the current moment, and call back with what is new. May run on any thread."""
        with self._faults_shown("The map could not be drawn"):
            snapshot, news = self._take_moment()
            if news is not None and snapshot is not None:
                with self._calling_back:
                    self._call_back(snapshot, news)
        before, self._last_status = self._last_status, self.status
        if self._last_status.state not in {"starting", "waiting"}:
            self._answered.set()
        if self._last_status != before:
            self._status_callbacks.call(self._last_status)
        if self._last_status.state == "unwatched":
            self._release_view()
        if self._timebar is not None:
            self._rest_with(self._timebar)

    def _take_moment(self) -> tuple[Snapshot | None, News | None]:
        """Render the current moment, announce what is new in it, and return both."""
        with self._lock:
            snapshot, sites = self._sites.latest()
            news = self._change_frame(snapshot, sites)
            self._render()
            if news is not None and self._view is not None:
                frame = self._shown
                chosen = self._renderer.chosen(frame, self._map_state.filters)
                message = announcements(frame.known_news(news), frame, chosen, self._map_state)
                if message is not None:
                    self._view.announce(message)
        return snapshot, news

    def _change_frame(self, snapshot: Snapshot | None, sites: Collection[str]) -> News | None:
        """Make a snapshot the current frame, and return what is new in it; None if it is current already, or None."""
        if snapshot is self._frame.snapshot:
            if self._timebar is not None:
                self._timebar.stays(self.snapshots.values())
            return None
        last = self._frame
        if self._timebar is not None and not self._timebar.goes_on():
            last = FrameState(None)  # what a jump skipped is not news
        self._frame = FrameState(snapshot, sites, last, self._model)
        if last.snapshot is None:
            self._forget_missing()
        self._arrived = time.monotonic()
        if snapshot is not None and self._timebar is None:
            self._minutes.note(snapshot.fetched_at, self._frame.visitors.height)
        return None if snapshot is None else self._frame.news_since(last)

    def _forget_missing(self) -> None:
        """Deselect the visitor and close the popups that are missing after a jump: these visitors did not leave."""
        state, frame = self._map_state, self._shown
        if state.selected is not None and state.selected not in frame.visitors["_key"]:
            state = replace(state, selected=None)
        chosen = self._renderer.chosen(frame, state.filters)
        for view, view_state in state.views.items():
            if view_state.opened is not None and not members(chosen, view_state.opened).height:
                state = state.with_view(view, opened=None)
        self._map_state = state

    # A replay

    def _follow_replay(self) -> None:
        """Request the moment that the replay was set to, and keep polling while it plays. May run on any thread."""
        if self._timebar is not None and self.status.state != "closed":
            on = self._timebar.replay.playing
            self._sites.each(lambda poller: poller.move(on=on))

    def _rest_with(self, timebar: TimeBar) -> None:
        """Make a last request when the replay ends. If nobody watches, start afresh: what was missed is not new."""
        state = self._sites.status.state
        if state == "unwatched":
            timebar.start_afresh()
        elif state not in {"stopped", "refused", "closed"} and not timebar.replay.playing:
            self._follow_replay()

    def _worded(self, status: Status) -> Status:
        """Return a status with the state of the replay, if there is one, and the map's time zone."""
        replay = None if self._timebar is None else self._timebar.doing()
        return replace(status, replay=replay, time_zone=self.time_zone)

    def _call_back(self, snapshot: Snapshot, news: News) -> None:
        """Call the user's functions outside the drawing lock, so that slow ones don't block the drawing."""
        before = self._problems
        site = ["site"] if self._several else []
        self._update_callbacks.call(snapshot)
        self._selection_callbacks.call(self.selection)
        if news.payments.height:
            self._payment_callbacks.call(news.payments.select(*site, *PAYMENTS))
        if news.arrived.height:
            self._visitor_callbacks.call(news.arrived.select(*site, *VISITORS))
        if self._problems != before:
            with self._lock:
                self._render()

    def _listen(self, callbacks: Callbacks[Any], callback: Callable[[Any], Any], *, remove: bool) -> None:
        """Add or remove a callback. Removing it also removes its error from the header."""
        (callbacks.remove if remove else callbacks.add)(callback)
        self._change_state()

    @property
    def _problems(self) -> list[str]:
        """One sentence for each site and each callback that has a problem."""
        callbacks = (
            self._update_callbacks,
            self._selection_callbacks,
            self._payment_callbacks,
            self._visitor_callbacks,
            self._status_callbacks,
        )
        return [*self._sites.faults(self.time_zone), *(fault for each in callbacks for fault in each.faults)]

    def _render(self) -> None:
        """Render the current frame in the current state. The caller holds the lock."""
        if self._view is None:
            return
        panels = msgspec.structs.replace(
            self._renderer.panels(self._shown, self._map_state),
            status=self._status_line(),
            controls=self._controls(),
            zone=self.time_zone,
        )
        if self._frame.snapshot is not None:
            panels = msgspec.structs.replace(panels, traffic=self._minutes.until(self._frame.snapshot.fetched_at))
        if self._timebar is not None:
            bar = {"replay": self._timebar.state(), "coverage": self._timebar.coverage}
            panels = msgspec.structs.replace(panels, **bar)
        layers = self._renderer.layers(self._shown, self._map_state)
        self._view.show(panels, layers, self._settings())

    def _show_settings(self) -> None:
        """Show the settings as they are now, and the choices."""
        with self._lock:
            if self._view is not None:
                self._view.front.controls = self._controls()
                self._view.front.show(self._settings())

    def _settings(self) -> MapSettings:
        """Return the settings as they are now, which other threads can change at any time."""
        return MapSettings(color_by=self.color_by, projection=self.projection, every=self.every, theme=self.theme)

    def _status_line(self) -> StatusLine:
        """Return the status of the polling, and further notes for the user."""
        now, snapshot, notes = self.status, self._frame.snapshot, [*self._problems, *self._faults.notes]
        text = str(now)
        if self._is_private:
            notes = [_WITHHELD] if notes else []
            text = self._without_names().blanked([text])[0] if now.fault else text
        if snapshot is not None and not snapshot.visitors.height:
            notes = ["Nobody here right now" if self._timebar is None else "Nobody was here", *notes]
        elif snapshot is not None and not snapshot.has_predictions:
            notes = [_NO_SCORE_YET, *notes]
        if self._frame.model_fault:
            notes = [self._frame.model_fault, *notes]
        return StatusLine(state=now.state, text=text, notes=tuple(notes))

    def _controls(self) -> Controls:
        """Return the choices of the controls, and whether polling is paused."""
        return Controls(
            resting=self.status.state in {"stopped", "refused"},
            every=tuple(Choice(each, f"every {duration(each)}") for each in sorted({*CHOICES_OF_EVERY, self.every})),
            colors=color_choices(several_sites=self._several, modeled=self._model is not None),
            modeled=self._model is not None and not self._frame.model_fault,
            privacy=Privacy(hidden=self._is_private, locked=self.redact),
        )


def _check_options(every: float, height: int, basemap: Basemap, time_zone: str) -> None:
    """Raise an error if an option of a map makes no sense."""
    checked_number(every, "every")
    _checked_height(height)
    checked(basemap)
    checked_zone(time_zone)


def _check_model(model: Model | None, sources: Mapping[str, Source]) -> None:
    """Raise an error if a model is given for several websites."""
    if model is not None and ONE_SITE not in sources:
        raise ValueError("A model is for one website: make a map of only that website.")


def _checked_height(height: object) -> int:
    """Return a height that a map can have, in pixels."""
    return int(checked_between(height, "height", LEAST_HEIGHT, MOST_HEIGHT, "pixels"))


def _name_of(basemap: Basemap) -> str | None:
    """Return a base map's name in a form that can be sent to the browser."""
    return basemap if basemap is None or isinstance(basemap, str) else str(getattr(basemap, "name", "layer"))


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls a bound method while its object exists, without keeping the object alive."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        bound = reference()
        if bound is not None:
            bound()

    return call
