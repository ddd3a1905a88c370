"""What changed between two moments, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import uncertainty, wording
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import why_missing
from datafast_nb.charts.specification import finished
from datafast_nb.checks import checked_whole
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datafast_nb.conversion import Dimension

_WIDTH: Final = 460
_ROW: Final = 32
_TICKS: Final = 6
_LEAST_STEP: Final = 1e-6  # between ticks, in percentage points
_MIX, _OWN = "traffic mix", "the group's own rate"


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
        Draw at most this many groups, those with the largest effect; all others share one more row.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A waterfall: from the rate before, each group's bars add the effects of its share of the traffic and of its own
        rate, down to the rate after. Bars are faint for changes within noise, and for groups with fewer than 30
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
        f"Faint: a change within noise, or fewer than {uncertainty.ENOUGH} prospects. n: prospects before and after.",
    )
    rows = _rows(_groups(table, names, top), rates[0], min(sizes))
    return _drawn(rows, rates).properties(title=heading)


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
    groups = table.head(top).with_columns(_name=name).select(pl.col(*sums, *own), group=wording.distinct_label("_name"))
    rest = table.slice(top)
    if rest.is_empty():
        return groups
    others = rest.select(pl.col(*sums).sum(), group=pl.lit(wording.others(rest.height)))
    return pl.concat([groups, others], how="diagonal")


def _rows(groups: pl.DataFrame, before: float, fewest: int) -> pl.DataFrame:
    """Return the rows to draw: two for each group, one for each cause, in drawing order."""
    mix, own = pl.col("mix_effect"), pl.col("conversion_effect")
    noise = pl.when("within_noise").then(pl.lit("within noise")).otherwise(pl.lit("beyond noise"))
    placed = groups.with_columns(
        size=pl.format("n = {} → {}", wording.grouped("scored_before"), wording.grouped("scored_after")),
        noise=pl.when(pl.col("within_noise").is_not_null()).then(noise).otherwise(pl.lit("not known")),
        following=pl.col("group").shift(-1),
        _place=pl.int_range(pl.len()),
        _first=before + (mix + own).cum_sum() - mix - own,
    ).with_columns(_middle=pl.col("_first") + mix)
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


def _drawn(rows: pl.DataFrame, rates: Sequence[float]) -> alt.LayerChart:
    """Draw the bars, the lines that join them, the rates before and after, and the sample sizes."""
    y = alt.Y("group:N", sort=None, title=None)
    one_each = rows.filter(pl.col("cause") == _OWN)
    joints = (
        alt.Chart(one_each.filter(pl.col("following").is_not_null()))
        .mark_rule(opacity=0.5, strokeWidth=1)
        .encode(x="end:Q", y=y, y2="following:N")
    )
    layers = [_bars(rows, y), joints, *_ends(rates), wording.at_the_right(alt.Chart(one_each).encode(y=y))]
    return alt.LayerChart(layer=layers, width=_WIDTH, height=_ROW * one_each.height)


def _bars(rows: pl.DataFrame, y: alt.Y) -> alt.Chart:
    """Draw a bar for each group and cause."""
    causes, picked = [_MIX, _OWN], alt.selection_point(fields=["cause"], bind="legend")
    sure = alt.Opacity("sure:Q", scale=alt.Scale(domain=[0, 1], range=[0.35, 1]), legend=None)
    bars: alt.Chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X(
                "start:Q",
                title="Mean predicted rate",
                scale=alt.Scale(zero=False),
                axis=alt.Axis(format=_tick_format(rows), tickCount=_TICKS),
            ),
            x2="end:Q",
            y=y,
            yOffset=alt.YOffset("cause:N", sort=causes),
            color=alt.Color(
                "cause:N",
                title=None,
                scale=alt.Scale(domain=causes),
                legend=alt.Legend(symbolOpacity=1, offset=24),
            ),
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


def _tick_format(rows: pl.DataFrame) -> str:
    """Return a format with enough digits to tell the ticks apart."""
    ends = pl.concat([rows["start"], rows["end"]])
    lowest, highest = (100 * float(end) for end in (ends.min(), ends.max()))  # type: ignore[arg-type]
    digits = math.ceil(-math.log10(max((highest - lowest) / _TICKS, _LEAST_STEP))) if highest > lowest else 2
    return f".{max(digits, 0)}~%"


def _ends(rates: Sequence[float]) -> list[alt.Chart]:
    """Draw the rates before and after as lines; the lower one is named on its left, the higher one on its right."""
    names = [f"{moment} {rate:.2%}" for moment, rate in zip(("before", "after"), rates, strict=True)]
    ends = alt.Chart(pl.DataFrame({"rate": rates, "moment": names})).encode(x="rate:Q")
    text = ends.encode(text="moment:N", y=alt.value(0))
    lower, higher = names if rates[0] < rates[1] else reversed(names)
    return [
        ends.mark_rule(strokeDash=[4, 3]),
        text.transform_filter(alt.datum.moment == lower).mark_text(align="right", dx=-4, dy=-9),
        text.transform_filter(alt.datum.moment == higher).mark_text(align="left", dx=4, dy=-9),
    ]
