"""What a saved page holds of a map: the rows of its moments in words, and what it takes to sum and filter them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self, get_args

import polars as pl
from msgspec.structs import replace as with_changes

from datafast_nb import countries, privacy
from datafast_nb.filter_bar import OFFERED, filter_bar, offered
from datafast_nb.filters import NAMES, SEARCHED, label
from datafast_nb.forecast.model import Model
from datafast_nb.glossary import JUST_ARRIVING
from datafast_nb.livemap import sidebar
from datafast_nb.livemap.clusters import WORLD, Viewport, cluster
from datafast_nb.livemap.colors import CATEGORIES, GRADIENT, Coloring, follow
from datafast_nb.livemap.frame_state import ONE_SITE, FrameState, of_visitors
from datafast_nb.livemap.prospects import expected_sales, within
from datafast_nb.livemap.redacted import RedactedFrame
from datafast_nb.livemap.render import color_choices, counted
from datafast_nb.livemap.view_state import MapState
from datafast_nb.livemap.worth import worth_column, worth_currency
from datafast_nb.schema import RANGES
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import country_names, number, place_name, plain, symbol_of
from datafast_nb.widgets.protocol import (
    Box,
    ColorBy,
    Controls,
    Coverage,
    Currency,
    EventRow,
    Factor,
    FilterBar,
    FilterValues,
    MapSettings,
    Privacy,
    SavedMap,
    SavedMoment,
    SavedPayment,
    SavedVisitor,
    Scale,
    Spot,
)

_EVENTS: Final = 6  # of each visitor, on average, that are kept at most
_TRAITS: Final = (*OFFERED, "visit_kind")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a map, and how.

    Attributes
    ----------
    snapshots : sequence of Snapshot
        The moments, in order.
    first : int
        The number of the one that is shown first.
    sites : collection of str
        The names of the sites.
    model : Model or None
        The map's model.
    state : MapState
        The filters, the order, the selected visitor and the part of the world.
    settings : MapSettings
        The colors, the projection and the theme.
    coloring : Coloring
        How the map is colored now.
    private : bool
        Whether the map shows no names.
    redact : bool
        Whether to leave names out.
    time_zone : str
        Of the times.
    coverage : Coverage
        That of a replay.
    """

    snapshots: Sequence[Snapshot]
    first: int
    sites: Collection[str]
    model: Model | None
    state: MapState
    settings: MapSettings
    coloring: Coloring
    private: bool
    redact: bool
    time_zone: str
    coverage: Coverage = field(default_factory=Coverage)

    def people(self) -> list[str]:
        """Return whom to leave out: those of all moments, as a visitor may become known after they left traces."""
        if not (self.redact or self.private):
            return []
        moments = ((each.visitors, each.events, each.payments) for each in self.snapshots)
        return sorted({name for frames in moments for name in privacy.people(frames)})

    def with_fewer(self, moments: int) -> Self:
        """Return the same with so many moments at most, at nearly equal distances, with both ends and the one shown."""
        last = len(self.snapshots) - 1
        kept = {round(place * last / (moments - 1)) for place in range(moments)} if moments > 1 else set()
        if self.first not in kept:
            nearest = sorted(kept - {0, last}, key=lambda place: abs(place - self.first))[:1]
            kept = {*kept.difference(nearest), self.first} if nearest else {self.first}
        places = sorted(kept)
        snapshots = [self.snapshots[place] for place in places]
        return replace(self, snapshots=snapshots, first=places.index(self.first))


