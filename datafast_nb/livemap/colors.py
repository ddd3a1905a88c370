"""The color scales of the map, and how a cluster gets its color."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, get_args

import polars as pl

from datafast_nb.checks import checked_choice
from datafast_nb.livemap.worth import worth_column, worth_currency
from datafast_nb.text import money, percent, place_name, plain
from datafast_nb.widgets.protocol import ColorBy, Legend, Ramp, Scale, Swatch

CATEGORIES: Final = ("device", "channel", "country_code", "visit_kind", "site")
"""The choices of `ColorBy` that are categories; the others are numbers."""

COLOR_NAMES: Final[dict[str, str]] = {
    "score": "Score",
    "probability": "Probability to buy",
    "expected_value": "Expected value",
    "is_customer": "Customers",
    "device": "Device",
    "channel": "Channel",
    "country_code": "Country",
    "visit_kind": "New or returning",
    "site": "Site",
}
"""The label of each choice of `ColorBy`."""

AVERAGE: Final = 50
"""The score of the site's average visitor."""

# From blue through violet and rose to orange, for amounts that begin at zero. Both the lightness and the blue-to-yellow
# axis, which the common kinds of color blindness preserve, rise throughout, so the order is visible without red and
# green. The colors stand out on a light and on a dark map.
_RISING: Final = (
    (0, (0x24, 0x58, 0xC5)),
    (33, (0x7D, 0x50, 0xC4)),
    (67, (0xCB, 0x53, 0x8E)),
    (100, (0xF5, 0x8A, 0x1F)),
)

# From blue to orange, for what is below or above an average. Blue and yellow are told apart in all common kinds of
# color blindness. The middle is pale and narrow, so that a little more or less than the average is already a color.
_DIVERGING: Final = (
    (0, (0x14, 0x46, 0xB8)),
    (25, (0x3F, 0x7F, 0xDB)),
    (45, (0x9D, 0xBE, 0xE4)),
    (50, (0xD3, 0xCB, 0xBC)),
    (55, (0xF0, 0xC0, 0x7C)),
    (75, (0xEE, 0x92, 0x37)),
    (100, (0xD9, 0x55, 0x0A)),
)

NO_SCORE: Final = "#9aa3ab"
"""Color of a place where nobody has a score, and of everything without a color of its own."""

CUSTOMER: Final = "#12a57c"
"""Color of customers: the arc around a cluster shows their share."""

# Okabe and Ito's colors (jfly.uni-koeln.de/color), which color-blind people can tell apart, without the green that is
# close to the customers' color, and without yellow and black, which are hard to see on a light or a dark map.
_DISTINCT: Final = ("#0072b2", "#e69f00", "#cc79a7", "#56b4e9", "#d55e00", "#7d6fc4")

RADII: Final = (5.0, 20.0)
"""Radius of a single visitor and of the largest cluster, in pixels."""


def _mix(low: tuple[int, int, int], high: tuple[int, int, int], share: float) -> str:
    """Return a color between two, as #rrggbb."""
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _scale(stops: Sequence[tuple[int, tuple[int, int, int]]]) -> tuple[str, ...]:
    """Return 101 colors, through those that are given at some of the steps from 0 to 100."""
    pairs = [next(pair for pair in pairwise(stops) if step <= pair[1][0]) for step in range(101)]
    return tuple(
        _mix(low, high, (step - start) / (end - start)) for step, ((start, low), (end, high)) in enumerate(pairs)
    )


RISING: Final = _scale(_RISING)
"""The 101 colors of amounts that begin at zero."""

DIVERGING: Final = _scale(_DIVERGING)
"""The 101 colors of what is below or above an average, which has the one in the middle."""

GRADIENT: Final = {step / 5: RISING[20 * step] for step in range(1, 6)}
"""The colors of the heat map, by their place from 0 to 1."""

_CUSTOMER_COLORS: Final = tuple(_mix((0x7A, 0x86, 0x91), (0x12, 0xA5, 0x7C), share / 100) for share in range(101))


