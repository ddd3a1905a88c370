"""Altair charts of the conversion analysis. Each is a plain Altair chart that you can layer, concatenate and save.

Completion (``dfn.charts.<Tab>``) offers the charts alone. Beside them there are `ChartView`, which shows any of them
as a widget, `save`, which writes one to a file (``datafast_nb.charts.saving``), `use_theme`
(``datafast_nb.charts.theme``), and the types `Measure`, `WeeklyMeasure` and `Theme`.

Importing this package registers three Altair themes, ``datafast_auto``, which follows the page's theme,
``datafast_light`` and ``datafast_dark``, and one renderer, ``datafast_nb``. It enables the first theme and the renderer
if Altair still has its defaults.

>>> import datafast_nb as dfn
>>> chart = dfn.charts.scores(dfn.demo.Site(seed=0).snapshot())
>>> type(chart).__name__
'LayerChart'
"""

from datafast_nb.charts.activity import timeline
from datafast_nb.charts.alert_times import alerts
from datafast_nb.charts.change_bars import compare
from datafast_nb.charts.cohort_table import cohorts
from datafast_nb.charts.credit_bars import attribution
from datafast_nb.charts.driver_bars import drivers
from datafast_nb.charts.forecast_fan import forecast
from datafast_nb.charts.funnel_bars import funnel
from datafast_nb.charts.gain_curve import gains
from datafast_nb.charts.group_bars import breakdown
from datafast_nb.charts.heat_map import heatmap
from datafast_nb.charts.history_bars import trend
from datafast_nb.charts.measures import Measure
from datafast_nb.charts.overview import dashboard
from datafast_nb.charts.page_matrix import transitions
from datafast_nb.charts.purchase_curve import time_to_purchase
from datafast_nb.charts.reliability_diagram import calibration
from datafast_nb.charts.renderer import register_renderer
from datafast_nb.charts.saving import save
from datafast_nb.charts.score_histogram import scores
from datafast_nb.charts.theme import Theme, register_themes, use_theme
from datafast_nb.charts.unusual_trend import unusual
from datafast_nb.charts.value_bins import value
from datafast_nb.charts.view import ChartView
from datafast_nb.charts.week import WeeklyMeasure, rhythm
from datafast_nb.charts.world_map import world

__all__ = [
    "ChartView",
    "Measure",
    "Theme",
    "WeeklyMeasure",
    "alerts",
    "attribution",
    "breakdown",
    "calibration",
    "cohorts",
    "compare",
    "dashboard",
    "drivers",
    "forecast",
    "funnel",
    "gains",
    "heatmap",
    "rhythm",
    "save",
    "scores",
    "time_to_purchase",
    "timeline",
    "transitions",
    "trend",
    "unusual",
    "use_theme",
    "value",
    "world",
]

register_themes()
register_renderer()


_OFFERED = {*__all__} - {"ChartView", "Measure", "Theme", "WeeklyMeasure", "save", "use_theme"}


def __dir__() -> list[str]:
    return sorted(_OFFERED)
