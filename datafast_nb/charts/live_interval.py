"""The 95 % interval of `breakdown`, computed in a browser from the sums that a selection leaves."""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from datafast_nb.charts import wording
from datafast_nb.conversion.interval import ALONE, EVEN, FEWEST, has_enough_rates, student

SUMS: Final = ("n", "r", "q", "c")
"""The number of rates, and the sums of the rates, of their squares and of their cubes."""


def with_interval(chart: alt.Chart, skewness_within: float) -> alt.Chart:
    """Add the `rate` of each row, the ends of its `interval`, `low` and `high`, and it in words.

    Where there are too few to tell, the ends are null.

    Parameters
    ----------
    chart : altair.Chart
        A chart whose rows have the `SUMS`.
    skewness_within : float
        The squared skewness within all groups, before anything was selected.
    """
    row = alt.datum
    second = alt.expr.max(0, row.q / row.n - row.rate * row.rate)
    third = row.c / row.n - row.rate * (3 * row.q / row.n - 2 * row.rate * row.rate)
    varies = row.second > EVEN * row.rate * row.rate
    own = alt.expr.if_(varies, row.third * row.third / (row.second * row.second * row.second), 0)
    greatest = (row.n - 2) * (row.n - 2) / (row.n - 1)
    enough: Any = has_enough_rates(alt.expr.max(row.own, skewness_within), row.n) & (row.own < ALONE * greatest)
    tells = (row.n >= FEWEST) & (row.rate > 0) & (row.rate < 1) & enough
    error = alt.expr.sqrt(row.second / (row.n - 1)) / (row.rate * (1 - row.rate))
    odds = row.rate / (1 - row.rate)
    known: alt.Chart = (
        chart.transform_calculate(rate=row.r / row.n)
        .transform_calculate(second=second, third=third)
        .transform_calculate(own=own)
        .transform_calculate(away=alt.expr.if_(tells, alt.expr.exp(student(row.n - 1) * error), None))
        .transform_calculate(
            low=alt.expr.if_(alt.expr.isValid(row.away), odds / (odds + row.away), None),
            high=alt.expr.if_(alt.expr.isValid(row.away), odds * row.away / (1 + odds * row.away), None),
        )
        .transform_calculate(
            interval=f"isValid(datum.low) ? format(100 * datum.low, '.2f') + ' % to ' + "
            f"format(100 * datum.high, '.2f') + ' %' : '{wording.CANNOT_TELL}'"
        )
    )
    return known
