"""How a chart reaches the screen: as a widget that needs no network, and as a picture where nothing runs.

Altair's own default renderer loads Vega from a CDN, and its ``mimetype`` one is not understood by JupyterLab. This one
puts three views of a chart into the same output: a widget that brings Vega along (JupyterLab, Notebook, Voilà), the
specification itself for front ends that know this version of Vega-Lite, and a PNG (GitHub, nbconvert, a notebook of
somebody else).
"""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from datafast_nb.charts.picture import png
from datafast_nb.charts.view import ChartView

NAME: Final = "datafast_nb"
"""The renderer's name in ``altair.renderers``."""

# Altair's own name for it ends in ``.json``, which notebooks store as text; ``+json`` is what the front ends know.
VEGALITE: Final = f"application/vnd.vegalite.v{alt.VEGALITE_VERSION.split('.')[0]}+json"
"""The MIME type of a specification."""


def register_renderer() -> None:
    """Make the renderer known to Altair, and enable it unless the user has chosen one."""
    alt.renderers.register(NAME, render)
    if alt.renderers.active == "default":
        alt.renderers.enable(NAME)


def render(
    spec: dict[str, Any], *, embed_options: dict[str, Any] | None = None, **_options: object
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give a chart's MIME bundle, and the bundle's metadata.

    Parameters
    ----------
    spec : dict
        The Vega-Lite specification.
    embed_options : dict, optional
        Options for vega-embed, as ``altair.renderers.set_embed_options`` gives them.

    Returns
    -------
    tuple of dict
        The content and the metadata of each MIME type: a widget view, Vega-Lite, ``image/png`` and ``text/plain``.
    """
    view, view_metadata = ChartView(spec, embed_options)._repr_mimebundle_() or ({}, {})
    picture, picture_metadata = png(spec)
    content = {**view, VEGALITE: spec, **picture, "text/plain": _in_words(spec)}
    return content, {**view_metadata, **picture_metadata}


def _in_words(spec: dict[str, Any]) -> str:
    """Say what the chart shows: its title."""
    title = spec.get("title", "")
    lines = [title] if isinstance(title, str) else [title.get("text", ""), *title.get("subtitle", [])]
    return "\n".join(str(line) for line in lines if line) or "Chart"
