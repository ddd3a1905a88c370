"""What the tests of the charts share."""

from __future__ import annotations

from datetime import timedelta

import pytest

import datafast_nb as dfn
from tests.charts.recordings import MONDAY


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    folder = tmp_path_factory.mktemp("history")
    return dfn.demo.simulate(folder, 15, 300, seed=1, end=MONDAY + timedelta(days=15), every=300, progress=False)
