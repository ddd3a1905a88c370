"""Charts as SVG, and as the Vega that they compile to."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import altair as alt

from datafast_nb.errors import DrawingError
from datafast_nb.pictures.drawer import drawer

NEWEST: Final = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])  # "v6.4.1" is 6.4 to vl-convert
"""The version of Vega-Lite that draws pictures and widgets."""

OF_JUPYTERLAB: Final = "5.21"
"""The newest version of Vega-Lite whose Vega is the one that JupyterLab has."""

_MARKS: Final = re.compile(r'class="mark-\w+ role-mark[^"]*"[^>]*><(?!/)')


def svg(spec: dict[str, Any], options: dict[str, Any]) -> str:
    """Draw a specification as SVG.

    Parameters
    ----------
    spec : dict
        The Vega-Lite specification, with clean text.
    options : dict
        The options for vega-embed, whose locales hold here too.

    Raises
    ------
    DrawingError
        The chart can't be drawn, or it has rows but no mark is drawn.
    """
    locales = {"format_locale": options.get("formatLocale"), "time_format_locale": options.get("timeFormatLocale")}
    picture = _svg(spec, locales)
    if has_rows(spec) and not _MARKS.search(picture):
        said = drawer.said()
        raise DrawingError(
            f"The chart has rows, but not a single mark is drawn.{f' Vega says: {said}' if said else ''}"
        )
    return picture


def vega(snippet: str) -> str:
    """Return Vega, which is part of vl-convert, as JavaScript that ends with a snippet."""
    return drawer.ask("javascript_bundle", snippet=snippet, vl_version=NEWEST).decode()


def compiled(spec: dict[str, Any], version: str) -> dict[str, Any]:
    """Return a specification as the Vega that it compiles to with a version of Vega-Lite.

    Raises
    ------
    DrawingError
        It can't be compiled.
    """
    vega: dict[str, Any] = json.loads(drawer.ask("vegalite_to_vega", vl_spec=spec, vl_version=version))
    return vega


def has_rows(part: object) -> bool:
    """Return whether a specification, or a part of one, holds rows."""
    if isinstance(part, list):
        return any(map(has_rows, part))
    if not isinstance(part, dict):
        return False
    data, named = part.get("data"), part.get("datasets")
    if (isinstance(data, dict) and data.get("values")) or (isinstance(named, dict) and any(named.values())):
        return True
    return any(has_rows(value) for name, value in part.items() if name not in {"data", "datasets"})


# Halves of surrogate pairs


_MOVED: Final = 0x800  # from the surrogates to private-use characters, which no script has
_LEADING, _TRAILING = "\ue000-\ue3ff", "\ue400-\ue7ff"
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")


def _svg(spec: dict[str, Any], locales: dict[str, Any]) -> str:
    """Draw a specification.

    Vega may cut a long label between any two UTF-16 units, and vl-convert fails on half of a pair. In that case, all
    text is drawn with each pair as two characters, which may be separated.
    """

    def drawn(it: dict[str, Any]) -> str:
        return drawer.ask("vegalite_to_svg", vl_spec=it, vl_version=NEWEST, **locales).decode()

    try:
        return drawn(spec)
    except DrawingError:
        text = json.dumps(spec, ensure_ascii=False)
        if not _ASTRAL.search(text):
            raise
    return _joined(drawn(json.loads(_parted(text))))


def _parted(text: str) -> str:
    """Write each character beyond the first plane as two characters of that plane."""

    def two(character: re.Match[str]) -> str:
        leading, trailing = divmod(ord(character[0]) - 0x10000, 0x400)
        return chr(0xD800 + _MOVED + leading) + chr(0xDC00 + _MOVED + trailing)

    return _ASTRAL.sub(two, re.sub(f"[{_LEADING}{_TRAILING}]", "\N{REPLACEMENT CHARACTER}", text))


def _joined(text: str) -> str:
    """Undo `_parted`, and leave out characters of which only half is left."""

    def one(pair: re.Match[str]) -> str:
        leading, trailing = (ord(half) - _MOVED for half in pair[0])
        return chr(0x10000 + ((leading - 0xD800) << 10) + trailing - 0xDC00)

    return re.sub(f"[{_LEADING}{_TRAILING}]", "", re.sub(f"[{_LEADING}][{_TRAILING}]", one, text))
