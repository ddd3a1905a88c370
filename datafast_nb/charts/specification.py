"""What happens to every chart before it is drawn: its rows are embedded, and its text is cleaned.

The functions of ``charts`` return their charts through `finished`; whatever displays, saves or embeds a chart, even a
user's own, uses `specification_of`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

import altair as alt
import polars as pl
from altair.utils.schemapi import SchemaBase

from datafast_nb.charts.heading import Heading, signature_with_heading, with_heading
from datafast_nb.pictures import characters

_Asked = ParamSpec("_Asked")
_Chart = TypeVar("_Chart", bound=alt.TopLevelMixin)

_transformers: Final = Lock()


def finished(function: Callable[_Asked, _Chart]) -> Callable[_Asked, _Chart]:
    """Return the function with its charts finished: with the user's heading, clean text, and their rows in them.

    Altair passes the rows of frames to the data transformer that the user has enabled, which may write them to a file.
    It does not touch rows that are already in the chart.
    """

    @wraps(function)
    def finishing(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Chart:
        heading = {name: kwargs.pop(name, None) for name in Heading.__annotations__}
        chart = function(*args, **kwargs)
        with_heading(chart, **heading)
        return _finish(chart, {})  # type: ignore[no-any-return]

    finishing.__signature__ = signature_with_heading(function)  # type: ignore[attr-defined]
    return finishing


def _finish(part: Any, seen: dict[int, Any]) -> Any:  # noqa: ANN401 - whatever a chart is made of
    """Return a part of a chart, finished. This modifies the chart's own objects; shared objects are processed once."""
    if isinstance(part, (str, list, tuple, dict)):
        return _clean(part, lambda inner: _finish(inner, seen))
    if not isinstance(part, (SchemaBase, pl.DataFrame)):
        return part
    if id(part) not in seen:
        if isinstance(part, pl.DataFrame):
            seen[id(part)] = in_line(part)
        else:
            seen[id(part)] = part
            properties = _properties_of(part)
            for name, value in properties.items():
                properties[name] = _finish(value, seen)
    return seen[id(part)]


def _properties_of(part: SchemaBase) -> dict[str, Any]:
    """Return the properties of a part of a chart, to be changed in place: Altair 6.3.0 has no public way to them."""
    properties: dict[str, Any] = part._kwds  # noqa: SLF001
    return properties


def in_line(rows: pl.DataFrame) -> alt.InlineData:
    """Return rows as inline data, as Altair's default transformer does; `finished` does so for the rows of charts.

    The rows of a lookup need it earlier: Altair already passes them to the transformer when it names the chart.
    """
    data = alt.InlineData(values=[])
    # Set afterward, so that it is not validated row by row.
    data.values = cleaned(alt.default_data_transformer(rows, max_rows=max(rows.height, 1)))["values"]
    return data


def specification_of(chart: alt.TopLevelMixin | dict[str, Any]) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart, or a given specification, with clean text.

    The rows of frames are written into it, whatever data transformer is enabled.
    """
    if isinstance(chart, dict):
        return cleaned(chart)
    # Altair's own ``save`` does the same; all threads share the registry.
    with _transformers, alt.data_transformers.enable("default"), alt.data_transformers.disable_max_rows():
        return cleaned(chart.to_dict(context={"pre_transform": False}))


def titles_of(spec: dict[str, Any]) -> list[str]:
    """Return the lines of a specification's title and subtitle, each of which may be one text or several.

    Expressions, which only Vega can evaluate, are left out.
    """
    return [line for lines in _title_parts(spec) for line in lines]


def description_of(spec: dict[str, Any]) -> str:
    """Return the title and the subtitle of a specification as running text."""
    return ". ".join(" ".join(lines) for lines in _title_parts(spec)) or "Chart"


def _title_parts(spec: dict[str, Any]) -> list[list[str]]:
    """Return the lines of the title, and those of the subtitle; without those that have none."""
    title = spec.get("title")
    parts = [title.get("text"), title.get("subtitle")] if isinstance(title, dict) else [title]
    lines = [part if isinstance(part, list) else [part] for part in parts]
    return [found for each in lines if (found := [line for line in each if isinstance(line, str) and line])]


def cleaned(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a specification with every character that XML does not allow replaced in its text."""
    return _clean(spec, _clean_again)  # type: ignore[no-any-return]


def _clean_again(part: Any) -> Any:  # noqa: ANN401 - any JSON
    return _clean(part, _clean_again)


def _clean(part: Any, inner: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - any JSON
    """Clean a text; for a list or an object, clean its keys, and its values by another function."""
    if isinstance(part, str):
        return characters.cleaned(part)
    if isinstance(part, dict):
        return {_clean(key, inner): inner(value) for key, value in part.items()}
    return [inner(each) for each in part] if isinstance(part, (list, tuple)) else part
