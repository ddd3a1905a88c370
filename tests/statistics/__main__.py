"""Print how often the analysis is right: ``python -m tests.statistics [study …]``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import polars as pl

from tests.statistics.alarms import alarms_table, effects_table
from tests.statistics.expected_sales import expected_table
from tests.statistics.forecasts import forecasts_table, measures_table, sales_table
from tests.statistics.forecasts_with_model import with_model_table
from tests.statistics.intervals import conversions_table, coverage_table
from tests.statistics.looks import looks_table
from tests.statistics.revenue import revenue_table
from tests.statistics.unusual_spans import groups_table, unusual_table
from tests.statistics.verdicts import verdicts_table

STUDIES: dict[str, tuple[str, Callable[[], pl.DataFrame]]] = {
    "intervals": ("How often the interval of a mean rate holds it (95 % is meant)", coverage_table),
    "conversions": ("How often the bounds of expected conversions hold what comes (95 % or more)", conversions_table),
    "alarms": ("How often an unchanged pair of 20 groups has one beyond noise (5 % is meant)", alarms_table),
    "verdicts": ("How often a calibration finds fault with fair predictions, and with wrong ones", verdicts_table),
    "forecasts": ("How often the interval of a forecast holds what comes (95 %)", forecasts_table),
    "measures": ("How often the intervals of visitors, sales and revenue hold what comes (95 %)", measures_table),
    "sales": ("How often the interval of the next hour's sales holds what comes (95 %)", sales_table),
    "expected": ("How often the interval of sales from those here now holds what comes (95 %)", expected_table),
    "forecasts with a model": ("How often the interval of the next sales holds what comes (95 %)", with_model_table),
    "revenue": (
        "How often the interval of revenue holds what is paid, if that of sales is right (95 %)",
        revenue_table,
    ),
    "unusual": ("How often a quiet span is called unusual (0.001 or less), and a doubled one is", unusual_table),
    "groups": ("How often anything of a quiet span and its groups is called unusual (0.001 or less)", groups_table),
    "looks": (
        "How often a comparison of campaigns ever has a verdict, looking every day (5 % without a difference)",
        looks_table,
    ),
    "effects": ("How often the intervals of mix and conversion effects hold the true ones (95 %)", effects_table),
}


def main(names: list[str]) -> None:
    """Print the studies of these names, or all of them."""
    with pl.Config(tbl_rows=-1, tbl_cols=-1, fmt_str_lengths=60, tbl_width_chars=140, float_precision=3):
        for name in names or STUDIES:
            title, study = STUDIES[name]
            print(f"\n{title}\n{study()}")


if __name__ == "__main__":
    main(sys.argv[1:])
