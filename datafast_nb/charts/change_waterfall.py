"""What changed between two moments, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import cell_numbers, uncertainty, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import why_missing
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_whole
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datafast_nb.conversion import Dimension

_HEIGHT: Final = 260
_COLUMN: Final = (46, 110)  # pixels: the narrowest, which holds a figure, and the widest
_LETTER: Final = 6  # of the sample sizes
_LEAST_WIDTH: Final = 520
_ROOM: Final = 1.12  # above the highest bar, for its figure
_TICKS: Final = 6
_SIZES: Final = 14  # pixels below the axis for the sample sizes
_MIX, _OWN = "traffic mix", "the group's own rate"
_BEFORE, _AFTER = "before", "after"


@finished
def compare(
    before: Snapshot | pl.DataFrame | pl.LazyFrame,
    after: Snapshot | pl.DataFrame | pl.LazyFrame,
    by: Dimension | str | Sequence[Dimension | str],
    *,
    top: int = 10,
    **_words: Unpack[Heading],
) -> alt.LayerChart:
    """Draw how the mean predicted rate changed from one moment to another, group by group.

    Parameters
    ----------
    before, after : Snapshot, polars.DataFrame or polars.LazyFrame
        Two snapshots, or visitors of two periods with the columns of ``schema.VISITORS``.
    by : str or sequence of str
        One dimension or several; not ``dimension_matches``, whose groups overlap. See ``datafast_nb.compare``.
    top : int, default 10
        Draw at most this many groups, those with the largest effect; all others share one more column, but a single
        other one has a column of its own.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A waterfall from left to right, on an axis from 0: from the rate before, each group's bars add the effects of
        its share of the traffic and of its own rate, and lead to the rate after. A figure above each group is the sum
        of both, in percentage points. Bars are faint for changes within noise, and for groups with fewer than 30
        prospects.

    Raises
    ------
    ValueError
        The dimension is unknown or its groups overlap, or `top` is less than 1.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> site = dfn.demo.Site(seed=0)
    >>> chart = dfn.charts.compare(site.snapshot(), site.snapshot(), by="device")
    """
    checked_whole(top, "top", 1)
    names = conversion.dimension_names(by)
    earlier, later = conversion.visitors_of(before), conversion.visitors_of(after)
    wording.check_drawable(earlier, names)
    table = conversion.compare(earlier, later, by=names).collect()
    by_all = wording.dimensions(names)
    subject = f"How the predicted rate changed by {by_all}"
    for frame, moment in ((earlier, "before"), (later, "after")):
        if not table[f"scored_{moment}"].sum():
            everybody = conversion.breakdown(frame, "is_customer").collect()
            return wording.message(
                subject, why_missing(everybody, "predicted_rate"), f"This is about the visitors {moment}."
            )
    rates, sizes = _totals(table)
    mix, own = (float(table[f"{name}_effect"].sum()) for name in ("mix", "conversion"))
    heading = wording.title(
        f"The mean predicted rate went from {rates[0]:.2%} to {rates[1]:.2%}, by {by_all}",
        f"{number(sizes[0], 'prospect')} before, {sizes[1]:,} after. Of {_points(rates[1] - rates[0])} "
        f"percentage points, {_points(mix)} come from the traffic mix, {_points(own)} from the groups' own rates.",
        f"Faint: a change within noise, or fewer than {uncertainty.ENOUGH} prospects.",
        "Below: prospects, before → after.",
    )
    rows = _rows(_groups(table, names, top), rates[0], min(sizes))
    return _drawn(rows, _ends(rates, sizes)).properties(title=heading)


def _points(rate: float) -> str:
    """Return a difference of rates in percentage points, with its sign."""
    return f"{round(100 * rate, 2) + 0.0:+.2f}"


def _totals(table: pl.DataFrame) -> tuple[list[float], list[int]]:
    """Return the site's mean rate and its prospects, before and after."""
    rates = [
        float((table[f"share_{moment}"] * table[f"predicted_rate_{moment}"]).sum()) for moment in ("before", "after")
    ]
    return rates, [int(table[f"scored_{moment}"].sum()) for moment in ("before", "after")]


