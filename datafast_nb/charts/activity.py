"""What happened when: events and payments on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts import wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished, in_line
from datafast_nb.currencies import coded
from datafast_nb.schema import RANGES
from datafast_nb.text import duration, number

if TYPE_CHECKING:
    from datafast_nb.snapshot import Snapshot

_HEIGHT: Final = 260
_LANE: Final = 20
_GAP: Final = 8
_LANES: Final = 4
_KINDS: Final = 6
_BARS: Final = 45
_OTHER: Final = "all other kinds"
# The widths that a bar may have, in seconds: from one second to thirty days.
_WIDTHS: Final = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    10_800,
    21_600,
    43_200,
    86_400,
    604_800,
    2_592_000,
)


@finished
def timeline(snap: Snapshot, *, brush: alt.Parameter | None = None, **_words: Unpack[Heading]) -> alt.LayerChart:
    """Draw the recent events by kind, and the payments, over time.

    Parameters
    ----------
    snap : Snapshot
        The snapshot.
    brush : altair.Parameter, optional
        A selection of an interval of time on the bars: `altair.selection_interval(encodings=["x"])`. Other charts can
        then be filtered by it.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        Bars of events, stacked by kind, and above them the payments: one line of diamonds for each currency. Different
        currencies are never added up. A click on the legend highlights a kind. Times are in UTC.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.timeline(dfn.demo.Site(seed=0).snapshot())
    """
    events = snap.events.filter(pl.col("timestamp").is_not_null())
    payments = _with_currency(snap.payments.filter(pl.col("timestamp").is_not_null()))
    timeless = snap.events.height + snap.payments.height - events.height - payments.height
    note = f"Left out: {timeless:,} without a time." if timeless else ""
    if not events.height + payments.height:
        return wording.message("Events and payments", wording.NOTHING_HAPPENED, note)
    moments = pl.concat([events["timestamp"], payments["timestamp"]]).dt.epoch("s")
    first, last = int(moments.min()), int(moments.max())  # type: ignore[arg-type]
    width = bar_width(last - first, _BARS)
    currencies = payments["currency"].value_counts().sort("count", "currency", descending=[True, False])
    drawn = currencies.head(_LANES)
    heading = wording.title(
        f"{number(events.height, 'event')} of "
        f"{number(events['visitor_id'].drop_nulls().n_unique(), 'visitor')} and "
        f"{number(payments.height, 'payment')} within {duration(last - first)}",
        f"A bar is {duration(width)} wide. Times are in UTC.",
        f"Drawn: payments in the {_LANES} most common of {currencies.height:,} currencies."
        if currencies.height > _LANES
        else "",
        note,
    )
    times = alt.Axis(grid=False, tickCount=6, format=_clock(last - first))
    bars = _bars(events, width, drawn.height * _LANE + _GAP, times)
    layers = [bars if brush is None else bars.add_params(brush), *_diamonds(payments, width, drawn)]
    apart = alt.Resolve(scale=alt.ScaleResolveMap(y="independent"))
    return alt.LayerChart(layer=layers, title=heading, width=Usual(600), height=_HEIGHT, resolve=apart)


def bar_width(seconds: int, bars: int) -> int:
    """Return the width of a bar, in seconds, so that a length of time needs no more than this many bars."""
    return next((width for width in _WIDTHS if seconds < width * bars), seconds // bars + 1)


def _with_currency(payments: pl.DataFrame) -> pl.DataFrame:
    """Name each payment's currency in capitals, and drop amounts that are out of range."""
    amount = pl.when(pl.col("amount").is_between(*RANGES["amount"])).then("amount")
    named = coded(payments).with_columns(amount)
    return named.with_columns(wording.label("currency"))


def _in_bins(frame: pl.DataFrame, seconds: int) -> pl.DataFrame:
    """Add the start, the middle and the end of the bar that each row belongs to."""
    start = pl.col("timestamp").dt.truncate(f"{seconds}s")
    middle, end = (start.dt.offset_by(f"{share * seconds}ms") for share in (500, 1000))
    return frame.with_columns(start=start, middle=middle, end=end)


