"""The headings of charts: each chart has its own, and the user may give other words."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, Final, TypedDict

import altair as alt

_WIDEST: Final = 80  # characters of a line of a title
_WIDEST_BELOW: Final = 92  # and of a line below it


class Heading(TypedDict, total=False):
    """What each function that draws a chart takes in addition; `finished` puts it above the chart.

    Attributes
    ----------
    title : str or None
        The title in place of the chart's own.
    subtitle : str or None
        A text below it. The chart's own notes, which explain dashes and faintness, stay below that.
    """

    title: str | None
    subtitle: str | None


def with_heading(chart: Any, title: object, subtitle: object) -> None:  # noqa: ANN401 - any chart
    """Change the heading of a chart in place, and keep its notes.

    Raises
    ------
    TypeError
        The title or the subtitle is not a text.
    """
    for name, words in (("title", title), ("subtitle", subtitle)):
        if words is not None and not isinstance(words, str):
            raise TypeError(f"{name} takes a text, not {words!r:.60}.")
    own = chart.title
    if isinstance(title, str):
        lines = textwrap.wrap(title, _WIDEST)
        own.text = lines if len(lines) > 1 else " ".join(lines)
    if isinstance(subtitle, str):
        own.subtitle = [*textwrap.wrap(subtitle, _WIDEST_BELOW), *_lines(own.subtitle)]


def _lines(subtitle: object) -> list[str]:
    """Return the lines of a chart's own notes."""
    if subtitle is alt.Undefined or not subtitle:
        return []
    return [subtitle] if isinstance(subtitle, str) else list(subtitle)  # type: ignore[call-overload]


def signature_with_heading(function: Callable[..., Any]) -> inspect.Signature:
    """Return a function's signature with the parts of a heading spelled out, for help and completion."""
    own = inspect.signature(function)
    kept = [it for it in own.parameters.values() if it.kind is not it.VAR_KEYWORD]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation="str | None")
        for name in Heading.__annotations__
    ]
    return own.replace(parameters=[*kept, *more])
