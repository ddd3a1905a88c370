"""The tiers and groups of the tests, as ``conftest.py`` gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import BROWSERS, SLOW, SPARK, group

ROOT = Path(__file__).parents[1]


def test_every_module_that_is_named_as_slow_is_there() -> None:
    assert [path for path in sorted(SLOW) if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("tests/browser/test_clocks.py::test_it", BROWSERS[0]),
        ("tests/browser/test_motion.py::test_it", BROWSERS[1]),
        ("tests/conversion/test_backends.py::test_a_pyspark_frame_gives_the_same_table[summary]", SPARK),
        ("tests/conversion/test_sales.py::test_two_sales_are_two[Spark]", SPARK),
        ("tests/conversion/test_sales.py::test_two_sales_are_two[Polars]", "tests/conversion/test_sales.py"),
        ("notebooks/quickstart.ipynb::Cell 0", "notebooks/quickstart.ipynb"),
    ],
    ids=["browser", "another browser", "Java", "Java beside others", "none", "notebook"],
)
def test_what_is_costly_to_start_is_shared(nodeid: str, expected: str) -> None:
    assert group(nodeid) == expected
