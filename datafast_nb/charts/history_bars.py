"""Visitors and revenue over time, from a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import calendar_steps, recorded, wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_zone
from datafast_nb.currencies import coded
from datafast_nb.history import History
from datafast_nb.history.coverage import coverage, uncovered, watched_seconds
from datafast_nb.history.moments import MOMENT
from datafast_nb.text import money, number

_SUBJECT: Final = "Visitors, and expected and real revenue, over time"
_NOBODY: Final = "No visit began in this time"
_WIDTH: Final = Usual(600)
_HEIGHTS: Final = {"visitors": 130, "USD": 130, "other": 70}
_CURRENCIES: Final = 3
_GAPS: Final = 100
_BARS: Final = 370
_WANTED_BARS: Final = 45
_USD: Final = "USD"
_EXPECTED, _PAID = "expected", "paid"
_NOT_EXPECTED: Final = (
    "Expected revenue is not drawn: it is always in USD, and some payments are in a currency without a rate. Give the "
    "rates of all."
)
_WHOLE: Final = 0.95  # of a bar's time; with less recorded, it is faint
_FAINT: Final = 0.35


@finished
def trend(
    history: History,
    every: str | timedelta | None = None,
    *,
    time_zone: str = "UTC",
    start: datetime | None = None,
    end: datetime | None = None,
    rates: Mapping[str, float] | None = None,
    renewals: bool = False,
    **_words: Unpack[Heading],
) -> alt.VConcatChart | alt.LayerChart:
    """Draw visitors, and expected and real revenue, over the time of a history.

    Parameters
    ----------
    history : History
        The history.
    every : str or timedelta, optional
        The length of a bar, such as ``"15m"``, ``"1h"``, ``"1d"``, ``"1w"`` or ``"1mo"``; by default chosen so that
        there are at most 45 bars. Days, weeks and months begin as they do in the time zone.
    time_zone : str, default "UTC"
        The time zone, such as ``"Europe/Berlin"``.
    start, end : datetime, optional
        Only the time from `start` until before `end` (with a time zone).
    rates : mapping of str to float, optional
        USD for one unit of each currency, such as ``{"EUR": 1.08}``: payments in these are converted.
    renewals : bool, default False
        Whether the real revenue includes renewals. Predictions are not about them.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.VConcatChart or altair.LayerChart
        Bars of the visitors who came; of the payments in USD; and of those in each of the three most common other
        currencies, which are never added up. A line marks the revenue expected from the prospects who came, but only if
        all payments are in USD or have a rate: the whole expectation is not compared with a part of the payments. Gaps
        are gray, and a bar is faint if less than 95 % of its time was recorded. If there is nothing to draw, a chart
        that says so.

    Raises
    ------
    NotRecordedError
        There is no history at this location.
    ValueError
        `every` is not a length of time or makes more than 370 bars, the time zone is unknown, or a rate is not a
        positive number.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.5, visitors_per_day=500, progress=False)
    ...     chart = dfn.charts.trend(history, every="1h")
    """
    if not isinstance(history, History):
        raise TypeError(f"trend takes a History, such as dfn.History('site-history'), not {type(history).__name__}.")
    zone, step = checked_zone(time_zone), None if every is None else calendar_steps.checked_step(every)
    watched = coverage(history, start, end)
    if watched.is_empty():
        return wording.message(_SUBJECT, recorded.TOO_LITTLE, remedy=recorded.RECORD_MORE)
    step, edges = _bars_of(watched, step, zone)
    visits, payments = pl.collect_all(
        [
            _inside(_visits(history, start, end), edges, start),
            _inside(_payments(history, start, end, renewals=renewals), edges, start),
        ]
    )
    totals = conversion.revenue(payments, rates=rates)
    if visits.is_empty() and payments.is_empty():
        return wording.message(_SUBJECT, _NOBODY, remedy=recorded.RECORD_MORE)
    payments, currencies = _by_currency(payments, rates or {})
    if without_rate := len(currencies) > 1 and visits["expected"].count() > 0:
        visits = visits.with_columns(expected=pl.lit(None, pl.Float64))
    clock = calendar_steps.clock(edges, step)
    table = _table(edges, clock, watched, visits, payments, currencies)
    gaps = _gaps(watched, clock, zone)
    heading = wording.title(
        f"{_sentence(visits, totals)}, {calendar_steps.in_words(step)}",
        _NOT_EXPECTED if without_rate else "",
        _about_money(visits, payments, currencies, rates, renewals=renewals),
        _about_time(table, gaps, zone),
    )
    return _drawn(table, gaps, currencies, calendar_steps.axis(edges, step, zone)).properties(title=heading)


def _bars_of(watched: pl.DataFrame, step: str | None, zone: str) -> tuple[str, pl.Series]:
    """Return the length of a bar, and the moments when each begins and the last one ends."""
    first, last = watched["from"][0], watched["until"][-1]
    length = (last - first).total_seconds()
    chosen = step or calendar_steps.usual_step(length / _WANTED_BARS)
    bars = length / calendar_steps.seconds(chosen)
    if bars > _BARS:
        shortest = calendar_steps.usual_step(length / _BARS)
        raise ValueError(
            f"every={chosen!r} makes {bars:,.0f} bars, and the chart has room for {_BARS}. Give every={shortest!r}, or "
            "a shorter time with start and end."
        )
    return chosen, calendar_steps.edges(first, last, chosen, zone)


# Rows


def _visits(history: History, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Return when each visit began, whose it was, and its expected value if it was a prospect's."""
    began = pl.coalesce(pl.col("session_start_time").cast(MOMENT), "first_seen")
    worth, prospect = pl.col("expected_value"), ~pl.col("is_customer").fill_null(value=False)
    expected = pl.when(worth.is_finite() & prospect).then(worth)
    return history.sessions(start, end).select("visitor_id", at=began, expected=expected)


