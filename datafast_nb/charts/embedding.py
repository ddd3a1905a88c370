"""The options with which vega-embed shows a chart on a page."""

from __future__ import annotations

from typing import Any, Final

from altair.utils.mimebundle import preprocess_embed_options

# No entry of a chart's menu may send its data anywhere, as "Open in Vega Editor" does.
_OWN: Final = {"actions": {"export": True, "source": False, "compiled": False, "editor": False}, "renderer": "svg"}


def embed_options(given: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return this package's options for vega-embed, overridden by those given, with locales for their names.

    Raises
    ------
    ValueError
        There is no locale of this name.
    """
    try:
        return _OWN | preprocess_embed_options(given or {})
    except ValueError as error:
        raise ValueError(f"{error} See https://github.com/d3/d3-format/tree/main/locale for the locales.") from error
