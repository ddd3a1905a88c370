"""The live map: wires the poller, the clusters and the view together."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from ipywidgets import VBox, Widget
from traitlets import Bunch, Float, TraitError, observe, validate

from datafast_nb.livemap import markup
from datafast_nb.livemap.clusters import Viewport, collect, features, members, project
from datafast_nb.livemap.poller import Poller, Status
from datafast_nb.livemap.view import View
from datafast_nb.schema import VISITORS
from datafast_nb.snapshot import Snapshot, Source

SHORTEST_INTERVAL: Final = 1.0
"""Seconds: more often would be a burden for the service, whose data cover ten minutes."""


LONGEST_INTERVAL: Final = 86_400.0
"""Seconds."""

LEAST_HEIGHT: Final = 120
"""Pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """What is drawn of one snapshot, however often the map moves."""

    snapshot: Snapshot | None
    placed: pl.DataFrame
    header: str
    unplaced: int

    @classmethod
    def of(cls, snapshot: Snapshot | None) -> _Scene:
        """Prepare a snapshot for drawing."""
        visitors = VISITORS.to_frame() if snapshot is None else snapshot.visitors
        placed = project(visitors)
        return cls(snapshot, placed, markup.header(snapshot), visitors.height - placed.height)


class LiveMap(VBox):  # type: ignore[misc] # ipywidgets is not typed
    """A map of who is on a website now, which keeps itself up to date.

    Display it as the last line of a cell. It starts asking its source when it is made, in a thread of its own, and so
    goes on while other cells run. When the output is cleared or the cell is run again, it rests until it is seen again.

    Parameters
    ----------
    source : Source
        Where the snapshots come from: `Client`, `demo.Site`, or anything else with a method ``snapshot()``.
    interval : float
        Seconds from an answer to the next request, at least 1.
    height : int
        Height of the map, in pixels.

    Attributes
    ----------
    interval : float
        As above; may be changed, observed and linked at any time.

    Raises
    ------
    TypeError
        `source` has no method ``snapshot()``.
    ValueError
        `height` is under 120.
    traitlets.TraitError
        `interval` is under 1.

    Notes
    -----
    When a request fails, the last data stay, the header says what is wrong, and the next attempts come at growing
    distances. When the service refuses the key or does not know the website, the map stops until `start` or `refresh`.

    Nothing is sent to a browser before the map is displayed, and a map that never was ends when it is garbage
    collected. One that was displayed is kept by ipywidgets: `close` ends it.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> live = dfn.LiveMap(dfn.demo.Site(seed=0), interval=30)
    >>> live.status.interval
    30.0
    >>> live.close()
    >>> live.status.state
    'closed'
    """

    interval = Float(10.0)

    _view: View | None = None

    def __init__(self, source: Source, interval: float = 10.0, *, height: int = 460) -> None:
        if not isinstance(source, Source) or isinstance(source, type):
            raise TypeError(
                f"LiveMap needs a source of snapshots, not {type(source).__name__}. Give it datafast_nb.connect(), "
                "a Client, a demo.Site, or any object with a method snapshot() that returns a Snapshot."
            )
        for name, value in (("interval", interval), ("height", height)):
            if not isinstance(value, (int, float)):
                raise TypeError(f"{name} is {value!r:.60}: it must be a number.")
        if height < LEAST_HEIGHT:
            raise ValueError(f"height is {height}: a map needs at least {LEAST_HEIGHT} pixels.")
        self._source_name = type(source).__name__
        self._height = height
        self._drawing = threading.RLock()  # one draw at a time, each from one moment; guards all that follows
        self._scene = _Scene.of(None)
        self._drawn: tuple[_Scene, Viewport] | None = None
        self._fitted = False
        self._pointed: str | None = None  # the cluster that the panel is about
        self._opened: str | None = None  # the cluster that the popup is about
        self._poller = Poller(source, float(interval), _weakly(self._draw))
        super().__init__(interval=interval)
        weakref.finalize(self, self._poller.close)
        self._poller.start()

    @property
    def snapshot(self) -> Snapshot | None:
        """The last snapshot that arrived; None until the first has."""
        return self._poller.moment.snapshot

    @property
    def status(self) -> Status:
        """How the polling stands; as text, the sentence that the header shows."""
        return self._poller.moment.status

    def start(self) -> None:
        """Ask now and go on at the interval, after `stop` or a refusal, displayed or not."""
        self._poller.start()

    def stop(self) -> None:
        """Ask no more until `start`; the last data stay on the map."""
        self._poller.pause()

    def refresh(self) -> None:
        """Ask now. It returns at once; the answer is drawn, and is `snapshot`, when it has come."""
        self._poller.refresh()

    def close(self) -> None:
        """End the polling and take the map off the page. May be called again."""
        if sys.is_finalizing():
            return  # as the poller does
        if hasattr(self, "_poller"):  # a constructor that raised leaves an object without one
            self._poller.close()
            with self._drawing:
                view, self._view = self._view, None
            if view is not None:
                for widget in set(_family(self)) - {self}:
                    widget.close()
        super().close()

    def __repr__(self) -> str:
        return f"LiveMap({self._source_name}, interval={self.interval:g}, status={self.status.state!r})"

    # ipywidgets keeps every widget that has a comm, for ever. So this one opens its comm, and makes the widgets in it,
    # when it is displayed or put into another widget; until then the garbage collector can have it.

    def open(self) -> None:
        """Open the comm, once there is a view; ``Widget.__init__`` calls this too early."""
        if self._view is not None:
            super().open()

    @property
    def model_id(self) -> str:
        """The id by which a browser finds the widget."""
        self._show()
        return str(super().model_id)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any] | None:  # noqa: ANN401 - IPython's options
        self._show()
        if self._view is None:  # closed before it was ever shown
            return {"text/plain": repr(self)}
        bundle: dict[str, Any] | None = super()._repr_mimebundle_(**options)
        return bundle

    def _show(self) -> None:
        """Make the view and open the comm, the first time."""
        with self._drawing:
            if self._view is not None or self.status.state == "closed":
                return
            self._view = view = View(self._height, self.interval)
            view.on_viewport(self._move)
            view.on_hover(self._hover)
            view.on_click(self._click)
            view.toggle.on_click(lambda _button: self._toggle())
            view.refresh.on_click(lambda _button: self.refresh())
            view.home.on_click(lambda _button: view.fit_world())
            view.on_interval(lambda seconds: self.set_trait("interval", seconds))
            self._draw()
            self.children = view.children
            self.add_class("datafast-map")
            self._view_count = 0  # which asks the browser to keep it
            self.open()
            for widget in set(_family(self)):
                _answer_while_busy(widget)

    @validate("interval")
    def _check_interval(self, proposal: Bunch) -> float:
        if not SHORTEST_INTERVAL <= proposal["value"] <= LONGEST_INTERVAL:
            raise TraitError(
                f"interval is {proposal['value']:g} s: it must be from {SHORTEST_INTERVAL:g} to {LONGEST_INTERVAL:g}. "
                "10 is what dashboards on this endpoint use."
            )
        return float(proposal["value"])

    @observe("interval")
    def _change_interval(self, change: Bunch) -> None:
        self._poller.set_interval(change["new"])
        if self._view is not None:
            self._view.show_interval(change["new"])

    @observe("_view_count")
    def _count_views(self, change: Bunch) -> None:
        """Rest when the last view has gone; it never was if nobody has looked yet."""
        if change["new"]:
            self._poller.watch()
        elif change["old"]:
            self._poller.unwatch()

    def _toggle(self) -> None:
        """Pause or resume."""
        if self.status.state in {"paused", "stopped"}:
            self.start()
        else:
            self.stop()

    def _draw(self) -> None:
        """Show the present moment; on any thread."""
        with self._drawing:
            if self._view is None:
                return
            moment = self._poller.moment
            if moment.snapshot is not self._scene.snapshot:
                self._scene = _Scene.of(moment.snapshot)
                self._describe()
            self._view.show_moment(moment, self._scene.header, self._scene.unplaced)
            self._draw_clusters()

    def _draw_clusters(self) -> None:
        """Show the last scene in the present viewport, unless that is what is shown."""
        if self._view is None:
            return
        wanted = (self._scene, self._view.viewport)
        if self._drawn != wanted:
            self._drawn = wanted
            self._view.show_clusters(features(collect(self._scene.placed, wanted[1])))

    def _move(self) -> None:
        """Group anew after a zoom or a move, without a request; of a burst of events only one leads to a drawing."""
        with self._drawing:
            if self._view is not None and not self._fitted:
                self._fitted = self._view.fit_world()
            self._draw_clusters()

    def _hover(self, cluster_id: str | None) -> None:
        """Say who is under the pointer, or hide that."""
        with self._drawing:
            self._pointed = cluster_id
            self._describe()

    def _click(self, cluster_id: str, place: tuple[float, float]) -> None:
        """List who is in the cluster that was clicked."""
        with self._drawing:
            if self._view is not None:
                self._opened = cluster_id
                self._view.open_popup(markup.popup(members(self._scene.placed, cluster_id)), place)

    def _describe(self) -> None:
        """Say who is, in the last scene, where the panel and the popup are about."""
        if self._view is None:
            return
        placed = self._scene.placed
        self._view.show_hover("" if self._pointed is None else markup.hover(members(placed, self._pointed)))
        if self._opened is not None:
            self._view.write_popup(markup.popup(members(placed, self._opened)))


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Give a function that calls a bound method as long as its object is there, and does not keep it."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        bound = reference()
        if bound is not None:
            bound()

    return call


def _answer_while_busy(widget: Widget) -> None:
    """Take a widget's messages on the subshell that the browser chose for them, even while a cell runs.

    From version 7.4 on, ipykernel sends them to the shell that last wrote to the widget. For what the poller's thread
    writes that is the main one, where they would wait until the cell has ended.
    """
    if widget.comm is not None:
        widget.comm._reply_subshell_for = None  # noqa: SLF001 - the kernel's only switch for it; absent before 7.4


def _family(widget: Widget) -> Iterator[Widget]:
    """Give a widget and all that its traits hold, at any depth."""
    yield widget
    for name in widget.keys:
        value = getattr(widget, name)
        for member in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(member, Widget):
                yield from _family(member)
