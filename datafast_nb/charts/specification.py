"""What every chart passes before it is drawn: its rows are in it, and its text is clean.

The functions of ``charts`` give their charts through `finished`; what displays, saves or embeds any chart, a user's own
too, takes `specification_of` it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

import altair as alt
import polars as pl
from altair.utils.schemapi import SchemaBase

_Asked = ParamSpec("_Asked")
_Chart = TypeVar("_Chart", bound=alt.TopLevelMixin)

# Neither XML 1.0 (section 2.2) nor what draws pictures holds these: controls, halves of surrogate pairs, and the
# noncharacters, two at the end of each plane and 32 more (Unicode, section 23.7).
_ENDS_OF_PLANES: Final = "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
NO_CHARACTERS: Final = f"\ufdd0-\ufdef{_ENDS_OF_PLANES}"
"""The noncharacters, as a part of a regular expression's class."""

REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands for them."""

_UNCLEAN: Final = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{NO_CHARACTERS}]")
# Vega's expressions, which some text of a chart becomes a part of, end with a line.
_LINES: Final = re.compile("[\u2028\u2029]")
_transformers: Final = Lock()


def finished(function: Callable[_Asked, _Chart]) -> Callable[_Asked, _Chart]:
    """Give the charts of a function finished: with clean text, and with their rows in them.

    Altair hands the rows of frames to the data transformer that the user has enabled, which may write them into a file;
    it leaves rows that are in the chart alone.
    """

    @wraps(function)
    def finishing(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Chart:
        chart = function(*args, **kwargs)
        return _finish(chart, {})  # type: ignore[no-any-return]

    return finishing


def _finish(part: Any, seen: dict[int, Any]) -> Any:  # noqa: ANN401 - whatever a chart is made of
    """Give a part of a chart finished. The chart's own objects are changed, what they share is done once."""
    if isinstance(part, (str, list, tuple, dict)):
        return _clean(part, lambda inner: _finish(inner, seen))
    if not isinstance(part, (SchemaBase, pl.DataFrame)):
        return part
    if id(part) not in seen:
        if isinstance(part, pl.DataFrame):
            seen[id(part)] = in_line(part)
        else:
            seen[id(part)] = part
            for name, value in part._kwds.items():  # noqa: SLF001 - Altair has no other way to walk a chart
                part._kwds[name] = _finish(value, seen)  # noqa: SLF001
    return seen[id(part)]


def in_line(rows: pl.DataFrame) -> alt.InlineData:
    """Give rows as data of a chart, as Altair's default transformer does; `finished` does it for those of charts.

    Those of a lookup need it before: Altair hands them to the transformer already where it names the chart.
    """
    data = alt.InlineData(values=[])
    # Set afterwards, it is not validated row by row.
    data.values = cleaned(alt.default_data_transformer(rows, max_rows=max(rows.height, 1)))["values"]
    return data


def specification_of(chart: alt.TopLevelMixin | dict[str, Any]) -> dict[str, Any]:
    """Give the Vega-Lite specification of any chart, or a specification itself, with clean text.

    The rows of frames are written into it, whatever data transformer is enabled.
    """
    if isinstance(chart, dict):
        return cleaned(chart)
    # Altair's own ``save`` does the same; the registry is one for all threads.
    with _transformers, alt.data_transformers.enable("default"), alt.data_transformers.disable_max_rows():
        return cleaned(chart.to_dict(context={"pre_transform": False}))


def titles_of(spec: dict[str, Any]) -> list[str]:
    """Give the lines of a specification's title and subtitle, each of which may be one text or several.

    What is an expression is worked out by Vega alone, and left out.
    """
    title = spec.get("title")
    parts = [title.get("text"), title.get("subtitle")] if isinstance(title, dict) else [title]
    lines = (line for part in parts for line in (part if isinstance(part, list) else [part]))
    return [line for line in lines if isinstance(line, str) and line]


def cleaned(spec: dict[str, Any]) -> dict[str, Any]:
    """Give a specification in whose text every character that XML does not hold is replaced."""
    return _clean(spec, _clean_again)  # type: ignore[no-any-return]


def _clean_again(part: Any) -> Any:  # noqa: ANN401 - any JSON
    return _clean(part, _clean_again)


def _clean(part: Any, inner: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - any JSON
    """Clean a text; in a list or an object, its keys, and its values by another function."""
    if isinstance(part, str):
        return _LINES.sub(" ", _UNCLEAN.sub(REPLACED, part))
    if isinstance(part, dict):
        return {_clean(key, inner): inner(value) for key, value in part.items()}
    return [inner(each) for each in part] if isinstance(part, (list, tuple)) else part
