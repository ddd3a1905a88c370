"""Render a frame state and a map state as what the browser shows. Independent of any widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import polars as pl

from datafast_nb.currencies import received
from datafast_nb.filter_bar import filter_bar, offered
from datafast_nb.filters import Filters
from datafast_nb.glossary import JUST_ARRIVING
from datafast_nb.livemap import sidebar
from datafast_nb.livemap.clusters import Viewport, cluster, marks, members, places, successor, weights
from datafast_nb.livemap.colors import CATEGORIES, COLOR_NAMES, Coloring, follow
from datafast_nb.livemap.frame_state import ONE_SITE, FrameState, News, of_visitors
from datafast_nb.livemap.popups import popup
from datafast_nb.livemap.prospects import expected_sales, within
from datafast_nb.livemap.redacted import RedactedFrame
from datafast_nb.livemap.view_state import MapState, ViewState
from datafast_nb.text import money, number
from datafast_nb.widgets.protocol import (
    Announcements,
    Card,
    Choice,
    Clusters,
    EventList,
    Figure,
    FilterBar,
    FilterOptions,
    Heat,
    MapLayers,
    MapPanels,
    PaymentList,
    Point,
    Popup,
    Selected,
    VisitorList,
)

_MOST_CURRENCIES: Final = 2
_MOST_IN_HINT: Final = 8  # currencies
_MOST_ANNOUNCED: Final = 3  # payments that are announced one by one
_MOST_PULSES: Final = 60  # places where arrivals are shown, those with most of them
_HEAT_PIXELS: Final = 30
_NOTHING: Final = "–"


class Renderer:
    """Renders frame states, and recomputes only what has changed since the last one. Not thread-safe."""

    def __init__(self) -> None:
        self._frame: FrameState | None = None
        self._done: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self._coloring = Coloring()
        self._card: dict[str, Any] | None = None  # the row of the last selected visitor

    def _once(self, part: str, key: tuple[Any, ...], compute: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Return the result computed for the same key, or compute it."""
        last = self._done.get(part)
        if last is None or last[0] != key:
            last = (key, compute())
            self._done[part] = last
        return last[1]

    def forget(self) -> None:
        """Drop all cached results."""
        self._done.clear()

    def chosen(self, frame: FrameState, filters: Filters) -> pl.DataFrame:
        """Return the visitors who pass the filters."""
        rows: pl.DataFrame = self._once("chosen", (frame, filters), lambda: frame.chosen(filters))
        return rows

    def payments(self, frame: FrameState, filters: Filters) -> pl.DataFrame:
        """Return the payments, with their payers, of the visitors who pass the filters; without filters, all."""
        key = (frame, filters)
        rows: pl.DataFrame = self._once("payments", key, lambda: payments_of(frame, self.chosen(*key), filters))
        return rows

    def layers(self, frame: FrameState, state: MapState) -> MapLayers:
        """Return what is drawn on the map."""
        self._keep_only(frame)
        filters, chosen = state.filters, self.chosen(frame, state.filters)
        clusters, coloring = self._clusters(frame, state)
        views = state.views.items()
        popups = {
            view: self._popup(frame, chosen, filters, coloring, view, clusters[view], each.opened, each.place)
            for view, each in views
            if each.opened is not None
        }
        return MapLayers(
            clusters=clusters,
            heat={view: self._heat(frame, chosen, filters, view, each) for view, each in views if each.heat},
            popups=popups,
            legend=self._once("legend", (frame, filters, coloring), lambda: coloring.legend(chosen["x"].null_count())),
        )

    def coloring(self, frame: FrameState, state: MapState) -> Coloring:
        """Return the coloring of the map, the lists and the card."""
        return self._clusters(frame, state)[1]

    def panels(self, frame: FrameState, state: MapState) -> MapPanels:
        """Return the visitors, events and payments to show around the map, without the status of the polling."""
        self._keep_only(frame)
        choice = (frame, state.filters)
        chosen = self.chosen(*choice)
        events = self._once(
            "events",
            choice,
            lambda: of_visitors(frame.events, chosen) if state.filters else frame.events,
        )
        payments = self.payments(*choice)
        coloring = self.coloring(frame, state)
        rows = self._once(
            "rows", (*choice, state.sort, coloring), lambda: sidebar.visitor_rows(chosen, state.sort, coloring)
        )
        snapshot = frame.snapshot
        card, selected = self._selected(frame, state.selected, coloring)
        return MapPanels(
            clock=0 if snapshot is None else round(snapshot.fetched_at.timestamp() * 1000),
            figures=self._once("figures", choice, lambda: _figures(frame, chosen, payments, state.filters)),
            visitors=VisitorList(rows=rows, total=chosen.height, sort=state.sort),
            events=EventList(
                rows=self._once("event rows", choice, lambda: sidebar.event_rows(events, frame.visitors)),
                total=events.height,
            ),
            payments=PaymentList(
                rows=self._once("payment rows", choice, lambda: sidebar.payment_rows(payments)),
                total=payments.height,
                hidden=frame.payments.height - payments.height,
            ),
            filters=self._filters(frame, chosen, state),
            card=card,
            selected=selected,
        )

    def _keep_only(self, frame: FrameState) -> None:
        """Drop the results of any other frame, as they would keep that frame alive."""
        if frame is not self._frame:
            self._frame = frame
            self._done.clear()

    def _clusters(self, frame: FrameState, state: MapState) -> tuple[dict[str, Clusters], Coloring]:
        """Return the clusters of each view, and the coloring of all."""
        category = state.color_by if state.color_by in CATEGORIES else None
        viewports = {view: view_state.viewport for view, view_state in state.views.items()}

        def clustered(view: str, viewport: Viewport) -> pl.DataFrame:
            key = (frame, state.filters, viewport, category)
            groups: pl.DataFrame = self._once(
                f"cells {view}", key, lambda: cluster(placed(), viewport, category=category)
            )
            return groups

        def placed() -> pl.DataFrame:
            if category is None:
                return self.chosen(frame, state.filters)
            frame.with_dimensions(category)
            rows: pl.DataFrame = self._once(
                "placed",
                (frame, state.filters, category),
                lambda: state.filters.apply(frame.visitors),
            )
            return rows

        def compute() -> tuple[dict[str, Clusters], Coloring]:
            clusters = {view: clustered(view, viewport) for view, viewport in viewports.items()}
            self._coloring = follow(self._coloring, state.color_by, frame.visitors, pl.concat(clusters.values()))
            return {
                view: marks(each, viewports[view], self._coloring) for view, each in clusters.items()
            }, self._coloring

        key = (frame, state.filters, viewports, state.color_by)
        drawn: tuple[dict[str, Clusters], Coloring] = self._once("clusters", key, compute)
        return drawn

    def _heat(self, frame: FrameState, chosen: pl.DataFrame, filters: Filters, view: str, state: ViewState) -> Heat:
        """Return the heat map of a view."""
        points: Heat = self._once(
            f"heat {view}",
            (frame, filters, state.viewport),
            lambda: weights(cluster(chosen, state.viewport, cell_pixels=_HEAT_PIXELS), state.viewport.zoom),
        )
        return points

    def _filters(self, frame: FrameState, chosen: pl.DataFrame, state: MapState) -> FilterBar:
        """Return the active filters and the available values."""
        asked = any(view_state.facets for view_state in state.views.values())
        options = self._once("options", (frame,), lambda: _options(frame)) if asked else None
        bar = filter_bar(state.filters, chosen.height, frame.visitors.height, options)
        return frame.blanked_bar(state.filters, bar) if isinstance(frame, RedactedFrame) else bar

    def _popup(
        self,
        frame: FrameState,
        chosen: pl.DataFrame,
        filters: Filters,
        coloring: Coloring,
        view: str,
        clusters: Clusters,
        cluster_id: str,
        place: tuple[float, float],
    ) -> Popup:
        """Return the popup that is open in a view, at the circle where most of those are whose circle was clicked."""
        key = (frame, filters, cluster_id, clusters.across)
        now: str = self._once(f"opened {view}", key, lambda: successor(chosen, cluster_id, clusters.across))

        def compute() -> Popup:
            inside = members(chosen, now)
            return popup(now, place, inside, frame.reasons(inside), coloring)

        content: Popup = self._once(f"popup {view}", (frame, filters, coloring, now), compute)
        circles = dict(zip(clusters.id, zip(clusters.latitude, clusters.longitude, strict=True), strict=True))
        latitude, longitude = circles.get(now, place)
        return msgspec.structs.replace(content, latitude=latitude, longitude=longitude)

    def _selected(self, frame: FrameState, key: int | None, coloring: Coloring) -> tuple[Card | None, Selected | None]:
        """Return the card and position of the selected visitor; after they left, the card as last known."""
        if key is None:
            self._card = None
            return None, None

        def compute() -> tuple[Card | None, Selected | None]:
            found = frame.visitors.filter(pl.col("_key") == key)
            here = found.height > 0
            if here:
                self._card = {**sidebar.row_of(found, coloring), "reasons": frame.reasons(found)}
            if self._card is None or self._card["_key"] != key:
                return None, None
            row = self._card
            known = here and row["x"] is not None
            place = Point(round(row["latitude"], 4), round(row["longitude"], 4)) if known else None
            horizon = "" if frame.model is None else within(frame.model)
            card = sidebar.card(row, frame.events, here=here, within=horizon)
            return card, Selected(site=row["site"], id=str(key), place=place)

        selected: tuple[Card | None, Selected | None] = self._once("card", (frame, key, coloring), compute)
        return selected


