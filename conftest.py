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

# The same examples in each run, however slow the machine; with --hypothesis-profile deep many more, and always others.
settings.register_profile("datafast_nb", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=1_000, deadline=None)
settings.load_profile("datafast_nb")

WORKERS = 4
MEMORY = 2_500_000_000  # bytes that a worker may need with what it starts: Chromium, JupyterLab and kernels; or Spark

# Groups of modules that share costly things, and so a worker; the first start first, as they take longest.
BROWSERS = ("browser 1", "browser 2")  # each has a Chromium and a JupyterLab
SPARK = "spark"
HISTORIES = "histories in charts"  # share a simulated history
LONG = (*BROWSERS, SPARK, "tests/test_binder.py", "tests/test_bench.py", "notebooks/")

CHARTS_OF_HISTORIES = {
    "tests/charts/test_credit_bars.py",
    "tests/charts/test_every_chart_of_history.py",
    "tests/charts/test_heading.py",
    "tests/charts/test_history_bars.py",
    "tests/charts/test_reliability_diagram.py",
    "tests/charts/test_week.py",
}

# Modules that take seconds, and tests that do in modules that are else quick: they simulate histories, draw every
# chart, measure, start processes, or try many examples.
SLOW = {
    *CHARTS_OF_HISTORIES,
    "datafast_nb/charts/change_bars.py",
    "datafast_nb/charts/cohort_table.py",
    "datafast_nb/charts/credit_bars.py",
    "datafast_nb/charts/forecast_fan.py",
    "datafast_nb/charts/gain_curve.py",
    "datafast_nb/charts/history_bars.py",
    "datafast_nb/charts/overview.py",
    "datafast_nb/charts/purchase_curve.py",
    "datafast_nb/charts/reliability_diagram.py",
    "datafast_nb/charts/saving.py",
    "datafast_nb/charts/unusual_trend.py",
    "datafast_nb/charts/view.py",
    "datafast_nb/charts/week.py",
    "datafast_nb/forecast/attribution.py",
    "datafast_nb/forecast/cohorts.py",
    "datafast_nb/forecast/model.py",
    "datafast_nb/forecast/outcome_comparison.py",
    "datafast_nb/forecast/time_to_purchase.py",
    "datafast_nb/forecast/traffic.py",
    "datafast_nb/forecast/unusual.py",
    "tests/alerts/test_backtest.py",
    "tests/alerts/test_commands.py",
    "tests/alerts/test_messages.py::test_what_the_rate_holds_back_is_reported_together_later",
    "tests/charts/test_activity.py",
    "tests/charts/test_alert_times.py",
    "tests/charts/test_altair_settings.py",
    "tests/charts/test_cell_numbers.py",
    "tests/charts/test_cell_width.py",
    "tests/charts/test_change_bars.py",
    "tests/charts/test_driver_bars.py",
    "tests/charts/test_every_chart.py",
    "tests/charts/test_forecast_fan.py",
    "tests/charts/test_funnel_bars.py",
    "tests/charts/test_gain_curve.py::test_a_learned_model_is_drawn_in_both_themes",
    "tests/charts/test_group_bars.py",
    "tests/charts/test_group_names.py",
    "tests/charts/test_overview.py",
    "tests/charts/test_page_matrix.py",
    "tests/charts/test_purchase_curve.py",
    "tests/charts/test_renderer.py",
    "tests/charts/test_saving.py",
    "tests/charts/test_text.py",
    "tests/charts/test_theme.py",
    "tests/charts/test_unusual_trend.py",
    "tests/charts/test_view.py",
    "tests/charts/test_world_map.py",
    "tests/conversion/test_backends.py",
    "tests/conversion/test_bad_input.py::test_a_table_is_given_whose_numbers_are_numbers",
    "tests/conversion/test_breakdown.py::test_every_visitor_is_in_exactly_one_group",
    "tests/conversion/test_breakdown.py::test_figures_are_finite_and_in_their_bounds",
    "tests/conversion/test_breakdown.py::test_the_order_of_the_visitors_does_not_matter",
    "tests/conversion/test_compare.py",
    "tests/conversion/test_expected_conversions.py",
    "tests/conversion/test_explain.py::test_more_values_than_can_be_estimated_leave_the_rarest_out",
    "tests/conversion/test_explain.py::test_whatever_the_rows_hold_the_factors_are_finite",
    "tests/conversion/test_funnel_window.py::test_no_way_gets_further_than_the_one_that_is_counted",
    "tests/conversion/test_other_frames.py",
    "tests/conversion/test_simulation.py",
    "tests/conversion/test_top.py::test_the_rest_has_the_figures_of_its_visitors_as_one_group",
    "tests/demo/test_conversions.py",
    "tests/demo/test_reproducible.py",
    "tests/demo/test_server.py",
    "tests/demo/test_simulation.py",
    "tests/demo/test_visits.py",
    "tests/demo/test_wire_format.py",
    "tests/explorer/test_explorer.py",
    "tests/explorer/test_link.py",
    "tests/explorer/test_script.py",
    "tests/export/test_export_command.py",
    "tests/export/test_save.py",
    "tests/forecast/test_agreement.py::test_power_is_how_often_an_error_is_found",
    "tests/forecast/test_attribution.py",
    "tests/forecast/test_bad_input.py",
    "tests/forecast/test_calibration.py",
    "tests/forecast/test_cohorts.py",
    "tests/forecast/test_engines.py",
    "tests/forecast/test_here_now.py",
    "tests/forecast/test_model.py",
    "tests/forecast/test_outcome_comparison.py",
    "tests/forecast/test_simulated.py",
    "tests/forecast/test_takings.py",
    "tests/forecast/test_time_to_purchase.py",
    "tests/forecast/test_traffic.py",
    "tests/forecast/test_traffic_level.py",
    "tests/forecast/test_unusual.py",
    "tests/history/test_append.py",
    "tests/history/test_asking.py",
    "tests/history/test_compaction.py",
    "tests/history/test_damage.py",
    "tests/history/test_faults.py",
    "tests/history/test_killed.py",
    "tests/history/test_locations.py",
    "tests/history/test_object_store.py",
    "tests/history/test_pseudonyms.py",
    "tests/history/test_record.py",
    "tests/history/test_replay.py",
    "tests/livemap/test_clusters.py::test_any_place_is_in_exactly_one_cluster_of_the_whole_world",
    "tests/livemap/test_clusters.py::test_no_circle_covers_another_and_each_has_room_for_its_number",
    "tests/livemap/test_image.py",
    "tests/livemap/test_livemap.py",
    "tests/livemap/test_page.py",
    "tests/livemap/test_privacy_mode.py",
    "tests/livemap/test_replay.py",
    "tests/livemap/test_threads.py",
    "tests/livemap/test_time_zone.py",
    "tests/livemap/test_visibility.py::test_a_cell_that_is_run_fifty_times_leaves_one_polling_thread",
    "tests/livemap/test_visibility.py::test_a_cell_that_is_run_fifty_times_without_showing_leaves_one_polling_thread",
    "tests/pictures/test_drawer.py",
    "tests/pictures/test_formats.py",
    "tests/privacy/test_addresses.py::test_no_chain_of_encodings_hides_an_address",
    "tests/privacy/test_addresses.py::test_text_made_to_be_slow_comes_to_an_end",
    "tests/privacy/test_key.py::test_a_short_key_ends_the_command",
    "tests/privacy/test_names.py::test_closed_columns_of_others_stay_whatever_somebody_is_called",
    "tests/privacy/test_names.py::test_no_chain_of_encodings_hides_a_name",
    "tests/test_bench.py",
    "tests/test_binder.py",
    "tests/test_client.py::test_no_traceback_shows_the_key",
    "tests/test_client.py::test_no_traceback_shows_the_key_when_the_reader_interrupts",
    "tests/test_command_line.py",
    "tests/test_deadline.py::test_an_endless_answer_ends_at_the_deadline_and_so_does_its_connection",
    "tests/test_deadline.py::test_no_body_unpacks_to_more_than_its_limit",
    "tests/test_documentation.py",
    "tests/test_faults.py",
    "tests/test_files.py::test_a_full_disk_leaves_the_file_that_was_there",
    "tests/test_forecast_command.py",
    "tests/test_mcp.py::test_a_program_starts_it_and_asks_over_its_standard_input_and_output",
    "tests/test_mcp.py::test_the_code_of_an_answer_gives_the_same",
    "tests/test_package.py::test_no_public_name_hides_another_in_whatever_order_they_are_used",
    "tests/test_prospects.py::test_what_is_predicted_of_customers_changes_nothing",
    "tests/test_readme.py",
    "tests/test_renamed.py::test_the_old_name_of_a_parameter_means_the_new_one",
    "tests/test_statistics.py",
    "tests/test_stills.py",
    "tests/test_surroundings.py::test_without_a_database_of_time_zones_everything_works",
    "tests/test_wire.py::test_a_flood_inside_one_value_costs_nobody_else",
    "tests/test_wire.py::test_a_flood_takes_little_memory_for_each_byte",
    "tests/test_wire.py::test_more_records_than_a_map_can_show_are_refused",
    "tests/widgets/test_reload.py",
    "tests/widgets/test_replaced.py",
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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files that hold no test of the fast tier, if that alone is to run: to import them takes seconds."""
    if config.option.markexpr != "fast" or not collection_path.is_relative_to(config.rootpath):
        return None
    path = collection_path.relative_to(config.rootpath).as_posix()
    return True if path in {*SLOW, "notebooks", "tests/browser"} else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its tier, and put the groups that take longest first."""
    for item in items:
        path = item.nodeid.partition("::")[0]
        if group(item.nodeid) in BROWSERS:
            item.add_marker(pytest.mark.browser)
        elif group(item.nodeid) == SPARK:
            item.add_marker(pytest.mark.spark)
        elif path.endswith(".py") and SLOW.isdisjoint((path, item.nodeid.partition("[")[0])):
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
