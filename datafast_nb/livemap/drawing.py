"""What a moment looks like: frames and wishes in, the state that the browser shows out. Knows no widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from datafast_nb import countries
from datafast_nb.conversion import revenue
from datafast_nb.filters import LIMITS, Filters
from datafast_nb.glossary import JUST_ARRIVING
from datafast_nb.livemap import panel
from datafast_nb.livemap.clusters import CELL_PIXELS, Viewport, collect, marks, members, weights
from datafast_nb.livemap.colours import CATEGORIES, COLOR_NAMES, Colouring, follow
from datafast_nb.livemap.scene import ONE_SITE, News, Scene, of_visitors
from datafast_nb.livemap.wishes import Look, Wishes
from datafast_nb.text import country_name, money, plain

OFFERED: Final = ("site", "country_code", "device", "channel", "page")
"""The dimensions whose values the filters offer to a person; code can filter by any."""

_MOST_OFFERED: Final = 40  # values of each
_LONGEST_OFFERED: Final = 120  # characters; a longer value can still be searched for
_MOST_CURRENCIES: Final = 2
_MOST_ANNOUNCED: Final = 3  # payments, one by one
_HEAT_PIXELS: Final = 30
_NOTHING: Final = "–"


class Drawing:
    """Turns scenes and wishes into states, and does again only what something new asks for. One thread at a time."""

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._done: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self._colouring = Colouring()
        self._card: dict[str, Any] | None = None  # the row of the visitor who was last selected

    def _once(self, part: str, key: tuple[Any, ...], compute: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Give what was computed for the same key, or compute it."""
        last = self._done.get(part)
        if last is None or last[0] != key:
            last = (key, compute())
            self._done[part] = last
        return last[1]

    def forget(self) -> None:
        """Keep nothing of what was drawn, until it is asked for again."""
        self._done.clear()

    def chosen(self, scene: Scene, filters: Filters) -> pl.DataFrame:
        """Give the visitors that pass the filters."""
        frame: pl.DataFrame = self._once("chosen", (scene, filters), lambda: scene.chosen(filters))
        return frame

    def state(self, scene: Scene, wishes: Wishes) -> dict[str, Any]:
        """Give the state of the front end."""
        if scene is not self._scene:
            self._scene = scene
            self._done.clear()  # what was drawn of another scene would keep it alive
        choice = (scene, wishes.filters)
        chosen = self.chosen(*choice)
        events = self._once(
            "events", choice, lambda: of_visitors(scene.events, chosen) if wishes.filters else scene.events
        )
        payments = self._once("payments", choice, lambda: _payments(scene, chosen, wishes.filters))
        clusters, colouring = self._clusters(scene, wishes)
        looks = wishes.looks.items()
        rows = self._once("rows", (*choice, wishes.sort), lambda: panel.visitor_rows(chosen, wishes.sort))
        snapshot = scene.snapshot
        return {
            "clock": 0 if snapshot is None else round(snapshot.fetched_at.timestamp() * 1000),
            "figures": self._once("figures", choice, lambda: _figures(scene, chosen, payments, wishes.filters)),
            "clusters": clusters,
            "legend": self._once("legend", (*choice, colouring), lambda: _legend(colouring, chosen)),
            "visitors": {"rows": rows, "total": chosen.height, "sort": wishes.sort},
            "events": {
                "rows": self._once("event rows", choice, lambda: panel.event_rows(events, scene.visitors)),
                "total": events.height,
            },
            "payments": {
                "rows": self._once("payment rows", choice, lambda: panel.payment_rows(payments)),
                "total": payments.height,
                "hidden": scene.payments.height - payments.height,
            },
            "filters": self._filters(scene, chosen, wishes),
            "heat": {view: self._heat(scene, chosen, wishes.filters, view, look) for view, look in looks},
            "tips": {view: self._tip(scene, chosen, wishes.filters, view, look) for view, look in looks},
            "popups": {view: self._popup(scene, chosen, wishes.filters, view, look) for view, look in looks},
            **self._selected(scene, wishes.selected),
        }

    def _clusters(self, scene: Scene, wishes: Wishes) -> tuple[dict[str, Any], Colouring]:
        """Give the clusters of each view as marks, and how they are all coloured."""
        category = wishes.color_by if wishes.color_by in CATEGORIES else None
        viewports = {view: look.viewport for view, look in wishes.looks.items()}

        def collected(view: str, viewport: Viewport) -> pl.DataFrame:
            key = (scene, wishes.filters, viewport, category)
            cells: pl.DataFrame = self._once(
                f"cells {view}", key, lambda: collect(placed(), viewport, category=category)
            )
            return cells

        def placed() -> pl.DataFrame:
            if category is None:
                return self.chosen(scene, wishes.filters)
            scene.with_dimensions(category)
            frame: pl.DataFrame = self._once(
                "placed", (scene, wishes.filters, category), lambda: wishes.filters.apply(scene.visitors)
            )
            return frame

        def compute() -> tuple[dict[str, Any], Colouring]:
            clusters = {view: collected(view, viewport) for view, viewport in viewports.items()}
            self._colouring = follow(self._colouring, wishes.color_by, scene.visitors, pl.concat(clusters.values()))
            drawn = {
                view: {"across": viewports[view].cells_across(CELL_PIXELS), "items": marks(each, self._colouring)}
                for view, each in clusters.items()
            }
            return drawn, self._colouring

        key = (scene, wishes.filters, viewports, wishes.color_by)
        drawn: tuple[dict[str, Any], Colouring] = self._once("clusters", key, compute)
        return drawn

    def _heat(self, scene: Scene, chosen: pl.DataFrame, filters: Filters, view: str, look: Look) -> list[list[float]]:
        """Give the weights of a view's heat; none while it is not shown."""
        if not look.heat:
            return []
        points: list[list[float]] = self._once(
            f"heat {view}",
            (scene, filters, look.viewport),
            lambda: weights(collect(chosen, look.viewport, cell_pixels=_HEAT_PIXELS), look.viewport.zoom),
        )
        return points

    def _filters(self, scene: Scene, chosen: pl.DataFrame, wishes: Wishes) -> dict[str, Any]:
        """Say what is chosen, and what could be."""
        asked = any(look.facets for look in wishes.looks.values())
        options = self._once("options", (scene,), lambda: offered(scene)) if asked else None
        return filter_bar(wishes.filters, chosen.height, scene.visitors.height, options)

    def _tip(self, scene: Scene, chosen: pl.DataFrame, filters: Filters, view: str, look: Look) -> dict[str, Any]:
        """Say what is in the cluster that a view's pointer is on, unless its popup says it."""
        cluster = look.pointed
        if cluster is None or cluster == look.opened:
            return {}
        key = (scene, filters, cluster)
        return {"id": cluster, **self._once(f"tip {view}", key, lambda: panel.tip(members(chosen, cluster)))}

    def _popup(self, scene: Scene, chosen: pl.DataFrame, filters: Filters, view: str, look: Look) -> dict[str, Any]:
        """Say who is in the cluster whose popup a view has open."""
        cluster = look.opened
        if cluster is None:
            return {}
        listed = self._once(f"popup {view}", (scene, filters, cluster), lambda: panel.popup(members(chosen, cluster)))
        return {"id": cluster, "place": list(look.place), **listed}

    def _selected(self, scene: Scene, key: int | None) -> dict[str, Any]:
        """Give the card of the visitor who is selected; of one who has left, what was last known."""
        if key is None:
            self._card = None
            return {"card": {}, "selected": {}}

        def compute() -> dict[str, Any]:
            found = scene.visitors.filter(pl.col("_key") == key)
            here = found.height > 0
            if here:
                self._card = panel.row_of(found)
            if self._card is None or self._card["_key"] != key:
                return {"card": {}, "selected": {}}
            row = self._card
            known = here and row["x"] is not None
            place = [round(row["latitude"], 4), round(row["longitude"], 4)] if known else None
            return {
                "card": panel.card(row, scene.events, here=here),
                "selected": {"site": row["site"], "id": str(key), "place": place},
            }

        card: dict[str, Any] = self._once("card", (scene, key), compute)
        return card


