"""What a map shows at one moment, as a picture of it is saved. Knows no widget."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from datafast_nb import privacy
from datafast_nb.filters import Filters
from datafast_nb.livemap.frame_state import FrameState
from datafast_nb.livemap.image import Shown
from datafast_nb.livemap.redacted import blanked, blanked_chips, who_left
from datafast_nb.livemap.render import Renderer
from datafast_nb.livemap.view_state import MapState
from datafast_nb.text import number
from datafast_nb.widgets.protocol import Legend, Theme

_REDACTED: Final = "Names are left out."
_NAMED: Final = "Names are included: be careful who you share this with."


def saved(
    frame: FrameState,
    state: MapState,
    renderer: Renderer,
    *,
    title: str,
    redact: bool,
    theme: Theme,
    time_zone: str,
) -> Shown:
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
    chosen = renderer.chosen(frame, filters)
    people = privacy.people((snapshot.visitors, snapshot.events, snapshot.payments)) if redact else None
    note = _note(filters, chosen.height, original.visitors, people)
    layers, panels = renderer.layers(frame, state), renderer.panels(frame, state)
    view, last = [*state.views.items()][-1]
    there = snapshot.fetched_at.astimezone(ZoneInfo(time_zone))
    moment = f"As of {there:%Y-%m-%d %H:%M} {time_zone}. {about_names(redact=redact)}"
    return Shown(
        viewport=last.viewport,
        clusters=layers.clusters[view],
        legend=layers.legend if people is None else _redacted_legend(layers.legend, people),
        selected=None if panels.selected is None else panels.selected.place,
        figures=panels.figures,
        title=title,
        notes=[moment, *([note] if note else [])],
        theme=theme,
    )


def about_names(*, redact: bool) -> str:
    """Return what is said of the names in what is saved."""
    return _REDACTED if redact else _NAMED


def _note(filters: Filters, matched: int, visitors: pl.DataFrame, people: list[str] | None) -> str:
    """Return the filters in a sentence; with people to hide, without their names and what was searched for."""
    chips = filters.chips()
    if not chips:
        return ""
    left = who_left(filters, visitors)
    texts = [chip["text"] for chip in chips] if people is None else blanked_chips(filters, people, left)
    shown = "; ".join(f"{chip['label']}: {text}" for chip, text in zip(chips, texts, strict=True))
    return f"{matched:,} of {number(visitors.height, 'visitor')}. {shown}"


def _redacted_legend(legend: Legend, people: list[str]) -> Legend:
    """Return a legend without names: visitors may have written theirs into the link that they followed."""
    labels = blanked([swatch.label for swatch in legend.swatches], people)
    swatches = [msgspec.structs.replace(it, label=label) for it, label in zip(legend.swatches, labels, strict=True)]
    return msgspec.structs.replace(legend, swatches=tuple(swatches))
