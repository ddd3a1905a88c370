"""The color scales of the map, and how a cluster gets its color."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, get_args

import polars as pl

from datafast_nb.checks import checked_choice
from datafast_nb.livemap.worth import worth_currency
from datafast_nb.text import money, percent, plain
from datafast_nb.widgets.protocol import ColorBy, Legend, Ramp, Swatch

CATEGORIES: Final = ("device", "channel", "visit_kind", "site")
"""The choices of `ColorBy` that are categories; the others are numbers."""

COLOR_NAMES: Final[dict[str, str]] = {
    "score": "Score",
    "probability": "Probability to buy",
    "expected_value": "Expected value",
    "is_customer": "Customers",
    "device": "Device",
    "channel": "Channel",
    "visit_kind": "New or returning",
    "site": "Site",
}
"""The label of each choice of `ColorBy`."""

# From blue through violet and rose to orange. Both the lightness and the blue-to-yellow axis, which the common kinds of
# color blindness preserve, rise throughout, so the order is visible without red and green. The colors stand out on a
# light and on a dark map. Most means lie in the middle, so that is where the colors change.
_STOPS: Final = (
    (20, (0x24, 0x58, 0xC5)),
    (40, (0x7D, 0x50, 0xC4)),
    (60, (0xCB, 0x53, 0x8E)),
    (80, (0xF5, 0x8A, 0x1F)),
)

NO_SCORE: Final = "#9aa3ab"
"""Color of a place where nobody has a score, and of everything without a color of its own."""

CUSTOMER: Final = "#12a57c"
"""Color of customers: the arc around a cluster shows their share."""

# Okabe and Ito's colors (jfly.uni-koeln.de/color), which color-blind people can tell apart, without the green that is
# close to the customers' color, and without yellow and black, which are hard to see on a light or a dark map.
_DISTINCT: Final = ("#0072b2", "#e69f00", "#cc79a7", "#56b4e9", "#d55e00", "#7d6fc4")

RADII: Final = (5.0, 24.0)
"""Radius of a single visitor and of the largest cluster, in pixels."""


def _mix(low: tuple[int, int, int], high: tuple[int, int, int], share: float) -> str:
    """Return a color between two, as #rrggbb."""
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _color(score: int) -> str:
    """Return the color of an integer score; it is constant beyond the outer stops."""
    clipped = min(max(score, _STOPS[0][0]), _STOPS[-1][0])
    (start, low), (end, high) = next(pair for pair in pairwise(_STOPS) if clipped <= pair[1][0])
    return _mix(low, high, (clipped - start) / (end - start))


SCORE_COLORS: Final = tuple(_color(score) for score in range(101))
"""The color of each integer score from 0 to 100."""

_CUSTOMER_COLORS: Final = tuple(_mix((0x7A, 0x86, 0x91), (0x12, 0xA5, 0x7C), share / 100) for share in range(101))


def score_color(score: float | None) -> str:
    """Return the color of one score."""
    return SCORE_COLORS[round(min(max(score, 0.0), 100.0))] if score is not None and math.isfinite(score) else NO_SCORE