def content(kept: Kept, most: int) -> SavedMap:
    """Return what a page holds, with so many visitors of all moments together at most."""
    people = kept.people()
    parts = [_Part(kept, snapshot, people, most // len(kept.snapshots)) for snapshot in kept.snapshots]
    shown, selected = parts[kept.first], None
    if kept.state.selected is not None:
        row = shown.basis.visitors["_key"].index_of(kept.state.selected)
        selected = None if row is None else str(shown.frame.visitors["_key"][row])
    viewport = _viewport(kept.state)
    codes = {code for part in parts for code in part.frame.payments["currency"]}
    currency = worth_currency(shown.frame.visitors)
    return SavedMap(
        moments=tuple(part.moment() for part in parts),
        first=kept.first,
        settings=kept.settings,
        controls=Controls(
            colors=color_choices(several_sites=shown.several, modeled=shown.frame.model is not None),
            modeled=shown.frame.model is not None,
            privacy=Privacy(hidden=kept.redact, locked=True),
        ),
        coverage=kept.coverage,
        sort=kept.state.sort,
        selected=selected,
        box=None if viewport is WORLD else Box(viewport.south, viewport.west, viewport.north, viewport.east),
        zone=kept.time_zone,
        currency=currency,
        currencies={code or "": _currency(code or "no currency") for code in {*codes, currency, "USD"}},
        arriving=JUST_ARRIVING,
        labels={name: label(name) for name in NAMES if name in FilterValues.__struct_fields__},
        gradient={f"{share:g}": color for share, color in GRADIENT.items()},
    )


def _currency(code: str) -> Currency:
    return Currency(*symbol_of(code))


def _viewport(state: MapState) -> Viewport:
    """Return the part of the world that the view shows that was opened last."""
    return [*state.views.values()][-1].viewport


class _Part:
    """One moment of a page.

    Attributes
    ----------
    basis : FrameState
        The frame as the map shows it, whose rows pass the filters.
    frame : FrameState
        The frame that is written: the same rows, without names unless they are wanted.
    """

    def __init__(self, kept: Kept, snapshot: Snapshot, people: Sequence[str], most: int) -> None:
        frame = FrameState(snapshot, kept.sites, model=kept.model)
        redacted = RedactedFrame(frame, people) if kept.redact or kept.private else frame
        self._kept = kept
        self._snapshot = snapshot
        self.basis = redacted if kept.private else frame
        self.frame = redacted if kept.redact else frame
        self.several = not self.frame.sites <= {ONE_SITE}
        filters = kept.state.filters
        rows = filters.apply(self.basis.with_dimensions(*filters.derived).with_row_index("_place"))["_place"]
        self.frame.visitors = self.frame.with_dimensions("channel", "page", "visit_kind").with_columns(
            pl.lit(countries.known(self.frame.visitors["country_code"])).alias("country_code")
        )
        self._chosen = self.frame.visitors[rows]
        self._kept_visitors = self._chosen
        if self._chosen.height > most:
            order = ("is_customer", "probability" if "probability" in self._chosen.columns else "score", "_key")
            likeliest = self._chosen.sort(order, descending=[False, True, True], nulls_last=True)
            self._kept_visitors = likeliest.head(most)

    def moment(self) -> SavedMoment:
        """Return what is written."""
        visitors = self._kept_visitors.sort("_key", descending=True, nulls_last=True)
        factors = self.frame.factors(visitors).with_columns(pl.col("_row").cast(pl.Int64))
        known = factors.select("label", "factor").unique(maintain_order=True).with_row_index("_place")
        spots = visitors.select("city", "country_code").unique().sort("city", "country_code").with_row_index("_place")
        filters = self._kept.state.filters
        events, payments = self.frame.events, self.frame.paid
        if filters or visitors.height < self._chosen.height:
            events = of_visitors(events, visitors)
        if filters:
            payments = payments.filter(pl.col("_key").is_in(visitors["_key"].implode()))
        most = max(_EVENTS * visitors.height, sidebar.MOST_ROWS)
        notes = list(self._notes(visitors.height, events.height, most))
        return SavedMoment(
            clock=round(self._snapshot.fetched_at.timestamp() * 1000),
            notes=tuple(notes),
            hint=counted(self.frame),
            sales=self._sales(),
            filters=self._filters(),
            scales=self._scales(),
            spots=tuple(Spot(place_name(*at), _short(*at)) for _, *at in spots.iter_rows()),
            factors=tuple(Factor(*row) for row in known.select("label", "factor").iter_rows()),
            visitors=_visitors(visitors, spots, factors.join(known, on=("label", "factor")), self._horizon()),
            events=_numbered(sidebar.event_rows(events, visitors, most)),
            payments=_payments(payments),
        )

    def _notes(self, visitors: int, events: int, most_events: int) -> Sequence[str]:
        """Return what a reader should know of what is here, and of what is not."""
        notes = []
        if visitors < self._chosen.height:
            notes.append(f"the {visitors:,} of {self._chosen.height:,} visitors who are most likely to buy")
        if events > most_events:
            notes.append(f"the newest {most_events:,} of {number(events, 'event')}")
        if not self._chosen.height:
            notes.append("nobody was here")
        elif not self._snapshot.has_predictions:
            notes.append("no predictions for this site yet")
        return [*notes, *([self.frame.model_fault] if self.frame.model_fault else [])]

    def _horizon(self) -> str:
        return "" if self.frame.model is None else within(self.frame.model)

    def _sales(self) -> Any:  # noqa: ANN401 - a figure, or none
        """Return what the model expects of all who pass the filters."""
        if self.frame.model is None:
            return None
        rows = self.frame.originals(self._chosen)
        return expected_sales(rows, self._snapshot, self.frame.model)

    def _filters(self) -> FilterBar:
        """Return the filters, which only the map can change, and all options."""
        filters = self._kept.state.filters
        options = offered(self._kept_visitors, several_sites=self.several)
        locked = filters.lock(*filters.values)
        bar = filter_bar(locked, self._kept_visitors.height, self.frame.visitors.height, options)
        if not isinstance(self.frame, RedactedFrame):
            return bar
        return self.frame.blanked_bar(locked, bar, here=self.frame.original.visitors)

    def _scales(self) -> dict[str, Scale]:
        """Return the coloring by each thing; that by what the map shows is the map's own."""
        names = [each for each in get_args(ColorBy) if each != "probability" or self.frame.model is not None]
        return {by: self._scale(by) for by in names if by != "site" or self.several}

    def _scale(self, by: ColorBy) -> Scale:
        coloring = self._kept.coloring
        is_known = by == coloring.by and (coloring.category is None or self.frame is self.basis)
        if not is_known:  # or its categories would be those of the map, with the names
            category = by if by in CATEGORIES else None
            places = cluster(self._chosen, _viewport(self._kept.state), category=category)
            coloring = follow(Coloring(), by, self.frame.visitors, places)
        return coloring.scale()


def _visitors(
    visitors: pl.DataFrame, spots: pl.DataFrame, factors: pl.DataFrame, horizon: str
) -> tuple[SavedVisitor, ...]:
    """Return visitors as they are written."""
    country = pl.col("country_code").replace_strict(country_names(), default=None, return_dtype=pl.String)
    own = factors.group_by("_row").agg("_place").rename({"_place": "_factors"})
    rows = (
        visitors.with_row_index("_row")
        .with_columns(pl.col("_row").cast(pl.Int64))
        .join(spots, on=("city", "country_code"), how="left", nulls_equal=True, maintain_order="left")
        .join(own, on="_row", how="left", maintain_order="left")
        .select(
            "_place",
            "latitude",
            "longitude",
            "score",
            probability="probability" if "probability" in visitors.columns else pl.lit(None, pl.Float64),
            worth=worth_column(visitors),
            traits=pl.struct(pl.col(name).cast(pl.String) for name in _TRAITS),
            text=pl.concat_str([*SEARCHED, country], separator="\n", ignore_nulls=True).str.to_lowercase(),
            factors=pl.col("_factors").fill_null(pl.lit([], pl.List(pl.UInt32))),
            known=pl.col("x").is_not_null(),
        )
    )
    found = zip(sidebar.cards(visitors, horizon), rows.iter_rows(named=True), strict=True)
    return tuple(
        SavedVisitor(
            card=card,
            spot=row["_place"],
            latitude=row["latitude"] if row["known"] else None,
            longitude=row["longitude"] if row["known"] else None,
            score=row["score"],
            probability=row["probability"],
            worth=row["worth"],
            traits={name: value for name, value in row["traits"].items() if value is not None},
            text=row["text"],
            factors=tuple(row["factors"]),
        )
        for card, row in found
    )


def _numbered(events: Sequence[EventRow]) -> tuple[EventRow, ...]:
    """Return events with short keys: nothing arrives in a file."""
    return tuple(with_changes(event, key=str(place)) for place, event in enumerate(events))


def _payments(paid: pl.DataFrame) -> tuple[SavedPayment, ...]:
    """Return payments as they are written."""
    counts = pl.col("amount").is_between(*RANGES["amount"]).fill_null(value=False)
    rows = sidebar.payment_rows(paid, max(paid.height, 1))
    ordered = sidebar.newest(paid, paid.height).select(pl.col("amount").fill_nan(None), "currency", counts.alias("c"))
    return tuple(SavedPayment(row, *figures) for row, figures in zip(rows, ordered.iter_rows(), strict=True))


def _short(city: str | None, code: str | None) -> str:
    """Return the name of a place among others."""
    return plain(city, 32) if city else place_name(None, code)
