"""Charts as files, written without a network."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

import altair as alt

from datafast_nb.charts import drawing
from datafast_nb.charts.embedding import embed_options
from datafast_nb.charts.specification import specification_of, titles_of
from datafast_nb.charts.theme import on_paper
from datafast_nb.checks import checked_between
from datafast_nb.files import write_whole
from datafast_nb.pictures import formats
from datafast_nb.pictures.font import FONT

_FORMATS: Final = ("png", "svg", "pdf", "html")
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; background: {background}; font-family: {font}; }}
#vg-tooltip-element {{ font-family: inherit; }}
</style>
</head>
<body>
<div id="chart"></div>
<script type="module">
{vega}
vegaEmbed("#chart", {spec}, {options});
</script>
</body>
</html>
"""


def save(chart: alt.TopLevelMixin, path: str | Path, *, scale: float = 2.0) -> Path:
    """Write a chart to a file, in the format of the file's extension.

    Parameters
    ----------
    chart : altair.Chart or any other Altair chart
        The chart, which is drawn in the theme that is enabled now; in light, if it is to follow its page.
    path : str or pathlib.Path
        The file: ``.png``, ``.svg``, ``.pdf``, or ``.html`` for a self-contained page that includes Vega.
    scale : float, default 2.0
        Pixels of a PNG for each pixel of the chart.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError
        `chart` is not an Altair chart.
    ValueError
        The format is not one of these, `scale` is not from 0.1 to 10, or Altair's options name an unknown locale.
    DrawingError
        The chart can't be drawn, or it has rows but no mark is drawn. No file is written then.

    Notes
    -----
    A page makes no requests, and neither does any entry of its menu. Visitors' words appear as text, never as code.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import datafast_nb as dfn
    >>> with TemporaryDirectory() as folder:
    ...     dfn.charts.save(dfn.charts.scores(dfn.Snapshot()), Path(folder) / "scores.svg").name
    'scores.svg'
    """
    if not isinstance(chart, alt.TopLevelMixin):
        raise TypeError(f"save takes an Altair chart, such as dfn.charts.scores(snap), not {type(chart).__name__}.")
    file = Path(path)
    kind = file.suffix.lstrip(".").lower()
    if kind not in _FORMATS:
        raise ValueError(
            f"{file.name!r:.80} has an unknown format; there are: {', '.join('.' + it for it in _FORMATS)}."
        )
    checked_between(scale, "scale", 0.1, 10)
    options = embed_options(alt.renderers.options.get("embed_options"))
    write_whole(file, _content(on_paper(specification_of(chart)), kind, scale, options))
    return file


def _content(spec: dict[str, Any], kind: str, scale: float, options: dict[str, Any]) -> bytes:
    """Return the bytes of a file, drawn with Altair's options for vega-embed."""
    picture = drawing.svg(spec, options)
    if kind == "html":
        return _page(spec, options).encode()
    if kind == "png":
        return formats.packed(formats.png(picture, scale))
    return formats.pdf(picture) if kind == "pdf" else picture.encode()


def _page(spec: dict[str, Any], options: dict[str, Any]) -> str:
    """Return a page with the chart and Vega in it."""
    return _PAGE.format(
        title=escape(next(iter(titles_of(spec)), "Chart")),
        background=escape(str(spec.get("config", {}).get("background", "#ffffff"))),
        font=FONT,
        vega=_vega(),
        spec=_as_script(spec),
        options=_as_script(options),
    )


@cache
def _vega() -> str:
    """Return Vega, which is part of vl-convert, as a script for a page."""
    return drawing.vega("window.vegaEmbed = vegaEmbed;")


def _as_script(part: dict[str, Any]) -> str:
    """Return JSON that is safe inside a script: no text in it can end the script."""
    return json.dumps(part).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
