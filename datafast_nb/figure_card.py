"""A few figures side by side, as HTML for the output of a cell."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from datafast_nb.text import NO_MATH


def figure_card(label: str, figures: Iterable[tuple[str, str]], notes: Iterable[str] = ()) -> str:
    """Return figures with their names, and notes below them.

    Parameters
    ----------
    label
        What assistive technology calls the card.
    figures
        The name and the value of each.
    notes
        Sentences.

    Examples
    --------
    >>> "<b>" in figure_card("Snapshot", [("revenue", "<b>$1</b>")])
    False
    """
    cells = "".join(
        '<div style="padding:0 1.4em 0 0">'
        f'<div style="font-size:85%;opacity:.75">{escape(name)}</div>'
        f'<div style="font-weight:600;font-variant-numeric:tabular-nums">{escape(value)}</div></div>'
        for name, value in figures
    )
    below = "".join(f'<div style="padding:.3em 0">{escape(note)}</div>' for note in notes)
    return (
        f'<div class="{NO_MATH}" role="group" aria-label="{escape(label)}" style="padding:.5em 0">'
        f'<div style="display:flex;flex-wrap:wrap;gap:.4em 0">{cells}</div>{below}</div>'
    )
