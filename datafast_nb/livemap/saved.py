"""What a map shows at one moment, as it is saved: who passes the filters, and in which words. Knows no widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from datafast_nb import privacy
from datafast_nb.filters import Filters
from datafast_nb.livemap.colors import Coloring
from datafast_nb.livemap.frame_state import FrameState, of_visitors, part_of
from datafast_nb.livemap.image import Shown
from datafast_nb.livemap.prospects import expected_sales
from datafast_nb.livemap.redacted import blanked, blanked_chips
from datafast_nb.livemap.render import Renderer, payments_of
from datafast_nb.livemap.view_state import MapState
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number
from datafast_nb.widgets.protocol import Figure, Legend, Theme

_REDACTED: Final = "Names are left out."
_NAMED: Final = "Names are included: be careful who you share this with."


@dataclass(frozen=True, slots=True)
class Saved:
    """What is saved of a map.

    Attributes
    ----------
    snapshot : Snapshot
        Who passes the filters, what they did and paid; with the names, until it is redacted.
    predicted : polars.DataFrame or None
        What the map's model predicts for each of these visitors: ``probability``, ``worth`` and ``currency``.
    sales : Figure or None
        The sales that the model expects from them.
    names : list of str
        The names and addresses of everybody, to be blanked out.
    note : str
        The filters, in a sentence; empty without any.
    shown : Shown
        The picture.
    coloring : Coloring
        How it is colored.
    """

    snapshot: Snapshot
    predicted: pl.DataFrame | None
    sales: Figure | None
    names: list[str]
    note: str
    shown: Shown
    coloring: Coloring


def saved(
    frame: FrameState,
    state: MapState,
    renderer: Renderer,
    *,
    title: str,
    redact: bool,
    theme: Theme,
    time_zone: str,
) -> Saved:
    """Return what a map shows in the view that was opened last.

    Parameters
    ----------
    frame, state, renderer
        Those of the map; the frame is the one that is shown, without names if these are hidden, and has a snapshot.
    title
        The heading.
    redact
        Leave out the names in filters and in the legend.
    theme, time_zone
        Those of the map.
    """
    original, filters = frame.original, state.filters
    snapshot = original.snapshot
    assert snapshot is not None, "there is something to save"
    chosen = frame.originals(renderer.chosen(frame, filters))
    people = privacy.people((snapshot.visitors, snapshot.events, snapshot.payments))
    note = _note(filters, chosen.height, frame.visitors.height, people if redact else None)
    layers, panels = renderer.layers(frame, state), renderer.panels(frame, state)
    view, last = [*state.views.items()][-1]
    there = snapshot.fetched_at.astimezone(ZoneInfo(time_zone))
    moment = f"As of {there:%Y-%m-%d %H:%M} {time_zone}. {_REDACTED if redact else _NAMED}"
    return Saved(
        snapshot=part_of(
            snapshot,
            chosen,
            of_visitors(original.events, chosen) if filters else original.events,
            payments_of(original, chosen, filters),
            count=chosen.height if filters else snapshot.count,
        ),
        predicted=None if frame.model is None else chosen.select("probability", "worth", "currency"),
        sales=None if frame.model is None else expected_sales(chosen, snapshot, frame.model),
        names=people,
        note=note,
        shown=Shown(
            viewport=last.viewport,
            clusters=layers.clusters[view],
            legend=_redacted_legend(layers.legend, people) if redact else layers.legend,
            selected=None if panels.selected is None else panels.selected.place,
            figures=panels.figures,
            title=title,
            notes=[moment, *([note] if note else [])],
            theme=theme,
        ),
        coloring=renderer.coloring(frame, state),
    )


def _note(filters: Filters, matched: int, total: int, people: list[str] | None) -> str:
    """Return the filters in a sentence; with people to hide, without their names and what was searched for."""
    chips = filters.chips()
    if not chips:
        return ""
    texts = [chip["text"] for chip in chips] if people is None else blanked_chips(filters, people)
    shown = "; ".join(f"{chip['label']}: {text}" for chip, text in zip(chips, texts, strict=True))
    return f"{matched:,} of {number(total, 'visitor')}. {shown}"


def _redacted_legend(legend: Legend, people: list[str]) -> Legend:
    """Return a legend without names: visitors may have written theirs into the link that they followed."""
    labels = blanked([swatch.label for swatch in legend.swatches], people)
    swatches = [msgspec.structs.replace(it, label=label) for it, label in zip(legend.swatches, labels, strict=True)]
    return msgspec.structs.replace(legend, swatches=tuple(swatches))