def _payments(history: History, start: datetime | None, end: datetime | None, *, renewals: bool) -> pl.LazyFrame:
    """Return the payments with their time."""
    paid = history.payments(start, end).with_columns(at=pl.coalesce(pl.col("timestamp").cast(MOMENT), "seen_at"))
    return paid if renewals else paid.filter(~pl.col("renewal").fill_null(value=False))


def _inside(rows: pl.LazyFrame, edges: pl.Series, start: datetime | None) -> pl.LazyFrame:
    """Keep the rows from the start on, and add the `place` of the bar that each belongs to."""
    bars = pl.LazyFrame({"edge": edges.cast(MOMENT)}).with_row_index("place").head(len(edges) - 1)
    kept = recorded.within(rows, edges[0] if start is None else start, None).sort("at")
    return kept.join_asof(bars, left_on="at", right_on="edge").drop("edge")


def _by_currency(payments: pl.DataFrame, rates: Mapping[str, float]) -> tuple[pl.DataFrame, list[str]]:
    """Name each payment's currency, convert amounts that have a rate, and return the currencies to draw, USD first."""
    payments, code = coded(payments), pl.col("currency")
    worth = code.replace_strict({name.strip().upper(): rate for name, rate in rates.items()}, default=None)
    worth = worth.cast(pl.Float64)
    named = payments.with_columns(
        currency=pl.when(worth.is_not_null()).then(pl.lit(_USD)).otherwise(code),
        amount=pl.when(pl.col("amount").is_finite()).then(pl.col("amount") * worth.fill_null(1.0)),
    ).with_columns(wording.label("currency"))
    counted = named["currency"].value_counts().sort("count", "currency", descending=[True, False])
    return named, [_USD, *counted.filter(pl.col("currency") != _USD)["currency"].head(_CURRENCIES)]


def _table(
    edges: pl.Series,
    clock: str,
    watched: pl.DataFrame,
    visits: pl.DataFrame,
    payments: pl.DataFrame,
    currencies: Sequence[str],
) -> pl.DataFrame:
    """Return a row for each bar, with `paid0` and `payments0` for the first currency, and so on; null: not recorded."""
    ends = edges.slice(1)
    length = (ends - edges.head(len(ends))).dt.total_microseconds() / 1e6
    bars = pl.DataFrame({"edge": edges.head(len(ends)), "until": ends}).with_row_index("place")
    when = [pl.col(edge).dt.strftime(clock) for edge in ("edge", "until")]
    bars = bars.select(
        "place",
        start=calendar_steps.position(pl.col("edge")),
        end=calendar_steps.position(pl.col("until")),
        when=pl.format("{} to {}", *when),
        recorded=(watched_seconds(edges, watched) / length).clip(0, 1).round(3),
    )
    came = visits.group_by("place").agg(
        visitors=pl.col("visitor_id").n_unique().cast(pl.Int64),
        visits=pl.len().cast(pl.Int64),
        expected=pl.when(pl.col("expected").count() > 0).then(pl.col("expected").sum().round(2)),
    )
    parts = [came]
    for place, currency in enumerate(currencies):
        of_one = payments.filter(currency=currency).group_by("place")
        sums = {f"paid{place}": pl.col("amount").sum().round(2), f"payments{place}": pl.len().cast(pl.Int64)}
        parts.append(of_one.agg(**sums))
    for part in parts:
        bars = bars.join(part, on="place", how="left", maintain_order="left")
    seen = pl.col("recorded") > 0
    counted = pl.all().exclude("place", "start", "end", "when", "recorded", "expected")
    return bars.drop("place").with_columns(pl.when(seen).then(counted.fill_null(0)).otherwise(counted))


