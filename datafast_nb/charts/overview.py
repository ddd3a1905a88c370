"""The most informative charts in one, linked by time."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Unpack

import altair as alt
import polars as pl

from datafast_nb import conversion
from datafast_nb.charts import live_interval, uncertainty, wording
from datafast_nb.charts.activity import bar_width, timeline
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.driver_bars import drivers
from datafast_nb.charts.group_bars import breakdown, drawn_groups, order_note, with_measure
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.measures import why_missing
from datafast_nb.charts.score_histogram import scores
from datafast_nb.charts.specification import finished, in_line
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.conversion.breakdown import skewness_within
from datafast_nb.conversion.frames import once, rate_of
from datafast_nb.glossary import JUST_ARRIVING
from datafast_nb.schema import RANGES
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datafast_nb.conversion import Dimension

_GROUPS: Final = 8
_DRIVERS: Final = 10
_TIMES: Final = 12
_WIDTH: Final = 360
_BETWEEN: Final = 220
_MOST_DIMENSIONS: Final = 2
# Each chart keeps its own color scale.
_APART: Final = alt.Resolve(scale=alt.ScaleResolveMap(color="independent", opacity="independent"))


@finished
def dashboard(
    snap: Snapshot, by: Sequence[Dimension | str] = ("channel", "country_code"), **_words: Unpack[Heading]
) -> alt.ConcatChart:
    """Draw the most informative charts of a snapshot in one.

    Parameters
    ----------
    snap : Snapshot
        The snapshot.
    by : sequence of str, default ("channel", "country_code")
        One dimension or two, for the bars. See ``datafast_nb.breakdown``.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.ConcatChart
        The `timeline`; the predicted rate by each dimension; the `scores` and the `drivers`. Drag over the timeline's
        bars to restrict the bars of the rates to the prospects who were on the site in that span of time, to the
        minute: from their first event in the snapshot to their last. A double click removes the selection.

    Raises
    ------
    ValueError
        The dimension is unknown, or there are more than two.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> chart = dfn.charts.dashboard(dfn.demo.Site(seed=0).snapshot())
    """
    if not isinstance(snap, Snapshot):
        raise TypeError(f"dashboard takes a Snapshot, not {type(snap).__name__}.")
    names = conversion.dimension_names(list(by) if isinstance(by, tuple) else by)
    if not 1 <= len(names) <= _MOST_DIMENSIONS:
        raise ValueError(f"A dashboard has bars for one dimension or two, such as by=['channel'], not {len(names)}.")
    brush = alt.selection_interval(encodings=["x"], mark=alt.BrushConfig(fill=NEUTRAL, fillOpacity=0.3, stroke=NEUTRAL))
    times = _times(snap)
    above = _panel(timeline(snap, brush=brush if times is not None else None), 2 * _WIDTH + _BETWEEN, 140)
    bars = [_panel(_bars(snap, name, times, brush.name), _WIDTH) for name in names]
    below = [_panel(scores(snap), _WIDTH + 30), _panel(drivers(snap, top=_DRIVERS), _WIDTH)]
    total = conversion.summary(snap).row(0, named=True)
    heading = alt.Title(
        _sentence(total), subtitle=_notes(snap, total, live=times is not None and total["scored"] > 0), fontSize=19
    )
    rows = [alt.concat(*row, columns=2, spacing=36, align="none", resolve=_APART) for row in (bars, below)]
    chart: alt.ConcatChart = alt.concat(
        above, *rows, columns=1, spacing=28, align="none", title=heading, resolve=_APART
    )
    return chart


def _panel(chart: alt.LayerChart, width: int, letters: int = 68) -> alt.LayerChart:
    """Return a chart as a part of the dashboard; its title starts where its plot does, so that titles line up."""
    lines = textwrap.wrap(" ".join(chart.title.subtitle), letters)
    placed: alt.LayerChart = chart.properties(
        width=Usual(width), title=alt.Title(chart.title.text, subtitle=lines, frame="group")
    )
    return placed


def _sentence(total: dict[str, Any]) -> str:
    """Return a sentence that sums up the snapshot."""
    who = f"{number(total['visitors'], 'visitor')} now"
    if not total["scored"]:
        return who
    purchases = total["expected_conversions"]
    expected = f"{purchases:,.{1 if purchases >= 1 else 2}f} purchases worth ${total['expected_value']:,.2f} expected"
    return f"{who}; of {number(total['scored'], 'prospect')} {expected} {JUST_ARRIVING}"


def _notes(snap: Snapshot, total: dict[str, Any], *, live: bool) -> list[str]:
    """Return notes on when the snapshot was taken, who is left out, and what you can do."""
    brushed = "A span that is selected on the timeline narrows the rates to those who were here then." if live else ""
    said = (f"{snap.fetched_at:%Y-%m-%d %H:%M} UTC.", wording.left_out(total), brushed)
    return [" ".join(filter(None, said))]


class _Times(NamedTuple):
    """When visitors were on the site, by number of bar.

    Attributes
    ----------
    seen : polars.DataFrame
        `visitor_id`, and the bars of the first and last event as `seen_first` and `seen_last`.
    start, width : int
        When the first bar begins, in milliseconds since 1970, and how long each is, in milliseconds.
    """

    seen: pl.DataFrame
    start: int
    width: int


def _times(snap: Snapshot) -> _Times | None:
    """Return when visitors were on the site; None if no event of a visitor has a time."""
    events = snap.events.select("visitor_id", at=pl.col("timestamp").dt.epoch("ms")).drop_nulls()
    if events.is_empty():
        return None
    first, last = int(events["at"].min()), int(events["at"].max())  # type: ignore[arg-type]
    width = 1000 * bar_width((last - first) // 1000, _TIMES)
    start = first // width * width
    bar = (pl.col("at") - start) // width
    return _Times(events.group_by("visitor_id").agg(seen_first=bar.min(), seen_last=bar.max()), start, width)


def _bars(snap: Snapshot, name: str, times: _Times | None, brush: str) -> alt.LayerChart:
    """Draw the rate of each group, for those who were there in the brushed time."""
    table = conversion.breakdown(snap, name)
    rate = rate_of(snap, None)
    missing = why_missing(table, "predicted_rate")
    if times is None or missing:
        return breakdown(snap, name, "visitors" if missing else "predicted_rate", top=_GROUPS)
    (groups,) = drawn_groups(table, [name], "predicted_rate", _GROUPS)
    others = with_measure(table, "predicted_rate").height - groups.height
    pool = others > 0 and name != "dimension_matches"
    rows = _rows(snap, name, times, groups, pool=pool)
    labels = groups.select(place="_place", group="_label")
    if pool:
        rest = {"place": [groups.height], "group": [wording.others(others)]}
        labels = pl.concat([labels, pl.DataFrame(rest, schema=labels.schema)])
    scored = int(conversion.summary(snap)["scored"].item())
    heading = wording.title(
        f"Predicted rate by {wording.dimension(name)}, {number(scored, 'prospect')}",
        "" if rate is None else f"Dashed: the site's average, {rate:.2%}.",
        "Thin lines: 95 % interval, where there are enough to tell.",
        "The groups overlap." if name == "dimension_matches" else "",
        order_note(name, "predicted_rate", groups),
        f"Faint: fewer than {uncertainty.ENOUGH} prospects.",
    )
    live = _live(rows, labels, times, brush, skewness_within(snap, name))
    layers = _layers(live, labels, rate)
    return alt.LayerChart(layer=layers, title=heading, width=_WIDTH, height=24 * labels.height)


def _rows(snap: Snapshot, name: str, times: _Times, groups: pl.DataFrame, *, pool: bool) -> pl.DataFrame:
    """Sum the rates by group and by first and last bar, as `live_interval.SUMS`."""
    scored = once(snap.visitors).filter(pl.col("conversion_rate").is_between(*RANGES["conversion_rate"]))
    dimensions = [name, "seen_first", "seen_last"]
    present = scored.join(times.seen, on="visitor_id", how="left")
    table = conversion.breakdown(present, dimensions).select(*dimensions, n="scored")
    for power, name_of_sum in enumerate(live_interval.SUMS[1:], start=1):
        # The expected conversions at squared rates are the sum of squares.
        sums = conversion.breakdown(present.with_columns(pl.col("conversion_rate") ** power), dimensions)
        sums = sums.select(*dimensions, pl.col("expected_conversions").alias(name_of_sum))
        table = table.join(sums, on=dimensions, nulls_equal=True)
    placed = table.join(groups.select(name, place="_place"), on=name, how="left" if pool else "inner", nulls_equal=True)
    rows = placed.group_by(pl.col("place").fill_null(groups.height), "seen_first", "seen_last").agg(
        pl.col(live_interval.SUMS).sum()
    )
    return rows.filter(pl.col("n") > 0).sort("place", "seen_first", "seen_last")


def _live(rows: pl.DataFrame, labels: pl.DataFrame, times: _Times, brush: str, skewness: float) -> alt.Chart:
    """Return a chart of the groups' rates, computed in the browser from the rows that the brush leaves."""
    kinds = dict.fromkeys(rows.columns, "number")
    # As text the rows take a third of the space.
    text = rows.with_columns(pl.col(live_interval.SUMS[1:]).round_sig_figs(9)).write_csv()
    data = alt.InlineData(values=text, format=alt.CsvDataFormat(type="csv", parse=kinds))
    span = f"{brush}.start"
    begins, ends = (
        f"{times.start} + (datum.{bar} + {more}) * {times.width}" for bar, more in (("seen_first", 0), ("seen_last", 1))
    )
    here = f"isValid(datum.seen_first) && {begins} < {span}[1] && {ends} > {span}[0]"
    chart: alt.Chart = (
        alt.Chart(data)
        .transform_filter(f"!isArray({span}) || ({here})")
        .transform_aggregate(n="sum(n)", r="sum(r)", q="sum(q)", c="sum(c)", groupby=["place"])
        .transform_lookup("place", from_=alt.LookupData(in_line(labels), key="place", fields=["group"]))
        .transform_calculate(size="'n = ' + format(datum.n, ',d')")
    )
    return live_interval.with_interval(chart, skewness)