def announcements(news: News, frame: FrameState, chosen: pl.DataFrame, state: MapState) -> Announcements | None:
    """Return the announcement of what is new: arrivals in each view, and payments. None if nothing is new.

    Parameters
    ----------
    news
        What is new.
    frame, chosen
        The current frame state, and the visitors who pass the filters.
    state
        The state of the map.
    """
    arrived = news.arrived
    if state.filters:
        arrived = chosen.filter(pl.col("_key").is_in(arrived["_key"].implode()))
    views = state.views.items() if arrived.height else ()
    pulses = {view: _points(arrived, each.viewport) for view, each in views}
    paid = frame.paid.filter(pl.col("_payment").is_in(news.payments["_payment"].implode()))
    if state.filters:
        paid = paid.filter(pl.col("_key").is_in(chosen["_key"].implode()))
    shown = sidebar.announced(paid, _MOST_ANNOUNCED)
    if not any(pulses.values()) and not shown:
        return None
    return Announcements(arrived=pulses, payments=shown, more=paid.height - len(shown))


def _points(visitors: pl.DataFrame, viewport: Viewport) -> tuple[Point, ...]:
    """Return the positions of visitors within a view, grouped by its finest cells; if many, the largest."""
    most = places(visitors, viewport).head(_MOST_PULSES).select(pl.col("latitude", "longitude").round(4))
    return tuple(Point(*row) for row in most.iter_rows())


