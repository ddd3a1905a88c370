"""Notifies people of what happens on their website: alerts, and what watches for them."""

from datafast_nb.alerts.alert import Alert as Alert
from datafast_nb.alerts.backtest import Backtest as Backtest
from datafast_nb.alerts.message import Notice as Notice
from datafast_nb.alerts.watcher import Watcher as Watcher
from datafast_nb.alerts.watcher import WatchStatus as WatchStatus
from datafast_nb.alerts.watcher import watch as watch