def _gaps(watched: pl.DataFrame, clock: str, zone: str) -> pl.DataFrame:
    """Return the gaps in the recording: `start`, `end`, the local times, and how long each is."""
    first, last = watched["from"][0], watched["until"][-1]
    ends = [pl.col(name).dt.convert_time_zone(zone) for name in ("since", "until")]
    return uncovered(first, last, watched).select(
        start=calendar_steps.position(ends[0]),
        end=calendar_steps.position(ends[1]),
        when=pl.format("{} to {}", *(it.dt.strftime(clock) for it in ends)),
        hours=(ends[1] - ends[0]).dt.total_seconds() / 3600,
    )


# Words


def _sentence(visits: pl.DataFrame, totals: pl.DataFrame) -> str:
    """Return a sentence that sums up the chart."""
    parts = [number(visits["visitor_id"].n_unique(), "visitor")]
    if visits["expected"].count():
        parts.append(f"{money(float(visits['expected'].sum()), _USD)} expected")
    dollars = totals.filter(pl.col("currency") == _USD)
    paid = f"{money(float(dollars['amount'].sum()), _USD)} paid in USD" if dollars.height else ""
    parts.append(paid or number(int(totals["payments"].sum()), "payment"))
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _about_money(
    visits: pl.DataFrame,
    payments: pl.DataFrame,
    currencies: Sequence[str],
    rates: Mapping[str, float] | None,
    *,
    renewals: bool,
) -> str:
    """Return notes on what the sums include and what they don't."""
    others = payments.filter(pl.col("currency") != _USD)["currency"].n_unique()
    drawn = len(currencies) - 1
    separately = "amounts with a rate in USD, other currencies separately" if rates else "each currency separately"
    notes = [
        "Expected: from the visits of prospects that began, in USD." if visits["expected"].count() else "",
        f"Paid: {'with' if renewals else 'without'} renewals, {separately}.",
        f"Drawn: the {drawn} most common of {others:,} other currencies." if others > drawn else "",
    ]
    return " ".join(filter(None, notes))


def _about_time(table: pl.DataFrame, gaps: pl.DataFrame, zone: str) -> str:
    """Return notes on what was not recorded."""
    more = f", the {_GAPS} longest drawn" if gaps.height > _GAPS else ""
    notes = [
        f"Gray: {number(gaps.height, 'gap')} in what was recorded, {gaps['hours'].sum():,.1f} hours{more}."
        if gaps.height
        else "",
        "Faint: not all of that time was recorded." if table["recorded"].lt(_WHOLE).any() else "",
        f"Times are in {zone}.",
    ]
    return " ".join(filter(None, notes))


# Drawing


def _drawn(table: pl.DataFrame, gaps: pl.DataFrame, currencies: Sequence[str], axis: alt.Axis) -> alt.VConcatChart:
    """Draw panels for the visitors, for the dollars, and for each other currency, on one time axis."""
    drawn = [place for place in range(len(currencies)) if place or _has_dollars(table)]
    more = " (bars), and expected revenue (lines)" if table["expected"].count() else ""
    names = ["Visitors", *(f"{currencies[place][:24]} payments{'' if place else more}" for place in drawn)]
    panels = []
    for place, name in zip([None, *drawn], names, strict=True):
        lowest = place == (drawn[-1] if drawn else None)
        x = alt.X(
            "start:T",
            title=None,
            scale=alt.Scale(type="utc", nice=False),
            axis=axis if lowest else None,
        )
        layers = [*_gray(gaps, x), *(_visitors(table, x) if place is None else _amounts(table, place, x))]
        height = _HEIGHTS["visitors" if place is None else "other" if place else _USD]
        title = alt.Title(name, fontSize=12, frame="group", offset=6)
        panels.append(alt.LayerChart(layer=layers, width=_WIDTH, height=height, title=title))
    apart = alt.Resolve(scale=alt.ScaleResolveMap(color="independent"))
    chart: alt.VConcatChart = alt.vconcat(*panels, spacing=12, resolve=apart)
    return chart


