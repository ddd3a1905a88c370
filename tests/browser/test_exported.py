"""A page that nbconvert makes of a notebook, opened without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import ROOT

pytestmark = pytest.mark.browser

CELLS: Final = (
    "import time\nimport datafast_nb as dfn\nsite = dfn.demo.Site(seed=0)",
    "snap, live = site.snapshot(), dfn.LiveMap(site)\nwhile live.snapshot is None:\n    time.sleep(0.01)\nlive",
    "dfn.Explorer(snap, by='device')",
    "dfn.charts.ChartView(dfn.charts.scores(snap))",
)
WITHOUT_STATE: Final = "--ClearMetadataPreprocessor.enabled=True"
STATE: Final = "application/vnd.jupyter.widget-state+json"


def nbconvert(*options: str | Path) -> None:
    """Run nbconvert."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "nbconvert", *options], env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a notebook that was run, and saved with the state of its widgets."""
    file = tmp_path_factory.mktemp("saved") / "saved.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS]), file)
    nbconvert("--execute", "--inplace", "--to", "notebook", file)
    assert json.loads(file.read_text())["metadata"]["widgets"][STATE]["state"]
    return file


def test_a_page_made_without_the_widgets_state_shows_their_pictures(saved: Path, browser: Browser) -> None:
    nbconvert("--to", "html", WITHOUT_STATE, saved)
    page = browser.new_page(offline=True)
    page.goto(saved.with_suffix(".html").as_uri(), wait_until="domcontentloaded")
    pictures = page.locator(".jp-OutputArea-output img")
    expect(pictures).to_have_count(3)
    for picture in pictures.all():
        expect(picture).to_be_visible()
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 400
    page.close()


def test_the_documentation_tells_how_to_make_it() -> None:
    assert f"jupyter nbconvert --to html {WITHOUT_STATE} " in " ".join(
        (ROOT / "docs/how-to/share-a-notebook.md").read_text().split()
    )
