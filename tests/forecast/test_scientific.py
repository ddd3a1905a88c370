"""Without SciPy, the error says how to get it."""

from __future__ import annotations

import sys

import pytest

from datafast_nb.forecast.scientific import scipy


def test_a_missing_scipy_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(ImportError, match=r'pip install "datafast_nb\[forecast\]"'):
        scipy("stats")
