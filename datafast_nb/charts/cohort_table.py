"""Who comes back: a table of colored cells."""

from __future__ import annotations

from typing import Final, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts import wording
from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import Theme
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast import Cohorts
from datafast_nb.forecast import cohorts as counted
from datafast_nb.forecast.cohorts import ENOUGH
from datafast_nb.history import History
from datafast_nb.text import number

_SUBJECT: Final = "How many of those first seen in a week came back"
_CELL: Final = (58, 28)
_NARROW: Final = 44  # pixels that the figure of a cell needs
_MOST: Final = 26
_IN_PART: Final = " †"
# The colors of numbers on cells of many and of few: on dark, cells of many are bright.
_INKS: Final[dict[Theme, tuple[str, str]]] = {"light": ("#ffffff", "#1d2733"), "dark": ("#111111", "#e9edf1")}


@finished
def cohorts(data: Cohorts | History, *, time_zone: str = "UTC", **_words: Unpack[Heading]) -> alt.LayerChart:
    """Draw how many of the visitors first seen in a week came back in each week after.

    Parameters
    ----------
    data : Cohorts or History
        A result of ``datafast_nb.cohorts``, or a history.
    time_zone : str, default "UTC"
        With a history: the time zone in which weeks begin.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.LayerChart
        A row for each week in which visitors were first seen, with their number, and a cell for each week after with
        the share who came back: the last 26 weeks. A cross stands for a week that was not recorded as a whole; a week
        that is not over is empty. A dagger stands for a first week of which only a part was recorded, such as that in
        which the record began. If there is nothing to draw, a chart that says why.

    Raises
    ------
    NotRecordedError
        There is no history at this location.
    ValueError
        The time zone is unknown.
    TypeError
        `data` is neither of these.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.1, visitors_per_day=500, progress=False)
    ...     chart = dfn.charts.cohorts(history)
    """
    if not isinstance(data, (Cohorts, History)):
        raise TypeError(f"Expected the result of dfn.cohorts(history), or a History, not {type(data).__name__}.")
    try:
        found = data if isinstance(data, Cohorts) else counted(data, time_zone=time_zone)
    except TooLittleRecordedError as error:
        return wording.message(_SUBJECT, "Nobody is known to have come for the first time", remedy=str(error))
    seen = found.coverage.row(0, named=True)
    left_out = f"Left out: {number(seen['truncated'], 'visitor')} who first came before the record began."
    notes = [
        f"{found.next_week()}.",
        left_out if seen["truncated"] else "",
        f"Weeks begin on Monday, {found.time_zone}.",
    ]
    rates = found.rates.filter(pl.col("status") != "not over").join(
        found.cohorts.tail(_MOST).select("first_week"), on="first_week"
    )
    if rates.is_empty():
        remedy = "Record for at least two whole weeks: history.record(client)."
        return wording.message(
            _SUBJECT, "No week after the first has been watched to its end yet", *notes[1:], remedy=remedy
        )
    gaps = "×: less than 99 % of the week was recorded." if (rates["status"] == "gaps").any() else ""
    parts = f"{_IN_PART.strip()}: only part of that week was recorded; who came in the rest of it is not in the row."
    in_part = parts if rates.select(_in_part().any()).item() else ""
    heading = wording.title(f"How many of {number(seen['counted'], 'new visitor')} came back", *notes, gaps, in_part)
    return _drawn(rates).properties(title=heading)


def _in_part() -> pl.Expr:
    """Return whether only a part of the week in which visitors were first seen was recorded."""
    return pl.col("first_week_watched") < ENOUGH


def _drawn(rates: pl.DataFrame) -> alt.LayerChart:
    """Draw a cell with its number for each week that was watched, and a cross for each other one."""
    mark = pl.when(_in_part()).then(pl.lit(_IN_PART)).otherwise(pl.lit(""))
    label = pl.format("{}{} (n = {})", pl.col("first_week").cast(pl.String), mark, wording.grouped("visitors"))
    rows = rates.with_columns(
        label=label,
        interval=wording.interval("return_rate_low", "return_rate_high", 1),
        text=pl.format("{} %", pl.col("return_rate").mul(100).round(1)).fill_null("×"),
    ).sort("first_week", "week")
    labels, weeks = rows["label"].unique(maintain_order=True).to_list(), rows["week"].unique().sort().to_list()
    most = float(rows["return_rate"].max() or 1.0)  # type: ignore[arg-type]
    base = alt.Chart(
        rows.select("label", "week", "visitors", "returned", "return_rate", "interval", "text", "watched")
    ).encode(
        x=alt.X(
            "week:O",
            title="Weeks after the first",
            scale=alt.Scale(domain=weeks, paddingInner=0.06),
            axis=alt.Axis(labelAngle=0),
        ),
        y=alt.Y("label:N", sort=None, title=None, scale=alt.Scale(domain=labels, paddingInner=0.06)),
        tooltip=[
            alt.Tooltip("label:N", title="First seen in the week of"),
            alt.Tooltip("week:O", title="Weeks after"),
            alt.Tooltip("returned:Q", title="Seen to come back", format=",d"),
            alt.Tooltip("return_rate:Q", title="Return rate", format=".1%"),
            alt.Tooltip("interval:N", title="95 % interval"),
            alt.Tooltip("watched:Q", title="Of the week recorded", format=".0%"),
        ],
    )
    cells = (
        base.transform_filter("isValid(datum.return_rate)")
        .mark_rect()
        .encode(
            color=alt.Color(
                "return_rate:Q", title="Return rate", scale=alt.Scale(domain=[0, most]), legend=alt.Legend(format=".0%")
            )
        )
    )
    many = alt.datum.return_rate > most / 2
    on_many, on_few = _INKS["dark" if alt.theme.active == "datafast_dark" else "light"]
    texts = base.mark_text(fontSize=11).encode(
        text="text:N", color=alt.when(many).then(alt.value(on_many)).otherwise(alt.value(on_few))
    )
    return alt.LayerChart(
        layer=[cells, texts],
        width=Usual(max(_CELL[0] * len(weeks), 120), _NARROW * len(weeks)),
        height=_CELL[1] * len(labels),
    )