def _of_some_length(live: alt.Chart) -> alt.Chart:
    """Have intervals that can't be told begin and end at the rate: Vega warns of a scale for which all are null."""
    return live.transform_calculate(
        **{end: f"isValid(datum.{end}) ? datum.{end} : datum.rate" for end in ("low", "high")}
    )


def _layers(live: alt.Chart, labels: pl.DataFrame, rate: float | None) -> list[alt.Chart]:
    """Draw the bars, the intervals, the sample sizes, and the line at the site's average."""
    order = labels["group"].to_list()
    base = live.encode(
        y=alt.Y("group:N", sort=None, title=None, scale=alt.Scale(domain=order)),
        tooltip=[
            alt.Tooltip("group:N", title="Group"),
            alt.Tooltip("n:Q", title="Prospects", format=",d"),
            alt.Tooltip("rate:Q", title="Predicted rate", format=".2%"),
            alt.Tooltip("interval:N", title="95 % interval"),
        ],
    )
    axis = alt.Axis(format=".2~%", tickCount=5)
    layers = [
        base.mark_bar().encode(
            x=alt.X("rate:Q", title="Predicted rate", axis=axis, stack=None),
            opacity=uncertainty.opacity("n"),
        ),
        _of_some_length(base).mark_rule().encode(x="low:Q", x2="high:Q"),
        wording.at_the_right(base),
    ]
    if rate is not None:
        average = alt.Chart(alt.InlineData(values=[{"average": rate}]))
        layers.append(average.mark_rule(strokeDash=[4, 3]).encode(x="average:Q"))
    return layers
