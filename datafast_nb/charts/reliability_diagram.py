"""Whether predictions came true."""

from __future__ import annotations

import math
from typing import Any, Final, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts import uncertainty, wording
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.predictors import COMPARED, UNTESTED, quality_of, score_of
from datafast_nb.charts.predictors import compared as drawn_of
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.checks import checked_whole
from datafast_nb.forecast import Calibration, Model, Quality
from datafast_nb.forecast import calibration as compared
from datafast_nb.forecast.quality import BINS
from datafast_nb.history import History
from datafast_nb.text import capitalized, number

_SUBJECT: Final = "Whether predictions came true"
_SIZE: Final = 380
_SMALL: Final = 230
_COUNTS: Final = 70
_COLUMNS: Final = 3
_ROOM: Final = 1.06
_TICKS: Final = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1)
_LABEL: Final = 30  # pixels that an axis label needs
_COUNT: Final = 24  # and a number over a bar
_BINS: Final = 50
_BIN: Final = ("bin_low", "bin_high")
_RATIO: Final = ("observed_over_expected", "observed_over_expected_low", "observed_over_expected_high")
_WITHIN, _BEYOND = "within noise", "beyond noise"
_PREDICTED: Final = "Predicted rate"
_SHAPES: Final = ("circle", "diamond")
_CURVE: Final = "#00a67a"  # green, visible on light and on dark


@finished
def calibration(
    data: Calibration | History,
    by: str | None = None,
    *,
    top: int = 6,
    model: Model | Quality | None = None,
    **_words: Unpack[Heading],
) -> alt.VConcatChart | alt.ConcatChart | alt.LayerChart:
    """Draw how predicted rates compare with observed conversions.

    Parameters
    ----------
    data : Calibration or History
        A result of ``datafast_nb.calibration``, or a history to calibrate with the default settings.
    by : str, optional
        With a history: a dimension to compare by, as for ``datafast_nb.calibration``.
    top : int, default 6
        Draw at most this many groups, those with the most visits. The subtitle says how many there are.
    model : Model or Quality, optional
        What ``datafast_nb.learn`` returns, or its ``quality``: draw how well its probabilities came true, and the
        service's rate at the same moments, as curves on later data than it was learned from.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.VConcatChart, altair.ConcatChart or altair.LayerChart
        For each bin of predictions, a point at the mean prediction and the observed rate, with its 95 % interval
        (Wilson); if predictions come true, it lies on the diagonal. Both axes have square root scales, as most rates
        are low. Below are the numbers of predictions in each bin; points of bins with fewer than 30 are faint, more so
        the fewer there are. Several groups have one diagram each. If there is nothing to compare, a chart that says
        why.

    Raises
    ------
    NotRecordedError
        There is no history at this location.
    ValueError
        The dimension is unknown, or `top` is less than 1.
    TypeError
        `data` is neither of these, `by` is given with a calibration, which has its own groups, or `model` with groups.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.5, visitors_per_day=500, progress=False)
    ...     chart = dfn.charts.calibration(dfn.calibration(history))
    """
    checked_whole(top, "top", 1)
    curves = _curves(model)
    found = _compared(data, by)
    seen = found.coverage.row(0, named=True)
    if not found.bins.height:
        reason, remedy = _why_nothing(seen)
        return wording.message(_SUBJECT, reason, _left_out(seen), remedy=remedy)
    names = found.bins.columns[: found.bins.columns.index(_BIN[0])]
    if names and model is not None:
        raise TypeError(f"A model's curve is of all prospects: leave out by={', '.join(names)!r:.60}, or the model.")
    if (bins := found.bins.select(_BIN).n_unique()) > _BINS:
        raise ValueError(f"The calibration has {bins:,} bins, and the chart has room for {_BINS}: give it fewer edges.")
    groups = found.scores.head(top).with_row_index("place")
    labeled = _labeled(groups, names)
    rows = _rows(found.bins, names, labeled)
    notes = [
        _verdict(found) if not names else _beyond(found.scores),
        f"Drawn: the {groups.height} largest of {found.scores.height:,} groups by {wording.dimensions(names)}."
        if groups.height < found.scores.height
        else "",
        "Lines: 95 % intervals; on the diagonal, predictions come true. All points are tested at once.",
        uncertainty.note(rows["predictions"], f"{found.unit}s"),
        _left_out(seen),
        _matched(seen),
        _recalibrated(model),
    ]
    by_what = f", by {wording.dimensions(names)}" if names else ""
    heading = wording.title(_sentence(found) + by_what, *notes)
    most = _most(rows, curves)
    panels = [
        _panel(rows.filter(place=group["place"]), curves, group, most, _SMALL if names else _SIZE)
        for group in labeled.iter_rows(named=True)
    ]
    if not names:
        return panels[0].properties(title=heading)
    chart: alt.ConcatChart = alt.concat(*panels, columns=_COLUMNS, spacing=30, title=heading)
    return chart