def payments_of(frame: FrameState, chosen: pl.DataFrame, filters: Filters) -> pl.DataFrame:
    """Return the payments of the visitors who pass the filters; without filters, all, even of unknown payers."""
    if not filters:
        return frame.paid
    return frame.paid.filter(pl.col("_key").is_in(chosen["_key"].implode()))


def _figures(frame: FrameState, chosen: pl.DataFrame, payments: pl.DataFrame, filters: Filters) -> tuple[Figure, ...]:
    """Return the figures above the map."""
    names = ("Visitors now", "Customers", "Expected value", "Revenue, 10 min")
    if frame.snapshot is None:
        return tuple(Figure(name, _NOTHING) for name in names)
    sums = sidebar.figures(chosen)
    everyone = frame.visitors.height
    worth, note = (money(sums["worth"], "USD"), JUST_ARRIVING) if sums["scored"] else (_NOTHING, "")
    sums_by_currency, others = received(payments, _MOST_IN_HINT)
    earned = sums_by_currency[:_MOST_CURRENCIES]
    others += len(sums_by_currency) - len(earned)
    return (
        Figure(names[0], f"{chosen.height:,}", f"of {everyone:,}" if filters else "", counted(frame)),
        Figure(names[1], f"{sums['customers']:,}"),
        Figure(names[2], worth, note) if frame.model is None else expected_sales(chosen, frame.snapshot, frame.model),
        Figure(names[3], " · ".join(earned) or _NOTHING, _more(others), " · ".join(sums_by_currency) if others else ""),
    )


def counted(frame: FrameState) -> str:
    """Return what is said where the service counts other visitors than it lists; else nothing."""
    listed = frame.visitors.height
    if frame.snapshot is None or frame.snapshot.count == listed:
        return ""
    return f"{listed:,} visitors are listed; the service counts {frame.snapshot.count:,}"


def _more(currencies: int) -> str:
    """Return how many currencies are left out of a figure."""
    return f"+{number(currencies, 'more currency', 'more currencies')}" if currencies else ""


def _options(frame: FrameState) -> FilterOptions:
    """Return the values that are available for filters."""
    return offered(frame.with_dimensions("channel", "page"), several_sites=not frame.sites <= {ONE_SITE})


def color_choices(*, several_sites: bool, modeled: bool) -> tuple[Choice, ...]:
    """Return the choices for the colors of the map."""
    without = {name for name, there in (("site", several_sites), ("probability", modeled)) if not there}
    return tuple(Choice(name, words) for name, words in COLOR_NAMES.items() if name not in without)
