"""The tiers and groups of the tests, as ``conftest.py`` gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import BROWSERS, HISTORIES, SLOW, SPARK, group, pytest_ignore_collect

ROOT = Path(__file__).parents[1]


def test_every_module_that_is_named_is_there() -> None:
    assert [path for path in sorted(SLOW) if not (ROOT / path.partition("::")[0]).is_file()] == []


@pytest.mark.parametrize("nodeid", sorted(nodeid for nodeid in SLOW if "::" in nodeid))
def test_every_test_that_is_named_is_there(nodeid: str) -> None:
    path, _, name = nodeid.partition("::")
    assert path not in SLOW
    assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8")


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


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("tests/browser", True),
        ("notebooks", True),
        ("tests/test_bench.py", True),
        ("tests/test_wire.py", None),
        ("tests", None),
    ],
)
def test_the_fast_tier_does_not_import_what_it_does_not_run(
    path: str, left_out: bool | None, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytestconfig.option, "markexpr", "fast")
    assert pytest_ignore_collect(ROOT / path, pytestconfig) is left_out
    for every in ("", "not fast", "fast or browser"):
        monkeypatch.setattr(pytestconfig.option, "markexpr", every)
        assert pytest_ignore_collect(ROOT / path, pytestconfig) is None
