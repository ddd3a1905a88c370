"""The look of the charts: one Altair theme in a light and a dark variant, and one that follows its page.

The last one has no background, writes in ``currentColor``, which a browser takes from the page around it, and has
colors that are visible on light and on dark. So a chart follows the page's theme without any script, even when that
changes. In a picture, which has no page around it, it is the light variant.

People with any common color vision deficiency can tell the colors apart: the categories are those of Okabe and Ito
(*Color Universal Design*, 2008), the ramps change in lightness, and the diverging scale runs from blue
(less than average) to orange (more), as on the live map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import altair as alt

from datafast_nb.charts.cell_numbers import INKS, STYLE
from datafast_nb.checks import checked_choice
from datafast_nb.pictures.font import FONT

if TYPE_CHECKING:
    from altair.utils.plugin_registry import PluginEnabler

Theme = Literal["auto", "light", "dark"]
"""A variant of the charts' look; ``auto`` takes its ink from the page, and works on light and dark pages."""


NEUTRAL: Final = "#8a94a0"
"""A gray that is visible on light and on dark, for anything without a known figure."""


class _Palette(NamedTuple):
    """The colors of one variant."""

    surface: str
    ink: str
    muted: str
    line: str
    bar: str
    categories: tuple[str, ...]
    steps: tuple[str, ...]
    ramp: tuple[str, ...]
    diverging: tuple[str, ...]
    cells: tuple[str, ...]


_PALETTES: Final[dict[Theme, _Palette]] = {
    "light": _Palette(
        surface="#ffffff",
        ink="#1d2733",
        muted="#5b6775",
        line="#e4e8ec",
        bar="#6aa9d8",
        categories=("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a94a0"),
        steps=("#1f78b4", "#7fb6dc", "#cfe2f1", "#c3c9d0"),
        ramp=("#c3dcef", "#86bbdf", "#4594c7", "#1a6aa8", "#08407a"),
        diverging=("#2166ac", "#67a9cf", "#ebe9e4", "#f1a340", "#b35806"),
        cells=("#1d2733", "#1d2733", "#ffffff"),
    ),
    "dark": _Palette(
        surface="#111111",
        ink="#e9edf1",
        muted="#a2acb8",
        line="#2b3139",
        bar="#3f83b5",
        categories=("#56b4e9", "#e69f00", "#20b890", "#e39cc4", "#8fb8ff", "#f0803c", "#8a94a0"),
        steps=("#6fbdf0", "#3d7ba8", "#284a66", "#4a525c"),
        ramp=("#1f4a6b", "#2a6f9f", "#4297cc", "#7fc0ea", "#d3ebfb"),
        diverging=("#8fcbf5", "#3f83b5", "#5a584f", "#b8702c", "#f7a94f"),
        cells=("#ffffff", "#000000", "#000000"),
    ),
    "auto": _Palette(
        surface="transparent",
        ink="currentColor",
        muted="#7a8694",
        line="rgba(138, 148, 160, 0.25)",
        bar="#4a93cc",
        categories=("#2f8fd0", "#e69f00", "#12a37b", "#cc79a7", "#6fb7ea", "#e0691c", "#8a94a0"),
        steps=("#3a8fd0", "rgba(58, 143, 208, 0.62)", "rgba(58, 143, 208, 0.32)", "rgba(138, 148, 160, 0.4)"),
        ramp=tuple(f"rgba(43, 116, 187, {alpha})" for alpha in (0.12, 0.34, 0.56, 0.78, 1)),
        diverging=(
            *("rgba(43, 108, 176, 1)", "rgba(70, 150, 210, 0.6)", "rgba(138, 148, 160, 0.15)"),
            *("rgba(214, 128, 40, 0.6)", "rgba(184, 88, 6, 1)"),
        ),
        cells=("currentColor", "currentColor", "#ffffff"),
    ),
}


def use_theme(theme: Theme) -> PluginEnabler[Any, Any]:
    """Draw all charts from now on in the light or the dark variant, or in the one that follows the page's theme.

    Parameters
    ----------
    theme : {"auto", "light", "dark"}
        The variant; ``auto`` is the default. Files and pictures of a chart that follows its page are light.

    Returns
    -------
    altair.utils.plugin_registry.PluginEnabler
        A context manager, to use the variant only inside a ``with`` block.

    Raises
    ------
    ValueError
        There is no such variant.

    Examples
    --------
    >>> import altair
    >>> import datafast_nb as dfn
    >>> with dfn.charts.use_theme("dark"):
    ...     altair.theme.active
    'datafast_dark'
    """
    return alt.theme.enable(f"datafast_{checked_choice(theme, _PALETTES, 'theme')}")