def _has_dollars(table: pl.DataFrame) -> bool:
    """Return whether there is any amount in USD."""
    return table["expected"].count() > 0 or bool(table["payments0"].sum())


def _gray(gaps: pl.DataFrame, x: alt.X) -> list[alt.Chart]:
    """Draw the gaps, if there are any: Vega warns about marks without data."""
    longest = gaps.sort("hours", descending=True).head(_GAPS).sort("start")
    rectangles = (
        alt.Chart(longest)
        .mark_rect(color=NEUTRAL, fillOpacity=0.18, stroke=NEUTRAL, strokeOpacity=0.35, strokeWidth=1)
        .encode(
            x=x,
            x2="end:T",
            tooltip=[
                alt.Tooltip("when:N", title="Not recorded"),
                alt.Tooltip("hours:Q", title="Hours", format=",.1f"),
            ],
        )
    )
    return [rectangles] if gaps.height else []


def _tooltip(*lines: alt.Tooltip) -> list[alt.Tooltip]:
    """Return the tooltip of a bar."""
    share = alt.Tooltip("recorded:Q", title="Share of this time recorded", format=".0%")
    return [alt.Tooltip("when:N", title="Time"), *lines, share]


def _faint() -> Any:  # noqa: ANN401 - Altair has no name for it
    """Return the opacity of bars: less if a part of the time was not recorded."""
    return alt.when(f"datum.recorded < {_WHOLE}").then(alt.value(_FAINT)).otherwise(alt.value(1))


def _visitors(table: pl.DataFrame, x: alt.X) -> list[alt.Chart]:
    """Draw the visitors."""
    most = int(table["visitors"].max() or 0)  # type: ignore[arg-type]
    bars = (
        alt.Chart(table)
        .mark_bar(x2Offset=-_spacing(table))
        .encode(
            x=x,
            x2="end:T",
            y=alt.Y("visitors:Q", title=None, axis=wording.count_axis(most)),
            y2=alt.datum(0),
            opacity=_faint(),
            tooltip=_tooltip(
                alt.Tooltip("visitors:Q", title="Visitors", format=",d"),
                alt.Tooltip("visits:Q", title="Visits", format=",d"),
            ),
        )
    )
    return [bars]


def _amounts(table: pl.DataFrame, place: int, x: alt.X) -> list[alt.Chart]:
    """Draw the payments in a currency, and for the dollar the expected revenue."""
    dollars = place == 0
    expected = dollars and table["expected"].count() > 0
    tooltips = [
        alt.Tooltip(f"paid{place}:Q", title="Paid", format=",.2f"),
        alt.Tooltip(f"payments{place}:Q", title="Payments", format=",d"),
    ]
    if expected:
        tooltips.insert(0, alt.Tooltip("expected:Q", title="Expected", format=",.2f"))
    color = alt.Color("kind:N", scale=alt.Scale(domain=[_PAID, _EXPECTED]), legend=None)
    base = alt.Chart(table).encode(x=x, x2="end:T", color=color, opacity=_faint(), tooltip=_tooltip(*tooltips))
    axis = alt.Axis(format=",.2~f", tickCount=4 if dollars else 2)
    paid = alt.Y(f"paid{place}:Q", title=None, axis=axis)
    bars = base.mark_bar(x2Offset=-_spacing(table)).encode(y=paid, y2=alt.datum(0))
    lines = base.mark_rule(strokeWidth=2.5).encode(y=alt.Y("expected:Q", title=None, axis=axis))
    layers = [bars.transform_calculate(kind=f"'{_PAID}'")]
    return [*layers, lines.transform_calculate(kind=f"'{_EXPECTED}'")] if expected else layers


def _spacing(table: pl.DataFrame) -> int:
    """Return the pixels between two bars, if they are wide enough to leave some."""
    return int(table.height < _WIDTH / 4)