def _groups(table: pl.DataFrame, names: Sequence[str], top: int) -> pl.DataFrame:
    """Return the groups with the largest effect, and all others combined."""
    name = pl.concat_str((wording.label(each) for each in names), separator=" · ")
    sums = ("scored_before", "scored_after", "mix_effect", "conversion_effect")
    own = ("predicted_rate_before", "predicted_rate_after", "within_noise")
    drawn = top if table.height > top + 1 else table.height
    label = wording.distinct_label("_name", taken=(_BEFORE, _AFTER))
    groups = table.head(drawn).with_columns(_name=name).select(pl.col(*sums, *own), group=label)
    rest = table.slice(drawn)
    if rest.is_empty():
        return groups
    others = rest.select(pl.col(*sums).sum(), group=pl.lit(wording.others(rest.height)))
    return pl.concat([groups, others], how="diagonal")


def _rows(groups: pl.DataFrame, before: float, fewest: int) -> pl.DataFrame:
    """Return the rows to draw: two for each group, one for each cause, in drawing order."""
    mix, own = pl.col("mix_effect"), pl.col("conversion_effect")
    noise = pl.when("within_noise").then(pl.lit("within noise")).otherwise(pl.lit("beyond noise"))
    placed = groups.with_columns(
        size=pl.format("{} → {}", *(cell_numbers.short_count(pl.col(f"scored_{it}")) for it in (_BEFORE, _AFTER))),
        sum=_signed(mix + own),
        noise=pl.when(pl.col("within_noise").is_not_null()).then(noise).otherwise(pl.lit("not known")),
        following=pl.col("group").shift(-1).fill_null(_AFTER),
        _place=pl.int_range(pl.len()),
        _first=before + (mix + own).cum_sum() - mix - own,
    ).with_columns(_middle=pl.col("_first") + mix)
    placed = placed.with_columns(above=pl.max_horizontal("_first", "_middle", pl.col("_middle") + own))
    many = (pl.max_horizontal("scored_before", "scored_after") >= uncertainty.ENOUGH) & (fewest >= uncertainty.ENOUGH)
    both = pl.min_horizontal("scored_before", "scored_after") >= uncertainty.ENOUGH
    beyond = both & ~pl.col("within_noise").fill_null(value=True)
    causes = [
        placed.with_columns(cause=pl.lit(_MIX), start="_first", end="_middle", effect=mix, sure=many.cast(pl.Int8)),
        placed.with_columns(
            cause=pl.lit(_OWN), start="_middle", end=pl.col("_middle") + own, effect=own, sure=beyond.cast(pl.Int8)
        ),
    ]
    rows = pl.concat(causes).sort("_place", maintain_order=True).with_columns(points=pl.col("effect") * 100)
    return rows.drop("_place", "_first", "_middle", "within_noise", "mix_effect", "conversion_effect", "effect")


def _signed(effect: pl.Expr) -> pl.Expr:
    """Return an effect in percentage points as text, with its sign."""
    points = (effect * 100).round(2)
    sign = pl.when(points < 0).then(pl.lit("\N{MINUS SIGN}")).otherwise(pl.lit("+"))
    return pl.format("{}{}", sign, points.abs().cast(pl.Decimal(12, 2)))


def _ends(rates: Sequence[float], sizes: Sequence[int]) -> pl.DataFrame:
    """Return the columns of the rates before and after."""
    ends = pl.DataFrame({"group": [_BEFORE, _AFTER], "rate": rates, "scored": sizes})
    return ends.with_columns(
        name=pl.Series([f"{rate:.2%}" for rate in rates]),
        size=cell_numbers.short_count(pl.col("scored")),
        zero=pl.lit(0.0),
    )


