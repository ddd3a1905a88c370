"""The settings of every test run: the tiers, and how the tests are spread over the cores.

``pytest -m fast`` leaves out what needs another program (a browser, Java, an object store, a new environment), a
kernel, or seconds. ``pytest -n auto`` spreads all tests over the cores: what shares something costly stays on one
worker.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# The tests, their notebooks among them, ask the demo site, never the reader's own.
for _name in [name for name in os.environ if name.startswith("DATAFAST_") and not name.startswith("DATAFAST_NB_")]:
    del os.environ[_name]

# The same examples in each run, however slow the machine.
settings.register_profile("datafast_nb", deadline=None, derandomize=True)
settings.load_profile("datafast_nb")

WORKERS = 4
MEMORY = 2_500_000_000  # bytes that a worker may need with what it starts: Chromium, JupyterLab and kernels; or Spark

# Groups of modules that share costly things, and so a worker; the first start first, as they take longest.
BROWSERS = ("browser 1", "browser 2")  # each has a Chromium and a JupyterLab
SPARK = "spark"
HISTORIES = "histories in charts"  # share a simulated history
LONG = (*BROWSERS, SPARK, "tests/test_binder.py", "tests/test_bench.py", "notebooks/")

CHARTS_OF_HISTORIES = {
    "tests/charts/test_every_chart_of_history.py",
    "tests/charts/test_history_bars.py",
    "tests/charts/test_reliability_diagram.py",
    "tests/charts/test_week.py",
}

# Modules that take seconds: they simulate histories, draw every chart, measure, or start processes.
SLOW = {
    *CHARTS_OF_HISTORIES,
    "tests/charts/test_altair_settings.py",
    "tests/charts/test_drawer.py",
    "tests/charts/test_every_chart.py",
    "tests/charts/test_renderer.py",
    "tests/charts/test_saving.py",
    "tests/charts/test_text.py",
    "tests/conversion/test_compare.py",
    "tests/conversion/test_simulation.py",
    "tests/demo/test_conversions.py",
    "tests/demo/test_reproducible.py",
    "tests/demo/test_server.py",
    "tests/demo/test_wire_format.py",
    "tests/explorer/test_script.py",
    "tests/export/test_export_command.py",
    "tests/export/test_save.py",
    "tests/history/test_append.py",
    "tests/history/test_asking.py",
    "tests/forecast/test_calibration.py",
    "tests/history/test_compaction.py",
    "tests/history/test_damage.py",
    "tests/forecast/test_engines.py",
    "tests/forecast/test_traffic.py",
    "tests/forecast/test_traffic_level.py",
    "tests/forecast/test_unusual.py",
    "tests/history/test_faults.py",
    "tests/history/test_killed.py",
    "tests/history/test_object_store.py",
    "tests/test_bench.py",
    "tests/test_binder.py",
    "tests/test_command_line.py",
    "tests/test_forecast_command.py",
    "tests/test_statistics.py",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return a worker per core, but no more than four, and no more than there is memory for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, WORKERS, _available() // MEMORY))


def _available() -> int:
    """Return the bytes of memory that are free, in a container those that it may still have."""
    free = psutil.virtual_memory().available
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text("utf-8"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text("utf-8"))
    except (OSError, ValueError):  # no container, or one without a limit
        return free
    return min(free, limit - used)


class ByGroup(LoadScopeScheduling):
    """Gives each group of tests to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGroup:
    """Keep the tests of a group together, in the order in which they were collected."""
    config.option.loadscopereorder = False
    return ByGroup(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its tier, and put the groups that take longest first."""
    for item in items:
        path = item.nodeid.partition("::")[0]
        if group(item.nodeid) in BROWSERS:
            item.add_marker(pytest.mark.browser)
        elif group(item.nodeid) == SPARK:
            item.add_marker(pytest.mark.spark)
        elif path.endswith(".py") and path not in SLOW:
            item.add_marker(pytest.mark.fast)
    items.sort(key=_place)


def group(nodeid: str) -> str:
    """Return the group of a test: its module, unless several share what takes long to start."""
    path = nodeid.partition("::")[0]
    if path.startswith("tests/browser/"):
        return BROWSERS[path > "tests/browser/test_i"]
    if path in CHARTS_OF_HISTORIES:
        return HISTORIES
    return SPARK if "spark" in nodeid.lower() else path


def _place(item: pytest.Item) -> int:
    """Return the place of a test's group in the order in which they start."""
    return next((place for place, start in enumerate(LONG) if group(item.nodeid).startswith(start)), len(LONG))