@dataclass(frozen=True, slots=True)
class Coloring:
    """The coloring of clusters at one moment.

    Attributes
    ----------
    by : str
        What the colors show.
    categories : tuple of str
        The categories with a color of their own, in the order of the colors.
    others : bool
        Whether there are further categories, or visitors without one.
    top : float
        The expected value, or the probability, above which the color is constant.
    currency : str
        The currency of expected values.
    """

    by: ColorBy = "score"
    categories: tuple[str, ...] = ()
    others: bool = False
    top: float = 1.0
    currency: str = "USD"

    @property
    def category(self) -> str | None:
        """The column whose most common value clusters need as ``category``; None for numbers."""
        return self.by if self.by in CATEGORIES else None

    def colors(self) -> pl.Expr:
        """Return an expression for the colors of the clusters that ``clusters.cluster`` returns."""
        if self.category is not None:
            known = dict(zip(self.categories, _DISTINCT, strict=False))
            return pl.col("category").replace_strict(known, default=NO_SCORE, return_dtype=pl.String)
        percent, ramp = {
            "score": (pl.col("score"), SCORE_COLORS),
            "probability": (100 * (pl.col("probability") / self.top).sqrt(), SCORE_COLORS),
            "expected_value": (100 * (pl.col("expected_value") / self.top).sqrt(), SCORE_COLORS),
            "is_customer": (100 * pl.col("customers") / pl.col("visitors"), _CUSTOMER_COLORS),
        }[self.by]
        whole = percent.round().clip(0, 100).cast(pl.Int64, strict=False)
        return whole.replace_strict(list(range(101)), list(ramp), default=NO_SCORE, return_dtype=pl.String)

    def legend(self, unplaced: int = 0) -> Legend:
        """Return the legend, a ramp or swatches; `unplaced` is the number of visitors who are not on the map."""
        title = COLOR_NAMES[self.by]
        if self.category is not None:
            colored = zip(self.categories, _DISTINCT, strict=False)
            names = [(plain(name, 32) or "the site", color) for name, color in colored]
            names += [("other", NO_SCORE)] if self.others else []
            swatches = tuple(Swatch(name, color) for name, color in names)
            return Legend(f"{title}, the commonest of each place", swatches=swatches, unplaced=unplaced)
        low, high, note, colors = {
            "score": ("0", "100", "50 is the site's average visitor", SCORE_COLORS),
            "probability": ("0%", f"{percent(self.top)} or more", "mean of each place, by the model", SCORE_COLORS),
            "expected_value": (
                money(0, self.currency),
                f"{money(self.top, self.currency)} or more",
                "sum of each place",
                SCORE_COLORS,
            ),
            "is_customer": ("none", "all", "share of the visitors of each place", _CUSTOMER_COLORS),
        }[self.by]
        ramp = Ramp(tuple(colors[share] for share in (0, 20, 35, 50, 65, 80, 100)), low, high, note)
        if self.by == "is_customer":
            return Legend(title, ramp, ring=False, unplaced=unplaced)
        return Legend(title, ramp, (Swatch("no prediction", NO_SCORE),), unplaced=unplaced)


def follow(last: Coloring, by: ColorBy, visitors: pl.DataFrame, clusters: pl.DataFrame) -> Coloring:
    """Return the coloring of the next moment. A category keeps its color as long as it is present.

    Parameters
    ----------
    last : Coloring
        The coloring of the previous moment.
    by : str
        What the colors show.
    visitors : polars.DataFrame
        All visitors, whether they pass the filters or not, so that a category keeps its color while filters change;
        with the column `by` if that is a category.
    clusters : polars.DataFrame
        The result of ``clusters.cluster``.
    """
    checked_choice(by, get_args(ColorBy), "color")
    before = last if last.by == by else Coloring(by, top=0.0)
    if by in CATEGORIES:
        counts = (
            visitors[by].drop_nulls().value_counts(name="visitors").sort(["visitors", by], descending=[True, False])
        )
        here = counts[by].to_list()
        kept = [name for name in before.categories if name in set(here)]
        fresh = [name for name in here[: len(_DISTINCT)] if name not in kept]
        colored = tuple([*kept, *fresh][: len(_DISTINCT)])
        others = len(here) > len(colored) or visitors[by].null_count() > 0
        return Coloring(by, colored, others=others)
    if by == "probability":
        return Coloring(by, top=_round_up(clusters[by].max(), before.top, least=0.001))
    top = _round_up(clusters["expected_value"].max(), before.top)
    return Coloring(by, top=top, currency=worth_currency(visitors))


def _round_up(most: Any, before: float, least: float = 1.0) -> float:  # noqa: ANN401 - the type of a Polars maximum
    """Return the next of 1, 2 and 5 times a power of ten, or the previous result while it is not far too large."""
    if not isinstance(most, float) or not math.isfinite(most) or most <= least:
        return least
    if before / 5 < most <= before:
        return before
    size = 10.0 ** math.floor(math.log10(most))
    return next(step * size for step in (1, 2, 5, 10) if step * size >= most)
