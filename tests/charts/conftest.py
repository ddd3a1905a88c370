"""What the tests of the charts share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import altair as alt
import pytest

import datafast_nb as dfn
from datafast_nb.charts.renderer import NAME
from tests.charts.recordings import MONDAY
from tests.forecast.simulated import Simulated, World, simulate


@pytest.fixture(autouse=True)
def _as_in_jupyter() -> Iterator[None]:
    """Draw charts as in a kernel, in which the tests do not run."""
    with alt.renderers.enable(NAME):
        yield


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    folder = tmp_path_factory.mktemp("history")
    return dfn.demo.simulate(folder, 15, 300, seed=1, end=MONDAY + timedelta(days=15), every=300, progress=False)


@pytest.fixture(scope="package")
def simulated() -> Simulated:
    return simulate(World(days=10, arrivals=40, seed=3, gaps=((185, 187),)))


@pytest.fixture(scope="package")
def recorded(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    with dfn.History(tmp_path_factory.mktemp("simulated")) as kept:
        kept.extend(simulated.rows)
    return kept