def announcements(news: News, scene: Scene, chosen: pl.DataFrame, wishes: Wishes) -> dict[str, Any] | None:
    """Give what the browser is told once about the news: where in each view, and who paid; None if nothing.

    Parameters
    ----------
    news
        What is new.
    scene, chosen
        The moment, and the visitors that pass the filters.
    wishes
        What a person wants to see.
    """
    arrived = (
        chosen.filter(pl.col("_key").is_in(news.arrived["_key"].implode())) if news.arrived.height else news.arrived
    )
    pulses = {view: _places(arrived, look.viewport) for view, look in wishes.looks.items()} if arrived.height else {}
    paid = scene.paid.filter(pl.col("_payment").is_in(news.payments["_payment"].implode()))
    if wishes.filters:
        paid = paid.filter(pl.col("_key").is_in(chosen["_key"].implode()))
    shown = panel.announced(paid, _MOST_ANNOUNCED)
    if not any(pulses.values()) and not shown:
        return None
    return {
        "do": "news",
        "arrived": pulses,
        "payments": shown,
        "more": paid.height - len(shown),
    }


def _places(visitors: pl.DataFrame, viewport: Viewport) -> list[list[float]]:
    """Give the places within a view where visitors are, as near to each other as its clusters."""
    return [list(row) for row in collect(visitors, viewport).select("latitude", "longitude").iter_rows()]