def _bars(events: pl.DataFrame, seconds: int, room: int, axis: alt.Axis) -> alt.Chart:
    """Draw the events, with room at the top, in pixels, for the payments."""
    stacked, order = _stacked(events, seconds)
    # Names may be long, and occur in many bars, so the rows hold numbers instead.
    names = alt.LookupData(
        in_line(pl.DataFrame({"number": range(len(order)), "kind": order})), key="number", fields=["kind"]
    )
    picked = alt.selection_point(fields=["kind"], bind="legend")
    bars: alt.Chart = (
        alt.Chart(stacked)
        .transform_lookup("kind_number", from_=names)
        .transform_calculate(when=_as_text("start"))
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("start:T", title=None, scale=alt.Scale(type="utc"), axis=axis),
            x2="end:T",
            y=alt.Y(
                "top:Q",
                title="Events",
                scale=alt.Scale(range=[_HEIGHT, room]),
                axis=wording.count_axis(stacked.select(pl.col("top").max()).item() or 0),
            ),
            y2="bottom:Q",
            color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=order)),
            opacity=alt.when(picked).then(alt.value(1)).otherwise(alt.value(0.1)),
            tooltip=[
                alt.Tooltip("when:N", title="From"),
                alt.Tooltip("kind:N", title="Event"),
                alt.Tooltip("events:Q", title="Events", format=",d"),
                alt.Tooltip("visitors:Q", title="Visitors", format=",d"),
            ],
        )
        .add_params(picked)
    )
    return bars


def _stacked(events: pl.DataFrame, seconds: int) -> tuple[pl.DataFrame, list[str]]:
    """Count and stack the events of each bar by the number of their kind; also return the kinds in order."""
    kinds = (
        events.select(kind=wording.label("type"))["kind"].value_counts().sort("count", "kind", descending=[True, False])
    )
    common = kinds["kind"].head(_KINDS).to_list()
    kind = wording.label("type")
    counted = (
        _in_bins(events, seconds)
        .with_columns(kind=pl.when(kind.is_in(common)).then(kind).otherwise(pl.lit(_OTHER)))
        .group_by("start", "end", "kind")
        .agg(events=pl.len(), visitors=pl.col("visitor_id").n_unique())
    )
    # A kind may have the name of the rest; it then shares its bar.
    order = list(dict.fromkeys([*common, _OTHER])) if kinds.height > _KINDS else common
    place = pl.col("kind").replace_strict(order, range(len(order)), return_dtype=pl.Int64)
    numbered = counted.select(pl.exclude("kind"), kind_number=place).sort("start", "kind_number")
    stacked = numbered.with_columns(top=pl.col("events").cum_sum().over("start"))
    return stacked.with_columns(bottom=pl.col("top") - pl.col("events")), order


def _diamonds(payments: pl.DataFrame, seconds: int, currencies: pl.DataFrame) -> list[alt.Chart]:
    """Draw the payments at the top, with a lane for each currency and its name on the left."""
    lanes = currencies.select(
        "currency",
        name=pl.col("currency").str.head(12) + " payments",
        lane=pl.int_range(pl.len()) * _LANE + _LANE // 2,
    )
    if lanes.is_empty():
        return []
    summed = (
        _in_bins(payments, seconds)
        .join(lanes, on="currency")
        .group_by("middle", "lane")
        .agg(payments=pl.len(), amount=pl.col("amount").sum())
        .sort("lane", "middle")
    )
    currencies_of = alt.LookupData(in_line(lanes.select("lane", "currency")), key="lane", fields=["currency"])
    lane = alt.Y("lane:Q", scale=None, axis=None)
    diamonds = (
        alt.Chart(summed)
        .transform_lookup("lane", from_=currencies_of)
        .transform_calculate(when=_as_text("middle", 500 * seconds))
        .mark_point(shape="diamond", size=90, opacity=1)
        .encode(
            x="middle:T",
            y=lane,
            tooltip=[
                alt.Tooltip("when:N", title="From"),
                alt.Tooltip("currency:N", title="Currency"),
                alt.Tooltip("amount:Q", title="Amount", format=",.2f"),
                alt.Tooltip("payments:Q", title="Payments", format=",d"),
            ],
        )
    )
    names = (
        alt.Chart(lanes.drop("currency"))
        .mark_text(align="right", baseline="middle")
        .encode(x=alt.value(-8), y=lane, text="name:N")
    )
    return [diamonds, names]


def _as_text(moment: str, milliseconds: int = 0) -> str:
    """Return a Vega expression that formats a moment, less some milliseconds, as text."""
    return f"utcFormat(datum.{moment} - {milliseconds}, '%Y-%m-%d %H:%M:%S UTC')"


def _clock(seconds: int) -> str:
    """Return the format of times on an axis of this length: Vega's own has twelve hours, without a.m. and p.m."""
    if seconds < 180:  # noqa: PLR2004
        return "%H:%M:%S"
    return "%H:%M" if seconds <= 86_400 else "%Y-%m-%d"  # noqa: PLR2004
