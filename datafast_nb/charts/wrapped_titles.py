"""Titles of charts as Vega that are wrapped anew where their place is too narrow for their lines."""

from __future__ import annotations

import textwrap
from typing import Any, Final, NamedTuple

_Part = dict[str, Any]


class _Size(NamedTuple):
    """Of a part of a title: the pixels of a letter, on average, and the letters of shorter and shorter lines."""

    letter: float
    lines: tuple[int, ...]


_SIZES: Final = {"text": _Size(8.8, (80, 64, 50, 36, 28, 21)), "subtitle": _Size(6.5, (80, 68, 52, 40, 29))}
_USUAL: Final = 15  # pixels, for the font of a title


def wrapped(title: _Part, room: str, count: int) -> list[_Part]:
    """Let the lines of a title depend on its room.

    Parameters
    ----------
    title : dict
        The title; it is modified.
    room : str
        A Vega expression for the width that it may have, in pixels.
    count : int
        The number of such signals that there are.

    Returns
    -------
    list of dict
        The signals with the lines. These are values, as text from a site must not become a part of an expression.
    """
    found: list[_Part] = []
    for name, size in _SIZES.items():
        lines = [title[name]] if isinstance(title.get(name), str) else title.get(name)
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            continue
        font = title.get("fontSize", _USUAL) if name == "text" else _USUAL
        letter = size.letter * (_USUAL if isinstance(font, dict) else font) / _USUAL  # the size may be an expression
        longest = max(map(len, lines), default=0)
        shorter = [letters for letters in size.lines if letters < longest]
        if shorter:
            signal, words = f"title_{count + len(found)}", " ".join(lines)
            found.append({"name": signal, "value": [lines, *(textwrap.wrap(words, letters) for letters in shorter)]})
            tests = [f"({room} < {round(letters * letter)} ? 1 : 0)" for letters in (longest, *shorter[:-1])]
            title[name] = {"signal": f"{signal}[{' + '.join(tests)}]"}
    if found:
        title["limit"] = {"signal": room}
    return found
