"""What a reader of the notebooks sees without running them, and whether the findings told in them are still so."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

import datafast_nb as dfn
from datafast_nb.charts.renderer import VEGA, VEGALITE

FOLDER = Path(__file__).parents[1] / "notebooks"
TOLD = ["conversion-analysis.ipynb", "cookbook.ipynb", "history.ipynb"]


@pytest.fixture(scope="module")
def snap() -> dfn.Snapshot:
    """Return the moment that the analysis and the cookbook are about."""
    return dfn.demo.Site(seed=0, visitors=1000, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC)).snapshot()


def outputs(name: str) -> list[list[dict[str, Any]]]:
    """Return the stored outputs of each code cell."""
    return [cell.outputs for cell in nbformat.read(FOLDER / name, as_version=4).cells if cell.cell_type == "code"]


def test_the_wheel_holds_each_notebook_and_nothing_that_they_write() -> None:
    settings = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))
    held = set(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"])
    assert held == {*(f"notebooks/{path.name}" for path in FOLDER.glob("*.ipynb")), "notebooks/images"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_is_smaller_than_a_megabyte(path: Path) -> None:
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("name", TOLD)
def test_charts_are_stored_as_specifications_and_pictures_and_without_widgets(name: str) -> None:
    stored = [{kind for output in cell for kind in output.get("data", {})} for cell in outputs(name)]
    charts = [kinds for kinds in stored if "image/png" in kinds]
    assert len(charts) >= 5
    assert sum(bool({VEGA, VEGALITE} & kinds) for kinds in charts) >= len(charts) - 1  # a dashboard may be too large
    assert not any("application/vnd.jupyter.widget-view+json" in kinds for kinds in stored)


def lifts(snap: dfn.Snapshot, by: str) -> dict[str, float]:
    """Return the lift of each group of thirty visitors and more, rounded as the text does."""
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


def test_the_calibration_that_the_history_s_text_tells_is_that_of_its_outputs() -> None:
    cells = nbformat.read(FOLDER / "history.ipynb", as_version=4).cells
    text = " ".join(" ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    stored = [
        output.get("data", output).get("text/plain", output.get("text", ""))
        for it in cells
        for output in it.get("outputs", ())
    ]
    for told, shown in (
        ("25,823 visits", "25,823 of"),
        ("2.38 % converted", "came true 2.38%"),
        ("688 were matched", "688 of 688"),
    ):
        assert told in text
        assert any(shown in output for output in stored)
    for rate in ("1.97", "2.45", "3.22", "2.61"):
        assert f"{rate} %" in text
        assert any(rate in output and "visit_kind" in output for output in stored)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.name)
def test_no_stored_output_names_a_folder_of_the_machine_it_was_made_on(path: Path) -> None:
    stored = str([cell.get("outputs") for cell in nbformat.read(path, as_version=4).cells])
    assert not re.search(r"/(tmp|home|root|Users|var)/", stored)


def texts(name: str) -> str:
    """Return what the stored outputs of a notebook say as text."""
    return "\n".join(
        output.get("data", output).get("text/plain", output.get("text", ""))
        for cell in outputs(name)
        for output in cell
    )


@pytest.mark.parametrize("words", ["and 2 more", "Back to usual: ", "signed up", "would have told you", "[1, 0]"])
def test_the_messages_that_the_alerts_text_explains_are_in_its_outputs(words: str) -> None:
    assert words in texts("alerts.ipynb")


def test_the_pictures_of_the_alerts_are_stored() -> None:
    kinds = [set(output.get("data", {})) for cell in outputs("alerts.ipynb") for output in cell]
    assert sum("image/png" in each and bool({VEGA, VEGALITE} & each) for each in kinds) == 2


@pytest.mark.parametrize(
    "file",
    [
        *("visitors.parquet", "now.xlsx", "countries.csv", "campaigns.png", "campaigns.pdf", "world.html", "map.png"),
        "site-history",
    ],
)
def test_the_cookbook_leaves_its_files_where_the_reader_can_see_them(file: str) -> None:
    assert f"'cookbook-files/{file}'" in texts("cookbook.ipynb")


def test_the_cookbook_counts_its_questions_right() -> None:
    cells = nbformat.read(FOLDER / "cookbook.ipynb", as_version=4).cells
    titles = [re.match(r"## (\d+)\. ", line) for cell in cells for line in cell.source.splitlines()]
    assert [int(title[1]) for title in titles if title] == [*range(1, 25)]
    assert "Twenty-four questions" in cells[0].source
