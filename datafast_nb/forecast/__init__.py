"""Compares the outcomes in a history with its predictions, and forecasts what comes next.

``datafast_nb.forecast`` is this package, and also the function of this name: ``datafast_nb.forecast(history, "1d")``.
"""

import sys
from inspect import signature
from types import ModuleType

from datafast_nb.forecast.attribution import Attribution as Attribution
from datafast_nb.forecast.attribution import attribution as attribution
from datafast_nb.forecast.calibration import Calibration as Calibration
from datafast_nb.forecast.calibration import calibration as calibration
from datafast_nb.forecast.cohorts import Cohorts as Cohorts
from datafast_nb.forecast.cohorts import cohorts as cohorts
from datafast_nb.forecast.expectation import Expected as Expected
from datafast_nb.forecast.model import Model as Model
from datafast_nb.forecast.model import learn as learn
from datafast_nb.forecast.outcome_comparison import OutcomeComparison as OutcomeComparison
from datafast_nb.forecast.outcome_comparison import compare_outcomes as compare_outcomes
from datafast_nb.forecast.quality import Quality as Quality
from datafast_nb.forecast.time_to_purchase import TimeToPurchase as TimeToPurchase
from datafast_nb.forecast.time_to_purchase import time_to_purchase as time_to_purchase
from datafast_nb.forecast.traffic import Forecast as Forecast
from datafast_nb.forecast.traffic import forecast as forecast
from datafast_nb.forecast.unusual import Unusual as Unusual
from datafast_nb.forecast.unusual import unusual as unusual


class _Callable(ModuleType):
    """A package that can be called as its function `forecast`, as both are ``datafast_nb.forecast``."""

    __call__ = staticmethod(forecast)


sys.modules[__name__].__class__ = _Callable
__signature__ = signature(forecast)