def register_themes() -> None:
    """Register the variants with Altair, and enable the one that follows the page unless the user has chosen one."""
    alt.theme.register("datafast_auto", enable=False)(lambda: _theme("auto"))
    alt.theme.register("datafast_light", enable=False)(lambda: _theme("light"))
    alt.theme.register("datafast_dark", enable=False)(lambda: _theme("dark"))
    if alt.theme.active == "default":
        use_theme("auto")


def configs() -> dict[Theme, dict[str, Any]]:
    """Return the configuration of both variants, for a chart that follows the theme of its page."""
    return {theme: dict(_theme(theme)["config"]) for theme in ("light", "dark")}


def on_paper(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a specification as a picture shows it: light where it follows its page, otherwise unchanged."""
    config = spec.get("config")
    if not isinstance(config, dict) or config.get("background") != _PALETTES["auto"].surface:
        return spec
    follows, light = (_theme(theme)["config"] for theme in ("auto", "light"))
    return {**spec, "config": _replaced(config, follows, light)}


def _replaced(given: Any, old: Any, new: Any) -> Any:  # noqa: ANN401 - any part of a configuration
    """Return a part of a configuration with whatever is as in the old one as in the new one."""
    if isinstance(given, dict) and isinstance(old, dict) and isinstance(new, dict):
        return {key: _replaced(value, old.get(key), new.get(key, value)) for key, value in given.items()}
    return new if given == old else given


def _theme(theme: Theme) -> alt.theme.ThemeConfig:
    """Return a variant in Altair's form: a part of every chart's specification."""
    config = _text(_PALETTES[theme]) | _marks(_PALETTES[theme])
    tooltip = {"theme": "light" if theme == "auto" else theme}
    return {"config": config, "usermeta": {"embedOptions": {"tooltip": tooltip}}}  # type: ignore[typeddict-item]


def _text(colors: _Palette) -> dict[str, Any]:
    """Return the settings of text: calm, left-aligned, with room around it."""
    quiet = {"labelColor": colors.muted, "titleColor": colors.muted, "labelFontSize": 11, "titleFontSize": 11}
    return {
        "background": colors.surface,
        "font": FONT,
        "padding": 12,
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "color": colors.ink,
            "fontSize": 15,
            "fontWeight": 600,
            "offset": 14,
            "subtitleColor": colors.muted,
            "subtitleFontSize": 12,
            "subtitlePadding": 5,
            "subtitleLineHeight": 16,
        },
        "axis": {
            **quiet,
            "titleFontWeight": "normal",
            "titlePadding": 10,
            "labelPadding": 6,
            "labelLimit": 220,
            "labelSeparation": 8,
            "domain": False,
            "ticks": False,
            "gridColor": colors.line,
        },
        "axisBand": {"grid": False, "labelColor": colors.ink, "labelFontSize": 12},
        "legend": {
            **quiet,
            "titleFontWeight": "normal",
            "orient": "top",
            "labelLimit": 220,
            "titleLimit": 320,
            "offset": 6,
        },
        "text": {"color": colors.muted, "fontSize": 11},
    }


def _marks(colors: _Palette) -> dict[str, Any]:
    """Return the settings of marks: their colors and shapes."""
    return {
        "view": {"stroke": None, "continuousWidth": 480, "continuousHeight": 260},
        "bar": {"color": colors.bar},
        "rule": {"color": colors.ink, "strokeWidth": 1.4},
        "tick": {"color": colors.ink, "thickness": 1.6},
        "point": {"filled": True, "color": colors.ink},
        "circle": {"color": colors.ink, "fillOpacity": 0.18, "stroke": colors.ink, "strokeWidth": 0.7},
        "geoshape": {"stroke": colors.surface, "strokeWidth": 0.5},
        "scale": {"bandPaddingInner": 0.32},
        "style": {STYLE.format(name): {"color": ink} for name, ink in zip(INKS, colors.cells, strict=True)},
        "range": {
            "category": list(colors.categories),
            "ordinal": list(colors.steps),
            "ramp": list(colors.ramp),
            "heatmap": list(colors.ramp),
            "diverging": list(colors.diverging),
        },
    }