_REACHES: Final = (5.0, 10.0, 15.0, 20.0, 30.0, 50.0)  # points of score from the average to an end of the scale
_FACTORS: Final = (1.5, 2.0, 3.0, 5.0, 10.0, 100.0)  # times the mean probability
_WITHIN: Final = 0.8  # of the visitors are at places whose means are within the scale
_SAME: Final = 1.25  # a mean that has changed by a smaller factor keeps its place in the middle


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
    middle : float
        The average: the score or the probability in the middle of the scale.
    reach : float
        How far its ends are from the middle: in points of score, or as a factor of the probability.
    top : float
        The expected value above which the color is constant.
    currency : str
        The currency of expected values.
    """

    by: ColorBy = "score"
    categories: tuple[str, ...] = ()
    others: bool = False
    middle: float = float(AVERAGE)
    reach: float = 20.0
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
        step, scale = self._steps()
        finite = pl.when(step.is_finite()).then(step)
        whole = finite.round().clip(0, 100).cast(pl.Int64)
        return whole.replace_strict(list(range(101)), list(scale), default=NO_SCORE, return_dtype=pl.String)

    def _steps(self) -> tuple[pl.Expr, tuple[str, ...]]:
        """Return the place of clusters on a scale, from 0 to 100, and its colors."""
        if self.by == "score":
            return 50 + 50 * (pl.col("score") - self.middle) / self.reach, DIVERGING
        if self.by == "probability":
            ratio = pl.col("probability").clip(1e-12) / self.middle
            return 50 + 50 * ratio.log() / math.log(self.reach), DIVERGING
        if self.by == "expected_value":
            return 100 * (pl.col("expected_value") / self.top).sqrt(), RISING
        return 100 * pl.col("customers") / pl.col("visitors"), _CUSTOMER_COLORS

    def with_color(self, visitors: pl.DataFrame) -> pl.DataFrame:
        """Return single visitors with a column ``color``: that of a place where they are alone.

        Parameters
        ----------
        visitors : polars.DataFrame
            Visitors of a frame state; with the column `category`, if there is one. Where the colors show a number,
            customers have the color of customers.
        """
        customer = pl.col("is_customer").fill_null(value=False)
        category = None if self.category is None else pl.col(self.category).cast(pl.String)
        probability = pl.col("probability") if "probability" in visitors.columns else pl.lit(None, pl.Float64)
        alone = visitors.select(
            "is_customer",
            score="score",
            probability=probability,
            expected_value=worth_column(visitors),
            customers=customer.cast(pl.Int64),
            visitors=pl.lit(1),
            category=category,
        )
        color = self.colors()
        if self.category is None:
            color = pl.when(customer).then(pl.lit(CUSTOMER)).otherwise(color)
        return visitors.with_columns(alone.select(color=color))

    def legend(self, unplaced: int = 0) -> Legend:
        """Return the legend, a ramp or swatches; `unplaced` is the number of visitors who are not on the map."""
        title = COLOR_NAMES[self.by]
        if self.category is not None:
            colored = zip(self.categories, _DISTINCT, strict=False)
            names = [(self._named(name), color) for name, color in colored]
            names += [("other", NO_SCORE)] if self.others else []
            swatches = tuple(Swatch(name, color) for name, color in names)
            return Legend(f"{title}, the commonest of each place", swatches=swatches, unplaced=unplaced)
        low, high, note = self._ends()
        ramp = Ramp(tuple(self._steps()[1][step] for step in range(0, 101, 10)), low, high, note)
        if self.by == "is_customer":
            return Legend(title, ramp, ring=False, unplaced=unplaced)
        return Legend(title, ramp, (Swatch("no prediction", NO_SCORE),), unplaced=unplaced)

    def scale(self) -> Scale:
        """Return all that it takes to color clusters as `colors` does."""
        if self.category is not None:
            return Scale(legend=self.legend(), categories=dict(zip(self.categories, _DISTINCT, strict=False)))
        colors = self._steps()[1]
        return Scale(legend=self.legend(), colors=colors, middle=self.middle, reach=self.reach, top=self.top)

    def _named(self, category: str) -> str:
        """Return the name of a category."""
        return place_name(None, category) if self.by == "country_code" else plain(category, 32) or "the site"

    def _ends(self) -> tuple[str, str, str]:
        """Return what both ends of the scale stand for, and a note."""
        low, high = self.middle - self.reach, self.middle + self.reach
        if self.by == "score":
            ends = (f"{low:g} or less" if low > 0 else "0", f"{high:g} or more" if high < 2 * AVERAGE else "100")
            return *ends, "50 is the site's average visitor"
        if self.by == "probability":
            ends = (
                f"{percent(self.middle / self.reach)} or less",
                f"{percent(min(self.middle * self.reach, 1.0))} or more",
            )
            return *ends, f"{percent(self.middle)} is the mean of all"
        if self.by == "expected_value":
            return money(0, self.currency), f"{money(self.top, self.currency)} or more", "sum of each place"
        return "none", "all", "share of the visitors of each place"


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
    if by == "score":
        away = (pl.col("score") - AVERAGE).abs()
        return Coloring(by, reach=_reach(clusters, away, _REACHES, before.reach if last.by == by else 0.0))
    if by == "probability":
        mean = _mean_probability(visitors, before.middle)
        away = pl.when(pl.col("probability") > 0).then(pl.col("probability").log() - math.log(mean)).abs().exp()
        return Coloring(by, middle=mean, reach=_reach(clusters, away, _FACTORS, before.reach if last.by == by else 0.0))
    top = _round_up(clusters["expected_value"].max(), before.top)
    return Coloring(by, top=top, currency=worth_currency(visitors))


def _reach(clusters: pl.DataFrame, away: pl.Expr, steps: Sequence[float], before: float) -> float:
    """Return the step within which most visitors' places are; the one before while it is the next larger one.

    Places count by their visitors: of the many where one visitor is alone, each would be at an end of the scale.
    """
    known = clusters.lazy().select("visitors", away=away).filter(pl.col("away").is_finite()).sort("away")
    share = pl.col("visitors").cum_sum() / pl.col("visitors").sum()
    within = known.filter(share.shift(1, fill_value=0) < _WITHIN).select(pl.col("away").max()).collect().item()
    found = next((step for step in steps if step >= (within or 0.0)), steps[-1])
    return before if before in steps and steps.index(before) == steps.index(found) + 1 else found


def _mean_probability(visitors: pl.DataFrame, before: float) -> float:
    """Return the mean probability of all prospects, in two digits; the one before while it is about the same."""
    column = visitors["probability"] if "probability" in visitors.columns else pl.Series([], dtype=pl.Float64)
    mean = column.filter(column.is_finite()).mean()
    if not isinstance(mean, float) or not mean > 0:
        return before if 0 < before < 1 else 0.01
    return before if mean / _SAME < before < mean * _SAME else float(f"{mean:.2g}")


def _round_up(most: Any, before: float) -> float:  # noqa: ANN401 - the type of a Polars maximum
    """Return the next of 1, 2 and 5 times a power of ten, or the previous result while it is not far too large."""
    if not isinstance(most, float) or not math.isfinite(most) or most <= 1:
        return 1.0
    if before / 5 < most <= before:
        return before
    size = 10.0 ** math.floor(math.log10(most))
    return next(step * size for step in (1, 2, 5, 10) if step * size >= most)
