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
from datafast_nb.checks import checked_whole
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datafast_nb.conversion import Dimension

_WIDTH: Final = 420
_ROW: Final = 30  # pixels of a group
_SUMS, _SIZES = 46, 58  # pixels from the plot to where the figures end, and to where the sample sizes begin
_TICKS: Final = 5
_ROOM: Final = 1.08
_LEAST_REACH: Final = 0.05  # of the rate before: what is small looks small
_MIX, _LOWER, _HIGHER = "traffic mix", "own rate, lower", "own rate, higher"
_CAUSES: Final = (_LOWER, _HIGHER, _MIX)  # in the order of the colors: lower is blue, and higher orange, as on the map


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
        Draw at most this many groups, those with the largest effect; all others share one more row, but a single
        other one has a row of its own.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        Two bars for each group, the one with the largest effect first: what its share of the traffic adds to the mean
        rate or takes from it, and what its own rate does. The bars of all groups add up to the whole change. Zero is in
        the middle, and each side is at least a twentieth of the rate before, so that a small change looks small. Beside
        a group are the sum of its bars, in percentage points, and its prospects before and after. Bars are faint for
        changes within noise, and for groups with fewer than 30 prospects.

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
        "At the right: the change in percentage points; prospects before → after.",
    )
    rows = _rows(_groups(table, names, top), min(sizes))
    return _drawn(rows, 100 * _LEAST_REACH * rates[0]).properties(title=heading)


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
    label = wording.distinct_label("_name")
    groups = table.head(drawn).with_columns(_name=name).select(pl.col(*sums, *own), group=label)
    rest = table.slice(drawn)
    if rest.is_empty():
        return groups
    others = rest.select(pl.col(*sums).sum(), group=pl.lit(wording.others(rest.height)))
    return pl.concat([groups, others], how="diagonal")


def _rows(groups: pl.DataFrame, fewest: int) -> pl.DataFrame:
    """Return the rows to draw: two for each group, one for each cause."""
    mix, own = (100 * pl.col(f"{name}_effect") for name in ("mix", "conversion"))
    noise = pl.when("within_noise").then(pl.lit("within noise")).otherwise(pl.lit("beyond noise"))
    sizes = (cell_numbers.short_count(pl.col(f"scored_{moment}")) for moment in ("before", "after"))
    placed = groups.with_columns(
        size=pl.format("{} → {}", *sizes),
        sum=_signed(mix + own),
        noise=pl.when(pl.col("within_noise").is_not_null()).then(noise).otherwise(pl.lit("not known")),
        _place=pl.int_range(pl.len()),
    )
    many = (pl.max_horizontal("scored_before", "scored_after") >= uncertainty.ENOUGH) & (fewest >= uncertainty.ENOUGH)
    both = pl.min_horizontal("scored_before", "scored_after") >= uncertainty.ENOUGH
    beyond = both & ~pl.col("within_noise").fill_null(value=True)
    direction = pl.when(own < 0).then(pl.lit(_LOWER)).otherwise(pl.lit(_HIGHER))
    causes = [
        placed.with_columns(place=pl.lit(0), cause=pl.lit(_MIX), points=mix, sure=many.cast(pl.Int8)),
        placed.with_columns(place=pl.lit(1), cause=direction, points=own, sure=beyond.cast(pl.Int8)),
    ]
    rows = pl.concat(causes).sort("_place", maintain_order=True)
    return rows.drop("_place", "within_noise", "mix_effect", "conversion_effect")


def _signed(effect: pl.Expr) -> pl.Expr:
    """Return percentage points as text, with their sign."""
    points = effect.round(2)
    sign = pl.when(points < 0).then(pl.lit("\N{MINUS SIGN}")).otherwise(pl.lit("+"))
    return pl.format("{}{}", sign, points.abs().cast(pl.Decimal(12, 2)))


def _drawn(rows: pl.DataFrame, least_reach: float) -> alt.LayerChart:
    """Draw the bars, the line at zero, the sums, and the sample sizes."""
    largest = float(rows["points"].abs().max() or 0.0)  # type: ignore[arg-type]
    reach = max(_ROOM * largest, least_reach, 1e-9)
    base = alt.Chart(rows).encode(y=alt.Y("group:N", sort=None, title=None))
    x = alt.X(
        "points:Q",
        title="Change in percentage points",
        scale=alt.Scale(domain=[-reach, reach], nice=False),
        axis=alt.Axis(format=_tick_format(reach), tickCount=_TICKS),
        stack=None,
    )
    at_the_right = base.transform_filter(alt.datum.place == 0).encode(x=alt.value("width"))
    layers = [
        _bars(base, x),
        alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule().encode(x="zero:Q"),
        at_the_right.mark_text(align="right", dx=_SUMS, fontWeight=600).encode(text="sum:N"),
        at_the_right.mark_text(align="left", dx=_SIZES).encode(text="size:N"),
    ]
    return alt.LayerChart(layer=layers, width=Usual(_WIDTH), height=_ROW * rows["group"].n_unique())


def _bars(base: alt.Chart, x: alt.X) -> alt.Chart:
    """Draw a bar for each group and cause."""
    picked = alt.selection_point(fields=["cause"], bind="legend")
    sure = alt.Opacity("sure:Q", scale=alt.Scale(domain=[0, 1], range=[0.35, 1]), legend=None)
    scale = alt.Scale(domain=list(_CAUSES))
    bars: alt.Chart = (
        base.mark_bar()
        .encode(
            x=x,
            yOffset=wording.beside(2),
            color=alt.Color("cause:N", title=None, scale=scale, legend=alt.Legend(symbolOpacity=1)),
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


def _tick_format(reach: float) -> str:
    """Return a format with enough digits to tell the ticks of an axis apart."""
    return f"+.{max(math.ceil(-math.log10(reach / _TICKS)), 0)}~f"
