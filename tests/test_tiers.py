"""The tiers and groups of the tests, as ``conftest.py`` gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import BROWSERS, CHARTS_OF_HISTORIES, HISTORIES, SLOW, SPARK, group

ROOT = Path(__file__).parents[1]


def test_every_module_that_is_named_is_there() -> None:
    assert [path for path in sorted(SLOW | CHARTS_OF_HISTORIES) if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("tests/browser/test_clocks.py::test_it", BROWSERS[0]),
        ("tests/browser/test_motion.py::test_it", BROWSERS[1]),
        ("tests/conversion/test_backends.py::test_a_pyspark_frame_gives_the_same_table[summary]", SPARK),
        ("tests/conversion/test_sales.py::test_two_sales_are_two[Spark]", SPARK),
        ("tests/conversion/test_sales.py::test_two_sales_are_two[Polars]", "tests/conversion/test_sales.py"),
        ("tests/charts/test_week.py::TestRhythm::test_it", HISTORIES),
        ("notebooks/quickstart.ipynb::Cell 0", "notebooks/quickstart.ipynb"),
    ],
    ids=["browser", "another browser", "Java", "Java beside others", "none", "history", "notebook"],
)
def test_what_is_costly_to_start_is_shared(nodeid: str, expected: str) -> None:
    assert group(nodeid) == expected
