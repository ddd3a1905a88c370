"""The messages that an alert would have sent, over time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Protocol, Unpack

import altair as alt
import polars as pl

from datafast_nb.charts.cell_width import Usual
from datafast_nb.charts.heading import Heading
from datafast_nb.charts.specification import finished
from datafast_nb.charts.theme import NEUTRAL
from datafast_nb.text import number, plain

_SUBJECT: Final = "When an alert would have sent messages"
_NEVER: Final = "It would have sent no message"
_OVER: Final = " Thin, gray: back to usual."
_WIDTH: Final = Usual(600)
_HEIGHT: Final = 120
_THICK, _THIN = 4, 1.5  # pixels of a message, and of one that something is over
_MOST_STEPS: Final = 5  # on the axis of counts, which are whole


class LookedBack(Protocol):
    """The messages that an alert would have sent, such as ``Alert.backtest`` returns."""

    @property
    def alert(self) -> str:
        """The name of the alert."""

    @property
    def messages(self) -> pl.DataFrame:
        """A row for each message: ``at``, ``over`` and ``count``."""

    @property
    def start(self) -> datetime:
        """The first moment that was looked at."""

    @property
    def end(self) -> datetime:
        """The last moment that was looked at."""


@finished
def alerts(backtest: LookedBack, **_words: Unpack[Heading]) -> alt.Chart:
    """Draw when an alert would have sent messages, and about how many visitors, payments or goals.

    Parameters
    ----------
    backtest : Backtest
        What ``alert.backtest(history)`` returned.
    title, subtitle : str, optional
        Other words above the chart. The notes that explain its marks stay.

    Returns
    -------
    altair.Chart
        A bar for each message, over the whole time that was looked at (UTC); thin and gray if it says that traffic is
        back to usual.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> alert = dfn.Alert(where="score > 80 and not is_customer")
    >>> dfn.charts.alerts(alert.backtest(dfn.History("site-history")))  # doctest: +SKIP
    """
    messages = backtest.messages
    sent = messages.filter(~pl.col("over")).height
    rows = messages.with_columns(
        time=pl.col("at").dt.strftime("%Y-%m-%d %H:%M:%S"),
        what=pl.when("over").then(pl.lit("back to usual")).otherwise(pl.lit("message")),
    )
    subtitle = f"{plain(backtest.alert)}: {number(sent, 'message') if sent else _NEVER}."
    subtitle += _OVER if sent < messages.height else ""
    most: Any = rows["count"].max()
    steps = min(_MOST_STEPS, most or 1)
    span = [each.timestamp() * 1_000 for each in (backtest.start, backtest.end)]
    chart: alt.Chart = (
        alt.Chart(rows, title=alt.Title(_SUBJECT, subtitle=subtitle), width=_WIDTH, height=_HEIGHT)
        .mark_bar()
        .encode(
            x=alt.X(
                "at:T",
                title="Time (UTC)",
                scale=alt.Scale(type="utc", domain=span),
                axis=alt.Axis(format="%b %-d %H:%M", labelOverlap="greedy"),
            ),
            y=alt.Y(
                "count:Q",
                title="In one message",
                axis=alt.Axis(tickCount=steps, format=",d"),
                scale=alt.Scale(domainMin=0) if most else alt.Scale(domain=[0, 1]),
                stack=None,
            ),
            # Where two are close, the thin ones are on top, and both are seen.
            order=alt.Order("over:N", sort="ascending"),
            color=alt.when("datum.over").then(alt.value(NEUTRAL)),
            size=alt.when("datum.over").then(alt.value(_THIN)).otherwise(alt.value(_THICK)),
            tooltip=[
                alt.Tooltip("time:N", title="Time (UTC)"),
                alt.Tooltip("count:Q", title="In one message", format=",d"),
                alt.Tooltip("what:N", title="What"),
            ],
        )
        .properties(description=f"{_SUBJECT}: {subtitle}")
    )
    return chart
