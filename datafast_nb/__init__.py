"""DataFast's realtime map in a notebook: typed frames, conversion analysis, charts and a live map.

>>> import datafast_nb as dfn
>>> snap = dfn.demo.Site(seed=0).snapshot()
>>> snap.visitors.columns[:4]
['visitor_id', 'city', 'region', 'country_code']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from datafast_nb import notebook_display
from datafast_nb._version import __version__

if TYPE_CHECKING:
    from datafast_nb import charts as charts
    from datafast_nb import demo as demo
    from datafast_nb import glossary as glossary
    from datafast_nb import schema as schema
    from datafast_nb.alerts import Alert as Alert
    from datafast_nb.alerts import Watcher as Watcher
    from datafast_nb.alerts import watch as watch
    from datafast_nb.client import Client as Client
    from datafast_nb.connection import connect as connect
    from datafast_nb.connection import load as load
    from datafast_nb.conversion.breakdown import breakdown as breakdown
    from datafast_nb.conversion.breakdown import summary as summary
    from datafast_nb.conversion.compare import compare as compare
    from datafast_nb.conversion.drivers import drivers as drivers
    from datafast_nb.conversion.explain import explain as explain
    from datafast_nb.conversion.funnel import funnel as funnel
    from datafast_nb.conversion.funnel import goal as goal
    from datafast_nb.conversion.funnel import payment as payment
    from datafast_nb.conversion.journeys import journeys as journeys
    from datafast_nb.conversion.opportunities import opportunities as opportunities
    from datafast_nb.conversion.revenue import revenue as revenue
    from datafast_nb.conversion.transitions import transitions as transitions
    from datafast_nb.errors import AlertError as AlertError
    from datafast_nb.errors import AlertsInUseError as AlertsInUseError
    from datafast_nb.errors import AuthenticationError as AuthenticationError
    from datafast_nb.errors import ConnectionFailedError as ConnectionFailedError
    from datafast_nb.errors import DataFastError as DataFastError
    from datafast_nb.errors import ForbiddenError as ForbiddenError
    from datafast_nb.errors import GatewayError as GatewayError
    from datafast_nb.errors import HistoryError as HistoryError
    from datafast_nb.errors import HistoryFormatError as HistoryFormatError
    from datafast_nb.errors import HistoryInUseError as HistoryInUseError
    from datafast_nb.errors import HistoryKeyError as HistoryKeyError
    from datafast_nb.errors import HistoryOrderError as HistoryOrderError
    from datafast_nb.errors import HistoryStorageError as HistoryStorageError
    from datafast_nb.errors import InvalidResponseError as InvalidResponseError
    from datafast_nb.errors import MissingKeyError as MissingKeyError
    from datafast_nb.errors import ModelError as ModelError
    from datafast_nb.errors import NotFoundError as NotFoundError
    from datafast_nb.errors import NotRecordedError as NotRecordedError
    from datafast_nb.errors import RateLimitError as RateLimitError
    from datafast_nb.errors import RequestError as RequestError
    from datafast_nb.errors import ResponseWarning as ResponseWarning
    from datafast_nb.errors import ServerError as ServerError
    from datafast_nb.errors import TooLittleRecordedError as TooLittleRecordedError
    from datafast_nb.explorer import Explorer as Explorer
    from datafast_nb.export.saving import save as save
    from datafast_nb.forecast.attribution import attribution as attribution
    from datafast_nb.forecast.calibration import calibration as calibration
    from datafast_nb.forecast.cohorts import cohorts as cohorts
    from datafast_nb.forecast.model import Model as Model
    from datafast_nb.forecast.model import learn as learn
    from datafast_nb.forecast.outcome_comparison import compare_outcomes as compare_outcomes
    from datafast_nb.forecast.time_to_purchase import time_to_purchase as time_to_purchase
    from datafast_nb.forecast.traffic import forecast as forecast
    from datafast_nb.forecast.unusual import unusual as unusual
    from datafast_nb.history.history import History as History
    from datafast_nb.livemap import LiveMap as LiveMap
    from datafast_nb.snapshot import Baseline as Baseline
    from datafast_nb.snapshot import Snapshot as Snapshot
    from datafast_nb.snapshot import Source as Source

# The module of each public name. A name is imported when first used, so that `import datafast_nb` stays fast.
_HOMES = {
    "charts": None,
    "demo": None,
    "forecast": None,
    "glossary": None,
    "schema": None,
    "Alert": "alerts",
    "Watcher": "alerts",
    "watch": "alerts",
    "Client": "client",
    "connect": "connection",
    "load": "connection",
    "breakdown": "conversion",
    "compare": "conversion",
    "drivers": "conversion",
    "explain": "conversion",
    "funnel": "conversion",
    "goal": "conversion",
    "journeys": "conversion",
    "opportunities": "conversion",
    "payment": "conversion",
    "revenue": "conversion",
    "summary": "conversion",
    "transitions": "conversion",
    "AlertError": "errors",
    "AlertsInUseError": "errors",
    "AuthenticationError": "errors",
    "ConnectionFailedError": "errors",
    "DataFastError": "errors",
    "ForbiddenError": "errors",
    "GatewayError": "errors",
    "HistoryError": "errors",
    "HistoryFormatError": "errors",
    "HistoryInUseError": "errors",
    "HistoryKeyError": "errors",
    "HistoryOrderError": "errors",
    "HistoryStorageError": "errors",
    "InvalidResponseError": "errors",
    "MissingKeyError": "errors",
    "ModelError": "errors",
    "NotFoundError": "errors",
    "NotRecordedError": "errors",
    "RateLimitError": "errors",
    "RequestError": "errors",
    "ResponseWarning": "errors",
    "ServerError": "errors",
    "TooLittleRecordedError": "errors",
    "Explorer": "explorer",
    "save": "export",
    "History": "history",
    "attribution": "forecast",
    "calibration": "forecast",
    "cohorts": "forecast",
    "compare_outcomes": "forecast",
    "Model": "forecast",
    "learn": "forecast",
    "time_to_purchase": "forecast",
    "unusual": "forecast",
    "LiveMap": "livemap",
    "Baseline": "snapshot",
    "Snapshot": "snapshot",
    "Source": "snapshot",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - the names are literals above


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES[name]
    value = import_module(f"{__name__}.{name}") if home is None else getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


notebook_display.register()
