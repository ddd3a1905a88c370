"""The options with which vega-embed shows a chart on a page."""

from __future__ import annotations

from typing import Any, Final

from altair.utils.mimebundle import preprocess_embed_options

from datafast_nb.pictures.font import FONT

# What vega-embed's own style does, and: a chart may be as wide as its place, the menu and the tooltips have the page's
# colors and the charts' font. The first chart of a page determines the style of all.
_STYLE: Final = f"""
.vega-embed {{ position: relative; display: inline-block; box-sizing: border-box; }}
.vega-embed:is(.fit-x, :has(> .fit-x)) {{ display: block; }}
.vega-embed.has-actions {{ padding-right: 38px; }}
.vega-embed .fit-x {{ width: 100%; }}
.vega-embed details:not([open]) > :not(summary) {{ display: none !important; }}
.vega-embed summary {{
  position: absolute; top: 0; right: 0; padding: 6px; z-index: 1000; line-height: 0; list-style: none; cursor: pointer;
  border-radius: 50%; opacity: 0.3; transition: opacity 0.2s ease-in;
}}
.vega-embed summary::-webkit-details-marker {{ display: none; }}
.vega-embed summary svg {{ width: 14px; height: 14px; }}
.vega-embed:hover summary, .vega-embed:focus-within summary, .vega-embed [open] summary {{ opacity: 1; }}
.vega-embed summary, .vega-embed .vega-actions {{
  background: var(--jp-layout-color1, #fff); color: var(--jp-ui-font-color1, #1b1e23); fill: currentColor;
  border: 1px solid var(--jp-border-color1, #c4c8cc);
}}
.vega-embed .vega-actions {{
  position: absolute; top: 34px; right: 0; z-index: 1001; display: flex; flex-direction: column; padding: 4px 0;
  border-radius: 4px; box-shadow: 0 2px 8px rgba(0, 0, 0, 0.2);
}}
.vega-embed .vega-actions a {{
  padding: 6px 14px; font: 13px {FONT}; white-space: nowrap; color: inherit; text-decoration: none;
}}
.vega-embed .vega-actions :is(a:hover, a:focus) {{ background: var(--jp-layout-color2, #f2f4f6); }}
div#vg-tooltip-element {{ font-family: {FONT}; }}
""".strip()

_OWN: Final = {
    # No entry of a chart's menu may send its data anywhere, as "Open in Vega Editor" does.
    "actions": {"export": True, "source": False, "compiled": False, "editor": False},
    "renderer": "svg",
    "defaultStyle": _STYLE,
}


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