def filter_bar(
    filters: Filters, matched: int, total: int, options: dict[str, list[list[Any]]] | None
) -> dict[str, Any]:
    """Give what the bar of filters shows.

    Parameters
    ----------
    filters
        What is chosen by.
    matched, total
        How many visitors pass, and are there.
    options
        What could be chosen, as `offered` gives it; None while nobody asks.
    """
    values = {name: _single(filters, name) for name in (*OFFERED, "visit_kind", "is_customer")}
    limits = {name: filters.values.get(name) for name in (*LIMITS, "text")}
    return {
        "active": filters.chips(),
        "matched": matched,
        "total": total,
        "values": values | limits,
        "options": options,
    }


def _single(filters: Filters, name: str) -> Any:  # noqa: ANN401 - whatever is filtered by
    """Give the value that a filter accepts, or a list of them; None for any."""
    accepted = filters.values.get(name, ())
    return accepted[0] if len(accepted) == 1 else list(accepted) or None


def _payments(scene: Scene, chosen: pl.DataFrame, filters: Filters) -> pl.DataFrame:
    """Give the payments of the visitors that pass; all of them without filters, also those nobody here made."""
    if not filters:
        return scene.paid
    return scene.paid.filter(pl.col("_key").is_in(chosen["_key"].implode()))


def _figures(scene: Scene, chosen: pl.DataFrame, payments: pl.DataFrame, filters: Filters) -> list[dict[str, str]]:
    """Give the figures above the map."""
    names = ("Visitors now", "Customers", "Expected value", "Revenue, 10 min")
    if scene.snapshot is None:
        return [{"label": name, "value": _NOTHING, "note": ""} for name in names]
    sums = panel.figures(chosen)
    everyone = scene.snapshot.count
    here = f"{chosen.height if filters else everyone:,}"
    worth = money(sums["expected_value"], "USD") if sums["scored"] else _NOTHING
    earned, further = _revenue(payments)
    values = (here, f"{sums['customers']:,}", worth, earned)
    notes = (f"of {everyone:,}" if filters else "", "", JUST_ARRIVING if sums["scored"] else "", further)
    return [
        {"label": label, "value": value, "note": note} for label, value, note in zip(names, values, notes, strict=True)
    ]


def _revenue(payments: pl.DataFrame) -> tuple[str, str]:
    """Give the sum of each currency, the first few by number of payments, and how many more there are."""
    sums = (
        revenue(payments)
        .group_by("currency")
        .agg(pl.col("amount", "payments").sum())
        .sort("payments", "currency", descending=[True, False])
    )
    first = sums.head(_MOST_CURRENCIES).iter_rows()
    more = sums.height - _MOST_CURRENCIES
    return " · ".join(money(amount, code) for code, amount, _ in first) or _NOTHING, f"+{more} more" if more > 0 else ""


def _legend(colouring: Colouring, chosen: pl.DataFrame) -> dict[str, Any]:
    """Say what the colours mean, and who is not on the map."""
    ring = colouring.by != "is_customer"
    return {**colouring.legend(), "ring": ring, "unplaced": chosen["x"].null_count()}


def offered(scene: Scene) -> dict[str, list[list[Any]]]:
    """Give the values that each filter could take, the commonest first: value, words, visitors."""
    visitors = scene.with_dimensions("channel", "page")
    named = {"country_code": country_name}
    offered = {}
    for name in OFFERED:
        values = countries.known(visitors[name]) if name == "country_code" else visitors[name]
        values = values.drop_nulls()
        counts = values.filter(values.str.len_chars() <= _LONGEST_OFFERED).value_counts(name="visitors")
        counts = counts.sort(["visitors", name], descending=[True, False])
        offered[name] = [
            [value, named.get(name, plain)(value), count] for value, count in counts.head(_MOST_OFFERED).iter_rows()
        ]
    if scene.sites <= {ONE_SITE}:
        del offered["site"]
    return offered


def color_choices(*, several_sites: bool) -> list[list[str]]:
    """Give what the colours can tell, for a person to choose from."""
    return [[name, words] for name, words in COLOR_NAMES.items() if name != "site" or several_sites]
