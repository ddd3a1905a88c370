"""What a reader of the notebooks sees without running them, and whether the findings told in them are still so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

import datafast_nb as dfn
from datafast_nb.charts.renderer import VEGALITE

FOLDER = Path(__file__).parents[1] / "notebooks"
TOLD = ["conversion-analysis.ipynb", "cookbook.ipynb"]


@pytest.fixture(scope="module")
def snap() -> dfn.Snapshot:
    """Give the moment that both notebooks are about."""
    return dfn.demo.Site(seed=0, visitors=1000, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC)).snapshot()


def outputs(name: str) -> list[list[dict[str, Any]]]:
    """Give the stored outputs of each code cell."""
    return [cell.outputs for cell in nbformat.read(FOLDER / name, as_version=4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", TOLD)
def test_a_notebook_is_smaller_than_a_megabyte(name: str) -> None:
    assert (FOLDER / name).stat().st_size < 1_000_000


@pytest.mark.parametrize("name", TOLD)
def test_charts_are_stored_as_specifications_and_pictures_and_without_widgets(name: str) -> None:
    stored = [{kind for output in cell for kind in output.get("data", {})} for cell in outputs(name)]
    charts = [kinds for kinds in stored if "image/png" in kinds]
    assert len(charts) >= 5
    assert all(VEGALITE in kinds for kinds in charts)
    assert not any("application/vnd.jupyter.widget-view+json" in kinds for kinds in stored)


def lifts(snap: dfn.Snapshot, by: str) -> dict[str, float]:
    """Give the lift of each group of thirty visitors and more, rounded as the text does."""
    table = dfn.breakdown(snap, by=by, min_visitors=30).drop_nulls(by)
    return {group: round(lift, 2) for group, lift in table.select(by, "lift").iter_rows()}


def test_the_campaigns_have_the_lifts_that_the_analysis_tells(snap: dfn.Snapshot) -> None:
    told = {"spring-offer": 2.46, "brand-search": 1.53, "giveaway": 0.37}
    assert {name: lifts(snap, "utm_campaign")[name] for name in told} == told


def test_the_campaign_and_the_country_that_the_analysis_finds_are_those_that_were_planted(snap: dfn.Snapshot) -> None:
    planted = dfn.demo.Site().effects()
    for column, dimension in (("utm_campaign", "campaign"), ("country_code", "country")):
        found = lifts(snap, column)
        truth = planted.filter(dimension=dimension).sort("multiplier")["value"]
        assert (min(found, key=found.__getitem__), max(found, key=found.__getitem__)) == (truth[0], truth[-1])
