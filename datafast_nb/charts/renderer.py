"""How a chart gets into a notebook: in a form that needs no network and no kernel, even when reopened.

Altair's default renderer loads Vega from a CDN, and JupyterLab does not understand its ``mimetype`` renderer. This one
puts three views of a chart into the same output: its specification, which JupyterLab, Notebook and Voilà draw by
themselves, as wide as their cell unless a person has given the chart a width; a PNG, for GitHub, nbconvert and other
tools without Vega; and a description in words.
"""

from __future__ import annotations

import warnings
from typing import Any, Final

import altair as alt

from datafast_nb.charts import drawing
from datafast_nb.charts.cell_width import following, follows_place, least_plot
from datafast_nb.charts.embedding import embed_options as embedded
from datafast_nb.charts.picture import png
from datafast_nb.charts.placed import has_long_title, width_of
from datafast_nb.charts.specification import description_of, specification_of, titles_of
from datafast_nb.errors import DrawingError, DrawingWarning
from datafast_nb.notebook_display import is_jupyter
from datafast_nb.text import plain

NAME: Final = "datafast_nb"
"""The renderer's name in ``altair.renderers``."""

VEGALITE: Final = "application/vnd.vegalite.v5+json"
"""The MIME type of a specification: the newest one that JupyterLab draws. Our charts use nothing newer."""

VEGA: Final = "application/vnd.vega.v5+json"
"""The MIME type of what a specification compiles to, which charts as wide as their cell are shown as."""

_LONGEST_WORDS: Final = 300  # characters of alternative text
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"


def register_renderer() -> None:
    """Register the renderer with Altair; in Jupyter, enable it unless the user has chosen one, and keep its options.

    Elsewhere, Altair's own choice stays: marimo draws charts itself, and a terminal would only wait for a picture.
    """
    alt.renderers.register(NAME, render)
    if alt.renderers.active == "default" and is_jupyter():
        alt.renderers.enable(NAME, **alt.renderers.options)


def render(
    spec: dict[str, Any], *, embed_options: dict[str, Any] | None = None, **_options: object
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a chart's MIME bundle, and the bundle's metadata.

    Parameters
    ----------
    spec : dict
        The Vega-Lite specification.
    embed_options : dict, optional
        Options for vega-embed, as from ``altair.renderers.set_embed_options``.

    Returns
    -------
    tuple of dict
        The content and the metadata of each MIME type: Vega-Lite, or Vega for a chart that is as wide as its cell;
        ``image/png`` and ``text/plain``. If the chart can't be drawn, there is no picture, and a `DrawingWarning` says
        why.
    """
    clean, options = specification_of(spec), embedded(embed_options)
    content, metadata = still(clean, options)
    kind, shown = VEGALITE, {**clean, "$schema": _SCHEMA}
    if follows_place(clean):
        picture = metadata.get("image/png")  # none if it is too large to be kept in a notebook
        try:
            width = width_of(clean, options) if picture is None or has_long_title(clean) else picture["width"]
            kind, shown = VEGA, following(drawing.compiled(clean, drawing.OF_JUPYTERLAB), width, least_plot(clean))
        except DrawingError as error:  # it keeps the width of its specification
            if picture is not None:  # otherwise, `still` has told why
                warnings.warn(str(error), DrawingWarning, stacklevel=2)
    return {kind: shown, **content}, {kind: {"embed_options": options}, **metadata}


def still(spec: dict[str, Any], options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a still form of a chart, for tools that can't draw it: a picture, and a description in words.

    Parameters
    ----------
    spec : dict
        The Vega-Lite specification, with clean text.
    options : dict
        The options for vega-embed.

    Returns
    -------
    tuple of dict
        The content and the metadata of ``image/png`` and ``text/plain``; the picture has the description as its
        alternative text. If the chart can't be drawn, there is no picture, and a `DrawingWarning` says why.
    """
    content: dict[str, Any] = {"text/plain": "\n".join(titles_of(spec)) or "Chart"}
    metadata: dict[str, Any] = {}
    try:
        content["image/png"], size = png(spec, options)
        metadata["image/png"] = {**size, "alt": plain(description_of(spec), _LONGEST_WORDS)}
    except DrawingError as error:
        warnings.warn(str(error), DrawingWarning, stacklevel=3)
    return content, metadata
