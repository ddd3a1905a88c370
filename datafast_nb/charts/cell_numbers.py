"""Numbers in colored cells, in an ink that can be read on the color of each cell, in every theme."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

INKS: Final = ("weak", "middle", "strong")
"""The strengths of a cell's color, from nearly the page's to the end of the scale; a theme has an ink for each."""

STYLE: Final = "cell-{}"
"""The name that a theme gives the style of an ink."""

_MIDDLE: Final = 0.42  # the strength from which a color is middle
_STRONG: Final = 0.8
_THOUSAND: Final = 1_000


def ink(strength: pl.Expr, strong: float = _STRONG) -> pl.Expr:
    """Return the ink for a color's strength, 0 to 1: how far it is from the page's own color."""
    names = {name: pl.lit(name) for name in INKS}
    over = pl.when(strength >= _MIDDLE).then(names["middle"]).otherwise(names["weak"])
    return pl.when(strength >= strong).then(names["strong"]).otherwise(over)


def short(number: pl.Expr) -> pl.Expr:
    """Return a number that is not negative as text of at most four characters: ``0.4``, ``12``, ``1.2k``."""
    tiny = _decimal(number, 2)
    small = pl.when(number < 0.095).then(tiny).otherwise(_decimal(number, 1))  # noqa: PLR2004 - rounds to 0.1
    return pl.when((number == 0) | (number >= 9.95)).then(short_count(number)).otherwise(small)  # noqa: PLR2004


def short_count(number: pl.Expr) -> pl.Expr:
    """Return a whole number that is not negative as text of at most four characters: ``4``, ``150``, ``2k``."""
    thousands, millions = number / _THOUSAND, number / _THOUSAND**2
    return (
        pl.when(number < 999.5)  # noqa: PLR2004 - which rounds to 1,000, and so on
        .then(_decimal(number, 0))
        .when(thousands < 9.95)  # noqa: PLR2004
        .then(pl.format("{}k", _decimal(thousands, 1).str.strip_suffix(".0")))
        .when(thousands < 999.5)  # noqa: PLR2004
        .then(pl.format("{}k", _decimal(thousands, 0)))
        .when(millions < 999.5)  # noqa: PLR2004
        .then(pl.format("{}M", _decimal(millions, 0)))
        .otherwise(pl.format("{}B", _decimal(millions / _THOUSAND, 0)))
    )


def _decimal(number: pl.Expr, digits: int) -> pl.Expr:
    """Return a number as text with this many digits after the point; null for one that is too large for any."""
    return number.cast(pl.Float64).round(digits).cast(pl.Decimal(30, digits), strict=False).cast(pl.String)


def numbers(cells: alt.Chart, rows: pl.DataFrame, size: int) -> list[alt.Chart]:
    """Return layers of text, one for each ink that occurs, over cells whose rows have a `number` and an `ink`."""
    return [
        cells.transform_filter(alt.datum.ink == name)
        .mark_text(style=STYLE.format(name), fontSize=size, baseline="middle", align="center")
        .encode(text="number:N")
        for name in INKS
        if name in rows["ink"]
    ]