def _compared(data: object, by: str | None) -> Calibration:
    """Return the calibration; compute it for a history."""
    if isinstance(data, History):
        return compared(data, by)
    if not isinstance(data, Calibration):
        raise TypeError(
            f"Expected the result of dfn.calibration(history), or a History, not {type(data).__name__}. A snapshot has "
            "predictions, but not their outcomes."
        )
    if by is not None:
        raise TypeError(f"This calibration already has its groups; pass by={by!r:.60} to dfn.calibration instead.")
    return data


# Rows


def _labeled(groups: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Add the name and the figures of each group, in words."""
    label = pl.concat_str([wording.label(name) for name in names] or [pl.lit("")], separator=" · ")
    percent = [pl.col(name).mul(100).round(2) for name in ("predicted_rate", "observed_rate")]
    sentence = pl.format(
        "{} % predicted, {} % of {} converted: {}", *percent, wording.grouped("predictions"), "verdict"
    )
    return groups.with_columns(_name=label).with_columns(label=wording.distinct_label("_name"), sentence=sentence)


def _rows(bins: pl.DataFrame, names: list[str], groups: pl.DataFrame) -> pl.DataFrame:
    """Return the rows to draw: one for each bin of each group."""
    joined = (
        bins.join(groups.select("place", *names), on=names, nulls_equal=True) if names else bins.with_columns(place=0)
    )
    share = [pl.col(edge).mul(100).round(4).cast(pl.String).str.replace(r"\.0$", "") for edge in _BIN]
    return joined.select(
        "place",
        *_BIN,
        "predictions",
        "conversions",
        "predicted_rate",
        "observed_rate",
        "observed_rate_low",
        "observed_rate_high",
        bin=pl.format("{} % to {} %", *share),
        interval=wording.interval("observed_rate_low", "observed_rate_high", 2),
        ratio=pl.format("{} ({} to {})", *(pl.col(it).round(2) for it in _RATIO)).fill_null("not known"),
        noise=pl.when("within_noise").then(pl.lit(_WITHIN)).otherwise(pl.lit(_BEYOND)),
    ).sort("place", "bin_low")


def _curves(model: Model | Quality | None) -> pl.DataFrame:
    """Return the points of the curves of a model: the bins that are not faint."""
    if model is None:
        return BINS.to_frame()
    return drawn_of(quality_of(model).bins).filter(pl.col("predictions") >= uncertainty.ENOUGH)


def _most(rows: pl.DataFrame, curves: pl.DataFrame) -> float:
    """Return the end of both axes, so that all points fit, and the intervals of those that are not faint."""
    sure = rows.filter(pl.col("predictions") >= uncertainty.ENOUGH)["observed_rate_high"].max() or 0.0
    both = pl.concat([it.select("predicted_rate", "observed_rate") for it in (rows, curves)])
    points = both.select(pl.max_horizontal(pl.all().max())).item()
    return min(1.0, max(float(sure), float(points), 0.005) * _ROOM)  # type: ignore[arg-type]


# Words


def _sentence(found: Calibration) -> str:
    """Return a sentence that compares predicted and observed conversions, over all groups."""
    scores = found.scores
    predictions, conversions = (int(scores[name].sum()) for name in ("predictions", "conversions"))
    expected = float(scores["expected_conversions"].sum())
    due = f"{expected / predictions:.2%} {'was' if predictions == 1 else 'were'} expected to"
    of_whom = number(predictions, f"predicted {found.unit}")
    return f"Of {of_whom} {conversions / predictions:.2%} converted; {due}"


def _verdict(found: Calibration) -> str:
    """Return a note on whether the predictions agree with the outcomes, and how good they are."""
    it: dict[str, Any] = found.scores.row(0, named=True)
    signed = [("reliability", it["reliability"]), ("resolution", -it["resolution"]), ("uncertainty", it["uncertainty"])]
    signed.append(("within bins", it["within_bins"]))
    parts = " ".join(f"{'−' if part < 0 else '+'} {name} {abs(part):.6f}" for name, part in signed).removeprefix("+ ")
    skill = "" if it["skill"] is None else f" Skill: {it['skill']:.1%}."
    sentences = [found.verdict(it), found.unseen(it), f"Brier score {it['brier']:.6f} = {parts}"]
    return ". ".join(capitalized(part) for part in sentences if part) + f".{skill}"


def _beyond(scores: pl.DataFrame) -> str:
    """Return a note on how many groups differ beyond noise, and how many are too small to tell."""
    counted = dict(scores["verdict"].value_counts().rows())
    unclear = counted.get("can't tell", 0)
    beyond = counted.get("too low", 0) + counted.get("too high", 0)
    groups, differ = number(scores.height, "group"), "differs" if beyond == 1 else "differ"
    return f"Of {groups} {beyond:,} {differ} beyond noise; of {unclear:,} there is too little to tell."


def _left_out(seen: dict[str, Any]) -> str:
    """Return a note on which visits are not compared."""
    groups = {
        "customers": ("customer", None),
        "unscored": ("without a prediction", "without a prediction"),
        "seen_late": ("seen late", "seen late"),
        "unfinished": ("not seen to the end of the horizon", "not seen to the end of the horizon"),
        "left_early": ("gone before that age", "gone before that age"),
        "converted_before": ("converted before the prediction", "converted before the prediction"),
        "recognized": ("a customer without a known payment", "customers without a known payment"),
    }
    numbers = [number(seen[name], *words) for name, words in groups.items() if seen[name]]
    return f"Left out of {number(seen['visits'], 'visit')}: {', '.join(numbers)}." if numbers else ""


def _matched(seen: dict[str, Any]) -> str:
    """Return a note on how many payments could be matched."""
    return f"Matched to a visitor: {seen['matched']:,} of {number(seen['payments'], 'payment')}."


def _recalibrated(model: Model | Quality | None) -> str:
    """Return a note on the curves of a model."""
    if model is None:
        return ""
    quality = quality_of(model)
    if not quality.scores.height:
        return f"{UNTESTED}."
    ratios = (score_of(quality, name, "observed_over_expected") for name in COMPARED)
    after, before = ("not known" if it is None else f"{it:.2f}" for it in ratios)
    moments = number(quality.scores["predictions"][0], "later moment")
    compared = f"Observed over expected: {after} by the model, {before} by the service."
    return f"Curves: {moments} of prospects, who may be idle. {compared}"


def _why_nothing(seen: dict[str, Any]) -> tuple[str, str]:
    """Return why no visit can be compared, and what to do about it."""
    if not seen["visits"]:
        return "Nobody came in this time", "Ask for a longer time with start and end, or record for longer."
    if seen["seen_late"] or seen["unfinished"]:
        return (
            "No predicted visit was recorded from its beginning to the end of the horizon",
            "Record for longer without a gap, or give a shorter one: horizon=timedelta(minutes=10), say.",
        )
    if seen["unscored"]:
        return wording.NO_PREDICTIONS, "DataFast makes them once a site has enough payments."
    return "Everybody was a customer already", "Predictions are for prospects."


# Drawing


def _panel(rows: pl.DataFrame, curves: pl.DataFrame, group: dict[str, Any], most: float, size: int) -> alt.VConcatChart:
    """Draw the diagram of one group, and below it the number of predictions in each bin."""
    above = alt.LayerChart(
        layer=[_diagonal(most, size), *_points(rows, most, size), *_lines(curves, most, size)],
        width=size,
        height=size,
    )
    if group["label"]:
        title = alt.Title(group["label"], subtitle=group["sentence"], fontSize=12, subtitleFontSize=11, frame="group")
        above = above.properties(title=title)
    below = alt.LayerChart(layer=_counts(rows, most, size), width=size, height=_COUNTS)
    panel: alt.VConcatChart = alt.vconcat(above, below, spacing=6)
    return panel


def _ticks(most: float, size: int) -> list[float]:
    """Return the ticks that both axes have room for."""
    ticks = [0.0]
    for tick in _TICKS:
        if tick <= most and (math.sqrt(tick / most) - math.sqrt(ticks[-1] / most)) * size >= _LABEL:
            ticks.append(tick)
    return ticks


def _scale(most: float) -> alt.Scale:
    """Return the scale of both axes: square roots separate low rates, and keep the diagonal straight."""
    return alt.Scale(type="sqrt", domain=[0, most], nice=False)


def _predicted(field: str, most: float, size: int, *, labels: bool) -> alt.X:
    """Return the axis of predictions; the diagram has its grid, and the counts below it its labels."""
    axis = alt.Axis(values=_ticks(most, size), format=".2~%", labels=labels, grid=not labels)
    return alt.X(field, type="quantitative", title=_PREDICTED if labels else None, scale=_scale(most), axis=axis)


def _diagonal(most: float, size: int) -> alt.Chart:
    """Draw the line on which predictions come true."""
    ends = alt.InlineData(values=[{"predicted_rate": end, "observed_rate": end} for end in (0, most)])
    line: alt.Chart = (
        alt.Chart(ends)
        .mark_line(strokeDash=[4, 3], strokeWidth=1.4, color=NEUTRAL)
        .encode(
            x=_predicted("predicted_rate", most, size, labels=False),
            y=alt.Y("observed_rate:Q", scale=_scale(most)),
        )
    )
    return line


def _points(rows: pl.DataFrame, most: float, size: int) -> list[alt.Chart]:
    """Draw a point for each bin, and its interval."""
    scale = _scale(most)
    axis = alt.Axis(values=_ticks(most, size), format=".2~%")
    tooltips = [
        alt.Tooltip("bin:N", title="Predicted"),
        alt.Tooltip("predicted_rate:Q", title="Mean prediction", format=".2%"),
        alt.Tooltip("observed_rate:Q", title="Converted", format=".2%"),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("ratio:N", title="Observed over expected"),
        alt.Tooltip("conversions:Q", title="Conversions", format=",d"),
        alt.Tooltip("predictions:Q", title="Predictions", format=",d"),
    ]
    domain = [_WITHIN, _BEYOND]
    base = alt.Chart(rows).encode(
        x=_predicted("predicted_rate", most, size, labels=False),
        color=alt.Color("noise:N", title="The difference is", scale=alt.Scale(domain=domain)),
        opacity=uncertainty.opacity("predictions"),
        tooltip=tooltips,
    )
    intervals = base.mark_rule(clip=True, strokeWidth=2).encode(
        y=alt.Y("observed_rate_low:Q", title="Observed conversion rate", scale=scale, axis=axis),
        y2="observed_rate_high:Q",
    )
    points = base.mark_point(size=80).encode(
        y=alt.Y("observed_rate:Q", scale=scale),
        shape=alt.Shape("noise:N", title="The difference is", scale=alt.Scale(domain=domain, range=_SHAPES)),
    )
    return [intervals, points]


def _lines(curves: pl.DataFrame, most: float, size: int) -> list[alt.Chart]:
    """Draw the curves of a model and of the service's rate, if there are any."""
    if not curves.height:
        return []
    tooltips = [
        alt.Tooltip("predictor:N", title="Predicted by"),
        alt.Tooltip("predicted_rate:Q", title="Mean prediction", format=".2%"),
        alt.Tooltip("observed_rate:Q", title="Bought", format=".2%"),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("conversions:Q", title="Before a purchase", format=",d"),
        alt.Tooltip("predictions:Q", title="Moments of prospects", format=",d"),
    ]
    columns = ("predictor", "predicted_rate", "observed_rate", "conversions", "predictions")
    rows = curves.select(*columns, interval=wording.interval("observed_rate_low", "observed_rate_high", 2))
    dashes = alt.Scale(domain=COMPARED, range=[[1, 0], [2, 3]])
    base = alt.Chart(rows).encode(
        x=_predicted("predicted_rate", most, size, labels=False),
        y=alt.Y("observed_rate:Q", scale=_scale(most)),
        detail="predictor:N",
        tooltip=tooltips,
    )
    line = base.mark_line(strokeWidth=2, color=_CURVE).encode(
        strokeDash=alt.StrokeDash(
            "predictor:N", title="Curve", scale=dashes, legend=alt.Legend(symbolStrokeColor=_CURVE)
        )
    )
    return [line, base.mark_point(size=30, color=_CURVE)]


def _counts(rows: pl.DataFrame, most: float, size: int) -> list[alt.Chart]:
    """Draw the number of predictions in each bin, with a label where there is room."""
    high = pl.min_horizontal("bin_high", pl.lit(most))
    width = (high.sqrt() - pl.col("bin_low").sqrt()) / math.sqrt(most) * size
    bars = rows.with_columns(bin_high=high, middle=((high.sqrt() + pl.col("bin_low").sqrt()) / 2) ** 2, width=width)
    largest = int(rows["predictions"].max() or 0)  # type: ignore[arg-type]
    y = alt.Y(
        "predictions:Q",
        title="Predictions",
        scale=alt.Scale(range=[_COUNTS, 14]),
        axis=alt.Axis(format="~s", tickCount=max(1, min(2, largest))),
    )
    base = alt.Chart(bars)
    rectangles = base.mark_bar(x2Offset=-1).encode(
        x=_predicted("bin_low", most, size, labels=True),
        x2="bin_high:Q",
        y=y,
        y2=alt.datum(0),
        tooltip=[
            alt.Tooltip("bin:N", title="Predicted"),
            alt.Tooltip("predictions:Q", title="Predictions", format=",d"),
        ],
    )
    numbers = (
        alt.Chart(bars.filter(pl.col("width") >= _COUNT))
        .mark_text(baseline="bottom", dy=-3)
        .encode(x="middle:Q", y="predictions:Q", text=alt.Text("predictions:Q", format=".2~s"))
    )
    return [rectangles, numbers]