def _drawn(rows: pl.DataFrame, ends: pl.DataFrame) -> alt.LayerChart:
    """Draw the lines that join the bars, the bars, the rates before and after, the figures, and the sample sizes."""
    one_each = rows.filter(pl.col("cause") == _OWN)
    order = [_BEFORE, *one_each["group"], _AFTER]
    x = alt.X("group:N", title=None, scale=alt.Scale(domain=order), axis=_names(order))
    highest = max(float(pl.concat([rows["above"], ends["rate"]]).max()), 1e-9)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, _ROOM * highest], nice=False)
    axis = alt.Axis(format=_tick_format(highest), tickCount=_TICKS)
    y = alt.Y("start:Q", title="Mean predicted rate", scale=scale, axis=axis)
    groups, totals = alt.Chart(one_each).encode(x=x), alt.Chart(ends).encode(x=x)
    first = ends.head(1).select(start="rate", group="group", following=pl.lit(order[1]))
    joined = pl.concat([first, one_each.select(start="end", group="group", following="following")])
    below = alt.value(_HEIGHT + _SIZES)
    layers = [
        alt.Chart(joined).mark_rule(opacity=0.5, strokeWidth=1).encode(x=x, x2="following:N", y=y),
        _bars(rows, x, y),
        _totals_of(totals),
        groups.mark_text(dy=-7).encode(y="above:Q", text="sum:N"),
        totals.mark_text(dy=-7, fontWeight=600).encode(y="rate:Q", text="name:N"),
        *(base.mark_text(baseline="middle", fontSize=10).encode(y=below, text="size:N") for base in (groups, totals)),
    ]
    column = max(_COLUMN[0], 12 + _LETTER * max(map(len, one_each["size"].to_list())))
    width = min(max(_LEAST_WIDTH / len(order), column), _COLUMN[1]) * len(order)
    return alt.LayerChart(layer=layers, width=Usual(round(width), column * len(order)), height=_HEIGHT)


def _names(order: Sequence[str]) -> alt.Axis:
    """Return the axis of the names, below the sample sizes; upright where there is room for them."""
    fits = max(map(len, order)) * 7 * len(order) < _LEAST_WIDTH
    return alt.Axis(
        labelAngle=0 if fits else -35, labelPadding=2 * _SIZES, labelLimit=150, labelOverlap=False, orient="bottom"
    )


def _totals_of(totals: alt.Chart) -> alt.Chart:
    """Draw the bars of the rates before and after."""
    bars: alt.Chart = totals.mark_bar(color=NEUTRAL).encode(
        y="zero:Q",
        y2="rate:Q",
        tooltip=[
            alt.Tooltip("group:N", title="Moment"),
            alt.Tooltip("rate:Q", title="Mean predicted rate", format=".2%"),
            alt.Tooltip("scored:Q", title="Prospects", format=",d"),
        ],
    )
    return bars


def _bars(rows: pl.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    """Draw a bar for each group and cause."""
    causes, picked = [_MIX, _OWN], alt.selection_point(fields=["cause"], bind="legend")
    sure = alt.Opacity("sure:Q", scale=alt.Scale(domain=[0, 1], range=[0.35, 1]), legend=None)
    bars: alt.Chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=x,
            y=y,
            y2="end:Q",
            xOffset=alt.XOffset("cause:N", sort=causes),
            color=alt.Color("cause:N", title=None, scale=alt.Scale(domain=causes), legend=alt.Legend(symbolOpacity=1)),
            opacity=alt.when(picked).then(sure).otherwise(alt.value(0.06)),
            tooltip=[
                alt.Tooltip("group:N", title="Group"),
                alt.Tooltip("cause:N", title="Cause"),
                alt.Tooltip("points:Q", title="Percentage points", format="+.3f"),
                alt.Tooltip("scored_before:Q", title="Prospects before", format=",d"),
                alt.Tooltip("scored_after:Q", title="Prospects after", format=",d"),
                alt.Tooltip("predicted_rate_before:Q", title="Its rate before", format=".2%"),
                alt.Tooltip("predicted_rate_after:Q", title="Its rate after", format=".2%"),
                alt.Tooltip("noise:N", title="Change of its own rate"),
            ],
        )
        .add_params(picked)
    )
    return bars


def _tick_format(highest: float) -> str:
    """Return a format with enough digits to tell the ticks of an axis from 0 apart."""
    return f".{max(math.ceil(-math.log10(100 * highest / _TICKS)), 0)}~%"
